//! Rooms: nothing that people make or write in them grows without end, and what
//! nobody looks after can be ended (XEP-0045, sections 9 and 10).

use xmpp_core::ns;

use super::entering_and_speaking::{enter, open, presence_of};
use super::keeping_order::{admin, configure};
use crate::client::Client;
use crate::server::Server;

const ROOM: &str = "plan@conference.team.internal";
const OTHER: &str = "other@conference.team.internal";

async fn destroy(client: &mut Client, attributes: &str) -> Result<xmpp_core::Element, String> {
    let wish = format!(
        "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy {attributes}/></query>"
    );
    client.set(ROOM, &wish).await
}

async fn members(client: &mut Client, affiliation: &str) -> Vec<xmpp_core::Element> {
    let query = format!(
        "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='{affiliation}'/></query>"
    );
    let found = client.get(ROOM, &query).await.unwrap();
    found.children().cloned().collect()
}

#[tokio::test]
async fn a_room_counts_for_its_maker_also_when_it_was_given_away() {
    let server = Server::with(|config| config.limits.rooms_per_account = 1).await;
    server.accounts(&["admin", "alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    let bobs = [("roomowners", "bob@team.internal")];
    configure(&mut alice, &bobs).await.unwrap();
    let enter_other = format!(
        "<presence id='other' to='{OTHER}/A'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
    );
    alice.send(&enter_other).await;
    assert_eq!(alice.error("other").await, "resource-constraint");
    // The room that he was given takes nothing from him.
    bob.send(&enter_other).await;
    bob.until(|element| element.has_child("subject", ns::CLIENT))
        .await;
    destroy(&mut bob, "").await.unwrap();
    alice
        .until(|element| element.attr("type") == Some("unavailable"))
        .await;
    let third = enter_other.replace("other@", "third@");
    alice.send(&third).await;
    alice
        .until(|element| element.has_child("subject", ns::CLIENT))
        .await;
}

#[tokio::test]
async fn only_who_has_an_account_is_something_to_a_room() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    open(&mut alice, "Alice").await;
    configure(&mut alice, &[("membersonly", "1")])
        .await
        .unwrap();
    for address in ["nobody@team.internal", "bob@elsewhere.example"] {
        for affiliation in ["member", "outcast", "owner"] {
            let item = format!("<item jid='{address}' affiliation='{affiliation}'/>");
            assert_eq!(
                admin(&mut alice, &item).await.unwrap_err(),
                "item-not-found"
            );
        }
        let form = configure(&mut alice, &[("roomadmins", address)]).await;
        assert_eq!(form.unwrap_err(), "item-not-found");
        alice
            .send(format!(
                "<message id='invite' to='{ROOM}'><x xmlns='{}'><invite to='{address}'/></x></message>",
                ns::MUC_USER
            ))
            .await;
        assert_eq!(alice.error("invite").await, "item-not-found");
        // Nothing comes of it, and taking it away is no error.
        let item = format!("<item jid='{address}' affiliation='none'/>");
        admin(&mut alice, &item).await.unwrap();
    }
    for affiliation in ["member", "outcast", "admin"] {
        assert!(members(&mut alice, affiliation).await.is_empty());
    }
    let both = "<item jid='bob@team.internal' affiliation='member'/>\
                <item jid='nobody@team.internal' affiliation='member'/>";
    assert_eq!(admin(&mut alice, both).await.unwrap_err(), "item-not-found");
    assert!(members(&mut alice, "member").await.is_empty());
}

#[tokio::test]
async fn what_is_written_about_people_is_short() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    presence_of(&mut alice, "Bob").await;
    let ban = format!(
        "<item jid='bob@team.internal' affiliation='outcast'><reason>{}</reason></item>",
        "长".repeat(600)
    );
    admin(&mut alice, &ban).await.unwrap();
    let told = presence_of(&mut bob, "Bob").await;
    let reason = told
        .get_child("x", ns::MUC_USER)
        .and_then(|x| x.get_child("item", ns::MUC_USER))
        .and_then(|item| item.get_child("reason", ns::MUC_USER));
    assert_eq!(reason.unwrap().text(), "长".repeat(500));
    let kept = members(&mut alice, "outcast").await;
    let kept = kept[0].get_child("reason", ns::MUC_ADMIN).unwrap();
    assert_eq!(kept.text(), "长".repeat(500));
    for (length, outcome) in [(65, Some("not-acceptable")), (64, None)] {
        let nick = "n".repeat(length);
        let item = format!("<item jid='bob@team.internal' nick='{nick}' affiliation='member'/>");
        assert_eq!(admin(&mut alice, &item).await.err().as_deref(), outcome);
    }
    // Everybody hears of each change, so there are not many at once.
    for (count, outcome) in [(101, Some("bad-request")), (100, None)] {
        let items = "<item jid='bob@team.internal' affiliation='member'/>".repeat(count);
        assert_eq!(admin(&mut alice, &items).await.err().as_deref(), outcome);
    }
    let many: String = (0..101)
        .map(|n| format!("<value>p{n}@team.internal</value>"))
        .collect();
    let form = format!(
        "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>\
         <field var='muc#roomconfig_roomadmins'>{many}</field></x></query>"
    );
    assert_eq!(alice.set(ROOM, &form).await.unwrap_err(), "not-acceptable");
}

#[tokio::test]
async fn administrators_of_the_server_see_all_rooms_and_can_end_them() {
    let server = Server::of(&["admin", "alice", "bob"]).await;
    let mut chief = Client::online(&server, "admin", "desk").await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    configure(&mut alice, &[("publicroom", "0")]).await.unwrap();
    let items = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
    for (client, count) in [(&mut chief, 1), (&mut bob, 0)] {
        let found = client.get("conference.team.internal", items).await.unwrap();
        assert_eq!(found.children().count(), count);
    }
    assert_eq!(destroy(&mut bob, "").await.unwrap_err(), "forbidden");
    for venue in ["no address @", "a@b/c"] {
        let wish = format!("jid='{venue}'");
        assert_eq!(
            destroy(&mut chief, &wish).await.unwrap_err(),
            "jid-malformed"
        );
    }
    // They end it and do nothing else in it.
    let query = "<query xmlns='http://jabber.org/protocol/muc#owner'/>";
    assert_eq!(chief.get(ROOM, query).await.unwrap_err(), "forbidden");
    destroy(&mut chief, &format!("jid='{OTHER}'"))
        .await
        .unwrap();
    let told = presence_of(&mut alice, "Alice").await;
    assert_eq!(told.attr("type"), Some("unavailable"));
    alice
        .send(format!(
            "<presence id='again' to='{ROOM}/Alice'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
        ))
        .await;
    assert_eq!(alice.error("again").await, "gone");
}

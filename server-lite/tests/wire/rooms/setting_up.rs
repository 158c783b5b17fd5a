//! Rooms: their configuration, who sees whom, pictures, lists of rooms, and
//! moderation as older clients know it (XEP-0045, sections 6.3 and 10; XEP-0425,
//! 0486).

use xmpp_core::{Element, ns};

use super::entering_and_speaking::{codes, enter, item, open, presence_of, say};
use super::keeping_order::{admin, configure};
use crate::client::{Client, body};
use crate::server::Server;

const ROOM: &str = "plan@conference.team.internal";
const OWNER: &str = "<query xmlns='http://jabber.org/protocol/muc#owner'/>";

fn values(form: &Element, name: &str) -> Vec<String> {
    let form = form.get_child("x", ns::DATA_FORMS).unwrap();
    let field = form
        .children()
        .find(|field| field.attr("var") == Some(name))
        .unwrap_or_else(|| panic!("no {name}"));
    field
        .children()
        .filter(|child| child.name() == "value")
        .map(Element::text)
        .collect()
}

#[tokio::test]
async fn the_form_names_owners_and_admins() {
    let server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    assert_eq!(bob.get(ROOM, OWNER).await.unwrap_err(), "forbidden");
    let form = alice.get(ROOM, OWNER).await.unwrap();
    assert_eq!(
        values(&form, "muc#roomconfig_roomowners"),
        ["alice@team.internal"]
    );
    assert!(values(&form, "muc#roomconfig_roomadmins").is_empty());
    // A room without an owner is none.
    assert_eq!(
        configure(&mut alice, &[("roomowners", "")])
            .await
            .unwrap_err(),
        "conflict"
    );
    assert_eq!(
        configure(&mut alice, &[("roomadmins", "no address @")])
            .await
            .unwrap_err(),
        "not-acceptable"
    );
    configure(
        &mut alice,
        &[("roomadmins", "bob@team.internal"), ("roomname", "计划")],
    )
    .await
    .unwrap();
    let seen = presence_of(&mut bob, "Bob").await;
    assert_eq!((item(&seen).0, item(&seen).1), ("admin", "moderator"));
    let form = alice.get(ROOM, OWNER).await.unwrap();
    assert_eq!(
        values(&form, "muc#roomconfig_roomadmins"),
        ["bob@team.internal"]
    );
    configure(&mut alice, &[("roomadmins", "")]).await.unwrap();
    assert_eq!(item(&presence_of(&mut bob, "Bob").await).0, "member");
}

#[tokio::test]
async fn a_form_is_taken_whole_or_not_at_all() {
    let mut server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    open(&mut alice, "Alice").await;
    let form = [
        ("roomname", "计划"),
        ("roomadmins", "nobody@team.internal"),
        ("membersonly", "1"),
    ];
    let refused = configure(&mut alice, &form).await;
    assert_eq!(refused.unwrap_err(), "item-not-found");
    // Neither now nor after a restart is any of it there.
    for _ in 0..2 {
        let form = alice.get(ROOM, OWNER).await.unwrap();
        assert_eq!(values(&form, "muc#roomconfig_roomname"), [""]);
        assert_eq!(values(&form, "muc#roomconfig_membersonly"), ["0"]);
        assert!(values(&form, "muc#roomconfig_roomadmins").is_empty());
        server.restart().await;
        alice = Client::online(&server, "alice", "desk").await;
    }
    // Who becomes something by the form in which the room is closed to others
    // stays, and learns nothing worse.
    let mut bob = Client::online(&server, "bob", "desk").await;
    enter(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    let form = [("roomadmins", "bob@team.internal"), ("membersonly", "1")];
    configure(&mut alice, &form).await.unwrap();
    let seen = presence_of(&mut bob, "Bob").await;
    assert_eq!((item(&seen).0, item(&seen).1), ("admin", "moderator"));
}

#[tokio::test]
async fn changes_that_concern_privacy_are_told() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    for (field, value, code) in [
        ("roomname", "x", "104"),
        ("enablelogging", "0", "171"),
        ("enablearchiving", "1", "170"),
        ("whois", "moderators", "173"),
        ("whois", "anyone", "172"),
    ] {
        configure(&mut alice, &[(field, value)]).await.unwrap();
        let told = bob
            .until(|element| element.name() == "message" && !codes(element).is_empty())
            .await;
        assert_eq!(codes(&told), [code], "{field}");
        assert_eq!(told.attr("from"), Some(ROOM));
    }
    // What else was changed with them is told, too.
    configure(&mut alice, &[("roomname", "y"), ("whois", "moderators")])
        .await
        .unwrap();
    let told = bob
        .until(|element| element.name() == "message" && !codes(element).is_empty())
        .await;
    assert_eq!(codes(&told), ["173", "104"]);
    // What is not kept is heard all the same, and is in no archive.
    configure(&mut alice, &[("enablelogging", "0")])
        .await
        .unwrap();
    say(&mut alice, "fleeting").await;
    bob.text("fleeting").await;
    let fin = bob
        .set(ROOM, "<query xmlns='urn:xmpp:mam:2'/>")
        .await
        .unwrap();
    assert!(String::from(&fin).contains("<count>0</count>"));
}

#[tokio::test]
async fn those_who_only_listen_need_not_be_seen() {
    let server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut carol = Client::online(&server, "carol", "desk").await;
    open(&mut alice, "Alice").await;
    configure(
        &mut alice,
        &[("moderatedroom", "1"), ("presencebroadcast", "moderator")],
    )
    .await
    .unwrap();
    let of_bob = format!("{ROOM}/Bob");
    enter(&mut bob, "Bob").await;
    // Who keeps order sees everybody; a listener sees who keeps order.
    presence_of(&mut alice, "Bob").await;
    let seen = enter(&mut carol, "Carol").await;
    assert!(
        !seen
            .iter()
            .any(|element| element.attr("from") == Some(&of_bob))
    );
    let of_alice = format!("{ROOM}/Alice");
    assert!(
        seen.iter()
            .any(|element| element.attr("from") == Some(&of_alice))
    );
    // Who is given a part that is shown appears, and disappears with it.
    admin(&mut alice, "<item nick='Bob' role='moderator'/>")
        .await
        .unwrap();
    assert_eq!(item(&presence_of(&mut carol, "Bob").await).1, "moderator");
    admin(&mut alice, "<item nick='Bob' role='visitor'/>")
        .await
        .unwrap();
    let gone = presence_of(&mut carol, "Bob").await;
    assert_eq!(gone.attr("type"), Some("unavailable"));
    say(&mut alice, "end").await;
    drop(bob);
    loop {
        if presence_of(&mut alice, "Bob").await.attr("type") == Some("unavailable") {
            break;
        }
    }
    say(&mut alice, "really").await;
    let heard = carol
        .all_until(|element| body(element).as_deref() == Some("really"))
        .await;
    assert!(
        !heard
            .iter()
            .any(|element| element.attr("from") == Some(&of_bob))
    );
}

#[tokio::test]
async fn lists_of_rooms_come_in_pages() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    for name in ["a", "b", "c"] {
        let room = format!("{name}@conference.team.internal");
        alice
            .send(format!(
                "<presence to='{room}/A'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
            ))
            .await;
        alice
            .until(|element| element.has_child("subject", ns::CLIENT))
            .await;
        let instant = "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>";
        alice.set(&room, instant).await.unwrap();
    }
    let page = |set: &str| {
        format!(
            "<query xmlns='http://jabber.org/protocol/disco#items'><set xmlns='http://jabber.org/protocol/rsm'>{set}</set></query>"
        )
    };
    for (set, expected) in [
        ("<max>2</max>", "a b"),
        ("<max>2</max><after>b@conference.team.internal</after>", "c"),
        ("<max>1</max><before/>", "c"),
        (
            "<max>9</max><before>b@conference.team.internal</before>",
            "a",
        ),
        ("<max>0</max>", ""),
    ] {
        let found = bob
            .get("conference.team.internal", &page(set))
            .await
            .unwrap();
        let names: Vec<_> = found
            .children()
            .filter_map(|item| item.attr("jid"))
            .map(|address| address.split('@').next().unwrap())
            .collect();
        assert_eq!(names.join(" "), expected, "{set}");
        let set = found.get_child("set", ns::RSM).unwrap();
        assert_eq!(set.get_child("count", ns::RSM).unwrap().text(), "3");
    }
    let bad = bob
        .get("conference.team.internal", &page("<max>x</max>"))
        .await;
    assert_eq!(bad.unwrap_err(), "bad-request");
}

#[tokio::test]
async fn a_room_has_a_picture() {
    let mut server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    let said = alice.get(ROOM, info).await.unwrap();
    assert!(String::from(&said).contains("vcard-temp"));
    assert!(!String::from(&said).contains("avatarhash"));
    let card = "<vCard xmlns='vcard-temp'><PHOTO><TYPE>image/png</TYPE><BINVAL>cGljdHVyZQ==</BINVAL></PHOTO></vCard>";
    assert_eq!(bob.set(ROOM, card).await.unwrap_err(), "forbidden");
    alice.set(ROOM, card).await.unwrap();
    let told = bob
        .until(|element| element.name() == "message" && !codes(element).is_empty())
        .await;
    assert_eq!(codes(&told), ["104"]);
    server.restart().await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let said = bob.get(ROOM, info).await.unwrap();
    // SHA-1 of "picture".
    assert!(String::from(&said).contains("0e66b49d04a43c19bcb2e13a53aff5d174f610fc"));
    let shown = bob.get(ROOM, "<vCard xmlns='vcard-temp'/>").await.unwrap();
    assert!(String::from(&shown).contains("cGljdHVyZQ=="));
}

#[tokio::test]
async fn moderation_as_older_clients_know_it() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    say(&mut bob, "rude").await;
    let heard = alice.text("rude").await;
    let id = heard
        .get_child("stanza-id", ns::STANZA_ID)
        .unwrap()
        .attr("id")
        .unwrap()
        .to_owned();
    let wish = format!(
        "<apply-to xmlns='urn:xmpp:fasten:0' id='{id}'><moderate xmlns='urn:xmpp:message-moderate:0'>\
         <retract xmlns='urn:xmpp:message-retract:0'/><reason>off topic</reason></moderate></apply-to>"
    );
    assert_eq!(bob.set(ROOM, &wish).await.unwrap_err(), "forbidden");
    let nothing = format!(
        "<apply-to xmlns='urn:xmpp:fasten:0' id='{id}'><moderate xmlns='urn:xmpp:message-moderate:0'/></apply-to>"
    );
    assert_eq!(
        alice.set(ROOM, &nothing).await.unwrap_err(),
        "feature-not-implemented"
    );
    alice.set(ROOM, &wish).await.unwrap();
    // Both kinds of client understand what everybody is told.
    let told = bob
        .until(|element| element.has_child("apply-to", ns::FASTEN))
        .await;
    let old = told.get_child("apply-to", ns::FASTEN).unwrap();
    assert_eq!(old.attr("id"), Some(id.as_str()));
    let old = old.get_child("moderated", ns::MODERATION_0).unwrap();
    assert!(old.has_child("retract", ns::RETRACT_0));
    assert_eq!(
        old.get_child("reason", ns::MODERATION_0).unwrap().text(),
        "off topic"
    );
    let new = told.get_child("retract", ns::RETRACT).unwrap();
    assert_eq!(new.attr("id"), Some(id.as_str()));
    bob.set(ROOM, "<query xmlns='urn:xmpp:mam:2'/>")
        .await
        .unwrap();
    let kept = bob
        .until(|element| element.has_child("result", ns::MAM))
        .await;
    let text = String::from(&kept);
    assert!(!text.contains("<body") && text.contains("message-moderate:0"));
}

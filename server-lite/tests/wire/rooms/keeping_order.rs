//! Rooms: roles, affiliations, configuration, invitations, taking back (XEP-0045,
//! sections 8 to 10; XEP-0424, 0425).

use xmpp_core::{Element, ns};

use super::entering_and_speaking::{codes, enter, item, open, presence_of, say};
use crate::archive::{Query, query};
use crate::client::{Client, body};
use crate::search::find;
use crate::server::Server;

const ROOM: &str = "plan@conference.team.internal";

pub(crate) async fn configure(
    owner: &mut Client,
    fields: &[(&str, &str)],
) -> Result<Element, String> {
    let fields: String = fields
        .iter()
        .map(|(name, value)| {
            format!("<field var='muc#roomconfig_{name}'><value>{value}</value></field>")
        })
        .collect();
    let form = format!(
        "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>{fields}</x></query>"
    );
    owner.set(ROOM, &form).await
}

pub(crate) async fn admin(client: &mut Client, item: &str) -> Result<Element, String> {
    let query = format!("<query xmlns='http://jabber.org/protocol/muc#admin'>{item}</query>");
    client.set(ROOM, &query).await
}

pub(crate) async fn refused(client: &mut Client, nick: &str, password: &str) -> String {
    client
        .send(format!(
            "<presence id='enter' to='{ROOM}/{nick}'><x xmlns='http://jabber.org/protocol/muc'>{password}</x></presence>"
        ))
        .await;
    client.error("enter").await
}

#[tokio::test]
async fn kicked_banned_and_voiceless() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    configure(&mut alice, &[("moderatedroom", "1")])
        .await
        .unwrap();
    enter(&mut bob, "Bob").await;
    say(&mut bob, "mute").await;
    assert_eq!(bob.error("mute").await, "forbidden");
    admin(&mut alice, "<item nick='Bob' role='participant'/>")
        .await
        .unwrap();
    assert_eq!(item(&presence_of(&mut bob, "Bob").await).1, "participant");
    say(&mut bob, "voice").await;
    alice.text("voice").await;
    assert_eq!(
        admin(&mut bob, "<item nick='Alice' role='none'/>")
            .await
            .unwrap_err(),
        "forbidden"
    );

    admin(
        &mut alice,
        "<item nick='Bob' role='none'><reason>enough</reason></item>",
    )
    .await
    .unwrap();
    let gone = presence_of(&mut bob, "Bob").await;
    assert_eq!(codes(&gone), ["110", "307"]);
    assert!(String::from(&gone).contains("enough"));
    enter(&mut bob, "Bob").await;
    let ban = "<item jid='bob@team.internal' affiliation='outcast'/>";
    assert_eq!(admin(&mut bob, ban).await.unwrap_err(), "forbidden");
    admin(&mut alice, ban).await.unwrap();
    assert_eq!(codes(&presence_of(&mut bob, "Bob").await), ["110", "301"]);
    assert_eq!(refused(&mut bob, "Bob", "").await, "forbidden");
    let list =
        "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='outcast'/></query>";
    let banned = alice.get(ROOM, list).await.unwrap();
    assert!(String::from(&banned).contains("bob@team.internal"));
    assert_eq!(bob.get(ROOM, list).await.unwrap_err(), "forbidden");
}

#[tokio::test]
async fn members_passwords_and_hidden_rooms() {
    let mut server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    presence_of(&mut alice, "Bob").await;
    assert_eq!(
        configure(&mut bob, &[("membersonly", "1")])
            .await
            .unwrap_err(),
        "forbidden"
    );
    let form = [
        ("membersonly", "1"),
        ("publicroom", "0"),
        ("roomsecret", "sesam"),
    ];
    configure(&mut alice, &form).await.unwrap();
    let gone = presence_of(&mut bob, "Bob").await;
    assert_eq!(codes(&gone), ["110", "322"]);
    assert_eq!(refused(&mut bob, "Bob", "").await, "registration-required");

    // All of it outlives the server.
    server.restart().await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut carol = Client::online(&server, "carol", "desk").await;
    let items = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
    let seen = carol.get("conference.team.internal", items).await.unwrap();
    assert!(!String::from(&seen).contains(ROOM));
    enter(&mut alice, "Alice").await;
    // An invitation makes a member; it waits for who is away.
    alice
        .send(format!(
            "<message to='{ROOM}'><x xmlns='http://jabber.org/protocol/muc#user'>\
             <invite to='bob@team.internal'><reason>please</reason></invite></x></message>"
        ))
        .await;
    let invited = bob
        .until(|element| element.has_child("x", ns::DIRECT_INVITE))
        .await;
    assert!(String::from(&invited).contains("please"));
    assert_eq!(refused(&mut bob, "Bob", "").await, "not-authorized");
    assert_eq!(
        refused(&mut bob, "Bob", "<password>wrong</password>").await,
        "not-authorized"
    );
    bob.send(format!(
        "<presence to='{ROOM}/Bob'><x xmlns='http://jabber.org/protocol/muc'><password>sesam</password></x></presence>"
    ))
    .await;
    assert_eq!(item(&presence_of(&mut bob, "Bob").await).0, "member");
}

#[tokio::test]
async fn a_room_keeps_an_owner_and_can_be_destroyed() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    let leave = "<item jid='alice@team.internal' affiliation='none'/>";
    assert_eq!(admin(&mut alice, leave).await.unwrap_err(), "conflict");
    let destroy = "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy jid='new@conference.team.internal'><reason>moved</reason></destroy></query>";
    assert_eq!(bob.set(ROOM, destroy).await.unwrap_err(), "forbidden");
    alice.set(ROOM, destroy).await.unwrap();
    let gone = presence_of(&mut bob, "Bob").await;
    assert_eq!(gone.attr("type"), Some("unavailable"));
    assert!(String::from(&gone).contains("moved"));
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    assert_eq!(alice.get(ROOM, info).await.unwrap_err(), "item-not-found");
}

#[tokio::test]
async fn addresses_are_for_moderators_where_a_room_says_so() {
    let server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut carol = Client::online(&server, "carol", "desk").await;
    open(&mut alice, "Alice").await;
    configure(&mut alice, &[("whois", "moderators")])
        .await
        .unwrap();
    enter(&mut bob, "Bob").await;
    let seen = enter(&mut carol, "Carol").await;
    let of_bob = format!("{ROOM}/Bob");
    let seen = seen
        .iter()
        .find(|element| element.attr("from") == Some(&of_bob))
        .unwrap();
    assert_eq!(item(seen).2, None);
    assert_eq!(
        item(&presence_of(&mut alice, "Bob").await).2,
        Some(bob.address.as_str())
    );
    let probe = "<query xmlns='urn:xmpp:mam:2'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field><field var='with'><value>bob@team.internal</value></field></x></query>";
    assert_eq!(carol.set(ROOM, probe).await.unwrap_err(), "forbidden");
}

/// Says something; gives the ids that the room's archive has for it.
async fn said<const N: usize>(
    who: &mut Client,
    other: &mut Client,
    texts: [&str; N],
) -> Vec<String> {
    let mut ids = Vec::new();
    for text in texts {
        say(who, text).await;
        let heard = other.text(text).await;
        let id = heard.get_child("stanza-id", ns::STANZA_ID).unwrap();
        ids.push(id.attr("id").unwrap().to_owned());
    }
    ids
}

/// Takes back what one has said, until another has heard of it.
async fn take_back(who: &mut Client, id: &str, other: &mut Client) {
    who.send(format!(
        "<message to='{ROOM}' type='groupchat'><retract xmlns='urn:xmpp:message-retract:1' id='{id}'/></message>"
    ))
    .await;
    other
        .until(|element| element.has_child("retract", ns::RETRACT))
        .await;
}

#[tokio::test]
async fn what_is_taken_back_is_gone_from_the_archive() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    let ids = said(&mut bob, &mut alice, ["mine", "yours", "stays"]).await;
    take_back(&mut bob, &ids[0], &mut alice).await;
    let moderate = |id: &str| {
        format!(
            "<moderate xmlns='urn:xmpp:message-moderate:1' id='{id}'><retract xmlns='urn:xmpp:message-retract:1'/><reason>rude</reason></moderate>"
        )
    };
    assert_eq!(
        bob.set(ROOM, &moderate(&ids[1])).await.unwrap_err(),
        "forbidden"
    );
    assert_eq!(
        alice.set(ROOM, &moderate("no-such")).await.unwrap_err(),
        "item-not-found"
    );
    alice.set(ROOM, &moderate(&ids[1])).await.unwrap();
    let told = bob
        .until(|element| {
            let retract = element.get_child("retract", ns::RETRACT);
            retract.is_some_and(|retract| retract.has_child("moderated", ns::MODERATION))
        })
        .await;
    assert_eq!(told.attr("from"), Some(ROOM));
    // Nobody takes back what another said.
    alice
        .send(format!(
            "<message to='{ROOM}' type='groupchat'><retract xmlns='urn:xmpp:message-retract:1' id='{}'/><body>end</body></message>",
            ids[2]
        ))
        .await;
    bob.text("end").await;
    bob.set(ROOM, "<query xmlns='urn:xmpp:mam:2'/>")
        .await
        .unwrap();
    let kept = bob
        .all_until(|element| String::from(element).contains("<body>end</body>"))
        .await;
    let texts: Vec<_> = kept
        .iter()
        .filter_map(|element| element.get_child("result", ns::MAM))
        .filter_map(|result| {
            let forwarded = result.get_child("forwarded", ns::FORWARD)?;
            body(forwarded.get_child("message", ns::CLIENT)?)
        })
        .collect();
    assert_eq!(texts, ["stays", "end"]);
}

#[tokio::test]
async fn what_corrected_it_goes_with_it() {
    // A search looks up what was said before it by its words.
    for indexed_before in [false, true] {
        let server = Server::of(&["alice", "bob", "carol"]).await;
        let mut alice = Client::online(&server, "alice", "desk").await;
        let mut bob = Client::online(&server, "bob", "desk").await;
        open(&mut alice, "Alice").await;
        enter(&mut bob, "Bob").await;
        let ids = said(&mut bob, &mut alice, ["mine", "yours", "stays"]).await;
        for (id, text) in [
            ("mine", "mine1"),
            ("yours", "yours1"),
            ("mine", "mine2"),
            ("yours", "yours2"),
            ("stays", "stays1"),
        ] {
            bob.send(format!(
                "<message to='{ROOM}' type='groupchat' id='{text}'><body>{text}</body><replace xmlns='{}' id='{id}'/></message>",
                ns::CORRECTION
            ))
            .await;
            alice.text(text).await;
            if indexed_before {
                assert_eq!(find(&mut alice, ROOM, text).await, [text]);
            }
        }
        take_back(&mut bob, &ids[0], &mut alice).await;
        let moderate = format!(
            "<moderate xmlns='urn:xmpp:message-moderate:1' id='{}'><retract xmlns='urn:xmpp:message-retract:1'/></moderate>",
            ids[1]
        );
        alice.set(ROOM, &moderate).await.unwrap();
        let mut carol = Client::online(&server, "carol", "desk").await;
        let seen = enter(&mut carol, "Carol").await;
        let heard: Vec<_> = seen.iter().filter_map(body).collect();
        assert_eq!(heard, ["stays", "stays1"]);
        let everything = Query {
            to: ROOM,
            ..Query::default()
        };
        let mut kept = query(&mut carol, everything).await.unwrap().bodies();
        kept.retain(|text| !text.is_empty());
        assert_eq!(kept, ["stays", "stays1"]);
        for text in ["mine2", "yours2"] {
            assert!(find(&mut carol, ROOM, text).await.is_empty(), "{text}");
        }
    }
}

#[tokio::test]
async fn a_nickname_of_ones_own() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    let reserve = "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'><field var='muc#register_roomnick'><value>Boss</value></field></x></query>";
    alice.set(ROOM, reserve).await.unwrap();
    assert_eq!(refused(&mut bob, "boss", "").await, "conflict");
    assert_eq!(bob.set(ROOM, reserve).await.unwrap_err(), "conflict");
    let own = "<query xmlns='http://jabber.org/protocol/disco#info' node='x-roomuser-item'/>";
    assert!(String::from(&alice.get(ROOM, own).await.unwrap()).contains("Boss"));
    assert_eq!(
        bob.set("conference.team.internal", reserve)
            .await
            .unwrap_err(),
        "service-unavailable"
    );
}

//! Rooms: requests from one occupant to another, and the ping to oneself
//! (XEP-0045, sections 6.6 and 17.4; XEP-0410).

use super::entering_and_speaking::{enter, open};
use crate::client::Client;
use crate::server::Server;

const ROOM: &str = "plan@conference.team.internal";
const PING: &str = "<ping xmlns='urn:xmpp:ping'/>";

#[tokio::test]
async fn the_ping_to_oneself_in_every_case() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let (own, other) = (format!("{ROOM}/Bob"), format!("{ROOM}/Alice"));
    // No room, and so not in it.
    assert_eq!(bob.get(&own, PING).await.unwrap_err(), "not-acceptable");
    open(&mut alice, "Alice").await;
    assert_eq!(bob.get(&own, PING).await.unwrap_err(), "not-acceptable");
    assert_eq!(bob.get(&other, PING).await.unwrap_err(), "not-acceptable");
    enter(&mut bob, "Bob").await;
    bob.get(&own, PING).await.unwrap();
    // There, under another name than it believes.
    let old = format!("{ROOM}/Rob");
    assert_eq!(bob.get(&old, PING).await.unwrap_err(), "item-not-found");
    // Another session of the same person is not in the room for that.
    let mut phone = Client::online(&server, "bob", "phone").await;
    assert_eq!(phone.get(&own, PING).await.unwrap_err(), "not-acceptable");
    enter(&mut phone, "Bob").await;
    phone.get(&own, PING).await.unwrap();
    bob.get(ROOM, PING).await.unwrap();
}

#[tokio::test]
async fn answers_go_to_the_session_that_asked() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    open(&mut alice, "Alice").await;
    let mut desk = Client::online(&server, "bob", "desk").await;
    enter(&mut desk, "Bob").await;
    let mut phone = Client::online(&server, "bob", "phone").await;
    enter(&mut phone, "Bob").await;
    for (client, id) in [(&mut desk, "one"), (&mut phone, "two")] {
        client
            .send(format!(
                "<iq type='get' id='{id}' to='{ROOM}/Alice'><query xmlns='jabber:iq:version'/></iq>"
            ))
            .await;
        let asked = alice.until(|element| element.name() == "iq").await;
        assert_eq!(asked.attr("from"), Some(format!("{ROOM}/Bob").as_str()));
        let marked = asked.attr("id").unwrap().to_owned();
        assert!(marked.ends_with(id) && marked != id);
        // What answers nobody is dropped, whatever its id.
        for wrong in ["", "x", "wrongwrongwrongone"] {
            alice
                .send(format!("<iq type='result' id='{wrong}' to='{ROOM}/Bob'/>"))
                .await;
        }
        alice
            .send(format!(
                "<iq type='result' id='{marked}' to='{ROOM}/Bob'><query xmlns='jabber:iq:version'><name>n</name></query></iq>"
            ))
            .await;
        let answer = client.until(|element| element.name() == "iq").await;
        assert_eq!(answer.attr("id"), Some(id));
        assert_eq!(answer.attr("from"), Some(format!("{ROOM}/Alice").as_str()));
    }
}

#[tokio::test]
async fn from_outside_nobody_inside_is_asked() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    let to = format!("{ROOM}/Alice");
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    assert_eq!(bob.get(&to, info).await.unwrap_err(), "bad-request");
    let version = "<query xmlns='jabber:iq:version'/>";
    assert_eq!(bob.get(&to, version).await.unwrap_err(), "not-acceptable");
    enter(&mut bob, "Bob").await;
    let nobody = format!("{ROOM}/Nobody");
    assert_eq!(
        bob.get(&nobody, version).await.unwrap_err(),
        "item-not-found"
    );
}

#[tokio::test]
async fn the_card_of_an_occupant_is_that_of_the_account() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let card = "<vCard xmlns='vcard-temp'><FN>Bob the Builder</FN></vCard>";
    bob.set("", card).await.unwrap();
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    let ask = "<vCard xmlns='vcard-temp'/>";
    for (client, nick) in [(&mut alice, "Bob"), (&mut bob, "Bob")] {
        let shown = client.get(&format!("{ROOM}/{nick}"), ask).await.unwrap();
        assert!(xmpp_core::Element::has_child(&shown, "FN", "vcard-temp"));
    }
    let mut other = Client::online(&server, "alice", "phone").await;
    let refused = other.get(&format!("{ROOM}/Bob"), ask).await;
    assert_eq!(refused.unwrap_err(), "not-acceptable");
}

#[tokio::test]
async fn whose_account_a_nickname_is_of_cannot_be_asked_beside_its_card() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    let card = "<vCard xmlns='vcard-temp'/>";
    let items = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
    let nodes = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><affiliations/></pubsub>";
    for beside in [items, nodes] {
        for both in [format!("{beside}{card}"), format!("{card}{beside}")] {
            // RFC 6120, section 8.2.3: one element, wherever it goes.
            for to in [&format!("{ROOM}/Alice"), ROOM, "alice@team.internal", ""] {
                let refused = bob.get(to, &both).await;
                assert_eq!(refused.unwrap_err(), "bad-request", "{to}: {both}");
            }
        }
    }
    bob.get(&format!("{ROOM}/Alice"), card).await.unwrap();
}

//! Rooms: limits on entering, leaving a room that was never set up, destroyed
//! rooms (XEP-0045, sections 7.2.9, 10.1.3 and 10.9).

use xmpp_core::ns;

use super::entering_and_speaking::{codes, enter, item, open, presence_of};
use super::keeping_order::{configure, refused};
use crate::client::{Client, error_of, within};
use crate::server::Server;

const ROOM: &str = "plan@conference.team.internal";
const INFO: &str = "<query xmlns='http://jabber.org/protocol/disco#info'/>";

#[tokio::test]
async fn a_full_room_takes_those_who_keep_order() {
    let server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    configure(&mut alice, &[("maxusers", "1")]).await.unwrap();
    bob.send(format!(
        "<presence id='full' to='{ROOM}/Bob'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
    ))
    .await;
    let answer = bob
        .until(|element| element.attr("id") == Some("full"))
        .await;
    assert_eq!(error_of(&answer), "cancel service-unavailable");
    let error = answer.get_child("error", ns::CLIENT).unwrap();
    assert_eq!(error.attr("by"), Some(ROOM));
    // slixmpp takes it for the answer of a room by this alone.
    assert!(answer.has_child("x", ns::MUC));
    alice
        .send(format!("<presence type='unavailable' to='{ROOM}/Alice'/>"))
        .await;
    presence_of(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    enter(&mut alice, "Alice").await;
}

#[tokio::test]
async fn a_room_that_was_never_set_up_is_gone_with_its_owner() {
    let mut server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    enter(&mut alice, "Alice").await;
    assert_eq!(refused(&mut bob, "Bob", "").await, "item-not-found");
    alice
        .send(format!("<presence type='unavailable' to='{ROOM}/Alice'/>"))
        .await;
    presence_of(&mut alice, "Alice").await;
    assert_eq!(alice.get(ROOM, INFO).await.unwrap_err(), "item-not-found");
    // The next one who comes opens it anew.
    enter(&mut bob, "Bob").await;
    // And with the server, since nobody is in it then.
    server.restart().await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    assert_eq!(bob.get(ROOM, INFO).await.unwrap_err(), "item-not-found");
}

#[tokio::test]
async fn a_temporary_room_ends_with_the_last_one() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    configure(&mut alice, &[("persistentroom", "0")])
        .await
        .unwrap();
    enter(&mut bob, "Bob").await;
    alice
        .send(format!("<presence type='unavailable' to='{ROOM}/Alice'/>"))
        .await;
    presence_of(&mut alice, "Alice").await;
    alice.get(ROOM, INFO).await.unwrap();
    // With the connection too.
    drop(bob);
    let condition = within("the end of the room", async {
        loop {
            match alice.get(ROOM, INFO).await {
                Ok(_) => tokio::task::yield_now().await,
                Err(condition) => break condition,
            }
        }
    });
    assert_eq!(condition.await, "item-not-found");
}

#[tokio::test]
async fn who_comes_to_a_destroyed_room_learns_where_it_went() {
    let mut server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    let destroy = "<query xmlns='http://jabber.org/protocol/muc#owner'>\
                   <destroy jid='new@conference.team.internal'><reason>moved</reason></destroy></query>";
    alice.set(ROOM, destroy).await.unwrap();
    presence_of(&mut bob, "Bob").await;
    for _ in 0..2 {
        bob.send(format!(
            "<presence id='back' to='{ROOM}/Bob'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
        ))
        .await;
        let answer = bob
            .until(|element| element.attr("id") == Some("back"))
            .await;
        assert_eq!(error_of(&answer), "cancel gone");
        let error = answer.get_child("error", ns::CLIENT).unwrap();
        let gone = error.get_child("gone", ns::STANZA_ERRORS).unwrap();
        assert_eq!(gone.text(), "xmpp:new@conference.team.internal?join");
        assert_eq!(
            error.get_child("text", ns::STANZA_ERRORS).unwrap().text(),
            "moved"
        );
        // It is remembered.
        server.restart().await;
        bob = Client::online(&server, "bob", "desk").await;
    }
    // Who destroyed it may open it again, and then it is a room like any other.
    let mut alice = Client::online(&server, "alice", "desk").await;
    let seen = enter(&mut alice, "Alice").await;
    assert!(seen.iter().any(|element| codes(element).contains(&"201")));
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
}

#[tokio::test]
async fn rooms_and_entering_have_limits() {
    let server = Server::with(|config| {
        config.limits.rooms_per_account = 1;
        config.limits.joins_per_minute = 4;
    })
    .await;
    server.accounts(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    open(&mut alice, "Alice").await;
    let enter_other = "<presence id='other' to='other@conference.team.internal/Alice'>\
                       <x xmlns='http://jabber.org/protocol/muc'/></presence>";
    alice.send(enter_other).await;
    assert_eq!(alice.error("other").await, "resource-constraint");
    enter(&mut alice, "Alice").await;
    enter(&mut alice, "Alice").await;
    alice
        .send(format!(
            "<presence id='often' to='{ROOM}/Alice'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
        ))
        .await;
    let answer = alice
        .until(|element| element.attr("id") == Some("often"))
        .await;
    assert_eq!(error_of(&answer), "wait resource-constraint");
}

#[tokio::test]
async fn who_is_there_learns_that_the_rooms_shut_down() {
    let mut server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    // Who does not look hears it all the same.
    bob.send("<inactive xmlns='urn:xmpp:csi:0'/>").await;
    bob.sync().await;
    let (of_alice, of_bob, ()) =
        tokio::join!(alice.end_with_all(), bob.end_with_all(), server.stop());
    for (nick, (before, condition)) in [("Alice", of_alice), ("Bob", of_bob)] {
        let from = format!("{ROOM}/{nick}");
        let gone = before.last().unwrap();
        assert_eq!(gone.attr("from"), Some(from.as_str()));
        assert_eq!(gone.attr("type"), Some("unavailable"));
        assert_eq!(codes(gone), ["110", "332"]);
        assert_eq!(item(gone).1, "none");
        assert_eq!(condition.as_deref(), Some("system-shutdown"));
    }
}

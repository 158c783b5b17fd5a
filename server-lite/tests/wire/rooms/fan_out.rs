//! Rooms: one message, many listeners; several sessions of one person; no
//! ghosts (XEP-0045, sections 7.2.8, 7.4 and 7.14; XEP-0198).

use xmpp_core::ns;

use super::entering_and_speaking::{enter, item, open, presence_of, say};
use crate::client::{Client, body};
use crate::server::Server;

const ROOM: &str = "plan@conference.team.internal";

#[tokio::test]
async fn everybody_gets_the_same_words_under_their_own_address() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    open(&mut alice, "Alice").await;
    // Resources that would break out of an attribute.
    let odd = ["it's", "&lt;tag&gt;", "电池 \"x\"", "a&amp;b"];
    let mut others = Vec::new();
    for resource in odd {
        let mut bob = Client::session(&server, "bob", resource).await;
        bob.send("<presence/>").await;
        enter(&mut bob, "Bob").await;
        others.push(bob);
    }
    say(&mut alice, "hello").await;
    let said = alice.text("hello").await;
    let id = said.get_child("stanza-id", ns::STANZA_ID).unwrap().clone();
    for bob in &mut others {
        let heard = bob.text("hello").await;
        assert_eq!(heard.attr("to"), Some(bob.address.as_str()));
        assert_eq!(heard.get_child("stanza-id", ns::STANZA_ID), Some(&id));
        let to_count = heard.attrs().iter().count();
        assert_eq!(to_count, said.attrs().iter().count());
    }
}

#[tokio::test]
async fn what_was_shared_is_whole_again_after_a_resumption() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    open(&mut alice, "Alice").await;
    let mut bob = Client::session(&server, "bob", "phone").await;
    bob.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        .await;
    let enabled = bob.until(|element| element.name() == "enabled").await;
    let id = enabled.attr("id").unwrap().to_owned();
    bob.send("<presence/>").await;
    enter(&mut bob, "Bob").await;
    presence_of(&mut alice, "Bob").await;
    let address = bob.address.clone();
    drop(bob);
    // A session that waits stays in the room; nobody is told otherwise.
    say(&mut alice, "while you were away").await;
    let heard = alice
        .all_until(|element| body(element).as_deref() == Some("while you were away"))
        .await;
    assert!(heard.iter().all(|element| element.name() != "presence"));

    let mut again = Client::direct(&server).await;
    again.sign_in("bob").await;
    again
        .send(format!(
            "<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='2'/>"
        ))
        .await;
    let heard = again.text("while you were away").await;
    assert_eq!(heard.attr("to"), Some(address.as_str()));
    say(&mut again, "back").await;
    alice.text("back").await;
}

#[tokio::test]
async fn a_new_session_under_an_old_address_is_not_thrown_out_with_it() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    open(&mut alice, "Alice").await;
    let mut old = Client::online(&server, "bob", "phone").await;
    enter(&mut old, "Bob").await;
    presence_of(&mut alice, "Bob").await;
    for round in 0..5 {
        let mut new = Client::online(&server, "bob", "phone").await;
        enter(&mut new, "Bob").await;
        // The old one has ended by now, and has taken leave for itself alone.
        assert_eq!(old.end().await.as_deref(), Some("conflict"));
        let text = format!("round {round}");
        say(&mut alice, &text).await;
        let heard = new
            .all_until(|element| body(element).as_deref() == Some(text.as_str()))
            .await;
        let of_bob = format!("{ROOM}/Bob");
        assert!(heard.iter().all(|element| {
            element.attr("from") != Some(&of_bob) || element.attr("type") != Some("unavailable")
        }));
        old = new;
    }
}

#[tokio::test]
async fn two_sessions_are_one_occupant_until_both_have_left() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    open(&mut alice, "Alice").await;
    let mut desk = Client::online(&server, "bob", "desk").await;
    enter(&mut desk, "Bob").await;
    presence_of(&mut alice, "Bob").await;
    let mut phone = Client::online(&server, "bob", "phone").await;
    enter(&mut phone, "Bob").await;
    assert_eq!(
        item(&presence_of(&mut alice, "Bob").await).2,
        Some("bob@team.internal/phone")
    );
    // The others saw the phone; when it goes, they see the desk.
    phone
        .send(format!("<presence type='unavailable' to='{ROOM}/Bob'/>"))
        .await;
    let seen = presence_of(&mut alice, "Bob").await;
    assert_eq!(seen.attr("type"), None);
    assert_eq!(item(&seen).2, Some("bob@team.internal/desk"));
    // Whoever takes a nickname of their own other session is there under it.
    phone
        .send(format!(
            "<presence to='{ROOM}/Bob2'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
        ))
        .await;
    presence_of(&mut alice, "Bob2").await;
    enter(&mut phone, "Bob").await;
    let gone = presence_of(&mut alice, "Bob2").await;
    assert_eq!(gone.attr("type"), Some("unavailable"));
    let items = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
    let seen = alice.get(ROOM, items).await.unwrap();
    assert_eq!(seen.children().count(), 2);
    drop(desk);
    drop(phone);
    loop {
        let seen = presence_of(&mut alice, "Bob").await;
        if seen.attr("type") == Some("unavailable") {
            break;
        }
    }
}

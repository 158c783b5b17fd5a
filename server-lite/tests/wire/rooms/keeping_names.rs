//! Rooms that do not tell whose a nickname is, and what is taken back in rooms
//! (XEP-0045, section 7.2.3; XEP-0313, section 6; XEP-0424).

use xmpp_core::ns;

use super::entering_and_speaking::{enter, open, say};
use super::keeping_order::configure;
use crate::client::{Client, body};
use crate::server::Server;

const ROOM: &str = "plan@conference.team.internal";

fn field(name: &str, value: &str) -> String {
    format!("<field var='{name}'><value>{value}</value></field>")
}

fn question(fields: &str) -> String {
    let form_type = field("FORM_TYPE", ns::MAM);
    format!(
        "<query xmlns='{}'><x xmlns='jabber:x:data' type='submit'>{form_type}{fields}</x></query>",
        ns::MAM
    )
}

#[tokio::test]
async fn nobody_learns_from_the_archive_whose_a_nickname_is() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Queen").await;
    configure(&mut alice, &[("whois", "moderators")])
        .await
        .unwrap();
    say(&mut alice, "words").await;
    alice.text("words").await;
    enter(&mut bob, "Bob").await;
    let with = field("with", "alice@team.internal");
    for (fields, expected) in [
        (with.clone(), "forbidden"),
        (field("with", "alice@team.internal/desk"), "forbidden"),
        (field("with", &format!("{ROOM}/Queen")), "forbidden"),
        // What a reader of the first field takes for nothing.
        (format!("<field var='with'/>{with}"), "bad-request"),
        (format!("{}{with}", field("with", "")), "bad-request"),
        (format!("{with}{}", field("with", "")), "bad-request"),
        (
            "<field var='with'><value/><value>alice@team.internal</value></field>".to_owned(),
            "bad-request",
        ),
    ] {
        let answer = bob.set(ROOM, &question(&fields)).await;
        assert_eq!(answer.unwrap_err(), expected, "{fields}");
    }
    // A form that is not the first child.
    let hidden = question(&with).replace("><x xmlns", "><x xmlns='urn:other'/><x xmlns");
    assert_eq!(bob.set(ROOM, &hidden).await.unwrap_err(), "forbidden");
    // Without a name everybody may ask.
    for fields in [String::new(), field("with", "")] {
        bob.set(ROOM, &question(&fields)).await.unwrap();
        let found = bob
            .until(|element| element.has_child("result", ns::MAM))
            .await;
        let text = String::from(&found);
        assert!(text.contains("words") && !text.contains("alice@"), "{text}");
    }
    alice.set(ROOM, &question(&with)).await.unwrap();
    let found = alice
        .until(|element| element.has_child("result", ns::MAM))
        .await;
    assert!(String::from(&found).contains("words"));
}

#[tokio::test]
async fn what_is_left_of_a_message_says_by_what_it_was_taken_back() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    open(&mut alice, "Alice").await;
    say(&mut alice, "words").await;
    let said = alice.text("words").await;
    let id = said.get_child("stanza-id", ns::STANZA_ID).unwrap();
    let id = id.attr("id").unwrap();
    alice
        .send(format!(
            "<message to='{ROOM}' type='groupchat' id='back'>\
             <retract xmlns='urn:xmpp:message-retract:1' id='{id}'/></message>"
        ))
        .await;
    alice
        .until(|element| element.attr("id") == Some("back"))
        .await;
    alice.set(ROOM, &question("")).await.unwrap();
    let found = alice
        .until(|element| element.has_child("result", ns::MAM))
        .await;
    let result = found.get_child("result", ns::MAM).unwrap();
    assert_eq!(result.attr("id"), Some(id));
    let grave = result.get_child("forwarded", ns::FORWARD).unwrap();
    let grave = grave.get_child("message", ns::CLIENT).unwrap();
    assert_eq!(body(grave), None);
    let mark = grave.get_child("retracted", ns::RETRACT).unwrap();
    assert_eq!(mark.attr("id"), Some("back"));
    assert!(mark.attr("stamp").is_some());
    assert!(grave.has_child("occupant-id", ns::OCCUPANT_ID));
}

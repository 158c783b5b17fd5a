//! Rooms: what those get to read who were not there (XEP-0045, sections 7.2.13 to
//! 7.2.15; XEP-0313).

use xmpp_core::{Element, ns};

use super::entering_and_speaking::{enter, open, say};
use super::keeping_order::configure;
use crate::client::{Client, body, value};
use crate::server::Server;

const ROOM: &str = "plan@conference.team.internal";

async fn heard_with(client: &mut Client, history: &str) -> Vec<String> {
    client
        .send(format!(
            "<presence to='{ROOM}/Bob'><x xmlns='http://jabber.org/protocol/muc'><history {history}/></x></presence>"
        ))
        .await;
    let seen = client
        .all_until(|element| element.has_child("subject", ns::CLIENT))
        .await;
    seen.iter().filter_map(body).collect()
}

#[tokio::test]
async fn as_much_history_as_was_asked_for() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    let mut lengths = Vec::new();
    for text in ["one", "two", "three"] {
        say(&mut alice, text).await;
        alice.text(text).await;
    }
    alice
        .set(ROOM, "<query xmlns='urn:xmpp:mam:2'/>")
        .await
        .unwrap();
    for _ in 0..3 {
        let result = alice
            .until(|element| element.has_child("result", ns::MAM))
            .await;
        lengths.push(String::from(&result).chars().count());
    }
    for (history, expected) in [
        ("maxstanzas='2'", vec!["two", "three"]),
        ("maxstanzas='0'", vec![]),
        ("maxchars='0'", vec![]),
        ("maxchars='50'", vec![]),
        ("maxchars='100000'", vec!["one", "two", "three"]),
        ("seconds='3600' maxstanzas='1'", vec!["three"]),
        ("since='2999-01-01T00:00:00Z'", vec![]),
        ("since='2001-01-01T00:00:00Z'", vec!["one", "two", "three"]),
        ("maxstanzas='many'", vec!["one", "two", "three"]),
    ] {
        assert_eq!(heard_with(&mut bob, history).await, expected, "{history}");
    }
    // Complete stanzas, as many as fit.
    let two = lengths[1] + lengths[2];
    let some = heard_with(&mut bob, &format!("maxchars='{two}'")).await;
    assert!(some.ends_with(&["two".to_owned(), "three".to_owned()]) || some == ["three"]);
}

#[tokio::test]
async fn markers_between_the_words_are_no_history() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    say(&mut alice, "words").await;
    alice.text("words").await;
    for number in 0..150 {
        alice
            .send(format!(
                "<message to='{ROOM}' type='groupchat' id='m{number}'><displayed xmlns='urn:xmpp:chat-markers:0' id='x'/></message>"
            ))
            .await;
    }
    alice
        .until(|element| element.attr("id") == Some("m149"))
        .await;
    let seen = enter(&mut bob, "Bob").await;
    let heard: Vec<_> = seen.iter().filter_map(body).collect();
    assert_eq!(heard, ["words"]);
}

#[tokio::test]
async fn the_subject_says_when_it_was_set_and_outlives_the_server() {
    let mut server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    open(&mut alice, "Alice").await;
    alice
        .send(format!(
            "<message to='{ROOM}' type='groupchat'><subject>计划</subject></message>"
        ))
        .await;
    alice
        .until(|element| element.has_child("subject", ns::CLIENT))
        .await;
    // Neither of these is a change of subject.
    for other in ["<body>words</body>", "<thread>t</thread>"] {
        alice
            .send(format!(
                "<message to='{ROOM}' type='groupchat' id='s'><subject>other</subject>{other}</message>"
            ))
            .await;
        alice.until(|element| element.attr("id") == Some("s")).await;
    }
    for _ in 0..2 {
        let mut bob = Client::online(&server, "bob", "desk").await;
        bob.send(format!(
            "<presence to='{ROOM}/Bob'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
        ))
        .await;
        let subject = bob
            .until(|element| element.has_child("subject", ns::CLIENT) && body(element).is_none())
            .await;
        assert_eq!(
            subject.get_child("subject", ns::CLIENT).unwrap().text(),
            "计划"
        );
        let delay = subject.get_child("delay", ns::DELAY).unwrap();
        assert_eq!(delay.attr("from"), Some(ROOM));
        server.restart().await;
    }
}

#[tokio::test]
async fn addresses_of_the_past_are_hidden_with_those_of_today() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    say(&mut alice, "words").await;
    alice.text("words").await;
    let is_told = |element: &Element| {
        String::from(element).contains("jid='alice@")
            || String::from(element).contains("jid=\"alice@")
    };
    let find = "<query xmlns='urn:xmpp:mam:2'/>";
    bob.set(ROOM, find).await.unwrap();
    let kept = bob
        .until(|element| element.has_child("result", ns::MAM))
        .await;
    assert!(is_told(&kept));
    configure(&mut alice, &[("whois", "moderators")])
        .await
        .unwrap();
    let seen = enter(&mut bob, "Bob").await;
    assert!(!seen.iter().any(is_told));
    bob.set(ROOM, find).await.unwrap();
    let kept = bob
        .until(|element| element.has_child("result", ns::MAM))
        .await;
    assert!(!is_told(&kept));
    // Who keeps order sees them still.
    alice.set(ROOM, find).await.unwrap();
    let kept = alice
        .until(|element| element.has_child("result", ns::MAM))
        .await;
    assert!(is_told(&kept));
}

async fn subject_on_entering(client: &mut Client) -> Element {
    let seen = enter(client, "Bob").await;
    seen.last().unwrap().clone()
}

#[tokio::test]
async fn a_room_without_an_archive_keeps_its_subject() {
    let mut server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    open(&mut alice, "Alice").await;
    let none = [("enablearchiving", "0"), ("persistentroom", "1")];
    configure(&mut alice, &none).await.unwrap();
    alice
        .send(format!(
            "<message to='{ROOM}' type='groupchat'><subject>notice</subject></message>"
        ))
        .await;
    let is_notice = |element: &Element| {
        let subject = element.get_child("subject", ns::CLIENT);
        subject.is_some_and(|subject| subject.text() == "notice")
    };
    let told = alice.until(is_notice).await;
    // Only an archive gives ids.
    assert!(!told.has_child("stanza-id", ns::STANZA_ID));
    for round in 0..2 {
        let mut bob = Client::online(&server, "bob", "desk").await;
        let seen = subject_on_entering(&mut bob).await;
        assert!(is_notice(&seen), "round {round}: {seen:?}");
        assert!(seen.has_child("delay", ns::DELAY));
        assert!(!seen.has_child("stanza-id", ns::STANZA_ID));
        server.restart().await;
    }
}

#[tokio::test]
async fn what_one_of_them_has_said_is_found_by_the_nickname() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    for (client, text) in [(&mut alice, "hers"), (&mut bob, "his")] {
        say(client, text).await;
        client.text(text).await;
    }
    for (nick, expected) in [("Alice", "hers"), ("Bob", "his")] {
        let query = format!(
            "<iq type='set' id='q' to='{ROOM}'><query xmlns='urn:xmpp:mam:2'>\
             <x xmlns='jabber:x:data' type='submit'>\
             <field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>\
             <field var='with'><value>{ROOM}/{nick}</value></field></x></query></iq>"
        );
        let (found, _) = alice.ask(&query).await;
        let found: Vec<_> = found
            .iter()
            .filter_map(|message| message.get_child("result", ns::MAM))
            .filter_map(|result| result.get_child("forwarded", ns::FORWARD))
            .filter_map(|forwarded| forwarded.get_child("message", ns::CLIENT))
            .filter_map(body)
            .collect();
        assert_eq!(found, [expected]);
    }
}

#[tokio::test]
async fn what_goes_on_inside_is_not_told_to_who_may_not_enter() {
    let server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    open(&mut alice, "Alice").await;
    alice
        .send(format!(
            "<message to='{ROOM}' type='groupchat'><subject>who leaves</subject></message>"
        ))
        .await;
    let members = [("membersonly", "1"), ("roomadmins", "bob@team.internal")];
    configure(&mut alice, &members).await.unwrap();
    for (who, expected) in [
        ("alice", &["who leaves", "1"][..]),
        ("bob", &["who leaves", "1"]),
        ("carol", &[]),
    ] {
        let mut client = Client::session(&server, who, "look").await;
        let query = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
        let info = client.get(ROOM, query).await.unwrap();
        let form = info.get_child("x", ns::DATA_FORMS).unwrap();
        let told: Vec<_> = ["muc#roominfo_subject", "muc#roominfo_occupants"]
            .iter()
            .filter_map(|name| {
                form.children()
                    .find(|field| field.attr("var") == Some(name))
            })
            .map(value)
            .collect();
        assert_eq!(told, expected, "{who}");
    }
}

//! Rooms: entering, speaking, leaving (XEP-0045, section 7; XEP-0313, 0359,
//! 0410, 0421).

use xmpp_core::{Element, ns};

use crate::client::{Client, body, condition};
use crate::server::Server;

const ROOM: &str = "plan@conference.team.internal";
const ENTER: &str = "<x xmlns='http://jabber.org/protocol/muc'/>";
const QUIET: &str = "<x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x>";

/// Enters, and reads up to the subject.
pub(crate) async fn enter(client: &mut Client, nick: &str) -> Vec<Element> {
    client
        .send(format!("<presence to='{ROOM}/{nick}'>{ENTER}</presence>"))
        .await;
    client.all_until(is_subject).await
}

/// Opens a room with its default configuration.
pub(crate) async fn open(client: &mut Client, nick: &str) {
    enter(client, nick).await;
    client
        .set(ROOM, "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>")
        .await
        .unwrap();
}

pub(crate) async fn say(client: &mut Client, text: &str) {
    client
        .send(format!(
            "<message to='{ROOM}' type='groupchat' id='{text}'><body>{text}</body></message>"
        ))
        .await;
}

fn is_subject(element: &Element) -> bool {
    element.name() == "message" && element.has_child("subject", ns::CLIENT)
}

/// The status codes of a presence.
pub(crate) fn codes(presence: &Element) -> Vec<&str> {
    let user = presence.get_child("x", ns::MUC_USER);
    user.into_iter()
        .flat_map(Element::children)
        .filter(|child| child.name() == "status")
        .filter_map(|status| status.attr("code"))
        .collect()
}

/// The item of a presence: affiliation, role and address.
pub(crate) fn item(presence: &Element) -> (&str, &str, Option<&str>) {
    let item = presence
        .get_child("x", ns::MUC_USER)
        .and_then(|user| user.get_child("item", ns::MUC_USER))
        .unwrap();
    (
        item.attr("affiliation").unwrap(),
        item.attr("role").unwrap(),
        item.attr("jid"),
    )
}

pub(crate) async fn presence_of(client: &mut Client, nick: &str) -> Element {
    let from = format!("{ROOM}/{nick}");
    client
        .until(|element| element.name() == "presence" && element.attr("from") == Some(&from))
        .await
}

#[tokio::test]
async fn who_opens_a_room_owns_it_and_others_wait_until_it_is_set_up() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;

    let seen = enter(&mut alice, "Alice").await;
    let own_address = format!("{ROOM}/Alice");
    let own = seen
        .iter()
        .find(|element| element.attr("from") == Some(&own_address))
        .unwrap();
    assert_eq!(codes(own), ["110", "100", "170", "201"]);
    assert_eq!(
        item(own),
        ("owner", "moderator", Some(alice.address.as_str()))
    );
    assert!(own.has_child("occupant-id", ns::OCCUPANT_ID));

    bob.send(format!(
        "<presence id='early' to='{ROOM}/Bob'>{ENTER}</presence>"
    ))
    .await;
    assert_eq!(bob.error("early").await, "item-not-found");

    open(&mut alice, "Alice").await;
    let seen = enter(&mut bob, "Bob").await;
    let of_bob: Vec<_> = seen
        .iter()
        .filter(|element| {
            element
                .attr("from")
                .is_some_and(|from| from.starts_with(ROOM))
        })
        .filter(|element| element.name() == "presence")
        .collect();
    // The others first, then oneself.
    assert_eq!(of_bob.len(), 2);
    assert_eq!(item(of_bob[0]).0, "owner");
    assert_eq!(codes(of_bob[1]), ["110", "100", "170"]);
    assert_eq!(item(&presence_of(&mut alice, "Bob").await).1, "participant");
}

#[tokio::test]
async fn everybody_hears_everything_in_one_order_and_the_room_remembers() {
    let mut server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    for number in 0..10 {
        say(&mut alice, &format!("a{number}")).await;
        say(&mut bob, &format!("b{number}")).await;
    }
    let mut orders = Vec::new();
    for client in [&mut alice, &mut bob] {
        let mut order = Vec::new();
        while order.len() < 20 {
            let message = client.until(|element| body(element).is_some()).await;
            assert_eq!(message.attr("to"), Some(client.address.as_str()));
            let id = message.get_child("stanza-id", ns::STANZA_ID).unwrap();
            assert_eq!(id.attr("by"), Some(ROOM));
            order.push((body(&message).unwrap(), id.attr("id").unwrap().to_owned()));
        }
        orders.push(order);
    }
    assert_eq!(orders[0], orders[1]);

    // Who comes later gets the last ones, and after a restart too.
    let mut carol = Client::online(&server, "carol", "desk").await;
    let seen = enter(&mut carol, "Carol").await;
    let heard: Vec<_> = seen.iter().filter_map(body).collect();
    let said: Vec<_> = orders[0].iter().map(|(text, _)| text.clone()).collect();
    assert_eq!(heard, said);
    assert!(
        seen.iter()
            .filter(|element| body(element).is_some())
            .all(|message| {
                message.has_child("delay", ns::DELAY)
                    && message.has_child("stanza-id", ns::STANZA_ID)
            })
    );
    server.restart().await;
    let mut carol = Client::online(&server, "carol", "desk").await;
    let heard: Vec<_> = enter(&mut carol, "Carol")
        .await
        .iter()
        .filter_map(body)
        .collect();
    assert_eq!(heard, said);
    // The archive, in pages.
    let page = "<query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><max>5</max><before/></set></query>";
    carol.set(ROOM, page).await.unwrap();
    let mut found = Vec::new();
    for _ in 0..5 {
        let result = carol
            .until(|element| element.has_child("result", ns::MAM))
            .await;
        assert_eq!(result.attr("from"), Some(ROOM));
        let result = result.get_child("result", ns::MAM).unwrap();
        found.push(result.attr("id").unwrap().to_owned());
    }
    let ids: Vec<_> = orders[0][15..].iter().map(|(_, id)| id.clone()).collect();
    assert_eq!(found, ids);
}

#[tokio::test]
async fn nobody_speaks_for_another_or_from_outside() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    say(&mut bob, "outside").await;
    assert_eq!(bob.error("outside").await, "not-acceptable");

    enter(&mut bob, "Bob").await;
    let forged = format!(
        "<message to='{ROOM}' from='{ROOM}/Alice' type='groupchat'><body>forged</body>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='x'/>\
         <occupant-id xmlns='urn:xmpp:occupant-id:0' id='x'/>\
         <delay xmlns='urn:xmpp:delay' stamp='2001-01-01T00:00:00Z'/>\
         <x xmlns='http://jabber.org/protocol/muc#user'><item jid='boss@team.internal'/></x></message>"
    );
    bob.send(&forged).await;
    let heard = alice.text("forged").await;
    assert_eq!(heard.attr("from"), Some(format!("{ROOM}/Bob").as_str()));
    let ids: Vec<_> = heard
        .children()
        .filter(|child| child.has_ns(ns::STANZA_ID) || child.has_ns(ns::OCCUPANT_ID))
        .collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.iter().all(|id| id.attr("id") != Some("x")));
    assert!(!heard.has_child("delay", ns::DELAY) && !heard.has_child("x", ns::MUC_USER));
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_heard_once() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    let message = format!(
        "<message to='{ROOM}' type='groupchat' id='o1'><body>once</body>\
         <origin-id xmlns='urn:xmpp:sid:0' id='o1'/></message>"
    );
    alice.send(&message).await;
    let first = alice.text("once").await;
    alice.send(&message).await;
    // Its sender sees it again, under the same id; the others do not.
    let second = alice.text("once").await;
    let id = |message: &Element| {
        let id = message.get_child("stanza-id", ns::STANZA_ID).unwrap();
        id.attr("id").unwrap().to_owned()
    };
    assert_eq!(id(&first), id(&second));
    say(&mut alice, "end").await;
    let heard = bob
        .all_until(|element| body(element).as_deref() == Some("end"))
        .await;
    let heard: Vec<_> = heard.iter().filter_map(body).collect();
    assert_eq!(heard, ["once", "end"]);
}

#[tokio::test]
async fn nicknames() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    bob.send(format!(
        "<presence id='none' to='{ROOM}'>{ENTER}</presence>"
    ))
    .await;
    assert_eq!(bob.error("none").await, "jid-malformed");
    bob.send(format!(
        "<presence id='same' to='{ROOM}/ALICE'>{ENTER}</presence>"
    ))
    .await;
    assert_eq!(bob.error("same").await, "conflict");
    // Who believes to be there learns better.
    bob.send(format!("<presence to='{ROOM}/Bob'/>")).await;
    let told = presence_of(&mut bob, "Bob").await;
    assert_eq!(told.attr("type"), Some("unavailable"));
    assert_eq!(codes(&told), ["110", "307", "333"]);
    let long = "x".repeat(65);
    bob.send(format!(
        "<presence id='long' to='{ROOM}/{long}'>{ENTER}</presence>"
    ))
    .await;
    assert_eq!(bob.error("long").await, "not-acceptable");

    enter(&mut bob, "Bob").await;
    bob.send(format!("<presence to='{ROOM}/鲍勃'/>")).await;
    presence_of(&mut alice, "Bob").await;
    let gone = presence_of(&mut alice, "Bob").await;
    assert_eq!(
        (gone.attr("type"), codes(&gone)),
        (Some("unavailable"), vec!["303"])
    );
    presence_of(&mut alice, "鲍勃").await;
    presence_of(&mut bob, "鲍勃").await;

    // A second session under the same nickname is the same person.
    let mut phone = Client::online(&server, "bob", "phone").await;
    enter(&mut phone, "鲍勃").await;
    say(&mut alice, "both").await;
    bob.text("both").await;
    phone.text("both").await;
    phone
        .send(format!("<presence type='unavailable' to='{ROOM}/鲍勃'/>"))
        .await;
    let own = presence_of(&mut phone, "鲍勃").await;
    assert_eq!(own.attr("type"), Some("unavailable"));
    say(&mut alice, "one").await;
    bob.text("one").await;
    alice.text("one").await;
}

#[tokio::test]
async fn who_is_cut_off_leaves_and_can_tell() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    let self_ping = format!("{ROOM}/Bob");
    assert_eq!(
        bob.get(&self_ping, ping).await.unwrap_err(),
        "not-acceptable"
    );
    enter(&mut bob, "Bob").await;
    bob.get(&self_ping, ping).await.unwrap();
    presence_of(&mut alice, "Bob").await;
    drop(bob);
    let gone = presence_of(&mut alice, "Bob").await;
    assert_eq!(gone.attr("type"), Some("unavailable"));
    assert_eq!(item(&gone).1, "none");
}

#[tokio::test]
async fn private_messages_reach_one_and_stay_for_both() {
    let server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut carol = Client::online(&server, "carol", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    enter(&mut carol, "Carol").await;
    alice
        .send(format!(
            "<message to='{ROOM}/Bob' type='chat'><body>psst</body></message>"
        ))
        .await;
    let heard = bob.text("psst").await;
    assert_eq!(heard.attr("from"), Some(format!("{ROOM}/Alice").as_str()));
    assert!(heard.has_child("x", ns::MUC_USER));
    alice
        .send(format!(
            "<message id='who' to='{ROOM}/Nobody' type='chat'><body>?</body></message>"
        ))
        .await;
    assert_eq!(alice.error("who").await, "item-not-found");
    say(&mut alice, "end").await;
    let heard = carol
        .all_until(|element| body(element).as_deref() == Some("end"))
        .await;
    assert!(
        !heard
            .iter()
            .any(|element| body(element).as_deref() == Some("psst"))
    );
    for client in [&mut alice, &mut bob] {
        client
            .set("", "<query xmlns='urn:xmpp:mam:2'/>")
            .await
            .unwrap();
        let found = client
            .until(|element| element.has_child("result", ns::MAM))
            .await;
        assert!(String::from(&found).contains("psst"));
    }
}

#[tokio::test]
async fn subjects_and_history_limits() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    alice
        .send(format!(
            "<message to='{ROOM}' type='groupchat'><subject>计划</subject></message>"
        ))
        .await;
    alice.until(is_subject).await;
    say(&mut alice, "old").await;
    alice.text("old").await;
    bob.send(format!("<presence to='{ROOM}/Bob'>{QUIET}</presence>"))
        .await;
    let seen = bob.all_until(is_subject).await;
    assert!(seen.iter().all(|element| body(element).is_none()));
    let subject = seen.last().unwrap();
    assert_eq!(
        subject.get_child("subject", ns::CLIENT).unwrap().text(),
        "计划"
    );
    assert_eq!(subject.attr("from"), Some(format!("{ROOM}/Alice").as_str()));
}

#[tokio::test]
async fn what_is_no_room_request() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    assert_eq!(alice.get(ROOM, info).await.unwrap_err(), "item-not-found");
    let service = alice.get("conference.team.internal", info).await.unwrap();
    assert!(String::from(&service).contains("http://jabber.org/protocol/muc"));
    let items = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
    let server = alice.get("team.internal", items).await.unwrap();
    assert!(String::from(&server).contains("conference.team.internal"));
    let odd = "<odd xmlns='urn:odd'/>";
    assert_eq!(
        alice.get(ROOM, odd).await.unwrap_err(),
        "service-unavailable"
    );
    alice
        .send("<message id='m' to='conference.team.internal'><body>x</body></message>")
        .await;
    let refused = alice.until(|element| element.attr("id") == Some("m")).await;
    assert_eq!(condition(&refused), "service-unavailable");
}

use startalk_engine::api::{DeliveryState, ErrorCode, Request};
use xmpp_core::ns;

use crate::client::{BOB, Client};
use crate::peer::{Archived, DOMAIN, Peer, Server, archived, body, from_bob, from_rosa};

async fn say(peer: &mut Peer, about: &str, id: &str) {
    let child = match about {
        "received" => format!("<received xmlns='urn:xmpp:receipts' id='{id}'/>"),
        _ => format!("<displayed xmlns='urn:xmpp:chat-markers:0' id='{id}'/>"),
    };
    peer.send(&format!(
        "<message from='bob@{DOMAIN}/x' to='rosa@{DOMAIN}/desk' id='n-{about}'>{child}</message>"
    ))
    .await;
}

#[tokio::test]
async fn a_message_goes_from_waiting_to_read_and_never_back() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.acknowledges = false;
    let id = client.send("你好 <&> 🎉").await;
    let message = peer.text().await;
    let wire = message.attr("id").unwrap().to_owned();
    assert_eq!(body(&message), "你好 <&> 🎉");
    assert_eq!(message.attr("to"), Some(BOB));
    let origin = message.get_child("origin-id", ns::STANZA_ID).unwrap();
    assert_eq!(origin.attr("id"), Some(wire.as_str()));
    assert!(message.has_child("request", ns::RECEIPTS));
    assert!(message.has_child("markable", ns::MARKERS));
    assert_eq!(client.state(id).await, DeliveryState::Waiting);
    peer.acknowledge().await;
    client.wait_state(id, DeliveryState::Sent).await;
    say(&mut peer, "received", &wire).await;
    client.wait_state(id, DeliveryState::Delivered).await;
    say(&mut peer, "displayed", &wire).await;
    client.wait_state(id, DeliveryState::Read).await;
    // The slower of two devices.
    say(&mut peer, "received", &wire).await;
    peer.send(&from_bob("later")).await;
    client.wait_texts(&["你好 <&> 🎉", "later"]).await;
    assert_eq!(client.state(id).await, DeliveryState::Read);
}

#[tokio::test]
async fn receipts_and_markers_are_sent_once_and_survive_being_offline() {
    let server = Server::start();
    let (mut client, mut peer) = Client::start(&server).await;
    peer.send(&from_bob("one")).await;
    let receipt = peer.with("received", ns::RECEIPTS).await;
    let about = receipt
        .get_child("received", ns::RECEIPTS)
        .unwrap()
        .attr("id");
    assert_eq!((about, receipt.attr("to")), (Some("w-one"), Some(BOB)));
    client.wait_texts(&["one"]).await;
    assert_eq!(client.conversation().await.unwrap().unread, 1);

    peer.acknowledge().await;
    peer.ask_handled().await;

    // Read while there is no connection, and the program ends before there is one.
    drop(peer);
    let silent = server.accept_tcp().await;
    let seen = client.messages().await[0].id;
    client.mark_displayed(seen).await;
    client.mark_displayed(seen).await;
    assert_eq!(client.conversation().await.unwrap().unread, 0);
    drop(silent);
    client.restart().await;
    let mut peer = server.session().await;
    let marker = peer.next().await.unwrap();
    let about = marker
        .get_child("displayed", ns::MARKERS)
        .unwrap()
        .attr("id");
    assert_eq!((about, marker.attr("to")), (Some("w-one"), Some(BOB)));
    // Nothing more: the next thing is what is typed now.
    client.send("two").await;
    assert_eq!(body(&peer.next().await.unwrap()), "two");
}

#[tokio::test]
async fn other_devices_of_ours_are_copied() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let carbon = |direction: &str, stanza: &str| {
        let inner = stanza.replacen("<message", "<message xmlns='jabber:client'", 1);
        format!(
            "<message from='rosa@{DOMAIN}' to='rosa@{DOMAIN}/desk'>\
             <{direction} xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>\
             {inner}</forwarded></{direction}></message>"
        )
    };
    let question = from_bob("question");
    let answer = from_rosa("phone-1", "answer");
    peer.send(&carbon("received", &question)).await;
    peer.send(&carbon("sent", &answer)).await;
    client.wait_texts(&["question", "answer"]).await;
    // Answered there is read there, and nothing is notified twice.
    assert_eq!(client.conversation().await.unwrap().unread, 0);
    // The same once more, directly and copied.
    peer.send(&question).await;
    peer.send(&carbon("sent", &answer)).await;
    peer.send(&from_bob("next")).await;
    client.wait_texts(&["question", "answer", "next"]).await;
    // Read elsewhere.
    assert_eq!(client.conversation().await.unwrap().unread, 1);
    peer.send(&carbon(
        "sent",
        &format!(
            "<message from='rosa@{DOMAIN}/phone' to='{BOB}' id='m'>\
             <displayed xmlns='urn:xmpp:chat-markers:0' id='w-next'/></message>"
        ),
    ))
    .await;
    client
        .until("read elsewhere", async || {
            client.conversation().await.unwrap().unread == 0
        })
        .await;
}

#[tokio::test]
async fn u89_what_our_other_devices_say_is_no_news() {
    let server = Server::start();
    let (mut client, mut peer) = Client::start(&server).await;
    let said = from_rosa("phone-1", "from the phone");
    let inner = said.replacen("<message", "<message xmlns='jabber:client'", 1);
    peer.send(&format!(
        "<message from='rosa@{DOMAIN}' to='rosa@{DOMAIN}/desk'>\
         <sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>\
         {inner}</forwarded></sent></message>"
    ))
    .await;
    client.wait_texts(&["from the phone"]).await;
    peer.send(&from_bob("an answer")).await;
    assert_eq!(client.notified().await.1, "an answer");
}

#[tokio::test]
async fn a_refused_message_says_so_and_can_be_tried_again() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let id = client.send("hello").await;
    let first = peer.text().await.attr("id").unwrap().to_owned();
    peer.send(&format!(
        "<message type='error' from='{BOB}' to='rosa@{DOMAIN}/desk' id='{first}'>\
         <error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         </error></message>"
    ))
    .await;
    let code = ErrorCode::MessageRejected;
    client.wait_state(id, DeliveryState::Failed { code }).await;
    let retry = Request::RetryMessage {
        account: client.account.clone(),
        message: id,
    };
    client.ask(retry).await;
    let second = peer.text().await;
    assert_eq!(body(&second), "hello");
    // Another id: who has dropped the first as a duplicate takes this one.
    assert_ne!(second.attr("id"), Some(first.as_str()));
    peer.acknowledge().await;
    client.wait_state(id, DeliveryState::Sent).await;
}

#[tokio::test]
async fn an_absence_ends_with_one_notification_for_each_conversation() {
    let server = Server::start();
    let (mut client, mut peer) = Client::start(&server).await;
    peer.send(&from_bob("known")).await;
    assert_eq!(client.notified().await.1, "known");
    client.restart().await;
    let mut peer = server.signed_in().await;
    let query = peer.begin_until_archive().await;
    let set = query
        .get_child("query", ns::MAM)
        .unwrap()
        .get_child("set", ns::RSM)
        .unwrap();
    let before = set.get_child("before", ns::RSM).unwrap();
    assert_eq!(before.text(), "", "the newest first");
    let old = archived("s-old", &from_bob("long ago"));
    let fresh = |text: &str| Archived {
        stamp: jiff::Timestamp::now().to_string(),
        ..archived(&format!("s-{text}"), &from_bob(text))
    };
    let known = archived("s-known", &from_bob("known"));
    let page = [known, old, fresh("news 1"), fresh("news 2")];
    peer.answer_archive(&query, &page, false).await;
    assert_eq!(client.notified().await.1, "news 2");
    client
        .wait_texts(&["known", "long ago", "news 1", "news 2"])
        .await;
    // The next is the next live one.
    peer.send(&from_bob("live")).await;
    assert_eq!(client.notified().await.1, "live");
}

/// The present is there at once; what was missed comes behind it, in its place.
#[tokio::test]
async fn after_a_long_absence_the_newest_come_first_and_the_rest_in_between() {
    let server = Server::start();
    let (mut client, mut peer) = Client::start(&server).await;
    peer.send(&from_bob("known")).await;
    client.wait_texts(&["known"]).await;
    client.restart().await;
    let mut peer = server.signed_in().await;
    let query = peer.begin_until_archive().await;
    let text = |text: &str| archived(&format!("s-{text}"), &from_bob(text));
    peer.answer_archive(&query, &[text("3"), text("4")], false)
        .await;
    client.wait_texts(&["known", "3", "4"]).await;
    client.wait_online().await;
    let query = peer.with("query", ns::MAM).await;
    peer.answer_archive(&query, &[text("2")], false).await;
    let query = peer.with("query", ns::MAM).await;
    let set = query.get_child("query", ns::MAM).unwrap();
    let set = set.get_child("set", ns::RSM).unwrap();
    assert_eq!(set.get_child("before", ns::RSM).unwrap().text(), "s-2");
    peer.send(&from_bob("5")).await;
    client.wait_texts(&["known", "2", "3", "4", "5"]).await;
    // Cut in the middle of it: the gap is remembered.
    client.restart().await;
    let mut peer = server.signed_in().await;
    let query = peer.begin_until_archive().await;
    peer.answer_archive(&query, &[text("4"), text("5")], false)
        .await;
    let query = peer.with("query", ns::MAM).await;
    peer.answer_archive(&query, &[text("known"), text("1")], false)
        .await;
    client.wait_texts(&["known", "1", "2", "3", "4", "5"]).await;
}

/// What we sent may be in what was missed: it is looked for before it is sent again.
#[tokio::test]
async fn the_outbox_waits_for_what_was_missed() {
    let server = Server::start();
    let (mut client, mut peer) = Client::start(&server).await;
    peer.send(&from_bob("known")).await;
    client.wait_texts(&["known"]).await;
    peer.acknowledges = false;
    client.send("mine").await;
    let wire = peer.text().await.attr("id").unwrap().to_owned();
    drop(peer);
    client.restart().await;
    let mut peer = server.signed_in().await;
    let query = peer.begin_until_archive().await;
    let text = |text: &str| archived(&format!("s-{text}"), &from_bob(text));
    peer.answer_archive(&query, &[text("3")], false).await;
    let query = peer.with("query", ns::MAM).await;
    let mine = archived("s-mine", &from_rosa(&wire, "mine"));
    peer.answer_archive(&query, &[text("known"), mine], false)
        .await;
    client.wait_online().await;
    client.send("next").await;
    assert_eq!(body(&peer.text().await), "next", "nothing twice");
    client.wait_texts(&["known", "mine", "3", "next"]).await;
}

/// A marker may stand in the archive pages after the message that it is about.
#[tokio::test]
async fn history_in_pages_knows_what_was_read() {
    let server = Server::start();
    let secrets = std::sync::Arc::new(startalk_engine::MemorySecrets::default());
    let client = Client::join(&server, secrets, crate::client::TIMEOUTS).await;
    let mut peer = server.signed_in().await;
    let newest = peer.begin_until_archive().await;
    let marker = format!(
        "<message from='{BOB}/x' to='rosa@{DOMAIN}' id='m'>\
         <displayed xmlns='urn:xmpp:chat-markers:0' id='old-2'/></message>"
    );
    let page = [
        archived("a5", &marker),
        archived("a6", &from_rosa("new", "not read yet")),
    ];
    peer.answer_archive(&newest, &page, false).await;
    let older = peer.with("query", ns::MAM).await;
    let page = [
        archived("a2", &from_rosa("old-1", "first")),
        archived("a3", &from_rosa("old-2", "second")),
        archived("a4", &from_rosa("old-3", "third")),
    ];
    peer.answer_archive(&older, &page, true).await;
    client
        .wait_texts(&["first", "second", "third", "not read yet"])
        .await;
    client.wait_online().await;
    let states: Vec<_> = client
        .messages()
        .await
        .into_iter()
        .map(|message| message.delivery.unwrap())
        .collect();
    use DeliveryState::{Read, Sent};
    assert_eq!(states, [Read, Read, Sent, Sent]);
}

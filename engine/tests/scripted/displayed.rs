//! How far was read, over several devices (XEP-0490).

use xmpp_core::{Element, ns};

use crate::client::{BOB, Client, TIMEOUTS};
use crate::peer::{DOMAIN, Server, archived, from_bob};

fn item(by: &str, id: &str) -> String {
    format!(
        "<item id='{BOB}'><displayed xmlns='urn:xmpp:mds:displayed:0'>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='{by}' id='{id}'/></displayed></item>"
    )
}

fn event(from: &str, id: &str) -> String {
    format!(
        "<message type='headline' from='{from}'>\
         <event xmlns='http://jabber.org/protocol/pubsub#event'>\
         <items node='urn:xmpp:mds:displayed:0'>{}</items></event></message>",
        item(&format!("rosa@{DOMAIN}"), id)
    )
}

async fn unread(client: &Client) -> u32 {
    client.conversation().await.map_or(0, |row| row.unread)
}

#[tokio::test]
async fn what_is_read_here_is_published_once() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    for text in ["one", "two", "three"] {
        peer.send(&from_bob(text)).await;
    }
    client.wait_texts(&["one", "two", "three"]).await;
    for message in client.messages().await {
        client.mark_displayed(message.id).await;
    }
    let iq = peer.with("pubsub", ns::PUBSUB).await;
    let pubsub = iq.get_child("pubsub", ns::PUBSUB).unwrap();
    let publish = pubsub.get_child("publish", ns::PUBSUB).unwrap();
    assert_eq!(publish.attr("node"), Some(ns::DISPLAYED_SYNC));
    let published = publish.get_child("item", ns::PUBSUB).unwrap();
    assert_eq!(published.attr("id"), Some(BOB));
    let stanza_id = published
        .get_child("displayed", ns::DISPLAYED_SYNC)
        .and_then(|displayed| displayed.get_child("stanza-id", ns::STANZA_ID))
        .unwrap();
    assert_eq!(
        (stanza_id.attr("by"), stanza_id.attr("id")),
        (Some("rosa@team.internal"), Some("s-three"))
    );
    assert!(pubsub.has_child("publish-options", ns::PUBSUB));
    peer.result(&iq, "").await;
    // Nothing more is said of it.
    client.send("next").await;
    assert!(peer.next().await.unwrap().has_child("body", ns::CLIENT));
    // Whoever answers has read what is above, and that is said at once.
    peer.send(&from_bob("four")).await;
    client
        .wait_texts(&["one", "two", "three", "next", "four"])
        .await;
    client.send("answer").await;
    let iq = peer.with("pubsub", ns::PUBSUB).await;
    assert!(xmpp_core::element::write(&iq).unwrap().contains("s-four"));
}

/// Nobody said that it was seen: it was answered.
#[tokio::test]
async fn whoever_answers_has_read_what_is_above() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.send(&from_bob("one")).await;
    client.wait_texts(&["one"]).await;
    client.send("mine").await;
    let iq = peer.with("pubsub", ns::PUBSUB).await;
    let pubsub = iq.get_child("pubsub", ns::PUBSUB).unwrap();
    let publish = pubsub.get_child("publish", ns::PUBSUB).unwrap();
    let item = publish.get_child("item", ns::PUBSUB).unwrap();
    let displayed = item.get_child("displayed", ns::DISPLAYED_SYNC).unwrap();
    let stanza_id = displayed.get_child("stanza-id", ns::STANZA_ID).unwrap();
    assert_eq!(stanza_id.attr("id"), Some("s-one"));
    peer.result(&iq, "").await;
    // That is known by now.
    client.send("more").await;
    assert_eq!(crate::peer::body(&peer.text().await), "more");
    peer.send(&from_bob("two")).await;
    client.wait_texts(&["one", "mine", "more", "two"]).await;
    client.send("again").await;
    loop {
        let stanza = peer.next().await.unwrap();
        if let Some(pubsub) = stanza.get_child("pubsub", ns::PUBSUB) {
            let publish = pubsub.get_child("publish", ns::PUBSUB).unwrap();
            let text = xmpp_core::element::write(publish).unwrap();
            assert!(text.contains("s-two"), "{text}");
            break;
        }
    }
}

/// COMPAT: ejabberd before 23.04 knows few options, and keeps one item.
#[tokio::test]
async fn a_server_that_does_not_know_the_options_has_its_node_set_up() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.send(&from_bob("one")).await;
    client.wait_texts(&["one"]).await;
    client.mark_displayed(client.messages().await[0].id).await;
    let refuse = |iq: &Element, kind: &str, condition: &str| {
        format!(
            "<iq type='error' id='{}'><error type='{kind}'>\
             <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
            iq.attr("id").unwrap()
        )
    };
    let inner = |iq: &Element, name: &str| {
        let pubsub = iq.children().find(|child| child.name() == "pubsub");
        pubsub?
            .children()
            .find(|child| child.name() == name)
            .cloned()
    };
    let iq = peer.with("pubsub", ns::PUBSUB).await;
    assert!(inner(&iq, "publish-options").is_some());
    peer.send(&refuse(&iq, "wait", "resource-constraint")).await;
    let iq = peer.with("pubsub", ns::PUBSUB).await;
    let create = inner(&iq, "create").unwrap();
    assert_eq!(create.attr("node"), Some(ns::DISPLAYED_SYNC));
    peer.send(&refuse(&iq, "cancel", "conflict")).await;
    let iq = peer.with("pubsub", ns::PUBSUB_OWNER).await;
    let configure = inner(&iq, "configure").unwrap();
    assert_eq!(configure.attr("node"), Some(ns::DISPLAYED_SYNC));
    let form = configure.get_child("x", ns::DATA_FORMS).unwrap();
    let whitelist = form.children().any(|field| {
        let is_it = field.attr("var") == Some("pubsub#access_model");
        is_it && field.children().any(|value| value.text() == "whitelist")
    });
    assert!(whitelist, "{form:?}");
    peer.result(&iq, "").await;
    // Only now is anything in it.
    let iq = peer.with("pubsub", ns::PUBSUB).await;
    assert!(inner(&iq, "publish").is_some() && inner(&iq, "publish-options").is_none());
    peer.result(&iq, "").await;
}

#[tokio::test]
async fn what_is_read_elsewhere_is_read_here_and_nobody_else_says_so() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    for text in ["one", "two"] {
        peer.send(&from_bob(text)).await;
    }
    client.wait_texts(&["one", "two"]).await;
    peer.send(&event(BOB, "s-two")).await;
    peer.send(&event("mallory@team.internal", "s-two")).await;
    peer.ask_handled().await;
    assert_eq!(unread(&client).await, 2);
    peer.send(&event("rosa@team.internal", "s-one")).await;
    client
        .until("one is read", async || unread(&client).await == 1)
        .await;
    // Of a message that comes only now.
    peer.send(&event("rosa@team.internal", "s-three")).await;
    peer.send(&from_bob("three")).await;
    client
        .until("all is read", async || {
            client.texts().await.len() == 3 && unread(&client).await == 0
        })
        .await;
}

#[tokio::test]
async fn a_new_device_knows_what_was_read() {
    let server = Server::start();
    let secrets = std::sync::Arc::new(startalk_engine::MemorySecrets::default());
    let mut client = Client::join(&server, secrets, TIMEOUTS).await;
    let mut peer = server.signed_in().await;
    let items = item("rosa@team.internal", "s-two");
    let query = peer
        .begin_answering(|iq| {
            iq.has_child("pubsub", ns::PUBSUB).then(|| {
                format!(
                    "<pubsub xmlns='http://jabber.org/protocol/pubsub'>\
                     <items node='urn:xmpp:mds:displayed:0'>{items}</items></pubsub>"
                )
            })
        })
        .await;
    let now = |text: &str| {
        let mut archived = archived(&format!("s-{text}"), &from_bob(text));
        // Young enough for a notification.
        archived.stamp = "2999-01-01T00:00:00Z".to_owned();
        archived
    };
    let page = [now("one"), now("two"), now("three")];
    peer.answer_archive(&query, &page, true).await;
    client.wait_texts(&["one", "two", "three"]).await;
    assert_eq!(unread(&client).await, 1);
    assert_eq!(client.notified().await.1, "three");
}

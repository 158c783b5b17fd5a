//! What was decided about a conversation between two, and how the other devices learn
//! of it.

use startalk_engine::api::{ConversationRequest, ConversationView, NotifyLevel, Request, Response};
use xmpp_core::{Element, ns};

use crate::client::{BOB, Client};
use crate::peer::{DOMAIN, Peer, Server, body, from_bob};

const EVE: &str = "eve@team.internal";

async fn set_notify(client: &Client, notify: NotifyLevel, until_ms: Option<i64>) {
    let request = ConversationRequest::SetNotify {
        account: client.account.clone(),
        conversation: BOB.to_owned(),
        notify,
        until_ms,
    };
    client.ask(Request::Conversation(request)).await;
}

async fn pin(client: &Client, pinned: bool) {
    let (account, conversation) = (client.account.clone(), BOB.to_owned());
    let request = match pinned {
        true => ConversationRequest::Pin {
            account,
            conversation,
            place: None,
        },
        false => ConversationRequest::Unpin {
            account,
            conversation,
        },
    };
    client.ask(Request::Conversation(request)).await;
}

async fn row(client: &Client, with: &str) -> Option<ConversationView> {
    let request = Request::Conversations {
        account: client.account.clone(),
    };
    match client.ask(request).await {
        Response::Conversations(all) => all.into_iter().find(|row| row.id == with),
        other => panic!("{other:?}"),
    }
}

/// Rosa, with a conversation with Bob.
async fn client_with_bob(server: &Server) -> (Client, Peer) {
    let (client, mut peer) = Client::start(server).await;
    peer.send(&from_bob("hi")).await;
    client.wait_texts(&["hi"]).await;
    (client, peer)
}

/// What is published next in the node; not answered yet.
async fn publishes(peer: &mut Peer) -> Element {
    loop {
        let iq = peer.with("pubsub", ns::PUBSUB).await;
        let pubsub = iq.get_child("pubsub", ns::PUBSUB).unwrap();
        let publish = pubsub.get_child("publish", ns::PUBSUB);
        if publish.is_some_and(|publish| publish.attr("node") == Some(ns::CONVERSATIONS)) {
            return iq;
        }
    }
}

/// The item in it.
fn item(iq: &Element) -> &Element {
    let pubsub = iq.get_child("pubsub", ns::PUBSUB).unwrap();
    let publish = pubsub.get_child("publish", ns::PUBSUB).unwrap();
    publish.get_child("item", ns::PUBSUB).unwrap()
}

/// What an item says of notifications, and whether it is pinned.
fn said(item: &Element) -> (Vec<String>, bool) {
    let conversation = item
        .get_child("conversation", ns::CONVERSATIONS)
        .expect("a decision");
    let extensions = conversation.get_child("extensions", ns::BOOKMARKS);
    let settings = extensions
        .and_then(|extensions| extensions.get_child("notify", ns::NOTIFICATION_SETTINGS))
        .into_iter()
        .flat_map(Element::children)
        .map(|setting| setting.name().to_owned())
        .collect();
    let pinned = extensions.is_some_and(|extensions| extensions.has_child("pinned", ns::PINNING));
    (settings, pinned)
}

fn with_extensions(id: &str, inside: &str) -> String {
    format!(
        "<item id='{id}'><conversation xmlns='urn:startalk:conversations:0'>\
         <extensions xmlns='urn:xmpp:bookmarks:1'>{inside}</extensions></conversation></item>"
    )
}

fn notify(setting: &str) -> String {
    format!("<notify xmlns='urn:xmpp:notification-settings:1'>{setting}</notify>")
}

async fn push(peer: &mut Peer, from: &str, item: &str) {
    peer.send(&format!(
        "<message type='headline' from='{from}@{DOMAIN}'>\
         <event xmlns='http://jabber.org/protocol/pubsub#event'>\
         <items node='urn:startalk:conversations:0'>{item}</items></event></message>"
    ))
    .await;
}

#[tokio::test]
async fn what_is_decided_about_two_is_published_for_ourselves_alone() {
    let server = Server::start();
    let (client, mut peer) = client_with_bob(&server).await;
    set_notify(&client, NotifyLevel::None, None).await;
    let iq = publishes(&mut peer).await;
    assert_eq!(item(&iq).attr("id"), Some(BOB));
    assert_eq!(said(item(&iq)), (vec!["never".to_owned()], false));
    let options = iq
        .get_child("pubsub", ns::PUBSUB)
        .unwrap()
        .get_child("publish-options", ns::PUBSUB)
        .unwrap();
    let form = options.get_child("x", ns::DATA_FORMS).unwrap();
    let is_private = |field: &Element| {
        field.attr("var") == Some("pubsub#access_model")
            && field.get_child("value", ns::DATA_FORMS).unwrap().text() == "whitelist"
    };
    assert!(form.children().any(is_private));
    peer.result(&iq, "").await;
    pin(&client, true).await;
    let iq = publishes(&mut peer).await;
    assert_eq!(said(item(&iq)), (vec!["never".to_owned()], true));
    peer.result(&iq, "").await;
    // For a while: that is a matter of this device, and so is the order.
    set_notify(&client, NotifyLevel::None, Some(4_000_000_000_000)).await;
    pin(&client, true).await;
    client.send("next").await;
    loop {
        let stanza = peer.next().await.unwrap();
        assert!(!stanza.has_child("pubsub", ns::PUBSUB), "{stanza:?}");
        if stanza.has_child("body", ns::CLIENT) {
            break;
        }
    }
    pin(&client, false).await;
    let iq = publishes(&mut peer).await;
    assert_eq!(said(item(&iq)), (vec!["never".to_owned()], false));
}

#[tokio::test]
async fn what_another_device_decides_holds_here() {
    let server = Server::start();
    let (client, mut peer) = client_with_bob(&server).await;
    let never = format!(
        "{}<x xmlns='urn:other'/><pinned xmlns='urn:xmpp:bookmarks-pinning:0'/>",
        notify("<never/>")
    );
    // Nobody else has a say.
    push(&mut peer, "bob", &with_extensions(BOB, &never)).await;
    push(&mut peer, "rosa", &with_extensions(EVE, &never)).await;
    client
        .until("pinned, though there was nothing", async || {
            let row = row(&client, EVE).await;
            row.is_some_and(|row| row.pinned && row.notify == NotifyLevel::None)
        })
        .await;
    let with_bob = row(&client, BOB).await.unwrap();
    assert!(!with_bob.pinned && with_bob.notify == NotifyLevel::All);
    push(&mut peer, "rosa", &with_extensions(BOB, &never)).await;
    client
        .until("silence", async || {
            let row = row(&client, BOB).await.unwrap();
            row.pinned && row.notify == NotifyLevel::None
        })
        .await;
    // What somebody else has put there stays.
    set_notify(&client, NotifyLevel::All, None).await;
    let iq = publishes(&mut peer).await;
    assert_eq!(said(item(&iq)), (vec!["always".to_owned()], true));
    let conversation = item(&iq)
        .get_child("conversation", ns::CONVERSATIONS)
        .unwrap();
    let extensions = conversation.get_child("extensions", ns::BOOKMARKS).unwrap();
    assert!(extensions.has_child("x", "urn:other"));
    // As the server tells all devices, this one too.
    let ours = format!(
        "{}<pinned xmlns='urn:xmpp:bookmarks-pinning:0'/>",
        notify("<always/>")
    );
    push(&mut peer, "rosa", &with_extensions(BOB, &ours)).await;
    peer.result(&iq, "").await;
    let retract = format!("<retract id='{BOB}'/>");
    push(&mut peer, "rosa", &retract).await;
    client
        .until("nothing any more", async || {
            !row(&client, BOB).await.unwrap().pinned
        })
        .await;
}

/// Two devices decide at the same time: what the server has last holds on both.
#[tokio::test]
async fn decisions_that_cross() {
    let server = Server::start();
    let (client, mut peer) = client_with_bob(&server).await;
    let never = with_extensions(BOB, &notify("<never/>"));
    set_notify(&client, NotifyLevel::All, None).await;
    let iq = publishes(&mut peer).await;
    // The server had theirs before ours.
    push(&mut peer, "rosa", &never).await;
    push(
        &mut peer,
        "rosa",
        &with_extensions(BOB, &notify("<always/>")),
    )
    .await;
    peer.send(&from_bob("between")).await;
    client.wait_texts(&["hi", "between"]).await;
    let level = async || row(&client, BOB).await.unwrap().notify;
    assert_eq!(level().await, NotifyLevel::All);
    // And one behind it, which is heard before the answer is.
    push(&mut peer, "rosa", &never).await;
    client
        .until("silence", async || level().await == NotifyLevel::None)
        .await;
    peer.result(&iq, "").await;
    peer.send(&from_bob("behind")).await;
    client.wait_texts(&["hi", "between", "behind"]).await;
    assert_eq!(level().await, NotifyLevel::None);
}

/// What the server has not taken yet is newer than what it has; and where it has no
/// place for it, that holds here.
#[tokio::test]
async fn what_was_not_taken_is_published_later_or_stays_here() {
    let server = Server::start();
    let (mut client, mut peer) = client_with_bob(&server).await;
    set_notify(&client, NotifyLevel::None, None).await;
    publishes(&mut peer).await;
    for is_taken in [false, true] {
        let ((), closed) = tokio::join!(client.restart(), peer.closes_in_order());
        assert!(closed);
        peer = server.signed_in().await;
        let archive = peer.begin_answering(has_always).await;
        peer.answer_archive(&archive, &[], true).await;
        let iq = publishes(&mut peer).await;
        assert_eq!(said(item(&iq)), (vec!["never".to_owned()], false));
        if is_taken {
            peer.result(&iq, "").await;
        } else {
            // Refused, and so is the node.
            refuse(&mut peer, &iq).await;
            let create = peer.with("pubsub", ns::PUBSUB).await;
            refuse(&mut peer, &create).await;
        }
        client.wait_online().await;
        let level = row(&client, BOB).await.unwrap().notify;
        assert_eq!(level, NotifyLevel::None);
        client.send("goes on").await;
        assert_eq!(body(&peer.text().await), "goes on");
    }
}

/// What the server has in the node.
fn has_always(iq: &Element) -> Option<String> {
    let pubsub = iq.get_child("pubsub", ns::PUBSUB)?;
    let items = pubsub.get_child("items", ns::PUBSUB)?;
    let node = ns::CONVERSATIONS;
    (items.attr("node") == Some(node)).then(|| {
        let item = with_extensions(BOB, &notify("<always/>"));
        format!(
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{node}'>{item}\
             </items></pubsub>"
        )
    })
}

async fn refuse(peer: &mut Peer, iq: &Element) {
    peer.send(&format!(
        "<iq type='error' id='{}'><error type='cancel'><service-unavailable \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
        iq.attr("id").unwrap()
    ))
    .await;
}

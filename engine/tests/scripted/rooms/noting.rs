//! What other devices learn of a room: how far was read in it (XEP-0490), and of
//! what the user wants to be told (XEP-0492).

use startalk_engine::api::{
    ConversationRequest, ConversationView, Event, NotifyLevel, Request, Response, RoomState,
};
use xmpp_core::{Element, ns};

use super::{
    ROOM, bookmark, client_in_room, give_archive, groupchat, let_in, messages, say, wait_room,
    wait_texts,
};
use crate::client::Client;
use crate::peer::{DOMAIN, Peer, Server, within};

async fn row(client: &Client) -> ConversationView {
    let request = Request::Conversations {
        account: client.account.clone(),
    };
    match client.ask(request).await {
        Response::Conversations(all) => all.into_iter().find(|row| row.id == ROOM).unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn set_notify(client: &Client, notify: NotifyLevel, until_ms: Option<i64>) {
    let request = ConversationRequest::SetNotify {
        account: client.account.clone(),
        conversation: ROOM.to_owned(),
        notify,
        until_ms,
    };
    client.ask(Request::Conversation(request)).await;
}

/// What is published next in a node of ours; it is taken.
pub(super) async fn published(peer: &mut Peer, node: &str) -> Element {
    loop {
        let iq = peer.with("pubsub", ns::PUBSUB).await;
        let pubsub = iq.get_child("pubsub", ns::PUBSUB).unwrap();
        let Some(publish) = pubsub.get_child("publish", ns::PUBSUB) else {
            continue;
        };
        let item = publish.get_child("item", ns::PUBSUB).unwrap().clone();
        let is_it = publish.attr("node") == Some(node);
        peer.result(&iq, "").await;
        if is_it {
            assert_eq!(item.attr("id"), Some(ROOM));
            return item;
        }
    }
}

/// The names of the settings in a bookmark.
fn settings(item: &Element) -> Vec<String> {
    let conference = item.get_child("conference", ns::BOOKMARKS).unwrap();
    let extensions = conference.get_child("extensions", ns::BOOKMARKS).unwrap();
    let notify = extensions.get_child("notify", ns::NOTIFICATION_SETTINGS);
    let settings = notify.unwrap().children();
    settings.map(|setting| setting.name().to_owned()).collect()
}

fn with_setting(setting: &str) -> String {
    bookmark().replace(
        "</conference>",
        &format!(
            "<extensions><x xmlns='urn:other'/><notify xmlns='{}'>{setting}</notify>\
             </extensions></conference>",
            ns::NOTIFICATION_SETTINGS
        ),
    )
}

pub(super) async fn push(peer: &mut Peer, item: &str) {
    peer.send(&format!(
        "<message type='headline' from='rosa@{DOMAIN}'>\
         <event xmlns='http://jabber.org/protocol/pubsub#event'>\
         <items node='urn:xmpp:bookmarks:1'>{item}</items></event></message>"
    ))
    .await;
}

#[tokio::test]
async fn what_is_read_in_a_room_is_published_though_the_room_is_not_told() {
    let server = Server::start();
    let (client, mut peer) = client_in_room(&server).await;
    peer.send(&groupchat("Bob", "b1", "one")).await;
    wait_texts(&client, &["one"]).await;
    client
        .ask(Request::MarkDisplayed {
            account: client.account.clone(),
            conversation: ROOM.to_owned(),
            message: messages(&client).await[0].id,
        })
        .await;
    let item = published(&mut peer, ns::DISPLAYED_SYNC).await;
    let displayed = item.get_child("displayed", ns::DISPLAYED_SYNC).unwrap();
    let stanza_id = displayed.get_child("stanza-id", ns::STANZA_ID).unwrap();
    assert_eq!(
        (stanza_id.attr("by"), stanza_id.attr("id")),
        (Some(ROOM), Some("s-one"))
    );
}

#[tokio::test]
async fn of_what_one_wants_to_be_told_stands_in_the_bookmark() {
    let server = Server::start();
    let (client, mut peer) = client_in_room(&server).await;
    set_notify(&client, NotifyLevel::None, None).await;
    assert_eq!(
        settings(&published(&mut peer, ns::BOOKMARKS).await),
        ["never"]
    );
    // For a while: that is a matter of this device.
    let later = 4_000_000_000_000;
    set_notify(&client, NotifyLevel::Mentions, Some(later)).await;
    say(&client, "next").await;
    loop {
        let stanza = peer.next().await.unwrap();
        assert!(!stanza.has_child("pubsub", ns::PUBSUB), "{stanza:?}");
        if stanza.has_child("body", ns::CLIENT) {
            break;
        }
    }
    assert_eq!(row(&client).await.muted_until_ms, Some(later));

    // Another device says something else; what it says beside that stays.
    push(&mut peer, &with_setting("<always/>")).await;
    client
        .until("another level", async || {
            row(&client).await.notify == NotifyLevel::All
        })
        .await;
    assert_eq!(row(&client).await.muted_until_ms, None);
    let mut events = client.engine.subscribe();
    peer.send(&groupchat("Bob", "b1", "hello all")).await;
    within("a notification", async {
        loop {
            match events.next().await.unwrap() {
                Event::Notify { notification } if notification.conversation == ROOM => break,
                _ => {}
            }
        }
    })
    .await;
    set_notify(&client, NotifyLevel::Mentions, None).await;
    let item = published(&mut peer, ns::BOOKMARKS).await;
    assert_eq!(settings(&item), ["on-mention"]);
    let conference = item.get_child("conference", ns::BOOKMARKS).unwrap();
    let extensions = conference.get_child("extensions", ns::BOOKMARKS).unwrap();
    assert!(extensions.has_child("x", "urn:other"));
    // A bookmark that says nothing any more.
    push(&mut peer, &bookmark()).await;
    push(&mut peer, &with_setting("<never/>")).await;
    client
        .until("silence", async || {
            row(&client).await.notify == NotifyLevel::None
        })
        .await;
}

/// What was decided without a connection is newer than what the bookmark says.
#[tokio::test]
async fn what_was_decided_offline_is_noted_with_the_next_session() {
    let server = Server::start();
    let (mut client, peer) = client_in_room(&server).await;
    drop(peer);
    // Nobody says a word on the next connection: it stays the only one.
    let silent = server.accept_tcp().await;
    set_notify(&client, NotifyLevel::None, None).await;
    client.restart().await;
    drop(silent);
    let mut peer = server.signed_in().await;
    peer.bookmarks = Some(with_setting("<always/>"));
    peer.begin(&[]).await;
    let item = published(&mut peer, ns::BOOKMARKS).await;
    assert_eq!(settings(&item), ["never"]);
    assert_eq!(row(&client).await.notify, NotifyLevel::None);
    let_in(&mut peer).await;
    give_archive(&mut peer, &[]).await;
    wait_room(&client, RoomState::Joined).await;
}

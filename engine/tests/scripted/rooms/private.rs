//! Between two people who meet in a room only (XEP-0045, section 7.5), and the
//! picture of a room (XEP-0486).

use startalk_engine::api::{
    AvatarView, ConversationView, DeliveryState, Direction, ErrorCode, MessageView, PeopleRequest,
    PresenceShow, Request, Response, RoomState, WindowAnchor,
};
use xmpp_core::{Element, ns};

use super::{
    ROOM, USER, answer, bookmark, client_in_room, give_archive, groupchat, let_in, messages,
    presence, refuse, room, wait_room, wait_texts,
};
use crate::client::Client;
use crate::peer::{DOMAIN, Peer, Server, body};

const BOB: &str = "lounge@rooms.team.internal/Bob";

async fn row(client: &Client, id: &str) -> Option<ConversationView> {
    let request = Request::Conversations {
        account: client.account.clone(),
    };
    match client.ask(request).await {
        Response::Conversations(all) => all.into_iter().find(|row| row.id == id),
        other => panic!("{other:?}"),
    }
}

async fn said(client: &Client, conversation: &str) -> Vec<MessageView> {
    let ask = Request::Messages {
        account: client.account.clone(),
        conversation: conversation.to_owned(),
        anchor: WindowAnchor::Latest,
        limit: 100,
    };
    match client.ask(ask).await {
        Response::Messages(window) => window.messages,
        other => panic!("{other:?}"),
    }
}

async fn wait_said(client: &Client, conversation: &str, texts: &[&str]) {
    client
        .until(&format!("{texts:?}"), async || {
            let all = said(client, conversation).await;
            all.iter()
                .map(|one| one.text.as_str())
                .eq(texts.iter().copied())
        })
        .await;
}

fn private(from: &str, id: &str, text: &str, stanza_id: &str) -> String {
    format!(
        "<message type='chat' from='{from}' to='rosa@{DOMAIN}/desk' id='{id}'>\
         <body>{text}</body><x xmlns='{USER}'/>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='rosa@{DOMAIN}' id='{stanza_id}'/></message>"
    )
}

async fn send(client: &Client, text: &str) -> i64 {
    let request = Request::SendMessage {
        account: client.account.clone(),
        conversation: BOB.to_owned(),
        text: text.to_owned(),
    };
    match client.ask(request).await {
        Response::Message(id) => id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_somebody_in_a_room_says_in_private_is_a_conversation_of_its_own() {
    let server = Server::start();
    let (client, mut peer) = client_in_room(&server).await;
    peer.send(&private(BOB, "p1", "psst", "s-1")).await;
    // The same, as the server has it for another device of ours.
    peer.send(&private(BOB, "p1", "psst", "s-2")).await;
    peer.send(&groupchat("Bob", "b1", "hello all")).await;
    wait_said(&client, BOB, &["psst"]).await;
    wait_texts(&client, &["hello all"]).await;
    let view = row(&client, BOB).await.unwrap();
    assert_eq!(
        (view.name.as_str(), view.in_room.as_deref(), view.unread),
        ("Bob", Some("Lounge"), 1)
    );
    assert_eq!(view.presence, PresenceShow::Online);
    let first = said(&client, BOB).await.remove(0);
    assert_eq!(
        (first.author.as_str(), first.author_name.as_str()),
        (BOB, "Bob")
    );
    assert_eq!(row(&client, ROOM).await.unwrap().in_room, None);

    let id = send(&client, "what?").await;
    let message = peer.text().await;
    assert_eq!(
        (
            message.attr("to"),
            message.attr("type"),
            body(&message).as_str()
        ),
        (Some(BOB), Some("chat"), "what?")
    );
    assert!(message.has_child("x", ns::MUC_USER));
    // From another device of ours, which is in the room too (XEP-0280).
    peer.send(&format!(
        "<message from='rosa@{DOMAIN}' to='rosa@{DOMAIN}/desk'><sent xmlns='urn:xmpp:carbons:2'>\
         <forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' type='chat' \
         from='rosa@{DOMAIN}/phone' to='{BOB}' id='p2'><body>here</body><x xmlns='{USER}'/>\
         </message></forwarded></sent></message>"
    ))
    .await;
    // The server had that, and is not known to have what this device says.
    wait_said(&client, BOB, &["psst", "here", "what?"]).await;
    let other = said(&client, BOB).await.remove(1);
    assert_eq!(other.direction, Direction::Outgoing);
    // Bob has left meanwhile.
    refuse(&mut peer, &message, "item-not-found").await;
    client
        .until("failed", async || {
            let all = said(&client, BOB).await;
            let mine = all.into_iter().find(|one| one.id == id).unwrap();
            matches!(mine.delivery, Some(DeliveryState::Failed { .. }))
        })
        .await;
}

#[tokio::test]
async fn who_is_in_no_room_of_ours_says_nothing_in_private() {
    let server = Server::start();
    let (client, mut peer) = client_in_room(&server).await;
    let mallory = format!("mallory@{DOMAIN}/Bob");
    peer.send(&private(&mallory, "m1", "I am Bob", "s-1")).await;
    let bare = format!("mallory@{DOMAIN}");
    wait_said(&client, &bare, &["I am Bob"]).await;
    assert_eq!(row(&client, &mallory).await, None);
    assert_eq!(said(&client, &bare).await[0].author, bare);
    // What a room has to say with the same sign is nobody's message.
    peer.send(&private(ROOM, "r1", "not anonymous", "s-2"))
        .await;
    peer.send(&groupchat("Bob", "b1", "hello")).await;
    wait_texts(&client, &["hello"]).await;
    for unknown in [mallory.as_str(), "elsewhere@rooms.team.internal/Bob"] {
        let start = Request::StartConversation {
            account: client.account.clone(),
            contact: unknown.to_owned(),
        };
        let refused = client.engine.handle(start).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::NotFound, "{unknown}");
    }
}

/// Only who is in a room can say something to somebody in it.
#[tokio::test]
async fn what_is_said_in_private_waits_until_we_are_in_the_room() {
    let server = Server::start();
    let (mut client, peer) = client_in_room(&server).await;
    drop(peer);
    client.restart().await;
    send(&client, "later").await;
    let mut peer = server.signed_in().await;
    peer.bookmarks = Some(bookmark());
    peer.begin(&[]).await;
    let asked = let_in(&mut peer).await;
    assert!(!asked.has_child("body", ns::CLIENT));
    give_archive(&mut peer, &[]).await;
    assert_eq!(body(&peer.text().await), "later");
    wait_room(&client, RoomState::Joined).await;
}

const PNG: &str = "iVBORw0KGgogcmVzdA==";
/// SHA-1 of it.
const HASH: &str = "330b91706323846f9a28059239a247af21fcb1e2";

async fn picture(client: &Client) -> Option<AvatarView> {
    let request = PeopleRequest::Avatar {
        account: client.account.clone(),
        address: ROOM.to_owned(),
    };
    match client.people(request).await {
        Response::Avatar(picture) => picture,
        other => panic!("{other:?}"),
    }
}

async fn announce(peer: &mut Peer, photo: &str) {
    peer.send(&format!(
        "<presence from='{ROOM}' to='rosa@{DOMAIN}/desk'><x xmlns='vcard-temp:x:update'>\
         <photo>{photo}</photo></x></presence>"
    ))
    .await;
}

#[tokio::test]
async fn a_room_has_a_picture() {
    let server = Server::start();
    let (client, mut peer) = client_in_room(&server).await;
    assert_eq!(room(&client).await.avatar, None);
    announce(&mut peer, HASH).await;
    client
        .until("a picture", async || room(&client).await.avatar.is_some())
        .await;
    assert_eq!(room(&client).await.avatar.as_deref(), Some(HASH));
    let view = row(&client, ROOM).await.unwrap();
    assert_eq!(view.avatar.as_deref(), Some(HASH));
    assert_eq!(view.presence, PresenceShow::Offline, "a room is no person");
    let give = async |peer: &mut Peer| {
        let iq: Element = peer.with("vCard", ns::VCARD_TEMP).await;
        assert_eq!(iq.attr("to"), Some(ROOM));
        let card = format!("<PHOTO><TYPE>image/png</TYPE><BINVAL>{PNG}</BINVAL></PHOTO>");
        answer(
            peer,
            &iq,
            &format!("<vCard xmlns='vcard-temp'>{card}</vCard>"),
        )
        .await;
    };
    let (found, ()) = tokio::join!(picture(&client), give(&mut peer));
    assert_eq!(found.unwrap().data, PNG);
    // Somebody in the room does not speak for it.
    let metadata = "urn:xmpp:avatar:metadata";
    for taken in [
        format!(
            "<items node='{metadata}'><item id='x'><metadata xmlns='{metadata}'/></item></items>"
        ),
        format!("<purge node='{metadata}'/>"),
    ] {
        peer.send(&format!(
            "<message from='{ROOM}/Bob' type='headline'>\
             <event xmlns='http://jabber.org/protocol/pubsub#event'>{taken}</event></message>"
        ))
        .await;
    }
    peer.send(&groupchat("Bob", "b", "after it")).await;
    wait_texts(&client, &["after it"]).await;
    assert_eq!(room(&client).await.avatar.as_deref(), Some(HASH));
    announce(&mut peer, "").await;
    client
        .until("no picture", async || room(&client).await.avatar.is_none())
        .await;

    // And as its service says when asked, after a change (code 104).
    peer.send(&format!(
        "<message type='groupchat' from='{ROOM}'><x xmlns='{USER}'><status code='104'/></x>\
         </message>"
    ))
    .await;
    let iq = peer.with("query", ns::DISCO_INFO).await;
    let field =
        |name: &str, value: &str| format!("<field var='{name}'><value>{value}</value></field>");
    let form = field("FORM_TYPE", "http://jabber.org/protocol/muc#roominfo")
        + &field("muc#roominfo_avatarhash", HASH);
    let info = format!("<x xmlns='jabber:x:data' type='result'>{form}</x>");
    let query = "http://jabber.org/protocol/disco#info";
    answer(
        &mut peer,
        &iq,
        &format!("<query xmlns='{query}'>{info}</query>"),
    )
    .await;
    client
        .until("a picture", async || room(&client).await.avatar.is_some())
        .await;
    // Still known by its hash.
    assert!(picture(&client).await.is_some());
    let us = "affiliation='owner' role='moderator'";
    peer.send(&presence("Rosa", "", us, &[110])).await;
    wait_texts(&client, &["after it"]).await;
    assert_eq!(messages(&client).await.len(), 1);
}

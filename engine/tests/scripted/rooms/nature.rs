//! What a room is like, which it need not tell strangers, and which changes.

use startalk_engine::api::RoomState;
use xmpp_core::{Element, ns};

use super::{
    ROOM, bookmark, client_in_room, give_archive, join, let_in, refuse, room, tell, wait_room,
    wait_texts,
};
use crate::client::{Client, TIMEOUTS};
use crate::peer::{Peer, Server, within};

/// It lets us in all the same, and tells us once we are there.
#[tokio::test]
async fn a_room_that_tells_strangers_nothing_is_joined_at_the_start_too() {
    let server = Server::start();
    let secrets = std::sync::Arc::new(startalk_engine::MemorySecrets::default());
    let client = Client::join(&server, secrets, TIMEOUTS).await;
    let mut peer = server.signed_in().await;
    peer.bookmarks = Some(bookmark());
    peer.begin(&[]).await;
    let asked = peer.with("query", ns::DISCO_INFO).await;
    assert_eq!(asked.attr("to"), Some(ROOM));
    refuse(&mut peer, &asked, "forbidden").await;
    let_in(&mut peer).await;
    tell(&mut peer, &["muc_membersonly"]).await;
    wait_room(&client, RoomState::Joined).await;
    client
        .until("what it is like", async || {
            room(&client).await.features.members_only
        })
        .await;
}

#[tokio::test]
async fn a_room_that_somebody_joins_is_asked_again_when_they_are_in_it() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let joining = tokio::spawn(join(&client));
    let asked = peer.with("query", ns::DISCO_INFO).await;
    refuse(&mut peer, &asked, "forbidden").await;
    let_in(&mut peer).await;
    // Beside noting that we want to be in it.
    let (mut is_noted, mut is_told) = (false, false);
    while !(is_noted && is_told) {
        let iq = peer.next().await.unwrap();
        if iq.has_child("pubsub", ns::PUBSUB) {
            peer.result(&iq, "").await;
            is_noted = true;
        } else if iq.has_child("query", ns::DISCO_INFO) {
            super::answer(
                &mut peer,
                &iq,
                "<query xmlns='http://jabber.org/protocol/disco#info'>\
                 <feature var='muc_membersonly'/></query>",
            )
            .await;
            is_told = true;
        }
    }
    within("the answer", joining).await.unwrap().unwrap();
    client
        .until("what it is like", async || {
            room(&client).await.features.members_only
        })
        .await;
}

/// A new session, up to where we ask for the room.
async fn again(server: &Server, client: &mut Client) -> Peer {
    client.restart().await;
    let mut peer = server.signed_in().await;
    peer.bookmarks = Some(bookmark());
    peer.begin(&[]).await;
    peer
}

fn history(asked: &Element) -> Element {
    let muc = asked.get_child("x", ns::MUC).unwrap();
    muc.get_child("history", ns::MUC).unwrap().clone()
}

#[tokio::test]
async fn an_archive_that_a_room_has_got_meanwhile_is_read() {
    let server = Server::start();
    let secrets = std::sync::Arc::new(startalk_engine::MemorySecrets::default());
    let mut client = Client::join(&server, secrets, TIMEOUTS).await;
    let mut peer = server.signed_in().await;
    peer.bookmarks = Some(bookmark());
    peer.begin(&[]).await;
    tell(&mut peer, &["muc_public"]).await;
    let_in(&mut peer).await;
    wait_room(&client, RoomState::Joined).await;
    let mut peer = again(&server, &mut client).await;
    let asked = let_in(&mut peer).await;
    assert_eq!(history(&asked).attr("maxstanzas"), Some("50"));
    tell(&mut peer, &["urn:xmpp:mam:2"]).await;
    give_archive(&mut peer, &["past"]).await;
    wait_texts(&client, &["past"]).await;
    wait_room(&client, RoomState::Joined).await;
    // From now on it is read at once.
    let mut peer = again(&server, &mut client).await;
    let asked = let_in(&mut peer).await;
    assert_eq!(history(&asked).attr("maxchars"), Some("0"));
    give_archive(&mut peer, &["past", "more"]).await;
    wait_texts(&client, &["past", "more"]).await;
}

#[tokio::test]
async fn where_the_archive_is_gone_the_last_words_of_the_room_are_heard() {
    let server = Server::start();
    let (mut client, _peer) = client_in_room(&server).await;
    let mut peer = again(&server, &mut client).await;
    let_in(&mut peer).await;
    let (mut read, mut look) = (None, None);
    while read.is_none() || look.is_none() {
        let iq = peer.next().await.unwrap();
        if iq.has_child("query", ns::MAM) {
            read = Some(iq);
        } else if iq.has_child("query", ns::DISCO_INFO) {
            look = Some(iq);
        }
    }
    refuse(&mut peer, &read.unwrap(), "service-unavailable").await;
    wait_room(&client, RoomState::Joined).await;
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'>\
                <feature var='muc_public'/></query>";
    super::answer(&mut peer, &look.unwrap(), info).await;
    let asked = let_in(&mut peer).await;
    assert_eq!(history(&asked).attr("maxstanzas"), Some("50"));
    peer.send(&format!(
        "<message type='groupchat' from='{ROOM}/Bob' id='b1'><body>last</body>\
         <delay xmlns='urn:xmpp:delay' stamp='2026-01-02T03:04:05Z'/></message>"
    ))
    .await;
    wait_texts(&client, &["last"]).await;
}

//! What a room is like, which it need not tell strangers, and which changes.

use startalk_engine::api::RoomState;
use xmpp_core::ns;

use super::{ROOM, bookmark, join, let_in, refuse, room, tell, wait_room};
use crate::client::{Client, TIMEOUTS};
use crate::peer::{Server, within};

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

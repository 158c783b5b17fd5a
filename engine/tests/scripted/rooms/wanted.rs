//! Which rooms we want to be in, where the server says no when it is asked.

use startalk_engine::api::{RoomRequest, RoomState};
use xmpp_core::{Element, ns};

use super::keeping::resumed;
use super::noting::published;
use super::{
    ROOM, answer, bookmark, client_in_room, give_archive, join, let_in, request, room, wait_room,
};
use crate::client::Client;
use crate::peer::{Peer, Server, body, within};

async fn refuse(peer: &mut Peer, iq: &Element, condition: &str) {
    peer.send(&format!(
        "<iq type='error' id='{}'><error type='wait'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
        iq.attr("id").unwrap()
    ))
    .await;
}

/// A new session, up to where it asks what its account has.
async fn session(server: &Server, client: &mut Client) -> (Peer, Element) {
    client.restart().await;
    let mut peer = server.signed_in().await;
    peer.bookmarks = None;
    peer.begin(&[]).await;
    let asked = peer.with("query", ns::DISCO_INFO).await;
    (peer, asked)
}

async fn tell_features(peer: &mut Peer, asked: &Element, features: &str) {
    let info = format!("<query xmlns='http://jabber.org/protocol/disco#info'>{features}</query>");
    peer.result(asked, &info).await;
}

const PEP: &str = "<identity category='pubsub' type='pep'/>";
const COMPAT: &str = "<feature var='urn:xmpp:bookmarks:1#compat'/>";

#[tokio::test]
async fn bookmarks_that_cannot_be_read_now_cost_no_room() {
    for condition in [
        "internal-server-error",
        "resource-constraint",
        "service-unavailable",
    ] {
        let server = Server::start();
        let (mut client, _peer) = client_in_room(&server).await;
        let (mut peer, asked) = session(&server, &mut client).await;
        tell_features(&mut peer, &asked, COMPAT).await;
        let asked = peer.with("pubsub", ns::PUBSUB).await;
        refuse(&mut peer, &asked, condition).await;
        let_in(&mut peer).await;
        give_archive(&mut peer, &[]).await;
        wait_room(&client, RoomState::Joined).await;
        // It is asked again, and by then another device has left the room.
        let had = peer.received;
        drop(peer);
        let mut peer = resumed(&server, had).await;
        loop {
            let stanza = peer.next().await.unwrap();
            if stanza.is("presence", ns::CLIENT) && stanza.attr("type") == Some("unavailable") {
                assert!(stanza.attr("to").unwrap().starts_with(ROOM));
                break;
            }
        }
        wait_room(&client, RoomState::NotJoined).await;
    }
}

/// What is only among the bookmarks of before is not given up either.
#[tokio::test]
async fn bookmarks_of_before_that_cannot_be_read_now_cost_no_room() {
    let server = Server::start();
    let (mut client, _peer) = client_in_room(&server).await;
    let (mut peer, asked) = session(&server, &mut client).await;
    tell_features(&mut peer, &asked, PEP).await;
    let asked = peer.with("pubsub", ns::PUBSUB).await;
    peer.result(
        &asked,
        "<pubsub xmlns='http://jabber.org/protocol/pubsub'/>",
    )
    .await;
    let asked = peer.with("query", ns::PRIVATE).await;
    refuse(&mut peer, &asked, "resource-constraint").await;
    let_in(&mut peer).await;
    give_archive(&mut peer, &[]).await;
    wait_room(&client, RoomState::Joined).await;
}

#[tokio::test]
async fn where_there_is_no_node_there_are_no_bookmarks_any_more() {
    let server = Server::start();
    let (mut client, _peer) = client_in_room(&server).await;
    let (mut peer, asked) = session(&server, &mut client).await;
    tell_features(&mut peer, &asked, COMPAT).await;
    let asked = peer.with("pubsub", ns::PUBSUB).await;
    refuse(&mut peer, &asked, "item-not-found").await;
    client.wait_online().await;
    wait_room(&client, RoomState::NotJoined).await;
    client.send("next").await;
    assert_eq!(
        body(&peer.next().await.unwrap()),
        "next",
        "no presence to the room"
    );
    assert_eq!(room(&client).await.state, RoomState::NotJoined);
}

/// A new session, in which the bookmark says this yet; and what it is told then.
async fn noted_later(server: &Server, client: &mut Client, autojoin: &str) -> (Peer, String) {
    client.restart().await;
    let mut peer = server.signed_in().await;
    peer.bookmarks = Some(bookmark().replace("'true'", autojoin));
    peer.begin(&[]).await;
    let item = published(&mut peer, ns::BOOKMARKS).await;
    let conference = item.get_child("conference", ns::BOOKMARKS).unwrap();
    let said = conference.attr("autojoin").unwrap().to_owned();
    (peer, said)
}

/// The bookmark is written neither as it is nor after its node was set up.
async fn refuse_bookmark(peer: &mut Peer) {
    for _ in 0..2 {
        let iq = peer.with("pubsub", ns::PUBSUB).await;
        refuse(peer, &iq, "internal-server-error").await;
    }
}

#[tokio::test]
async fn what_a_bookmark_could_not_be_told_is_told_later_and_counts_until_then() {
    let server = Server::start();
    let (mut client, mut peer) = client_in_room(&server).await;
    let engine = client.engine.clone();
    let leave = request(&client, |account| RoomRequest::Leave {
        account,
        room: ROOM.to_owned(),
        forget: false,
    });
    let leaving = tokio::spawn(async move { engine.handle(leave).await });
    refuse_bookmark(&mut peer).await;
    within("the answer", leaving).await.unwrap().unwrap();
    let (mut peer, said) = noted_later(&server, &mut client, "'true'").await;
    assert_eq!(said, "false");
    client.wait_online().await;
    client.send("next").await;
    let next = peer.next().await.unwrap();
    assert_eq!(body(&next), "next", "no presence to the room");
    assert_eq!(room(&client).await.state, RoomState::NotJoined);

    // Another device may leave it again later.
    let joining = tokio::spawn(join(&client));
    let asked = peer.with("query", ns::DISCO_INFO).await;
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'>\
                <feature var='urn:xmpp:mam:2'/></query>";
    answer(&mut peer, &asked, info).await;
    let_in(&mut peer).await;
    let (mut refused, mut is_read) = (0, false);
    while refused < 2 || !is_read {
        let iq = peer.next().await.unwrap();
        if iq.has_child("pubsub", ns::PUBSUB) {
            refuse(&mut peer, &iq, "internal-server-error").await;
            refused += 1;
        } else if iq.has_child("query", ns::MAM) {
            answer(
                &mut peer,
                &iq,
                "<fin xmlns='urn:xmpp:mam:2' complete='true'/>",
            )
            .await;
            is_read = true;
        }
    }
    within("the answer", joining).await.unwrap().unwrap();
    let (mut peer, said) = noted_later(&server, &mut client, "'false'").await;
    assert_eq!(said, "true");
    let_in(&mut peer).await;
    give_archive(&mut peer, &[]).await;
    wait_room(&client, RoomState::Joined).await;
    let left = bookmark().replace("'true'", "'false'");
    super::noting::push(&mut peer, &left).await;
    wait_room(&client, RoomState::NotJoined).await;
}

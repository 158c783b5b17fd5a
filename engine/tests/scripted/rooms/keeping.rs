//! Staying in a room, leaving it, and how it is noted.

use startalk_engine::api::{DeliveryState, LeftWhy, Response, RoomRequest, RoomState};
use xmpp_core::ns;

use super::{
    ROOM, answer, bookmark, client_behind, client_in_room, give_archive, give_page, groupchat,
    let_in, messages, presence, refuse, request, room, say, tell, wait_room, wait_texts,
};
use crate::cache::Refusing;
use crate::client::Client;
use crate::peer::{DOMAIN, Peer, Server, body, within};

/// The server's end of the session, resumed; it had got so many stanzas.
pub(super) async fn resumed(server: &Server, had: u32) -> Peer {
    let mut peer = server.signed_in().await;
    assert!(peer.next().await.unwrap().is("resume", ns::SM));
    peer.received = had;
    peer.send(&format!(
        "<resumed xmlns='urn:xmpp:sm:3' previd='session-1' h='{had}'/>"
    ))
    .await;
    peer
}

#[tokio::test]
async fn whoever_is_put_out_does_not_come_back_by_itself() {
    let server = Server::start();
    let (mut client, mut peer) = client_in_room(&server).await;
    let us = "affiliation='none' role='none'";
    peer.send(&presence("Rosa", "type='unavailable'", us, &[110, 307]))
        .await;
    wait_room(&client, RoomState::Left).await;
    assert_eq!(room(&client).await.left.unwrap().why, LeftWhy::Kicked);
    client.restart().await;
    let mut peer = server.signed_in().await;
    peer.bookmarks = Some(bookmark());
    peer.begin(&[]).await;
    client.wait_online().await;
    client.send("next").await;
    assert_eq!(
        body(&peer.next().await.unwrap()),
        "next",
        "no presence to the room"
    );
    assert_eq!(room(&client).await.state, RoomState::Left);
}

#[tokio::test]
async fn after_a_resumption_a_room_that_has_lost_us_is_joined_again() {
    let server = Server::start();
    let (client, peer) = client_in_room(&server).await;
    let had = peer.received;
    drop(peer);
    let mut peer = resumed(&server, had).await;
    let ping = peer.with("ping", ns::PING).await;
    assert_eq!(ping.attr("to"), Some("lounge@rooms.team.internal/Rosa"));
    // Said into a room that does not have us any more.
    say(&client, "waits").await;
    let lost = peer.text().await;
    refuse(&mut peer, &ping, "not-acceptable").await;
    refuse(&mut peer, &lost, "not-acceptable").await;
    peer.with("x", ns::MUC).await;
    let us = "affiliation='owner' role='moderator'";
    peer.send(&presence("Rosa", "", us, &[110])).await;
    give_archive(&mut peer, &["missed"]).await;
    let again = peer.text().await;
    assert_eq!(again.attr("id"), lost.attr("id"));
    let reflected = groupchat("Rosa", lost.attr("id").unwrap(), "waits");
    peer.send(&reflected).await;
    wait_texts(&client, &["missed", "waits"]).await;
}

/// What was on its way into a room that had lost us stays before what was written
/// while it came back.
#[tokio::test]
async fn what_a_room_refused_stays_in_the_order_in_which_it_was_written() {
    let server = Server::start();
    let (client, peer) = client_in_room(&server).await;
    let had = peer.received;
    drop(peer);
    let mut peer = resumed(&server, had).await;
    let ping = peer.with("ping", ns::PING).await;
    say(&client, "1").await;
    say(&client, "2").await;
    let lost = [peer.text().await, peer.text().await];
    peer.acknowledge().await;
    refuse(&mut peer, &ping, "not-acceptable").await;
    refuse(&mut peer, &lost[0], "not-acceptable").await;
    peer.with("x", ns::MUC).await;
    say(&client, "3").await;
    refuse(&mut peer, &lost[1], "not-acceptable").await;
    let us = "affiliation='owner' role='moderator'";
    peer.send(&presence("Rosa", "", us, &[110])).await;
    give_archive(&mut peer, &[]).await;
    for text in ["1", "2", "3"] {
        assert_eq!(body(&peer.text().await), text);
    }
}

/// Both while the bookmarks are read and while a room is asked what it is like.
#[tokio::test]
async fn a_connection_that_ends_before_the_rooms_are_joined_costs_no_room() {
    let server = Server::start();
    let secrets = std::sync::Arc::new(startalk_engine::MemorySecrets::default());
    let client = Client::join(&server, secrets, crate::client::TIMEOUTS).await;
    let mut peer = server.signed_in().await;
    peer.begin(&[]).await;
    client.wait_online().await;
    let had = peer.received;
    drop(peer);
    let mut peer = resumed(&server, had).await;
    peer.bookmarks = Some(bookmark());
    let look = peer.with("query", ns::DISCO_INFO).await;
    assert_eq!(look.attr("to"), Some(ROOM));
    let had = peer.received;
    drop(peer);
    let mut peer = resumed(&server, had).await;
    tell(&mut peer, &["urn:xmpp:mam:2"]).await;
    let_in(&mut peer).await;
    give_archive(&mut peer, &[]).await;
    wait_room(&client, RoomState::Joined).await;
}

#[tokio::test]
async fn without_stream_management_the_room_says_what_has_arrived() {
    let server = Server::start();
    let secrets = std::sync::Arc::new(startalk_engine::MemorySecrets::default());
    let client = Client::join(&server, secrets, crate::client::TIMEOUTS).await;
    let mut peer = server.signed_in().await;
    peer.manages = false;
    peer.bookmarks = Some(bookmark());
    peer.begin(&[]).await;
    tell(&mut peer, &["urn:xmpp:mam:2"]).await;
    let_in(&mut peer).await;
    give_archive(&mut peer, &[]).await;
    client.wait_online().await;
    wait_room(&client, RoomState::Joined).await;
    let id = say(&client, "mine").await;
    let wire = peer.text().await.attr("id").unwrap().to_owned();
    let state = async || {
        let all = messages(&client).await;
        all.into_iter()
            .find(|one| one.id == id)
            .unwrap()
            .delivery
            .unwrap()
    };
    assert_eq!(state().await, DeliveryState::Waiting);
    drop(peer);
    // It did arrive.
    let mut peer = server.signed_in().await;
    peer.manages = false;
    peer.bookmarks = Some(bookmark());
    peer.begin(&[]).await;
    let_in(&mut peer).await;
    let iq = peer.with("query", ns::MAM).await;
    let query_id = iq
        .get_child("query", ns::MAM)
        .unwrap()
        .attr("queryid")
        .unwrap();
    let inner =
        groupchat("Rosa", &wire, "mine").replacen("<message", "<message xmlns='jabber:client'", 1);
    peer.send(&format!(
        "<message from='{ROOM}'><result xmlns='urn:xmpp:mam:2' id='s-mine' queryid='{query_id}'>\
         <forwarded xmlns='urn:xmpp:forward:0'>\
         <delay xmlns='urn:xmpp:delay' stamp='2026-01-02T03:04:05Z'/>{inner}</forwarded>\
         </result></message>"
    ))
    .await;
    answer(
        &mut peer,
        &iq,
        "<fin xmlns='urn:xmpp:mam:2' complete='true'/>",
    )
    .await;
    client
        .until("sent", async || state().await == DeliveryState::Sent)
        .await;
    wait_room(&client, RoomState::Joined).await;
    say(&client, "next").await;
    assert_eq!(body(&peer.text().await), "next", "nothing twice");
}

#[tokio::test]
async fn bookmarks_of_before_are_read_and_written_where_there_are_no_others() {
    let server = Server::start();
    let secrets = std::sync::Arc::new(startalk_engine::MemorySecrets::default());
    let client = Client::join(&server, secrets, crate::client::TIMEOUTS).await;
    let mut peer = server.signed_in().await;
    peer.bookmarks = None;
    peer.begin(&[]).await;
    let storage = |extra: &str| {
        format!(
            "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'>\
             <url url='https://a.example'/>{extra}</storage></query>"
        )
    };
    let old = format!("<conference jid='{ROOM}' autojoin='1'><nick>Rosa</nick></conference>");
    for _ in 0..3 {
        let iq = peer.next().await.unwrap();
        if iq.has_child("query", ns::PRIVATE) {
            peer.result(&iq, &storage(&old)).await;
        } else if iq.has_child("query", ns::DISCO_INFO) {
            peer.result(
                &iq,
                "<query xmlns='http://jabber.org/protocol/disco#info'/>",
            )
            .await;
        } else {
            peer.send(&format!(
                "<iq type='error' id='{}'><error type='cancel'><service-unavailable \
                 xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
                iq.attr("id").unwrap()
            ))
            .await;
        }
    }
    tell(&mut peer, &[]).await;
    let asked = let_in(&mut peer).await;
    assert_eq!(asked.attr("to"), Some("lounge@rooms.team.internal/Rosa"));
    wait_room(&client, RoomState::Joined).await;
    // What a room without an archive gives to whoever comes, again and again.
    let history = format!(
        "<message type='groupchat' from='{ROOM}/Bob' id='b1'><body>old</body>\
         <delay xmlns='urn:xmpp:delay' stamp='2026-01-02T03:04:05Z'/></message>"
    );
    peer.send(&history).await;
    peer.send(&history).await;
    peer.send(&groupchat("Bob", "b2", "new")).await;
    wait_texts(&client, &["old", "new"]).await;
    let engine = client.engine.clone();
    let leave = request(&client, |account| RoomRequest::Leave {
        account,
        room: ROOM.to_owned(),
        forget: false,
    });
    let leaving = tokio::spawn(async move { engine.handle(leave).await });
    let gone = peer.next().await.unwrap();
    assert_eq!(gone.attr("type"), Some("unavailable"));
    let iq = peer.with("query", ns::PRIVATE).await;
    peer.result(&iq, &storage(&old)).await;
    let iq = peer.with("query", ns::PRIVATE).await;
    let kept = iq.get_child("query", ns::PRIVATE).unwrap();
    let kept = kept.get_child("storage", ns::LEGACY_BOOKMARKS).unwrap();
    assert!(
        kept.has_child("url", ns::LEGACY_BOOKMARKS),
        "not ours to lose"
    );
    let conference = kept.get_child("conference", ns::LEGACY_BOOKMARKS).unwrap();
    assert_eq!(
        (conference.attr("jid"), conference.attr("autojoin")),
        (Some(ROOM), Some("false"))
    );
    peer.result(&iq, "").await;
    within("the answer", leaving).await.unwrap().unwrap();
    assert_eq!(room(&client).await.state, RoomState::NotJoined);
}

#[tokio::test]
async fn invitations_are_listed_until_they_are_answered() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let invitation = format!(
        "<message from='bob@{DOMAIN}/x' to='rosa@{DOMAIN}'><x xmlns='jabber:x:conference' \
         jid='{ROOM}' reason='tea'/></message>"
    );
    peer.send(&invitation).await;
    let open = async || {
        let ask = request(&client, |account| RoomRequest::Invitations { account });
        match client.ask(ask).await {
            Response::Invitations(all) => all,
            other => panic!("{other:?}"),
        }
    };
    client
        .until("an invitation", async || !open().await.is_empty())
        .await;
    let first = open().await.remove(0);
    assert_eq!(
        (first.room.as_str(), first.inviter_name.as_str()),
        (ROOM, "Bob")
    );
    client
        .ask(request(&client, |account| RoomRequest::Decline {
            account,
            room: ROOM.to_owned(),
        }))
        .await;
    assert_eq!(open().await, []);
}

/// What was said into an empty room is known to be its beginning, also before the
/// room has given it back.
#[tokio::test]
async fn what_was_missed_comes_behind_what_was_said_into_an_empty_room() {
    let server = Server::start();
    let (mut client, mut peer) = client_in_room(&server).await;
    say(&client, "mine").await;
    let wire = peer.text().await.attr("id").unwrap().to_owned();
    peer.acknowledge().await;
    client
        .until("sent", async || {
            messages(&client).await[0].delivery == Some(DeliveryState::Sent)
        })
        .await;
    client.restart().await;
    let mut peer = server.signed_in().await;
    peer.bookmarks = Some(bookmark());
    peer.begin(&[]).await;
    let_in(&mut peer).await;
    give_page(&mut peer, &[("Bob", "b3", "3")], false).await;
    let older = [("Rosa", wire.as_str(), "mine"), ("Bob", "b2", "2")];
    give_page(&mut peer, &older, true).await;
    wait_texts(&client, &["mine", "2", "3"]).await;
}

/// What came while the archive was read, and could not be written then, is not lost,
/// nor is the room.
#[tokio::test]
async fn a_message_that_the_cache_refuses_is_written_once_it_takes_it() {
    let server = Server::start();
    let (client, mut peer) = client_behind(&server).await;
    let refusing = Refusing::begin(&client, "INSERT ON messages WHEN new.text = 'live'");
    peer.send(&groupchat("Bob", "b", "live")).await;
    give_archive(&mut peer, &["past"]).await;
    wait_texts(&client, &["past"]).await;
    say(&client, "waits").await;
    assert_ne!(room(&client).await.state, RoomState::Joined);
    refusing.end();
    wait_texts(&client, &["past", "waits", "live"]).await;
    wait_room(&client, RoomState::Joined).await;
    assert_eq!(body(&peer.text().await), "waits");
}

/// An archive that gives nothing when we join is no reason to miss what it has.
#[tokio::test]
async fn an_archive_that_could_not_be_read_is_read_later() {
    let server = Server::start();
    let (client, mut peer) = client_behind(&server).await;
    let read = peer.with("query", ns::MAM).await;
    refuse(&mut peer, &read, "internal-server-error").await;
    // The conversation goes on without.
    wait_room(&client, RoomState::Joined).await;
    peer.send(&groupchat("Bob", "b", "live")).await;
    wait_texts(&client, &["live"]).await;
    let had = peer.received;
    drop(peer);
    let mut peer = resumed(&server, had).await;
    give_archive(&mut peer, &["missed", "live"]).await;
    wait_texts(&client, &["missed", "live"]).await;
}

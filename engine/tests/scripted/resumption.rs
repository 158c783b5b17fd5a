use std::time::Duration;

use startalk_engine::Timeouts;
use startalk_engine::api::{DeliveryState, PresenceShow};
use xmpp_core::ns;

use crate::client::{BOB, Client, TIMEOUTS};
use crate::peer::{Peer, Server, archived, body, from_bob, from_rosa, within};

/// The next connection, which wants to go on with the session.
async fn resuming(server: &Server) -> (Peer, u32) {
    let mut peer = server.signed_in().await;
    let resume = peer.next().await.unwrap();
    assert!(resume.is("resume", ns::SM), "{resume:?}");
    assert_eq!(resume.attr("previd"), Some("session-1"));
    let h = resume.attr("h").unwrap().parse().unwrap();
    (peer, h)
}

async fn resumed(peer: &mut Peer, h: u32) {
    let xml = format!("<resumed xmlns='urn:xmpp:sm:3' previd='session-1' h='{h}'/>");
    peer.received = h;
    peer.send(&xml).await;
}

#[tokio::test]
async fn what_the_server_did_not_get_is_sent_again_with_the_same_id() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.acknowledges = false;
    let (one, two) = (client.send("one").await, client.send("two").await);
    let first = peer.text().await;
    let up_to_first = peer.received;
    let second = peer.text().await;
    assert_eq!((body(&first), body(&second)), ("one".into(), "two".into()));
    drop(peer);

    let (mut peer, _) = resuming(&server).await;
    // Written while it is not clear yet what the server has.
    client.send("three").await;
    resumed(&mut peer, up_to_first).await;
    client.wait_state(one, DeliveryState::Sent).await;
    let again = peer.text().await;
    assert_eq!(
        (body(&again), again.attr("id")),
        ("two".into(), second.attr("id"))
    );
    assert_eq!(body(&peer.text().await), "three");
    peer.acknowledge().await;
    client.wait_state(two, DeliveryState::Sent).await;
    assert_eq!(client.texts().await, ["one", "two", "three"]);
}

#[tokio::test]
async fn the_server_learns_what_we_have_and_sends_only_the_rest() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let before = peer.ask_handled().await;
    peer.send(&from_bob("one")).await;
    client.wait_texts(&["one"]).await;
    assert_eq!(peer.ask_handled().await, before + 1);
    // Sent into a connection that is no more.
    drop(peer);
    let (mut peer, h) = resuming(&server).await;
    assert_eq!(h, before + 1);
    resumed(&mut peer, 100).await;
    // More than there was: this server is confused, and is left.
    assert!(peer.next().await.is_none());
    let (mut peer, _) = resuming(&server).await;
    peer.send("<failed xmlns='urn:xmpp:sm:3'/>").await;
    peer.begin(&[]).await;
    peer.send(&from_bob("one")).await;
    peer.send(&from_bob("two")).await;
    client.wait_texts(&["one", "two"]).await;
}

/// Who is there is said once in a session, and a resumed session is the old one.
#[tokio::test]
async fn who_was_there_is_there_after_a_resumption_unless_it_fails() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let show = async || client.contact(BOB).await.map(|bob| bob.presence);
    peer.send(&format!(
        "<presence from='{BOB}/x'><show>dnd</show></presence>"
    ))
    .await;
    client
        .until("Bob", async || {
            show().await == Some(PresenceShow::DoNotDisturb)
        })
        .await;
    let had = peer.ask_handled().await;
    let received = peer.received;
    drop(peer);
    let (mut peer, h) = resuming(&server).await;
    assert_eq!(h, had);
    // Nobody knows as long as there is no connection.
    assert_eq!(show().await, Some(PresenceShow::Offline));
    resumed(&mut peer, received).await;
    client.wait_online().await;
    client
        .until("Bob again", async || {
            show().await == Some(PresenceShow::DoNotDisturb)
        })
        .await;
    drop(peer);
    let (mut peer, _) = resuming(&server).await;
    peer.send("<failed xmlns='urn:xmpp:sm:3'/>").await;
    peer.begin(&[]).await;
    client.wait_online().await;
    assert_eq!(show().await, Some(PresenceShow::Offline));
}

#[tokio::test]
async fn after_a_failed_resumption_the_archive_says_what_arrived() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.acknowledges = false;
    let ids = [client.send("one").await, client.send("two").await];
    let first = peer.text().await.attr("id").unwrap().to_owned();
    let second = peer.text().await.attr("id").unwrap().to_owned();
    drop(peer);
    let (mut peer, _) = resuming(&server).await;
    peer.send("<failed xmlns='urn:xmpp:sm:3'/>").await;
    peer.begin(&[archived("a1", &from_rosa(&first, "one"))])
        .await;
    let again = peer.text().await;
    assert_eq!(
        (body(&again), again.attr("id")),
        ("two".into(), Some(second.as_str()))
    );
    peer.acknowledge().await;
    for id in ids {
        client.wait_state(id, DeliveryState::Sent).await;
    }
    client.send("three").await;
    assert_eq!(body(&peer.text().await), "three", "nothing twice");
    assert_eq!(client.texts().await, ["one", "two", "three"]);
}

#[tokio::test]
async fn a_lost_acknowledgement_and_a_restart_send_nothing_twice() {
    let server = Server::start();
    let (mut client, mut peer) = Client::start(&server).await;
    peer.acknowledges = false;
    client.send("one").await;
    let wire = peer.text().await.attr("id").unwrap().to_owned();
    // Its end is awaited: what the client does about a lost connection would be
    // taken for its next session.
    tokio::join!(client.restart(), peer.closes_in_order());
    assert_eq!(
        client.messages().await[0].delivery,
        Some(DeliveryState::Waiting)
    );
    // Other people's news of meanwhile stay behind it, as in the archive.
    let mut peer = server.signed_in().await;
    let page = [
        archived("a1", &from_rosa(&wire, "one")),
        archived("a2", &from_bob("reply")),
    ];
    peer.begin(&page).await;
    client.wait_texts(&["one", "reply"]).await;
    client.send("two").await;
    assert_eq!(body(&peer.text().await), "two");
    assert_eq!(client.texts().await, ["one", "reply", "two"]);
}

#[tokio::test]
async fn a_connection_that_ends_while_resuming_costs_nothing() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.acknowledges = false;
    let before = peer.received;
    client.send("one").await;
    peer.text().await;
    drop(peer);
    drop(resuming(&server).await);
    let (mut peer, _) = resuming(&server).await;
    resumed(&mut peer, before).await;
    assert_eq!(body(&peer.text().await), "one");
    // Which makes it a session as before, with all its tries.
    drop(peer);
    for _ in 0..3 {
        drop(resuming(&server).await);
    }
    // A server that never answers is asked for a new session at last.
    let mut peer = server.session().await;
    assert_eq!(body(&peer.text().await), "one");
}

#[tokio::test]
async fn live_messages_during_catch_up_come_last_once_and_are_handled_only_then() {
    let server = Server::start();
    let secrets = std::sync::Arc::new(startalk_engine::MemorySecrets::default());
    let client = Client::join(&server, secrets, TIMEOUTS).await;
    let mut peer = server.signed_in().await;
    let query = peer.begin_until_archive().await;
    let before = peer.ask_handled().await;
    peer.send(&from_bob("live")).await;
    peer.send("<presence from='bob@team.internal/x'/>").await;
    // Behind a message that is not in the cache yet nothing counts.
    assert_eq!(peer.ask_handled().await, before);
    let page = [
        archived("s-old", &from_bob("old")),
        archived("s-live", &from_bob("live")),
    ];
    peer.answer_archive(&query, &page, true).await;
    client.wait_texts(&["old", "live"]).await;
    client.wait_online().await;
    // Two pages' messages do not count less than others.
    let handled = before + 2 + 2 + 1;
    client
        .until("handled", async || client.conversation().await.is_some())
        .await;
    assert_eq!(peer.ask_handled().await, handled);
}

/// Nothing happens for so long. The clock jumps: how fast the machine is has no
/// part in it.
pub(crate) async fn silence(long: Duration) {
    tokio::time::pause();
    tokio::time::advance(long + Duration::from_secs(1)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_server_that_fell_silent_is_left() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    // All that a session begins with has been asked and answered.
    client.send("settled").await;
    peer.text().await;
    peer.acknowledges = false;
    // It asks first.
    silence(TIMEOUTS.idle).await;
    loop {
        let element = peer.next_raw().await.expect("a question");
        if element.is("r", ns::SM) {
            break;
        }
    }
    // The connection stays as it is, and says nothing.
    silence(TIMEOUTS.idle / 2).await;
    let (mut next, _) = resuming(&server).await;
    let received = peer.received;
    resumed(&mut next, received).await;
    client.wait_online().await;
}

#[tokio::test]
async fn a_server_that_takes_nothing_is_left() {
    let server = Server::start();
    let timeouts = Timeouts {
        answer: Duration::from_millis(300),
        ..TIMEOUTS
    };
    let (client, peer) = Client::start_with(&server, timeouts).await;
    // More than the system keeps on the way to a server that does not read.
    let long = "x".repeat(60 * 1024);
    for _ in 0..120 {
        client.send(&long).await;
    }
    let (_next, _) = resuming(&server).await;
    drop(peer);
    within("the end", client.engine.close()).await;
}

#[tokio::test]
async fn an_archive_that_fails_for_now_is_asked_again_from_the_same_place() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.send(&from_bob("one")).await;
    client.wait_texts(&["one"]).await;
    peer.send("</stream:stream>").await;
    let (mut peer, _) = resuming(&server).await;
    peer.send("<failed xmlns='urn:xmpp:sm:3'/>").await;
    let query = peer.begin_until_archive().await;
    let id = query.attr("id").unwrap();
    peer.send(&format!(
        "<iq type='error' id='{id}'><error type='wait'>\
         <internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ))
    .await;
    // What is live does not close the gap.
    peer.send(&from_bob("three")).await;
    client.wait_texts(&["one", "three"]).await;
    drop(peer);
    let (mut peer, _) = resuming(&server).await;
    peer.send("<failed xmlns='urn:xmpp:sm:3'/>").await;
    let query = peer.begin_until_archive().await;
    let three = archived("s-three", &from_bob("three"));
    peer.answer_archive(&query, &[three], false).await;
    // What was live does not hide what is missing.
    let query = peer.with("query", ns::MAM).await;
    let page = [
        archived("s-one", &from_bob("one")),
        archived("s-two", &from_bob("two")),
    ];
    peer.answer_archive(&query, &page, false).await;
    client
        .until("nothing missing", async || client.texts().await.len() == 3)
        .await;
}

#[tokio::test]
async fn a_cut_while_the_order_is_looked_up_is_followed_by_a_resumption() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.acknowledges = false;
    client.send("mine").await;
    let wire = peer.text().await.attr("id").unwrap().to_owned();
    // Which of the two was first, only the archive knows.
    peer.send(&from_bob("theirs")).await;
    client.wait_texts(&["mine", "theirs"]).await;
    peer.acknowledge().await;
    peer.with("query", ns::MAM).await;
    let handled = peer.ask_handled().await;
    peer.send(&from_bob("later")).await;
    // What waits for the archive is not here yet.
    assert_eq!(peer.ask_handled().await, handled);
    let received = peer.received;
    drop(peer);
    let (mut peer, h) = resuming(&server).await;
    assert_eq!(h, handled);
    resumed(&mut peer, received).await;
    let query = peer.with("query", ns::MAM).await;
    peer.send(&from_bob("later")).await;
    let page = [
        archived("s-theirs", &from_bob("theirs")),
        archived("s-mine", &from_rosa(&wire, "mine")),
    ];
    peer.answer_archive(&query, &page, true).await;
    client.wait_texts(&["theirs", "mine", "later"]).await;
    client.wait_online().await;
}

#[tokio::test]
async fn what_an_archive_did_not_give_is_asked_for_after_a_resumption_too() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.send(&from_bob("one")).await;
    client.wait_texts(&["one"]).await;
    peer.send("</stream:stream>").await;
    let (mut peer, _) = resuming(&server).await;
    peer.send("<failed xmlns='urn:xmpp:sm:3'/>").await;
    let query = peer.begin_until_archive().await;
    let id = query.attr("id").unwrap();
    peer.send(&format!(
        "<iq type='error' id='{id}'><error type='wait'>\
         <internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ))
    .await;
    peer.send(&from_bob("three")).await;
    client.wait_texts(&["one", "three"]).await;
    peer.ask_handled().await;
    let received = peer.received;
    drop(peer);
    let (mut peer, _) = resuming(&server).await;
    resumed(&mut peer, received).await;
    let query = peer.with("query", ns::MAM).await;
    let page = ["one", "two", "three"].map(|text| archived(&format!("s-{text}"), &from_bob(text)));
    peer.answer_archive(&query, &page, true).await;
    client.wait_texts(&["one", "two", "three"]).await;
}

//! Sleep, networks, and accounts that have nothing to do with one another.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use startalk_engine::api::{ConnectionView, DeliveryState, ErrorCode, Notice, Request};
use startalk_engine::{Clock, Engine, EngineConfig, MemorySecrets, TimeSource, Timeouts};
use xmpp_core::ns;

use crate::client::{Client, TIMEOUTS, config, rosa};
use crate::peer::{PASSWORD, Peer, Server, archived, body, from_bob, from_rosa, within};
use crate::resumption::silence;

/// The system's time, and what was slept.
struct Sleeper {
    slept_ms: AtomicI64,
    awake: Clock,
    next: AtomicI64,
}

impl TimeSource for Sleeper {
    fn now_ms(&self) -> i64 {
        self.awake.now_ms() + self.slept_ms.load(Ordering::Relaxed)
    }

    fn fill(&self, bytes: &mut [u8]) {
        // Never the same twice; that is all that ids need here.
        let next = self.next.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        for (byte, part) in bytes.iter_mut().zip(next.iter().cycle()) {
            *byte = *part;
        }
    }
}

#[tokio::test]
async fn after_sleep_the_connection_is_looked_after_at_once() {
    let server = Server::start();
    let sleeper = Arc::new(Sleeper {
        slept_ms: AtomicI64::new(0),
        awake: Clock::default(),
        next: AtomicI64::new(1),
    });
    let folder = tempfile::tempdir().unwrap();
    let timeouts = Timeouts {
        // Nobody would find out otherwise.
        idle: Duration::from_secs(3_600),
        answer: Duration::from_secs(2),
        ..TIMEOUTS
    };
    let engine = Engine::open(EngineConfig {
        clock: Clock::new(Arc::clone(&sleeper) as Arc<dyn TimeSource>),
        ..config(folder.path(), Arc::new(MemorySecrets::default()), timeouts)
    })
    .await
    .unwrap();
    let (account, proof) = tokio::join!(
        engine.add_account(rosa(&server, PASSWORD)),
        server.signed_in()
    );
    account.unwrap();
    assert!(proof.closes_in_order().await);
    let mut peer = server.session().await;
    sleeper.slept_ms.store(3_600_000, Ordering::Relaxed);
    loop {
        let element = peer.next_raw().await.unwrap();
        if element.is("r", ns::SM) {
            break;
        }
        if element.is("iq", ns::CLIENT) {
            peer.result(&element, "").await;
        }
    }
    // The other end is long gone: no answer comes.
    let mut next = server.signed_in().await;
    assert!(next.next().await.unwrap().is("resume", ns::SM));
    engine.close().await;
}

#[tokio::test]
async fn another_network_ends_the_wait() {
    let server = Server::start();
    let timeouts = Timeouts {
        backoff: Duration::from_secs(3_600),
        max_backoff: Duration::from_secs(3_600),
        ..TIMEOUTS
    };
    let (client, peer) = Client::start_with(&server, timeouts).await;
    drop(peer);
    client
        .until("waiting", async || {
            matches!(client.connection().await, ConnectionView::Waiting { .. })
        })
        .await;
    client.ask(Request::NetworkChanged).await;
    let mut peer = server.signed_in().await;
    assert!(peer.next().await.unwrap().is("resume", ns::SM));
}

/// The next connection meets somebody else in the place of the server.
async fn intercepted(client: &Client, server: &Server, other: &Server) {
    let socket = server.accept_tcp().await;
    assert!(other.try_secure(socket).await.is_none(), "not one word");
    client
        .until("offline", async || match client.connection().await {
            ConnectionView::Offline { error } => {
                assert_eq!(error.unwrap().code, ErrorCode::CertificateKeyChanged);
                true
            }
            _ => false,
        })
        .await;
}

#[tokio::test]
async fn u67_what_stood_in_between_is_left_with_the_network_or_after_a_while() {
    let (server, other) = (Server::start(), Server::start());
    let (client, mut peer) = Client::start(&server).await;
    for is_told in [true, false] {
        drop(peer);
        intercepted(&client, &server, &other).await;
        // Nobody says that it should try again.
        match is_told {
            true => drop(client.ask(Request::NetworkChanged).await),
            false => silence(Duration::from_secs(15 * 60)).await,
        }
        peer = server.signed_in().await;
        assert!(peer.next().await.unwrap().is("resume", ns::SM));
        peer.send("<failed xmlns='urn:xmpp:sm:3'/>").await;
        peer.begin(&[]).await;
        client.wait_online().await;
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_no_matter_for_the_other_account() {
    let (hangs, works) = (Server::start(), Server::start());
    let (mut client, mut peer) = Client::start(&works).await;
    // Both have the same domain, so the second is taken for one of another team.
    let mut second = rosa(&hangs, PASSWORD);
    second.target.domain = "other.internal".to_owned();
    let (added, proof) = tokio::join!(client.engine.add_account(second), hangs.signed_in());
    added.unwrap();
    assert!(proof.closes_in_order().await);
    // Its session: accepted, and nothing ever said.
    let stuck = hangs.accept_tcp().await;
    let sent = client.send("meanwhile").await;
    assert_eq!(body(&peer.text().await), "meanwhile");
    peer.acknowledge().await;
    client.wait_state(sent, DeliveryState::Sent).await;
    // Its end is awaited: what the client does about a lost connection would be
    // taken for its next session.
    let ((), closed) = within("a restart", async {
        tokio::join!(client.restart(), peer.closes_in_order())
    })
    .await;
    assert!(closed);
    let stuck_again = hangs.accept_tcp().await;
    let mut peer = works.session().await;
    client.wait_online().await;
    client.send("again").await;
    assert_eq!(body(&peer.text().await), "again");
    drop((stuck, stuck_again));
}

/// The next session, with a server that says what time it is.
async fn session_at(server: &Server, utc: &'static str) -> Peer {
    let mut peer = server.signed_in().await;
    peer.time.utc = Some(utc);
    peer.begin(&[]).await;
    peer.until_told_time().await;
    peer
}

/// Some hours ahead of everybody.
struct Ahead(AtomicI64);

impl TimeSource for Ahead {
    fn now_ms(&self) -> i64 {
        // 2026-01-02T08:04:05Z.
        1_767_341_045_000
    }

    fn fill(&self, bytes: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        for (byte, part) in bytes.iter_mut().zip(next.iter().cycle()) {
            *byte = *part;
        }
    }
}

#[tokio::test]
async fn u68_a_clock_that_is_hours_wrong_is_said_once_and_changes_no_order() {
    let server = Server::start();
    let mut client = Client::join_at(&server, Clock::new(Arc::new(Ahead(AtomicI64::new(1))))).await;
    let mut peer = session_at(&server, "2026-01-02T03:04:05Z").await;
    client
        .until("a word about the clock", async || {
            !client.overview().await.notices.is_empty()
        })
        .await;
    let [Notice::ClockWrong { minutes, .. }] = client.overview().await.notices[..] else {
        panic!("{:?}", client.overview().await.notices)
    };
    assert_eq!(minutes, 300);
    client.ask(Request::DismissNotices).await;
    // What was written first stays first, whatever the clocks say.
    let sent = client.send("mine").await;
    let wire = peer.text().await.attr("id").unwrap().to_owned();
    peer.acknowledge().await;
    client.wait_state(sent, DeliveryState::Sent).await;
    peer.send(&from_bob("after")).await;
    client.wait_texts(&["mine", "after"]).await;
    tokio::join!(client.restart(), peer.closes_in_order());
    let mut peer = server.signed_in().await;
    let page = [
        archived("a1", &from_rosa(&wire, "mine")),
        archived("a2", &from_bob("after")),
        archived("a3", &from_bob("third")),
    ];
    peer.begin(&page).await;
    client.wait_texts(&["mine", "after", "third"]).await;
    client.engine.close().await;
}

#[tokio::test]
async fn u68_a_clock_that_is_right_is_not_spoken_of() {
    let server = Server::start();
    let client = Client::join_at(&server, Clock::new(Arc::new(Ahead(AtomicI64::new(1))))).await;
    // Some minutes are nobody's trouble.
    let mut peer = session_at(&server, "2026-01-02T08:00:00Z").await;
    peer.send(&from_bob("now")).await;
    client.wait_texts(&["now"]).await;
    assert!(client.overview().await.notices.is_empty());
    client.engine.close().await;
}

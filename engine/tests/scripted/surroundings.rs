//! Sleep, networks, and accounts that have nothing to do with one another.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use startalk_engine::api::{ConnectionView, DeliveryState, Request};
use startalk_engine::{Clock, Engine, EngineConfig, MemorySecrets, TimeSource, Timeouts};
use xmpp_core::ns;

use crate::client::{Client, TIMEOUTS, config, rosa};
use crate::peer::{PASSWORD, Server, body, within};

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
    // All that belongs to the beginning.
    peer.ask_handled().await;
    sleeper.slept_ms.store(3_600_000, Ordering::Relaxed);
    while !peer.next_raw().await.unwrap().is("r", ns::SM) {}
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
    drop(peer);
    within("a restart", client.restart()).await;
    let stuck_again = hangs.accept_tcp().await;
    let mut peer = works.session().await;
    client.wait_online().await;
    client.send("again").await;
    assert_eq!(body(&peer.text().await), "again");
    drop((stuck, stuck_again));
}

//! SIGTERM and SIGINT: clients are told, what was acknowledged is on disk, and
//! the process is gone within five seconds whoever does not listen.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;

use crate::client::{Client, Place, Read, TlsVersion, socket};
use crate::program::{Desk, Process};

const LONGEST: Duration = Duration::from_secs(5);

/// Stops it; how long that took.
fn stop(server: Process, signal: &str) -> Duration {
    server.signal(signal);
    let begun = Instant::now();
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    begun.elapsed()
}

#[tokio::test]
async fn clients_are_told() {
    let desk = Desk::with(&["rosa"]);
    for signal in ["TERM", "INT"] {
        let server = desk.serve("data");
        let mut rosa = Client::online(&server, "rosa", "desk").await;
        let mut web = Client::websocket(&server).await;
        web.sign_in("rosa").await;
        web.bind("web").await;
        server.signal(signal);
        let begun = Instant::now();
        assert_eq!(rosa.end().await.as_deref(), Some("system-shutdown"));
        assert_eq!(web.end().await.as_deref(), Some("system-shutdown"));
        let (status, log) = server.wait();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn who_says_nothing_delays_nothing() {
    let desk = Desk::with(&["rosa"]);
    let server = desk.serve("data");
    // In clear, in a TLS handshake, in a stream that is not signed in.
    let silent = socket(server.tcp()).await;
    let mut half = socket(server.https()).await;
    half.write_all(&[22, 3, 1]).await.unwrap();
    let mut open = Client::direct(&server).await;
    open.open().await;
    assert!(stop(server, "TERM") < LONGEST);
    drop((silent, half));
}

#[tokio::test]
async fn who_reads_nothing_loses_nothing() {
    const COUNT: usize = 30;
    let desk = Desk::with(&["rosa", "bob"]);
    let server = desk.serve("data");
    let mut bob = Client::online(&server, "bob", "slow").await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    rosa.send("<enable xmlns='urn:xmpp:sm:3'/>").await;
    rosa.until(|element| element.name() == "enabled").await;
    // Far more than fits into the buffers between the server and Bob, who
    // reads nothing from here on.
    let text = "x".repeat(200_000);
    for n in 0..COUNT {
        rosa.send(format!(
            "<message to='bob@team.internal' type='chat'><body>{n} {text}</body></message>"
        ))
        .await;
    }
    rosa.send("<r xmlns='urn:xmpp:sm:3'/>").await;
    let handled = rosa.until(|element| element.name() == "a").await;
    assert_eq!(handled.attr("h"), Some(COUNT.to_string().as_str()));
    assert!(stop(server, "TERM") < LONGEST);
    // Some of it may have been on its way; then the stream ends, broken off or
    // in good order.
    while matches!(bob.read().await, Read::Element(_)) {}

    let status = desk.ok(&["status"], "data");
    assert_eq!(status["messages"], 2 * COUNT);
    assert_eq!(status["running"], serde_json::Value::Null);
    assert_eq!(desk.ok(&["check"], "data")["ok"], true);
    let server = desk.serve("data");
    Client::prove_alive(&server, "bob").await;
    server.stop();
}

#[tokio::test]
async fn what_was_sent_at_the_end_is_acknowledged_or_not_there() {
    let desk = Desk::with(&["rosa", "bob"]);
    let server = desk.serve("data");
    let mut rosa = Client::direct_with(&server, TlsVersion::V13).await;
    rosa.sign_in("rosa").await;
    rosa.bind("desk").await;
    rosa.send("<enable xmlns='urn:xmpp:sm:3'/>").await;
    rosa.until(|element| element.name() == "enabled").await;
    let mut batch = String::new();
    for n in 0..200 {
        batch.push_str(&format!(
            "<message to='bob@team.internal' type='chat'><body>{n}</body></message>\
             <r xmlns='urn:xmpp:sm:3'/>"
        ));
    }
    rosa.send(batch).await;
    // In the middle of it.
    rosa.until(|element| element.name() == "a").await;
    server.signal("TERM");
    let mut handled = 0;
    while let Read::Element(raw) = rosa.read().await {
        let element = crate::client::parse(&raw);
        if element.name() == "a" {
            handled = element.attr("h").unwrap().parse().unwrap();
        }
    }
    server.wait();
    let messages = desk.ok(&["status"], "data")["messages"].as_u64().unwrap();
    assert!(messages >= 2 * handled, "{messages} of {handled}");
}

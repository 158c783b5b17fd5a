//! What waits for a client: how it gets it if it acknowledges only when it is
//! asked, and how much may wait (XEP-0160, XEP-0198).

use xmpp_core::ns;

use crate::archive::{chat, everything};
use crate::client::{Client, bodies, error_of};
use crate::offline::read;
use crate::server::Server;

const BOB: &str = "bob@team.internal";

/// A session that acknowledges.
async fn acknowledging(server: &Server, resource: &str) -> Client {
    let mut bob = Client::session(server, "bob", resource).await;
    bob.send("<enable xmlns='urn:xmpp:sm:3'/>").await;
    assert!(bob.element().await.is("enabled", ns::SM));
    bob
}

#[tokio::test]
async fn who_acknowledges_only_when_asked_gets_everything_and_what_is_new() {
    const WAITING: usize = 30;
    for (bytes, queue, length, new) in [
        (64 << 10, 2_000, 4_000, 1),
        (16 << 20, 20, 10, 1),
        // What is new is too much by itself.
        (64 << 10, 2_000, 4_000, 12),
    ] {
        let server = Server::with(|config| {
            config.limits.session_bytes = bytes;
            config.limits.session_queue = queue;
        })
        .await;
        server.accounts(&["rosa", "bob"]).await;
        let padding = "x".repeat(length);
        let text = |n: usize| format!("<body>{n}</body><x xmlns='urn:example'>{padding}</x>");
        let mut rosa = Client::session(&server, "rosa", "desk").await;
        for n in 0..WAITING {
            chat(&mut rosa, BOB, "waits", &text(n)).await;
        }
        let mut bob = acknowledging(&server, "desk").await;
        bob.send("<presence/>").await;
        let mut h = 0;
        let first = read(&mut bob, 1, &mut h).await;
        for n in WAITING..WAITING + new {
            chat(&mut rosa, BOB, "new", &text(n)).await;
        }
        let rest = read(&mut bob, WAITING + new - 1, &mut h).await;
        let sent: Vec<_> = (0..WAITING + new).map(|n| n.to_string()).collect();
        assert_eq!([first, rest].concat(), sent, "{bytes} {queue}");
    }
}

#[tokio::test]
async fn what_waits_without_an_archive_is_bounded_in_bytes_and_for_each_sender() {
    let server = Server::of(&["rosa", "carl", "dora", "bob"]).await;
    let waits = |length: usize| {
        let padding = "x".repeat(length);
        format!(
            "<message to='{BOB}' type='chat' id='p'><body>{padding}</body>\
             <no-permanent-store xmlns='urn:xmpp:hints'/></message>"
        )
    };
    let mut taken = Vec::new();
    for user in ["rosa", "carl", "dora"] {
        let mut client = Client::session(&server, user, "desk").await;
        let mut count = 0;
        loop {
            client.send(waits(200_000)).await;
            let answers = client.sync().await;
            let Some(refused) = answers.first() else {
                count += 1;
                continue;
            };
            assert_eq!(error_of(refused), "cancel service-unavailable");
            break;
        }
        taken.push(count);
        // There is room for less, unless it is one's own that is used up.
        client.send(waits(100_000)).await;
        assert_eq!(client.sync().await.is_empty(), user == "dora", "{user}");
    }
    // Two megabytes of each, four in all.
    assert_eq!(taken, [10, 10, 0]);
}

#[tokio::test]
async fn what_names_a_session_reaches_it_whoever_reads_the_archive_besides() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let mut phone = Client::session(&server, "bob", "phone").await;
    everything(&mut phone).await;
    phone.send("<presence/>").await;
    phone.sync().await;
    // When it shows itself, the message is on its way to it.
    let mut desk = Client::session(&server, "bob", "desk").await;
    let named = desk.address.clone();
    desk.send(format!(
        "<message type='chat' to='{named}'><body>named</body></message><presence/>"
    ))
    .await;
    assert_eq!(bodies(&desk.messages().await), ["named"]);
    // What it has not acknowledged waits for another.
    let other = acknowledging(&server, "other").await;
    chat(&mut rosa, &other.address, "1", "<body>unread</body>").await;
    drop(other);
    let mut late = Client::session(&server, "bob", "late").await;
    late.send("<presence/>").await;
    assert_eq!(bodies(&late.messages().await), ["unread"]);
}

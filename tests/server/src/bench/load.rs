//! Clients that read without looking closely: their own cost should be small.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::task::JoinHandle;
use xmpp_core::ns;
use xmpp_core::sasl::{Mechanism, ScramHash, ScramVerifier};

use crate::peer::{Peer, Security, Target};

/// Password of every account.
const PASSWORD: &str = "bench-password";

/// Iterations of every account's keys: what the others use.
const ITERATIONS: u32 = 4_096;

/// The name of an account.
pub(super) fn user(n: usize) -> String {
    format!("user{n}")
}

/// Another loopback address now and then, so that nobody reaches a limit for one.
fn address() -> u8 {
    static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
    let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
    u8::try_from(1 + number / 50 % 200).unwrap_or(1)
}

/// Accounts 0 to `number` as a file to import (XEP-0227).
pub(super) fn accounts(number: usize) -> Result<String> {
    let salt = b"salt of a bench.";
    let keys = ScramVerifier::derive(ScramHash::Sha256, PASSWORD, salt, ITERATIONS)?;
    let [salt, server_key, stored_key] =
        [&keys.salt, &keys.server_key, &keys.stored_key].map(|part| STANDARD.encode(part));
    let credentials = format!(
        "<scram-credentials xmlns='{}' mechanism='SCRAM-SHA-256'>\
         <iter-count>{ITERATIONS}</iter-count><salt>{salt}</salt>\
         <server-key>{server_key}</server-key><stored-key>{stored_key}</stored-key>\
         </scram-credentials>",
        ns::PIE_SCRAM
    );
    let users: String = (0..number)
        .map(|n| format!("<user name='{}'>{credentials}</user>", user(n)))
        .collect();
    Ok(format!(
        "<server-data xmlns='{}'><host jid='localhost'>{users}</host></server-data>",
        ns::PIE
    ))
}

/// Makes accounts 0 to `number` over the wire.
pub(super) async fn register(target: &Target, number: usize) -> Result<()> {
    for n in 0..number {
        let mut peer = Peer::connect_from(target, Security::StartTls, address()).await?;
        peer.open().await?;
        peer.register(&user(n), PASSWORD).await?;
    }
    Ok(())
}

/// A session of account `n`, with stream management and carbons.
pub(super) async fn session(
    target: &Target,
    security: Security,
    n: usize,
    resource: &str,
) -> Result<Peer> {
    let mut peer = login(target, security, n, resource).await?;
    peer.ask("set", "", &format!("<enable xmlns='{}'/>", ns::CARBONS))
        .await?;
    peer.send(&format!("<enable xmlns='{}' resume='true'/>", ns::SM))
        .await?;
    let enabled = peer.element().await?;
    ensure!(enabled.is("enabled", ns::SM), "{enabled:?}");
    Ok(peer)
}

/// Connects, signs in and binds.
pub(super) async fn login(
    target: &Target,
    security: Security,
    n: usize,
    resource: &str,
) -> Result<Peer> {
    let mut peer = Peer::connect_from(target, security, address()).await?;
    peer.open().await?;
    let mechanism = Mechanism::ScramSha256;
    peer.sign_in(mechanism, &user(n), PASSWORD).await?;
    peer.bind(resource).await?;
    Ok(peer)
}

/// Whether this is a message with a text.
pub(super) fn is_text(raw: &[u8]) -> bool {
    raw.starts_with(b"<message") && raw.windows(6).any(|window| window == b"<body>")
}

fn is_stanza(raw: &[u8]) -> bool {
    [&b"<message"[..], b"<presence", b"<iq"]
        .iter()
        .any(|start| raw.starts_with(start))
}

/// A reader that acknowledges what it is asked to.
#[derive(Debug)]
pub(super) struct Reader {
    handled: u32,
}

impl Reader {
    /// For a session that has read nothing since stream management is on.
    pub(super) fn new() -> Self {
        Self { handled: 0 }
    }

    /// The next message with a text; whatever else comes is answered.
    pub(super) async fn text(&mut self, peer: &mut Peer) -> Result<()> {
        loop {
            let Some(raw) = peer.raw().await? else {
                anyhow::bail!("the stream ended");
            };
            if is_stanza(&raw) {
                self.handled += 1;
                if is_text(&raw) {
                    return Ok(());
                }
            } else if raw.starts_with(b"<r ") || raw.starts_with(b"<r/") {
                let h = self.handled;
                peer.send(&format!("<a xmlns='{}' h='{h}'/>", ns::SM))
                    .await?;
            }
        }
    }

    /// Counts texts until the stream ends or the task is ended.
    pub(super) fn count(mut self, mut peer: Peer, into: Arc<AtomicU64>) -> JoinHandle<()> {
        tokio::spawn(async move {
            while self.text(&mut peer).await.is_ok() {
                into.fetch_add(1, Ordering::Relaxed);
            }
        })
    }
}

/// Waits for the `<a/>` that acknowledges this many stanzas.
pub(super) async fn acknowledged(peer: &mut Peer, wanted: u32) -> Result<()> {
    loop {
        let element = peer.element().await?;
        if element.is("a", ns::SM) {
            let h: u32 = element.attr("h").unwrap_or_default().parse()?;
            if h >= wanted {
                return Ok(());
            }
        }
    }
}

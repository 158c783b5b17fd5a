//! What every session shares.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use jid::BareJid;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use xmpp_core::stream::StreamHeader;

use crate::commands::Commands;
use crate::data_dir::Identity;
use crate::files::Files;
use crate::limiter::Limiter;
use crate::metrics::Metrics;
use crate::pep::Capabilities;
use crate::push::Push;
use crate::rooms::Rooms;
use crate::roster::Rosters;
use crate::router::Router;
use crate::session::TokenKey;
use crate::store::Store;
use crate::tls::Tls;
use crate::{Config, clock};

/// The running server.
pub(crate) struct Server {
    pub(crate) config: Config,
    pub(crate) identity: Identity,
    pub(crate) store: Store,
    pub(crate) tls: Tls,
    pub(crate) token_key: TokenKey,
    pub(crate) router: Arc<Router>,
    pub(crate) rooms: Arc<Rooms>,
    pub(crate) rosters: Arc<Rosters>,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) capabilities: Capabilities,
    pub(crate) files: Files,
    pub(crate) push: Push,
    pub(crate) metrics: Arc<Metrics>,
    /// Where the web pages are for others, without a slash at the end.
    pub(crate) public_url: String,
    pub(crate) https_port: u16,
    pub(crate) commands: Commands,
    /// Cancelled when an administrator wants the server to stop.
    pub(crate) stop_wanted: CancellationToken,
    /// Cancelled when the server stops accepting.
    pub(crate) stopping: CancellationToken,
    /// Every connection and session.
    pub(crate) tasks: TaskTracker,
    pub(crate) next_number: AtomicU64,
    pub(crate) started: Instant,
    /// Somebody has no verifier but that of SHA-1.
    pub(crate) has_weak_accounts: AtomicBool,
}

impl Server {
    pub(crate) fn domain(&self) -> &str {
        &self.identity.domain
    }

    /// A link to something on our web pages.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// Whether a client of this address may do without TLS.
    pub(crate) fn allows_plaintext(&self, peer: IpAddr) -> bool {
        self.config.allows_plaintext(peer)
    }

    /// The header of a new stream of ours (RFC 6120, section 4.7).
    pub(crate) fn header(&self) -> StreamHeader {
        StreamHeader {
            to: None,
            from: Some(self.domain().to_owned()),
            // Says nothing, but has to be there and unique. Without random
            // bytes nobody signs in anyway.
            id: clock::random_id().ok(),
            version: Some("1.0".to_owned()),
            lang: Some("en".to_owned()),
        }
    }

    /// The bare address of an account, as text.
    pub(crate) fn bare(&self, localpart: &str) -> String {
        format!("{localpart}@{}", self.identity.domain)
    }

    /// The localpart, if the address is one of ours.
    pub(crate) fn localpart(&self, address: &BareJid) -> Option<String> {
        if address.domain().as_str() != self.domain() {
            return None;
        }
        address.node().map(|node| node.as_str().to_owned())
    }

    pub(crate) fn session_number(&self) -> u64 {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }
}

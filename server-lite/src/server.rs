//! What every session shares.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use jid::BareJid;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use xmpp_core::stream::StreamHeader;

use crate::archiving::Archiving;
use crate::blocking::Blocking;
use crate::calendar::Calendar;
use crate::commands::Commands;
use crate::data_dir::Identity;
use crate::disk::Disk;
use crate::files::Files;
use crate::limiter::Limiter;
use crate::metrics::Metrics;
use crate::pace::{Pace, Paces};
use crate::pep::Capabilities;
use crate::push::Push;
use crate::reachable::Reachable;
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
    pub(crate) calendar: Calendar,
    pub(crate) disk: Disk,
    pub(crate) tls: Tls,
    pub(crate) token_key: TokenKey,
    pub(crate) router: Arc<Router>,
    pub(crate) rooms: Arc<Rooms>,
    pub(crate) rosters: Arc<Rosters>,
    pub(crate) blocking: Arc<Blocking>,
    pub(crate) archiving: Arc<Archiving>,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) paces: Paces,
    pub(crate) capabilities: Capabilities,
    pub(crate) files: Arc<Files>,
    pub(crate) push: Push,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) reachable: Reachable,
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

    /// How fast an account may send.
    pub(crate) fn pace_of(&self, user: &str) -> Pace {
        let now = tokio::time::Instant::now();
        self.paces.of(user, &self.config.limits, now)
    }

    /// A link to something on our web pages.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.reachable.url())
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

    /// Whether an account blocks an address (XEP-0191), which is in its normal
    /// form: then no stanza passes between the two, in either direction. Nobody
    /// blocks their own sessions.
    pub(crate) fn blocks(&self, owner: &str, address: &str) -> bool {
        self.blocking.blocks(owner, address) && !self.is_own(owner, address)
    }

    /// Whether a block of either side stands between an address of one account
    /// and a session of another.
    pub(crate) fn parts(&self, user: &str, address: &str, other: &str, resource: &str) -> bool {
        if self.blocking.is_empty() {
            return false;
        }
        let theirs = format!("{}/{resource}", self.bare(other));
        self.blocks(user, &theirs) || self.blocks(other, address)
    }

    fn is_own(&self, owner: &str, address: &str) -> bool {
        let bare = address.split('/').next().unwrap_or(address);
        bare.strip_prefix(owner)
            .and_then(|rest| rest.strip_prefix('@'))
            .is_some_and(|domain| domain == self.domain())
    }

    /// Whether the archive of an account takes a message from or to an address
    /// (XEP-0441).
    pub(crate) fn archives(&self, owner: &str, address: &str) -> bool {
        let preferences = self.archiving.of(owner);
        // Whose presence one gets, that is, the team or whom one has asked.
        let is_contact = |bare: &str| {
            let address = BareJid::new(bare).ok();
            let contact = address.and_then(|address| self.localpart(&address));
            contact.is_some_and(|contact| self.may_see_presence(&contact, owner))
        };
        preferences.is_none_or(|preferences| preferences.archives(address, is_contact))
    }

    pub(crate) fn session_number(&self) -> u64 {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }
}

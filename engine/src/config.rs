//! What the engine is told.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use navigation::Policy;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::connection::{Dialer, Proxy};
use crate::secrets::{KeyringSecrets, Secrets};
use crate::store::StoreMode;

/// What files that were fetched may take up, unless something else is said.
const FILE_CACHE_BYTES: u64 = 1024 * 1024 * 1024;

/// How to open a profile.
#[derive(Clone)]
pub struct EngineConfig {
    /// Folder of the profile. Has to exist.
    pub profile_dir: PathBuf,
    /// Where secrets are kept.
    pub secrets: Arc<dyn Secrets>,
    /// Times to wait.
    pub timeouts: Timeouts,
    /// Time and chance.
    pub clock: Clock,
    /// How the caches do their work.
    pub store: StoreMode,
    /// What stays on this device.
    pub retention: Retention,
    /// What files that were fetched may take up for each account, in bytes; those
    /// that were not used for longest go.
    pub file_cache_bytes: u64,
    /// Reaches servers in the place of TCP and TLS; for simulations.
    pub dialer: Option<Arc<dyn Dialer>>,
    /// Which proxy streams and requests over HTTP go through.
    pub proxy: Proxy,
    /// What this device is called in the list of devices that a server shows to
    /// the owner of an account (XEP-0388); empty to say nothing. [`this_device`]
    /// gives one.
    pub device_name: String,
}

impl std::fmt::Debug for EngineConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineConfig")
            .field("profile_dir", &self.profile_dir)
            .finish_non_exhaustive()
    }
}

impl EngineConfig {
    /// A profile with its secrets in the keyring of the system.
    #[must_use]
    pub fn new(profile_dir: PathBuf) -> Self {
        let secrets = Arc::new(KeyringSecrets::for_profile(&profile_dir));
        Self {
            profile_dir,
            secrets,
            timeouts: Timeouts::default(),
            clock: Clock::default(),
            store: StoreMode::default(),
            retention: Retention::default(),
            file_cache_bytes: FILE_CACHE_BYTES,
            dialer: None,
            proxy: Proxy::None,
            device_name: String::new(),
        }
    }
}

/// What the computer is called, and its operating system: for
/// [`EngineConfig::device_name`].
#[must_use]
pub fn this_device() -> String {
    let system = match std::env::consts::OS {
        "linux" => "Linux",
        "windows" => "Windows",
        "macos" => "macOS",
        other => other,
    };
    match gethostname::gethostname().to_string_lossy().trim() {
        "" => system.to_owned(),
        name => format!("{name} ({system})"),
    }
}

/// How much of the messages stays on this device; no limits unless they are set.
/// What goes can be fetched again from the server. Drafts, pinned conversations,
/// and what is unread or waits to be sent stay in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Retention {
    /// Messages that are older than so many days go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// The oldest messages go until the cache of an account uses no more than so
    /// many bytes. The file does not become smaller: its room is used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

impl From<&Policy> for Retention {
    fn from(policy: &Policy) -> Self {
        Self {
            days: policy.cache_days.map(NonZeroU32::get),
            bytes: policy.cache_bytes.map(NonZeroU64::get),
        }
    }
}

impl Retention {
    /// Whether there is a limit.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.days.is_some() || self.bytes.is_some()
    }

    /// What keeps within both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            days: self.days.into_iter().chain(other.days).min(),
            bytes: self.bytes.into_iter().chain(other.bytes).min(),
        }
    }
}

/// Times to wait.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For reaching a server, from the look-up to the end of the TLS handshake;
    /// and again for signing in.
    pub connect: Duration,
    /// Between the beginnings of two tries at different endpoints.
    pub head_start: Duration,
    /// For the answer to a request, and for the server to take what is written.
    pub answer: Duration,
    /// Nothing was heard for this long: ask whether the server is there.
    pub idle: Duration,
    /// First wait after a lost connection; doubles up to [`Timeouts::max_backoff`].
    pub backoff: Duration,
    /// Longest wait between two tries.
    pub max_backoff: Duration,
    /// For the keyring.
    pub keyring: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            head_start: Duration::from_millis(250),
            answer: Duration::from_secs(20),
            idle: Duration::from_secs(60),
            backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(60),
            keyring: Duration::from_secs(20),
        }
    }
}

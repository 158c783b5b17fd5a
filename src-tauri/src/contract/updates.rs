//! New versions of the program.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What is known of new versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "kebab-case")]
#[ts(export)]
pub enum UpdateView {
    /// The program does not look for any.
    Off {
        /// Why not.
        why: UpdatesOff,
    },
    /// None is known.
    None {
        /// When it was looked for last, in milliseconds since the Unix epoch.
        checked_ms: Option<i64>,
        /// Whether that failed.
        failed: bool,
    },
    /// There is one, and whoever runs the computer or the server does not want it yet.
    HeldBack {
        /// Its version.
        version: String,
    },
    /// There is one, and the package manager of the system or an administrator brings it.
    Available {
        /// Its version.
        version: String,
    },
    /// There is one, it was fetched and proven, and is there after a restart.
    Ready {
        /// Its version.
        version: String,
    },
}

/// Why the program does not look for new versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum UpdatesOff {
    /// Whoever built it has named no key that would prove them.
    NotBuiltIn,
    /// Whoever runs the computer or the server does not want it.
    Policy,
}

//! What whoever runs a server has set for the people on it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What holds for an account, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ManagedView {
    /// By what the account came here.
    pub source: ManagedSource,
    /// Each value.
    pub values: Vec<ManagedValue>,
}

/// By what an account came here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "by", rename_all = "kebab-case")]
#[ts(export)]
pub enum ManagedSource {
    /// It is not known any more: the account is from an earlier version.
    #[default]
    Unknown,
    /// The address of the server was typed, or the server was made here.
    Typed,
    /// An invitation.
    Invite {
        /// Who invited, where it says so.
        inviter: Option<String>,
    },
    /// A signed navigation document.
    Navigation {
        /// Where it was fetched; none if all of it was in the link.
        url: Option<String>,
        /// Who signed it: the fingerprint in groups of letters.
        issuer_fingerprint: String,
        /// Its number; it rises with every change.
        serial: u64,
        /// When it was signed, in milliseconds since the Unix epoch.
        issued_at_ms: i64,
        /// Until when it could be used for the first time.
        valid_until_ms: Option<i64>,
    },
}

/// A value with where it is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ManagedValue {
    /// What is set.
    pub setting: ManagedSetting,
    /// By whom.
    pub origin: ValueOrigin,
}

/// By whom a value is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum ValueOrigin {
    /// The navigation document.
    Navigation,
    /// The invitation.
    Invite,
    /// The user, by what they typed or chose here.
    User,
    /// Nobody: it is what the program does by itself.
    Default,
}

/// What can be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "what", content = "value", rename_all = "kebab-case")]
#[ts(export)]
pub enum ManagedSetting {
    /// Name of the team or server.
    ServerName(Option<String>),
    /// Domain of the accounts.
    Domain(String),
    /// Where the server listens; empty: as its domain says.
    Endpoints(Vec<String>),
    /// Keys by one of which the server has to prove itself, as fingerprints.
    Keys(Vec<String>),
    /// Number of authorities of its own that may certify the server.
    Authorities(u32),
    /// Whether the authorities of the system may.
    SystemAuthorities(bool),
    /// Messages older than so many days do not stay on this device.
    CacheDays(Option<u32>),
    /// Messages use no more than so many bytes of this device.
    CacheBytes(Option<u64>),
    /// Most that a notification may show.
    Preview(PreviewLimit),
    /// The program does not look for new versions.
    UpdatesOff(bool),
    /// Where it looks, in the place of where its makers offer them.
    UpdateAddress(Option<String>),
    /// Which of the kinds of versions it takes there.
    UpdateChannel(Option<String>),
    /// No version later than this one is taken.
    UpdateUpTo(Option<String>),
}

/// Most that a notification may show.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS,
)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum PreviewLimit {
    /// What the user wants.
    #[default]
    Anything,
    /// Who wrote, not what.
    Name,
    /// That there is something.
    Nothing,
}

//! What has access to an account: sessions and devices.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What an interface may ask about the devices of an account. Needs a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "action", rename_all = "kebab-case")]
#[ts(export)]
pub enum DeviceRequest {
    /// All that are known. Answer: [`super::Response::Devices`].
    List {
        /// Account id.
        account: String,
    },
    /// Signs one out: it has to ask for the password before it comes back.
    /// Answer: [`super::Response::DeviceEnded`].
    End {
        /// Account id.
        account: String,
        /// Which ([`DeviceView::id`]).
        device: String,
    },
}

impl DeviceRequest {
    /// Its name and its account, for a log.
    pub(crate) fn summary(&self) -> (&'static str, &String) {
        match self {
            Self::List { account } => ("Devices::List", account),
            Self::End { account, .. } => ("Devices::End", account),
        }
    }
}

/// The devices of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DevicesView {
    /// This one first, then those that are connected, then by when they were here.
    pub devices: Vec<DeviceView>,
    /// Whether the server lists devices that are away, and can sign one out. Else
    /// only those are there that are connected and show themselves.
    pub complete: bool,
}

/// One program on one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DeviceView {
    /// To sign it out with; none if the server cannot.
    pub id: Option<String>,
    /// What the program calls itself; empty if it does not say.
    pub software: String,
    /// Its version; empty if it does not say.
    pub version: String,
    /// The operating system, if it says which.
    pub system: String,
    /// What the device is called; empty if it does not say.
    pub name: String,
    /// The network address from which it is, or was last, connected; empty if the
    /// server does not say.
    pub address: String,
    /// Whether it is connected now.
    pub online: bool,
    /// Whether it is this one.
    pub this: bool,
    /// When it signed in first, in milliseconds since the Unix epoch.
    pub first_seen_ms: Option<i64>,
    /// When it was here last, in milliseconds since the Unix epoch.
    pub last_seen_ms: Option<i64>,
}

/// What came of signing a device out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DeviceEndedView {
    /// It has kept the password, so it can come back: only another password keeps
    /// it out.
    pub may_come_back: bool,
}

//! The way to the servers: through which proxy, and which key a server has.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What an interface may ask about connections.
///
/// `Debug` is written by hand: a password travels in [`ConnectionRequest::SetProxy`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "action", rename_all = "kebab-case")]
#[ts(export)]
pub enum ConnectionRequest {
    /// Which proxy is used. Answer: [`super::Response::Proxy`].
    Proxy,
    /// Sets the proxy of this installation, for all accounts and all that goes over
    /// HTTP, from the next connection on; those that wait try at once. Answer:
    /// [`super::Response::Done`].
    SetProxy {
        /// Which.
        proxy: ProxyChoice,
        /// Its password, kept where passwords are; empty takes it away. None: the
        /// one of before, as long as proxy and user name are the same.
        password: Option<String>,
    },
    /// Trusts the key that the server of an account has now, after
    /// [`super::ErrorCode::CertificateKeyChanged`] has shown it (`fingerprint`), in
    /// place of the keys of before. Answer: [`super::Response::Done`], once that is
    /// noted.
    TrustKey {
        /// Account id.
        account: String,
        /// The fingerprint, as whoever runs the server says it: it has to be the
        /// one that was shown. Space in it does not matter.
        fingerprint: String,
    },
}

impl ConnectionRequest {
    /// Its name and its account, for a log.
    pub(super) fn summary(&self) -> (&'static str, Option<&String>) {
        match self {
            Self::Proxy => ("Connection::Proxy", None),
            Self::SetProxy { .. } => ("Connection::SetProxy", None),
            Self::TrustKey { account, .. } => ("Connection::TrustKey", Some(account)),
        }
    }
}

impl std::fmt::Debug for ConnectionRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct(self.summary().0).finish_non_exhaustive()
    }
}

/// Which proxy connections go through. Those to this computer itself never do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "proxy", rename_all = "kebab-case")]
#[ts(export)]
pub enum ProxyChoice {
    /// What the system says, asked anew for each connection; in a program that does
    /// not ask the system, what it was started with.
    #[default]
    System,
    /// None.
    None,
    /// This one.
    Manual(ManualProxy),
}

/// How to speak with a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum ProxyKind {
    /// HTTP, with `CONNECT`.
    Http,
    /// SOCKS, version 5.
    Socks5,
}

/// A proxy that somebody has entered. Its password is in the
/// [`Secrets`](crate::Secrets), under [`PROXY_SECRET`](crate::PROXY_SECRET).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ManualProxy {
    /// How to speak with it.
    pub kind: ProxyKind,
    /// Host name or address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User name, if it wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// Which proxy is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProxyView {
    /// Which.
    pub choice: ProxyChoice,
    /// Whether a password is kept for it.
    pub has_password: bool,
}

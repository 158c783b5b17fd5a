//! The way to the servers: through which proxy, and which key a server has.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::ApiError;

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
    /// How the connection of an account is; asks the server once how long it takes.
    /// Answer: [`super::Response::ConnectionStatus`].
    Status {
        /// Account id.
        account: String,
    },
    /// Whether a server can be reached and proves itself, without an account and
    /// without signing in. Answer: [`super::Response::Checked`].
    Check {
        /// As in [`super::Request::PreviewJoin`]; an invitation is not used up.
        input: String,
    },
    /// What holds for an account because whoever runs the server says so, and what
    /// because nobody does. Answer: [`super::Response::Managed`].
    Managed {
        /// Account id.
        account: String,
    },
}

impl ConnectionRequest {
    /// Its name and its account, for a log.
    pub(super) fn summary(&self) -> (&'static str, Option<&String>) {
        match self {
            Self::Proxy => ("Connection::Proxy", None),
            Self::SetProxy { .. } => ("Connection::SetProxy", None),
            Self::TrustKey { account, .. } => ("Connection::TrustKey", Some(account)),
            Self::Status { account } => ("Connection::Status", Some(account)),
            Self::Check { .. } => ("Connection::Check", None),
            Self::Managed { account } => ("Connection::Managed", Some(account)),
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

/// Over what a connection goes. All of it is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum Way {
    /// TLS from the first byte (XEP-0368).
    DirectTls,
    /// TCP, upgraded by STARTTLS (RFC 6120, section 5).
    StartTls,
    /// WebSocket over HTTPS (RFC 7395).
    WebSocket,
}

/// What a server's certificate says of itself. The names in it are shown as they
/// are, without what would break a line or turn it around.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CertificateView {
    /// Whose it is: names of servers, else what it calls itself.
    pub subject: String,
    /// Who says so.
    pub issuer: String,
    /// That is the server itself.
    pub self_signed: bool,
    /// Milliseconds since the Unix epoch.
    pub valid_from_ms: i64,
    /// Milliseconds since the Unix epoch.
    pub valid_until_ms: i64,
    /// Of its key, as invitations carry it.
    pub fingerprint: String,
}

/// How the connection of an account is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ConnectionStatusView {
    /// Over what; none while there is no session.
    pub way: Option<Way>,
    /// The certificate of the server that was met last; none before that, and where
    /// a program dials by itself.
    pub certificate: Option<CertificateView>,
    /// How long the server took to answer just now, in milliseconds.
    pub round_trip_ms: Option<u32>,
    /// Since when the connection is there, in milliseconds since the Unix epoch.
    pub since_ms: Option<i64>,
    /// When all that was missed was fetched last, in milliseconds since the Unix
    /// epoch; none since the start of the program.
    pub caught_up_ms: Option<i64>,
    /// Messages that wait to be sent.
    pub waiting: u32,
}

/// A step on the way to a server, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum CheckStep {
    /// What was typed means a server, and its document is to be had.
    Address,
    /// The name of the server is known.
    Name,
    /// Something answers there.
    Reach,
    /// It proves that it is the server.
    Certificate,
    /// It is a chat server, and for this domain.
    Server,
}

/// What a check has found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CheckView {
    /// The domain that was looked for; none if what was typed names none.
    pub domain: Option<String>,
    /// The step that failed; those before it went well.
    pub failed: Option<CheckStep>,
    /// Why.
    pub error: Option<ApiError>,
    /// Five digits in groups of one, three and one, to be read aloud: the step, the
    /// reason, and a check digit ([docs/diagnostic-codes.md]).
    ///
    /// [docs/diagnostic-codes.md]: https://github.com/startalk-org/startalk/blob/main/docs/diagnostic-codes.md
    pub code: String,
    /// Over what the server was reached.
    pub way: Option<Way>,
    /// What it proves itself with.
    pub certificate: Option<CertificateView>,
    /// How long all of it took, in milliseconds.
    pub took_ms: u32,
}

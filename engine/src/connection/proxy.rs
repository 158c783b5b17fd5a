//! Proxies: which one a connection goes through, if any. The same for streams
//! and for everything over HTTP.
//!
//! What is understood: HTTP with `CONNECT` (RFC 9110, section 9.3.6) and SOCKS5
//! (RFC 1928, RFC 1929), both with a user name and password. The name of the
//! server goes to the proxy and is resolved there. Scripts that choose a proxy
//! (PAC) are not run: where a network has nothing else, the proxy is entered by
//! hand.

mod system;
mod tunnel;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use self::system::SystemProxies;
pub(super) use self::tunnel::through;
use super::{ConnectError, Connector};
use crate::secrets::SecretKind;

/// Under which name [`Secrets`](crate::Secrets) keep the password of a
/// [`ManualProxy`], as a [`SecretKind::ProxyPassword`].
pub const PROXY_SECRET: &str = "proxy";

/// Which proxy connections go through. Those to this computer itself never do.
#[derive(Clone, Default)]
pub enum Proxy {
    /// None.
    #[default]
    None,
    /// What the system says, asked anew for each connection.
    System(Arc<dyn ProxySource>),
    /// This one.
    Manual(ManualProxy),
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::System(_) => f.write_str("System"),
            Self::Manual(manual) => f.debug_tuple("Manual").field(manual).finish(),
        }
    }
}

/// Knows the proxies of a system.
pub trait ProxySource: Send + Sync {
    /// The proxy for HTTPS to a host; `None` to connect directly.
    ///
    /// # Errors
    /// A sentence about a proxy that is set, and of a kind that is not
    /// understood: then nothing is sent past it.
    fn proxy_for(&self, host: &str) -> Result<Option<ProxyServer>, String>;
}

/// How to speak with a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyKind {
    /// HTTP, with `CONNECT`.
    Http,
    /// SOCKS, version 5.
    Socks5,
}

/// A proxy that somebody has entered. Its password is in the
/// [`Secrets`](crate::Secrets), under [`PROXY_SECRET`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// A proxy with all that is needed to use it.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyServer {
    /// How to speak with it.
    pub kind: ProxyKind,
    /// Host name or address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User name and password.
    pub login: Option<(String, Zeroizing<String>)>,
}

impl std::fmt::Debug for ProxyServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProxyServer")
            .field("kind", &self.kind)
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Display for ProxyServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Connector {
    /// The proxy for a host.
    pub(crate) async fn proxy_for(&self, host: &str) -> Result<Option<ProxyServer>, ConnectError> {
        if is_this_computer(host) {
            return Ok(None);
        }
        match &self.proxy {
            Proxy::None => Ok(None),
            Proxy::System(source) => source.proxy_for(host).map_err(ConnectError::Proxy),
            Proxy::Manual(manual) => {
                let login = match manual.username.clone() {
                    Some(username) => Some((username, self.proxy_password().await?)),
                    None => None,
                };
                Ok(Some(ProxyServer {
                    kind: manual.kind,
                    host: manual.host.clone(),
                    port: manual.port,
                    login,
                }))
            }
        }
    }

    async fn proxy_password(&self) -> Result<Zeroizing<String>, ConnectError> {
        let secrets = Arc::clone(&self.secrets);
        let asked = self.blocking(move || secrets.get(PROXY_SECRET, SecretKind::ProxyPassword));
        let secret = tokio::time::timeout(self.timeouts.keyring, asked).await;
        match secret {
            Ok(Ok(Ok(Some(secret)))) => String::from_utf8(secret.to_vec())
                .map(Zeroizing::new)
                .map_err(|_| ConnectError::ProxyPassword("password".to_owned())),
            // One without a password; or the proxy will ask for it.
            Ok(Ok(Ok(None))) => Ok(Zeroizing::default()),
            _ => Err(ConnectError::Proxy("its password cannot be read".into())),
        }
    }
}

/// RFC 6761, section 6.3.
fn is_this_computer(host: &str) -> bool {
    let name = host.trim_end_matches('.');
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_computer_is_reached_directly() {
        for here in ["localhost", "A.Localhost.", "127.0.0.1", "127.9.9.9", "::1"] {
            assert!(is_this_computer(here), "{here}");
        }
        for elsewhere in ["localhost.example", "192.168.1.5", "mylocalhost"] {
            assert!(!is_this_computer(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn no_password_is_shown() {
        let server = ProxyServer {
            kind: ProxyKind::Http,
            host: "proxy".to_owned(),
            port: 8080,
            login: Some(("rosa".to_owned(), Zeroizing::new("s3cret".to_owned()))),
        };
        assert!(!format!("{server:?} {server}").contains("s3cret"));
    }
}

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

use std::sync::{Arc, MutexGuard, PoisonError};

use zeroize::Zeroizing;

pub use self::system::SystemProxies;
pub(super) use self::tunnel::through;
use super::{ConnectError, Connector};
use crate::api::ProxyChoice;
pub use crate::api::{ManualProxy, ProxyKind};
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
        match self.proxy() {
            Proxy::None => Ok(None),
            Proxy::System(source) => source.proxy_for(host).map_err(ConnectError::Proxy),
            Proxy::Manual(manual) => {
                let login = match manual.username {
                    Some(username) => Some((username, self.proxy_password().await?)),
                    None => None,
                };
                Ok(Some(ProxyServer {
                    kind: manual.kind,
                    host: manual.host,
                    port: manual.port,
                    login,
                }))
            }
        }
    }

    fn proxy(&self) -> Proxy {
        let proxy = self.proxy.lock().unwrap_or_else(PoisonError::into_inner);
        proxy.clone()
    }

    /// Goes through another proxy from the next connection on, in all places.
    pub(crate) fn set_proxy(&self, usual: &Proxy, choice: &ProxyChoice) {
        *self.proxy.lock().unwrap_or_else(PoisonError::into_inner) = match choice {
            ProxyChoice::System => usual.clone(),
            ProxyChoice::None => Proxy::None,
            ProxyChoice::Manual(manual) => Proxy::Manual(manual.clone()),
        };
    }

    /// A password in the place of the one that a keyring keeps.
    pub(crate) fn set_proxy_password(&self, password: Option<Zeroizing<String>>) {
        *self.typed_password() = password;
    }

    /// Whether that is one; none: a keyring keeps it, or nobody does.
    pub(crate) fn has_proxy_password(&self) -> Option<bool> {
        let typed = self.typed_password();
        typed.as_ref().map(|password| !password.is_empty())
    }

    fn typed_password(&self) -> MutexGuard<'_, Option<Zeroizing<String>>> {
        self.proxy_password
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn proxy_password(&self) -> Result<Zeroizing<String>, ConnectError> {
        if let Some(typed) = self.typed_password().clone() {
            return Ok(typed);
        }
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

/// Why a proxy that somebody has entered can be none. A user name ends at its colon
/// (RFC 7617, section 2), and both have a length of one byte (RFC 1929, section 2).
pub(crate) fn check(manual: &ManualProxy, password: Option<&str>) -> Result<(), &'static str> {
    let fits = |text: &str| text.len() <= 255 && !text.chars().any(char::is_control);
    if manual.port == 0 || super::tls::ascii_host(&manual.host).is_err() {
        return Err("no host with a port");
    }
    match &manual.username {
        Some(name) if name.is_empty() || name.contains(':') || !fits(name) => {
            Err("no user name of a proxy")
        }
        None if password.is_some_and(|text| !text.is_empty()) => {
            Err("a password without a user name")
        }
        _ if !password.is_none_or(fits) => Err("no password of a proxy"),
        _ => Ok(()),
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

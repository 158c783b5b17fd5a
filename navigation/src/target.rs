//! A server that a client can reach.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Authority;

/// Most endpoints of one server: a client tries them all.
const MAX_ENDPOINTS: usize = 16;
/// Most pins: the one in use and one for the next key, on a few machines.
const MAX_PINS: usize = 8;
/// Most authorities: the one in use and the next.
const MAX_AUTHORITIES: usize = 4;

/// Everything a client needs to connect: where, and how the server proves
/// itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerTarget {
    /// The domain of the accounts.
    pub domain: String,
    /// Name of the team or server, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where to connect, best first. Empty means: look the domain up
    /// (RFC 6120, section 3.2).
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    /// How the server proves itself.
    #[serde(default)]
    pub trust: Trust,
}

/// One place where the server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// How to speak there.
    pub transport: Transport,
    /// Host name or address, without brackets.
    pub host: String,
    /// Port, never 0.
    pub port: u16,
    /// Path of a WebSocket, beginning with `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// How to speak at an endpoint. All of them are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// TLS from the first byte, with ALPN `xmpp-client` (XEP-0368).
    DirectTls,
    /// TCP, upgraded by STARTTLS (RFC 6120, section 5).
    StartTls,
    /// WebSocket over HTTPS (RFC 7395).
    WebSocket,
}

/// How a server proves that it is the right one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// Whether the certificate authorities of the system count.
    pub system_roots: bool,
    /// If there are any: the server's key must be one of these, and names are
    /// not compared.
    #[serde(default)]
    pub spki_sha256: Vec<SpkiPin>,
    /// Authorities that may certify this server, and no other: those of a
    /// company, for instance. Of no use beside pins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorities: Vec<Authority>,
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            system_roots: true,
            spki_sha256: Vec::new(),
            authorities: Vec::new(),
        }
    }
}

/// SHA-256 of a public key (its DER `SubjectPublicKeyInfo`, as in RFC 7469).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpkiPin([u8; 32]);

impl SpkiPin {
    /// The pin of a public key in DER.
    #[must_use]
    pub fn from_der_spki(spki: &[u8]) -> Self {
        Self(Sha256::digest(spki).into())
    }

    /// The hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for SpkiPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for SpkiPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpkiPin({self})")
    }
}

impl FromStr for SpkiPin {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| TargetError::Pin)?;
        bytes.try_into().map(Self).map_err(|_| TargetError::Pin)
    }
}

impl Serialize for SpkiPin {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SpkiPin {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// What is wrong with a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The domain is not one.
    #[error("not a domain")]
    Domain,
    /// A host is neither a name nor an address.
    #[error("not a host")]
    Host,
    /// A port is 0 or not a number.
    #[error("not a port")]
    Port,
    /// A transport is not known.
    #[error("not a transport")]
    Transport,
    /// A path does not begin with `/`, or belongs to no WebSocket.
    #[error("not a path")]
    Path,
    /// A pin is not 32 bytes in base64url.
    #[error("not a pin")]
    Pin,
    /// A certificate of an authority is not one.
    #[error("not a certificate of an authority")]
    Authority,
    /// Neither an authority nor a pin: nothing could prove the server.
    #[error("nothing proves the server's identity")]
    NoTrust,
    /// More endpoints, pins or authorities than anybody needs.
    #[error("too many endpoints, pins or authorities")]
    TooMany,
}

impl ServerTarget {
    /// A target for a server that was typed. With a host and port they are
    /// tried as direct TLS, then as STARTTLS; without, the domain is looked up.
    #[must_use]
    pub fn for_server(domain: &str, host_port: Option<(String, u16)>) -> Self {
        let endpoints = host_port.map_or_else(Vec::new, |(host, port)| {
            [Transport::DirectTls, Transport::StartTls]
                .map(|transport| Endpoint {
                    transport,
                    host: host.clone(),
                    port,
                    path: None,
                })
                .to_vec()
        });
        Self {
            domain: domain.to_owned(),
            name: None,
            endpoints,
            trust: Trust::default(),
        }
    }

    /// Checks what a document or link claims.
    ///
    /// # Errors
    /// The first [`TargetError`] that is found.
    pub fn validate(&self) -> Result<(), TargetError> {
        if !is_domain(&self.domain) {
            return Err(TargetError::Domain);
        }
        let trust = &self.trust;
        if self.endpoints.len() > MAX_ENDPOINTS
            || trust.spki_sha256.len() > MAX_PINS
            || trust.authorities.len() > MAX_AUTHORITIES
        {
            return Err(TargetError::TooMany);
        }
        if !trust.system_roots && trust.spki_sha256.is_empty() && trust.authorities.is_empty() {
            return Err(TargetError::NoTrust);
        }
        self.endpoints.iter().try_for_each(Endpoint::validate)
    }
}

impl Endpoint {
    fn validate(&self) -> Result<(), TargetError> {
        if self.port == 0 {
            return Err(TargetError::Port);
        }
        let is_address = self.host.parse::<std::net::IpAddr>().is_ok();
        if !is_address && !is_domain(&self.host) {
            return Err(TargetError::Host);
        }
        match (&self.path, self.transport) {
            (None, _) => Ok(()),
            (Some(path), Transport::WebSocket)
                if path.starts_with('/')
                    && !path.chars().any(|c| c.is_whitespace() || c.is_control()) =>
            {
                Ok(())
            }
            _ => Err(TargetError::Path),
        }
    }
}

/// `tls:host:port`, `starttls:host:port`, `wss:host:port/path`; IPv6 in brackets.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.transport {
            Transport::DirectTls => "tls",
            Transport::StartTls => "starttls",
            Transport::WebSocket => "wss",
        };
        let path = self.path.as_deref().unwrap_or_default();
        if self.host.contains(':') {
            write!(f, "{scheme}:[{}]:{}{path}", self.host, self.port)
        } else {
            write!(f, "{scheme}:{}:{}{path}", self.host, self.port)
        }
    }
}

impl FromStr for Endpoint {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let (scheme, rest) = text.split_once(':').ok_or(TargetError::Transport)?;
        let transport = match scheme {
            "tls" => Transport::DirectTls,
            "starttls" => Transport::StartTls,
            "wss" => Transport::WebSocket,
            _ => return Err(TargetError::Transport),
        };
        let (place, path) = match rest.find('/') {
            Some(at) => {
                let (place, path) = rest.split_at(at);
                (place, Some(path.to_owned()))
            }
            None => (rest, None),
        };
        let (host, port) = split_host_port(place).ok_or(TargetError::Host)?;
        let port = port.ok_or(TargetError::Port)?;
        let endpoint = Self {
            transport,
            host,
            port,
            path,
        };
        endpoint.validate()?;
        Ok(endpoint)
    }
}

/// Splits `host`, `host:port`, `[v6]`, `[v6]:port` and a bare IPv6 address.
/// `None` if it is none of these, or the port is 0 or no number.
pub(crate) fn split_host_port(text: &str) -> Option<(String, Option<u16>)> {
    let port_of = |text: &str| text.parse::<u16>().ok().filter(|port| *port != 0);
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        return match after.strip_prefix(':') {
            Some(port) => Some((host.to_owned(), Some(port_of(port)?))),
            None if after.is_empty() => Some((host.to_owned(), None)),
            None => None,
        };
    }
    if text.parse::<std::net::Ipv6Addr>().is_ok() {
        return Some((text.to_owned(), None));
    }
    match text.split_once(':') {
        Some((host, port)) if !host.is_empty() => Some((host.to_owned(), Some(port_of(port)?))),
        Some(_) => None,
        None if text.is_empty() => None,
        None => Some((text.to_owned(), None)),
    }
}

/// Whether this can be the domain of an address, or the name of a host. Private
/// top-level names and single labels are fine.
pub(crate) fn is_domain(text: &str) -> bool {
    if text.parse::<std::net::IpAddr>().is_ok() {
        return true;
    }
    let fits = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    let labels = text.strip_suffix('.').unwrap_or(text);
    text.len() <= 253
        && labels.split('.').all(fits)
        // Only digits and dots would be a mistyped address.
        && labels.chars().any(char::is_alphabetic)
        && jid::DomainPart::new(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Authority;

    #[test]
    fn endpoints_round_trip_as_text() {
        for text in [
            "tls:192.168.1.5:5280",
            "starttls:chat.example:5222",
            "wss:[fe80::1]:5280/ws",
            "wss:a:1",
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
        for (bad, error) in [
            ("", TargetError::Transport),
            ("http:a:1", TargetError::Transport),
            ("tls:a", TargetError::Port),
            ("tls:a:0", TargetError::Host),
            ("tls:a:65536", TargetError::Host),
            ("tls::1", TargetError::Host),
            ("tls:a b:1", TargetError::Host),
            ("tls:a:1/ws", TargetError::Path),
            ("wss:a:1/w s", TargetError::Path),
            ("tls:[a]:1", TargetError::Host),
        ] {
            assert_eq!(bad.parse::<Endpoint>(), Err(error), "{bad}");
        }
    }

    #[test]
    fn domains() {
        for good in [
            "example.com",
            "localhost",
            "team-x7k2.startalk.internal",
            "公司.内网",
            "192.168.1.5",
            "::1",
            "a_b.corp",
            "example.com.",
        ] {
            assert!(is_domain(good), "{good}");
        }
        let long = "a".repeat(64);
        for bad in [
            "",
            ".",
            "a..b",
            "-a",
            "a-",
            "1.2.3.4.5",
            "999.1.1.1",
            "a b",
            "a/b",
            "a@b",
            long.as_str(),
        ] {
            assert!(!is_domain(bad), "{bad}");
        }
    }

    #[test]
    fn a_target_without_any_proof_is_refused() {
        let mut target = ServerTarget::for_server("example.com", None);
        assert_eq!(target.validate(), Ok(()));
        target.trust.system_roots = false;
        assert_eq!(target.validate(), Err(TargetError::NoTrust));
        target.trust.authorities = vec![Authority::from_der(vec![0x30, 0]).unwrap()];
        assert_eq!(target.validate(), Ok(()));
        target.trust.spki_sha256 = vec![SpkiPin::from_der_spki(b"key"); MAX_PINS + 1];
        assert_eq!(target.validate(), Err(TargetError::TooMany));
    }

    #[test]
    fn pins_round_trip_as_text() {
        let pin = SpkiPin::from_der_spki(b"key");
        assert_eq!(pin.to_string().parse(), Ok(pin));
        for bad in ["", "AAAA", "not base64!"] {
            assert_eq!(bad.parse::<SpkiPin>(), Err(TargetError::Pin), "{bad}");
        }
    }
}

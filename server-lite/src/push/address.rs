//! Where a notification may go: not to what only this machine and its networks
//! can reach, or whoever may set an address could use the server to look
//! behind its firewall.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Longest address.
const MAX: usize = 1024;

/// Why an address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    /// It is no address, or too long a one.
    #[error("that is no web address")]
    Malformed,
    /// It is not encrypted.
    #[error("only https is allowed")]
    NotHttps,
    /// A name and password would be in logs and lists.
    #[error("a web address must not hold a name or password")]
    Credentials,
    /// It is not in the public internet.
    #[error("the address is not in the public internet")]
    Private,
}

/// Reads an address and checks what can be checked before its name is looked up.
pub(crate) fn check(text: &str, allow_private: bool) -> Result<Url, AddressError> {
    if text.len() > MAX {
        return Err(AddressError::Malformed);
    }
    let url: Url = text.parse().map_err(|_| AddressError::Malformed)?;
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        "http" => return Err(AddressError::NotHttps),
        _ => return Err(AddressError::Malformed),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::Credentials);
    }
    let host = url.host_str().ok_or(AddressError::Malformed)?;
    let literal = host.trim_matches(['[', ']']).parse::<IpAddr>();
    if literal.is_ok_and(|address| !allow_private && !is_public(address)) {
        return Err(AddressError::Private);
    }
    Ok(url)
}

/// Whether it is an address of the public internet.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let other = matches!(
        (a, b, c),
        // This network; shared by providers; protocols; tests; tomorrow.
        (0, _, _) | (100, 64..=127, _) | (192, 0, 0) | (198, 18 | 19, _) | (240.., _, _)
    );
    !(other
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Addresses that lead to one of IPv4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Tunnels and the like; documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] => false,
        // What is given out at all.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// Looks up names, and leaves out what is not public: in the same moment in
/// which it is used, so that a name cannot change its mind in between.
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(AddressError::Private.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        for (address, public) in [
            ("1.1.1.1", true),
            ("93.184.216.34", true),
            ("0.0.0.0", false),
            ("10.1.2.3", false),
            ("100.64.0.1", false),
            ("100.128.0.1", true),
            ("127.0.0.1", false),
            ("127.9.9.9", false),
            ("169.254.169.254", false),
            ("172.16.0.1", false),
            ("172.32.0.1", true),
            ("192.0.0.8", false),
            ("192.168.1.1", false),
            ("198.19.0.1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("2606:4700::1111", true),
            ("::", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:1.1.1.1", true),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b::101:101", true),
            ("2002:7f00:1::", false),
            ("2001:0:1::", false),
            ("2001:db8::1", false),
            ("fc00::1", false),
            ("fd12:3456::1", false),
            ("fe80::1", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }

    #[test]
    fn addresses_are_checked_however_they_are_written() {
        use AddressError::{Credentials, Malformed, NotHttps, Private};
        for (text, error) in [
            ("http://example.com/x", NotHttps),
            ("ftp://example.com/x", Malformed),
            ("file:///etc/passwd", Malformed),
            ("no address", Malformed),
            ("https://", Malformed),
            ("https://user@example.com/", Credentials),
            ("https://:secret@example.com/", Credentials),
            ("https://127.0.0.1/", Private),
            ("https://127.1/", Private),
            ("https://2130706433/", Private),
            ("https://0x7f.0.0.1/", Private),
            ("https://017700000001/", Private),
            ("https://[::1]/", Private),
            ("https://[::ffff:10.0.0.1]/", Private),
            ("https://１２７.0.0.1/", Private),
            ("https://169.254.169.254/latest/meta-data", Private),
        ] {
            assert_eq!(check(text, false), Err(error), "{text}");
        }
        assert!(check("https://example.com:8443/a?b=c", false).is_ok());
        assert!(check("http://127.0.0.1:1234/", true).is_ok());
        assert_eq!(check("file:///etc/passwd", true), Err(Malformed));
    }

    #[tokio::test]
    async fn a_name_that_leads_here_is_refused() {
        let resolved = PublicOnly.resolve("localhost".parse().unwrap()).await;
        assert!(resolved.is_err());
    }
}

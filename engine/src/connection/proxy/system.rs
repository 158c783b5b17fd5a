//! The proxies of the operating system.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use zeroize::Zeroizing;

use super::{ProxyKind, ProxyServer, ProxySource};

/// What the operating system knows of proxies: the environment (`HTTPS_PROXY`,
/// `ALL_PROXY`, `NO_PROXY`, in the reading of curl), then on macOS and Windows
/// the network settings. A program that wants them says so with
/// [`Proxy::System`](super::Proxy::System); the engine by itself reads none of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemProxies;

impl ProxySource for SystemProxies {
    fn proxy_for(&self, host: &str) -> Result<Option<ProxyServer>, String> {
        choose(&Matcher::from_system(), host)
    }
}

fn choose(matcher: &Matcher, host: &str) -> Result<Option<ProxyServer>, String> {
    let authority = match host.contains(':') {
        true => format!("[{host}]"),
        false => super::super::tls::ascii_host(host).map_err(|error| error.to_string())?,
    };
    let uri = format!("https://{authority}/")
        .parse()
        .map_err(|_| format!("{host} is no host"))?;
    matcher
        .intercept(&uri)
        .map(|found| server(&found))
        .transpose()
}

fn server(found: &Intercept) -> Result<ProxyServer, String> {
    let uri = found.uri();
    let (kind, usual) = match uri.scheme_str() {
        Some("http") => (ProxyKind::Http, 80),
        Some("socks5" | "socks5h") => (ProxyKind::Socks5, 1080),
        other => {
            let other = other.unwrap_or_default();
            return Err(format!("{other} is a kind of proxy that is not supported"));
        }
    };
    let host = uri.host().unwrap_or_default();
    let basic = found.basic_auth().and_then(|header| {
        let encoded = header.as_bytes().strip_prefix(b"Basic ")?;
        let text = Zeroizing::new(String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?);
        let (user, password) = text.split_once(':')?;
        Some((user.to_owned(), Zeroizing::new(password.to_owned())))
    });
    let raw = || {
        let (user, password) = found.raw_auth()?;
        Some((user.to_owned(), Zeroizing::new(password.to_owned())))
    };
    Ok(ProxyServer {
        kind,
        host: host.trim_matches(['[', ']']).to_owned(),
        port: uri.port_u16().unwrap_or(usual),
        login: basic.or_else(raw),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(all: &str, no: &str, host: &str) -> Result<Option<ProxyServer>, String> {
        choose(&Matcher::builder().all(all).no(no).build(), host)
    }

    #[test]
    fn the_variables_are_read_as_curl_reads_them() {
        let http = chosen("http://ro%40sa:p%3Aw@proxy:3128", "", "chat.example")
            .unwrap()
            .unwrap();
        assert_eq!((http.kind, http.port), (ProxyKind::Http, 3128));
        assert_eq!(http.to_string(), "proxy:3128");
        let login = http.login.unwrap();
        assert_eq!((login.0.as_str(), login.1.as_str()), ("ro@sa", "p:w"));
        let socks = chosen("socks5h://rosa:pw@[fe80::1]", "", "公司.内网")
            .unwrap()
            .unwrap();
        assert_eq!((socks.kind, socks.port), (ProxyKind::Socks5, 1080));
        assert_eq!(socks.host, "fe80::1");
        assert_eq!(socks.login.unwrap().1.as_str(), "pw");
        // Without a scheme it is one for HTTP.
        let plain = chosen("proxy:8080", "", "192.168.1.5").unwrap().unwrap();
        assert_eq!((plain.kind, plain.login), (ProxyKind::Http, None));
    }

    #[test]
    fn what_needs_no_proxy_gets_none() {
        let none = "example.org, 192.168.0.0/16";
        for host in ["chat.example.org", "192.168.1.5"] {
            assert_eq!(chosen("proxy:1", none, host), Ok(None), "{host}");
        }
        assert!(chosen("proxy:1", none, "example.com").unwrap().is_some());
        assert_eq!(chosen("", "", "example.com"), Ok(None));
    }

    #[test]
    fn a_proxy_of_another_kind_is_not_gone_round() {
        assert!(chosen("https://proxy", "", "example.com").is_err());
        assert!(chosen("socks4://proxy", "", "example.com").is_err());
    }
}

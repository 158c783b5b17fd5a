//! Requests over HTTPS: navigation documents, host-meta, files. Each says by what
//! the other side proves itself; through the account's proxy, as its stream is; never
//! in clear.

use std::time::Duration;

use navigation::Trust;
use reqwest::redirect::Policy;
use url::Url;
use zeroize::Zeroizing;

use crate::connection::{ConnectError, Connector, ProxyKind, ProxyServer, TlsSetup, tls_error};

/// Redirections that are followed; each to HTTPS, and each proven anew.
const MAX_REDIRECTS: usize = 3;

/// How much is read at most, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) bytes: usize,
    pub(crate) wait: Duration,
}

/// Where redirections may lead; always to HTTPS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    /// To any host, and each is proven anew.
    Anywhere,
    /// To other places of the same host.
    SameHost,
    /// Nowhere.
    Nowhere,
}

impl From<Follow> for Policy {
    fn from(follow: Follow) -> Self {
        match follow {
            Follow::Anywhere => Self::limited(MAX_REDIRECTS),
            Follow::Nowhere => Self::none(),
            Follow::SameHost => Self::custom(|attempt| {
                let first = attempt.previous().first().and_then(Url::host_str);
                if attempt.previous().len() > MAX_REDIRECTS || first != attempt.url().host_str() {
                    attempt.stop()
                } else {
                    attempt.follow()
                }
            }),
        }
    }
}

/// By what a web server proves itself.
#[derive(Debug, Clone)]
pub(crate) enum Proof {
    /// By this alone.
    Only(Trust),
    /// By this, or by an authority of the system's.
    OrSystem(Trust),
}

impl Proof {
    /// Blocks.
    fn setup(&self) -> Result<TlsSetup, ConnectError> {
        match self {
            Self::Only(trust) => TlsSetup::new(trust),
            Self::OrSystem(trust) => TlsSetup::or_system(trust),
        }
    }
}

/// A client for the host of a URL.
///
/// # Errors
/// [`ConnectError`] if there is nothing to trust, or the proxy is of no use.
pub(crate) async fn client(
    connector: &Connector,
    url: &Url,
    proof: Proof,
    follow: Follow,
) -> Result<reqwest::Client, ConnectError> {
    let setup = connector.blocking(move || proof.setup()).await??;
    let mut builder = reqwest::Client::builder()
        .https_only(true)
        .connect_timeout(connector.timeouts.connect)
        .redirect(follow.into())
        .tls_backend_preconfigured(setup.config(&[b"http/1.1"])?)
        // The environment is not ours to read.
        .no_proxy();
    let host = url.host_str().unwrap_or_default();
    if let Some(server) = connector.proxy_for(host.trim_matches(['[', ']'])).await? {
        let address = proxy_address(&server)?;
        let proxy = reqwest::Proxy::all(address.as_str())
            .map_err(|_| ConnectError::Proxy(format!("{server} cannot be used")))?;
        builder = builder.proxy(proxy);
    }
    builder
        .build()
        .map_err(|error| ConnectError::Internal(error.to_string()))
}

/// Reads what is at a URL, if it is not too much.
///
/// # Errors
/// [`ConnectError`]; the URL, which may be a secret, is in none of them.
pub(crate) async fn get(
    connector: &Connector,
    url: &Url,
    trust: &Trust,
    limits: Limits,
) -> Result<Vec<u8>, ConnectError> {
    let proof = Proof::Only(trust.clone());
    let client = client(connector, url, proof, Follow::Anywhere).await?;
    let got = async {
        let mut response = client
            .get(url.as_str())
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(failed)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > limits.bytes {
                return Err(ConnectError::TooLarge);
            }
        }
        Ok(bytes)
    };
    tokio::time::timeout(limits.wait, got)
        .await
        .unwrap_or(Err(ConnectError::TimedOut))
}

/// The address of a proxy with its password in it, as `reqwest` wants it.
pub(crate) fn proxy_address(server: &ProxyServer) -> Result<Zeroizing<String>, ConnectError> {
    let bad = || ConnectError::Proxy(format!("{server} cannot be used"));
    let scheme = match server.kind {
        ProxyKind::Http => "http",
        // With "h" the proxy looks names up.
        ProxyKind::Socks5 => "socks5h",
    };
    let host = match server.host.contains(':') {
        true => format!("[{}]", server.host),
        false => server.host.clone(),
    };
    let mut url = Url::parse(&format!("{scheme}://{host}:{}", server.port)).map_err(|_| bad())?;
    if let Some((user, password)) = &server.login {
        url.set_username(user).map_err(|()| bad())?;
        url.set_password(Some(password)).map_err(|()| bad())?;
    }
    Ok(Zeroizing::new(url.into()))
}

/// What a failed request means, by the innermost cause that says something.
pub(crate) fn failed(error: reqwest::Error) -> ConnectError {
    let error = error.without_url();
    if let Some(status) = error.status() {
        return ConnectError::HttpStatus(status.as_u16());
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let mut innermost = error.to_string();
    while let Some(current) = cause {
        if let Some(tls) = tls_inside(current) {
            return tls_error(tls);
        }
        innermost = current.to_string();
        // COMPAT: the layer below has no types for these.
        if innermost.contains("proxy authorization required")
            || innermost.contains("credentials not accepted")
        {
            return ConnectError::ProxyPassword("for web addresses".to_owned());
        }
        if innermost.starts_with("tunnel error") || innermost.starts_with("SOCKS error") {
            return ConnectError::Proxy(innermost);
        }
        if innermost.starts_with("dns error") {
            return ConnectError::Unknown(innermost);
        }
        cause = current.source();
    }
    match error.is_timeout() {
        true => ConnectError::TimedOut,
        false => ConnectError::Unreachable(innermost),
    }
}

/// An error of TLS in one of input and output, in another one maybe: what those hold is
/// no source of theirs, only its source is.
fn tls_inside<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut current = error;
    loop {
        if let Some(tls) = current.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        current = current.downcast_ref::<std::io::Error>()?.get_ref()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_tls_is_found_however_it_is_wrapped() {
        use std::io::Error;

        let tls = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let once = Error::other(tls.clone());
        assert_eq!(tls_inside(&once), Some(&tls));
        assert_eq!(tls_inside(&Error::other(once)), Some(&tls));
        assert_eq!(tls_inside(&Error::other("no")), None);
    }

    #[test]
    fn the_password_of_a_proxy_is_written_so_that_it_is_read_again() {
        let mut server = ProxyServer {
            kind: ProxyKind::Socks5,
            host: "fe80::1".to_owned(),
            port: 1080,
            login: None,
        };
        let written = |server: &ProxyServer| proxy_address(server).unwrap().to_string();
        assert_eq!(written(&server), "socks5h://[fe80::1]:1080");
        server.kind = ProxyKind::Http;
        server.host = "proxy".to_owned();
        server.login = Some(("ro@sa".to_owned(), Zeroizing::new("p:w/".to_owned())));
        assert_eq!(written(&server), "http://ro%40sa:p%3Aw%2F@proxy:1080/");
    }
}

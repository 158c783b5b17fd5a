//! A connection through a proxy: HTTP `CONNECT` (RFC 9110, section 9.3.6) and
//! SOCKS5 (RFC 1928, with the password of RFC 1929).

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use super::super::tls::ascii_host;
use super::super::{ConnectError, eyeballs};
use super::{ProxyKind, ProxyServer};

/// Largest head of an answer to `CONNECT`.
const MAX_HEAD: usize = 16 * 1024;
/// Longest name or password (RFC 1929), longest host (RFC 1928).
const MAX_FIELD: usize = 255;

/// Connects to a host through a proxy. The proxy looks the name up.
pub(in crate::connection) async fn through(
    proxy: &ProxyServer,
    host: &str,
    port: u16,
    head_start: Duration,
) -> Result<TcpStream, ConnectError> {
    let host = ascii_host(host)?;
    let mut socket = eyeballs::reach(&proxy.host, proxy.port, head_start)
        .await
        .map_err(|error| ConnectError::Proxy(format!("{proxy}: {error}")))?;
    match proxy.kind {
        ProxyKind::Http => connect(&mut socket, proxy, &host, port).await?,
        ProxyKind::Socks5 => socks5(&mut socket, proxy, &host, port).await?,
    }
    Ok(socket)
}

fn broken(error: &std::io::Error) -> ConnectError {
    ConnectError::Proxy(error.to_string())
}

async fn connect(
    io: &mut (impl AsyncRead + AsyncWrite + Unpin),
    proxy: &ProxyServer,
    host: &str,
    port: u16,
) -> Result<(), ConnectError> {
    let place = match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    let mut request = Zeroizing::new(format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n"));
    if let Some((user, password)) = &proxy.login {
        let pair = Zeroizing::new(format!("{user}:{}", password.as_str()));
        let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        request.push_str("Proxy-Authorization: Basic ");
        request.push_str(&encoded);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    io.write_all(request.as_bytes())
        .await
        .map_err(|error| broken(&error))?;
    let head = read_head(io).await?;
    let line = head.lines().next().unwrap_or_default();
    let mut words = line.split_ascii_whitespace();
    let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/1."));
    match words.next().and_then(|status| status.parse::<u16>().ok()) {
        Some(200..=299) if is_http => Ok(()),
        Some(407) if is_http => Err(ConnectError::ProxyPassword(proxy.to_string())),
        // The proxy does not reach the server, or does not know its name.
        Some(status @ (502..=504)) if is_http => Err(ConnectError::Unreachable(format!(
            "the proxy {proxy} says {status}"
        ))),
        Some(status) if is_http => Err(ConnectError::Proxy(format!("{proxy} says {status}"))),
        _ => Err(ConnectError::Proxy(format!("{proxy} is no HTTP proxy"))),
    }
}

/// Reads up to the empty line and not one byte more: what follows is the
/// server's.
async fn read_head(io: &mut (impl AsyncRead + Unpin)) -> Result<String, ConnectError> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        if head.len() >= MAX_HEAD {
            return Err(ConnectError::Proxy("its answer is too long".to_owned()));
        }
        head.push(io.read_u8().await.map_err(|error| broken(&error))?);
    }
    String::from_utf8(head).map_err(|_| ConnectError::Proxy("its answer is no text".to_owned()))
}

async fn socks5(
    io: &mut (impl AsyncRead + AsyncWrite + Unpin),
    proxy: &ProxyServer,
    host: &str,
    port: u16,
) -> Result<(), ConnectError> {
    let methods: &[u8] = match &proxy.login {
        Some(_) => &[5, 2, 0, 2],
        None => &[5, 1, 0],
    };
    io.write_all(methods)
        .await
        .map_err(|error| broken(&error))?;
    match (read(io).await?, &proxy.login) {
        ([5, 0], _) => {}
        ([5, 2], Some((user, password))) => {
            let mut login = Zeroizing::new(vec![1]);
            field(&mut login, user)?;
            field(&mut login, password)?;
            io.write_all(&login).await.map_err(|error| broken(&error))?;
            let [_, status] = read(io).await?;
            if status != 0 {
                return Err(ConnectError::ProxyPassword(proxy.to_string()));
            }
        }
        // None of the ways that we have: without a password it wants one.
        ([5, 0xff], None) => return Err(ConnectError::ProxyPassword(proxy.to_string())),
        ([5, _], _) => {
            let text = format!("{proxy} wants another way to sign in");
            return Err(ConnectError::Proxy(text));
        }
        _ => return Err(ConnectError::Proxy(format!("{proxy} is no SOCKS5 proxy"))),
    }
    let mut request = vec![5, 1, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(1);
            request.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(4);
            request.extend(address.octets());
        }
        Err(_) => {
            request.push(3);
            field(&mut request, host)?;
        }
    }
    request.extend(port.to_be_bytes());
    io.write_all(&request)
        .await
        .map_err(|error| broken(&error))?;
    let [version, reply, _, kind] = read(io).await?;
    if version != 5 {
        return Err(ConnectError::Proxy(format!("{proxy} is no SOCKS5 proxy")));
    }
    match reply {
        0 => {}
        // Network or host unreachable, refused, expired.
        3..=6 => {
            let text = format!("the proxy {proxy} says {reply}");
            return Err(ConnectError::Unreachable(text));
        }
        _ => return Err(ConnectError::Proxy(format!("{proxy} says {reply}"))),
    }
    // Its own address, which nobody needs.
    let length = match kind {
        1 => 4,
        4 => 16,
        3 => {
            let [length] = read(io).await?;
            usize::from(length)
        }
        _ => return Err(ConnectError::Proxy(format!("{proxy} is no SOCKS5 proxy"))),
    };
    let mut rest = vec![0; length + 2];
    io.read_exact(&mut rest)
        .await
        .map_err(|error| broken(&error))?;
    Ok(())
}

fn field(request: &mut Vec<u8>, text: &str) -> Result<(), ConnectError> {
    let length = u8::try_from(text.len())
        .map_err(|_| ConnectError::Proxy(format!("more than {MAX_FIELD} bytes")))?;
    request.push(length);
    request.extend_from_slice(text.as_bytes());
    Ok(())
}

async fn read<const N: usize>(io: &mut (impl AsyncRead + Unpin)) -> Result<[u8; N], ConnectError> {
    let mut bytes = [0; N];
    io.read_exact(&mut bytes)
        .await
        .map_err(|error| broken(&error))?;
    Ok(bytes)
}

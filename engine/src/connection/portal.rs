//! Networks that answer in the place of every server until somebody has signed in
//! on a page of theirs, as in hotels and trains.
//!
//! Only an explanation of a failure: asked when what answers does not prove that it
//! is the server, in clear as everything there is, and with nothing in the question
//! but the name of the host. What is answered leads nowhere.

use std::time::Duration;

use navigation::ServerTarget;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::error::CertificateProblem;
use super::{ConnectError, Connector, eyeballs};

/// Such networks stand between us and this port of any host.
const HTTP_PORT: u16 = 80;
/// Longest wait for all of it.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes of an answer that are looked at.
const MAX_HEAD: usize = 4 * 1024;

/// The error for people: in the place of a certificate that does not fit, that the
/// network wants a sign-in, if it is that.
pub(super) async fn explain(
    connector: &Connector,
    target: &ServerTarget,
    error: ConnectError,
) -> ConnectError {
    let ConnectError::Certificate(problem, ..) = &error else {
        return error;
    };
    // Whoever has come that far speaks our protocol.
    if *problem == CertificateProblem::Imposter || connector.dialer.is_some() {
        return error;
    }
    let named = target
        .endpoints
        .first()
        .map(|endpoint| endpoint.host.as_str());
    let host = named.unwrap_or(&target.domain);
    // A proxy answers for itself.
    if !matches!(connector.proxy_for(host).await, Ok(None)) {
        return error;
    }
    match is_there(connector, host, HTTP_PORT).await {
        true => ConnectError::Portal(error.to_string()),
        false => error,
    }
}

async fn is_there(connector: &Connector, host: &str, port: u16) -> bool {
    let asked = async {
        let head_start = connector.timeouts.head_start;
        let mut socket = eyeballs::reach(host, port, head_start).await.ok()?;
        let name = match host.contains(':') {
            true => format!("[{host}]"),
            false => host.to_owned(),
        };
        let request = format!("GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.ok()?;
        let mut head = Vec::new();
        let mut answer = socket.take(MAX_HEAD as u64);
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            if answer.read_buf(&mut head).await.ok()? == 0 {
                break;
            }
        }
        Some(head)
    };
    let head = timeout(PATIENCE, asked).await.ok().flatten();
    head.is_some_and(|head| leads_away(host, &String::from_utf8_lossy(&head)))
}

/// Whether the answer of a website is that of a network: it says so (RFC 6585,
/// section 6), or sends us to another host for now. For good, or to another part of
/// the same site, is what websites do.
fn leads_away(host: &str, head: &str) -> bool {
    let mut lines = head.lines();
    let mut status = lines.next().unwrap_or_default().split_whitespace();
    let is_http = status
        .next()
        .is_some_and(|version| version.starts_with("HTTP/1."));
    match status.next() {
        Some("511") if is_http => true,
        Some("302" | "303" | "307") if is_http => lines
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("location"))
            .and_then(|(_, place)| url::Url::parse(place.trim()).ok())
            .and_then(|place| place.host_str().map(str::to_ascii_lowercase))
            .is_some_and(|place| !is_same_site(host, &place)),
        _ => false,
    }
}

/// As far as names tell.
fn is_same_site(host: &str, place: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let place = place.trim_matches(['[', ']']);
    let is_below = |name: &str, top: &str| {
        name.strip_suffix(top)
            .is_some_and(|rest| rest.ends_with('.'))
    };
    host == place || is_below(place, &host) || is_below(&host, place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::EngineConfig;

    #[test]
    fn u67_what_a_network_answers_and_what_a_website_does() {
        let host = "chat.team.example";
        let to = |status: &str, place: &str| {
            let head = format!("HTTP/1.1 {status} x\r\nServer: y\r\nLocation: {place}\r\n\r\n");
            leads_away(host, &head)
        };
        assert!(to(
            "302",
            "http://login.hotel.example/?from=chat.team.example"
        ));
        assert!(to("307", "http://192.168.8.1/portal") && to("303", "https://x.example"));
        assert!(leads_away(
            host,
            "HTTP/1.1 511 Network Authentication Required\r\n\r\n"
        ));
        for (status, place) in [
            ("302", "https://chat.team.example/"),
            ("302", "https://www.chat.team.example/"),
            ("307", "https://team.example/"),
            ("302", "/login"),
            // For good: a site that has moved.
            ("301", "https://other.example/"),
            ("308", "https://other.example/"),
            ("200", "http://login.hotel.example/"),
        ] {
            assert!(!to(status, place), "{status} {place}");
        }
        for odd in [
            "",
            "SSH-2.0-x",
            "HTTP/1.1",
            "ICY 302\r\nLocation: http://x.example\r\n",
        ] {
            assert!(!leads_away(host, odd), "{odd}");
        }
        // What stands in the body is no header.
        let body = "HTTP/1.1 302 x\r\n\r\nLocation: http://x.example\r\n";
        assert!(!leads_away(host, body));
    }

    #[tokio::test]
    async fn u67_it_is_asked_on_a_socket_and_a_silent_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let connector = Connector::new(&EngineConfig::new(folder.path().to_owned()));
        for (answer, wanted) in [
            (
                "HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n",
                true,
            ),
            ("HTTP/1.1 200 OK\r\n\r\nhello", false),
            ("", false),
        ] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let portal = async {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 1024];
                let read = socket.read(&mut request).await.unwrap();
                socket.write_all(answer.as_bytes()).await.unwrap();
                String::from_utf8_lossy(&request[..read]).into_owned()
            };
            let (found, request) = tokio::join!(is_there(&connector, "127.0.0.1", port), portal);
            assert_eq!(found, wanted, "{answer}");
            assert!(request.contains("Host: 127.0.0.1\r\n"), "{request}");
        }
    }
}

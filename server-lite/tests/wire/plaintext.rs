//! Without TLS, where it is allowed; and a port for direct TLS alone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use xmpp_core::sasl::{ClientBinding, Mechanism};
use xmpp_core::{Element, ns};

use crate::client::{Certificate, Client, TlsVersion, socket, tls, within};
use crate::server::{PASSWORD, Server};

const UNBOUND: ClientBinding = ClientBinding::Unsupported;

async fn allowing() -> Server {
    let server = Server::with(|config| config.allow_plaintext = true).await;
    server.accounts(&["rosa", "bob"]).await;
    server
}

fn mechanisms(features: &Element) -> Vec<String> {
    let list = features.get_child("mechanisms", ns::SASL);
    list.into_iter()
        .flat_map(Element::children)
        .map(Element::text)
        .collect()
}

/// The ways in clear: the port for STARTTLS, the shared port, WebSocket.
async fn in_clear(server: &Server, way: usize) -> Client {
    match way {
        0 => Client::in_clear(server).await,
        1 => Client::clear_on_shared(server).await,
        _ => Client::clear_websocket(server).await.unwrap(),
    }
}

#[tokio::test]
async fn who_may_do_without_tls_signs_in_by_scram_and_nothing_weaker() {
    let server = allowing().await;
    for way in 0..3 {
        for mechanism in [Mechanism::ScramSha256, Mechanism::ScramSha1] {
            let mut client = in_clear(&server, way).await;
            let features = client.open().await;
            assert_eq!(mechanisms(&features), ["SCRAM-SHA-256", "SCRAM-SHA-1"]);
            // XEP-0388, section 3: inside TLS only.
            assert!(!features.has_child("authentication", ns::SASL2));
            assert!(!features.has_child("sasl-channel-binding", ns::SASL_CB));
            // TLS is there for who wants it, but on a WebSocket.
            assert_eq!(features.has_child("starttls", ns::TLS), way != 2);
            let done = client.exchange(mechanism, "rosa", PASSWORD, UNBOUND).await;
            assert!(done.is_success(), "{way} {mechanism:?} {}", done.raw);
            client.restart();
            client.open().await;
            client.bind("desk").await;
            client.sync().await;
        }
        for name in ["PLAIN", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"] {
            let mut client = in_clear(&server, way).await;
            client.open().await;
            let initial = STANDARD.encode(format!("\0rosa\0{PASSWORD}"));
            client.auth(name, &initial).await;
            let answer = client.element().await;
            assert!(
                answer.has_child("invalid-mechanism", ns::SASL),
                "{answer:?}"
            );
        }
        let mut client = in_clear(&server, way).await;
        client.open().await;
        let initial = format!("\0rosa\0{PASSWORD}");
        client.send_authenticate("PLAIN", initial, "").await;
        assert_eq!(client.end().await.as_deref(), Some("not-authorized"));
    }
}

#[tokio::test]
async fn tls_stays_possible_on_every_port() {
    let server = allowing().await;
    let pin = server.handle().spki_pin();
    for way in 0..3 {
        let mut client = match way {
            0 => Client::direct(&server).await,
            1 => Client::starttls(&server).await,
            _ => Client::websocket(&server).await,
        };
        assert_eq!(client.certificate.as_ref().unwrap().pin(), pin);
        let features = client.open().await;
        assert!(mechanisms(&features).contains(&"PLAIN".to_owned()));
        assert!(!features.has_child("starttls", ns::TLS));
    }
    // What is sent behind the request in clear goes nowhere here either.
    let mut client = Client::in_clear(&server).await;
    client.open().await;
    client
        .send(format!("<starttls xmlns='{}'/><presence/>", ns::TLS))
        .await;
    assert_eq!(client.end().await.as_deref(), Some("policy-violation"));
}

#[tokio::test]
async fn without_leave_nothing_is_taken_in_clear() {
    let server = Server::of(&["rosa"]).await;
    let mut raw = socket(server.handle().https_addr()).await;
    let header = Client::in_clear(&server).await.header();
    // It is no TLS: at most an alert comes.
    drop(raw.write_all(header.as_bytes()).await);
    let mut answer = Vec::new();
    drop(within("the end", raw.read_to_end(&mut answer)).await);
    assert!(!answer.contains(&b'<'), "{answer:?}");
    assert!(Client::clear_websocket(&server).await.is_err());
}

#[tokio::test]
async fn the_shared_port_takes_plain_http_and_says_so() {
    let server = allowing().await;
    for (path, wanted) in [
        ("/.well-known/host-meta", "href='ws://team.example/ws'"),
        (
            "/.well-known/host-meta.json",
            "\"href\":\"ws://team.example/ws\"",
        ),
    ] {
        let mut raw = socket(server.handle().https_addr()).await;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: team.example\r\nConnection: close\r\n\r\n");
        raw.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        within("an answer", raw.read_to_string(&mut answer))
            .await
            .unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains(wanted), "{answer}");
    }
    // Whoever says nothing is told apart from nobody.
    let silent = socket(server.handle().https_addr()).await;
    Client::prove_alive(&server, "rosa").await;
    drop(silent);
}

#[tokio::test]
async fn whoever_says_nothing_is_let_go_on_every_port() {
    let loopback = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::with(|config| {
        config.allow_plaintext = true;
        config.tls = Some(loopback);
        // Shorter than the patience of a read, which is what makes this a test.
        config.limits.negotiation = std::time::Duration::from_secs(1);
    })
    .await;
    let silent = async |address, first: &'static str| {
        let mut raw = socket(address).await;
        raw.write_all(first.as_bytes()).await.unwrap();
        drop(within("the end", raw.read_to_end(&mut Vec::new())).await);
    };
    let handle = server.handle();
    tokio::join!(
        silent(handle.https_addr(), ""),
        silent(handle.https_addr(), "<"),
        silent(handle.https_addr(), "\u{16}"),
        silent(handle.tls_addr().unwrap(), ""),
        silent(handle.tls_addr().unwrap(), "\u{16}"),
        silent(handle.tcp_addr().unwrap(), ""),
    );
}

#[tokio::test]
async fn messages_cross_between_clear_and_encrypted() {
    let server = allowing().await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut rosa = in_clear(&server, 2).await;
    rosa.open().await;
    let done = rosa
        .exchange(Mechanism::ScramSha1, "rosa", PASSWORD, UNBOUND)
        .await;
    assert!(done.is_success());
    rosa.restart();
    rosa.open().await;
    rosa.bind("web").await;
    rosa.send(
        "<message xmlns='jabber:client' to='bob@team.internal' type='chat'><body>你好</body></message>",
    )
    .await;
    bob.text("你好").await;
}

#[tokio::test]
async fn direct_tls_can_have_a_port_of_its_own() {
    let loopback = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::with(|config| config.tls = Some(loopback)).await;
    server.accounts(&["rosa"]).await;
    let address = server.handle().tls_addr().unwrap();
    for alpn in [Some(&b"xmpp-client"[..]), None] {
        let socket = socket(address).await;
        let (stream, certificate, _): (_, Certificate, _) =
            tls(socket, alpn, TlsVersion::V13).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), alpn);
        assert_eq!(certificate.pin(), server.handle().spki_pin());
        let mut client = Client::over_bytes(Box::new(stream), &server);
        client.sign_in("rosa").await;
        client.bind("desk").await;
        client.sync().await;
    }
    // A browser is in the wrong place there (RFC 7301, section 3.2).
    let socket = socket(address).await;
    assert!(
        tls(socket, Some(b"http/1.1"), TlsVersion::V13)
            .await
            .is_err()
    );
}

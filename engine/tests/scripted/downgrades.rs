//! Row 3 of what users of the peers complain of, and the like of it: nothing
//! ever becomes weaker without being said.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use navigation::Transport;
use startalk_engine::api::{ConnectionView, ErrorCode, Request};
use startalk_engine::{Engine, MemorySecrets};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use xmpp_core::sasl::{BindingData, Mechanism, ScramHash, ScramServer, ScramVerifier};

use crate::client::{Client, TIMEOUTS, config, rosa};
use crate::peer::{HEADER, PASSWORD, SASL, Server, within};

const PLAIN: &str = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
    <mechanism>PLAIN</mechanism></mechanisms>";

async fn engine() -> (tempfile::TempDir, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let secrets = Arc::new(MemorySecrets::default());
    let engine = Engine::open(config(folder.path(), secrets, TIMEOUTS))
        .await
        .unwrap();
    (folder, engine)
}

/// Talks in clear at the server's port and gives all that the client says.
async fn in_clear(server: &Server, say: &[&str]) -> String {
    let mut socket = server.accept_tcp().await;
    let mut heard = Vec::new();
    let mut buffer = [0; 4096];
    for text in say {
        let read = within("a word", socket.read(&mut buffer)).await.unwrap();
        heard.extend_from_slice(&buffer[..read]);
        if socket.write_all(text.as_bytes()).await.is_err() {
            break;
        }
    }
    drop(within("the end", socket.read_to_end(&mut heard)).await);
    String::from_utf8_lossy(&heard).into_owned()
}

#[tokio::test]
async fn row_3_nothing_is_said_in_clear_but_that_we_want_tls() {
    let server = Server::start();
    let (_folder, engine) = engine().await;
    let features = |inside: &str| format!("{HEADER}<stream:features>{inside}</stream:features>");
    let starttls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    let proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    let refuse = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    for (first, second, code) in [
        // The offer was taken away, as somebody in between would do.
        (features(SASL), String::new(), ErrorCode::SignInNotSupported),
        (
            features(&format!("{starttls}{SASL}")),
            refuse.to_owned(),
            ErrorCode::NotAChatServer,
        ),
        // Words slipped in before TLS begins.
        (
            features(starttls),
            format!("{proceed}<x/>"),
            ErrorCode::NotAChatServer,
        ),
        (
            features(starttls),
            format!("{proceed}plain, not TLS"),
            ErrorCode::NotAChatServer,
        ),
    ] {
        let mut new = rosa(&server, PASSWORD);
        new.target.endpoints[0].transport = Transport::StartTls;
        let says = [first.as_str(), second.as_str()];
        let (refused, heard) = tokio::join!(engine.add_account(new), in_clear(&server, &says));
        let error = refused.unwrap_err();
        assert_eq!(error.code, code, "{}", error.detail);
        assert!(
            !heard.contains("<auth") && !heard.contains("rosa"),
            "{heard}"
        );
    }
    engine.close().await;
}

#[tokio::test]
async fn row_3_who_does_not_speak_tls_hears_no_word() {
    let server = Server::start();
    let (_folder, engine) = engine().await;
    for transport in [Transport::DirectTls, Transport::WebSocket] {
        let mut new = rosa(&server, PASSWORD);
        new.target.endpoints[0].transport = transport;
        let says = ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"];
        let (refused, heard) = tokio::join!(engine.add_account(new), in_clear(&server, &says));
        assert_eq!(refused.unwrap_err().code, ErrorCode::NotAChatServer);
        // A record of TLS that says hello.
        assert_eq!(heard.as_bytes().first(), Some(&0x16));
        assert!(!heard.contains("GET ") && !heard.contains("<stream"));
    }
    engine.close().await;
}

#[tokio::test]
async fn a_server_that_knew_scram_does_not_get_the_password_itself() {
    let server = Server::start();
    let (mut client, peer) = Client::start(&server).await;
    drop(peer);
    // Nor after a restart.
    for restart in [false, true] {
        if restart {
            client.restart().await;
        }
        let mut peer = server.accept().await;
        peer.open(PLAIN).await;
        assert!(peer.next_raw().await.is_none(), "not one word");
        client
            .until("offline", async || match client.connection().await {
                ConnectionView::Offline { error } => {
                    assert_eq!(error.unwrap().code, ErrorCode::SignInDowngraded);
                    true
                }
                _ => false,
            })
            .await;
    }
    // Who types it again has been told, and wants it.
    let unlock = client.engine.handle(Request::Unlock {
        account: client.account.clone(),
        password: PASSWORD.to_owned(),
    });
    let plain = async {
        let mut peer = server.accept().await;
        peer.open(PLAIN).await;
        let auth = peer.next_raw().await.unwrap();
        assert_eq!(auth.attr("mechanism"), Some("PLAIN"));
        let success = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
        peer.send(success).await;
        peer.restart();
        peer.open("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>")
            .await;
        peer
    };
    let (unlocked, peer) = tokio::join!(unlock, plain);
    unlocked.unwrap();
    assert!(peer.closes_in_order().await);
    let mut peer = server.accept().await;
    peer.open(PLAIN).await;
    assert_eq!(
        peer.next_raw().await.unwrap().attr("mechanism"),
        Some("PLAIN")
    );
}

#[tokio::test]
async fn an_offer_that_was_changed_on_its_way_is_noticed() {
    let server = Server::start();
    let (_folder, engine) = engine().await;
    let tampered = async {
        let mut peer = server.accept().await;
        peer.open(SASL).await;
        let auth = peer.next_raw().await.unwrap();
        let data = STANDARD.decode(auth.text()).unwrap();
        let binding = BindingData::default();
        let mechanism = Mechanism::ScramSha256;
        // The server had offered more than what arrived (XEP-0474).
        let offered = ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"];
        let mut scram = ScramServer::start(mechanism, &data, "fyko", &binding)
            .unwrap()
            .with_offer(&offered, &[]);
        let verifier = ScramVerifier::derive(ScramHash::Sha256, PASSWORD, b"pepper", 4096).unwrap();
        let challenge = STANDARD.encode(scram.challenge(verifier));
        let sasl = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
        peer.send(&format!("<challenge {sasl}>{challenge}</challenge>"))
            .await;
        assert!(peer.next_raw().await.is_none(), "no proof for such a one");
    };
    let (refused, ()) = tokio::join!(engine.add_account(rosa(&server, PASSWORD)), tampered);
    assert_eq!(refused.unwrap_err().code, ErrorCode::SignInDowngraded);
    engine.close().await;
}

/// Accepts one connection, and sends it somewhere else.
async fn send_to(server: &Server, place: String) {
    let mut peer = server.accept().await;
    peer.header().await;
    peer.send(&format!(
        "{HEADER}<stream:error><see-other-host \
         xmlns='urn:ietf:params:xml:ns:xmpp-streams'>{place}</see-other-host></stream:error>"
    ))
    .await;
}

#[tokio::test]
async fn where_a_server_sends_us_we_go() {
    let server = Server::start();
    let (_folder, engine) = engine().await;
    // To itself, which then opens.
    let talk = async {
        send_to(&server, format!("localhost:{}", server.port())).await;
        let mut peer = server.signed_in().await;
        while peer.next().await.is_some() {}
    };
    let (added, ()) = tokio::join!(engine.add_account(rosa(&server, PASSWORD)), talk);
    added.unwrap();
    engine.close().await;
}

#[tokio::test]
async fn where_a_server_sends_us_we_go_only_so_often() {
    let server = Server::start();
    let (_folder, engine) = engine().await;
    let talk = async {
        for _ in 0..4 {
            send_to(&server, format!("127.0.0.1:{}", server.port())).await;
        }
    };
    let (refused, ()) = tokio::join!(engine.add_account(rosa(&server, PASSWORD)), talk);
    assert_eq!(refused.unwrap_err().code, ErrorCode::RedirectRefused);
    engine.close().await;
}

#[tokio::test]
async fn where_a_server_sends_us_somebody_has_to_prove_who_they_are() {
    let (server, other) = (Server::start(), Server::start());
    let (_folder, engine) = engine().await;
    // Its key is not the one that is pinned.
    let talk = async {
        send_to(&server, format!("127.0.0.1:{}", other.port())).await;
        assert!(other.refused_tls().await);
    };
    let (refused, ()) = tokio::join!(engine.add_account(rosa(&server, PASSWORD)), talk);
    assert_eq!(refused.unwrap_err().code, ErrorCode::CertificateKeyChanged);
    engine.close().await;
}

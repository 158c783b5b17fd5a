//! Row 21 of what users of the peers complain of: proxies, and above all those
//! with a password.

use std::sync::Arc;

use navigation::Trust;
use rcgen::CertificateParams;
use startalk_engine::api::{ErrorCode, Request};
use startalk_engine::secrets::SecretKind;
use startalk_engine::{
    ByteStream, Engine, EngineConfig, ManualProxy, MemorySecrets, PROXY_SECRET, Proxy, ProxyKind,
    ProxyServer, ProxySource, Secrets,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::authority::Ca;
use crate::client::{TIMEOUTS, config, rosa};
use crate::peer::{DOMAIN, PASSWORD, Server, within};
use crate::proxy::{SECRET, ScriptedProxy, USER};

const KINDS: [ProxyKind; 2] = [ProxyKind::Http, ProxyKind::Socks5];

async fn engine(proxy: Proxy, password: Option<&str>) -> (tempfile::TempDir, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let secrets = MemorySecrets::default();
    if let Some(password) = password {
        secrets
            .set(PROXY_SECRET, SecretKind::ProxyPassword, password.as_bytes())
            .unwrap();
    }
    let config = EngineConfig {
        proxy,
        ..config(folder.path(), Arc::new(secrets), TIMEOUTS)
    };
    let engine = Engine::open(config).await.unwrap();
    (folder, engine)
}

/// Rosa, whose server has a name that only the proxy knows.
fn behind(server: &Server) -> startalk_engine::NewAccount {
    let mut new = rosa(server, PASSWORD);
    new.target.endpoints[0].host = "chat.invalid".to_owned();
    new
}

#[tokio::test]
async fn row_21_a_proxy_with_the_right_password_leads_to_the_server_by_its_name() {
    for kind in KINDS {
        let server = Server::start();
        let proxy = ScriptedProxy::start(kind, true, server.port(), &[]).await;
        let manual = Proxy::Manual(proxy.manual(Some(USER)));
        let (_folder, engine) = engine(manual, Some(SECRET)).await;
        let talk = async {
            let mut peer = server.accept().await;
            peer.sign_in().await;
            assert!(peer.closes_in_order().await);
        };
        let (added, ()) = tokio::join!(engine.add_account(behind(&server)), talk);
        added.unwrap();
        let place = format!("chat.invalid:{}", server.port());
        assert!(proxy.asked().iter().all(|asked| *asked == place));
        engine.close().await;
    }
}

#[tokio::test]
async fn row_21_a_wrong_or_missing_password_of_a_proxy_says_so_once() {
    for kind in KINDS {
        let server = Server::start();
        let proxy = ScriptedProxy::start(kind, true, server.port(), &[]).await;
        for (username, password) in [
            (Some(USER), Some("wrong")),
            (Some("other"), Some(SECRET)),
            (Some(USER), None),
            (None, None),
        ] {
            let manual = Proxy::Manual(proxy.manual(username));
            let (_folder, engine) = engine(manual, password).await;
            let error = engine.add_account(behind(&server)).await.unwrap_err();
            assert_eq!(
                error.code,
                ErrorCode::ProxyPassword,
                "{kind:?} {username:?}"
            );
            assert!(!format!("{error:?}").contains(SECRET));
            engine.close().await;
        }
        assert!(proxy.asked().is_empty());
    }
}

#[tokio::test]
async fn row_21_a_proxy_that_does_not_help_is_named_as_the_cause() {
    for kind in KINDS {
        let server = Server::start();
        let refuses = ScriptedProxy::start(kind, false, server.port(), &[1]).await;
        let (_folder, engine1) = engine(Proxy::Manual(refuses.manual(None)), None).await;
        let error = engine1.add_account(behind(&server)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::ProxyFailed);
        engine1.close().await;
        // Nobody is there.
        let gone = ManualProxy {
            kind,
            host: "127.0.0.1".to_owned(),
            port: 1,
            username: None,
        };
        let (_folder, engine2) = engine(Proxy::Manual(gone), None).await;
        let error = engine2.add_account(behind(&server)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::ProxyFailed);
        engine2.close().await;
        // Something else is there.
        let odd = ManualProxy {
            port: server.port(),
            ..refuses.manual(None)
        };
        let (_folder, engine3) = engine(Proxy::Manual(odd), None).await;
        let talk = async {
            let mut socket = server.accept_tcp().await;
            socket.write_all(b"SSH-2.0-x\r\n\r\n").await.unwrap();
            socket
        };
        let (error, _socket) = tokio::join!(engine3.add_account(behind(&server)), talk);
        assert_eq!(error.unwrap_err().code, ErrorCode::ProxyFailed);
        engine3.close().await;
    }
}

/// A system with a proxy for everything.
struct OneProxy(ProxyServer);

impl ProxySource for OneProxy {
    fn proxy_for(&self, host: &str) -> Result<Option<ProxyServer>, String> {
        assert!(!host.starts_with("127."), "{host} is this computer");
        Ok(Some(self.0.clone()))
    }
}

#[tokio::test]
async fn row_21_documents_go_through_the_proxy_of_the_system_too() {
    let server = Ca::new("Unknown").server(&[], Trust::default(), |_| {});
    for kind in KINDS {
        for (password, code) in [
            (SECRET, ErrorCode::CertificateNotTrusted),
            ("wrong", ErrorCode::ProxyPassword),
        ] {
            let proxy = ScriptedProxy::start(kind, true, server.port(), &[]).await;
            let manual = proxy.manual(None);
            let source = OneProxy(ProxyServer {
                kind,
                host: manual.host,
                port: manual.port,
                login: Some((USER.to_owned(), password.to_owned().into())),
            });
            let (_folder, engine) = engine(Proxy::System(Arc::new(source)), None).await;
            let issuer = navigation::SigningKey::from_seed(&[7; 32]).issuer();
            let link = navigation::FetchedFrom {
                url: "https://nav.invalid/document".parse().unwrap(),
                issuer,
            };
            let asked = engine.handle(Request::PreviewJoin {
                input: navigation::NavigationLink::Fetched(link).to_link(),
            });
            let talk = async {
                if code == ErrorCode::CertificateNotTrusted {
                    assert!(server.refused_tls().await);
                }
            };
            let (answer, ()) = tokio::join!(asked, talk);
            assert_eq!(answer.unwrap_err().code, code, "{kind:?}");
            let places = proxy.asked();
            assert!(places.iter().all(|place| place == "nav.invalid:443"));
            assert_eq!(places.is_empty(), code == ErrorCode::ProxyPassword);
            engine.close().await;
        }
    }
}

/// The website of a domain, and its WebSocket, both on the port of HTTPS.
async fn website(server: &Server) -> WebSocketStream<Box<dyn ByteStream>> {
    loop {
        let socket = server.accept_tcp().await;
        let Some(peer) = server.try_secure(socket).await else {
            continue;
        };
        let mut web = peer.into_io();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            // The other places that are tried speak XMPP.
            match web.read_u8().await {
                Ok(byte) if head.is_empty() && byte != b'G' => break,
                Ok(byte) => head.push(byte),
                Err(_) => break,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let key = head
            .lines()
            .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        let answer = if let Some(key) = key {
            assert!(head.starts_with("GET /xmpp?v=1 "), "{head}");
            let accept = derive_accept_key(key.as_bytes());
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n"
            );
            web.write_all(answer.as_bytes()).await.unwrap();
            return WebSocketStream::from_raw_socket(web, Role::Server, None).await;
        } else if head.starts_with("GET /.well-known/host-meta.json ") {
            let body = r#"{"links": [
                {"rel": "urn:xmpp:alt-connections:websocket", "href": "ws://plain.invalid/ws"},
                {"rel": "urn:xmpp:alt-connections:websocket", "href": "wss://web.invalid/xmpp?v=1"}]}"#;
            format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
        } else {
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned()
        };
        drop(web.write_all(answer.as_bytes()).await);
    }
}

#[tokio::test]
async fn a_domain_alone_leads_to_the_websocket_that_its_website_names() {
    let ca = Ca::new("Company");
    let server = ca.server(&[], ca.trust(), |params| {
        let names = ["team.invalid".to_owned(), "web.invalid".to_owned()];
        *params = CertificateParams::new(names).unwrap();
    });
    let proxy = ScriptedProxy::start(ProxyKind::Http, false, server.port(), &[443]).await;
    let (_folder, engine) = engine(Proxy::Manual(proxy.manual(None)), None).await;
    let mut new = rosa(&server, PASSWORD);
    new.target.domain = "team.invalid".to_owned();
    new.target.endpoints.clear();
    let talk = async {
        use futures_util::{SinkExt, StreamExt};
        let mut socket = website(&server).await;
        let open = within("an opening", socket.next()).await.unwrap().unwrap();
        let open = open.into_text().unwrap().to_string();
        assert!(
            open.starts_with("<open ") && open.contains("team.invalid"),
            "{open}"
        );
        let framing = "xmlns='urn:ietf:params:xml:ns:xmpp-framing'";
        for text in [
            format!("<open {framing} version='1.0' id='x' from='{DOMAIN}'/>"),
            "<error xmlns='http://etherx.jabber.org/streams'>\
             <host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error>"
                .to_owned(),
        ] {
            socket.send(Message::text(text)).await.unwrap();
        }
        socket
    };
    let (added, _socket) = tokio::join!(engine.add_account(new), talk);
    assert_eq!(added.unwrap_err().code, ErrorCode::DomainNotServed);
    let asked = proxy.asked();
    assert!(asked.contains(&"web.invalid:443".to_owned()), "{asked:?}");
    assert!(
        !asked.iter().any(|place| place.starts_with("plain.")),
        "{asked:?}"
    );
    engine.close().await;
}

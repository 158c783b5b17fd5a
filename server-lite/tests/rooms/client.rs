//! A client that sends what the test writes, and keeps what it gets.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use startalk_server_lite::{Config, ServerHandle};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use xmpp_core::framing::{Frame, Framer, FramingLimits};
use xmpp_core::{Element, element, ns};

/// Longest wait for something that has to come.
const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const PASSWORD: &str = "correct horse 电池";

/// A server in a folder of its own.
pub(crate) struct World {
    folder: TempDir,
    server: Option<ServerHandle>,
}

impl World {
    /// A server with these accounts.
    pub(crate) async fn with(names: &[&str]) -> Self {
        let mut world = Self {
            folder: tempfile::tempdir().unwrap(),
            server: None,
        };
        world.start().await;
        for name in names {
            world.server().create_account(name, PASSWORD).await.unwrap();
        }
        world
    }

    async fn start(&mut self) {
        let config = Config {
            data_dir: self.folder.path().to_owned(),
            domain: Some("team.example".to_owned()),
            https: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tcp: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            ..Config::default()
        };
        self.server = Some(startalk_server_lite::start(config).await.unwrap());
    }

    /// Stops the server and starts it on the same folder.
    pub(crate) async fn restart(&mut self) {
        self.server.take().unwrap().stop().await;
        self.start().await;
    }

    pub(crate) fn server(&self) -> &ServerHandle {
        self.server.as_ref().unwrap()
    }

    /// Somebody with a session, whose presence has been sent.
    pub(crate) async fn online(&self, name: &str, resource: &str) -> Client {
        let mut client = Client::bind(self.server().https_addr(), name, resource).await;
        client.send("<presence/>").await;
        client.barrier().await;
        client
    }
}

/// One stream over direct TLS.
pub(crate) struct Client {
    stream: TlsStream<TcpStream>,
    framer: Framer,
    /// What came and was not asked for yet.
    inbox: VecDeque<Element>,
    next_id: u32,
    pub(crate) jid: String,
}

impl Client {
    /// Signs in with PLAIN and binds.
    pub(crate) async fn bind(address: SocketAddr, name: &str, resource: &str) -> Self {
        let mut client = Self {
            stream: tls(address).await,
            framer: Framer::new(FramingLimits::default()),
            inbox: VecDeque::new(),
            next_id: 0,
            jid: String::new(),
        };
        client.open().await;
        let credentials = STANDARD.encode(format!("\0{name}\0{PASSWORD}"));
        let sasl = ns::SASL;
        client
            .send(&format!(
                "<auth xmlns='{sasl}' mechanism='PLAIN'>{credentials}</auth>"
            ))
            .await;
        assert_eq!(client.next().await.name(), "success");
        client.framer.restart();
        client.open().await;
        let bind = format!(
            "<bind xmlns='{}'><resource>{resource}</resource></bind>",
            ns::BIND
        );
        let bound = client.set("", &bind).await.unwrap();
        client.jid = bound.get_child("jid", ns::BIND).unwrap().text();
        client
    }

    async fn open(&mut self) {
        self.send(
            "<?xml version='1.0'?><stream:stream to='team.example' version='1.0' \
             xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
        )
        .await;
        assert_eq!(self.next().await.name(), "features");
    }

    /// Sends text as it is.
    pub(crate) async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The next element, whatever it is.
    pub(crate) async fn next(&mut self) -> Element {
        if let Some(element) = self.inbox.pop_front() {
            return element;
        }
        tokio::time::timeout(PATIENCE, self.read())
            .await
            .expect("something comes in time")
            .expect("the stream goes on")
    }

    async fn read(&mut self) -> Option<Element> {
        let mut buffer = [0; 8192];
        loop {
            match self.framer.next_frame().unwrap() {
                Some(Frame::Element(bytes)) => {
                    let element = element::parse_in_stream(&bytes, &Default::default()).unwrap();
                    // Acknowledgements are not what these tests are about.
                    if !element.is("r", ns::SM) {
                        return Some(element);
                    }
                }
                Some(Frame::Close) => return None,
                Some(_) => {}
                None => match self.stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => return None,
                    Ok(read) => self.framer.push(&buffer[..read]),
                },
            }
        }
    }

    /// The first element that fits; what came before it is dropped.
    pub(crate) async fn until(&mut self, fits: impl Fn(&Element) -> bool) -> Element {
        loop {
            let element = self.next().await;
            if fits(&element) {
                return element;
            }
        }
    }

    /// Everything up to the first element that fits, that included.
    pub(crate) async fn all_until(&mut self, fits: impl Fn(&Element) -> bool) -> Vec<Element> {
        let mut all = Vec::new();
        loop {
            all.push(self.next().await);
            if all.last().is_some_and(&fits) {
                return all;
            }
        }
    }

    /// The message with this text, dropping what came before it.
    pub(crate) async fn text(&mut self, text: &str) -> Element {
        self.until(|element| body(element).as_deref() == Some(text))
            .await
    }

    /// The error that answers the stanza with this id.
    pub(crate) async fn error(&mut self, id: &str) -> String {
        let answer = self.until(|element| element.attr("id") == Some(id)).await;
        condition(&answer)
    }

    /// Waits until the server has handled what was sent up to here.
    pub(crate) async fn barrier(&mut self) {
        self.get("team.example", "<ping xmlns='urn:xmpp:ping'/>")
            .await
            .ok();
    }

    pub(crate) async fn get(&mut self, to: &str, payload: &str) -> Result<Element, String> {
        self.request("get", to, payload).await
    }

    pub(crate) async fn set(&mut self, to: &str, payload: &str) -> Result<Element, String> {
        self.request("set", to, payload).await
    }

    /// The payload of the answer (an empty element where there is none), or the
    /// condition of the error. What comes before the answer stays to be read.
    async fn request(&mut self, kind: &str, to: &str, payload: &str) -> Result<Element, String> {
        self.next_id += 1;
        let id = format!("request-{}", self.next_id);
        let to = match to {
            "" => String::new(),
            to => format!("to='{to}'"),
        };
        self.send(&format!("<iq type='{kind}' id='{id}' {to}>{payload}</iq>"))
            .await;
        let mut kept = VecDeque::new();
        let answer = loop {
            let element = self.next().await;
            if element.name() == "iq" && element.attr("id") == Some(&id) {
                break element;
            }
            kept.push_back(element);
        };
        kept.append(&mut self.inbox);
        self.inbox = kept;
        match answer.attr("type") {
            Some("result") => {
                let empty = || Element::bare("nothing", ns::CLIENT);
                Ok(answer.children().next().cloned().unwrap_or_else(empty))
            }
            _ => Err(condition(&answer)),
        }
    }

    /// Cuts the connection.
    pub(crate) fn cut(self) {}
}

/// The condition of an error stanza; `(none)` if it is none.
pub(crate) fn condition(stanza: &Element) -> String {
    stanza
        .get_child("error", ns::CLIENT)
        .and_then(|error| {
            error
                .children()
                .find(|child| child.has_ns(ns::STANZA_ERRORS))
        })
        .map_or("(none)".to_owned(), |condition| condition.name().to_owned())
}

pub(crate) fn body(element: &Element) -> Option<String> {
    element.get_child("body", ns::CLIENT).map(Element::text)
}

async fn tls(address: SocketAddr) -> TlsStream<TcpStream> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"xmpp-client".to_vec()];
    let socket = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("team.example").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, socket).await.unwrap()
}

/// Believes every certificate: what these tests are about comes after it.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

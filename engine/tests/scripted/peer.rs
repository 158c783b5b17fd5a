//! The server's end of the wire, word by word.

pub(crate) use crate::archived::{Archived, archived, from_bob, from_rosa};

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use navigation::{Endpoint, ServerTarget, SpkiPin, Transport, Trust};
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use startalk_engine::ByteStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;
use xmpp_core::element::{self, StreamPrefixes};
use xmpp_core::framing::{Frame, Framer, FramingLimits};
use xmpp_core::sasl::{BindingData, Mechanism, ScramHash, ScramServer, ScramVerifier};
use xmpp_core::stream::StreamHeader;
use xmpp_core::{Element, ns};

use crate::time_of_day::TimeOfDay;

/// Longest wait for something that has to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const DOMAIN: &str = "team.internal";
pub(crate) const PASSWORD: &str = "correct horse 电池";

/// Features before the sign-in.
pub(crate) const SASL: &str = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
    <mechanism>SCRAM-SHA-256</mechanism><mechanism>PLAIN</mechanism></mechanisms>";
/// The server's header.
pub(crate) const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    version='1.0' id='x' from='team.internal' xmlns:stream='http://etherx.jabber.org/streams'>";
const BOUND: &str = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/>\
    <ver xmlns='urn:xmpp:features:rosterver'/><sub xmlns='urn:xmpp:features:pre-approval'/>\
    <csi xmlns='urn:xmpp:csi:0'/>";

/// A place to connect to.
pub(crate) struct Server {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    trust: Trust,
}

impl Server {
    pub(crate) fn start() -> Self {
        let pair = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![DOMAIN.to_owned()])
            .unwrap()
            .self_signed(&pair)
            .unwrap();
        let trust = Trust {
            system_roots: false,
            spki_sha256: vec![SpkiPin::from_der_spki(&pair.subject_public_key_info())],
            ..Trust::default()
        };
        Self::with(vec![certificate.der().clone()], &pair, trust)
    }

    /// With a certificate and its chain, and what clients are to trust.
    pub(crate) fn with(chain: Vec<CertificateDer<'static>>, pair: &KeyPair, trust: Trust) -> Self {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        // Small, so that a peer that does not read is felt soon.
        socket.set_recv_buffer_size(8 * 1024).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self {
            listener: socket.listen(16).unwrap(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
            trust,
        }
    }

    /// How clients find it.
    pub(crate) fn target(&self) -> ServerTarget {
        ServerTarget {
            domain: DOMAIN.to_owned(),
            name: Some("Team".to_owned()),
            endpoints: vec![Endpoint {
                transport: Transport::DirectTls,
                host: "127.0.0.1".to_owned(),
                port: self.port(),
                path: None,
            }],
            trust: self.trust.clone(),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// Proves who it is to any client of TLS.
    pub(crate) async fn secure<S: ByteStream + 'static>(&self, io: S) -> Peer {
        let tls = within("TLS", self.acceptor.accept(io)).await.unwrap();
        let label = b"EXPORTER-Channel-Binding";
        let exporter = tls
            .get_ref()
            .1
            .export_keying_material([0; 32], label, Some(&[]));
        Peer {
            exporter: exporter.unwrap().to_vec(),
            ..Peer::over(tls)
        }
    }

    /// The next TCP connection, before TLS.
    pub(crate) async fn accept_tcp(&self) -> TcpStream {
        within("a connection", self.listener.accept())
            .await
            .unwrap()
            .0
    }

    /// The next connection.
    pub(crate) async fn accept(&self) -> Peer {
        let socket = self.accept_tcp().await;
        self.secure(socket).await
    }

    /// As [`Server::secure`], for a client that may break it off.
    pub(crate) async fn try_secure(&self, socket: TcpStream) -> Option<Peer> {
        let tls = within("TLS", self.acceptor.accept(socket)).await.ok()?;
        let (mut reads, writes) = tokio::io::split(tls);
        // With TLS 1.3 the refusal comes when the server thinks all is done.
        let mut first = [0; 1];
        match within("a word", reads.read(&mut first)).await {
            Ok(1) => {
                let reads = std::io::Cursor::new(first).chain(reads);
                Some(Peer::over(tokio::io::join(reads, writes)))
            }
            _ => None,
        }
    }

    /// The next connection; whether the client breaks it off at the certificate.
    pub(crate) async fn refused_tls(&self) -> bool {
        let socket = self.accept_tcp().await;
        match within("TLS", self.acceptor.accept(socket)).await {
            // With TLS 1.3 the refusal comes when the server thinks all is done.
            Ok(mut tls) => within("the end", tls.read_u8()).await.is_err(),
            Err(_) => true,
        }
    }

    /// The next connection, which signs in.
    pub(crate) async fn signed_in(&self) -> Peer {
        let mut peer = self.accept().await;
        peer.sign_in().await;
        peer
    }

    /// The next connection, up to the end of its catch-up with an archive that
    /// has nothing new.
    pub(crate) async fn session(&self) -> Peer {
        let mut peer = self.signed_in().await;
        peer.begin(&[]).await;
        peer
    }
}

/// One connection. Answers requests for acknowledgements by itself, until it is
/// told not to.
pub(crate) struct Peer {
    io: Box<dyn ByteStream>,
    framer: Framer,
    prefixes: StreamPrefixes,
    pub(crate) closed: bool,
    /// RFC 9266.
    pub(crate) exporter: Vec<u8>,
    /// Stanzas since the session began (XEP-0198).
    pub(crate) received: u32,
    pub(crate) acknowledges: bool,
    /// Whether it manages streams at all.
    pub(crate) manages: bool,
    /// Bookmarks of rooms, as the items of their node; it gives them by itself.
    /// None: whoever tests that does.
    pub(crate) bookmarks: Option<String>,
    /// What time it is here.
    pub(crate) time: TimeOfDay,
}

impl Peer {
    /// The server's end of any stream.
    pub(crate) fn over(io: impl ByteStream + 'static) -> Self {
        Self {
            io: Box::new(io),
            exporter: Vec::new(),
            framer: Framer::new(FramingLimits::default()),
            prefixes: StreamPrefixes::default(),
            closed: false,
            received: 0,
            acknowledges: true,
            manages: true,
            bookmarks: Some(String::new()),
            time: TimeOfDay::default(),
        }
    }

    /// The bytes below.
    pub(crate) fn into_io(self) -> Box<dyn ByteStream> {
        self.io
    }

    pub(crate) async fn send(&mut self, xml: &str) {
        within("writing", self.io.write_all(xml.as_bytes()))
            .await
            .unwrap();
        self.io.flush().await.unwrap();
    }

    /// Sends to a client that may be gone.
    pub(crate) async fn try_send(&mut self, xml: &str) {
        drop(within("writing", self.io.write_all(xml.as_bytes())).await);
        drop(self.io.flush().await);
    }

    /// The next element, with acknowledgements and all; `None` at the end.
    pub(crate) async fn next_raw(&mut self) -> Option<Element> {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.framer.next_frame().unwrap() {
                Some(Frame::Open(tag)) => {
                    (_, self.prefixes) = StreamHeader::parse_tcp(&tag).unwrap();
                    continue;
                }
                Some(Frame::Element(bytes)) => {
                    let element = element::parse_in_stream(&bytes, &self.prefixes).unwrap();
                    if element.has_ns(ns::CLIENT) {
                        self.received += 1;
                    }
                    return Some(element);
                }
                Some(Frame::Close) => {
                    self.closed = true;
                    drop(self.io.write_all(b"</stream:stream>").await);
                }
                None => {}
            }
            match within("something to read", self.io.read(&mut buffer)).await {
                Ok(0) | Err(_) => return None,
                Ok(read) => self.framer.push(&buffer[..read]),
            }
        }
    }

    /// The next stanza; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Element> {
        loop {
            let element = self.next_raw().await?;
            if element.is("r", ns::SM) {
                if self.acknowledges {
                    self.acknowledge().await;
                }
            } else if !element.is("a", ns::SM) && !self.answers(&element).await {
                return Some(element);
            }
        }
    }

    pub(crate) async fn acknowledge(&mut self) {
        self.send(&format!("<a xmlns='urn:xmpp:sm:3' h='{}'/>", self.received))
            .await;
    }

    /// What the client has handled, as it says when asked.
    pub(crate) async fn ask_handled(&mut self) -> u32 {
        self.send("<r xmlns='urn:xmpp:sm:3'/>").await;
        loop {
            let element = self.next_raw().await.expect("an acknowledgement");
            if element.is("a", ns::SM) {
                return element.attr("h").unwrap().parse().unwrap();
            }
        }
    }

    /// The next stanza, which has to be a message with a body.
    pub(crate) async fn text(&mut self) -> Element {
        loop {
            let stanza = self.next().await.expect("a message");
            if stanza.has_child("body", ns::CLIENT) {
                return stanza;
            }
        }
    }

    /// The next stanza with such a child.
    pub(crate) async fn with(&mut self, child: &str, namespace: &str) -> Element {
        loop {
            let stanza = self.next().await.expect(child);
            if stanza.has_child(child, namespace) {
                return stanza;
            }
        }
    }

    /// Reads the client's header and answers it.
    pub(crate) async fn open(&mut self, features: &str) {
        self.header().await;
        self.send(&format!(
            "{HEADER}<stream:features>{features}</stream:features>"
        ))
        .await;
    }

    /// Reads the client's header.
    pub(crate) async fn header(&mut self) {
        let mut buffer = [0; 4096];
        loop {
            if let Some(Frame::Open(tag)) = self.framer.next_frame().unwrap() {
                (_, self.prefixes) = StreamHeader::parse_tcp(&tag).unwrap();
                break;
            }
            let read = within("a header", self.io.read(&mut buffer)).await.unwrap();
            assert!(read > 0, "closed before its header");
            self.framer.push(&buffer[..read]);
        }
    }

    /// The stream begins anew, as after signing in.
    pub(crate) fn restart(&mut self) {
        self.framer.restart();
    }

    /// The whole sign-in, with the right password.
    pub(crate) async fn sign_in(&mut self) {
        self.sign_in_with(PASSWORD).await;
    }

    pub(crate) async fn sign_in_with(&mut self, password: &str) {
        self.open(SASL).await;
        assert!(self.sasl(password).await, "the client's password");
        self.framer.restart();
        self.open(BOUND).await;
        self.received = 0;
    }

    /// SCRAM; whether the client knows this password.
    pub(crate) async fn sasl(&mut self, password: &str) -> bool {
        let auth = self.next_raw().await.unwrap();
        assert_eq!(auth.attr("mechanism"), Some("SCRAM-SHA-256"));
        let data = |element: &Element| STANDARD.decode(element.text()).unwrap();
        let binding = BindingData::default();
        let mechanism = Mechanism::ScramSha256;
        let mut scram = ScramServer::start(mechanism, &data(&auth), "fyko", &binding).unwrap();
        assert_eq!(scram.username(), "rosa");
        let verifier = ScramVerifier::derive(ScramHash::Sha256, password, b"pepper", 4096).unwrap();
        let challenge = STANDARD.encode(scram.challenge(verifier));
        let sasl = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
        self.send(&format!("<challenge {sasl}>{challenge}</challenge>"))
            .await;
        let answer = self.next_raw().await.unwrap();
        match scram.finish(&data(&answer)) {
            Ok(last) => {
                let last = STANDARD.encode(last);
                self.send(&format!("<success {sasl}>{last}</success>"))
                    .await;
                true
            }
            Err(_) => {
                self.send(&format!("<failure {sasl}><not-authorized/></failure>"))
                    .await;
                false
            }
        }
    }

    /// Binds a resource and gives what a new session asks for, up to the answer
    /// to its archive query, which is this page. Gives the query.
    pub(crate) async fn begin(&mut self, archive: &[Archived]) -> Element {
        let query = self.begin_until_archive().await;
        self.answer_archive(&query, archive, true).await;
        query
    }

    /// As [`Peer::begin`], but the archive query is not answered yet.
    pub(crate) async fn begin_until_archive(&mut self) -> Element {
        self.begin_answering(|iq| {
            iq.has_child("query", ns::ROSTER).then(|| {
                "<query xmlns='jabber:iq:roster'>\
                 <item jid='bob@team.internal' name='Bob' subscription='both'/></query>"
                    .to_owned()
            })
        })
        .await
    }

    /// As [`Peer::begin_until_archive`], with other answers; an empty one where
    /// nothing is said.
    pub(crate) async fn begin_answering(
        &mut self,
        mut answer: impl FnMut(&Element) -> Option<String>,
    ) -> Element {
        loop {
            let element = self.next().await.expect("the beginning of a session");
            if element.is("enable", ns::SM) && !self.manages {
                self.send("<failed xmlns='urn:xmpp:sm:3'/>").await;
            } else if element.is("enable", ns::SM) {
                self.send("<enabled xmlns='urn:xmpp:sm:3' id='session-1' resume='true'/>")
                    .await;
                self.received = 0;
            } else if element.has_child("query", ns::MAM) {
                return element;
            } else if element.has_child("bind", ns::BIND) {
                let jid = format!("<jid>rosa@{DOMAIN}/desk</jid>");
                self.result(
                    &element,
                    &format!("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{jid}</bind>"),
                )
                .await;
            } else if element.is("iq", ns::CLIENT) {
                let content = answer(&element).unwrap_or_default();
                self.result(&element, &content).await;
            }
        }
    }

    pub(crate) async fn result(&mut self, iq: &Element, content: &str) {
        let id = iq.attr("id").unwrap();
        self.send(&format!("<iq type='result' id='{id}'>{content}</iq>"))
            .await;
    }
}

pub(crate) fn body(message: &Element) -> String {
    message
        .get_child("body", ns::CLIENT)
        .map(Element::text)
        .unwrap_or_default()
}

/// Waits for something that has to happen.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited for {what}"),
    }
}

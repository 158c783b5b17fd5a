//! A client that does only what it is told. Every failure is a value: in these
//! tests servers vanish.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use navigation::{Endpoint, ServerTarget, Transport};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use xmpp_core::element::{self, StreamPrefixes};
use xmpp_core::framing::{Frame, Framer, FramingLimits};
use xmpp_core::sasl::{ClientBinding, Mechanism, ScramClient};
use xmpp_core::stream::StreamError;
use xmpp_core::{Element, ns};

use crate::tls::Trust;

/// Longest wait for something that has to happen.
pub const PATIENCE: Duration = Duration::from_secs(30);

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Where a server is and how it proves itself.
#[derive(Debug, Clone)]
pub struct Target {
    /// Domain of the accounts.
    pub domain: String,
    /// The port where XMPP begins in clear.
    pub tcp: SocketAddr,
    /// The port with TLS from the first byte.
    pub tls: Option<SocketAddr>,
    /// The key of the server.
    pub trust: Trust,
}

impl Target {
    /// The same as an engine, or a link, has it.
    ///
    /// # Errors
    /// If the server has no port with TLS.
    pub fn for_engine(&self) -> Result<ServerTarget> {
        let address = self.tls.context("no TLS")?;
        Ok(ServerTarget {
            domain: self.domain.clone(),
            name: None,
            endpoints: vec![Endpoint {
                transport: Transport::DirectTls,
                host: address.ip().to_string(),
                port: address.port(),
                path: None,
            }],
            trust: navigation::Trust {
                system_roots: false,
                authorities: Vec::new(),
                spki_sha256: vec![self.trust.pin()],
            },
        })
    }

    /// Connects to a port from the loopback address number `from`, so that many
    /// clients do not look like one.
    async fn socket(&self, address: SocketAddr, from: u8) -> Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        if from > 0 {
            let local = Ipv4Addr::new(127, 0, 1, from);
            socket.bind(SocketAddr::from((local, 0)))?;
        }
        let socket = patiently(socket.connect(address)).await??;
        socket.set_nodelay(true)?;
        Ok(socket)
    }
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    Clear,
    /// STARTTLS.
    StartTls,
    /// TLS from the first byte.
    Direct,
}

/// One connection.
pub struct Peer {
    io: Box<dyn Io>,
    framer: Framer,
    buffer: Vec<u8>,
    domain: String,
    /// Full address, once bound.
    pub address: String,
    requests: u64,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Peer {
    /// Connects; no stream yet.
    ///
    /// # Errors
    /// If nobody listens, or not the right one.
    pub async fn connect(target: &Target, security: Security) -> Result<Self> {
        Self::connect_from(target, security, 0).await
    }

    /// As [`Peer::connect`], from the loopback address of this number.
    ///
    /// # Errors
    /// If nobody listens, or not the right one.
    pub async fn connect_from(target: &Target, security: Security, from: u8) -> Result<Self> {
        let address = match security {
            Security::Direct => target.tls.context("no port with direct TLS")?,
            _ => target.tcp,
        };
        let socket = target.socket(address, from).await?;
        match security {
            Security::Clear => Ok(Self::new(Box::new(socket), &target.domain)),
            Security::Direct => {
                let alpn = Some(&b"xmpp-client"[..]);
                let tls = target.trust.connect(socket, &target.domain, alpn);
                Ok(Self::new(Box::new(patiently(tls).await??), &target.domain))
            }
            Security::StartTls => {
                // Two handles of one socket: one for the part in clear, one for TLS.
                let socket = socket.into_std()?;
                let again = TcpStream::from_std(socket.try_clone()?)?;
                let mut clear = Self::new(Box::new(again), &target.domain);
                clear.open().await?;
                clear
                    .send(&format!("<starttls xmlns='{}'/>", ns::TLS))
                    .await?;
                let answer = clear.element().await?;
                ensure!(answer.is("proceed", ns::TLS), "{answer:?}");
                drop(clear);
                let socket = TcpStream::from_std(socket)?;
                let tls = target.trust.connect(socket, &target.domain, None);
                Ok(Self::new(Box::new(patiently(tls).await??), &target.domain))
            }
        }
    }

    fn new(io: Box<dyn Io>, domain: &str) -> Self {
        let framer = Framer::new(FramingLimits {
            max_element_bytes: 1 << 22,
            max_elements: 1 << 20,
            ..FramingLimits::default()
        });
        Self {
            io,
            framer,
            buffer: vec![0; 4 * 1024],
            domain: domain.to_owned(),
            address: String::new(),
            requests: 0,
        }
    }

    /// Connects, signs in and binds.
    ///
    /// # Errors
    /// If any of it fails.
    pub async fn session(
        target: &Target,
        security: Security,
        mechanism: Mechanism,
        (user, password): (&str, &str),
        resource: &str,
    ) -> Result<Self> {
        let mut peer = Self::connect(target, security).await?;
        peer.open().await?;
        peer.sign_in(mechanism, user, password).await?;
        peer.bind(resource).await?;
        Ok(peer)
    }

    /// Opens a stream; the features.
    ///
    /// # Errors
    /// If there are none.
    pub async fn open(&mut self) -> Result<Element> {
        let header = format!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='{}' \
             to='{}' version='1.0'>",
            ns::STREAM,
            self.domain
        );
        self.framer.restart();
        self.send(&header).await?;
        let features = self.element().await?;
        ensure!(features.is("features", ns::STREAM), "{features:?}");
        Ok(features)
    }

    /// Signs in on an open stream, up to the next one.
    ///
    /// # Errors
    /// If the server refuses, or does not know the password.
    pub async fn sign_in(
        &mut self,
        mechanism: Mechanism,
        user: &str,
        password: &str,
    ) -> Result<()> {
        let sasl = ns::SASL;
        let auth = |text: String| {
            let name = mechanism.as_str();
            format!("<auth xmlns='{sasl}' mechanism='{name}'>{text}</auth>")
        };
        if let Some(hash) = mechanism.scram_hash() {
            let binding = ClientBinding::Unsupported;
            let mut scram = ScramClient::new(hash, user, password, "nonce-of-a-test", binding)?;
            self.send(&auth(STANDARD.encode(scram.initial()))).await?;
            let challenge = self.element().await?;
            ensure!(challenge.is("challenge", sasl), "{challenge:?}");
            let answer = scram.respond(&STANDARD.decode(challenge.text())?)?;
            let answer = STANDARD.encode(answer);
            self.send(&format!("<response xmlns='{sasl}'>{answer}</response>"))
                .await?;
            let success = self.element().await?;
            ensure!(success.is("success", sasl), "{success:?}");
            scram.verify(&STANDARD.decode(success.text())?)?;
        } else {
            let text = STANDARD.encode(format!("\0{user}\0{password}"));
            self.send(&auth(text)).await?;
            let success = self.element().await?;
            ensure!(success.is("success", sasl), "{success:?}");
        }
        self.open().await?;
        Ok(())
    }

    /// Binds a resource.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn bind(&mut self, resource: &str) -> Result<()> {
        let answer = self
            .ask(
                "set",
                "",
                &format!(
                    "<bind xmlns='{}'><resource>{resource}</resource></bind>",
                    ns::BIND
                ),
            )
            .await?;
        let jid = answer.get_child("bind", ns::BIND);
        let jid = jid.and_then(|bind| bind.get_child("jid", ns::BIND));
        self.address = jid.context("no address")?.text();
        Ok(())
    }

    /// Makes an account on an open stream (XEP-0077).
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn register(&mut self, user: &str, password: &str) -> Result<()> {
        let query = format!(
            "<query xmlns='jabber:iq:register'><username>{user}</username>\
             <password>{password}</password></query>"
        );
        self.ask("set", "", &query).await.map(drop)
    }

    /// Sends text as it is.
    ///
    /// # Errors
    /// If the connection is gone.
    pub async fn send(&mut self, xml: &str) -> Result<()> {
        self.send_bytes(xml.as_bytes()).await
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// If the connection is gone.
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        patiently(async {
            self.io.write_all(bytes).await?;
            self.io.flush().await
        })
        .await??;
        Ok(())
    }

    /// Says that nothing more will be sent.
    pub async fn finish_sending(&mut self) {
        // A server that has gone needs no word.
        drop(patiently(self.io.shutdown()).await);
    }

    /// The next child of the stream, as bytes; `None` at the end of the stream
    /// or of the connection. May be dropped while it waits: nothing is lost.
    ///
    /// # Errors
    /// If what comes is not XML.
    pub async fn raw(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            match self.framer.next_frame()? {
                Some(Frame::Element(bytes)) => return Ok(Some(bytes.to_vec())),
                Some(Frame::Open(_)) => continue,
                Some(Frame::Close) => return Ok(None),
                None => {}
            }
            match self.io.read(&mut self.buffer).await {
                Ok(0) | Err(_) => return Ok(None),
                Ok(read) => self.framer.push(&self.buffer[..read]),
            }
        }
    }

    /// The next child of the stream.
    ///
    /// # Errors
    /// If the stream ends, or nothing comes.
    pub async fn element(&mut self) -> Result<Element> {
        let Some(raw) = patiently(self.raw()).await?? else {
            bail!("the stream ended");
        };
        let element = parse(&raw)?;
        match StreamError::from_element(&element) {
            Some(error) => bail!("stream error {}", error.condition.as_str()),
            None => Ok(element),
        }
    }

    /// Sends a request; its answer. What comes before the answer is dropped.
    ///
    /// # Errors
    /// If the answer is an error.
    pub async fn ask(&mut self, kind: &str, to: &str, payload: &str) -> Result<Element> {
        let (answer, _) = self.ask_and_keep(kind, to, payload).await?;
        Ok(answer)
    }

    /// Sends a request; its answer, and what came before it.
    ///
    /// # Errors
    /// If the answer is an error.
    pub async fn ask_and_keep(
        &mut self,
        kind: &str,
        to: &str,
        payload: &str,
    ) -> Result<(Element, Vec<Element>)> {
        self.requests += 1;
        let id = format!("q{}", self.requests);
        let to = match to {
            "" => String::new(),
            to => format!(" to='{to}'"),
        };
        self.send(&format!("<iq type='{kind}' id='{id}'{to}>{payload}</iq>"))
            .await?;
        let mut before = Vec::new();
        loop {
            let element = self.element().await?;
            if element.name() == "iq" && element.attr("id") == Some(&id) {
                ensure!(element.attr("type") == Some("result"), "{element:?}");
                return Ok((element, before));
            }
            before.push(element);
        }
    }

    /// Reads to the end of the connection; the condition of the stream error,
    /// if there was one.
    ///
    /// # Errors
    /// If the connection stays.
    pub async fn end(&mut self) -> Result<Option<String>> {
        let mut condition = None;
        while let Some(raw) = patiently(self.raw()).await?? {
            if let Some(error) = StreamError::from_element(&parse(&raw)?) {
                condition = Some(error.condition.as_str().to_owned());
            }
        }
        Ok(condition)
    }
}

/// One element of a stream.
///
/// # Errors
/// If it is none.
pub fn parse(raw: &[u8]) -> Result<Element> {
    Ok(element::parse_in_stream(raw, &StreamPrefixes::default())?)
}

/// Waits, but not for ever.
///
/// # Errors
/// If it takes too long.
pub async fn patiently<T>(future: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(PATIENCE, future)
        .await
        .context("waited too long")
}

//! The network above TLS: a relay that reads the stream of a device and changes
//! what passes. The device trusts the relay's key because it is told to, by a
//! navigation; the relay speaks TLS 1.2, where there is nothing to bind a
//! sign-in to, so that the server's sign-in works through it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use navigation::{SpkiPin, Transport};
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};
use xmpp_core::framing::{Frame, Framer, FramingLimits};

use crate::link::Way;
use crate::server::Server;

/// What becomes of an element: nothing, itself, or something else.
pub type Rule = Box<dyn FnMut(Way, String) -> Vec<String> + Send>;

/// A relay in front of a server.
pub struct Relay {
    address: SocketAddr,
    pin: SpkiPin,
    _listening: DropGuard,
}

impl Relay {
    /// Listens with TLS from the first byte.
    ///
    /// # Errors
    /// If it cannot.
    pub async fn start(server: Arc<Server>, rule: Rule) -> Result<Self> {
        let pair = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec!["localhost".to_owned()])?;
        let certificate = certificate.self_signed(&pair)?;
        let key = PrivateKeyDer::try_from(pair.serialize_der()).map_err(anyhow::Error::msg)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS12])?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        config.alpn_protocols = vec![b"xmpp-client".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let listening = CancellationToken::new();
        let end = listening.clone();
        let rule = Arc::new(Mutex::new(rule));
        tokio::spawn(async move {
            loop {
                let socket = tokio::select! {
                    () = end.cancelled() => break,
                    Ok((socket, _)) = listener.accept() => socket,
                    else => break,
                };
                let (end, acceptor) = (end.clone(), acceptor.clone());
                let (server, rule) = (Arc::clone(&server), Arc::clone(&rule));
                tokio::spawn(async move {
                    tokio::select! {
                        () = end.cancelled() => {}
                        // The end of a connection, whatever the reason.
                        _ = relay(socket, &acceptor, &server, &rule) => {}
                    }
                });
            }
        });
        Ok(Self {
            address,
            pin: SpkiPin::from_der_spki(&pair.subject_public_key_info()),
            _listening: listening.drop_guard(),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The key that proves it.
    #[must_use]
    pub fn pin(&self) -> SpkiPin {
        self.pin
    }
}

async fn relay(
    device: TcpStream,
    acceptor: &TlsAcceptor,
    server: &Server,
    rule: &Mutex<Rule>,
) -> Result<()> {
    let device = acceptor.accept(device).await?;
    let upstream = TcpStream::connect(server.address(Transport::DirectTls)).await?;
    let alpn = Some(&b"xmpp-client"[..]);
    let upstream = server.trust().connect(upstream, "localhost", alpn).await?;
    let (mut from_device, mut to_device) = tokio::io::split(device);
    let (mut from_server, mut to_server) = tokio::io::split(upstream);
    let (mut up, mut down) = (Side::new(Way::Up), Side::new(Way::Down));
    loop {
        tokio::select! {
            read = up.read(&mut from_device) => {
                read?;
                up.pass(&mut to_server, rule).await?;
            }
            read = down.read(&mut from_server) => {
                read?;
                // RFC 6120, section 6.4.6: both begin their streams anew.
                if down.pass(&mut to_device, rule).await? {
                    up.framer.restart();
                    down.framer.restart();
                }
            }
        }
    }
}

struct Side {
    way: Way,
    framer: Framer,
    buffer: Vec<u8>,
}

impl Side {
    fn new(way: Way) -> Self {
        Self {
            way,
            framer: Framer::new(FramingLimits {
                max_element_bytes: 1 << 22,
                max_elements: 1 << 20,
                ..FramingLimits::default()
            }),
            buffer: vec![0; 16 * 1024],
        }
    }

    /// May be dropped while it waits: nothing is lost.
    async fn read(&mut self, from: &mut (impl AsyncRead + Unpin)) -> Result<()> {
        let read = from.read(&mut self.buffer).await?;
        let bytes = self.buffer.get(..read).filter(|bytes| !bytes.is_empty());
        self.framer.push(bytes.context("ended")?);
        Ok(())
    }

    /// Passes on what is complete; whether it signed in.
    async fn pass(
        &mut self,
        to: &mut (impl AsyncWrite + Unpin),
        rule: &Mutex<Rule>,
    ) -> Result<bool> {
        let mut signed_in = false;
        while let Some(frame) = self.framer.next_frame()? {
            let texts = match frame {
                Frame::Open(header) => vec![String::from_utf8(header.to_vec())?],
                Frame::Close => vec!["</stream:stream>".to_owned()],
                Frame::Element(bytes) => {
                    let text = String::from_utf8(bytes.to_vec())?;
                    signed_in |=
                        text.starts_with("<success ") && text.contains(xmpp_core::ns::SASL);
                    let mut rule = rule.lock().unwrap_or_else(PoisonError::into_inner);
                    rule(self.way, text)
                }
            };
            for text in texts {
                to.write_all(text.as_bytes()).await?;
            }
        }
        to.flush().await?;
        Ok(signed_in)
    }
}

//! Ways to the server: in clear, STARTTLS, direct TLS, WebSocket.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use navigation::SpkiPin;
use rustls::DigitallySignedStruct;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use startalk_server_lite::ServerHandle;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Response;
use tokio_tungstenite::tungstenite::{self, protocol::WebSocketConfig};

use xmpp_core::ns;

use super::{Client, Io, Wire, within};
use crate::server::Server;

/// The server's certificate, as it stood in the handshake.
#[derive(Clone)]
pub(crate) struct Certificate(pub(super) Vec<u8>);

impl Certificate {
    /// The fingerprint of its key: walks to subjectPublicKeyInfo
    /// (RFC 5280, section 4.1).
    pub(crate) fn pin(&self) -> SpkiPin {
        let (tbs, _) = der_value(der_value(&self.0).0);
        let mut rest = tbs;
        // version, serialNumber, signature, issuer, validity, subject
        for _ in 0..6 {
            rest = der_value(rest).1;
        }
        let after = der_value(rest).1;
        SpkiPin::from_der_spki(&rest[..rest.len() - after.len()])
    }
}

/// The content of the first DER value, and what comes behind it.
fn der_value(der: &[u8]) -> (&[u8], &[u8]) {
    let (length, start) = match der[1] {
        short if short < 0x80 => (usize::from(short), 2),
        long => {
            let digits = usize::from(long & 0x7f);
            let length = der[2..2 + digits]
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte));
            (length, 2 + digits)
        }
    };
    der[start..].split_at(length)
}

/// Takes every certificate and remembers it.
#[derive(Debug)]
struct AnyCertificate {
    seen: Arc<Mutex<Option<Vec<u8>>>>,
    provider: rustls::crypto::CryptoProvider,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.seen.lock().unwrap() = Some(end_entity.to_vec());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TlsVersion {
    V12,
    V13,
}

/// TLS over a socket, with the certificate and the keying material of RFC 9266.
pub(crate) async fn tls(
    socket: TcpStream,
    alpn: Option<&[u8]>,
    version: TlsVersion,
) -> std::io::Result<(TlsStream<TcpStream>, Certificate, Option<Vec<u8>>)> {
    let provider = rustls::crypto::ring::default_provider();
    let seen = Arc::new(Mutex::new(None));
    let verifier = AnyCertificate {
        seen: Arc::clone(&seen),
        provider: provider.clone(),
    };
    let versions: &[&rustls::SupportedProtocolVersion] = match version {
        TlsVersion::V12 => &[&rustls::version::TLS12],
        TlsVersion::V13 => &[&rustls::version::TLS13],
    };
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let name = ServerName::try_from("nobody.invalid").unwrap();
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, socket);
    let stream = within("TLS", connecting).await?;
    let certificate = Certificate(seen.lock().unwrap().clone().unwrap());
    let exporter = (version == TlsVersion::V13).then(|| {
        let connection = stream.get_ref().1;
        connection
            .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(&[]))
            .unwrap()
            .to_vec()
    });
    Ok((stream, certificate, exporter))
}

pub(crate) async fn socket(address: SocketAddr) -> TcpStream {
    let socket = within("a connection", TcpStream::connect(address)).await;
    let socket = socket.unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

/// Where a server is: in this process or in another.
pub(crate) trait Place {
    fn https(&self) -> SocketAddr;
    fn tcp(&self) -> SocketAddr;
    fn domain(&self) -> String;
}

impl Place for Server {
    fn https(&self) -> SocketAddr {
        self.handle().https_addr()
    }
    fn tcp(&self) -> SocketAddr {
        self.handle().tcp_addr().unwrap()
    }
    fn domain(&self) -> String {
        self.handle().domain().to_owned()
    }
}

impl Place for ServerHandle {
    fn https(&self) -> SocketAddr {
        self.https_addr()
    }
    fn tcp(&self) -> SocketAddr {
        self.tcp_addr().unwrap()
    }
    fn domain(&self) -> String {
        self.domain().to_owned()
    }
}

impl Client {
    /// In clear, on the port for STARTTLS.
    pub(crate) async fn in_clear(server: &impl Place) -> Self {
        let socket = socket(server.tcp()).await;
        Self::tcp(Box::new(socket), &server.domain())
    }

    /// TLS from the first byte (XEP-0368).
    pub(crate) async fn direct(server: &impl Place) -> Self {
        Self::direct_with(server, TlsVersion::V13).await
    }

    pub(crate) async fn direct_with(server: &impl Place, version: TlsVersion) -> Self {
        Self::over(socket(server.https()).await, server, version).await
    }

    /// Direct TLS over a socket that the test has prepared.
    pub(crate) async fn over(socket: TcpStream, server: &impl Place, version: TlsVersion) -> Self {
        let (stream, certificate, exporter) =
            tls(socket, Some(b"xmpp-client"), version).await.unwrap();
        assert_eq!(
            stream.get_ref().1.alpn_protocol(),
            Some(&b"xmpp-client"[..])
        );
        let mut client = Self::tcp(Box::new(stream), &server.domain());
        client.certificate = Some(certificate);
        client.exporter = exporter;
        client
    }

    /// STARTTLS, up to where the encrypted stream begins.
    pub(crate) async fn starttls(server: &impl Place) -> Self {
        let domain = server.domain();
        // Two handles of one socket: one for the part in clear, one for TLS.
        let socket = socket(server.tcp()).await.into_std().unwrap();
        let again = TcpStream::from_std(socket.try_clone().unwrap()).unwrap();
        let mut clear = Self::tcp(Box::new(again), &domain);
        clear.open().await;
        clear.send(format!("<starttls xmlns='{}'/>", ns::TLS)).await;
        assert!(clear.element().await.is("proceed", ns::TLS));
        let socket = TcpStream::from_std(socket).unwrap();
        drop(clear);
        let (stream, certificate, exporter) = tls(socket, None, TlsVersion::V13).await.unwrap();
        let mut client = Self::tcp(Box::new(stream), &domain);
        client.certificate = Some(certificate);
        client.exporter = exporter;
        client
    }

    /// WebSocket (RFC 7395).
    pub(crate) async fn websocket(server: &impl Place) -> Self {
        Self::websocket_with(server, "xmpp").await.unwrap()
    }

    /// WebSocket with another subprotocol, or with none.
    pub(crate) async fn websocket_with(
        server: &impl Place,
        subprotocol: &str,
    ) -> tungstenite::Result<Self> {
        let socket = socket(server.https()).await;
        let (stream, certificate, exporter) =
            tls(socket, Some(b"http/1.1"), TlsVersion::V13).await?;
        let mut client = Self::upgrade(Box::new(stream), "wss", subprotocol, server).await?;
        client.certificate = Some(certificate);
        client.exporter = exporter;
        Ok(client)
    }

    /// A stream over bytes that the test has prepared.
    pub(crate) fn over_bytes(io: Box<dyn Io>, server: &impl Place) -> Self {
        Self::tcp(io, &server.domain())
    }

    /// XMPP in clear on the port that carries everything.
    pub(crate) async fn clear_on_shared(server: &impl Place) -> Self {
        let socket = socket(server.https()).await;
        Self::tcp(Box::new(socket), &server.domain())
    }

    /// WebSocket without TLS.
    pub(crate) async fn clear_websocket(server: &impl Place) -> tungstenite::Result<Self> {
        let socket = socket(server.https()).await;
        Self::upgrade(Box::new(socket), "ws", "xmpp", server).await
    }

    async fn upgrade(
        io: Box<dyn Io>,
        scheme: &str,
        subprotocol: &str,
        server: &impl Place,
    ) -> tungstenite::Result<Self> {
        let mut request = format!("{scheme}://team.example/ws").into_client_request()?;
        if !subprotocol.is_empty() {
            let value = subprotocol.parse().unwrap();
            request
                .headers_mut()
                .insert("sec-websocket-protocol", value);
        }
        let config = WebSocketConfig::default().max_message_size(Some(1 << 22));
        let (web, response): (_, Response<_>) = within(
            "the upgrade",
            tokio_tungstenite::client_async_with_config(request, io, Some(config)),
        )
        .await?;
        assert_eq!(response.headers()["sec-websocket-protocol"], "xmpp");
        Ok(Self::new(Wire::Web(Box::new(web)), &server.domain()))
    }
}

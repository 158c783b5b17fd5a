//! How a server proves itself: by a pinned key, or by the certificate
//! authorities of the system. Never by nothing.

use std::sync::Arc;

use navigation::{SpkiPin, Transport, Trust};
use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::prelude::{FromDer, X509Certificate};
use xmpp_core::sasl::BindingData;

use super::{ConnectError, SecureStream};

/// RFC 9266.
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// What TLS needs to know of one server.
#[derive(Clone)]
pub(super) struct TlsSetup {
    trust: Trust,
}

impl TlsSetup {
    pub(super) fn new(trust: &Trust) -> Self {
        Self {
            trust: trust.clone(),
        }
    }

    /// Secures a connection. `name` is what the certificate has to be for,
    /// where names count.
    pub(super) async fn connect(
        &self,
        socket: TcpStream,
        name: &str,
        transport: Transport,
    ) -> Result<SecureStream, ConnectError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = self.verifier(&provider)?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| ConnectError::Internal(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = match transport {
            Transport::DirectTls => vec![b"xmpp-client".to_vec()],
            Transport::WebSocket => vec![b"http/1.1".to_vec()],
            Transport::StartTls => Vec::new(),
        };
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| ConnectError::Unknown(format!("{name} is no host name")))?;
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, socket)
            .await
            .map_err(tls_error)?;
        let binding = BindingData {
            tls_exporter: exporter(&stream),
            ..BindingData::default()
        };
        Ok(SecureStream {
            io: Box::new(stream),
            binding,
        })
    }

    fn verifier(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, ConnectError> {
        if !self.trust.spki_sha256.is_empty() {
            return Ok(Arc::new(PinnedKey {
                pins: self.trust.spki_sha256.clone(),
                provider: Arc::clone(provider),
            }));
        }
        if !self.trust.system_roots {
            return Err(ConnectError::Certificate("nothing to trust".to_owned()));
        }
        let system = rustls_platform_verifier::Verifier::new(Arc::clone(provider))
            .map_err(|error| ConnectError::Certificate(error.to_string()))?;
        Ok(Arc::new(system))
    }
}

/// Keying material of the connection; TLS 1.3 only.
fn exporter(stream: &TlsStream<TcpStream>) -> Option<Vec<u8>> {
    let connection = stream.get_ref().1;
    if connection.protocol_version() != Some(rustls::ProtocolVersion::TLSv1_3) {
        return None;
    }
    connection
        .export_keying_material([0; 32], EXPORTER_LABEL, Some(&[]))
        .ok()
        .map(|material| material.to_vec())
}

fn tls_error(error: std::io::Error) -> ConnectError {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(reason)) => {
            ConnectError::Certificate(format!("{reason:?}"))
        }
        Some(rustls::Error::General(text)) => ConnectError::Certificate(text.clone()),
        Some(rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateMessage { .. }) => {
            ConnectError::NotXmpp(format!("no TLS there: {error}"))
        }
        Some(_) => ConnectError::NotXmpp(error.to_string()),
        None => ConnectError::Unreachable(error.to_string()),
    }
}

/// Accepts exactly the keys that are pinned, whatever the certificate around
/// them says. The handshake still proves that the server holds the key.
#[derive(Debug)]
struct PinnedKey {
    pins: Vec<SpkiPin>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinnedKey {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let (_, certificate) = X509Certificate::from_der(end_entity)
            .map_err(|_| rustls::Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let pin = SpkiPin::from_der_spki(certificate.public_key().raw);
        if self.pins.contains(&pin) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::ApplicationVerificationFailure,
            ))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

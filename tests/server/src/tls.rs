//! TLS that trusts one key, as an invite names it, and no authority.

use std::sync::{Arc, Mutex};

use navigation::SpkiPin;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The key that a server has to prove, shared by all connections to it.
#[derive(Debug, Clone)]
pub struct Trust {
    pin: SpkiPin,
    config: Arc<ClientConfig>,
    seen: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Trust {
    /// Trusts this key.
    ///
    /// # Panics
    /// Never: the versions are those of the provider.
    #[must_use]
    pub fn new(pin: SpkiPin) -> Self {
        let provider = Arc::new(ring::default_provider());
        let seen = Arc::new(Mutex::new(None));
        let pinned = Pinned {
            pin,
            provider: Arc::clone(&provider),
            seen: Arc::clone(&seen),
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions of the provider")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(pinned))
            .with_no_client_auth();
        Self {
            pin,
            config: Arc::new(config),
            seen,
        }
    }

    /// The key that is trusted.
    #[must_use]
    pub fn pin(&self) -> SpkiPin {
        self.pin
    }

    /// TLS over a socket; with `alpn` from the first byte (XEP-0368).
    ///
    /// # Errors
    /// What the handshake says.
    pub async fn connect(
        &self,
        socket: TcpStream,
        domain: &str,
        alpn: Option<&[u8]>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut config = (*self.config).clone();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let name = ServerName::try_from(domain.to_owned()).map_err(std::io::Error::other)?;
        TlsConnector::from(Arc::new(config))
            .connect(name, socket)
            .await
    }

    /// The certificate around the key, as PEM, for clients that want a file.
    /// There after the first connection.
    ///
    /// # Panics
    /// Before it.
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(self.certificate());
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).expect("ASCII"))
            .collect();
        format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            lines.join("\n")
        )
    }

    /// The certificate's fingerprint as old clients show it. There after the
    /// first connection.
    ///
    /// # Panics
    /// Before it.
    #[must_use]
    pub fn certificate_sha1(&self) -> String {
        use sha1::{Digest, Sha1};
        let digest = Sha1::digest(self.certificate());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn certificate(&self) -> Vec<u8> {
        let seen = self.seen.lock().expect("not poisoned").clone();
        seen.expect("a connection was made")
    }
}

#[derive(Debug)]
struct Pinned {
    pin: SpkiPin,
    provider: Arc<CryptoProvider>,
    seen: Arc<Mutex<Option<Vec<u8>>>>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = public_key(end_entity).ok_or(CertificateError::BadEncoding)?;
        if SpkiPin::from_der_spki(key) != self.pin {
            return Err(CertificateError::UnknownIssuer.into());
        }
        *self.seen.lock().expect("not poisoned") = Some(end_entity.to_vec());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// The subjectPublicKeyInfo of a certificate (RFC 5280, section 4.1).
fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = der(certificate)?;
    let (mut rest, _) = der(certificate)?;
    // version, serialNumber, signature, issuer, validity, subject
    for _ in 0..6 {
        rest = der(rest)?.1;
    }
    let after = der(rest)?.1;
    rest.get(..rest.len() - after.len())
}

/// The content of the first DER value, and what comes behind it.
fn der(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, start) = match *bytes.get(1)? {
        short if short < 0x80 => (usize::from(short), 2),
        long => {
            let digits = usize::from(long & 0x7f);
            let length = bytes
                .get(2..2 + digits)?
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte));
            (length, 2 + digits)
        }
    };
    bytes.get(start..)?.split_at_checked(length)
}

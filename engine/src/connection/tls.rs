//! TLS: always, and always with a server that has proven itself.

mod certificate;
mod end_point;
mod verifier;

use std::sync::Arc;

use navigation::{SpkiPin, Transport, Trust};
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::prelude::{FromDer, X509Certificate};
use xmpp_core::sasl::BindingData;

use self::end_point::end_point;
use self::verifier::{KeyDiffers, Verifier};
use super::error::CertificateProblem;
use super::{ConnectError, SecureStream};

/// RFC 9266.
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// How one server proves itself, for TCP, WebSocket and HTTP alike.
#[derive(Clone)]
pub(crate) struct TlsSetup {
    verifier: Arc<Verifier>,
}

impl TlsSetup {
    /// Reads the authorities of the system where they count: run it where
    /// blocking is allowed.
    pub(crate) fn new(trust: &Trust) -> Result<Self, ConnectError> {
        let verifier = Arc::new(Verifier::new(trust, false)?);
        Ok(Self { verifier })
    }

    /// For what need not be the server itself: an authority of the system is as good,
    /// with pins and without. Never for a stream. Blocks, as the other one.
    pub(crate) fn or_system(trust: &Trust) -> Result<Self, ConnectError> {
        let verifier = Arc::new(Verifier::new(trust, true)?);
        Ok(Self { verifier })
    }

    /// The settings of a client that speaks these protocols (RFC 7301).
    pub(crate) fn config(&self, protocols: &[&[u8]]) -> Result<ClientConfig, ConnectError> {
        let verifier = Arc::clone(&self.verifier);
        let mut config = ClientConfig::builder_with_provider(Arc::clone(verifier.provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| ConnectError::Internal(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(config)
    }

    /// Secures a connection. `name` is what the certificate has to be for,
    /// where names count.
    pub(super) async fn connect(
        &self,
        socket: TcpStream,
        name: &str,
        transport: Transport,
    ) -> Result<SecureStream, ConnectError> {
        let protocols: &[&[u8]] = match transport {
            Transport::DirectTls => &[b"xmpp-client"],
            Transport::WebSocket => &[b"http/1.1"],
            Transport::StartTls => &[],
        };
        let config = self.config(protocols)?;
        let name = ServerName::try_from(ascii_host(name)?)
            .map_err(|_| ConnectError::Unknown(format!("{name} is no host name")))?;
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, socket)
            .await
            .map_err(|error| self.with_certificate(io_error(&error)))?;
        let chain = stream.get_ref().1.peer_certificates();
        let certificate = chain.and_then(|chain| chain.first());
        let binding = BindingData {
            tls_exporter: exporter(&stream),
            tls_server_end_point: certificate.and_then(|first| end_point(first)),
        };
        let parsed = certificate.and_then(|first| X509Certificate::from_der(first).ok());
        let certificate = parsed.map(|(_, parsed)| certificate::view(&parsed));
        Ok(SecureStream {
            io: Box::new(stream),
            binding,
            certificate,
        })
    }

    /// Says with which certificate a server failed to prove itself.
    fn with_certificate(&self, error: ConnectError) -> ConnectError {
        match error {
            ConnectError::Certificate(problem, why, None) => {
                ConnectError::Certificate(problem, why, self.verifier.refused().map(Box::new))
            }
            other => other,
        }
    }
}

/// A host as DNS, certificates and proxies have it (RFC 5890).
pub(super) fn ascii_host(host: &str) -> Result<String, ConnectError> {
    let bracketed = match host.parse::<std::net::Ipv6Addr>() {
        Ok(_) => return Ok(host.to_owned()),
        Err(_) => host.trim_end_matches('.'),
    };
    url::Host::parse(bracketed)
        .map(|host| host.to_string())
        .map_err(|_| ConnectError::Unknown(format!("{host} is no host name")))
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

fn io_error(error: &std::io::Error) -> ConnectError {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(inner) => tls_error(inner),
        None => ConnectError::Unreachable(error.to_string()),
    }
}

/// What a failed handshake means.
pub(crate) fn tls_error(error: &rustls::Error) -> ConnectError {
    match error {
        rustls::Error::InvalidCertificate(reason) => {
            ConnectError::Certificate(problem(reason), format!("{reason:?}"), None)
        }
        // What the verifier of an operating system has no better word for.
        rustls::Error::General(text) => {
            ConnectError::Certificate(CertificateProblem::Other, text.clone(), None)
        }
        other => ConnectError::NotXmpp(format!("no TLS there: {other}")),
    }
}

fn problem(reason: &CertificateError) -> CertificateProblem {
    match reason {
        CertificateError::UnknownIssuer => CertificateProblem::UnknownIssuer,
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => CertificateProblem::Expired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateProblem::WrongName
        }
        CertificateError::Other(other) => match other.0.downcast_ref::<KeyDiffers>() {
            Some(differs) => CertificateProblem::KeyChanged(differs.0),
            None => CertificateProblem::Other,
        },
        _ => CertificateProblem::Other,
    }
}

/// The pin of a certificate's key.
fn pin(certificate: &X509Certificate<'_>) -> SpkiPin {
    SpkiPin::from_der_spki(certificate.public_key().raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_written_as_others_have_them() {
        for (host, ascii) in [
            ("Example.com.", "example.com"),
            ("公司.内网", "xn--55qx5d.xn--v6q792i"),
            ("192.168.1.5", "192.168.1.5"),
            ("::1", "::1"),
        ] {
            assert_eq!(ascii_host(host).unwrap(), ascii, "{host}");
        }
        for bad in ["", "a b", "a\r\nb", "a/b", "[::1"] {
            assert!(ascii_host(bad).is_err(), "{bad}");
        }
    }
}

//! The server's key and certificate, and TLS with them.
//!
//! Without files of an administrator the key is made on first start and is the
//! server's identity: its fingerprint is in every invite. The certificate
//! around it is made anew at each start and says little, because nobody checks
//! names against it. Given files are read again when they change; connections
//! that are up stay as they are.

mod certificate;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use navigation::SpkiPin;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;
use xmpp_core::sasl::BindingData;

use self::certificate::{Certificate, Files};
use crate::{Config, StartError};

/// The protocol name for XMPP without a web server before it (XEP-0368).
pub(crate) const ALPN_XMPP: &[u8] = b"xmpp-client";
const ALPN_HTTP: &[u8] = b"http/1.1";

/// How the server proves itself.
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    files: Option<Files>,
    active: RwLock<Arc<Active>>,
    /// What the files held when they were last looked at.
    seen: RwLock<Option<[u8; 32]>>,
}

/// One certificate in use. A connection keeps the one that it began with.
pub(crate) struct Active {
    /// For the port that carries everything, and for STARTTLS.
    pub(crate) shared: TlsAcceptor,
    /// For a port that is for XMPP alone.
    pub(crate) direct: TlsAcceptor,
    pub(crate) pin: SpkiPin,
    end_point: Option<Vec<u8>>,
}

impl Tls {
    /// Reads the given files, or reads or makes the server's own key.
    pub(crate) fn open(config: &Config, keys: &Path, domain: &str) -> Result<Self, StartError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let files = match (&config.tls_certificate, &config.tls_key) {
            (Some(certificate), Some(key)) => Some(Files {
                certificate: certificate.clone(),
                key: key.clone(),
            }),
            (None, None) => None,
            (Some(path), None) | (None, Some(path)) => {
                return Err(StartError::CertificateFile {
                    path: path.clone(),
                    reason: "certificate and key are given together".to_owned(),
                });
            }
        };
        let (certificate, seen) = match &files {
            Some(files) => {
                let content = files.read()?;
                (
                    files.certificate(&content, &provider)?,
                    Some(content.digest),
                )
            }
            None => (certificate::own(keys, domain, &provider)?, None),
        };
        let active = Active::new(certificate, &provider)?;
        Ok(Self {
            provider,
            files,
            active: RwLock::new(Arc::new(active)),
            seen: RwLock::new(seen),
        })
    }

    /// What new connections are shown.
    pub(crate) fn active(&self) -> Arc<Active> {
        Arc::clone(&self.active.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Fingerprint of the key.
    pub(crate) fn pin(&self) -> SpkiPin {
        self.active().pin
    }

    /// Whether there are files that can change.
    pub(crate) fn has_files(&self) -> bool {
        self.files.is_some()
    }

    /// Looks at the files; `true` if they held a new certificate. Whatever is
    /// wrong with them, the one in use stays. Reads files: for a thread where
    /// blocking is allowed.
    pub(crate) fn reload(&self) -> Result<bool, StartError> {
        let Some(files) = &self.files else {
            return Ok(false);
        };
        let content = files.read()?;
        let digest = content.digest;
        let last = {
            let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
            seen.replace(digest)
        };
        if last == Some(digest) {
            return Ok(false);
        }
        let certificate = files.certificate(&content, &self.provider)?;
        let active = Arc::new(Active::new(certificate, &self.provider)?);
        *self.active.write().unwrap_or_else(PoisonError::into_inner) = active;
        Ok(true)
    }
}

impl Active {
    fn new(certificate: Certificate, provider: &Arc<CryptoProvider>) -> Result<Self, StartError> {
        let acceptor = |protocols: &[&[u8]]| -> Result<TlsAcceptor, StartError> {
            let only = Arc::new(Only(Arc::clone(&certificate.key)));
            let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
                .with_safe_default_protocol_versions()?
                .with_no_client_auth()
                .with_cert_resolver(only);
            config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            Ok(TlsAcceptor::from(Arc::new(config)))
        };
        Ok(Self {
            shared: acceptor(&[ALPN_XMPP, ALPN_HTTP])?,
            direct: acceptor(&[ALPN_XMPP])?,
            pin: certificate.pin,
            end_point: certificate.end_point,
        })
    }

    /// What this connection can be bound to.
    pub(crate) fn binding(&self, connection: &rustls::ServerConnection) -> BindingData {
        BindingData {
            tls_exporter: tls_exporter(connection),
            tls_server_end_point: self.end_point.clone(),
        }
    }
}

/// The same certificate for every name that is asked for.
#[derive(Debug)]
struct Only(Arc<CertifiedKey>);

impl ResolvesServerCert for Only {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// RFC 9266. Only TLS 1.3 gives keying material that is unique by itself.
fn tls_exporter(connection: &rustls::ServerConnection) -> Option<Vec<u8>> {
    if connection.protocol_version() != Some(rustls::ProtocolVersion::TLSv1_3) {
        return None;
    }
    let material = [0; 32];
    connection
        .export_keying_material(material, b"EXPORTER-Channel-Binding", Some(&[]))
        .ok()
        .map(|material| material.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &Path) -> Result<Tls, StartError> {
        Tls::open(&Config::default(), folder, "a.internal")
    }

    #[test]
    fn the_key_stays_and_the_certificate_fits_the_pin() {
        let folder = tempfile::tempdir().unwrap();
        let first = open(folder.path()).unwrap();
        let second = open(folder.path()).unwrap();
        assert_eq!(first.pin(), second.pin());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let key = folder.path().join("server.key.pem");
            assert_eq!(
                std::fs::metadata(key).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn a_damaged_key_is_an_error_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.key.pem");
        std::fs::write(&path, "not a key").unwrap();
        assert!(matches!(open(folder.path()), Err(StartError::Key { .. })));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "not a key");
    }
}

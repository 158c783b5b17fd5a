//! The server's key and certificate.
//!
//! The key is made on first start and is the server's identity: its
//! fingerprint is in every invite. The certificate around it is made anew at
//! each start and says little, because nobody checks names against it.

use std::path::Path;
use std::sync::Arc;

use navigation::SpkiPin;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PublicKeyData};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;
use xmpp_core::sasl::BindingData;

use crate::StartError;

/// The protocol name for XMPP without a web server before it (XEP-0368).
pub(crate) const ALPN_XMPP: &[u8] = b"xmpp-client";
const ALPN_HTTP: &[u8] = b"http/1.1";

/// How the server proves itself.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) pin: SpkiPin,
    /// RFC 5929, section 4.1: SHA-256 of the certificate.
    end_point: Vec<u8>,
}

impl Tls {
    /// Reads or makes the key.
    pub(crate) fn open(keys: &Path, domain: &str) -> Result<Self, StartError> {
        let path = keys.join("server.key.pem");
        let pair = match std::fs::read_to_string(&path) {
            Ok(pem) => KeyPair::from_pem(&pem).map_err(|error| StartError::Key {
                path: path.clone(),
                reason: error.to_string(),
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let pair = KeyPair::generate()?;
                write_private(&path, pair.serialize_pem().as_bytes()).map_err(|source| {
                    StartError::DataFolder {
                        path: path.clone(),
                        source,
                    }
                })?;
                pair
            }
            Err(source) => return Err(StartError::DataFolder { path, source }),
        };
        let mut params = CertificateParams::new(vec![domain.to_owned()])?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, domain);
        // Beyond the life of any installation: the key, not the date, is trusted.
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2120, 1, 1);
        let certificate = params.self_signed(&pair)?;
        let der = certificate.der().clone();
        let pin = SpkiPin::from_der_spki(&pair.subject_public_key_info());
        let end_point = Sha256::digest(&der).to_vec();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.serialize_der()));
        Ok(Self {
            acceptor: TlsAcceptor::from(server_config(der, key)?),
            pin,
            end_point,
        })
    }

    /// What this connection can be bound to.
    pub(crate) fn binding(&self, connection: &rustls::ServerConnection) -> BindingData {
        BindingData {
            tls_exporter: tls_exporter(connection),
            tls_server_end_point: Some(self.end_point.clone()),
        }
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

fn server_config(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, StartError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![ALPN_XMPP.to_vec(), ALPN_HTTP.to_vec()];
    Ok(Arc::new(config))
}

/// Writes a secret so that it is whole or not there, and its owner's alone.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let temporary = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stays_and_the_certificate_fits_the_pin() {
        let folder = tempfile::tempdir().unwrap();
        let first = Tls::open(folder.path(), "a.internal").unwrap();
        let second = Tls::open(folder.path(), "a.internal").unwrap();
        assert_eq!(first.pin, second.pin);
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
        assert!(matches!(
            Tls::open(folder.path(), "a"),
            Err(StartError::Key { .. })
        ));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "not a key");
    }
}

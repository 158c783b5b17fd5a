//! What the server shows of itself: a certificate, its key, and what both give.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use navigation::SpkiPin;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PublicKeyData};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::signature_algorithm::SignatureAlgorithm;

use crate::StartError;
use crate::data_dir::write_private;

/// Largest file that is read: a chain and a key have a few kilobytes.
const MAX_FILE: u64 = 1024 * 1024;

/// A certificate with its key.
pub(super) struct Certificate {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) pin: SpkiPin,
    /// RFC 5929, section 4.1; `None` where the certificate has no hash of its own.
    pub(super) end_point: Option<Vec<u8>>,
}

/// The files of an administrator, as they were when they were read.
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// What they hold.
pub(super) struct Content {
    certificate: Vec<u8>,
    key: Vec<u8>,
    /// SHA-256 of both, to see a change.
    pub(super) digest: [u8; 32],
}

impl Files {
    pub(super) fn read(&self) -> Result<Content, StartError> {
        let certificate = read(&self.certificate)?;
        let key = read(&self.key)?;
        let mut digest = Sha256::new();
        digest.update(Sha256::digest(&certificate));
        digest.update(Sha256::digest(&key));
        let digest = digest.finalize().into();
        Ok(Content {
            certificate,
            key,
            digest,
        })
    }

    /// Makes what they hold usable.
    pub(super) fn certificate(
        &self,
        content: &Content,
        provider: &CryptoProvider,
    ) -> Result<Certificate, StartError> {
        let bad = |path: &Path, reason: String| StartError::CertificateFile {
            path: path.to_owned(),
            reason,
        };
        let chain = CertificateDer::pem_slice_iter(&content.certificate)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| bad(&self.certificate, error.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(&content.key)
            .map_err(|error| bad(&self.key, error.to_string()))?;
        usable(chain, key, provider).map_err(|reason| bad(&self.certificate, reason))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, StartError> {
    let failed = |source| StartError::DataFolder {
        path: path.to_owned(),
        source,
    };
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > MAX_FILE {
        return Err(StartError::CertificateFile {
            path: path.to_owned(),
            reason: "too large".to_owned(),
        });
    }
    std::fs::read(path).map_err(failed)
}

/// Reads or makes the server's own key, and makes a certificate around it.
pub(super) fn own(
    keys: &Path,
    domain: &str,
    provider: &CryptoProvider,
) -> Result<Certificate, StartError> {
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
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.serialize_der()));
    let made = usable(vec![der], key, provider);
    let made = made.map_err(|reason| StartError::Key { path, reason })?;
    debug_assert_eq!(
        made.pin,
        SpkiPin::from_der_spki(&pair.subject_public_key_info())
    );
    Ok(made)
}

/// Checks that key and certificate belong together; what is wrong otherwise.
fn usable(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<Certificate, String> {
    let first = chain.first().ok_or("no certificate in it")?.clone();
    let (_, parsed) = X509Certificate::from_der(&first).map_err(|error| error.to_string())?;
    let pin = SpkiPin::from_der_spki(parsed.public_key().raw);
    let end_point = end_point(&first, &parsed);
    let key = CertifiedKey::from_der(chain, key, provider).map_err(|error| error.to_string())?;
    Ok(Certificate {
        key: Arc::new(key),
        pin,
        end_point,
    })
}

/// RFC 5929, section 4.1: the hash that the certificate is signed with, but
/// nothing weaker than SHA-256. Undefined for signatures without a hash of
/// their own, such as Ed25519.
fn end_point(der: &[u8], certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    // RFC 5698 and RFC 5758, the dotted names.
    const SHA256: [&str; 4] = [
        "1.2.840.113549.1.1.5",  // SHA-1 with RSA
        "1.2.840.10045.4.1",     // ECDSA with SHA-1
        "1.2.840.113549.1.1.11", // SHA-256 with RSA
        "1.2.840.10045.4.3.2",   // ECDSA with SHA-256
    ];
    const SHA384: [&str; 2] = ["1.2.840.113549.1.1.12", "1.2.840.10045.4.3.3"];
    const SHA512: [&str; 2] = ["1.2.840.113549.1.1.13", "1.2.840.10045.4.3.4"];
    const PSS_HASHES: [(&str, &str); 3] = [
        ("2.16.840.1.101.3.4.2.1", SHA256[2]),
        ("2.16.840.1.101.3.4.2.2", SHA384[0]),
        ("2.16.840.1.101.3.4.2.3", SHA512[0]),
    ];
    let signed = &certificate.signature_algorithm;
    let mut name = signed.algorithm.to_id_string();
    if let Ok(SignatureAlgorithm::RSASSA_PSS(params)) = SignatureAlgorithm::try_from(signed) {
        let hash = params.hash_algorithm_oid().to_id_string();
        let (_, as_rsa) = PSS_HASHES.iter().find(|(oid, _)| *oid == hash)?;
        name = (*as_rsa).to_owned();
    }
    match name.as_str() {
        name if SHA256.contains(&name) => Some(Sha256::digest(der).to_vec()),
        name if SHA384.contains(&name) => Some(Sha384::digest(der).to_vec()),
        name if SHA512.contains(&name) => Some(Sha512::digest(der).to_vec()),
        _ => None,
    }
}

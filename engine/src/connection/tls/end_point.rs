//! `tls-server-end-point` (RFC 5929, section 4.1): what signing in is bound to
//! where TLS 1.3 is not to be had.

use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::signature_algorithm::SignatureAlgorithm;

/// The dotted names of RFC 5698 and RFC 5758. MD5 and SHA-1 become SHA-256.
const SHA256: [&str; 5] = [
    "1.2.840.113549.1.1.4",
    "1.2.840.113549.1.1.5",
    "1.2.840.10045.4.1",
    "1.2.840.113549.1.1.11",
    "1.2.840.10045.4.3.2",
];
const SHA384: [&str; 2] = ["1.2.840.113549.1.1.12", "1.2.840.10045.4.3.3"];
const SHA512: [&str; 2] = ["1.2.840.113549.1.1.13", "1.2.840.10045.4.3.4"];
/// Hashes alone, as RSASSA-PSS names them.
const PLAIN: [&str; 3] = [
    "2.16.840.1.101.3.4.2.1",
    "2.16.840.1.101.3.4.2.2",
    "2.16.840.1.101.3.4.2.3",
];

/// The hash of a certificate, by the hash that it is signed with. `None` for
/// signatures without a hash of their own, such as Ed25519.
pub(super) fn end_point(der: &[u8]) -> Option<Vec<u8>> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let signed = &certificate.signature_algorithm;
    let mut name = signed.algorithm.to_id_string();
    if let Ok(SignatureAlgorithm::RSASSA_PSS(params)) = SignatureAlgorithm::try_from(signed) {
        name = params.hash_algorithm_oid().to_id_string();
    }
    let is = |names: &[&str], plain: &str| names.contains(&name.as_str()) || name == plain;
    let [sha256, sha384, sha512] = PLAIN;
    if is(&SHA256, sha256) {
        Some(Sha256::digest(der).to_vec())
    } else if is(&SHA384, sha384) {
        Some(Sha384::digest(der).to_vec())
    } else if is(&SHA512, sha512) {
        Some(Sha512::digest(der).to_vec())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

    use super::*;

    #[test]
    fn the_hash_is_that_of_the_signature() {
        let made = |pair: KeyPair| {
            let params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
            params.self_signed(&pair).unwrap().der().to_vec()
        };
        let der = made(KeyPair::generate().unwrap());
        assert_eq!(end_point(&der), Some(Sha256::digest(&der).to_vec()));
        let der = made(KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap());
        assert_eq!(end_point(&der), Some(Sha384::digest(&der).to_vec()));
        let der = made(KeyPair::generate_for(&PKCS_ED25519).unwrap());
        assert_eq!(end_point(&der), None);
        assert_eq!(end_point(b"no certificate"), None);
    }
}

//! How a server proves itself: by a pinned key, by an authority that its
//! navigation names, or by one of the system's. Never by nothing.

use std::sync::{Arc, Mutex, PoisonError};

use navigation::{SpkiPin, Trust};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::super::ConnectError;
use super::super::error::CertificateProblem;
use super::{certificate, pin};
use crate::api::CertificateView;

/// What counts as a proof for one server. Pins stand alone: where there are
/// any, the key has to be one of them, and the certificate around it says
/// nothing. Else the chain has to lead to an authority, be of this time and for
/// this name. Only where somebody asks for both will either do.
#[derive(Debug)]
pub(super) struct Verifier {
    pins: Vec<SpkiPin>,
    /// Those of the navigation, then those of the system. Where there are pins they
    /// count besides; mostly there are none then.
    authorities: Vec<Arc<dyn ServerCertVerifier>>,
    provider: Arc<CryptoProvider>,
    /// The last that was refused.
    refused: Mutex<Option<CertificateView>>,
}

impl Verifier {
    /// `or_system`: whether the authorities of the system count in any case.
    pub(super) fn new(trust: &Trust, or_system: bool) -> Result<Self, ConnectError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut authorities: Vec<Arc<dyn ServerCertVerifier>> = Vec::new();
        let mut why = String::from("nothing to trust");
        let is_pinned = !trust.spki_sha256.is_empty();
        if !is_pinned && !trust.authorities.is_empty() {
            authorities.push(private(trust, &provider)?);
        }
        if or_system || (!is_pinned && trust.system_roots) {
            match rustls_platform_verifier::Verifier::new(Arc::clone(&provider)) {
                Ok(system) => authorities.push(Arc::new(system)),
                Err(error) => why = error.to_string(),
            }
        }
        if !is_pinned && authorities.is_empty() {
            let problem = CertificateProblem::UnknownIssuer;
            return Err(ConnectError::Certificate(problem, why, None));
        }
        Ok(Self {
            pins: trust.spki_sha256.clone(),
            authorities,
            provider,
            refused: Mutex::default(),
        })
    }

    /// The certificate that was refused last.
    pub(super) fn refused(&self) -> Option<CertificateView> {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    fn refuse(&self, certificate: &X509Certificate<'_>, why: Error) -> Error {
        let seen = Some(certificate::view(certificate));
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        why
    }

    pub(super) fn provider(&self) -> &Arc<CryptoProvider> {
        &self.provider
    }
}

/// The server has a key, and it is none of the pinned ones.
#[derive(Debug, thiserror::Error)]
#[error("the key of the server is {0}")]
pub(super) struct KeyDiffers(pub(super) SpkiPin);

/// The authorities of a navigation.
fn private(
    trust: &Trust,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, ConnectError> {
    let bad = |error: &dyn std::fmt::Display| {
        ConnectError::Certificate(
            CertificateProblem::UnknownIssuer,
            format!("the authority in the navigation cannot be used: {error}"),
            None,
        )
    };
    let mut roots = RootCertStore::empty();
    for authority in &trust.authorities {
        roots
            .add(CertificateDer::from(authority.as_der().to_vec()))
            .map_err(|error| bad(&error))?;
    }
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
            .build()
            .map_err(|error| bad(&error))?;
    Ok(verifier)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let (_, certificate) = X509Certificate::from_der(end_entity)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        if !self.pins.is_empty() {
            let met = pin(&certificate);
            if self.pins.contains(&met) {
                return Ok(ServerCertVerified::assertion());
            }
            if self.authorities.is_empty() {
                let differs = CertificateError::Other(OtherError(Arc::new(KeyDiffers(met))));
                return Err(self.refuse(&certificate, Error::InvalidCertificate(differs)));
            }
        }
        let mut refused = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        for authority in &self.authorities {
            match authority.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            ) {
                Ok(proven) => return Ok(proven),
                // One that knows the issuer says more than one that does not.
                Err(error) if is_unknown(&refused) => refused = error,
                Err(_) => {}
            }
        }
        // COMPAT: a certificate that signs itself and calls itself an authority,
        // which is what most tools make, is one of an unknown issuer.
        let is_own = certificate.issuer() == certificate.subject();
        if is_own
            && matches!(
                refused,
                Error::InvalidCertificate(CertificateError::Other(_))
            )
        {
            refused = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        }
        Err(self.refuse(&certificate, refused))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn is_unknown(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(CertificateError::UnknownIssuer)
    )
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use navigation::Authority;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

    use super::*;

    const HOST: &str = "files.example";

    /// An authority, as the system may know it, and a certificate of it for a host.
    fn certified() -> (Arc<dyn ServerCertVerifier>, CertificateDer<'static>) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "Installed");
        let pair = KeyPair::generate().unwrap();
        let ca = CertifiedIssuer::self_signed(params, pair).unwrap();
        let pair = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
        let leaf = params.signed_by(&pair, &ca).unwrap();
        let trust = Trust {
            authorities: vec![Authority::from_der(ca.der().to_vec()).unwrap()],
            ..Trust::default()
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        (private(&trust, &provider).unwrap(), leaf.der().clone())
    }

    fn pinned(trust: &SpkiPin, beside: &[Arc<dyn ServerCertVerifier>]) -> Verifier {
        Verifier {
            pins: vec![*trust],
            authorities: beside.to_vec(),
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            refused: Mutex::default(),
        }
    }

    fn verify(verifier: &Verifier, leaf: &CertificateDer<'_>, name: &str) -> Result<(), Error> {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = UnixTime::since_unix_epoch(now.unwrap());
        verifier
            .verify_server_cert(leaf, &[], &name, &[], now)
            .map(drop)
    }

    #[test]
    fn beside_a_pin_an_authority_counts_only_where_it_was_asked_for() {
        let (system, leaf) = certified();
        let other = SpkiPin::from_der_spki(b"other");
        let alone = verify(&pinned(&other, &[]), &leaf, HOST).unwrap_err();
        let Error::InvalidCertificate(CertificateError::Other(why)) = &alone else {
            panic!("{alone:?}")
        };
        assert!(why.0.downcast_ref::<KeyDiffers>().is_some());

        let either = pinned(&other, &[Arc::clone(&system)]);
        verify(&either, &leaf, HOST).unwrap();
        // By name, and by no authority that nobody knows.
        assert!(verify(&either, &leaf, "elsewhere.example").is_err());
        assert!(verify(&either, &certified().1, HOST).is_err());

        let (_, parsed) = X509Certificate::from_der(&leaf).unwrap();
        let own = pin(&parsed);
        verify(&pinned(&own, &[system]), &leaf, "elsewhere.example").unwrap();
    }

    #[test]
    fn a_stream_has_its_pins_alone() {
        let trust = Trust {
            spki_sha256: vec![SpkiPin::from_der_spki(b"ours")],
            ..Trust::default()
        };
        assert!(Verifier::new(&trust, false).unwrap().authorities.is_empty());
    }
}

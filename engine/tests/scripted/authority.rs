//! Authorities that the tests make, and what they sign.

use navigation::{Authority, Trust};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::CertificateDer;

use crate::peer::{DOMAIN, Server};

pub(crate) struct Ca(CertifiedIssuer<'static, KeyPair>);

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Ca {
    pub(crate) fn new(name: &str) -> Self {
        let pair = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params(name), pair).unwrap())
    }

    /// An authority below this one.
    pub(crate) fn below(&self, name: &str) -> Self {
        let pair = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::signed_by(params(name), pair, &self.0).unwrap())
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// What makes clients trust this authority and no other.
    pub(crate) fn trust(&self) -> Trust {
        Trust {
            system_roots: false,
            authorities: vec![Authority::from_der(self.der().to_vec()).unwrap()],
            ..Trust::default()
        }
    }

    /// A server with a certificate of this authority, and what stands between.
    pub(crate) fn server(
        &self,
        between: &[&Self],
        trust: Trust,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Server {
        let pair = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![DOMAIN.to_owned()]).unwrap();
        change(&mut params);
        let leaf = params.signed_by(&pair, &self.0).unwrap();
        let mut chain = vec![leaf.der().clone()];
        chain.extend(between.iter().map(|ca| ca.der()));
        Server::with(chain, &pair, trust)
    }
}

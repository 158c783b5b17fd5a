//! What a certificate says of itself, for people: whose it is, who says so, until
//! when.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::x509::X509Name;

use super::pin;
use crate::api::CertificateView;

/// Longest name that is shown, in characters: it comes from whoever answers there.
const MAX_NAME: usize = 120;

/// Reads it.
pub(super) fn view(certificate: &X509Certificate<'_>) -> CertificateView {
    let validity = certificate.validity();
    let milliseconds = |seconds: i64| seconds.saturating_mul(1000);
    CertificateView {
        subject: shown(&subject(certificate)),
        issuer: shown(&name(certificate.issuer())),
        self_signed: certificate.issuer() == certificate.subject(),
        valid_from_ms: milliseconds(validity.not_before.timestamp()),
        valid_until_ms: milliseconds(validity.not_after.timestamp()),
        fingerprint: pin(certificate).to_string(),
    }
}

/// The names that count (RFC 6125), else what it calls itself.
fn subject(certificate: &X509Certificate<'_>) -> String {
    let names = certificate.subject_alternative_name().ok().flatten();
    let names: Vec<String> = names
        .iter()
        .flat_map(|names| &names.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        })
        .take(3)
        .collect();
    match names.as_slice() {
        [] => name(certificate.subject()),
        names => names.join(", "),
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(std::net::IpAddr::from);
    let v6 = <[u8; 16]>::try_from(bytes).map(std::net::IpAddr::from);
    v4.or(v6).ok().map(|address| address.to_string())
}

fn name(name: &X509Name<'_>) -> String {
    let organisation = name.iter_organization().next();
    let common = name.iter_common_name().next();
    let mut parts: Vec<String> = [organisation, common]
        .into_iter()
        .flatten()
        .filter_map(|part| part.as_str().ok())
        .map(shown)
        .collect();
    parts.dedup();
    parts.join(", ")
}

/// Nothing that moves a line or hides another.
fn shown(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_control() && !is_direction(*c))
        .take(MAX_NAME)
        .collect()
}

/// Marks that change the direction of a text (Unicode, UAX 9).
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
    use x509_parser::prelude::FromDer;

    use super::*;

    fn of(names: &[&str], organisation: &str) -> CertificateView {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params
            .distinguished_name
            .push(DnType::OrganizationName, organisation);
        params
            .distinguished_name
            .push(DnType::CommonName, "Valley\u{202E}\n");
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let (_, parsed) = X509Certificate::from_der(certificate.der()).unwrap();
        view(&parsed)
    }

    #[test]
    fn u69_u106_whose_it_is_and_until_when() {
        let seen = of(&["chat.valley.example", "192.168.1.5"], "Valley Design");
        assert_eq!(seen.subject, "chat.valley.example, 192.168.1.5");
        assert_eq!(seen.issuer, "Valley Design, Valley");
        assert!(seen.self_signed);
        assert_eq!(seen.valid_until_ms - seen.valid_from_ms, 365 * 86_400_000);
        assert_eq!(seen.fingerprint.len(), 43);
        assert_eq!(of(&[], "Valley").subject, "Valley");
        assert_eq!(of(&[], &"x".repeat(300)).subject.len(), MAX_NAME);
    }
}

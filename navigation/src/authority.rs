//! Certificates of authorities that count for one server only.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::target::TargetError;

/// Largest certificate. Those of authorities have 500 to 2,000 bytes.
const MAX_BYTES: usize = 8 * 1024;

/// The certificate of an authority, in DER. In documents it is base64url.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Authority(Vec<u8>);

impl Authority {
    /// From DER. Only its frame is looked at: who uses it parses it.
    ///
    /// # Errors
    /// [`TargetError::Authority`].
    pub fn from_der(der: Vec<u8>) -> Result<Self, TargetError> {
        // A certificate is a SEQUENCE (RFC 5280, section 4.1).
        let fits = der.first() == Some(&0x30) && der.len() <= MAX_BYTES;
        fits.then_some(Self(der)).ok_or(TargetError::Authority)
    }

    /// All certificates of a PEM file (RFC 7468), in their order.
    ///
    /// # Errors
    /// [`TargetError::Authority`] if there is none, or one that cannot be read.
    pub fn from_pem(text: &str) -> Result<Vec<Self>, TargetError> {
        let mut found = Vec::new();
        for rest in text.split("-----BEGIN CERTIFICATE-----").skip(1) {
            let (body, _) = rest
                .split_once("-----END CERTIFICATE-----")
                .ok_or(TargetError::Authority)?;
            let body: String = body.split_whitespace().collect();
            let der = STANDARD.decode(body).map_err(|_| TargetError::Authority)?;
            found.push(Self::from_der(der)?);
        }
        if found.is_empty() {
            return Err(TargetError::Authority);
        }
        Ok(found)
    }

    /// The certificate in DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({} bytes)", self.0.len())
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl FromStr for Authority {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let der = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| TargetError::Authority)?;
        Self::from_der(der)
    }
}

impl Serialize for Authority {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Authority {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_of_a_file_round_trip_as_text() {
        let pem = "# ours\n-----BEGIN CERTIFICATE-----\nMAMC\nAQE=\n-----END CERTIFICATE-----\n";
        let found = Authority::from_pem(&pem.repeat(2)).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].as_der(), [0x30, 3, 2, 1, 1]);
        assert_eq!(found[0].to_string().parse(), Ok(found[1].clone()));
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for bad in [
            "",
            "-----BEGIN CERTIFICATE-----\nMAMC",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----",
        ] {
            assert_eq!(
                Authority::from_pem(bad),
                Err(TargetError::Authority),
                "{bad}"
            );
        }
        let large = vec![0x30; MAX_BYTES + 1];
        assert_eq!(Authority::from_der(large), Err(TargetError::Authority));
    }
}

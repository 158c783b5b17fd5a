//! Navigation links.
//!
//! ```text
//! startalk://nav?d=<base64url of the signed document>&c=<checksum>
//! startalk://nav?u=<https address>&k=<issuer's key>&c=<checksum>
//! ```
//!
//! The first holds everything. The second is short enough for a small QR code:
//! the document is fetched, and only the one signed by that key is taken.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use crate::document::{DocumentError, IssuerKey, NavigationDocument, SignedDocument};
use crate::input::InputError;
use crate::words::{checksum, percent_encode, query_pairs};

pub(crate) const PREFIX: &str = "startalk://nav?";

/// A link that leads to a navigation document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NavigationLink {
    /// The document is in the link. Its signature is checked by
    /// [`SignedDocument::verify`].
    Embedded(SignedDocument),
    /// The document has to be fetched.
    Fetched(FetchedFrom),
}

/// Where a document is, and whose it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedFrom {
    /// An `https` address.
    pub url: url::Url,
    /// The only issuer that is accepted.
    pub issuer: IssuerKey,
}

impl FetchedFrom {
    /// Checks what was fetched.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn accept(
        &self,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<NavigationDocument, DocumentError> {
        SignedDocument::from_json(bytes)?.verify(now, Some(self.issuer))
    }
}

impl NavigationLink {
    /// The link as text.
    #[must_use]
    pub fn to_link(&self) -> String {
        let link = match self {
            Self::Embedded(document) => {
                format!("{PREFIX}d={}", URL_SAFE_NO_PAD.encode(document.to_json()))
            }
            Self::Fetched(from) => {
                format!(
                    "{PREFIX}u={}&k={}",
                    percent_encode(from.url.as_str(), ":/"),
                    from.issuer
                )
            }
        };
        let check = checksum(&link);
        format!("{link}&c={check}")
    }

    /// Reads a link. White space inside it is ignored.
    ///
    /// # Errors
    /// [`InputError::Damaged`], [`InputError::UnsupportedVersion`], or
    /// [`InputError::NotUnderstood`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let link: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if !link.starts_with(PREFIX) {
            return Err(InputError::NotUnderstood);
        }
        let (before, check) = link.rsplit_once("&c=").ok_or(InputError::Damaged)?;
        if checksum(before) != check {
            return Err(InputError::Damaged);
        }
        let query = before.strip_prefix(PREFIX).ok_or(InputError::Damaged)?;
        let pairs = query_pairs(query).ok_or(InputError::Damaged)?;
        let get = |wanted: &str| {
            pairs
                .iter()
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value.as_str())
        };
        if let Some(document) = get("d") {
            let bytes = URL_SAFE_NO_PAD
                .decode(document)
                .map_err(|_| InputError::Damaged)?;
            return Ok(Self::Embedded(SignedDocument::from_json(&bytes)?));
        }
        let (Some(url), Some(issuer)) = (get("u"), get("k")) else {
            return Err(InputError::UnsupportedVersion);
        };
        let url: url::Url = url.parse().map_err(|_| InputError::Damaged)?;
        if url.scheme() != "https" || url.host().is_none() {
            return Err(InputError::Damaged);
        }
        Ok(Self::Fetched(FetchedFrom {
            url,
            issuer: issuer.parse()?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::tests::{document, key, now};

    #[test]
    fn both_kinds_round_trip() {
        let signed = SignedDocument::sign(&document(), &key()).unwrap();
        let embedded = NavigationLink::Embedded(signed.clone());
        assert_eq!(NavigationLink::parse(&embedded.to_link()), Ok(embedded));
        let from = FetchedFrom {
            url: "https://example.com:8443/nav.json?a=b&c=d".parse().unwrap(),
            issuer: key().issuer(),
        };
        let link = NavigationLink::Fetched(from.clone()).to_link();
        assert!(link.len() < 300, "fits a small QR code: {link}");
        assert_eq!(
            NavigationLink::parse(&link),
            Ok(NavigationLink::Fetched(from.clone()))
        );
        assert_eq!(
            from.accept(signed.to_json().as_bytes(), now()),
            Ok(document())
        );
        let stranger = SignedDocument::sign(&document(), &crate::SigningKey::from_seed(&[8; 32]));
        assert_eq!(
            from.accept(stranger.unwrap().to_json().as_bytes(), now()),
            Err(DocumentError::WrongIssuer)
        );
    }

    #[test]
    fn damage_and_other_schemes_are_refused() {
        let signed = SignedDocument::sign(&document(), &key()).unwrap();
        let link = NavigationLink::Embedded(signed).to_link();
        for at in [20, 100, link.len() - 1] {
            assert_eq!(NavigationLink::parse(&link[..at]), Err(InputError::Damaged));
        }
        let sealed = |link: String| format!("{link}&c={}", checksum(&link));
        for bad in [
            "http://example.com/x",
            "file:///etc/passwd",
            "https:",
            "javascript:alert(1)",
        ] {
            let link = sealed(format!("{PREFIX}u={bad}&k={}", key().issuer()));
            assert_eq!(
                NavigationLink::parse(&link),
                Err(InputError::Damaged),
                "{bad}"
            );
        }
        assert_eq!(
            NavigationLink::parse(&sealed(format!("{PREFIX}z=1"))),
            Err(InputError::UnsupportedVersion)
        );
    }
}

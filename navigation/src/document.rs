//! Navigation documents: a server described by whoever runs it, signed.
//!
//! A document is JSON. Its bytes are signed exactly as they are (Ed25519 over a
//! context and the bytes) and travel in an envelope:
//!
//! ```json
//! {"payload": "<base64url of the document>", "key": "<base64url>", "signature": "<base64url>"}
//! ```
//!
//! Nothing is canonicalised, so there is nothing to disagree about. Who signed
//! is checked against a key that is known already: from the link that led to
//! the document, or from an earlier document.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer, VerifyingKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::policy::{Policy, PolicyError};
use crate::target::{Endpoint, ServerTarget, TargetError, Trust};

/// Largest envelope that is read.
pub const MAX_DOCUMENT_BYTES: usize = 64 * 1024;

const FORMAT: &str = "startalk-navigation";
const VERSION: u32 = 1;
/// What is signed is never anything but a navigation document of this kind.
const CONTEXT: &[u8] = b"startalk-navigation-v1\0";

/// The content of a document. Fields of later versions are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NavigationDocument {
    /// Always `startalk-navigation`.
    pub format: String,
    /// Version of the format: 1.
    pub version: u32,
    /// Rises with every change; a client never goes back to a smaller one.
    pub serial: u64,
    /// The server.
    #[serde(flatten)]
    pub target: ServerTarget,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// Until when it may be used for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// What clients are asked to do.
    #[serde(default, skip_serializing_if = "Policy::is_empty")]
    pub policy: Policy,
}

/// A document with its signature, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedDocument {
    payload: String,
    key: IssuerKey,
    signature: String,
}

/// Why a document is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Larger than [`MAX_DOCUMENT_BYTES`].
    #[error("the document is too large")]
    TooLarge,
    /// Not an envelope with a document in it.
    #[error("the document is malformed")]
    Malformed,
    /// Made for a later version.
    #[error("the document was made for a later version")]
    UnsupportedVersion,
    /// The signature does not fit the bytes.
    #[error("the signature is wrong")]
    BadSignature,
    /// Signed by somebody else than expected.
    #[error("signed by another key than expected")]
    WrongIssuer,
    /// [`NavigationDocument::valid_until`] is over.
    #[error("the document is no longer valid")]
    Expired,
    /// What it says of the server cannot be right.
    #[error("the document describes no server: {0}")]
    Target(#[from] TargetError),
    /// What it asks of clients could only be misunderstood. Only whoever signs is told.
    #[error("the document asks what no client understands: {0}")]
    Policy(#[from] PolicyError),
}

impl DocumentError {
    /// A name that stays the same, for scripts.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "document-too-large",
            Self::Malformed => "document-malformed",
            Self::UnsupportedVersion => "unsupported-version",
            Self::BadSignature => "bad-signature",
            Self::WrongIssuer => "wrong-issuer",
            Self::Expired => "expired",
            Self::Target(_) => "bad-target",
            Self::Policy(_) => "bad-policy",
        }
    }
}

impl NavigationDocument {
    /// A first document for this server.
    #[must_use]
    pub fn new(target: ServerTarget, issued_at: Timestamp) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            serial: 1,
            target,
            issued_at,
            valid_until: None,
            policy: Policy::default(),
        }
    }

    /// Reads and checks the bytes of an unsigned document.
    ///
    /// # Errors
    /// [`DocumentError`], but for signature and time.
    pub fn from_json(bytes: &[u8]) -> Result<Self, DocumentError> {
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return Err(DocumentError::TooLarge);
        }
        let document: Self =
            serde_json::from_slice(without_mark(bytes)).map_err(|_| DocumentError::Malformed)?;
        if document.format != FORMAT {
            return Err(DocumentError::Malformed);
        }
        if document.version != VERSION {
            return Err(DocumentError::UnsupportedVersion);
        }
        document.target.validate()?;
        Ok(document)
    }

    /// Where the server listens.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.target.endpoints
    }

    /// How the server proves itself.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        &self.target.trust
    }
}

impl SignedDocument {
    /// Signs a document.
    ///
    /// # Errors
    /// [`DocumentError::Target`] for one that nobody could use, [`DocumentError::Policy`]
    /// for one that would turn something off by mistake.
    pub fn sign(document: &NavigationDocument, key: &SigningKey) -> Result<Self, DocumentError> {
        document.target.validate()?;
        document.policy.validate()?;
        let payload = serde_json::to_vec(document).map_err(|_| DocumentError::Malformed)?;
        let signature = key.0.sign(&signed_bytes(&payload));
        Ok(Self {
            payload: URL_SAFE_NO_PAD.encode(&payload),
            key: key.issuer(),
            signature: URL_SAFE_NO_PAD.encode(signature.to_bytes()),
        })
    }

    /// Reads an envelope. Nothing in it is proven yet.
    ///
    /// # Errors
    /// [`DocumentError::TooLarge`], [`DocumentError::Malformed`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, DocumentError> {
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return Err(DocumentError::TooLarge);
        }
        serde_json::from_slice(without_mark(bytes)).map_err(|_| DocumentError::Malformed)
    }

    /// The envelope as it is published.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Three strings always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The key that the envelope names. Proven only by [`Self::verify`].
    #[must_use]
    pub fn issuer(&self) -> IssuerKey {
        self.key
    }

    /// Checks signature, issuer (if one is expected) and validity.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn verify(
        &self,
        now: Timestamp,
        expected: Option<IssuerKey>,
    ) -> Result<NavigationDocument, DocumentError> {
        if expected.is_some_and(|expected| expected != self.key) {
            return Err(DocumentError::WrongIssuer);
        }
        let decode = |text: &str| {
            URL_SAFE_NO_PAD
                .decode(text)
                .map_err(|_| DocumentError::Malformed)
        };
        let payload = decode(&self.payload)?;
        let signature = decode(&self.signature)?;
        let signature = Signature::from_slice(&signature).map_err(|_| DocumentError::Malformed)?;
        let key = VerifyingKey::from_bytes(&self.key.0).map_err(|_| DocumentError::BadSignature)?;
        key.verify_strict(&signed_bytes(&payload), &signature)
            .map_err(|_| DocumentError::BadSignature)?;
        let document = NavigationDocument::from_json(&payload)?;
        if document.valid_until.is_some_and(|until| until < now) {
            return Err(DocumentError::Expired);
        }
        Ok(document)
    }
}

/// Editors and shells of Windows begin a file with a byte order mark, and whoever reads
/// JSON may pass over it (RFC 8259, section 8.1).
#[must_use]
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

fn signed_bytes(payload: &[u8]) -> Vec<u8> {
    [CONTEXT, payload].concat()
}

/// The private key of an issuer.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.issuer()).finish()
    }
}

impl SigningKey {
    /// From 32 random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// From the text of a key file; `None` if it is not one.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let seed: [u8; 32] = URL_SAFE_NO_PAD.decode(text.trim()).ok()?.try_into().ok()?;
        Some(Self::from_seed(&seed))
    }

    /// The text for a key file. It is the secret itself.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.to_bytes())
    }

    /// The public half.
    #[must_use]
    pub fn issuer(&self) -> IssuerKey {
        IssuerKey(self.0.verifying_key().to_bytes())
    }
}

/// The public key of an issuer.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct IssuerKey([u8; 32]);

impl IssuerKey {
    /// For people to compare by voice or eye: six groups of four letters and
    /// digits (120 bits).
    #[must_use]
    pub fn fingerprint(&self) -> String {
        // Without the letters and digits that look alike.
        const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        let hash = Sha256::digest(self.0);
        let mut text = String::new();
        for n in 0..24 {
            let bit = n * 5;
            let pair = (u16::from(hash.get(bit / 8).copied().unwrap_or_default()) << 8)
                | u16::from(hash.get(bit / 8 + 1).copied().unwrap_or_default());
            let value = usize::from((pair >> (11 - bit % 8)) & 31);
            if n > 0 && n % 4 == 0 {
                text.push('-');
            }
            text.push(char::from(LETTERS.get(value).copied().unwrap_or(b'?')));
        }
        text
    }
}

impl fmt::Display for IssuerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for IssuerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuerKey({self})")
    }
}

impl FromStr for IssuerKey {
    type Err = DocumentError;

    fn from_str(text: &str) -> Result<Self, DocumentError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| DocumentError::Malformed)?;
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| DocumentError::Malformed)
    }
}

impl Serialize for IssuerKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for IssuerKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::num::{NonZeroU32, NonZeroU64};

    use super::*;
    use crate::target::{SpkiPin, Transport};

    pub(crate) fn now() -> Timestamp {
        "2026-11-23T10:00:00Z".parse().unwrap()
    }

    pub(crate) fn key() -> SigningKey {
        SigningKey::from_seed(&[7; 32])
    }

    pub(crate) fn document() -> NavigationDocument {
        let target = ServerTarget {
            domain: "example.com".into(),
            name: Some("示例公司".into()),
            endpoints: vec![Endpoint {
                transport: Transport::DirectTls,
                host: "chat.example.com".into(),
                port: 5223,
                path: None,
            }],
            trust: Trust {
                system_roots: false,
                spki_sha256: vec![SpkiPin::from_der_spki(b"k")],
                ..Trust::default()
            },
        };
        NavigationDocument::new(target, now())
    }

    fn signed() -> SignedDocument {
        SignedDocument::sign(&document(), &key()).unwrap()
    }

    /// The format is a promise: documents are distributed to hundreds of desks.
    #[test]
    fn the_format_does_not_change() {
        assert_eq!(
            String::from_utf8(URL_SAFE_NO_PAD.decode(&signed().payload).unwrap()).unwrap(),
            r#"{"format":"startalk-navigation","version":1,"serial":1,"domain":"example.com","name":"示例公司","endpoints":[{"transport":"direct-tls","host":"chat.example.com","port":5223}],"trust":{"system_roots":false,"spki_sha256":["glTDKakoUPbVOd03b0gW7idkUX2l4CNVFK9DMWRIDXo"]},"issued_at":"2026-11-23T10:00:00Z"}"#
        );
        let published = include_str!("../tests/golden/navigation-v1.json");
        let read = SignedDocument::from_json(published.as_bytes()).unwrap();
        assert_eq!(read.verify(now(), Some(key().issuer())), Ok(document()));
    }

    #[test]
    fn what_clients_are_asked_to_do_is_signed_too() {
        let mut asks = document();
        asks.policy.cache_days = NonZeroU32::new(90);
        let signed = SignedDocument::sign(&asks, &key()).unwrap();
        assert_eq!(signed.verify(now(), None), Ok(asks.clone()));
        let text = serde_json::to_string(&asks).unwrap();
        assert!(text.contains(r#""policy":{"cache_days":90}"#), "{text}");
        // Nothing at all cannot be asked for, and what is asked by later versions is
        // left out.
        let read = |policy: &str| {
            let text = text.replace(r#"{"cache_days":90}"#, policy);
            NavigationDocument::from_json(text.as_bytes())
        };
        assert_eq!(read(r#"{"cache_days":0}"#), Err(DocumentError::Malformed));
        let later = read(r#"{"colour":"blue","cache_bytes":5}"#).unwrap();
        assert_eq!(later.policy.cache_bytes, NonZeroU64::new(5));
    }

    /// One that is read may be of a later version: what is signed is of this one.
    #[test]
    fn a_wish_that_nobody_understands_is_not_signed() {
        let mut asks = document();
        asks.policy.updates.up_to = Some("1.4".into());
        assert_eq!(
            SignedDocument::sign(&asks, &key()),
            Err(DocumentError::Policy(PolicyError::Version))
        );
        let text = serde_json::to_vec(&asks).unwrap();
        assert_eq!(NavigationDocument::from_json(&text), Ok(asks));
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        let marked = |text: String| ["\u{feff}".to_owned(), text].concat().into_bytes();
        let document_text = serde_json::to_string(&document()).unwrap();
        let read = NavigationDocument::from_json(&marked(document_text));
        assert_eq!(read, Ok(document()));
        let envelope = SignedDocument::from_json(&marked(signed().to_json()));
        assert_eq!(envelope, Ok(signed()));
    }

    #[test]
    fn signed_documents_round_trip() {
        let read = SignedDocument::from_json(signed().to_json().as_bytes()).unwrap();
        assert_eq!(read.verify(now(), None), Ok(document()));
        assert_eq!(read.verify(now(), Some(key().issuer())), Ok(document()));
        let other = SigningKey::from_seed(&[8; 32]).issuer();
        assert_eq!(
            read.verify(now(), Some(other)),
            Err(DocumentError::WrongIssuer)
        );
    }

    #[test]
    fn any_change_breaks_the_signature() {
        let mut forged = signed();
        let evil = NavigationDocument {
            serial: 2,
            ..document()
        };
        forged.payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&evil).unwrap());
        assert_eq!(forged.verify(now(), None), Err(DocumentError::BadSignature));
        let mut other_key = signed();
        other_key.key = SigningKey::from_seed(&[8; 32]).issuer();
        assert_eq!(
            other_key.verify(now(), None),
            Err(DocumentError::BadSignature)
        );
        // A signature over the bare bytes, without our context, is none.
        let payload = serde_json::to_vec(&document()).unwrap();
        let mut bare = signed();
        bare.signature = URL_SAFE_NO_PAD.encode(key().0.sign(&payload).to_bytes());
        assert_eq!(bare.verify(now(), None), Err(DocumentError::BadSignature));
    }

    #[test]
    fn time_version_and_content_are_checked() {
        let check = |change: fn(&mut NavigationDocument)| {
            let mut changed = document();
            change(&mut changed);
            SignedDocument::sign(&changed, &key())?.verify(now(), None)
        };
        assert_eq!(
            check(|d| d.valid_until = Some("2026-11-23T09:59:59Z".parse().unwrap())),
            Err(DocumentError::Expired)
        );
        assert!(check(|d| d.valid_until = Some(now())).is_ok());
        assert_eq!(
            check(|d| d.version = 2),
            Err(DocumentError::UnsupportedVersion)
        );
        assert_eq!(
            check(|d| d.format = "x".into()),
            Err(DocumentError::Malformed)
        );
        assert_eq!(
            check(|d| d.target.trust.spki_sha256.clear()),
            Err(DocumentError::Target(TargetError::NoTrust))
        );
    }

    #[test]
    fn fields_of_later_versions_are_ignored() {
        let text = String::from_utf8(serde_json::to_vec(&document()).unwrap()).unwrap();
        let later = text.replacen('{', "{\"later\":[1,2],", 1);
        assert_eq!(
            NavigationDocument::from_json(later.as_bytes()),
            Ok(document())
        );
    }

    #[test]
    fn hostile_bytes_are_refused() {
        let large = vec![b' '; MAX_DOCUMENT_BYTES + 1];
        assert_eq!(
            SignedDocument::from_json(&large),
            Err(DocumentError::TooLarge)
        );
        let deep = "[".repeat(10_000);
        for bad in ["", "{}", "null", r#"{"payload":1}"#, deep.as_str()] {
            assert_eq!(
                SignedDocument::from_json(bad.as_bytes()),
                Err(DocumentError::Malformed)
            );
        }
    }

    #[test]
    fn keys_round_trip_and_show_a_fingerprint() {
        let key = key();
        let read = SigningKey::from_text(&format!("{}\n", key.to_secret_text())).unwrap();
        assert_eq!(read.issuer(), key.issuer());
        assert_eq!(key.issuer().to_string().parse(), Ok(key.issuer()));
        let fingerprint = key.issuer().fingerprint();
        assert_eq!(fingerprint.len(), 29, "{fingerprint}");
        assert_ne!(
            fingerprint,
            SigningKey::from_seed(&[8; 32]).issuer().fingerprint()
        );
        assert!(!format!("{key:?}").contains(&key.to_secret_text()));
    }
}

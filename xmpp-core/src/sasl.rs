//! SASL (RFC 6120, section 6): the mechanisms that both ends know.
//!
//! * [`scram`]: SCRAM for both roles (RFC 5802, RFC 7677), with and without
//!   channel binding (RFC 9266 `tls-exporter`, RFC 5929 `tls-server-end-point`)
//! * [`plain`]: PLAIN (RFC 4616); callers use it inside TLS only
//! * [`hashed_token`]: HT-SHA-256-*, for tokens (XEP-0484)

pub mod hashed_token;
pub mod plain;
pub mod scram;

pub use hashed_token::TokenMechanism;
pub use scram::{
    BindingData, ClientBinding, ScramClient, ScramError, ScramHash, ScramServer, ScramVerifier,
    offer_hash,
};

/// A mechanism, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mechanism {
    /// SCRAM-SHA-256-PLUS.
    ScramSha256Plus,
    /// SCRAM-SHA-256.
    ScramSha256,
    /// SCRAM-SHA-1-PLUS.
    ScramSha1Plus,
    /// SCRAM-SHA-1.
    ScramSha1,
    /// PLAIN.
    Plain,
}

impl Mechanism {
    /// All of them, strongest first.
    pub const ALL: [Self; 5] = [
        Self::ScramSha256Plus,
        Self::ScramSha256,
        Self::ScramSha1Plus,
        Self::ScramSha1,
        Self::Plain,
    ];

    /// The registered name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha1Plus => "SCRAM-SHA-1-PLUS",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::Plain => "PLAIN",
        }
    }

    /// From the registered name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|mechanism| mechanism.as_str() == name)
    }

    /// The hash of a SCRAM mechanism.
    #[must_use]
    pub fn scram_hash(self) -> Option<ScramHash> {
        match self {
            Self::ScramSha256Plus | Self::ScramSha256 => Some(ScramHash::Sha256),
            Self::ScramSha1Plus | Self::ScramSha1 => Some(ScramHash::Sha1),
            Self::Plain => None,
        }
    }

    /// Whether the mechanism binds to the TLS channel.
    #[must_use]
    pub fn is_plus(self) -> bool {
        matches!(self, Self::ScramSha256Plus | Self::ScramSha1Plus)
    }
}

/// A password that cannot be used (RFC 4013).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the password holds characters that cannot be used")]
pub struct PasswordError;

/// The normal form of a password (RFC 4013); the same for both ends and both
/// mechanisms, so that a password typed with another input method still fits.
///
/// # Errors
/// [`PasswordError`] for control characters and the like, or an empty password.
pub fn normal_password(password: &str) -> Result<zeroize::Zeroizing<String>, PasswordError> {
    let prepared = stringprep::saslprep(password).map_err(|_| PasswordError)?;
    if prepared.is_empty() {
        return Err(PasswordError);
    }
    Ok(zeroize::Zeroizing::new(prepared.into_owned()))
}

/// Whether two texts are one password (RFC 4013). How long it takes does not say how
/// much of them is the same.
#[must_use]
pub fn is_same_password(one: &str, other: &str) -> bool {
    use subtle::ConstantTimeEq;
    match (normal_password(one), normal_password(other)) {
        (Ok(one), Ok(other)) => one.as_bytes().ct_eq(other.as_bytes()).into(),
        _ => false,
    }
}

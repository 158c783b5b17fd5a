//! SCRAM (RFC 5802) with SHA-1 and SHA-256 (RFC 7677), both roles.
//!
//! Randomness is passed in: the server's salt and both nonces.

mod client;
mod message;
mod offer;
mod server;
#[cfg(test)]
mod tests;

pub use client::{ClientBinding, ScramClient};
pub use offer::offer_hash;
pub use server::{BindingData, ScramServer};

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{PasswordError, normal_password};

/// Fewest iterations that a client accepts (RFC 7677, section 4).
pub const MIN_ITERATIONS: u32 = 4096;
/// Most iterations that a client computes: a hostile server must not be able to
/// keep it busy for minutes.
pub const MAX_ITERATIONS: u32 = 1_000_000;

/// The hash of a SCRAM mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScramHash {
    /// SHA-1, for clients that know nothing newer.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl ScramHash {
    /// Length of the hash in bytes.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// Never: a hash has a length.
    #[must_use]
    pub fn is_empty(self) -> bool {
        false
    }

    fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(data).to_vec(),
            Self::Sha256 => Sha256::digest(data).to_vec(),
        }
    }

    pub(in crate::sasl) fn hmac(self, key: &[u8], data: &[u8]) -> Vec<u8> {
        fn run<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
            // HMAC takes keys of every length, so the error never happens.
            <M as KeyInit>::new_from_slice(key).map_or_else(
                |_| Vec::new(),
                |mut mac| {
                    mac.update(data);
                    mac.finalize().into_bytes().to_vec()
                },
            )
        }
        match self {
            Self::Sha1 => run::<Hmac<Sha1>>(key, data),
            Self::Sha256 => run::<Hmac<Sha256>>(key, data),
        }
    }

    fn salted_password(self, password: &str, salt: &[u8], iterations: u32) -> Zeroizing<Vec<u8>> {
        let mut salted = Zeroizing::new(vec![0; self.len()]);
        let password = password.as_bytes();
        match self {
            Self::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, iterations, &mut salted),
            Self::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut salted),
        }
        salted
    }
}

/// What a server stores instead of a password (RFC 5802, section 3).
#[derive(Clone, PartialEq, Eq)]
pub struct ScramVerifier {
    /// Which hash.
    pub hash: ScramHash,
    /// The salt.
    pub salt: Vec<u8>,
    /// The iteration count.
    pub iterations: u32,
    /// `H(ClientKey)`.
    pub stored_key: Vec<u8>,
    /// `ServerKey`.
    pub server_key: Vec<u8>,
}

impl std::fmt::Debug for ScramVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScramVerifier")
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}

impl ScramVerifier {
    /// Derives the verifier of a password. Takes as long as a sign-in: run it
    /// where blocking is allowed.
    ///
    /// # Errors
    /// [`PasswordError`] if the password cannot be used at all.
    pub fn derive(
        hash: ScramHash,
        password: &str,
        salt: &[u8],
        iterations: u32,
    ) -> Result<Self, PasswordError> {
        let password = normal_password(password)?;
        let salted = hash.salted_password(&password, salt, iterations);
        let client_key = Zeroizing::new(hash.hmac(&salted, b"Client Key"));
        Ok(Self {
            hash,
            salt: salt.to_vec(),
            iterations,
            stored_key: hash.digest(&client_key),
            server_key: hash.hmac(&salted, b"Server Key"),
        })
    }

    /// Whether the password is the one that the verifier was made of; for
    /// PLAIN. Takes as long as [`ScramVerifier::derive`].
    #[must_use]
    pub fn matches(&self, password: &str) -> bool {
        use subtle::ConstantTimeEq;
        Self::derive(self.hash, password, &self.salt, self.iterations)
            .is_ok_and(|other| other.stored_key.ct_eq(&self.stored_key).into())
    }
}

/// Why an exchange failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScramError {
    /// A message does not follow the grammar.
    #[error("SCRAM message malformed")]
    Malformed,
    /// The client's proof is wrong: wrong password.
    #[error("wrong proof")]
    WrongProof,
    /// The server could not prove that it knows the verifier: it is not the
    /// server that the account was made on.
    #[error("server signature wrong")]
    WrongServerSignature,
    /// The nonce of the other side is not built on ours.
    #[error("nonce does not fit")]
    WrongNonce,
    /// The iteration count is outside [`MIN_ITERATIONS`] and [`MAX_ITERATIONS`].
    #[error("iteration count out of range")]
    Iterations,
    /// The channel binding differs: somebody stands between the two ends.
    #[error("channel binding differs")]
    WrongBinding,
    /// The client believes that we cannot bind channels although we offered it:
    /// somebody took the offer away. Or the server signs another offer than the
    /// one that the client saw (XEP-0474).
    #[error("the offer was changed on its way")]
    Downgrade,
    /// A binding type that this end does not have.
    #[error("channel binding type not supported")]
    UnsupportedBinding,
    /// An extension that is mandatory for the sender.
    #[error("unknown mandatory extension")]
    MandatoryExtension,
    /// The server refused in its last message (RFC 5802, section 7, `e=`).
    #[error("refused by the server")]
    Refused,
    /// The password cannot be used.
    #[error(transparent)]
    Password(#[from] PasswordError),
}

//! Where passwords and cache keys are: in the keyring of the operating system,
//! or in nobody's file.

mod keyring;
mod wrapped;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

pub use self::keyring::KeyringSecrets;
pub(crate) use wrapped::{WrapError, WrappedKey};

/// Bytes that are wiped when they are dropped.
pub type Secret = Zeroizing<Vec<u8>>;

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// The password of the account.
    Password,
    /// The key of its cache: 32 random bytes.
    CacheKey,
    /// What signs in in the place of the password (XEP-0484).
    Token,
    /// The password of a proxy.
    ProxyPassword,
}

impl SecretKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::CacheKey => "cache-key",
            Self::Token => "token",
            Self::ProxyPassword => "proxy-password",
        }
    }
}

/// There is no keyring, or it is locked, or it refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("keyring: {0}")]
pub struct SecretsError(pub String);

/// Keeps secrets. Calls may block, on a dialog of the system even: the engine
/// makes them where that is allowed, and with a time limit.
pub trait Secrets: Send + Sync {
    /// Reads a secret; `None` if it is not there.
    ///
    /// # Errors
    /// [`SecretsError`] if that cannot be known.
    fn get(&self, account: &str, kind: SecretKind) -> Result<Option<Secret>, SecretsError>;

    /// Keeps a secret.
    ///
    /// # Errors
    /// [`SecretsError`]; then nothing is kept anywhere.
    fn set(&self, account: &str, kind: SecretKind, secret: &[u8]) -> Result<(), SecretsError>;

    /// Forgets a secret, if it is there.
    ///
    /// # Errors
    /// [`SecretsError`].
    fn delete(&self, account: &str, kind: SecretKind) -> Result<(), SecretsError>;

    /// Whether there is somewhere to keep secrets.
    fn is_available(&self) -> bool;
}

/// Keeps secrets as long as the process lives. For tests and bots.
#[derive(Default)]
pub struct MemorySecrets {
    kept: Mutex<HashMap<(String, SecretKind), Secret>>,
}

impl std::fmt::Debug for MemorySecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemorySecrets").finish_non_exhaustive()
    }
}

impl MemorySecrets {
    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<(String, SecretKind), Secret>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Secrets for MemorySecrets {
    fn get(&self, account: &str, kind: SecretKind) -> Result<Option<Secret>, SecretsError> {
        Ok(self.kept().get(&(account.to_owned(), kind)).cloned())
    }

    fn set(&self, account: &str, kind: SecretKind, secret: &[u8]) -> Result<(), SecretsError> {
        self.kept()
            .insert((account.to_owned(), kind), Zeroizing::new(secret.to_vec()));
        Ok(())
    }

    fn delete(&self, account: &str, kind: SecretKind) -> Result<(), SecretsError> {
        self.kept().remove(&(account.to_owned(), kind));
        Ok(())
    }

    fn is_available(&self) -> bool {
        true
    }
}

/// Keeps nothing: the password is asked each time.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn get(&self, _: &str, _: SecretKind) -> Result<Option<Secret>, SecretsError> {
        Err(SecretsError("there is none".to_owned()))
    }

    fn set(&self, _: &str, _: SecretKind, _: &[u8]) -> Result<(), SecretsError> {
        Err(SecretsError("there is none".to_owned()))
    }

    fn delete(&self, _: &str, _: SecretKind) -> Result<(), SecretsError> {
        Ok(())
    }

    fn is_available(&self) -> bool {
        false
    }
}

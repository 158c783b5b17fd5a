//! The key of a cache where there is no keyring: wrapped under the password
//! (Argon2id, RFC 9106; XChaCha20-Poly1305). The password itself is nowhere.

use std::path::Path;

use argon2::Argon2;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Secret;
use crate::profile::write_atomically;

/// RFC 9106, section 4, second recommended option, rounded: 64 MiB, 3 passes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;
const LARGEST_FILE: u64 = 4096;

/// Why a key cannot be unwrapped or kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WrapError {
    /// The password is not the one the key was wrapped under.
    #[error("the password does not open the key")]
    WrongPassword,
    /// The file is missing or damaged.
    #[error("the key file cannot be read: {0}")]
    Unreadable(String),
    /// The file cannot be written.
    #[error("the key file cannot be written: {0}")]
    Write(#[from] std::io::Error),
}

/// The file beside a cache.
#[derive(Serialize, Deserialize)]
pub(crate) struct WrappedKey {
    version: u32,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: [u8; 16],
    nonce: [u8; 24],
    wrapped: Vec<u8>,
}

impl WrappedKey {
    /// Wraps a key. Takes a noticeable part of a second, on purpose: call it
    /// where blocking is allowed.
    pub(crate) fn wrap(
        key: &[u8],
        password: &str,
        salt: [u8; 16],
        nonce: [u8; 24],
    ) -> Result<Self, WrapError> {
        let mut file = Self {
            version: 1,
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt,
            nonce,
            wrapped: Vec::new(),
        };
        file.wrapped = file
            .cipher(password)?
            .encrypt(&XNonce::from(nonce), key)
            .map_err(|error| WrapError::Unreadable(error.to_string()))?;
        Ok(file)
    }

    /// The key. Takes as long as wrapping it.
    pub(crate) fn unwrap_key(&self, password: &str) -> Result<Secret, WrapError> {
        self.cipher(password)?
            .decrypt(&XNonce::from(self.nonce), self.wrapped.as_slice())
            .map(Zeroizing::new)
            .map_err(|_| WrapError::WrongPassword)
    }

    fn cipher(&self, password: &str) -> Result<XChaCha20Poly1305, WrapError> {
        let unreadable = |error: argon2::Error| WrapError::Unreadable(error.to_string());
        // A file that somebody changed must not eat all memory.
        if self.version != 1 || self.memory_kib > 4 * MEMORY_KIB || self.passes > 4 * PASSES {
            return Err(WrapError::Unreadable("unknown parameters".to_owned()));
        }
        let params = argon2::Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .map_err(unreadable)?;
        let argon = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let mut key = Zeroizing::new([0; 32]);
        argon
            .hash_password_into(password.as_bytes(), &self.salt, key.as_mut())
            .map_err(unreadable)?;
        Ok(XChaCha20Poly1305::new(&(*key).into()))
    }

    pub(crate) fn load(path: &Path) -> Result<Self, WrapError> {
        let unreadable = |error: &dyn std::fmt::Display| WrapError::Unreadable(error.to_string());
        let size = std::fs::metadata(path)
            .map_err(|error| unreadable(&error))?
            .len();
        if size > LARGEST_FILE {
            return Err(WrapError::Unreadable("too large".to_owned()));
        }
        let bytes = std::fs::read(path).map_err(|error| unreadable(&error))?;
        serde_json::from_slice(&bytes).map_err(|error| unreadable(&error))
    }

    pub(crate) fn store(&self, path: &Path) -> Result<(), WrapError> {
        let bytes =
            serde_json::to_vec(self).map_err(|error| WrapError::Unreadable(error.to_string()))?;
        Ok(write_atomically(path, &bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_opens_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.key");
        let key = [42; 32];
        WrappedKey::wrap(&key, "秘密", [1; 16], [2; 24])
            .unwrap()
            .store(&path)
            .unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("秘密"));
        let file = WrappedKey::load(&path).unwrap();
        assert_eq!(file.unwrap_key("秘密").unwrap().as_slice(), key);
        assert!(matches!(
            file.unwrap_key("other"),
            Err(WrapError::WrongPassword)
        ));
    }

    #[test]
    fn damaged_and_hostile_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.key");
        assert!(matches!(
            WrappedKey::load(&path),
            Err(WrapError::Unreadable(_))
        ));
        std::fs::write(&path, "{}").unwrap();
        assert!(matches!(
            WrappedKey::load(&path),
            Err(WrapError::Unreadable(_))
        ));
        let mut file = WrappedKey::wrap(&[0; 32], "p", [1; 16], [2; 24]).unwrap();
        file.memory_kib = u32::MAX;
        assert!(matches!(
            file.unwrap_key("p"),
            Err(WrapError::Unreadable(_))
        ));
    }
}

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
    #[error("the key file is of no use: {0}")]
    Unreadable(String),
    /// The file cannot be read now; it may well be whole.
    #[error("the key file cannot be read: {0}")]
    Read(std::io::Error),
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
        let not_read = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => WrapError::Unreadable(error.to_string()),
            _ => WrapError::Read(error),
        };
        let size = std::fs::metadata(path).map_err(not_read)?.len();
        if size > LARGEST_FILE {
            return Err(WrapError::Unreadable("too large".to_owned()));
        }
        let bytes = std::fs::read(path).map_err(not_read)?;
        serde_json::from_slice(&bytes).map_err(|error| WrapError::Unreadable(error.to_string()))
    }

    /// The key from either of two files: which password counts was not known when the
    /// program ended.
    pub(crate) fn open(path: &Path, next: &Path, password: &str) -> Result<Secret, WrapError> {
        let open = |path: &Path| Self::load(path)?.unwrap_key(password);
        match open(path) {
            Err(error) if !matches!(error, WrapError::Read(_)) && next.exists() => {
                match open(next) {
                    // Neither is said to be wrong before both were read.
                    Ok(key) => Ok(key),
                    Err(not_read @ WrapError::Read(_)) => Err(not_read),
                    Err(_) => Err(error),
                }
            }
            opened => opened,
        }
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
    fn while_it_is_undecided_either_file_opens_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, next) = (folder.path().join("first"), folder.path().join("second"));
        let wrap = |password, to: &Path| {
            let wrapped = WrappedKey::wrap(&[42; 32], password, [1; 16], [2; 24]).unwrap();
            wrapped.store(to).unwrap();
        };
        wrap("old", &path);
        let open = |password| WrappedKey::open(&path, &next, password);
        assert!(matches!(open("new"), Err(WrapError::WrongPassword)));
        wrap("new", &next);
        assert_eq!(open("new").unwrap().as_slice(), [42; 32]);
        assert_eq!(open("old").unwrap().as_slice(), [42; 32]);
        assert!(matches!(open("none"), Err(WrapError::WrongPassword)));
        // The second is no less good when the first is damaged.
        std::fs::write(&path, "{}").unwrap();
        assert_eq!(open("new").unwrap().as_slice(), [42; 32]);
    }

    #[test]
    fn damaged_and_hostile_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.key");
        assert!(matches!(
            WrappedKey::load(&path),
            Err(WrapError::Unreadable(_))
        ));
        // What the system does not give is not lost.
        std::fs::create_dir(&path).unwrap();
        assert!(matches!(WrappedKey::load(&path), Err(WrapError::Read(_))));
        std::fs::remove_dir(&path).unwrap();
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

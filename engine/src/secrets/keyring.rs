//! The keyring of the operating system: Secret Service, Keychain, Credential
//! Manager.

use std::path::Path;

use keyring::v1::{Entry, Error};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Secret, SecretKind, Secrets, SecretsError};

const SERVICE: &str = "im.startalk.desktop";

/// Secrets of one profile in the keyring.
#[derive(Debug)]
pub struct KeyringSecrets {
    /// Tells the entries of two profiles apart.
    profile: String,
}

impl KeyringSecrets {
    /// The entries of the profile in this folder.
    #[must_use]
    pub fn for_profile(folder: &Path) -> Self {
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let hash = Sha256::digest(folder.as_os_str().as_encoded_bytes());
        let profile = hash
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self { profile }
    }

    fn entry(&self, account: &str, kind: &str) -> Result<Entry, SecretsError> {
        Entry::new(SERVICE, &format!("{}/{account}/{kind}", self.profile)).map_err(failed)
    }
}

/// The message of the keyring crate never holds the secret.
fn failed(error: Error) -> SecretsError {
    SecretsError(error.to_string())
}

impl Secrets for KeyringSecrets {
    fn get(&self, account: &str, kind: SecretKind) -> Result<Option<Secret>, SecretsError> {
        match self.entry(account, kind.as_str())?.get_secret() {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    fn set(&self, account: &str, kind: SecretKind, secret: &[u8]) -> Result<(), SecretsError> {
        self.entry(account, kind.as_str())?
            .set_secret(secret)
            .map_err(failed)
    }

    fn delete(&self, account: &str, kind: SecretKind) -> Result<(), SecretsError> {
        match self.entry(account, kind.as_str())?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    fn is_available(&self) -> bool {
        // A bus without a default collection reads "no entry" all the same:
        // only writing tells.
        let probe = || -> Result<(), SecretsError> {
            let entry = self.entry("probe", "probe")?;
            entry.set_secret(b"probe").map_err(failed)?;
            entry.delete_credential().map_err(failed)
        };
        match probe() {
            Ok(()) => true,
            Err(error) => {
                tracing::info!(%error, "no keyring: passwords are asked at each start");
                false
            }
        }
    }
}

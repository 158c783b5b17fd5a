//! The folder of a profile: who may use it, and which accounts it has.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use navigation::{ServerTarget, UpdatePolicy};
use serde::{Deserialize, Serialize};

use crate::api::{ManagedSource, PreviewLimit, ProxyChoice};
use crate::config::Retention;

/// Where the secrets of an account are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SecretsPlace {
    /// In the keyring.
    Keyring,
    /// Nowhere: the password is asked.
    AskEachTime,
}

/// What is remembered of an account. Nothing here is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedAccount {
    pub(crate) id: String,
    /// User name on the server.
    pub(crate) username: String,
    pub(crate) display_name: String,
    pub(crate) target: ServerTarget,
    pub(crate) secrets: SecretsPlace,
    /// Resource of this device (RFC 6120, section 7).
    pub(crate) resource: String,
    /// What whoever runs the server allows this device to keep.
    #[serde(default)]
    pub(crate) retention: Retention,
    /// Most that whoever runs the server lets notifications show.
    #[serde(default)]
    pub(crate) preview: PreviewLimit,
    /// By what it came here.
    #[serde(default)]
    pub(crate) source: ManagedSource,
    /// The user has taken another key of the server for the right one.
    #[serde(default)]
    pub(crate) key_by_user: bool,
    /// What they ask of how the program is kept up to date.
    #[serde(default)]
    pub(crate) updates: UpdatePolicy,
}

/// An account that was signed out of while its data stays on this device, for when
/// somebody signs in to it again. Nothing here is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptAccount {
    pub(crate) id: String,
    /// Whose it is.
    pub(crate) address: String,
    /// Resource of this device.
    pub(crate) resource: String,
    /// Where the key of its cache is.
    pub(crate) secrets: SecretsPlace,
}

impl KeptAccount {
    /// Whether it is what is kept of the account with this bare address.
    pub(crate) fn is_of(&self, own: &jid::BareJid) -> bool {
        self.address == own.as_str()
    }
}

/// All that is remembered of accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Accounts {
    /// Those that are signed in.
    #[serde(rename = "accounts")]
    pub(crate) saved: Vec<SavedAccount>,
    /// Those that were, the last one last.
    #[serde(default)]
    pub(crate) kept: Vec<KeptAccount>,
}

/// Version of the list of accounts that this program writes.
const ACCOUNTS_VERSION: u32 = 1;
/// Version of what it writes about networks.
const NETWORK_VERSION: u32 = 1;

#[derive(Deserialize)]
struct VersionOnly {
    version: u32,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct AccountsFile {
    version: u32,
    #[serde(flatten)]
    accounts: Accounts,
}

/// The way out that the user has chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Network {
    #[serde(flatten)]
    pub(crate) proxy: ProxyChoice,
    /// Whether the password that is with the secrets is the one of this proxy.
    #[serde(default)]
    pub(crate) password: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct NetworkFile {
    version: u32,
    #[serde(flatten)]
    network: Network,
}

/// An open profile. Dropping it lets another process in.
#[derive(Debug)]
pub(crate) struct Profile {
    folder: PathBuf,
    lock: File,
}

/// A process that is being started just now has our open files until it runs: to
/// close the file would leave it locked as long as that.
impl Drop for Profile {
    fn drop(&mut self) {
        if let Err(error) = self.lock.unlock() {
            tracing::debug!(%error, "profile not unlocked");
        }
    }
}

/// Why a profile cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfileError {
    #[error("another process uses this profile")]
    InUse,
    #[error(transparent)]
    Folder(#[from] std::io::Error),
}

impl Profile {
    pub(crate) fn open(folder: &Path) -> Result<Self, ProfileError> {
        let lock = File::create(folder.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                folder: folder.to_owned(),
                lock,
            }),
            Err(TryLockError::WouldBlock) => Err(ProfileError::InUse),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    fn accounts_file(&self) -> PathBuf {
        self.folder.join("accounts.json")
    }

    /// The accounts. A file that cannot be read is set aside; the folders of
    /// its accounts stay as they are.
    pub(crate) fn accounts(&self) -> std::io::Result<Accounts> {
        let file: Option<AccountsFile> = read(&self.accounts_file(), ACCOUNTS_VERSION)?;
        Ok(file.map(|file| file.accounts).unwrap_or_default())
    }

    pub(crate) fn save_accounts(&self, accounts: Accounts) -> std::io::Result<()> {
        let file = AccountsFile {
            version: ACCOUNTS_VERSION,
            accounts,
        };
        write_atomically(&self.accounts_file(), &serde_json::to_vec_pretty(&file)?)
    }

    fn network_file(&self) -> PathBuf {
        self.folder.join("network.json")
    }

    /// What the user has chosen. A file that cannot be read is set aside.
    pub(crate) fn network(&self) -> std::io::Result<Network> {
        let file: Option<NetworkFile> = read(&self.network_file(), NETWORK_VERSION)?;
        Ok(file.map(|file| file.network).unwrap_or_default())
    }

    pub(crate) fn save_network(&self, network: &Network) -> std::io::Result<()> {
        let file = NetworkFile {
            version: NETWORK_VERSION,
            network: network.clone(),
        };
        write_atomically(&self.network_file(), &serde_json::to_vec_pretty(&file)?)
    }

    /// Folder of an account.
    pub(crate) fn account_folder(&self, id: &str) -> PathBuf {
        self.folder.join("accounts").join(id)
    }
}

/// Reads a small file, if it is there; one that cannot be read is set aside.
fn read<T: serde::de::DeserializeOwned>(path: &Path, version: u32) -> std::io::Result<Option<T>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // The version first: a later one may look different in everything else.
    let found = serde_json::from_slice::<VersionOnly>(&bytes).map(|file| file.version);
    let (why, reason) = match found {
        Ok(found) if found > version => ("newer", format!("version {found}")),
        Ok(_) => match serde_json::from_slice(&bytes) {
            Ok(file) => return Ok(Some(file)),
            Err(error) => ("damaged", error.to_string()),
        },
        Err(error) => ("damaged", error.to_string()),
    };
    let aside = set_aside(path, why)?;
    tracing::error!(reason, aside = %aside.display(), "file of the profile set aside");
    Ok(None)
}

/// Writes a small file so that it is either the old or the new one, never half,
/// and its owner's alone.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    // The new name has to survive a power cut as well.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Renames a file that cannot be used, so that nothing is lost; gives the new
/// name, which never is one that exists.
pub(crate) fn set_aside(path: &Path, why: &str) -> std::io::Result<PathBuf> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let stamp = crate::clock::now().strftime("%Y%m%d-%H%M%S").to_string();
    let mut number = 0;
    let aside = loop {
        let suffix = if number == 0 {
            String::new()
        } else {
            format!("-{number}")
        };
        let candidate = path.with_file_name(format!("{name}.{why}-{stamp}{suffix}"));
        if !candidate.exists() {
            break candidate;
        }
        number += 1;
    };
    std::fs::rename(path, &aside)?;
    // A database is three files, and a folder of those of which it has the keys.
    for extension in ["-wal", "-shm", "-files"] {
        let of = |path: &Path| beside(path, extension);
        if of(path).exists() {
            std::fs::rename(of(path), of(&aside))?;
        }
    }
    Ok(aside)
}

/// Sets a cache aside that nobody here can open, with its wrapped key: who comes upon
/// the password of that time can open it still. Gives the new name, if there was one.
pub(crate) fn set_locked_aside(cache: &Path, key: &Path) -> std::io::Result<Option<PathBuf>> {
    let aside = match cache.exists() {
        true => Some(set_aside(cache, "locked")?),
        false => None,
    };
    if key.exists() {
        match &aside {
            Some(aside) => std::fs::rename(key, beside(aside, "-key"))?,
            // The program ended between the two.
            None => drop(set_aside(key, "locked")?),
        }
    }
    Ok(aside)
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(extension);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = Profile::open(folder.path()).unwrap();
        assert!(matches!(
            Profile::open(folder.path()),
            Err(ProfileError::InUse)
        ));
        drop(first);
        assert!(Profile::open(folder.path()).is_ok());
    }

    #[test]
    fn a_damaged_list_of_accounts_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let profile = Profile::open(folder.path()).unwrap();
        let account = SavedAccount {
            id: "a".into(),
            username: "rosa".into(),
            display_name: "Rosa".into(),
            target: ServerTarget::for_server("example.com", None),
            secrets: SecretsPlace::Keyring,
            resource: "r".into(),
            retention: Retention {
                days: Some(30),
                bytes: None,
            },
            preview: PreviewLimit::Name,
            source: ManagedSource::Typed,
            key_by_user: false,
            updates: UpdatePolicy {
                up_to: Some("1.2.0".into()),
                ..UpdatePolicy::default()
            },
        };
        let accounts = Accounts {
            kept: vec![KeptAccount {
                id: "b".into(),
                address: "bob@example.com".into(),
                resource: "s".into(),
                secrets: SecretsPlace::AskEachTime,
            }],
            saved: vec![account],
        };
        profile.save_accounts(accounts.clone()).unwrap();
        assert_eq!(profile.accounts().unwrap(), accounts);
        // As it was before anything was kept.
        let text = r#"{"version":1,"accounts":[]}"#;
        std::fs::write(profile.accounts_file(), text).unwrap();
        assert_eq!(profile.accounts().unwrap(), Accounts::default());
        for (text, name) in [
            ("{\"version\":", "accounts.json.damaged-"),
            ("{\"version\":2,\"people\":{}}", "accounts.json.newer-"),
        ] {
            std::fs::write(profile.accounts_file(), text).unwrap();
            assert_eq!(profile.accounts().unwrap(), Accounts::default());
            let kept = std::fs::read_dir(folder.path())
                .unwrap()
                .flatten()
                .find(|entry| entry.file_name().to_string_lossy().starts_with(name))
                .unwrap();
            assert_eq!(std::fs::read_to_string(kept.path()).unwrap(), text);
        }
    }

    #[test]
    fn a_damaged_choice_of_a_proxy_is_kept_and_the_usual_one_used() {
        let folder = tempfile::tempdir().unwrap();
        let profile = Profile::open(folder.path()).unwrap();
        assert_eq!(profile.network().unwrap(), Network::default());
        let none = Network {
            proxy: ProxyChoice::None,
            password: false,
        };
        profile.save_network(&none).unwrap();
        assert_eq!(profile.network().unwrap(), none);
        let unknown = r#"{"version":1,"proxy":"pac"}"#;
        std::fs::write(profile.network_file(), unknown).unwrap();
        assert_eq!(profile.network().unwrap(), Network::default());
        let aside = std::fs::read_dir(folder.path()).unwrap().flatten();
        let names = aside.map(|entry| entry.file_name().to_string_lossy().into_owned());
        assert!(
            names
                .into_iter()
                .any(|name| name.starts_with("network.json.damaged-"))
        );
    }

    #[test]
    fn setting_aside_never_overwrites_and_takes_the_log_along() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        let mut names = Vec::new();
        for n in 0..3 {
            std::fs::write(&path, format!("{n}")).unwrap();
            std::fs::write(folder.path().join("cache.db-wal"), format!("wal {n}")).unwrap();
            std::fs::create_dir(folder.path().join("cache.db-files")).unwrap();
            let aside = set_aside(&path, "damaged").unwrap();
            assert_eq!(std::fs::read_to_string(&aside).unwrap(), format!("{n}"));
            assert!(!path.exists());
            names.push(aside);
        }
        names.dedup();
        assert_eq!(names.len(), 3);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 9);
    }

    #[test]
    fn a_key_is_set_aside_with_its_cache_and_without_one() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, key) = (
            folder.path().join("cache.db"),
            folder.path().join("cache.key"),
        );
        assert_eq!(set_locked_aside(&cache, &key).unwrap(), None);
        std::fs::write(&cache, "cache").unwrap();
        std::fs::write(&key, "first").unwrap();
        let aside = set_locked_aside(&cache, &key).unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(&aside).unwrap(), "cache");
        let with_it = std::fs::read_to_string(beside(&aside, "-key"));
        assert_eq!(with_it.unwrap(), "first");
        std::fs::write(&key, "second").unwrap();
        assert_eq!(set_locked_aside(&cache, &key).unwrap(), None);
        assert!(!key.exists());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}

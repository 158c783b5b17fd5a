//! The data folder: who may use it, and what the server is.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock;
use crate::running;
use crate::store::{After, Store, accounts};
use crate::{Config, StartError};

/// Longest slug of a team's name in a domain.
const MAX_SLUG: usize = 20;

/// How often the lock is tried, and the time between.
const LOCK_TRIES: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// An open data folder. Dropping it lets another server in.
pub(crate) struct DataDir {
    pub(crate) store: Store,
    pub(crate) identity: Identity,
    _lock: File,
}

/// What stays the same for the life of the folder.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) domain: String,
    pub(crate) team_name: String,
    /// Makes the same false salt for the same unknown name each time.
    pub(crate) salt_secret: String,
}

/// Where the database is.
pub(crate) fn database(folder: &Path) -> PathBuf {
    folder.join("server.db")
}

/// Whether a server has written something into this folder.
#[must_use]
pub fn holds_a_server(folder: &Path) -> bool {
    database(folder).exists()
}

/// Where the keys are.
pub(crate) fn keys(folder: &Path) -> PathBuf {
    folder.join("keys")
}

/// Where the server's own key is.
pub(crate) fn key(folder: &Path) -> PathBuf {
    keys(folder).join("server.key.pem")
}

/// Whether a file in the folder is there only while something is done with it,
/// or is the database itself: no part of a backup by its name.
pub(crate) fn is_passing(name: &str) -> bool {
    name.starts_with("server.db")
        || name.starts_with('.')
        || matches!(name, "lock" | "running.json" | "unfinished")
        || [".new", ".tmp", ".part"]
            .iter()
            .any(|end| name.ends_with(end))
}

/// Where the lock is.
fn lock(folder: &Path) -> PathBuf {
    folder.join("lock")
}

/// Makes the folder, for its owner alone.
pub(crate) fn create(folder: &Path) -> std::io::Result<()> {
    create_private(folder)?;
    create_private(&keys(folder))
}

/// Whether a server runs on the folder.
pub(crate) fn is_in_use(folder: &Path) -> bool {
    let Ok(lock) = File::open(lock(folder)) else {
        return false;
    };
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// Keeps servers out of the folder for as long as the file is kept; `None` if
/// one is in.
pub(crate) fn keep_out(folder: &Path) -> std::io::Result<Option<File>> {
    let lock = File::create(lock(folder))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(source),
    }
}

impl DataDir {
    /// Makes or opens the folder, for this process alone.
    pub(crate) async fn open(config: &Config) -> Result<Self, StartError> {
        let folder = config.data_dir.clone();
        let failed = |source| StartError::DataFolder {
            path: folder.clone(),
            source,
        };
        create(&folder).map_err(failed)?;
        let mut tries = 0;
        let lock = loop {
            match keep_out(&folder).map_err(failed)? {
                Some(lock) => break lock,
                // Whoever asks whether a server runs holds the lock for moments.
                None if tries < LOCK_TRIES => tokio::time::sleep(LOCK_PAUSE).await,
                None => return Err(StartError::AlreadyRunning { path: folder }),
            }
            tries += 1;
        };
        let path = database(&folder);
        let after = match running::was_killed(&folder) {
            true => After::Crash,
            false => After::GoodEnd,
        };
        let store = tokio::task::spawn_blocking(move || Store::open_after(&path, after))
            .await
            .map_err(|_| StartError::Store(crate::StoreError::Closed))?
            .map_err(StartError::Store)?;
        let identity = identity(&store, config).await?;
        Ok(Self {
            store,
            identity,
            _lock: lock,
        })
    }
}

async fn identity(store: &Store, config: &Config) -> Result<Identity, StartError> {
    let proposed = match &config.domain {
        Some(domain) => domain.to_lowercase(),
        None => default_domain(&config.team_name)?,
    };
    let team_name = config.team_name.trim().to_owned();
    let secret = clock::random_secret()?;
    let identity = store
        .write(move |tx| {
            Ok(Identity {
                domain: accounts::meta_or_insert(tx, "domain", &proposed)?,
                team_name: accounts::meta_or_insert(tx, "team_name", &team_name)?,
                salt_secret: accounts::meta_or_insert(tx, "salt_secret", &secret)?,
            })
        })
        .await
        .map_err(StartError::Store)?;
    // Addresses of accounts carry the domain: it cannot change under them.
    if let Some(wanted) = &config.domain
        && wanted.to_lowercase() != identity.domain
    {
        return Err(StartError::OtherDomain {
            wanted: wanted.clone(),
            kept: identity.domain,
        });
    }
    if jid::DomainPart::new(&identity.domain).is_err() {
        return Err(StartError::Domain {
            domain: identity.domain,
        });
    }
    Ok(identity)
}

/// `Sales team` becomes `sales-team-x7k2.startalk.internal`: readable, under the
/// name that is set aside for private use, and no other team's.
fn default_domain(team_name: &str) -> Result<String, StartError> {
    let mut slug = String::new();
    for c in team_name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= MAX_SLUG {
            break;
        }
    }
    let slug = slug.trim_matches('-');
    let slug = if slug.is_empty() { "team" } else { slug };
    let random: String = clock::random_id()?.chars().take(4).collect();
    Ok(format!("{slug}-{random}.startalk.internal"))
}

/// Writes a secret so that it is whole or not there, and its owner's alone.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
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
    std::fs::rename(&temporary, path)
}

/// Makes a folder for its owner alone.
pub(crate) fn create_private(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_made_of_names() {
        for (name, start) in [
            ("Sales team!", "sales-team-"),
            ("销售部", "team-"),
            ("ACME 销售 2", "acme-2-"),
            ("a very long name of a team indeed", "a-very-long-name-of-"),
        ] {
            let domain = default_domain(name).unwrap();
            assert!(domain.starts_with(start), "{domain}");
            assert!(jid::DomainPart::new(&domain).is_ok());
            assert_ne!(default_domain(name).unwrap(), domain);
        }
    }
}

//! Where the app keeps its files.
//!
//! The profile and the built-in server's data are two folders side by side,
//! because they live by different rules: the profile's cache is encrypted with
//! a key from the keyring and can be filled again from the server; the server's
//! data is the only copy of a team's history, so its life must not hang on a
//! keyring that a reset of the system password empties.

use std::path::{Path, PathBuf};

/// The folders under one home.
#[derive(Debug, Clone)]
pub(crate) struct Paths {
    home: PathBuf,
}

impl Paths {
    pub(crate) fn new(home: PathBuf) -> Self {
        Self { home }
    }

    /// Everything of this start of the app.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// Accounts, caches, settings, logs, the web view's own data.
    pub(crate) fn profile(&self) -> PathBuf {
        self.home.join("profile")
    }

    /// Data of the built-in server.
    pub(crate) fn server(&self) -> PathBuf {
        self.home.join("server")
    }

    /// What the app remembers of the built-in server.
    pub(crate) fn server_settings(&self) -> PathBuf {
        self.home.join("server.json")
    }

    pub(crate) fn settings(&self) -> PathBuf {
        self.profile().join("settings.json")
    }

    /// Where the window was.
    pub(crate) fn place(&self) -> PathBuf {
        self.profile().join("window.json")
    }

    /// The lock of the window.
    pub(crate) fn lock(&self) -> PathBuf {
        self.profile().join("lock.json")
    }

    /// There once the user was told that closing the window does not end the program.
    pub(crate) fn close_hint(&self) -> PathBuf {
        self.profile().join("close-hint-shown")
    }

    /// A package of a new version, until it is installed.
    pub(crate) fn new_version(&self) -> PathBuf {
        self.home.join("new-version")
    }

    /// There while a new version is installed: it is to be seen when it starts, however
    /// the old one was started.
    pub(crate) fn after_update(&self) -> PathBuf {
        self.home.join("after-update")
    }

    /// Files that are dragged out of the window, in clear until the program ends.
    pub(crate) fn dragged(&self) -> PathBuf {
        self.profile().join("dragged")
    }

    pub(crate) fn webview(&self) -> PathBuf {
        self.profile().join("webview")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.profile().join("logs")
    }
}

/// Makes a folder that only its owner can enter.
///
/// # Errors
/// As `create_dir_all`.
pub(crate) fn create_private_dir(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Writes a small file so that it is either the old or the new one, never half.
///
/// # Errors
/// As the file operations below it.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let temporary = path.with_extension("new");
    let mut file = std::fs::File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)
}

/// Reads a small JSON file of ours. A missing file is the default; one that
/// cannot be read is set aside under another name, so that nothing is lost,
/// and then is the default too.
pub(crate) fn read_json<T: serde::de::DeserializeOwned + Default>(path: &Path) -> T {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            if error.kind() != std::io::ErrorKind::NotFound {
                tracing::warn!(%error, path = %path.display(), "file not readable");
            }
            return T::default();
        }
    };
    serde_json::from_slice(&bytes).unwrap_or_else(|error| {
        let aside = path.with_extension("damaged");
        tracing::warn!(%error, path = %path.display(), "file damaged, set aside");
        if let Err(error) = std::fs::rename(path, &aside) {
            tracing::warn!(%error, "could not set the file aside");
        }
        T::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Settings, Theme};

    #[test]
    fn a_damaged_file_is_kept_and_the_default_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        assert_eq!(read_json::<Settings>(&path), Settings::default());
        let dark = Settings {
            theme: Theme::Dark,
            ..Settings::default()
        };
        write_atomically(&path, &serde_json::to_vec(&dark).unwrap()).unwrap();
        assert_eq!(read_json::<Settings>(&path), dark);
        std::fs::write(&path, b"{\"theme\":").unwrap();
        assert_eq!(read_json::<Settings>(&path), Settings::default());
        assert_eq!(
            std::fs::read(folder.path().join("settings.damaged")).unwrap(),
            b"{\"theme\":"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_private_folder_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        create_private_dir(&path).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }
}

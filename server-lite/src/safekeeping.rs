//! Keeping a data folder safe: into one file and back, whole or not at all; and
//! looking whether everything is as it should be. Nothing here ever deletes
//! what somebody may still want.

mod backup;
mod bundle;
mod check;
mod restore;
mod status;

use std::path::{Path, PathBuf};

pub use self::backup::{BackedUp, backup};
pub use self::check::{Checked, Problem, check};
pub use self::restore::{Restored, restore};
pub use self::status::{Status, status};
use crate::store::StoreError;

/// Why a folder cannot be kept safe, brought back or looked at.
#[derive(Debug, thiserror::Error)]
pub enum SafekeepingError {
    /// There is no such file, or no server has run on the folder yet.
    #[error("{} is not there or no data folder", .path.display())]
    NotFound {
        /// The file or folder.
        path: PathBuf,
    },
    /// The folder is missing in which a file was to be written.
    #[error("the folder {} is not there", .path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// It is there already, and nothing is replaced without being told.
    #[error("{} is there already", .path.display())]
    Exists {
        /// The file or folder.
        path: PathBuf,
    },
    /// A server runs on the folder.
    #[error("a server is running on {}; stop it first", .path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// A backup is not one, or is damaged. Nothing was touched.
    #[error("{}: {reason}; nothing was changed", .path.display())]
    Damaged {
        /// The backup.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A later version of the program has written it.
    #[error("{} was written by a later version of this program", .path.display())]
    Newer {
        /// The backup.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SafekeepingError {
    /// A file that is to be written: what is not there is its folder.
    fn of_new_file(path: &Path, source: std::io::Error) -> Self {
        match source.kind() {
            std::io::ErrorKind::NotFound => Self::NoFolder {
                path: crate::whole_file::folder_of(path),
            },
            _ => Self::of_file(path, source),
        }
    }

    fn of_file(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            std::io::ErrorKind::NotFound => Self::NotFound { path },
            std::io::ErrorKind::AlreadyExists => Self::Exists { path },
            _ => Self::File { path, source },
        }
    }
}

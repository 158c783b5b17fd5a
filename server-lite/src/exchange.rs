//! Moving a team's data to and from other servers (XEP-0227).
//!
//! * `export`: writes what is there, as one consistent view
//! * `import`: reads such a file; what is there already stays as it is, so that
//!   the same file can be read twice
//! * `reader`: XML from a file of any size in bounded memory
//!
//! What XEP-0227 has no place for (rooms, the name that others see) stands in
//! elements of a name space of our own, which other servers pass over.

mod credentials;
mod export;
mod import;
mod message;
mod output;
mod reader;

use std::path::{Path, PathBuf};

pub use self::export::{Dialect, Exported, export};
pub use self::import::{Imported, import};
use crate::clock::RandomError;
use crate::store::StoreError;

/// Why data cannot be moved in or out.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// There is no such file or data folder.
    #[error("{} is not there", .path.display())]
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
    /// There is such a file, and it was not to be replaced.
    #[error("{} is there already", .path.display())]
    Exists {
        /// The file.
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
    /// A file is not an export, or is damaged, or goes beyond a limit.
    #[error("{}, byte {place}: {reason}", .path.display())]
    NotUsable {
        /// The file.
        path: PathBuf,
        /// Where.
        place: u64,
        /// What is wrong.
        reason: String,
    },
    /// The file is about other domains.
    #[error("the file holds {held}, but this server is {domain}")]
    OtherDomain {
        /// Domain of the data folder.
        domain: String,
        /// Domains in the file.
        held: String,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl From<rusqlite::Error> for ExchangeError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl ExchangeError {
    fn of_file(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            std::io::ErrorKind::NotFound => Self::NotFound { path },
            std::io::ErrorKind::AlreadyExists => Self::Exists { path },
            _ => Self::File { path, source },
        }
    }
}

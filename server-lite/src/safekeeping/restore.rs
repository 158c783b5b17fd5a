//! Bringing a backup back. Everything is read and checked beside the place
//! where it belongs; only then it gets its name.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::SafekeepingError;
use super::bundle::{self, DATABASE};
use crate::store::upkeep;
use crate::{clock, data_dir, whole_file};

/// What was brought back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// Domain of the accounts.
    pub domain: String,
    /// When the backup was made, in milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// Files, the database included.
    pub files: u64,
    /// Where the folder that was there is now.
    pub moved_aside: Option<PathBuf>,
}

/// Makes a data folder of a backup. A folder that is there has to be empty;
/// with `move_aside` it is renamed. Blocks.
///
/// # Errors
/// [`SafekeepingError`]. The folder is as it was then.
pub fn restore(
    file: &Path,
    data_dir: &Path,
    move_aside: bool,
) -> Result<Restored, SafekeepingError> {
    let failed = |error| SafekeepingError::of_file(file, error);
    let mut bundle = io::BufReader::new(File::open(file).map_err(failed)?);
    let in_place = |source| SafekeepingError::File {
        path: data_dir.to_owned(),
        source,
    };
    // The real place: a folder's own name, also of ".".
    let target = match data_dir.canonicalize() {
        Ok(path) => path,
        Err(_) => std::path::absolute(data_dir).map_err(in_place)?,
    };
    let is_filled = is_filled(&target).map_err(in_place)?;
    if is_filled && !move_aside {
        let path = data_dir.to_owned();
        return Err(SafekeepingError::Exists { path });
    }
    // Held until the folder has moved.
    let _lock = match is_filled {
        true => match data_dir::keep_out(&target).map_err(in_place)? {
            Some(lock) => Some(lock),
            None => {
                let path = data_dir.to_owned();
                return Err(SafekeepingError::InUse { path });
            }
        },
        false => None,
    };
    let parent = whole_file::folder_of(&target);
    std::fs::create_dir_all(&parent).map_err(in_place)?;
    // Made with mode 0700, and removed if something goes wrong.
    let fresh = tempfile::Builder::new()
        .prefix(".startalk-")
        .tempdir_in(&parent)
        .map_err(in_place)?;
    let damaged = |reason| SafekeepingError::Damaged {
        path: file.to_owned(),
        reason,
    };
    let manifest = bundle::read(&mut bundle, |name, from| {
        let path = fresh.path().join(name);
        if let Some(folder) = path.parent() {
            data_dir::create_private(folder)?;
        }
        let mut to = create_file(&path)?;
        let entry = bundle::copy(from, &mut to)?;
        to.sync_all()?;
        Ok(entry)
    })
    .map_err(damaged)?;
    if manifest.schema > upkeep::SUPPORTED {
        let path = file.to_owned();
        return Err(SafekeepingError::Newer { path });
    }
    let found = upkeep::open_copy(&fresh.path().join(DATABASE)).and_then(|db| upkeep::damage(&db));
    match found.map(|found| found.into_iter().next()) {
        Ok(None) => {}
        Ok(Some(reason)) => return Err(damaged(reason)),
        Err(error) => return Err(damaged(error.to_string())),
    }
    let moved_aside = match is_filled {
        true => Some(aside(&target).map_err(in_place)?),
        false => {
            // Empty, if it is there at all.
            if target.exists() {
                std::fs::remove_dir(&target).map_err(in_place)?;
            }
            None
        }
    };
    std::fs::rename(fresh.path(), &target).map_err(in_place)?;
    // It has its name: nothing is left to be removed.
    drop(fresh.keep());
    whole_file::sync_folder(&parent).map_err(in_place)?;
    Ok(Restored {
        domain: manifest.domain,
        created_ms: manifest.created_ms,
        files: manifest.files.len() as u64,
        moved_aside,
    })
}

fn is_filled(folder: &Path) -> io::Result<bool> {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Gives a folder another name beside its own.
fn aside(folder: &Path) -> io::Result<PathBuf> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let place = whole_file::folder_of(folder).join(format!("{name}.before-{}", clock::now_ms()));
    std::fs::rename(folder, &place)?;
    Ok(place)
}

fn create_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

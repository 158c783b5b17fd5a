//! A file goes where the user wants it, in clear. It appears when it is whole, and
//! is nothing that could be started by itself.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Place, fetch, find, read};
use crate::account::Shared;
use crate::api::{ApiError, ErrorCode, SaveTo};
use crate::files::names;
use crate::vault::PIECE;

/// Files of the same name in one folder.
const MOST_COPIES: u32 = 10_000;

/// Tells those apart that are written at once: two of one name, or one that is wanted twice.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// Writes a file; where it is.
pub(super) async fn file(
    shared: &Arc<Shared>,
    place: Place,
    to: SaveTo,
) -> Result<String, ApiError> {
    let name = find(shared, place).await?.file.name.unwrap_or_default();
    let readable = match read::open(shared, place).await? {
        Some(readable) => readable,
        None => {
            fetch::file(shared, place, false).await?;
            let fetched = read::open(shared, place).await?;
            fetched.ok_or(ErrorCode::NotFound)?
        }
    };
    let written = shared
        .files
        .vault
        .block(move || write(readable, &to, &name));
    let path = written
        .await
        .map_err(|error| ApiError::of_disk(&error, ErrorCode::FileNotWritten))?;
    Ok(path.to_string_lossy().into_owned())
}

/// Blocks.
fn write(mut from: read::Readable, to: &SaveTo, name: &str) -> io::Result<PathBuf> {
    let (folder, wanted) = match to {
        SaveTo::File { path } => {
            let path = Path::new(path);
            let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
            (folder, path.to_owned())
        }
        SaveTo::Folder { path } => (Path::new(path), Path::new(path).join(names::safe(name))),
    };
    if !folder.is_absolute() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let file_name = wanted.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let hidden = format!(
        ".{}.{}-{}.part",
        file_name.to_string_lossy(),
        std::process::id(),
        WRITTEN.fetch_add(1, Ordering::Relaxed)
    );
    let hidden = folder.join(hidden);
    let written = (|| {
        let mut file = File::create(&hidden)?;
        let mut at = 0;
        while at < from.total {
            let piece = from.open.read_at(at, PIECE)?;
            if piece.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            file.write_all(&piece)?;
            at += piece.len() as u64;
        }
        file.sync_all()?;
        match to {
            SaveTo::File { .. } => std::fs::rename(&hidden, &wanted).map(|()| wanted.clone()),
            SaveTo::Folder { .. } => beside(&hidden, &wanted),
        }
    })();
    if written.is_err() {
        drop(std::fs::remove_file(&hidden));
    }
    written
}

/// Gives a file its name, or the next one that nobody has.
fn beside(hidden: &Path, wanted: &Path) -> io::Result<PathBuf> {
    let name = wanted
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    for number in 1..MOST_COPIES {
        let path = match number {
            1 => wanted.to_owned(),
            number => wanted.with_file_name(names::numbered(&name, number)),
        };
        // Whoever makes it has it, however many do at once.
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(_) => {
                let renamed = std::fs::rename(hidden, &path);
                if renamed.is_err() {
                    // Not an empty one in its place.
                    drop(std::fs::remove_file(&path));
                }
                return renamed.map(|()| path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    const BYTES: usize = 3 << 20;

    fn readable(folder: &Path) -> read::Readable {
        let path = folder.join("cached");
        std::fs::write(&path, vec![7; BYTES]).unwrap();
        read::Readable {
            open: read::Open::Clear(File::open(path).unwrap()),
            total: BYTES as u64,
            media_type: "application/pdf".to_owned(),
        }
    }

    #[test]
    fn one_file_that_is_saved_several_times_at_once_is_there_as_often() {
        let cache = tempfile::tempdir().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let to = SaveTo::Folder {
            path: folder.path().to_string_lossy().into_owned(),
        };
        let together = Barrier::new(4);
        let mut written: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let from = readable(cache.path());
                    let (to, together) = (&to, &together);
                    scope.spawn(move || {
                        together.wait();
                        write(from, to, "Scan.pdf").unwrap()
                    })
                })
                .collect();
            let all = threads.into_iter();
            all.map(|thread| thread.join().unwrap()).collect()
        });
        written.sort();
        written.dedup();
        assert_eq!(written.len(), 4);
        for path in &written {
            assert_eq!(path.metadata().unwrap().len(), BYTES as u64);
        }
        assert_eq!(folder.path().read_dir().unwrap().count(), 4, "nothing else");
    }

    #[test]
    fn what_cannot_get_its_name_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = folder.path().join("Scan.pdf");
        assert!(beside(&folder.path().join("gone"), &wanted).is_err());
        assert!(!wanted.exists());
    }
}

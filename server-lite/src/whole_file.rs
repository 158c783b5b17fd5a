//! Files that appear whole, on the disk and for their owner alone, or not at
//! all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The folder that a file is in.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Writes a file under a temporary name, then gives it its own. What is there
/// already stays unless `replace`: then the error is
/// [`io::ErrorKind::AlreadyExists`].
pub(crate) fn write<T, E: From<io::Error>>(
    path: &Path,
    replace: bool,
    fill: impl FnOnce(&mut BufWriter<&File>) -> Result<T, E>,
    check: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<T, E> {
    if !replace && path.exists() {
        return Err(io::Error::from(io::ErrorKind::AlreadyExists).into());
    }
    // Made with mode 0600.
    let file = tempfile::Builder::new()
        .prefix(".startalk-")
        .tempfile_in(folder_of(path))?;
    let mut writer = BufWriter::with_capacity(1 << 16, file.as_file());
    let value = fill(&mut writer)?;
    writer.flush()?;
    drop(writer);
    file.as_file().sync_all()?;
    check(file.path())?;
    match replace {
        true => file.persist(path),
        false => file.persist_noclobber(path),
    }
    .map_err(|error| error.error)?;
    sync_folder(&folder_of(path))?;
    Ok(value)
}

/// Makes the names in a folder last.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

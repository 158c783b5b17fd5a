//! Files that another program has put onto the clipboard, as file managers do.
//! WebKitGTK gives a page nothing of them.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use engine::api::{ApiError, ErrorCode};
use tauri::ipc;
use tauri::{AppHandle, State};

use crate::contract::PastedFile;
use crate::screen;
use crate::state::Shell;

/// At most so many are taken from one paste.
const MAX_FILES: usize = 100;
/// The page holds them in its memory until they are sent.
const MAX_BYTES: u64 = 256 << 20;
/// So much is given at a time.
const PART_BYTES: u64 = 4 << 20;

/// What was on the clipboard when something was last pasted: that alone may be read.
#[derive(Debug, Default)]
pub(crate) struct Pasted(Mutex<Paste>);

#[derive(Debug, Default)]
struct Paste {
    /// Number of the first one; those of what was pasted before are lower.
    first: u32,
    paths: Vec<PathBuf>,
}

impl Pasted {
    /// Takes the place of what was pasted before; gives the number of the first one.
    fn put(&self, paths: Vec<PathBuf>) -> u32 {
        let mut paste = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = u32::try_from(paste.paths.len()).unwrap_or(u32::MAX);
        let first = paste.first.wrapping_add(before);
        *paste = Paste { first, paths };
        first
    }

    fn path(&self, number: u32) -> Option<PathBuf> {
        let paste = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = usize::try_from(number.checked_sub(paste.first)?).ok()?;
        paste.paths.get(index).cloned()
    }
}

/// The files on the clipboard; folders are left out.
///
/// # Errors
/// [`ErrorCode::FileTooLarge`] if one of them is.
#[tauri::command]
pub(crate) async fn pasted_files(
    app: AppHandle,
    shell: State<'_, Shell>,
    pasted: State<'_, Pasted>,
) -> Result<Vec<PastedFile>, ApiError> {
    // Behind the curtain nothing is done.
    shell.open_engine()?;
    let paths = screen::files(&app).await?;
    let looked = tokio::task::spawn_blocking(move || {
        let paths = paths.into_iter().take(MAX_FILES);
        paths
            .filter_map(|path| described(&path).map(|file| (path, file)))
            .unzip::<_, _, Vec<_>, Vec<_>>()
    });
    let (paths, mut files) = looked.await.map_err(screen::unable)?;
    if files.iter().any(|file| file.size > MAX_BYTES) {
        return Err(ApiError::new(ErrorCode::FileTooLarge));
    }
    for (file, number) in files.iter_mut().zip(pasted.put(paths)..) {
        file.number = number;
    }
    Ok(files)
}

/// Bytes of one of them from here on: at most 4 MiB, none at its end.
///
/// # Errors
/// [`ErrorCode::NotSupported`] if there is no such file, something else was pasted
/// since, or it cannot be read.
#[tauri::command]
pub(crate) async fn pasted_read(
    shell: State<'_, Shell>,
    pasted: State<'_, Pasted>,
    number: u32,
    offset: u64,
) -> Result<ipc::Response, ApiError> {
    shell.open_engine()?;
    let path = pasted.path(number);
    let path = path.ok_or_else(|| screen::unable("not pasted, or no longer"))?;
    let read = tokio::task::spawn_blocking(move || part(&path, offset));
    let bytes = read.await.map_err(screen::unable)?;
    Ok(ipc::Response::new(bytes.map_err(screen::unable)?))
}

fn described(path: &Path) -> Option<PastedFile> {
    let data = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    Some(PastedFile {
        number: 0,
        name: path.file_name()?.to_str()?.to_owned(),
        size: data.len(),
    })
}

fn part(path: &Path, offset: u64) -> std::io::Result<Vec<u8>> {
    use std::io::{Read, Seek, SeekFrom};

    let mut file = std::fs::File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(PART_BYTES.min(MAX_BYTES.saturating_sub(offset)))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u47_a_second_paste_is_not_taken_for_the_first() {
        let pasted = Pasted::default();
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        let first = pasted.put(paths(&["a", "b"]));
        assert_eq!(pasted.path(first + 1), Some("b".into()));
        let second = pasted.put(paths(&["c"]));
        assert_eq!([pasted.path(first), pasted.path(first + 1)], [None, None]);
        assert_eq!(pasted.path(second), Some("c".into()));
        assert_eq!(pasted.path(second + 1), None);
    }

    #[test]
    fn u47_a_pasted_file_is_read_in_parts_and_never_beyond_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        let file = std::fs::File::create(&path).unwrap();
        file.set_len(PART_BYTES + 3).unwrap();
        assert_eq!(part(&path, 0).unwrap().len() as u64, PART_BYTES);
        assert_eq!(part(&path, PART_BYTES).unwrap().len(), 3);
        assert!(part(&path, PART_BYTES + 3).unwrap().is_empty());
        file.set_len(MAX_BYTES + 1).unwrap();
        assert!(part(&path, MAX_BYTES).unwrap().is_empty());
    }
}

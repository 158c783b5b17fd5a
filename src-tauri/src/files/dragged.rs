//! Files that are dragged out of the window. Other programs take files by their
//! names, so such a file lies in clear, in a folder of the profile that only its
//! owner can enter. A mail program may read it long after the drop: it stays until
//! the program ends, or until others need its room.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::FileKey;
use crate::paths;

/// Largest file that can be dragged, in bytes: nobody holds a button for longer.
const MAX_BYTES: u64 = 1 << 30;
/// So much is there at a time; the oldest go.
const MAX_KEPT_BYTES: u64 = 4 << 30;
/// So many are there at a time.
const MAX_KEPT: usize = 64;

/// The files that lie there.
#[derive(Debug)]
pub(crate) struct Dragged {
    folder: PathBuf,
    kept: Mutex<VecDeque<Kept>>,
    /// Of the next folder. None comes back: whoever reads late finds what they were
    /// given, or nothing.
    next: AtomicU32,
}

#[derive(Debug)]
struct Kept {
    key: FileKey,
    /// Each has a folder of its own, so each keeps its name.
    folder: PathBuf,
    file: PathBuf,
    bytes: u64,
}

impl Dragged {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            kept: Mutex::default(),
            next: AtomicU32::default(),
        }
    }

    /// Takes all of them away: at the start, what a kill has left; at the end.
    pub(crate) fn clear(&self) {
        self.kept().clear();
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "files that were dragged out are still there");
            }
            _ => {}
        }
    }

    /// Where a file lies ready.
    pub(crate) fn of(&self, key: &FileKey) -> Option<PathBuf> {
        let kept = self.kept();
        let mut found = kept.iter().filter(|one| one.key == *key);
        found
            .find(|one| one.file.is_file())
            .map(|one| one.file.clone())
    }

    /// An empty folder for a file of this size, after room was made for it.
    ///
    /// # Errors
    /// [`io::ErrorKind::FileTooLarge`], or as the file operations below it.
    pub(crate) fn make_room(&self, bytes: u64) -> io::Result<PathBuf> {
        if bytes > MAX_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut kept = self.kept();
        while kept.len() >= MAX_KEPT
            || kept.iter().map(|one| one.bytes).sum::<u64>() + bytes > MAX_KEPT_BYTES
        {
            let Some(oldest) = kept.pop_front() else {
                break;
            };
            std::fs::remove_dir_all(oldest.folder)?;
        }
        paths::create_private_dir(&self.folder)?;
        // Some may be of an earlier run, where another program held them open.
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let folder = self.folder.join(number.to_string());
            match std::fs::create_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return made.map(|()| folder),
            }
        }
    }

    /// A file was written into a folder that was made for it.
    pub(crate) fn keep(&self, key: FileKey, folder: PathBuf, file: PathBuf, bytes: u64) {
        self.kept().push_back(Kept {
            key,
            folder,
            file,
            bytes,
        });
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(message: i64) -> FileKey {
        ("account".to_owned(), message, 0)
    }

    /// As the engine writes it; the bytes are only said.
    fn drag(dragged: &Dragged, message: i64, bytes: u64) -> PathBuf {
        let folder = dragged.make_room(bytes).unwrap();
        let file = folder.join("报告.pdf");
        std::fs::write(&file, "in clear").unwrap();
        dragged.keep(key(message), folder, file.clone(), bytes);
        file
    }

    #[test]
    fn u77_a_file_keeps_its_name_and_is_gone_at_the_end_and_at_the_next_start() {
        let home = tempfile::tempdir().unwrap();
        let dragged = Dragged::new(home.path().join("dragged"));
        dragged.clear();
        let (one, other) = (drag(&dragged, 1, 8), drag(&dragged, 2, 8));
        assert_ne!(one, other);
        assert_eq!(one.file_name(), other.file_name());
        assert_eq!(dragged.of(&key(1)), Some(one.clone()), "not written twice");
        assert_eq!(dragged.of(&key(3)), None);
        std::fs::remove_file(&one).unwrap();
        assert_eq!(dragged.of(&key(1)), None, "somebody has moved it");
        dragged.clear();
        assert!(!home.path().join("dragged").exists());
        assert_eq!(dragged.of(&key(2)), None);
        // Killed: nobody cleared.
        let left = drag(&dragged, 1, 8);
        let next = Dragged::new(home.path().join("dragged"));
        next.clear();
        assert!(!left.exists());
    }

    #[cfg(unix)]
    #[test]
    fn u77_nobody_else_can_look_at_it() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let dragged = Dragged::new(home.path().join("dragged"));
        drag(&dragged, 1, 8);
        let mode = std::fs::metadata(home.path().join("dragged"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn u77_the_oldest_make_room_and_what_is_too_large_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let dragged = Dragged::new(home.path().join("dragged"));
        let refused = dragged.make_room(MAX_BYTES + 1).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::FileTooLarge);
        let large: Vec<_> = (0..4).map(|n| drag(&dragged, n, MAX_BYTES)).collect();
        assert!(large.iter().all(|file| file.exists()));
        drag(&dragged, 4, 1);
        assert!(!large[0].exists() && large[1].exists());
        dragged.clear();
        let many: Vec<_> = (0..=MAX_KEPT)
            .map(|n| drag(&dragged, i64::try_from(n).unwrap(), 1))
            .collect();
        assert!(!many[0].exists() && many[1..].iter().all(|file| file.exists()));
    }
}

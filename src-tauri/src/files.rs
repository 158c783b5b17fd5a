//! Files on this computer: how a name is suggested, how a saved one is marked, and
//! which may be opened. The bytes of files are the engine's affair.

mod asked;
mod dragged;
mod kinds;
mod mark;
mod names;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use engine::StagedFile;

pub(crate) use asked::Asked;
pub(crate) use dragged::Dragged;
pub(crate) use kinds::is_harmless;
pub(crate) use mark::as_downloaded;
pub(crate) use names::safe_name;

/// So many files that were saved are remembered, to be opened.
const MAX_SAVED: usize = 1_000;
/// So many files may be handed over at a time.
const MAX_STAGED: usize = 32;

/// A file of a message: account, message, place in it.
pub(crate) type FileKey = (String, i64, u32);

/// What was saved by this run of the program: only that may the window open.
#[derive(Debug, Default)]
pub(crate) struct Saved(Mutex<Vec<(FileKey, PathBuf)>>);

impl Saved {
    pub(crate) fn add(&self, key: FileKey, path: PathBuf) {
        let mut saved = self.list();
        if saved.len() >= MAX_SAVED {
            saved.remove(0);
        }
        saved.push((key, path));
    }

    /// Where the file is, if it is still there.
    pub(crate) fn of(&self, key: &FileKey) -> Option<PathBuf> {
        let saved = self.list();
        let found = saved.iter().rev().filter(|(known, _)| known == key);
        found
            .map(|(_, path)| path)
            .find(|path| path.is_file())
            .cloned()
    }

    pub(crate) fn has(&self, path: &Path) -> bool {
        self.list().iter().any(|(_, known)| known == path)
    }

    fn list(&self) -> std::sync::MutexGuard<'_, Vec<(FileKey, PathBuf)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Files that the window is handing over in parts. A part is written with its file
/// taken out, so two writes to one file cannot overlap.
pub(crate) struct Staging<File = StagedFile>(Mutex<(u32, BTreeMap<u32, File>)>);

impl<File> Default for Staging<File> {
    fn default() -> Self {
        Self(Mutex::new((0, BTreeMap::new())))
    }
}

impl<File> Staging<File> {
    /// Keeps a file that was begun; gives its number. With too many the oldest goes: the
    /// window has left it, or the page was loaded anew.
    pub(crate) fn begin(&self, file: File) -> u32 {
        let mut staging = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, files) = &mut *staging;
        if files.len() >= MAX_STAGED {
            files.pop_first();
        }
        *next = next.wrapping_add(1);
        files.insert(*next, file);
        *next
    }

    pub(crate) fn take(&self, number: u32) -> Option<File> {
        let mut staging = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        staging.1.remove(&number)
    }

    pub(crate) fn put_back(&self, number: u32, file: File) {
        let mut staging = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        staging.1.insert(number, file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_the_window_has_left_are_in_nobodys_way() {
        let staging = Staging::default();
        let first = staging.begin(0);
        for file in 1..=MAX_STAGED {
            staging.begin(file);
        }
        assert_eq!(staging.take(first), None);
        assert_eq!(staging.take(first + 1), Some(1));
        staging.put_back(first + 1, 1);
        assert_eq!(staging.take(first + 1), Some(1));
    }

    #[test]
    fn u73_only_what_was_saved_is_opened_and_the_newest_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a"), folder.path().join("a (2)"));
        let key = ("account".to_owned(), 7, 0);
        let saved = Saved::default();
        assert_eq!(saved.of(&key), None);
        for path in [&first, &second] {
            std::fs::write(path, "").unwrap();
            saved.add(key.clone(), path.clone());
        }
        assert_eq!(saved.of(&key), Some(second.clone()));
        std::fs::remove_file(&second).unwrap();
        assert_eq!(saved.of(&key), Some(first.clone()), "the other was removed");
        assert!(saved.has(&first) && !saved.has(&folder.path().join("b")));
        for n in 0..MAX_SAVED {
            saved.add((String::new(), 0, 0), folder.path().join(n.to_string()));
        }
        assert!(!saved.has(&first), "the oldest are forgotten");
    }
}

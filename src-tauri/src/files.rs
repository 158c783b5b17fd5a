//! Files that come from others: named so that every system takes the name, marked
//! as downloaded, opened only if they cannot act.

mod kinds;
mod mark;
mod names;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

pub(crate) use kinds::is_harmless;
pub(crate) use names::safe_name;

/// So many files of one name may lie in a folder.
const MAX_SAME_NAME: u32 = 10_000;
/// So many files that were saved are remembered, to be opened.
const MAX_SAVED: usize = 1_000;

/// What was saved by this run of the program: that may be opened, wherever it is.
#[derive(Debug, Default)]
pub(crate) struct Saved(Mutex<Vec<PathBuf>>);

impl Saved {
    pub(crate) fn add(&self, path: PathBuf) {
        let mut saved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if saved.len() >= MAX_SAVED {
            saved.remove(0);
        }
        saved.push(path);
    }

    pub(crate) fn has(&self, path: &Path) -> bool {
        let saved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        saved.iter().any(|known| known == path)
    }
}

/// The file, if it lies in the folder, wherever links in its path lead.
pub(crate) fn inside(folder: &Path, file: &Path) -> Option<PathBuf> {
    let (folder, file) = (folder.canonicalize().ok()?, file.canonicalize().ok()?);
    (file.starts_with(&folder) && file.is_file()).then_some(file)
}

/// Copies a received file to where the user wants it, in place of what is there,
/// and marks it as downloaded. It appears when it is whole, and is no program by
/// its permissions.
///
/// # Errors
/// As the file operations below it.
pub(crate) fn save_as(source: &Path, target: &Path) -> io::Result<()> {
    let folder = target.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let (mut part, part_path) = create_beside(folder, "download.part")?;
    let copied = (|| {
        io::copy(&mut File::open(source)?, &mut part)?;
        part.flush()?;
        part.sync_all()?;
        drop(part);
        mark::as_downloaded(&part_path)?;
        std::fs::rename(&part_path, target)
    })();
    if copied.is_err()
        && let Err(error) = std::fs::remove_file(&part_path)
    {
        tracing::warn!(%error, "half a file is left");
    }
    copied
}

/// Copies a received file into a folder under a name that is free there:
/// `report.pdf`, `report (2).pdf`, …
///
/// # Errors
/// As the file operations below it.
pub(crate) fn save_into(source: &Path, folder: &Path, name: &str) -> io::Result<PathBuf> {
    let (empty, path) = create_beside(folder, &safe_name(name))?;
    drop(empty);
    match save_as(source, &path) {
        Ok(()) => Ok(path),
        Err(error) => {
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(%error, "an empty file is left");
            }
            Err(error)
        }
    }
}

/// Makes a file that was not there, so that two downloads cannot take one name.
fn create_beside(folder: &Path, name: &str) -> io::Result<(File, PathBuf)> {
    for number in 1..=MAX_SAME_NAME {
        let path = folder.join(names::numbered(name, number));
        match File::create_new(&path) {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u75_the_same_name_twice_gets_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        std::fs::write(&source, "new").unwrap();
        let target = folder.path().join("downloads");
        std::fs::create_dir(&target).unwrap();
        let mut names = Vec::new();
        for _ in 0..3 {
            let path = save_into(&source, &target, "../../报告: final?.tar.gz").unwrap();
            assert_eq!(path.parent().unwrap(), target);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
            names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
        assert_eq!(
            names,
            [
                "报告_ final_.tar.gz",
                "报告_ final_ (2).tar.gz",
                "报告_ final_ (3).tar.gz"
            ]
        );
        assert_eq!(std::fs::read_dir(&target).unwrap().count(), 3, "no halves");
    }

    #[cfg(unix)]
    #[test]
    fn u73_what_is_saved_is_no_program() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (source, target) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&source, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&source, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::write(&target, "old").unwrap();
        save_as(&source, &target).unwrap();
        let mode = std::fs::metadata(&target).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0);
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "#!/bin/sh\n");
        assert!(save_as(&folder.path().join("missing"), &target).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn u73_only_files_of_the_profile_are_inside() {
        let folder = tempfile::tempdir().unwrap();
        let (profile, outside) = (folder.path().join("profile"), folder.path().join("secret"));
        std::fs::create_dir(&profile).unwrap();
        std::fs::write(&outside, "").unwrap();
        std::fs::write(profile.join("file"), "").unwrap();
        std::os::unix::fs::symlink(&outside, profile.join("link")).unwrap();
        assert!(inside(&profile, &profile.join("file")).is_some());
        for path in ["link", "../secret", ".", "missing"] {
            assert_eq!(inside(&profile, &profile.join(path)), None, "{path}");
        }
    }
}

//! What is done on the disk, where blocking is allowed.

use std::fs::{self, File};
use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER_PERMISSIVE as HEX;

use crate::data_dir::create_private;
use crate::store::files::Hash;

/// Where bytes with this hash are. Nothing that somebody typed is in it.
pub(super) fn path(folder: &Path, hash: &Hash) -> PathBuf {
    let name = HEX.encode(hash);
    let (first, rest) = name.split_at_checked(2).unwrap_or((&name, ""));
    folder.join(first).join(rest)
}

/// Where files are written before they are whole.
pub(super) fn unfinished(folder: &Path) -> PathBuf {
    folder.join("unfinished")
}

/// Makes the folders, removes what is unfinished, and gives the folders with
/// files in them.
pub(super) fn open(folder: &Path) -> Result<Vec<PathBuf>> {
    create_private(folder)?;
    let unfinished = unfinished(folder);
    create_private(&unfinished)?;
    for entry in fs::read_dir(&unfinished)? {
        remove(&entry?.path())?;
    }
    groups(folder)
}

/// The folders with files in them.
pub(super) fn groups(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut groups = Vec::new();
    for group in fs::read_dir(folder)? {
        let group = group?;
        if group.file_name().len() == 2 && group.file_type()?.is_dir() {
            groups.push(group.path());
        }
    }
    Ok(groups)
}

/// The files of one folder, with the hash that they are named by, or without
/// if they are strange.
pub(super) fn list(group: &Path) -> Result<Vec<(PathBuf, Option<Hash>)>> {
    let first = group.file_name().and_then(|name| name.to_str());
    let mut all = Vec::new();
    for file in fs::read_dir(group)? {
        let file = file?;
        let name = file.file_name();
        let hash = first.zip(name.to_str());
        let hash = hash.and_then(|(first, rest)| read_hash(first, rest));
        all.push((file.path(), hash));
    }
    Ok(all)
}

fn read_hash(first: &str, rest: &str) -> Option<Hash> {
    let bytes = HEX.decode(format!("{first}{rest}").as_bytes()).ok()?;
    bytes.try_into().ok()
}

/// Makes a new file for its owner alone.
pub(super) fn create(path: &Path) -> Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Brings a file that is on the disk to its place, for good.
pub(super) fn place(from: &Path, to: &Path, size: u64) -> Result<()> {
    let there = fs::metadata(to).is_ok_and(|there| there.is_file() && there.len() == size);
    if there {
        return remove(from);
    }
    if let Some(group) = to.parent() {
        create_private(group)?;
        fs::rename(from, to)?;
        sync(group)?;
        if let Some(folder) = group.parent() {
            sync(folder)?;
        }
    }
    Ok(())
}

/// The names in a folder are on the disk only after this.
#[cfg(unix)]
fn sync(folder: &Path) -> Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Path) -> Result<()> {
    Ok(())
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_hashes_and_hashes_are_names() {
        let hash = [0xab; 32];
        let path = path(Path::new("/files"), &hash);
        let name = format!("/files/ab/{}", "ab".repeat(31));
        assert_eq!(path, Path::new(&name));
        assert_eq!(read_hash("ab", &"ab".repeat(31)), Some(hash));
        assert_eq!(read_hash("ab", "cd"), None);
        assert_eq!(read_hash("ab", "x"), None);
    }

    #[test]
    fn what_is_unfinished_goes_at_the_start_and_equal_files_are_one() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("files");
        assert!(open(&folder).unwrap().is_empty());
        let (one, two) = (unfinished(&folder).join("1"), unfinished(&folder).join("2"));
        let to = path(&folder, &[1; 32]);
        for from in [&one, &two] {
            fs::write(from, "abc").unwrap();
            place(from, &to, 3).unwrap();
            assert_eq!(fs::read_to_string(&to).unwrap(), "abc");
            assert!(!from.exists());
        }
        fs::write(&one, "ab").unwrap();
        fs::write(to.with_file_name("strange"), "x").unwrap();
        let groups = open(&folder).unwrap();
        assert_eq!(groups, [to.parent().unwrap()]);
        let mut all = list(&groups[0]).unwrap();
        all.sort();
        let strange = to.with_file_name("strange");
        assert_eq!(all, [(to.clone(), Some([1; 32])), (strange, None)]);
        assert!(!one.exists());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&folder), 0o700);
            assert_eq!(mode(to.parent().unwrap()), 0o700);
        }
    }
}

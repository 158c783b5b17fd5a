//! Looking for bytes in every file below a folder.

use std::path::{Path, PathBuf};

/// The files below `folder` that hold `needle`, as UTF-8 or as UTF-16 (which
/// web views use for their storage).
///
/// # Panics
/// If the folder cannot be read: a search that saw nothing proves nothing.
#[must_use]
pub fn files_with(folder: &Path, needle: &str) -> Vec<PathBuf> {
    let utf8 = needle.as_bytes().to_vec();
    let utf16: Vec<u8> = needle.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut found = Vec::new();
    let mut searched = 0;
    for file in files(folder) {
        // Sockets and files that vanish meanwhile hold nothing on disk.
        let Ok(bytes) = std::fs::read(&file) else {
            continue;
        };
        searched += 1;
        if contains(&bytes, &utf8) || contains(&bytes, &utf16) {
            found.push(file);
        }
    }
    assert!(searched > 0, "no file below {}", folder.display());
    found
}

/// All files below a folder.
///
/// # Panics
/// If the folder cannot be read.
#[must_use]
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries.flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() => files.push(path),
                _ => {}
            }
        }
    }
    files
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty()
        && haystack
            .windows(needle.len())
            .any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_both_encodings_at_every_depth() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("a/b")).unwrap();
        std::fs::write(folder.path().join("a/one"), "xx秘密xx").unwrap();
        let wide: Vec<u8> = "秘密".encode_utf16().flat_map(u16::to_le_bytes).collect();
        std::fs::write(folder.path().join("a/b/two"), wide).unwrap();
        std::fs::write(folder.path().join("three"), "nothing").unwrap();
        let mut found = files_with(folder.path(), "秘密");
        found.sort();
        assert_eq!(
            found,
            [folder.path().join("a/b/two"), folder.path().join("a/one")]
        );
    }
}

//! The form of a backup: a tar file whose last entry, `manifest.json`, says
//! what has to be in it. Any tar program can look into it.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Version of the form.
pub(super) const FORMAT: u32 = 1;
/// The last entry.
pub(super) const MANIFEST: &str = "manifest.json";
/// Name of the database in the bundle and in a folder.
pub(super) const DATABASE: &str = "server.db";
/// Longest manifest: some hundred thousand files.
const MAX_MANIFEST: u64 = 256 << 20;
/// Longest name and deepest folder of an entry.
const MAX_NAME: usize = 1024;
const MAX_DEPTH: usize = 8;

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: u32,
    /// Version of the program that wrote it.
    pub(super) program: String,
    /// Version of its tables.
    pub(super) schema: u32,
    pub(super) domain: String,
    pub(super) created_ms: i64,
    pub(super) files: BTreeMap<String, Entry>,
}

/// A file in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) size: u64,
    pub(super) sha256: String,
}

/// Copies and takes the fingerprint on the way.
pub(super) fn copy(from: &mut dyn Read, to: &mut dyn Write) -> io::Result<Entry> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        hash.update(bytes);
        to.write_all(bytes)?;
        size += bytes.len() as u64;
    }
    let sha256 = data_encoding::HEXLOWER.encode(&hash.finalize());
    Ok(Entry { size, sha256 })
}

/// Gives bytes on and remembers their fingerprint.
pub(super) struct Hashing<R> {
    inner: R,
    hash: Sha256,
    size: u64,
}

impl<R: Read> Hashing<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            size: 0,
        }
    }

    pub(super) fn entry(self) -> Entry {
        Entry {
            size: self.size,
            sha256: data_encoding::HEXLOWER.encode(&self.hash.finalize()),
        }
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        self.size += read as u64;
        Ok(read)
    }
}

/// A name that stays below the folder that it is put into.
fn safe_name(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?),
            _ => return None,
        }
    }
    let name = parts.join("/");
    let is_good = (1..=MAX_DEPTH).contains(&parts.len())
        && name.len() <= MAX_NAME
        && !name
            .chars()
            .any(|c| c.is_control() || c == '\\' || c == ':');
    is_good.then_some(name)
}

/// Reads a whole bundle. Each file goes to `each`, which gives what it read;
/// all has to be what the manifest says. The error is one clause.
pub(super) fn read(
    bundle: &mut dyn Read,
    mut each: impl FnMut(&str, &mut dyn Read) -> io::Result<Entry>,
) -> Result<Manifest, String> {
    let damaged = |error: io::Error| format!("not readable as a backup ({error})");
    let mut archive = tar::Archive::new(bundle);
    let mut found = BTreeMap::new();
    let mut manifest: Option<Manifest> = None;
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        if manifest.is_some() {
            return Err("something follows its manifest".to_owned());
        }
        let name = entry.path().map_err(damaged)?;
        let Some(name) = safe_name(&name).filter(|_| entry.header().entry_type().is_file()) else {
            return Err(format!("{} has no place in a backup", name.display()));
        };
        if name == MANIFEST {
            let mut text = Vec::new();
            (&mut entry)
                .take(MAX_MANIFEST)
                .read_to_end(&mut text)
                .map_err(damaged)?;
            let read = serde_json::from_slice(&text);
            manifest = Some(read.map_err(|_| "its manifest cannot be read".to_owned())?);
            continue;
        }
        if found.contains_key(&name) {
            return Err(format!("{name} is in it twice"));
        }
        let read = each(&name, &mut entry).map_err(|error| format!("{name}: {error}"))?;
        found.insert(name, read);
    }
    let manifest = manifest.ok_or("its end is missing")?;
    if manifest.format > FORMAT {
        return Err(format!("its form {} is not known", manifest.format));
    }
    if let Some(name) = manifest
        .files
        .keys()
        .find(|name| !found.contains_key(*name))
    {
        return Err(format!("{name} is missing"));
    }
    if let Some((name, _)) = found
        .iter()
        .find(|(name, entry)| manifest.files.get(*name) != Some(entry))
    {
        return Err(format!("{name} is not what it was"));
    }
    match manifest.files.contains_key(DATABASE) {
        true => Ok(manifest),
        false => Err("it holds no database".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_their_folder() {
        for good in ["server.db", "keys/server.key", "files/ab/cd"] {
            assert_eq!(safe_name(Path::new(good)).as_deref(), Some(good));
        }
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a\\b",
            "c:x",
            "a\nb",
            "a/b/c/d/e/f/g/h/i",
        ] {
            assert_eq!(safe_name(Path::new(bad)), None, "{bad}");
        }
    }
}

//! A backup: the database as one consistent view, then everything else in the
//! folder, into one file that is read again before it gets its name.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::SafekeepingError;
use super::bundle::{self, DATABASE, Entry, FORMAT, Hashing, MANIFEST, Manifest};
use crate::store::{self, accounts, upkeep};
use crate::{clock, data_dir, whole_file};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackedUp {
    /// Domain of the accounts.
    pub domain: String,
    /// Files in it, the database included.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// An error on the way: of a file, or of the database.
enum Trouble {
    File(io::Error),
    Told(SafekeepingError),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

/// Writes a data folder into a file. The server may be running. Blocks.
///
/// # Errors
/// [`SafekeepingError`]. Nothing stays of a file that was not finished.
pub fn backup(data_dir: &Path, file: &Path, replace: bool) -> Result<BackedUp, SafekeepingError> {
    let database = data_dir::database(data_dir);
    if !database.exists() {
        let path = data_dir.to_owned();
        return Err(SafekeepingError::NotFound { path });
    }
    let failed = |error| SafekeepingError::of_new_file(file, error);
    if !replace && file.exists() {
        let path = file.to_owned();
        return Err(SafekeepingError::Exists { path });
    }
    // Beside the backup, where there has to be room anyway.
    let folder = tempfile::Builder::new()
        .prefix(".startalk-")
        .tempdir_in(whole_file::folder_of(file))
        .map_err(failed)?;
    let copy = folder.path().join(DATABASE);
    let connection = store::connect(&database)?;
    upkeep::copy_to(&connection, &copy)?;
    drop(connection);
    let (domain, schema) = sound(&copy)?;
    let fill = |writer: &mut io::BufWriter<&File>| -> Result<Manifest, Trouble> {
        let mut tar = tar::Builder::new(writer);
        let mut files = BTreeMap::new();
        files.insert(DATABASE.to_owned(), append(&mut tar, DATABASE, &copy)?);
        append_folder(&mut tar, data_dir, "", &mut files)?;
        let manifest = Manifest {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            schema,
            domain: domain.clone(),
            created_ms: clock::now_ms(),
            files,
        };
        let text = serde_json::to_vec_pretty(&manifest).map_err(io::Error::other)?;
        let mut header = header(text.len() as u64);
        tar.append_data(&mut header, MANIFEST, text.as_slice())?;
        tar.into_inner()?.flush()?;
        Ok(manifest)
    };
    // What cannot be read again is no backup.
    let verify = |path: &Path| -> Result<(), Trouble> {
        let mut written = io::BufReader::new(File::open(path)?);
        bundle::read(&mut written, |_, from| bundle::copy(from, &mut io::sink()))
            .map(|_| ())
            .map_err(|reason| {
                let path = file.to_owned();
                Trouble::Told(SafekeepingError::Damaged { path, reason })
            })
    };
    let manifest = whole_file::write(file, replace, fill, verify).map_err(|error| match error {
        Trouble::File(error) => failed(error),
        Trouble::Told(error) => error,
    })?;
    Ok(BackedUp {
        domain: manifest.domain,
        files: manifest.files.len() as u64,
        bytes: manifest.files.values().map(|entry| entry.size).sum(),
    })
}

/// Domain and version of a copy that is sound in itself.
fn sound(copy: &Path) -> Result<(String, u32), SafekeepingError> {
    let db = upkeep::open_copy(copy)?;
    if let Some(reason) = upkeep::damage(&db)?.into_iter().next() {
        let path = copy.to_owned();
        return Err(SafekeepingError::Damaged { path, reason });
    }
    let domain = accounts::meta(&db, "domain").map_err(store::StoreError::from)?;
    Ok((domain.unwrap_or_default(), upkeep::version(&db)?))
}

fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(clock::now_ms().unsigned_abs() / 1000);
    header
}

fn append<W: Write>(tar: &mut tar::Builder<W>, name: &str, path: &Path) -> Result<Entry, Trouble> {
    let named = |error: io::Error| {
        Trouble::Told(SafekeepingError::File {
            path: path.to_owned(),
            source: error,
        })
    };
    let file = File::open(path).map_err(named)?;
    let size = file.metadata().map_err(named)?.len();
    let mut reader = Hashing::new(file);
    tar.append_data(&mut header(size), name, &mut reader)?;
    let entry = reader.entry();
    if entry.size != size {
        let changed = io::Error::other("it changed while it was read");
        return Err(named(changed));
    }
    Ok(entry)
}

/// Everything below a folder but the database, which is in already, and what
/// belongs to a running server.
fn append_folder<W: Write>(
    tar: &mut tar::Builder<W>,
    root: &Path,
    below: &str,
    files: &mut BTreeMap<String, Entry>,
) -> Result<(), Trouble> {
    let folder = root.join(below);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if let Some(name) = entry.file_name().to_str() {
            names.push((name.to_owned(), kind));
        }
    }
    names.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (name, kind) in names {
        if data_dir::is_passing(&name) {
            continue;
        }
        let name = match below {
            "" => name,
            below => format!("{below}/{name}"),
        };
        if kind.is_dir() {
            append_folder(tar, root, &name, files)?;
        } else if kind.is_file() {
            match append(tar, &name, &root.join(&name)) {
                Ok(entry) => {
                    files.insert(name, entry);
                }
                // The server has removed it meanwhile.
                Err(Trouble::Told(SafekeepingError::File { source, .. }))
                    if source.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

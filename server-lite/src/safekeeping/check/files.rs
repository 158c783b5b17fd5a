//! Whether every uploaded file is on the disk as it was uploaded.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;

use rusqlite::Connection;

use super::{Checked, MAX_PROBLEMS};
use crate::files::{on_the_disk, path_of};
use crate::safekeeping::bundle;
use crate::store::files::{Hash, is_known};
use crate::store::{StoreError, upkeep};

pub(super) fn check(
    db: &Connection,
    data_dir: &Path,
    checked: &mut Checked,
) -> Result<(), StoreError> {
    let files = upkeep::files(db)?;
    checked.files = files.len() as u64;
    let mut known = BTreeSet::new();
    for (hash, size) in files {
        known.insert(hash);
        if let Some(reason) = look(data_dir, &hash, size)
            // A running server may have removed it since.
            && is_known(db, &hash)?
        {
            let path = path_of(data_dir, &hash);
            checked.problem("file", format!("{} {reason}", path.display()));
        }
    }
    match on_the_disk(data_dir) {
        Ok(found) => {
            let strange = found
                .into_iter()
                .filter(|(_, hash)| hash.is_none_or(|hash| !known.contains(&hash)));
            let paths = strange.map(|(path, _)| path);
            checked.orphans = paths.take(MAX_PROBLEMS).collect();
            checked.orphans.sort();
        }
        // Nobody has uploaded anything yet.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => checked.problem("file", format!("the files: {error}")),
    }
    Ok(())
}

/// What is wrong with a file.
fn look(data_dir: &Path, hash: &Hash, size: u64) -> Option<String> {
    let read = File::open(path_of(data_dir, hash))
        .and_then(|mut file| bundle::copy(&mut file, &mut io::sink()));
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some("is missing".to_owned()),
        Err(error) => Some(format!("cannot be read: {error}")),
        Ok(found) if found.size != size => {
            Some(format!("has {} bytes instead of {size}", found.size))
        }
        Ok(found) if found.sha256 != data_encoding::HEXLOWER.encode(hash) => {
            Some("is not what was uploaded".to_owned())
        }
        Ok(_) => None,
    }
}

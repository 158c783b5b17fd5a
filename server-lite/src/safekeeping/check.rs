//! Reading everything in a data folder and saying what is wrong. Nothing is
//! changed.

mod files;

use std::path::{Path, PathBuf};

use serde::Serialize;
use xmpp_core::element;

use super::SafekeepingError;
use crate::store::{StoreError, accounts, upkeep};
use crate::{clock, data_dir};

/// Most problems in an answer.
const MAX_PROBLEMS: usize = 1000;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// Accounts.
    pub accounts: u64,
    /// Messages.
    pub messages: u64,
    /// Rooms.
    pub rooms: u64,
    /// Files that people have uploaded.
    pub files: u64,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Files on the disk that belong to nobody. No problem: the server removes
    /// them when it has time.
    pub orphans: Vec<PathBuf>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// A word for programs: `database`, `version`, `reference`, `order`,
    /// `owner`, `message`, `domain`, `key`, `file`.
    pub kind: &'static str,
    /// A sentence.
    pub text: String,
}

impl Checked {
    fn problem(&mut self, kind: &'static str, text: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem { kind, text });
        }
    }
}

/// Checks a data folder. The server may be running. Blocks.
///
/// # Errors
/// [`SafekeepingError`] if there is nothing to check. Damage is no error but
/// what is found.
pub fn check(data_dir: &Path) -> Result<Checked, SafekeepingError> {
    let database = data_dir::database(data_dir);
    if !database.exists() {
        let path = data_dir.to_owned();
        return Err(SafekeepingError::NotFound { path });
    }
    let mut checked = Checked::default();
    match look(&database, data_dir, &mut checked) {
        Ok(()) => {}
        Err(StoreError::Sqlite(error)) => checked.problem("database", error.to_string()),
        Err(error) => checked.problem("database", error.to_string()),
    }
    checked.ok = checked.problems.is_empty();
    Ok(checked)
}

fn look(database: &Path, data_dir: &Path, checked: &mut Checked) -> Result<(), StoreError> {
    let db = upkeep::open_copy(database)?;
    let version = upkeep::version(&db)?;
    if version > upkeep::SUPPORTED {
        let supported = upkeep::SUPPORTED;
        let text =
            format!("the database has version {version}, this program knows up to {supported}");
        checked.problem("version", text);
        return Ok(());
    }
    for line in upkeep::damage(&db)? {
        checked.problem("database", line);
    }
    if !checked.problems.is_empty() {
        // What else would be found follows from that.
        return Ok(());
    }
    if version < upkeep::SUPPORTED {
        // The next start brings it up; until then its tables are other ones.
        let supported = upkeep::SUPPORTED;
        tracing::warn!(
            version,
            supported,
            "database of an earlier version, start the server once"
        );
        return Ok(());
    }
    for line in upkeep::dangling(&db)? {
        checked.problem("reference", line);
    }
    let counts = upkeep::counts(&db, clock::now_ms())?;
    checked.accounts = counts.accounts;
    checked.messages = counts.messages;
    checked.rooms = counts.rooms;
    let domain = accounts::meta(&db, "domain")?;
    match &domain {
        Some(domain) => {
            let service = crate::rooms::service(domain);
            for owner in upkeep::ownerless_archives(&db, &service)? {
                let text = format!("the archive of {owner} belongs to nobody");
                checked.problem("owner", text);
            }
        }
        None => checked.problem("domain", "the database has no domain".to_owned()),
    }
    for owner in upkeep::unordered_archives(&db)? {
        let text = format!("the archive of {owner} is not in the order of its times");
        checked.problem("order", text);
    }
    upkeep::each_message(&db, |owner, id, xml| {
        if element::parse(xml.as_bytes()).is_err() {
            let text = format!("message {id} in the archive of {owner} cannot be read");
            checked.problem("message", text);
        }
    })?;
    check_key(&db, data_dir, checked)?;
    files::check(&db, data_dir, checked)
}

/// The key is what invites and clients know the server by.
fn check_key(
    db: &rusqlite::Connection,
    data_dir: &Path,
    checked: &mut Checked,
) -> Result<(), StoreError> {
    let path = data_dir::key(data_dir);
    match std::fs::read_to_string(&path) {
        Ok(pem) => {
            if let Err(error) = rcgen::KeyPair::from_pem(&pem) {
                checked.problem("key", format!("{}: {error}", path.display()));
            }
        }
        // A folder that no server has run on yet has none.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if accounts::meta(db, crate::admin::TARGET)?.is_some() {
                let text = format!("{} is missing; invites no longer work", path.display());
                checked.problem("key", text);
            }
        }
        Err(error) => checked.problem("key", format!("{}: {error}", path.display())),
    }
    Ok(())
}

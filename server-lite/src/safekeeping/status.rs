//! What a data folder is, and whether a server runs on it.

use std::path::Path;

use serde::Serialize;

use super::SafekeepingError;
use crate::running::{self, Running};
use crate::store::{StoreError, accounts, upkeep};
use crate::{clock, data_dir};

/// A data folder at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Domain of the accounts.
    pub domain: String,
    /// Name of the team.
    pub team: String,
    /// The server that runs on it, if one does.
    pub running: Option<Running>,
    /// Accounts.
    pub accounts: u64,
    /// Rooms.
    pub rooms: u64,
    /// Messages in all archives.
    pub messages: u64,
    /// Of those, the ones that wait for their owner.
    pub messages_waiting: u64,
    /// Invites that still work.
    pub invites: u64,
    /// Bytes of the database with its log.
    pub database_bytes: u64,
}

/// Looks at a data folder. Blocks.
///
/// # Errors
/// [`SafekeepingError`].
pub fn status(data_dir: &Path) -> Result<Status, SafekeepingError> {
    let database = data_dir::database(data_dir);
    if !database.exists() {
        let path = data_dir.to_owned();
        return Err(SafekeepingError::NotFound { path });
    }
    let (domain, team, counts) = look(&database)?;
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
    let running = match data_dir::is_in_use(data_dir) {
        true => running::read(data_dir),
        false => None,
    };
    Ok(Status {
        domain,
        team,
        running,
        accounts: counts.accounts,
        rooms: counts.rooms,
        messages: counts.messages,
        messages_waiting: counts.waiting,
        invites: counts.invites,
        database_bytes: size(&database) + size(&database.with_extension("db-wal")),
    })
}

fn look(database: &Path) -> Result<(String, String, upkeep::Counts), StoreError> {
    // Says what is wrong with it if it cannot be used.
    let db = crate::store::connect(database)?;
    let meta = |key| accounts::meta(&db, key).map(Option::unwrap_or_default);
    Ok((
        meta("domain")?,
        meta("team_name")?,
        upkeep::counts(&db, clock::now_ms())?,
    ))
}

//! When people were last seen (XEP-0012).

use rusqlite::{Connection, OptionalExtension, Transaction, params};

/// The moment and the words with which somebody went away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastSeen {
    pub(crate) time_ms: i64,
    pub(crate) status: String,
}

/// Notes it. An account that is gone has nothing to be noted.
pub(crate) fn set(tx: &Transaction<'_>, localpart: &str, seen: &LastSeen) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO last_activity (localpart, time_ms, status)
         SELECT localpart, ?2, ?3 FROM accounts WHERE localpart = ?1",
        params![localpart, seen.time_ms, seen.status],
    )?;
    Ok(())
}

/// What is known; for somebody who has never been here, since when the account
/// has been there.
pub(crate) fn get(db: &Connection, localpart: &str) -> rusqlite::Result<Option<LastSeen>> {
    db.query_row(
        "SELECT coalesce(time_ms, created_ms), coalesce(status, '') FROM accounts
         LEFT JOIN last_activity USING (localpart) WHERE localpart = ?1",
        [localpart],
        |row| {
            Ok(LastSeen {
                time_ms: row.get(0)?,
                status: row.get(1)?,
            })
        },
    )
    .optional()
}

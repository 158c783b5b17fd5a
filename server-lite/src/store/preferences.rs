//! What people want archived (XEP-0441).

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

/// Preferences of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PreferencesRow {
    pub(crate) owner: String,
    /// `always`, `never`, `roster`.
    pub(crate) standard: String,
    /// JSON: addresses.
    pub(crate) always: String,
    pub(crate) never: String,
}

/// Those of all accounts that have some.
pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<PreferencesRow>> {
    db.prepare("SELECT owner, standard, always, never FROM archive_preferences")?
        .query_map([], read)?
        .collect()
}

/// Those of one account, if it has some.
pub(crate) fn of(db: &Connection, owner: &str) -> rusqlite::Result<Option<PreferencesRow>> {
    db.prepare_cached(
        "SELECT owner, standard, always, never FROM archive_preferences WHERE owner = ?1",
    )?
    .query_row([owner], read)
    .optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<PreferencesRow> {
    Ok(PreferencesRow {
        owner: row.get(0)?,
        standard: row.get(1)?,
        always: row.get(2)?,
        never: row.get(3)?,
    })
}

/// Sets those of an account.
pub(crate) fn set(tx: &Transaction<'_>, row: &PreferencesRow) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO archive_preferences (owner, standard, always, never)
         VALUES (?1, ?2, ?3, ?4)",
        [&row.owner, &row.standard, &row.always, &row.never],
    )?;
    Ok(())
}

//! What people want archived (XEP-0441).

use rusqlite::{Connection, Transaction};

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
        .query_map([], |row| {
            Ok(PreferencesRow {
                owner: row.get(0)?,
                standard: row.get(1)?,
                always: row.get(2)?,
                never: row.get(3)?,
            })
        })?
        .collect()
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

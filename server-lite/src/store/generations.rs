//! What accounts are at this moment: sessions and memory that stand for an
//! earlier state of them have to go.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

/// An account, as far as sessions are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Tells it from one of the same name before it.
    pub(crate) created_ms: i64,
    /// Number of the last change after which nobody is signed in who was before.
    pub(crate) generation: i64,
    pub(crate) disabled: bool,
}

fn read(row: &Row<'_>) -> rusqlite::Result<(String, Standing)> {
    let standing = Standing {
        created_ms: row.get(1)?,
        generation: row.get(2)?,
        disabled: row.get(3)?,
    };
    Ok((row.get(0)?, standing))
}

/// One account or all, by name.
pub(crate) fn standings(
    db: &Connection,
    only: Option<&str>,
) -> rusqlite::Result<HashMap<String, Standing>> {
    db.prepare_cached(
        "SELECT localpart, created_ms, generation, disabled FROM accounts
         WHERE ?1 IS NULL OR localpart = ?1",
    )?
    .query_map([only], read)?
    .collect()
}

/// The generation of an account; 0 if there is none.
pub(crate) fn of(db: &Connection, localpart: &str) -> rusqlite::Result<i64> {
    let found = db
        .prepare_cached("SELECT generation FROM accounts WHERE localpart = ?1")?
        .query_row([localpart], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// Whether who has signed in at this generation would still be let in.
pub(crate) fn is_current(
    db: &Connection,
    localpart: &str,
    generation: i64,
) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM accounts
                        WHERE localpart = ?1 AND generation = ?2 AND disabled = 0)",
    )?
    .query_row(rusqlite::params![localpart, generation], |row| row.get(0))
}

/// Takes a generation back: who is signed in stays so.
pub(crate) fn keep(tx: &Transaction<'_>, localpart: &str, generation: i64) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE accounts SET generation = ?2 WHERE localpart = ?1",
        rusqlite::params![localpart, generation],
    )?;
    Ok(())
}

/// Number of the last change of any account.
pub(crate) fn last(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT last FROM account_sequence", [], |row| row.get(0))
}

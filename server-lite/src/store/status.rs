//! What the database says of itself.

use rusqlite::{Connection, OptionalExtension};

/// Whether it answers at all.
pub(crate) fn answers(db: &Connection) -> rusqlite::Result<()> {
    db.query_row("SELECT count(*) FROM meta", [], |_| Ok(()))
}

/// How many rows the archive ever had.
pub(crate) fn messages_stored(db: &Connection) -> rusqlite::Result<u64> {
    let last: Option<i64> = db
        .query_row(
            "SELECT seq FROM sqlite_sequence WHERE name = 'archive'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    Ok(last.unwrap_or(0).unsigned_abs())
}

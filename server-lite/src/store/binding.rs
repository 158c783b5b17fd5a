//! What an account's archive holds when a client binds (XEP-0386).

use rusqlite::{Connection, OptionalExtension, Transaction};

/// A message of the archive: its id and time.
pub(crate) type End = (String, i64);

/// The oldest and the newest message; `None` if there is none.
pub(crate) type Extent = Option<(End, End)>;

/// A client that reads its archive begins: nothing waits for the account any
/// more. Gives where the archive begins and ends.
pub(crate) fn begin(tx: &Transaction<'_>, owner: &str) -> rusqlite::Result<Extent> {
    tx.execute(
        "UPDATE archive SET undelivered = 0 WHERE owner = ?1 AND undelivered = 1 AND kept = 1",
        [owner],
    )?;
    let first = end(tx, owner, "ASC")?;
    let last = end(tx, owner, "DESC")?;
    Ok(first.zip(last))
}

fn end(db: &Connection, owner: &str, order: &str) -> rusqlite::Result<Option<End>> {
    db.prepare_cached(&format!(
        "SELECT stanza_id, time_ms FROM archive WHERE owner = ?1 AND kept = 1 ORDER BY id {order} LIMIT 1"
    ))?
    .query_row([owner], |row| Ok((row.get(0)?, row.get(1)?)))
    .optional()
}

//! What waits for an owner whose clients do not read the archive (XEP-0160).

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::pages::as_much_as_fits;
use super::{ArchivedMessage, Row};

/// Which of the waiting messages are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    /// Rows behind this one.
    pub(crate) after: i64,
    /// Up to this one, and that included.
    pub(crate) up_to: i64,
    /// Only what is in no archive: the client reads that itself.
    pub(crate) passing_only: bool,
    pub(crate) max: usize,
}

/// What waits for the owner, oldest first; without an id what is in no archive.
/// Also whether there is more than fits a page.
pub(crate) fn waiting(
    db: &Connection,
    owner: &str,
    wanted: Waiting,
) -> rusqlite::Result<(Vec<ArchivedMessage>, bool)> {
    let limit = wanted.max.saturating_add(1);
    let mut statement = db.prepare_cached(
        "SELECT id, iif(kept, stanza_id, ''), time_ms, xml FROM archive
         WHERE owner = ?1 AND undelivered = 1 AND id > ?2 AND id <= ?3 AND kept <= ?4
         ORDER BY id LIMIT ?5",
    )?;
    let rows = statement.query(params![
        owner,
        wanted.after,
        wanted.up_to,
        !wanted.passing_only,
        i64::try_from(limit).unwrap_or(i64::MAX)
    ])?;
    as_much_as_fits(rows, wanted.max)
}

/// The last row there is.
pub(crate) fn last_id(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare_cached("SELECT ifnull(max(id), 0) FROM archive")?
        .query_row([], |row| row.get(0))
}

/// Stores a message that only waits for its owner; gives its row.
pub(crate) fn insert_passing(
    tx: &Transaction<'_>,
    row: Row<'_>,
    now_ms: i64,
) -> rusqlite::Result<i64> {
    tx.prepare_cached(
        "INSERT INTO archive
             (owner, stanza_id, peer, outgoing, time_ms, undelivered, xml, kept)
         VALUES (?1, lower(hex(randomblob(16))), ?2, 0,
             max(?3, ifnull((SELECT time_ms FROM archive ORDER BY id DESC LIMIT 1), ?3)),
             1, ?4, 0)",
    )?
    .execute(params![row.owner, row.peer, now_ms, row.xml])?;
    Ok(tx.last_insert_rowid())
}

/// What waits for an owner and is in no archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Passing {
    pub(crate) count: u64,
    pub(crate) bytes: u64,
    /// Of these, the bytes of one sender.
    pub(crate) bytes_of_peer: u64,
}

/// How much waits for the owner that is in no archive, and how much of it is
/// from one sender.
pub(crate) fn passing(db: &Connection, owner: &str, peer: &str) -> rusqlite::Result<Passing> {
    let mut statement = db.prepare_cached(
        "SELECT count(*), coalesce(sum(octet_length(xml)), 0),
             coalesce(sum(iif(peer = ?2, octet_length(xml), 0)), 0)
         FROM archive WHERE owner = ?1 AND kept = 0",
    )?;
    statement.query_row([owner, peer], |row| {
        let number = |place: usize| row.get(place).map(i64::unsigned_abs);
        Ok(Passing {
            count: number(0)?,
            bytes: number(1)?,
            bytes_of_peer: number(2)?,
        })
    })
}

/// Clients have these messages: they wait no more, and go if nothing else
/// keeps them.
pub(crate) fn set_delivered(tx: &Transaction<'_>, ids: &[i64]) -> rusqlite::Result<()> {
    let mut statement = tx.prepare_cached(
        "UPDATE archive SET undelivered = 0 WHERE id = ?1 AND undelivered = 1
         RETURNING kept",
    )?;
    for id in ids {
        let kept: Option<bool> = statement.query_row([id], |row| row.get(0)).optional()?;
        if kept == Some(false) {
            tx.prepare_cached("DELETE FROM archive WHERE id = ?1")?
                .execute([id])?;
        }
    }
    Ok(())
}

/// The owner has read its archive up to this row: nothing of it waits any more.
pub(crate) fn delivered_up_to(tx: &Transaction<'_>, owner: &str, row: i64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE archive SET undelivered = 0
         WHERE owner = ?1 AND undelivered = 1 AND kept = 1 AND id <= ?2",
    )?
    .execute(params![owner, row])?;
    Ok(())
}

//! What people say about the notice of a room, which is kept beside its messages.

use rusqlite::{Connection, Transaction};

use super::content::from_column;
use super::said::{self, Author, Target, When};
use super::{Place, place, reactions};

/// Somebody who has closed the notice of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Closed {
    /// As the author of a reaction: occupant id or address.
    pub(crate) who: String,
    pub(crate) name: Option<String>,
    pub(crate) time_ms: i64,
    pub(crate) mine: bool,
}

/// We close it.
pub(crate) fn close(
    tx: &Transaction<'_>,
    room: &str,
    id: &str,
    (own, with): (&str, &str),
    now_ms: i64,
) -> rusqlite::Result<bool> {
    let author = Author {
        outgoing: true,
        address: own.to_owned(),
        ..Author::default()
    };
    let when = When {
        time_ms: now_ms,
        position: place::new_position(tx, Place::Newest)?,
        is_late: false,
        is_ordered: false,
    };
    let target = Target::notice(room, id);
    reactions::put(tx, &target, true, &author, &[with.to_owned()], when)
}

/// Takes up what was said about a notice before it was known to be one.
pub(crate) fn came(tx: &Transaction<'_>, room: &str, id: &str) -> rusqlite::Result<()> {
    said::release(tx, room, [&id.to_owned()]).map(drop)
}

/// It is the notice no more.
pub(crate) fn went(tx: &Transaction<'_>, room: &str, id: &str) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM reactions WHERE conversation = ?1 AND target = ?2",
        [room, id],
    )
    .map(drop)
}

/// Who has closed it, in the order in which they did.
pub(crate) fn closed(db: &Connection, room: &str, id: &str) -> rusqlite::Result<Vec<Closed>> {
    let mut query = db.prepare_cached(
        "SELECT author, author_name, time_ms, mine, emojis FROM reactions
         WHERE conversation = ?1 AND target = ?2 ORDER BY time_ms, author",
    )?;
    let rows = query.query_map([room, id], |row| {
        let emojis: Vec<String> = from_column(row.get(4)?);
        let closed = Closed {
            who: row.get(0)?,
            name: row.get(1)?,
            time_ms: row.get(2)?,
            mine: row.get(3)?,
        };
        Ok((!emojis.is_empty()).then_some(closed))
    })?;
    rows.filter_map(Result::transpose).collect()
}

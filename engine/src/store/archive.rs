//! How far the archives (XEP-0313) were read: the newest id, and the gaps.
//!
//! The newest page is read first. What lies between it and what was known is a
//! gap, which keeps a range of positions free; it is filled from its upper end
//! downwards, so that every page falls into its place.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::contacts::{meta, set_meta};

/// Our own account's archive; rooms are named by their addresses.
pub(crate) const OWN: &str = "";
/// Key of the last id of our own archive that was read.
const CURSOR: &str = "archive-cursor";
/// Positions that a gap keeps free: more than any archive has messages.
const SPAN: i64 = 1 << 40;

/// Something that is missing in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) id: i64,
    pub(crate) archive: String,
    /// What is below it; `None` if it reaches to the beginning.
    pub(crate) after: Option<String>,
    /// What is above it.
    pub(crate) before: Option<String>,
    /// Messages that were put into it already.
    pub(crate) filled: i64,
    /// Positions below this one are free for it.
    pub(crate) next_position: i64,
}

const COLUMNS: &str = "id, archive, after_id, before_id, low_position, next_position";

fn gap(row: &Row<'_>) -> rusqlite::Result<Gap> {
    let (low, next): (i64, i64) = (row.get(4)?, row.get(5)?);
    Ok(Gap {
        id: row.get(0)?,
        archive: row.get(1)?,
        after: row.get(2)?,
        before: row.get(3)?,
        filled: low.saturating_add(SPAN).saturating_sub(next),
        next_position: next,
    })
}

/// The newest id of an archive that was read.
pub(crate) fn cursor(db: &Connection, archive: &str) -> rusqlite::Result<Option<String>> {
    if archive == OWN {
        return meta(db, CURSOR);
    }
    let found: Option<Option<String>> = db
        .query_row(
            "SELECT cursor FROM rooms WHERE address = ?1",
            [archive],
            |row| row.get(0),
        )
        .optional()?;
    Ok(found.flatten())
}

/// Remembers the newest id of an archive that was read.
pub(crate) fn set_cursor(tx: &Transaction<'_>, archive: &str, id: &str) -> rusqlite::Result<()> {
    if archive == OWN {
        return set_meta(tx, CURSOR, id);
    }
    tx.execute(
        "UPDATE rooms SET cursor = ?2 WHERE address = ?1",
        [archive, id],
    )?;
    Ok(())
}

/// The highest position in use or kept free, also by what was said about messages.
/// What was read up to a message that the archive has put further down since is above
/// all of them: what comes next must not count as read.
pub(crate) fn end_position(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare_cached(
        "SELECT max(coalesce((SELECT max(position) FROM messages), 0),
                    coalesce((SELECT max(edit_position) FROM messages
                              WHERE edit_position IS NOT NULL), 0),
                    coalesce((SELECT max(position) FROM reactions), 0),
                    coalesce((SELECT max(position) FROM annotations), 0),
                    coalesce((SELECT max(next_position) FROM gaps), 0),
                    coalesce((SELECT max(read_position) FROM conversations), 0))",
    )?
    .query_row([], |row| row.get(0))
}

/// Notes that something is missing behind all that is here.
pub(crate) fn open_gap(
    tx: &Transaction<'_>,
    archive: &str,
    after: Option<&str>,
    before: &str,
) -> rusqlite::Result<()> {
    let low = match after {
        Some(_) => end_position(tx)? + 1,
        // What was before this device knew the archive is no news: read
        // positions begin at 0.
        None => 1 - SPAN,
    };
    tx.execute(
        "INSERT INTO gaps (archive, after_id, before_id, low_position, next_position)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![archive, after, before, low, low.saturating_add(SPAN)],
    )?;
    Ok(())
}

/// The place for one more message in a gap; `None` if it is closed.
pub(crate) fn take_position(tx: &Transaction<'_>, gap: i64) -> rusqlite::Result<Option<i64>> {
    tx.prepare_cached(
        "UPDATE gaps SET next_position = next_position - 1
         WHERE id = ?1 AND next_position > low_position RETURNING next_position",
    )?
    .query_row([gap], |row| row.get(0))
    .optional()
}

/// Whether a position is one of those that a gap keeps.
pub(crate) fn holds(tx: &Transaction<'_>, gap: i64, position: i64) -> rusqlite::Result<bool> {
    tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM gaps
                        WHERE id = ?1 AND ?2 >= low_position AND ?2 < low_position + ?3)",
    )?
    .query_row(params![gap, position, SPAN], |row| row.get(0))
}

/// A page was put into a gap: it goes on below this id.
pub(crate) fn shrink(tx: &Transaction<'_>, gap: i64, before: &str) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE gaps SET before_id = ?2 WHERE id = ?1",
        params![gap, before],
    )?;
    Ok(())
}

/// Nothing is missing there any more.
pub(crate) fn close_gap(tx: &Transaction<'_>, gap: i64) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM gaps WHERE id = ?1", [gap])?;
    Ok(())
}

/// Notes that of one conversation everything below a message is missing: it was
/// removed here. All that is missing there already is part of it. Where no archive
/// has what was removed, there is nothing to fetch.
pub(crate) fn leave_gap(
    tx: &Transaction<'_>,
    conversation: &str,
    before: Option<&str>,
    position: i64,
    is_archived: bool,
) -> rusqlite::Result<()> {
    let archive = of_conversation(tx, conversation)?;
    let low = position.saturating_sub(SPAN);
    // The same row again: somebody may be filling it.
    let known: Option<i64> = tx
        .prepare_cached(
            "UPDATE gaps SET before_id = ?3, low_position = ?4, next_position = ?5
             WHERE archive = ?1 AND conversation = ?2 RETURNING id",
        )?
        .query_row(
            params![archive, conversation, before, low, position],
            |row| row.get(0),
        )
        .optional()?;
    match known {
        Some(gap) => {
            tx.execute("DELETE FROM gap_conversations WHERE gap = ?1", [gap])?;
        }
        None if is_archived => {
            tx.execute(
                "INSERT INTO gaps (archive, conversation, before_id, low_position, next_position)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![archive, conversation, before, low, position],
            )?;
        }
        None => return Ok(()),
    }
    tx.prepare_cached(
        "INSERT INTO gap_conversations (gap, conversation, before_id, complete)
         SELECT id, ?2, coalesce(before_id, ''), 1 FROM gaps
         WHERE archive = ?1 AND conversation IS NULL AND next_position <= ?3
         ON CONFLICT (gap, conversation) DO UPDATE SET complete = 1",
    )?
    .execute(params![archive, conversation, position])?;
    Ok(())
}

/// Whether something of a conversation was removed from this device.
pub(crate) fn is_missing_here(
    db: &Connection,
    archive: &str,
    conversation: &str,
) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM gaps WHERE archive = ?1 AND conversation = ?2)",
    )?
    .query_row([archive, conversation], |row| row.get(0))
}

/// All gaps of an archive that concern every conversation, the newest first.
pub(crate) fn gaps(db: &Connection, archive: &str) -> rusqlite::Result<Vec<Gap>> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM gaps WHERE archive = ?1 AND conversation IS NULL
         ORDER BY next_position DESC"
    ))?
    .query_map([archive], gap)?
    .collect()
}

/// The archive that a conversation is in.
pub(crate) fn of_conversation(db: &Connection, conversation: &str) -> rusqlite::Result<String> {
    let room: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM rooms WHERE address = ?1)",
        [conversation],
        |row| row.get(0),
    )?;
    Ok(if room {
        conversation.to_owned()
    } else {
        OWN.to_owned()
    })
}

/// The newest gap of a conversation at or below a position that may hold
/// messages of it.
pub(crate) fn gap_below(
    db: &Connection,
    conversation: &str,
    position: i64,
) -> rusqlite::Result<Option<Gap>> {
    let archive = of_conversation(db, conversation)?;
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM gaps WHERE archive = ?1 AND next_position <= ?2
             AND (conversation IS NULL OR conversation = ?3)
             AND NOT EXISTS (SELECT 1 FROM gap_conversations
                             WHERE gap = gaps.id AND conversation = ?3 AND complete)
         ORDER BY next_position DESC LIMIT 1"
    ))?
    .query_row(params![archive, position, conversation], gap)
    .optional()
}

/// The upper ends of all gaps that may hold messages of a conversation.
pub(crate) fn open_gaps(db: &Connection, conversation: &str) -> rusqlite::Result<Vec<i64>> {
    let archive = of_conversation(db, conversation)?;
    db.prepare_cached(
        "SELECT next_position FROM gaps WHERE archive = ?1
             AND (conversation IS NULL OR conversation = ?2)
             AND NOT EXISTS (SELECT 1 FROM gap_conversations
                             WHERE gap = gaps.id AND conversation = ?2 AND complete)",
    )?
    .query_map([&archive, conversation], |row| row.get(0))?
    .collect()
}

/// From where a gap is read on for one conversation.
pub(crate) fn conversation_before(
    db: &Connection,
    gap: &Gap,
    conversation: &str,
) -> rusqlite::Result<Option<String>> {
    let own: Option<String> = db
        .query_row(
            "SELECT before_id FROM gap_conversations WHERE gap = ?1 AND conversation = ?2",
            params![gap.id, conversation],
            |row| row.get(0),
        )
        .optional()?;
    Ok(own.or_else(|| gap.before.clone()))
}

/// A page of one conversation was put into a gap.
pub(crate) fn shrink_conversation(
    tx: &Transaction<'_>,
    gap: i64,
    conversation: &str,
    before: &str,
    complete: bool,
) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO gap_conversations (gap, conversation, before_id, complete)
         SELECT id, ?2, ?3, ?4 FROM gaps WHERE id = ?1
         ON CONFLICT (gap, conversation)
             DO UPDATE SET before_id = excluded.before_id, complete = excluded.complete",
        params![gap, conversation, before, complete],
    )?;
    Ok(())
}

/// Whether what was sent then belongs into a gap of this archive.
pub(crate) fn is_in_a_gap(db: &Connection, archive: &str, time_ms: i64) -> rusqlite::Result<bool> {
    for gap in gaps(db, archive)? {
        let above: Option<i64> = db
            .prepare_cached(
                "SELECT time_ms FROM messages WHERE position >= ?1 ORDER BY position LIMIT 1",
            )?
            .query_row([gap.next_position], |row| row.get(0))
            .optional()?;
        if above.is_some_and(|above| time_ms < above) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// When the message with this archive id was sent.
pub(crate) fn time_of(db: &Connection, archive_id: &str) -> rusqlite::Result<Option<i64>> {
    db.query_row(
        "SELECT max(time_ms) FROM messages WHERE stanza_id = ?1",
        [archive_id],
        |row| row.get(0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    fn cache() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        connection
    }

    #[test]
    fn a_gap_is_filled_downwards_below_what_came_after_it() {
        let mut connection = cache();
        let tx = connection.transaction().unwrap();
        open_gap(&tx, OWN, Some("a"), "z").unwrap();
        let after = end_position(&tx).unwrap() + 1;
        let found = gaps(&tx, OWN).unwrap().remove(0);
        assert_eq!((found.after.as_deref(), found.filled), (Some("a"), 0));
        let first = take_position(&tx, found.id).unwrap().unwrap();
        let second = take_position(&tx, found.id).unwrap().unwrap();
        assert!(0 < second && second < first && first < after);
        assert_eq!(gaps(&tx, OWN).unwrap()[0].filled, 2);
        assert_eq!(
            gap_below(&tx, "bob@a", after).unwrap().unwrap().id,
            found.id
        );
        assert_eq!(gap_below(&tx, "bob@a", second - 1).unwrap(), None);
        shrink_conversation(&tx, found.id, "bob@a", "m", true).unwrap();
        assert_eq!(gap_below(&tx, "bob@a", after).unwrap(), None);
        assert!(gap_below(&tx, "eve@a", after).unwrap().is_some());
        close_gap(&tx, found.id).unwrap();
        assert_eq!(take_position(&tx, found.id).unwrap(), None);
        shrink_conversation(&tx, found.id, "bob@a", "m", false).unwrap();
    }

    #[test]
    fn what_comes_next_is_above_what_was_read() {
        let mut connection = cache();
        let tx = connection.transaction().unwrap();
        tx.execute(
            "INSERT INTO conversations (id, kind, read_position) VALUES ('bob@a', 'direct', 70)",
            [],
        )
        .unwrap();
        assert_eq!(end_position(&tx).unwrap(), 70);
    }

    #[test]
    fn history_lies_below_what_counts_as_unread() {
        let mut connection = cache();
        let tx = connection.transaction().unwrap();
        open_gap(&tx, OWN, None, "z").unwrap();
        let gap = gaps(&tx, OWN).unwrap().remove(0);
        assert_eq!(gap.filled, 0);
        assert_eq!(take_position(&tx, gap.id).unwrap(), Some(0));
        assert_eq!(take_position(&tx, gap.id).unwrap(), Some(-1));
        assert!(end_position(&tx).unwrap() >= 0);
    }

    #[test]
    fn rooms_have_gaps_and_cursors_of_their_own() {
        let mut connection = cache();
        let tx = connection.transaction().unwrap();
        tx.execute("INSERT INTO rooms (address, nick) VALUES ('r@c', 'me')", [])
            .unwrap();
        set_cursor(&tx, OWN, "1").unwrap();
        set_cursor(&tx, "r@c", "2").unwrap();
        assert_eq!(cursor(&tx, OWN).unwrap().as_deref(), Some("1"));
        assert_eq!(cursor(&tx, "r@c").unwrap().as_deref(), Some("2"));
        assert_eq!(cursor(&tx, "x@c").unwrap(), None);
        open_gap(&tx, "r@c", None, "z").unwrap();
        let end = end_position(&tx).unwrap();
        assert!(gap_below(&tx, "r@c", end).unwrap().is_some());
        assert_eq!(gap_below(&tx, "bob@a", end).unwrap(), None);
    }
}

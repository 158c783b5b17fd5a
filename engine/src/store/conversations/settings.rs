//! What the user decides about a conversation, as it holds on this device. A silence
//! has a level and may have an end. What of it is the same on all devices, and where
//! that stands, is not known here.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::ensure;

/// Of what the user wants to be told (XEP-0492, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notify {
    /// Nothing was said: of all that people write to the user, and in rooms of
    /// messages that name the user.
    Usual,
    All,
    /// Only of messages that name the user.
    Mentions,
    None,
}

impl Notify {
    fn as_str(self) -> &'static str {
        match self {
            Self::Usual => "default",
            Self::All => "all",
            Self::Mentions => "mentions",
            Self::None => "none",
        }
    }

    fn from_name(name: &str) -> Self {
        match name {
            "mentions" => Self::Mentions,
            "none" => Self::None,
            "all" => Self::All,
            _ => Self::Usual,
        }
    }
}

/// A level, and until when it holds; then what is usual is told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quiet {
    pub(crate) notify: Notify,
    /// Milliseconds since the Unix epoch; none: for ever.
    pub(crate) until_ms: Option<i64>,
}

impl Quiet {
    const NOT: Self = Self {
        notify: Notify::Usual,
        until_ms: None,
    };

    /// What holds now.
    pub(crate) fn now(self, now_ms: i64) -> Self {
        match self.until_ms {
            Some(until) if until <= now_ms => Self::NOT,
            _ => self,
        }
    }

    /// Whether the user wants to be told of a message.
    pub(crate) fn tells(self, now_ms: i64, is_room: bool, mentions_me: bool) -> bool {
        match self.now(now_ms).notify {
            Notify::Usual => !is_room || mentions_me,
            Notify::All => true,
            Notify::Mentions => mentions_me,
            Notify::None => false,
        }
    }
}

pub(super) fn quiet_from(row: &Row<'_>, column: usize) -> rusqlite::Result<Quiet> {
    Ok(Quiet {
        notify: Notify::from_name(row.get_ref(column)?.as_str()?),
        until_ms: row.get(column + 1)?,
    })
}

/// How silent a conversation is.
pub(crate) fn quiet(db: &Connection, id: &str) -> rusqlite::Result<Quiet> {
    let found = db
        .prepare_cached("SELECT notify, muted_until_ms FROM conversations WHERE id = ?1")?
        .query_row([id], |row| quiet_from(row, 0))
        .optional()?;
    Ok(found.unwrap_or(Quiet::NOT))
}

/// Those whose silence ended after one time and by another, and when the next one ends.
pub(crate) fn mutes(
    db: &Connection,
    after_ms: i64,
    now_ms: i64,
) -> rusqlite::Result<(Vec<String>, Option<i64>)> {
    let ended = db
        .prepare_cached(
            "SELECT id FROM conversations WHERE muted_until_ms > ?1 AND muted_until_ms <= ?2",
        )?
        .query_map([after_ms, now_ms], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let next = db
        .prepare_cached("SELECT min(muted_until_ms) FROM conversations WHERE muted_until_ms > ?1")?
        .query_row([now_ms], |row| row.get(0))?;
    Ok((ended, next))
}

/// Sets of what the user wants to be told; whether there is such a conversation.
pub(crate) fn set_notify(tx: &Transaction<'_>, id: &str, quiet: Quiet) -> rusqlite::Result<bool> {
    let until = quiet.until_ms.filter(|_| quiet.notify != Notify::All);
    let changed = tx.execute(
        "UPDATE conversations SET notify = ?2, muted_until_ms = ?3 WHERE id = ?1",
        params![id, quiet.notify.as_str(), until],
    )?;
    Ok(changed > 0)
}

/// Pins a conversation, or moves it among the pinned: to this place, counted from
/// 0, or to the end. Whether there is such a conversation.
pub(crate) fn pin(tx: &Transaction<'_>, id: &str, place: Option<u32>) -> rusqlite::Result<bool> {
    let mut order: Vec<String> = tx
        .prepare_cached("SELECT id FROM conversations WHERE pinned > 0 ORDER BY pinned, id")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    order.retain(|other| other != id);
    let end = order.len();
    let place = place.map_or(end, |place| usize::try_from(place).unwrap_or(end).min(end));
    order.insert(place, id.to_owned());
    let mut found = false;
    for (number, pinned) in (1_i64..).zip(&order) {
        let changed = tx
            .prepare_cached("UPDATE conversations SET pinned = ?2 WHERE id = ?1")?
            .execute(params![pinned, number])?;
        found |= pinned == id && changed > 0;
    }
    Ok(found)
}

/// Takes a conversation from the pinned ones; whether there is such a conversation.
pub(crate) fn unpin(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<bool> {
    let changed = tx.execute("UPDATE conversations SET pinned = 0 WHERE id = ?1", [id])?;
    Ok(changed > 0)
}

/// Puts a conversation away, or back; whether there is such a conversation.
pub(crate) fn set_archived(
    tx: &Transaction<'_>,
    id: &str,
    archived: bool,
) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "UPDATE conversations SET archived = ?2 WHERE id = ?1",
        params![id, archived],
    )?;
    Ok(changed > 0)
}

/// Marks a conversation as one to come back to, until it is looked at; whether
/// there is such a conversation.
pub(crate) fn mark_unread(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "UPDATE conversations SET marked_unread = 1 WHERE id = ?1",
        [id],
    )?;
    if changed > 0 {
        tx.execute("DELETE FROM meta WHERE key = ?1 || ?2", [READ_BEFORE, id])?;
    }
    Ok(changed > 0)
}

/// Keys of small values: how far was read when it was marked as unread from a message on.
pub(super) const READ_BEFORE: &str = "read-before:";

/// The same, and nothing counts as read from one message on; whether there is such a
/// message. On this device alone: XEP-0490 knows no way back, so what the others say of
/// before counts no more here.
pub(crate) fn mark_unread_from(
    tx: &Transaction<'_>,
    id: &str,
    message: i64,
) -> rusqlite::Result<bool> {
    let before: Option<(i64, i64, bool)> = tx
        .query_row(
            "SELECT m.position, c.read_position, c.marked_unread
             FROM messages m JOIN conversations c ON c.id = m.conversation
             WHERE m.id = ?2 AND c.id = ?1",
            params![id, message],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let Some((position, read, was_marked)) = before else {
        return Ok(false);
    };
    // Marked once more: what was read was read before the first time.
    tx.execute(
        "INSERT INTO meta (key, value) VALUES (?1 || ?2, ?3)
         ON CONFLICT (key) DO UPDATE SET value = CASE WHEN ?4
             THEN max(CAST(value AS INTEGER), ?3) ELSE ?3 END",
        params![READ_BEFORE, id, read, was_marked],
    )?;
    tx.execute(
        "UPDATE conversations SET marked_unread = 1, read_position = min(read_position, ?2)
         WHERE id = ?1",
        params![id, position - 1],
    )?;
    Ok(true)
}

/// Makes sure that a conversation is there and in the list.
pub(crate) fn show(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<()> {
    ensure(tx, id)?;
    tx.execute(
        "UPDATE conversations SET hidden = 0 WHERE id = ?1 AND hidden",
        [id],
    )?;
    Ok(())
}

/// Takes a conversation from the list until somebody writes; what the user decided
/// about it goes, but for its silence. Whether there is such a conversation.
pub(crate) fn hide(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "UPDATE conversations SET hidden = 1, pinned = 0, archived = 0, marked_unread = 0, draft = ''
         WHERE id = ?1",
        [id],
    )?;
    Ok(changed > 0)
}

/// Where reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FirstUnread {
    /// The oldest unread message.
    pub(crate) message: Option<i64>,
    /// How many are unread.
    pub(crate) count: u32,
}

/// The first unread message of a conversation; `None` if there is no such
/// conversation.
pub(crate) fn first_unread(db: &Connection, id: &str) -> rusqlite::Result<Option<FirstUnread>> {
    let count: Option<(u32, i64)> = db
        .prepare_cached("SELECT unread, read_position FROM conversations WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((count, read)) = count else {
        return Ok(None);
    };
    let message = db
        .prepare_cached(
            "SELECT id FROM messages
             WHERE conversation = ?1 AND position > ?2 AND outgoing = 0
                 AND retracted_ms IS NULL AND kind <> 'event'
             ORDER BY position, id LIMIT 1",
        )?
        .query_row(params![id, read], |row| row.get(0))
        .optional()?;
    Ok(Some(FirstUnread { message, count }))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::store::conversations::{all, looked_at, read_up_to};
    use crate::store::schema;

    #[test]
    fn what_is_unread_from_a_message_on_stays_so_until_somebody_looks() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        connection
            .execute_batch(
                "INSERT INTO conversations (id, kind) VALUES ('bob@a', 'direct');
                 INSERT INTO messages (id, conversation, position, outgoing, author, text, time_ms,
                                       state)
                 VALUES (1, 'bob@a', 10, 0, 'bob@a', 'a', 1, 1), (2, 'bob@a', 20, 0, 'bob@a', 'b', 2, 1),
                        (3, 'bob@a', 30, 0, 'bob@a', 'c', 3, 1), (4, 'bob@a', 40, 0, 'bob@a', 'd', 4, 1);",
            )
            .unwrap();
        let tx = connection.transaction().unwrap();
        let (second, third, last) = (2, 3, 40);
        assert!(read_up_to(&tx, "bob@a", last).unwrap());
        assert!(mark_unread_from(&tx, "bob@a", third).unwrap());
        let row = |tx: &Transaction<'_>| {
            let row = all(tx).unwrap().remove(0);
            (row.unread, row.marked_unread)
        };
        assert_eq!(row(&tx), (2, true));
        assert_eq!(
            first_unread(&tx, "bob@a").unwrap().unwrap().message,
            Some(third)
        );
        // Other devices, and our own markers, say again what was read before.
        assert!(!read_up_to(&tx, "bob@a", last).unwrap());
        assert_eq!(row(&tx), (2, true));
        // From further back, and then less far: all that was read before is still the same.
        assert!(mark_unread_from(&tx, "bob@a", second).unwrap());
        assert!(!read_up_to(&tx, "bob@a", last).unwrap());
        assert_eq!(row(&tx), (3, true));
        // Somebody has read more elsewhere.
        assert!(read_up_to(&tx, "bob@a", last + 1).unwrap());
        assert_eq!(row(&tx), (0, false));
        // And one who looks here has read it.
        assert!(mark_unread_from(&tx, "bob@a", third).unwrap());
        assert!(looked_at(&tx, "bob@a", last).unwrap());
        assert_eq!(row(&tx), (0, false));
        assert!(!mark_unread_from(&tx, "bob@a", 1_000).unwrap());
    }
}

//! Taking old messages from this device, oldest first, in small steps.
//!
//! What goes leaves a gap for its conversation alone, from which it can be fetched
//! again where somebody looks; nothing is fetched by itself. What waits to be sent
//! or failed stays, and so does the draft.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{archive, conversations};

/// Messages that one step looks at.
const STEP: i64 = 500;

/// What stays of a conversation besides what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keep {
    /// All from this time on, in milliseconds since the Unix epoch; none: nothing
    /// for its age.
    pub(crate) from_ms: Option<i64>,
    /// What is unread.
    pub(crate) unread: bool,
}

/// What the user or the team's policy allows this device to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Messages from before go.
    pub(crate) from_ms: Option<i64>,
    /// The oldest go until the cache uses no more than this.
    pub(crate) bytes: Option<u64>,
}

/// What a step did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Stepped {
    /// From which position the next step goes on; none: that was all.
    pub(crate) next: Option<i64>,
    /// Conversations that have fewer messages now.
    pub(crate) changed: Vec<String>,
}

/// One step towards the limits, through all conversations that are not pinned.
/// Begins behind a position.
pub(crate) fn step(tx: &Transaction<'_>, after: i64, limits: Limits) -> rusqlite::Result<Stepped> {
    let too_much = match limits.bytes {
        Some(most) => used_bytes(tx)? > most,
        None => false,
    };
    if !too_much && limits.from_ms.is_none() {
        return Ok(Stepped::default());
    }
    let oldest: Vec<(i64, String, u32, i64, bool)> = tx
        .prepare_cached(
            "SELECT max(o.position), o.conversation, count(*), min(o.time_ms),
                    coalesce(c.pinned, 0) > 0
             FROM (SELECT position, conversation, time_ms FROM messages
                   WHERE position > ?1 ORDER BY position LIMIT ?2) o
             LEFT JOIN conversations c ON c.id = o.conversation GROUP BY o.conversation",
        )?
        .query_map([after, STEP], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let is_old = |time_ms: i64| limits.from_ms.is_some_and(|from| time_ms < from);
    if !too_much && !oldest.iter().any(|row| is_old(row.3)) {
        return Ok(Stepped::default());
    }
    let mut stepped = Stepped {
        next: oldest.iter().map(|row| row.0).max(),
        changed: Vec::new(),
    };
    let keep = Keep {
        from_ms: limits.from_ms.filter(|_| !too_much),
        unread: true,
    };
    for (_, conversation, count, _, is_pinned) in oldest {
        if !is_pinned && trim(tx, &conversation, keep, count)? > 0 {
            stepped.changed.push(conversation);
        }
    }
    Ok(stepped)
}

/// Takes at most so many of the oldest messages from a conversation; how many.
pub(crate) fn trim(
    tx: &Transaction<'_>,
    conversation: &str,
    keep: Keep,
    limit: u32,
) -> rusqlite::Result<usize> {
    let read = conversations::read_position(tx, conversation)?;
    let oldest: Vec<(i64, i64, i64)> = tx
        .prepare_cached(
            "SELECT id, position, time_ms FROM messages m
             WHERE conversation = ?1 AND NOT (outgoing AND state IN (0, 4))
                 AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.message = m.id)
             ORDER BY position, id LIMIT ?2",
        )?
        .query_map(params![conversation, limit], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let going: Vec<_> = oldest
        .into_iter()
        .take_while(|(_, position, time_ms)| {
            keep.from_ms.is_none_or(|from| *time_ms < from) && !(keep.unread && *position > read)
        })
        .collect();
    let Some(&(_, last, _)) = going.last() else {
        return Ok(0);
    };
    let mut is_archived = false;
    for (id, ..) in &going {
        is_archived |= delete(tx, *id)?;
    }
    leave_gap(tx, conversation, last, is_archived)?;
    Ok(going.len())
}

/// Takes all of a conversation that [`trim`] left, with what waits to be sent, and
/// the conversation from the list. Whether there is such a conversation.
pub(crate) fn remove(tx: &Transaction<'_>, conversation: &str) -> rusqlite::Result<bool> {
    let all: Vec<i64> = tx
        .prepare_cached("SELECT id FROM messages WHERE conversation = ?1")?
        .query_map([conversation], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in all {
        tx.prepare_cached("DELETE FROM outbox WHERE message = ?1")?
            .execute([id])?;
        delete(tx, id)?;
    }
    conversations::hide(tx, conversation)
}

/// Nothing in a conversation is news any more; nobody else is told.
pub(crate) fn see_all(tx: &Transaction<'_>, conversation: &str) -> rusqlite::Result<()> {
    let end: Option<i64> = tx
        .prepare_cached("SELECT max(position) FROM messages WHERE conversation = ?1")?
        .query_row([conversation], |row| row.get(0))?;
    if let Some(end) = end {
        conversations::read_up_to(tx, conversation, end)?;
    }
    Ok(())
}

/// Deletes a message and what was said about it; whether an archive has it.
fn delete(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<bool> {
    tx.prepare_cached(
        "DELETE FROM reactions WHERE (conversation, target) IN (
             SELECT conversation, origin_id FROM messages WHERE id = ?1
             UNION SELECT conversation, wire_id FROM messages WHERE id = ?1
             UNION SELECT conversation, stanza_id FROM messages WHERE id = ?1)",
    )?
    .execute([id])?;
    let archived: Option<bool> = tx
        .prepare_cached("DELETE FROM messages WHERE id = ?1 RETURNING stanza_id IS NOT NULL")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(archived.unwrap_or(false))
}

/// Notes that all below what is left is missing; `last` is the place of the last
/// that went.
fn leave_gap(
    tx: &Transaction<'_>,
    conversation: &str,
    last: i64,
    is_archived: bool,
) -> rusqlite::Result<()> {
    let first: Option<i64> = tx
        .prepare_cached(
            "SELECT position FROM messages WHERE conversation = ?1 AND position >= ?2
             ORDER BY position, id LIMIT 1",
        )?
        .query_row(params![conversation, last], |row| row.get(0))
        .optional()?;
    let before: Option<String> = tx
        .prepare_cached(
            "SELECT stanza_id FROM messages
             WHERE conversation = ?1 AND position >= ?2 AND stanza_id IS NOT NULL
             ORDER BY position, id LIMIT 1",
        )?
        .query_row(params![conversation, last], |row| row.get(0))
        .optional()?;
    archive::leave_gap(
        tx,
        conversation,
        before.as_deref(),
        first.unwrap_or(last),
        is_archived,
    )
}

/// A number that is never below 0.
fn natural(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    // SQLCipher answers for its pages in words.
    Ok(match row.get_ref(column)? {
        ValueRef::Integer(number) => u64::try_from(number).unwrap_or(0),
        words => words.as_str()?.parse().unwrap_or(0),
    })
}

/// Bytes of the cache that hold something.
fn used_bytes(db: &Connection) -> rusqlite::Result<u64> {
    let number = |name| db.pragma_query_value(None, name, |row| natural(row, 0));
    let used = number("page_count")?.saturating_sub(number("freelist_count")?);
    Ok(used.saturating_mul(number("page_size")?))
}

/// What a cache holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Holds {
    pub(crate) used_bytes: u64,
    pub(crate) messages: u64,
    pub(crate) conversations: u32,
    pub(crate) files: u32,
    pub(crate) file_bytes: u64,
}

/// Counts what a cache holds.
pub(crate) fn holds(db: &Connection) -> rusqlite::Result<Holds> {
    let (messages, conversations) = db.query_row(
        "SELECT coalesce(sum(messages), 0), count(*) FILTER (WHERE NOT hidden) FROM conversations",
        [],
        |row| Ok((natural(row, 0)?, row.get(1)?)),
    )?;
    let (files, file_bytes) = db.query_row(
        "SELECT count(*), coalesce(sum(size_bytes), 0) FROM files",
        [],
        |row| Ok((row.get(0)?, natural(row, 1)?)),
    )?;
    Ok(Holds {
        used_bytes: used_bytes(db)?,
        messages,
        conversations,
        files,
        file_bytes,
    })
}

#[cfg(test)]
mod tests;

//! How far messages came. States only move forward.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::said::{About, Author, Target};
use super::{DELIVERED, FAILED, READ, SENT, WAITING, edits, reactions, said};
use crate::store::outbox::{self, OutboxKind};
use crate::store::rooms;
use crate::store::{conversations, displayed, order};

/// The server has it. A message that waited while others arrived comes after
/// them: that is its place in the archive too.
pub(crate) fn sent(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    let waiting: Option<(String, i64)> = tx
        .prepare_cached(
            "UPDATE messages SET state = ?2, error = NULL WHERE id = ?1 AND state IN (?3, ?4)
             RETURNING conversation, position",
        )?
        .query_map(params![id, SENT, WAITING, FAILED], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .next()
        .transpose()?;
    let Some((conversation, position)) = waiting else {
        return Ok(());
    };
    order::behind_what_came(tx, id, &conversation, position)?;
    read_by_peer(tx, &conversation, id)
}

/// A message of ours that stands above one that the other person has seen was
/// seen as well.
pub(super) fn read_by_peer(
    tx: &Transaction<'_>,
    conversation: &str,
    id: i64,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE messages SET state = ?3 WHERE id = ?2 AND outgoing = 1 AND state IN (?4, ?5)
             AND position <= (SELECT peer_read_position FROM conversations WHERE id = ?1)",
    )?
    .execute(params![conversation, id, READ, SENT, DELIVERED])?;
    Ok(())
}

/// A device of the other person has it (XEP-0184).
pub(super) fn delivered(
    tx: &Transaction<'_>,
    target: &Target,
    by: &Author,
    time_ms: i64,
) -> rusqlite::Result<bool> {
    note(tx, target, by, Some(time_ms), None)?;
    advance(tx, target.id, DELIVERED)
}

fn advance(tx: &Transaction<'_>, id: i64, state: i64) -> rusqlite::Result<bool> {
    // What the other side has, the server has.
    sent(tx, id)?;
    outbox::remove_message(tx, id)?;
    let moved = tx
        .prepare_cached("UPDATE messages SET state = ?2 WHERE id = ?1 AND state < ?2")?
        .execute(params![id, state])?;
    Ok(moved > 0)
}

/// The few rows of a person are gone through, not the many messages of the room.
const FORGET_READ: &str = "DELETE FROM deliveries
    WHERE conversation = ?1 AND person = ?2 AND read_ms IS NOT NULL
        AND (SELECT position FROM messages WHERE id = deliveries.message) < ?3";

/// The other side has seen everything up to this message (XEP-0333, section
/// 5.1). In a room that is noted, and makes no state: there are many who see.
pub(super) fn displayed(
    tx: &Transaction<'_>,
    target: &Target,
    about: &About,
) -> rusqlite::Result<bool> {
    note(tx, target, &about.author, None, Some(about.time_ms))?;
    if about.room {
        // Of each person only the newest matters: rooms are big.
        tx.prepare_cached(FORGET_READ)?.execute(params![
            about.conversation,
            about.author.key(),
            target.position
        ])?;
        return Ok(true);
    }
    let moved = advance(tx, target.id, READ)?;
    let position: i64 = tx.query_row(
        "SELECT position FROM messages WHERE id = ?1",
        [target.id],
        |row| row.get(0),
    )?;
    let earlier = tx
        .prepare_cached(
            "UPDATE messages SET state = ?3 WHERE conversation = ?1 AND outgoing = 1
                 AND state IN (?4, ?5) AND position < ?2
                 AND position > coalesce((SELECT peer_read_position FROM conversations
                                          WHERE id = ?1), -9223372036854775808)",
        )?
        .execute(params![about.conversation, position, READ, SENT, DELIVERED])?;
    tx.prepare_cached(
        "UPDATE conversations SET peer_read_position = ?2
         WHERE id = ?1 AND coalesce(peer_read_position, -9223372036854775808) < ?2",
    )?
    .execute(params![about.conversation, position])?;
    Ok(moved || earlier > 0)
}

/// Another device of ours has seen everything up to this message.
pub(super) fn seen_by_us(tx: &Transaction<'_>, target: &Target) -> rusqlite::Result<bool> {
    conversations::read_up_to(tx, &target.conversation, target.position)
}

fn note(
    tx: &Transaction<'_>,
    target: &Target,
    by: &Author,
    delivered_ms: Option<i64>,
    read_ms: Option<i64>,
) -> rusqlite::Result<()> {
    // The first device and the first time count.
    tx.prepare_cached(
        "INSERT INTO deliveries (message, person, name, conversation, delivered_ms, read_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET
             delivered_ms = coalesce(min(delivered_ms, excluded.delivered_ms), delivered_ms,
                                     excluded.delivered_ms),
             read_ms = coalesce(min(read_ms, excluded.read_ms), read_ms, excluded.read_ms)",
    )?
    .execute(params![
        target.id,
        by.key(),
        by.name,
        target.conversation,
        delivered_ms,
        read_ms
    ])?;
    Ok(())
}

/// The server or the other side refused it for good: a message, or what was said
/// about one. Whether anything changed.
pub(crate) fn failed(
    tx: &Transaction<'_>,
    conversation: &str,
    wire_id: &str,
    error: &str,
) -> rusqlite::Result<bool> {
    let id: Option<i64> = tx
        .query_row(
            "UPDATE messages SET state = ?3, error = ?4
             WHERE conversation = ?1 AND wire_id = ?2 AND outgoing = 1 AND state IN (?5, ?6)
             RETURNING id",
            params![conversation, wire_id, FAILED, error, WAITING, SENT],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(id) = id {
        outbox::remove_message(tx, id)?;
        return Ok(true);
    }
    let said: Option<(i64, String)> = tx
        .query_row(
            "SELECT message, kind FROM message_ids WHERE conversation = ?1 AND id = ?2",
            [conversation, wire_id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((message, kind)) = said else {
        return Ok(false);
    };
    let Some(target) = said::by_id(tx, message)? else {
        return Ok(false);
    };
    outbox::arrived(tx, conversation, wire_id)?;
    let changed = match kind.as_str() {
        "edit" if target.author.outgoing => edits::revert(tx, message)?,
        "react" => match target.reference(reactions::is_room(tx, conversation)?) {
            Some(reference) => reactions::remove_mine(tx, conversation, reference)?,
            None => false,
        },
        // What was taken back is gone here, whoever keeps it elsewhere.
        _ => false,
    };
    said::release_from(tx, message)?;
    Ok(changed)
}

/// A message that waits cannot be sent: its file cannot. Whether it still waited.
pub(crate) fn fail(tx: &Transaction<'_>, id: i64, error: &str) -> rusqlite::Result<bool> {
    let changed = tx
        .prepare_cached("UPDATE messages SET state = ?2, error = ?3 WHERE id = ?1 AND state = ?4")?
        .execute(params![id, FAILED, error, WAITING])?;
    if changed > 0 {
        outbox::remove_message(tx, id)?;
    }
    Ok(changed > 0)
}

/// Messages of ours that failed, in their order.
pub(crate) fn failed_ones(db: &Connection) -> rusqlite::Result<Vec<i64>> {
    db.prepare_cached(
        "SELECT id FROM messages WHERE outgoing = 1 AND state = 4 ORDER BY position, id",
    )?
    .query_map([], |row| row.get(0))?
    .collect()
}

/// The user has seen everything up to this message: moves the read position and
/// queues a marker for the newest message of the other side. Whether anything moved.
pub(crate) fn mark_displayed(
    tx: &Transaction<'_>,
    conversation: &str,
    id: i64,
) -> rusqlite::Result<bool> {
    let position: Option<i64> = tx
        .query_row(
            "SELECT position FROM messages WHERE id = ?1 AND conversation = ?2",
            params![id, conversation],
            |row| row.get(0),
        )
        .optional()?;
    match position {
        Some(position) => see_what_came(tx, conversation, position),
        None => Ok(false),
    }
}

/// What others have said up to a position is read. What is missing in an archive between
/// the newest of that and messages of ours has not been seen by anybody.
pub(super) fn see_what_came(
    tx: &Transaction<'_>,
    conversation: &str,
    up_to: i64,
) -> rusqlite::Result<bool> {
    let came: Option<i64> = tx
        .prepare_cached(
            "SELECT position FROM messages
             WHERE conversation = ?1 AND outgoing = 0 AND kind <> 'event' AND position <= ?2
             ORDER BY position DESC LIMIT 1",
        )?
        .query_row(params![conversation, up_to], |row| row.get(0))
        .optional()?;
    let position = match came {
        Some(position) => position,
        None => conversations::read_position(tx, conversation)?,
    };
    see(tx, conversation, position)
}

/// Moves the read position, and queues the marker that says so.
pub(super) fn see(
    tx: &Transaction<'_>,
    conversation: &str,
    position: i64,
) -> rusqlite::Result<bool> {
    let before = conversations::read_position(tx, conversation)?;
    if !conversations::looked_at(tx, conversation, position)? {
        return Ok(false);
    }
    displayed::publish_later(tx, conversation)?;
    // In a room the id that the room gave (XEP-0333, section 4.1).
    let column = if !reactions::is_room(tx, conversation)? {
        "wire_id"
    } else if rooms::wants_markers(tx, conversation)? {
        "stanza_id"
    } else {
        return Ok(true);
    };
    let newest: Option<String> = tx
        .prepare_cached(&format!(
            "SELECT {column} FROM messages
             WHERE conversation = ?1 AND outgoing = 0 AND position > ?2 AND position <= ?3
                   AND {column} IS NOT NULL AND retracted_ms IS NULL
             ORDER BY position DESC LIMIT 1"
        ))?
        .query_row(params![conversation, before, position], |row| row.get(0))
        .optional()?;
    if let Some(wire_id) = newest {
        outbox::push(tx, OutboxKind::Displayed, conversation, &wire_id, None)?;
    }
    Ok(true)
}

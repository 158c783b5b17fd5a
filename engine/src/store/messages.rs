//! Messages. What arrives twice is stored once; states only move forward.

mod window;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::archive;
use super::conversations;
use super::outbox::{self, OutboxKind};

pub(crate) use window::{Window, window};

/// How far an outgoing message came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Sent,
    Delivered,
    Read,
    /// The error code as the contract writes it.
    Failed(String),
}

const WAITING: i64 = 0;
const SENT: i64 = 1;
const DELIVERED: i64 = 2;
const READ: i64 = 3;
const FAILED: i64 = 4;

pub(crate) fn state_from(state: i64, error: Option<String>) -> State {
    match state {
        SENT => State::Sent,
        DELIVERED => State::Delivered,
        READ => State::Read,
        FAILED => State::Failed(error.unwrap_or_default()),
        _ => State::Waiting,
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) id: i64,
    pub(crate) position: i64,
    pub(crate) outgoing: bool,
    pub(crate) author: String,
    pub(crate) author_name: String,
    pub(crate) text: String,
    pub(crate) time_ms: i64,
    pub(crate) state: State,
}

/// A message from the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) conversation: String,
    pub(crate) outgoing: bool,
    pub(crate) author: String,
    pub(crate) text: String,
    pub(crate) time_ms: i64,
    pub(crate) wire_id: Option<String>,
    pub(crate) origin_id: Option<String>,
    pub(crate) stanza_id: Option<String>,
    /// Whether the sender wants to know that it arrived.
    pub(crate) wants_receipt: bool,
}

/// Where in the order a message from the wire belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// After everything.
    Newest,
    /// Into a gap of the archive, below what is in it already.
    Gap(i64),
}

fn new_position(tx: &Transaction<'_>, place: Place) -> rusqlite::Result<i64> {
    if let Place::Gap(gap) = place
        && let Some(position) = archive::take_position(tx, gap)?
    {
        return Ok(position);
    }
    Ok(archive::end_position(tx)? + 1)
}

/// A message that the user sends: stored with its outbox row, the draft gone.
pub(crate) fn compose(
    tx: &Transaction<'_>,
    conversation: &str,
    author: &str,
    text: &str,
    origin_id: &str,
    now_ms: i64,
) -> rusqlite::Result<i64> {
    conversations::ensure(tx, conversation)?;
    let position = new_position(tx, Place::Newest)?;
    // Whoever answers has read what is above.
    see(tx, conversation, position)?;
    tx.execute(
        "INSERT INTO messages
             (conversation, position, outgoing, author, text, time_ms, wire_id, origin_id, state)
         VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?6, ?7)",
        params![
            conversation,
            position,
            author,
            text,
            now_ms,
            origin_id,
            WAITING
        ],
    )?;
    let id = tx.last_insert_rowid();
    outbox::push(tx, OutboxKind::Message, conversation, origin_id, Some(id))?;
    conversations::set_draft(tx, conversation, "")?;
    Ok(id)
}

/// Stores a message from the wire. `None` if it was there; then what it adds
/// (the archive's id, the proof that the server has it) is noted.
pub(crate) fn receive(
    tx: &Transaction<'_>,
    message: &Received,
    place: Place,
) -> rusqlite::Result<Option<i64>> {
    if let Some(known) = find(tx, message)? {
        if message.outgoing {
            if let Place::Gap(_) = place {
                place_in_gap(tx, known, place)?;
            }
            sent(tx, known, message.stanza_id.as_deref())?;
            outbox::remove_message(tx, known)?;
        } else if let Some(stanza_id) = &message.stanza_id {
            set_stanza_id(tx, known, stanza_id)?;
        }
        return Ok(None);
    }
    conversations::ensure(tx, &message.conversation)?;
    let position = new_position(tx, place)?;
    tx.prepare_cached(
        "INSERT INTO messages (conversation, position, outgoing, author, text, time_ms,
                               wire_id, origin_id, stanza_id, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        message.conversation,
        position,
        message.outgoing,
        message.author,
        message.text,
        message.time_ms,
        message.wire_id,
        message.origin_id,
        message.stanza_id,
        SENT
    ])?;
    let id = tx.last_insert_rowid();
    if message.outgoing {
        conversations::read_up_to(tx, &message.conversation, position)?;
    } else if message.wants_receipt
        && let Some(wire_id) = &message.wire_id
    {
        outbox::push(
            tx,
            OutboxKind::Receipt,
            &message.conversation,
            wire_id,
            None,
        )?;
    }
    Ok(Some(id))
}

fn find(db: &Connection, message: &Received) -> rusqlite::Result<Option<i64>> {
    if let Some(stanza_id) = &message.stanza_id {
        let found = db
            .prepare_cached("SELECT id FROM messages WHERE stanza_id = ?1")?
            .query_row([stanza_id], |row| row.get(0))
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    let Some(origin_id) = &message.origin_id else {
        return Ok(None);
    };
    db.prepare_cached(
        "SELECT id FROM messages WHERE conversation = ?1 AND author = ?2 AND origin_id = ?3",
    )?
    .query_row(
        params![message.conversation, message.author, origin_id],
        |row| row.get(0),
    )
    .optional()
}

/// A message that waited, and was found among what was missed: there is its place.
fn place_in_gap(tx: &Transaction<'_>, id: i64, place: Place) -> rusqlite::Result<()> {
    let waits: bool = tx.query_row(
        "SELECT state IN (?2, ?3) FROM messages WHERE id = ?1",
        params![id, WAITING, FAILED],
        |row| row.get(0),
    )?;
    if waits {
        let position = new_position(tx, place)?;
        tx.execute(
            "UPDATE messages SET position = ?2, state = ?3, error = NULL WHERE id = ?1",
            params![id, position, SENT],
        )?;
    }
    Ok(())
}

fn set_stanza_id(tx: &Transaction<'_>, id: i64, stanza_id: &str) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE messages SET stanza_id = ?2 WHERE id = ?1 AND stanza_id IS NULL",
        params![id, stanza_id],
    )?;
    Ok(())
}

/// The server has it. A message that waited while others arrived comes after
/// them: that is its place in the archive too.
pub(crate) fn sent(tx: &Transaction<'_>, id: i64, stanza_id: Option<&str>) -> rusqlite::Result<()> {
    let waiting: Option<(String, i64)> = tx
        .query_row(
            "UPDATE messages SET state = ?2, error = NULL WHERE id = ?1 AND state IN (?3, ?4)
             RETURNING conversation, position",
            params![id, SENT, WAITING, FAILED],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    if let Some((conversation, position)) = waiting {
        let arrived_after: bool = tx.query_row(
            "SELECT EXISTS (SELECT 1 FROM messages
                            WHERE conversation = ?1 AND outgoing = 0 AND position > ?2)",
            params![conversation, position],
            |row| row.get(0),
        )?;
        if arrived_after {
            // The others that wait keep their order behind it. By as little as
            // will do: this happens often.
            let by = archive::end_position(tx)? + 1 - position;
            tx.execute(
                "UPDATE messages SET position = position + ?3
                 WHERE conversation = ?1 AND outgoing = 1
                     AND (id = ?2 OR (state = ?4 AND position > ?5))",
                params![conversation, id, by, WAITING, position],
            )?;
        }
    }
    if let Some(stanza_id) = stanza_id {
        set_stanza_id(tx, id, stanza_id)?;
    }
    Ok(())
}

/// The other side's device has the message with this wire id (XEP-0184).
pub(crate) fn delivered(
    tx: &Transaction<'_>,
    conversation: &str,
    wire_id: &str,
) -> rusqlite::Result<bool> {
    advance(tx, conversation, wire_id, DELIVERED)
}

fn advance(
    tx: &Transaction<'_>,
    conversation: &str,
    wire_id: &str,
    state: i64,
) -> rusqlite::Result<bool> {
    let found: Option<i64> = tx
        .query_row(
            "SELECT id FROM messages WHERE conversation = ?1 AND wire_id = ?2 AND outgoing = 1",
            [conversation, wire_id],
            |row| row.get(0),
        )
        .optional()?;
    let Some(id) = found else { return Ok(false) };
    // What the other side has, the server has.
    sent(tx, id, None)?;
    outbox::remove_message(tx, id)?;
    let moved = tx.execute(
        "UPDATE messages SET state = ?2 WHERE id = ?1 AND state < ?2",
        params![id, state],
    )?;
    Ok(moved > 0)
}

/// The other side has seen everything up to the message with this wire id
/// (XEP-0333, section 5.1).
pub(crate) fn displayed(
    tx: &Transaction<'_>,
    conversation: &str,
    wire_id: &str,
) -> rusqlite::Result<bool> {
    let moved = advance(tx, conversation, wire_id, READ)?;
    let earlier = tx.execute(
        "UPDATE messages SET state = ?3 WHERE conversation = ?1 AND outgoing = 1
             AND state IN (?4, ?5)
             AND position < (SELECT position FROM messages
                             WHERE conversation = ?1 AND wire_id = ?2 AND outgoing = 1)",
        params![conversation, wire_id, READ, SENT, DELIVERED],
    )?;
    Ok(moved || earlier > 0)
}

/// Another device of ours has seen everything up to this message.
pub(crate) fn displayed_by_us(
    tx: &Transaction<'_>,
    conversation: &str,
    wire_id: &str,
) -> rusqlite::Result<bool> {
    let position: Option<i64> = tx
        .query_row(
            "SELECT position FROM messages
             WHERE conversation = ?1 AND wire_id = ?2 AND outgoing = 0",
            [conversation, wire_id],
            |row| row.get(0),
        )
        .optional()?;
    match position {
        Some(position) => conversations::read_up_to(tx, conversation, position),
        None => Ok(false),
    }
}

/// The server or the other side refused it for good.
pub(crate) fn failed(
    tx: &Transaction<'_>,
    conversation: &str,
    wire_id: &str,
    error: &str,
) -> rusqlite::Result<bool> {
    let id: Option<i64> = tx
        .query_row(
            "UPDATE messages SET state = ?3, error = ?4
             WHERE conversation = ?1 AND wire_id = ?2 AND outgoing = 1 AND state IN (0, 1)
             RETURNING id",
            params![conversation, wire_id, FAILED, error],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(id) = id {
        outbox::remove_message(tx, id)?;
    }
    Ok(id.is_some())
}

/// Puts a failed message back into the outbox, as the newest; gives its conversation.
pub(crate) fn retry(
    tx: &Transaction<'_>,
    id: i64,
    origin_id: &str,
) -> rusqlite::Result<Option<String>> {
    let conversation: Option<String> = tx
        .query_row(
            "UPDATE messages SET state = ?2, error = NULL, wire_id = ?3, origin_id = ?3
             WHERE id = ?1 AND state = ?4 RETURNING conversation",
            params![id, WAITING, origin_id, FAILED],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(conversation) = &conversation {
        let end = new_position(tx, Place::Newest)?;
        tx.execute(
            "UPDATE messages SET position = ?2 WHERE id = ?1",
            params![id, end],
        )?;
        outbox::push(tx, OutboxKind::Message, conversation, origin_id, Some(id))?;
    }
    Ok(conversation)
}

/// Removes a failed message; gives its conversation.
pub(crate) fn delete_failed(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<Option<String>> {
    tx.query_row(
        "DELETE FROM messages WHERE id = ?1 AND state = ?2 RETURNING conversation",
        params![id, FAILED],
        |row| row.get(0),
    )
    .optional()
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
        Some(position) => see(tx, conversation, position),
        None => Ok(false),
    }
}

/// Moves the read position, and queues the marker that says so.
fn see(tx: &Transaction<'_>, conversation: &str, position: i64) -> rusqlite::Result<bool> {
    let before = conversations::read_position(tx, conversation)?;
    if !conversations::read_up_to(tx, conversation, position)? {
        return Ok(false);
    }
    let newest: Option<String> = tx
        .query_row(
            "SELECT wire_id FROM messages
             WHERE conversation = ?1 AND outgoing = 0 AND position > ?2 AND position <= ?3
                   AND wire_id IS NOT NULL
             ORDER BY position DESC LIMIT 1",
            params![conversation, before, position],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(wire_id) = newest {
        outbox::push(tx, OutboxKind::Displayed, conversation, &wire_id, None)?;
    }
    Ok(true)
}

const COLUMNS: &str = "id, position, outgoing, author, text, time_ms, state, error";

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: row.get(0)?,
        position: row.get(1)?,
        outgoing: row.get(2)?,
        author: row.get(3)?,
        author_name: String::new(),
        text: row.get(4)?,
        time_ms: row.get(5)?,
        state: state_from(row.get(6)?, row.get(7)?),
    })
}

/// One message.
pub(crate) fn get(db: &Connection, id: i64) -> rusqlite::Result<Option<Message>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM messages WHERE id = ?1"))?
        .query_row([id], message)
        .optional()
}

#[cfg(test)]
mod tests;

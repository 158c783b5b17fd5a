//! The outbox: what has to reach the server, in order. A row goes when the
//! server has it.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::messages::{self, Message};

/// What is written behind a file waits for it, so that all is read in the order in
/// which it was written. A larger file takes so long that nobody would wait for it,
/// and one that is paused, or does not get through, perhaps for ever.
const HOLDS_UP_TO: i64 = 16 * 1024 * 1024;

/// How far the ids of rows that were refused stand before all others.
const REFUSED: i64 = 1 << 62;

/// What a row sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutboxKind {
    /// A message.
    Message,
    /// What a message says now (XEP-0308).
    Edit,
    /// All that we react with (XEP-0444).
    React,
    /// That a message is taken back (XEP-0424).
    Retract,
    /// A receipt (XEP-0184).
    Receipt,
    /// A displayed marker (XEP-0333).
    Displayed,
    /// That we have closed the notice of a room.
    Notice,
}

impl OutboxKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Edit => "edit",
            Self::React => "react",
            Self::Retract => "retract",
            Self::Receipt => "receipt",
            Self::Displayed => "displayed",
            Self::Notice => "notice",
        }
    }

    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "edit" => Self::Edit,
            "react" => Self::React,
            "retract" => Self::Retract,
            "receipt" => Self::Receipt,
            "displayed" => Self::Displayed,
            "notice" => Self::Notice,
            _ => Self::Message,
        }
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutboxRow {
    pub(crate) id: i64,
    pub(crate) kind: OutboxKind,
    pub(crate) conversation: String,
    /// Whether the conversation is a room.
    pub(crate) room: bool,
    /// Id of the stanza; of receipts, markers and closed notices that of the message
    /// they are about.
    pub(crate) wire_id: String,
    /// The message that is sent, or that something is said about, as it is now.
    pub(crate) message: Option<Message>,
    /// All that we react with.
    pub(crate) emojis: Vec<String>,
}

impl OutboxRow {
    /// Whether it comes back from where it goes: a room says all to all.
    pub(crate) fn is_given_back(&self) -> bool {
        self.room && self.kind == OutboxKind::Message
    }
}

/// Appends a row.
pub(crate) fn push(
    tx: &Transaction<'_>,
    kind: OutboxKind,
    conversation: &str,
    wire_id: &str,
    message: Option<i64>,
) -> rusqlite::Result<()> {
    if matches!(kind, OutboxKind::Displayed | OutboxKind::Notice) {
        // A newer marker says all that an older one does; the older notice is gone.
        tx.execute(
            "DELETE FROM outbox WHERE kind = ?2 AND conversation = ?1",
            [conversation, kind.as_str()],
        )?;
    }
    tx.prepare_cached(
        "INSERT INTO outbox (kind, conversation, wire_id, message) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![kind.as_str(), conversation, wire_id, message])?;
    Ok(())
}

/// Whether nothing waits to be sent of which an archive may say that it arrived, or
/// what came before it.
pub(crate) fn is_empty(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row(
        "SELECT NOT EXISTS (SELECT 1 FROM outbox WHERE kind NOT IN ('receipt', 'displayed', 'notice'))",
        [],
        |row| row.get(0),
    )
}

/// How many messages wait to be sent.
pub(crate) fn count(db: &Connection) -> rusqlite::Result<u32> {
    db.query_row(
        "SELECT count(*) FROM outbox WHERE kind = 'message'",
        [],
        |row| row.get(0),
    )
}

/// Puts the row that was pushed last before all that was written since the refused ones
/// were, and behind those that were refused before. No id is ever given twice: a session
/// may still have stanzas under way that stand for rows which are gone.
pub(super) fn put_first(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE outbox SET id = id - ?2 WHERE id = ?1")?
        .execute([id, REFUSED])?;
    Ok(())
}

/// Appends a row that says all that an older one of its kind about the same
/// message does. One that is on its way arrives before it, or not at all.
pub(crate) fn replace(
    tx: &Transaction<'_>,
    kind: OutboxKind,
    conversation: &str,
    wire_id: &str,
    message: i64,
) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM outbox WHERE message = ?1 AND kind = ?2",
        params![message, kind.as_str()],
    )?;
    push(tx, kind, conversation, wire_id, Some(message))
}

/// The next rows that were not sent, oldest first. They count as sent from now
/// on, as far as anybody knows, until [`requeue`]. Those of rooms, and of people
/// in them, wait until we have joined them, and hold nobody up; messages wait until
/// their files are at the server, and hold only what is behind them in the same
/// conversation.
pub(crate) fn take(
    tx: &Transaction<'_>,
    joined: &[String],
    limit: usize,
) -> rusqlite::Result<Vec<OutboxRow>> {
    let rows = unsent(tx, &sendable(joined), limit)?;
    for row in &rows {
        tx.prepare_cached("UPDATE outbox SET attempted = 1 WHERE id = ?1")?
            .execute([row.id])?;
    }
    Ok(rows)
}

/// Rooms that can be sent to, as the statements below read them.
fn sendable(joined: &[String]) -> String {
    serde_json::to_string(joined).unwrap_or_default()
}

fn unsent(db: &Connection, joined: &str, limit: usize) -> rusqlite::Result<Vec<OutboxRow>> {
    let mut rows: Vec<(Option<i64>, OutboxRow)> = db
        .prepare_cached(
            "SELECT o.id, o.kind, o.conversation, coalesce(c.kind = 'room', 0), o.wire_id, o.message
             FROM outbox o LEFT JOIN conversations c ON c.id = o.conversation
             WHERE o.attempted = 0
                 AND (coalesce(c.kind, 'direct') = 'direct'
                      OR substr(o.conversation, 1, instr(o.conversation || '/', '/') - 1)
                         IN (SELECT value FROM json_each(?2)))
                 AND NOT (o.kind = 'message' AND EXISTS (
                     SELECT 1 FROM uploads u CROSS JOIN outbox f
                     WHERE f.message = u.message AND f.kind = 'message'
                         AND f.conversation = o.conversation
                         AND (f.id = o.id OR f.id < o.id AND u.paused = 0 AND u.tries = 0
                                             AND u.size_bytes <= ?3)))
             ORDER BY o.id LIMIT ?1",
        )?
        .query_map(params![i64::try_from(limit).unwrap_or(i64::MAX), joined, HOLDS_UP_TO], |row| {
            let kind: String = row.get(1)?;
            let outbox_row = OutboxRow {
                id: row.get(0)?,
                kind: OutboxKind::from_name(&kind),
                conversation: row.get(2)?,
                room: row.get(3)?,
                wire_id: row.get(4)?,
                message: None,
                emojis: Vec::new(),
            };
            Ok((row.get(5)?, outbox_row))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (message, row) in &mut rows {
        if let Some(message) = message {
            row.message = messages::get(db, *message)?;
        }
        if let (OutboxKind::React, Some(message)) = (row.kind, &row.message) {
            row.emojis = messages::my_reactions(db, message)?;
        }
    }
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// What was sent and is not known to have arrived will be sent again, but for
/// the rows that the session still has. Gives the conversations in which that
/// changed something: what nobody has got needs no correction.
///
/// What was sent to a room may be in its archive, which is read when we join.
pub(crate) fn requeue(
    tx: &Transaction<'_>,
    keep: &HashSet<i64>,
    joined: &[String],
) -> rusqlite::Result<Vec<String>> {
    let attempted: Vec<i64> = tx
        .prepare_cached(
            "SELECT o.id FROM outbox o LEFT JOIN conversations c ON c.id = o.conversation
             WHERE o.attempted = 1
                 AND (coalesce(c.kind, 'direct') = 'direct'
                      OR substr(o.conversation, 1, instr(o.conversation || '/', '/') - 1)
                         IN (SELECT value FROM json_each(?1)))",
        )?
        .query_map([sendable(joined)], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in attempted.into_iter().filter(|id| !keep.contains(id)) {
        tx.prepare_cached("UPDATE outbox SET attempted = 0 WHERE id = ?1")?
            .execute([id])?;
    }
    let needless: Vec<(i64, String, bool)> = tx
        .prepare_cached(
            "SELECT m.message, m.conversation, max(o.kind = 'retract')
             FROM outbox m JOIN outbox o ON o.message = m.message AND o.kind IN ('edit', 'retract')
             WHERE m.kind = 'message' AND m.attempted = 0 GROUP BY m.message",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut changed = Vec::new();
    for (message, conversation, retracted) in needless {
        if retracted {
            messages::delete(tx, message)?;
        } else {
            forget_changes(tx, message)?;
            messages::forget_versions(tx, message)?;
        }
        if !changed.contains(&conversation) {
            changed.push(conversation);
        }
    }
    Ok(changed)
}

/// Those of these rows that are still there.
pub(crate) fn still_there(db: &Connection, ids: &HashSet<i64>) -> rusqlite::Result<HashSet<i64>> {
    db.prepare_cached("SELECT id FROM outbox WHERE id IN (SELECT value FROM json_each(?1))")?
        .query_map([serde_json::to_string(ids).unwrap_or_default()], |row| {
            row.get(0)
        })?
        .collect()
}

/// Whether a message, or something about it, waits for the server.
pub(crate) fn concerns(db: &Connection, message: i64) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM outbox WHERE message = ?1)")?
        .query_row([message], |row| row.get(0))
}

/// Whether something of this kind that we say about a message waits for the server.
pub(crate) fn says(db: &Connection, message: i64, kind: &str) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM outbox WHERE message = ?1 AND kind = ?2)")?
        .query_row(params![message, kind], |row| row.get(0))
}

/// What we said about a message has come back: gives that, if a row was there for
/// it.
pub(crate) fn arrived(
    tx: &Transaction<'_>,
    conversation: &str,
    wire_id: &str,
) -> rusqlite::Result<Option<i64>> {
    tx.prepare_cached(
        "DELETE FROM outbox WHERE conversation = ?1 AND wire_id = ?2
             AND kind IN ('edit', 'react', 'retract') RETURNING message",
    )?
    .query_row([conversation, wire_id], |row| row.get(0))
    .optional()
}

/// Whether a message that waits was (perhaps) sent.
pub(crate) fn was_attempted(db: &Connection, message: i64) -> rusqlite::Result<bool> {
    let found: Option<bool> = db
        .prepare_cached("SELECT attempted FROM outbox WHERE message = ?1 AND kind = 'message'")?
        .query_row([message], |row| row.get(0))
        .optional()?;
    // Without a row it was acknowledged.
    Ok(found.unwrap_or(true))
}

/// Whether something is on its way to a room, and nobody knows yet what becomes of it.
pub(crate) fn is_on_its_way(db: &Connection, room: &str) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM outbox
                        WHERE conversation = ?1 AND attempted = 1
                            AND kind NOT IN ('receipt', 'displayed'))",
    )?
    .query_row([room], |row| row.get(0))
}

/// The server has these: the rows go, their messages are sent. Gives the
/// conversations that changed.
pub(crate) fn sent(tx: &Transaction<'_>, ids: &[i64]) -> rusqlite::Result<Vec<String>> {
    let mut changed = Vec::new();
    for id in ids {
        let message: Option<(Option<i64>, String, String)> = tx
            .prepare_cached(
                "DELETE FROM outbox WHERE id = ?1 RETURNING message, conversation, kind",
            )?
            .query_map([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .next()
            .transpose()?;
        if let Some((Some(message), conversation, kind)) = message {
            match OutboxKind::from_name(&kind) {
                OutboxKind::Message => messages::sent(tx, message)?,
                kind => messages::went(tx, message, kind)?,
            }
            if !changed.contains(&conversation) {
                changed.push(conversation);
            }
        }
    }
    Ok(changed)
}

/// The server will never take what a row says: the row goes, and the message has failed,
/// or what was said about one is undone, as after a refusal. Gives the conversation, if
/// the row was still there.
pub(crate) fn refuse(
    tx: &Transaction<'_>,
    id: i64,
    error: &str,
) -> rusqlite::Result<Option<String>> {
    let row: Option<(String, String)> = tx
        .prepare_cached("SELECT conversation, wire_id FROM outbox WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((conversation, wire_id)) = row else {
        return Ok(None);
    };
    messages::failed(tx, &conversation, &wire_id, error)?;
    tx.prepare_cached("DELETE FROM outbox WHERE id = ?1")?
        .execute([id])?;
    Ok(Some(conversation))
}

/// Removes the row of a message, wherever the news came from that it needs none.
pub(crate) fn remove_message(tx: &Transaction<'_>, message: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM outbox WHERE kind = 'message' AND message = ?1")?
        .execute([message])?;
    Ok(())
}

/// Edits and reactions of a message that nobody needs to learn of any more.
pub(crate) fn forget_changes(tx: &Transaction<'_>, message: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM outbox WHERE kind IN ('edit', 'react') AND message = ?1")?
        .execute([message])?;
    Ok(())
}

#[cfg(test)]
pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<OutboxRow>> {
    let rooms: Vec<String> = db
        .prepare("SELECT id FROM conversations WHERE kind = 'room'")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    unsent(db, &sendable(&rooms), 1000)
}

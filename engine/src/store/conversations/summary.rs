//! What the list shows of a conversation without reading its messages. Whoever
//! writes messages calls one of these in the same transaction.
//!
//! Unread is what the other side wrote after the read position, but for what was
//! taken back and for mere events.

use rusqlite::{Transaction, params};

/// A message that was put in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Added {
    pub(crate) id: i64,
    pub(crate) position: i64,
    pub(crate) time_ms: i64,
    /// Whether it is one that can be unread.
    pub(crate) counts: bool,
    pub(crate) mentions_me: bool,
}

/// A message was added.
pub(crate) fn added(
    tx: &Transaction<'_>,
    conversation: &str,
    message: &Added,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE conversations SET last_message = ?2, last_position = ?3, last_time_ms = ?4
         WHERE id = ?1 AND (last_message IS NULL OR (last_position, last_message) < (?3, ?2))",
    )?
    .execute(params![
        conversation,
        message.id,
        message.position,
        message.time_ms
    ])?;
    if message.counts {
        tx.prepare_cached(
            "UPDATE conversations SET unread = unread + 1, unread_mentions = unread_mentions + ?3
             WHERE id = ?1 AND read_position < ?2",
        )?
        .execute(params![conversation, message.position, message.mentions_me])?;
    }
    Ok(())
}

/// A message at this position was changed: it may count otherwise now.
pub(crate) fn recount(
    tx: &Transaction<'_>,
    conversation: &str,
    position: i64,
) -> rusqlite::Result<()> {
    let read = super::read_position(tx, conversation)?;
    if position > read {
        count(tx, conversation)?;
    }
    Ok(())
}

/// Messages were moved or removed.
pub(crate) fn refresh(tx: &Transaction<'_>, conversation: &str) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE conversations SET (last_message, last_position, last_time_ms) =
             (SELECT max(id), coalesce(max(position), 0), max(time_ms) FROM (
                 SELECT id, position, time_ms FROM messages WHERE conversation = ?1
                 ORDER BY position DESC, id DESC LIMIT 1))
         WHERE id = ?1",
    )?
    .execute([conversation])?;
    count(tx, conversation)
}

/// Counts what is unread.
pub(super) fn count(tx: &Transaction<'_>, conversation: &str) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE conversations SET (unread, unread_mentions) =
             (SELECT count(*), coalesce(sum(mentions_me), 0) FROM messages m
              WHERE m.conversation = ?1 AND m.position > conversations.read_position
                  AND m.outgoing = 0 AND m.retracted_ms IS NULL AND m.kind <> 'event')
         WHERE id = ?1",
    )?
    .execute([conversation])?;
    Ok(())
}

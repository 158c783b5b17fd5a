//! What happened in a room. It is kept where it happened among the messages, is
//! never unread, and is nothing that a list shows as the newest.

use rusqlite::{Transaction, params};

use super::SENT;
use super::place::{Place, new_position};
use crate::api::RoomEventView;

/// Things that are kept of one room; the oldest go.
const MAX_EVENTS: i64 = 500;

/// Notes it behind all that is there.
pub(crate) fn happened(
    tx: &Transaction<'_>,
    room: &str,
    event: &RoomEventView,
    time_ms: i64,
) -> rusqlite::Result<()> {
    let position = new_position(tx, Place::Newest)?;
    tx.prepare_cached(
        "INSERT INTO messages (conversation, position, outgoing, author, text, time_ms, state,
                               kind, event)
         VALUES (?1, ?2, 0, ?1, '', ?3, ?4, 'event', ?5)",
    )?
    .execute(params![
        room,
        position,
        time_ms,
        SENT,
        serde_json::to_string(event).unwrap_or_default()
    ])?;
    tx.prepare_cached(
        "DELETE FROM messages WHERE id IN (
             SELECT id FROM messages WHERE conversation = ?1 AND kind = 'event'
             ORDER BY position DESC LIMIT -1 OFFSET ?2)",
    )?
    .execute(params![room, MAX_EVENTS])?;
    Ok(())
}

//! Runs of neighbouring messages, as a screen shows them.

use rusqlite::{Connection, OptionalExtension, params};

use super::{COLUMNS, Message, message};
use crate::api::WindowAnchor;
use crate::store::contacts;

/// A run of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) messages: Vec<Message>,
    pub(crate) has_older: bool,
    pub(crate) first_unread: Option<i64>,
}

/// Reads a run of messages, oldest first.
pub(crate) fn window(
    db: &Connection,
    conversation: &str,
    anchor: WindowAnchor,
    limit: u32,
) -> rusqlite::Result<Window> {
    let at = |id: i64| {
        db.query_row("SELECT position FROM messages WHERE id = ?1", [id], |row| {
            row.get::<_, i64>(0)
        })
        .optional()
    };
    let (condition, order, position, id) = match anchor {
        WindowAnchor::Latest => ("1", "DESC", 0, 0),
        WindowAnchor::Before { message } => (
            "(position, id) < (?2, ?3)",
            "DESC",
            at(message)?.unwrap_or(0),
            message,
        ),
        WindowAnchor::From { message } => (
            "(position, id) >= (?2, ?3)",
            "ASC",
            at(message)?.unwrap_or(0),
            message,
        ),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM messages WHERE conversation = ?1 AND {condition}
             AND ?2 IS NOT NULL AND ?3 IS NOT NULL
         ORDER BY position {order}, id {order} LIMIT ?4"
    );
    let mut messages = db
        .prepare_cached(&sql)?
        .query_map(params![conversation, position, id, limit], message)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    if order == "DESC" {
        messages.reverse();
    }
    for message in &mut messages {
        message.author_name = contacts::name(db, &message.author)?;
    }
    let has_older = match messages.first() {
        None => false,
        Some(first) => db.query_row(
            "SELECT EXISTS (SELECT 1 FROM messages
                            WHERE conversation = ?1 AND (position, id) < (?2, ?3))",
            params![conversation, first.position, first.id],
            |row| row.get(0),
        )?,
    };
    let first_unread = db
        .query_row(
            "SELECT id FROM messages WHERE conversation = ?1 AND outgoing = 0
                 AND position > (SELECT read_position FROM conversations WHERE id = ?1)
             ORDER BY position, id LIMIT 1",
            [conversation],
            |row| row.get(0),
        )
        .optional()?;
    Ok(Window {
        messages,
        has_older,
        first_unread,
    })
}

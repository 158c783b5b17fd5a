//! The outbox: what has to reach the server, in order.

use rusqlite::{Connection, Transaction, params};

/// What a row sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutboxKind {
    /// A message.
    Message,
    /// A receipt (XEP-0184).
    Receipt,
    /// A displayed marker (XEP-0333).
    Displayed,
}

impl OutboxKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Receipt => "receipt",
            Self::Displayed => "displayed",
        }
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutboxRow {
    pub(crate) id: i64,
    pub(crate) kind: OutboxKind,
    pub(crate) conversation: String,
    pub(crate) wire_id: String,
    /// Of a message.
    pub(crate) text: String,
}

/// Appends a row.
pub(crate) fn push(
    tx: &Transaction<'_>,
    kind: OutboxKind,
    conversation: &str,
    wire_id: &str,
    message: Option<i64>,
) -> rusqlite::Result<()> {
    if kind == OutboxKind::Displayed {
        // A newer marker says all that an older one does.
        tx.execute(
            "DELETE FROM outbox WHERE kind = 'displayed' AND conversation = ?1",
            [conversation],
        )?;
    }
    tx.prepare_cached(
        "INSERT INTO outbox (kind, conversation, wire_id, message) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![kind.as_str(), conversation, wire_id, message])?;
    Ok(())
}

/// Whether nothing waits to be sent.
pub(crate) fn is_empty(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row(
        "SELECT NOT EXISTS (SELECT 1 FROM outbox WHERE kind = 'message')",
        [],
        |row| row.get(0),
    )
}

/// The rows after this one, oldest first.
pub(crate) fn after(db: &Connection, id: i64, limit: usize) -> rusqlite::Result<Vec<OutboxRow>> {
    db.prepare_cached(
        "SELECT o.id, o.kind, o.conversation, o.wire_id, coalesce(m.text, '')
         FROM outbox o LEFT JOIN messages m ON m.id = o.message
         WHERE o.id > ?1 ORDER BY o.id LIMIT ?2",
    )?
    .query_map(
        params![id, i64::try_from(limit).unwrap_or(i64::MAX)],
        |row| {
            let kind: String = row.get(1)?;
            Ok(OutboxRow {
                id: row.get(0)?,
                kind: match kind.as_str() {
                    "receipt" => OutboxKind::Receipt,
                    "displayed" => OutboxKind::Displayed,
                    _ => OutboxKind::Message,
                },
                conversation: row.get(2)?,
                wire_id: row.get(3)?,
                text: row.get(4)?,
            })
        },
    )?
    .collect()
}

/// The server has these: the rows go, their messages are sent. Gives the
/// conversations that changed.
pub(crate) fn sent(tx: &Transaction<'_>, ids: &[i64]) -> rusqlite::Result<Vec<String>> {
    let mut changed = Vec::new();
    for id in ids {
        let message: Option<(Option<i64>, String)> = tx
            .prepare_cached("DELETE FROM outbox WHERE id = ?1 RETURNING message, conversation")?
            .query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?
            .next()
            .transpose()?;
        if let Some((Some(message), conversation)) = message {
            super::messages::sent(tx, message, None)?;
            if !changed.contains(&conversation) {
                changed.push(conversation);
            }
        }
    }
    Ok(changed)
}

/// Removes the row of a message, wherever the news came from that it needs none.
pub(crate) fn remove_message(tx: &Transaction<'_>, message: i64) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM outbox WHERE kind = 'message' AND message = ?1",
        [message],
    )?;
    Ok(())
}

//! Conversations: the rows of the list.

mod summary;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::messages::{State, state_from};
pub(crate) use summary::{Added, added, recount, refresh};

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conversation {
    pub(crate) id: String,
    pub(crate) is_room: bool,
    pub(crate) name: String,
    pub(crate) draft: String,
    pub(crate) unread: u32,
    pub(crate) unread_mentions: u32,
    pub(crate) last: Option<LastMessage>,
}

/// The newest message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastMessage {
    pub(crate) text: String,
    pub(crate) outgoing: bool,
    pub(crate) time_ms: i64,
    pub(crate) state: State,
}

/// Makes sure that a conversation is there.
pub(crate) fn ensure(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO conversations (id, kind) VALUES (?1, 'direct') ON CONFLICT DO NOTHING",
    )?
    .execute([id])?;
    Ok(())
}

/// All conversations, newest activity first; empty ones last by name.
pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<Conversation>> {
    db.prepare_cached(
        "SELECT c.id, coalesce(k.name, c.name, substr(c.id, 1, instr(c.id || '@', '@') - 1)),
                c.draft, c.unread, l.text, l.outgoing, l.time_ms, l.state, l.error,
                c.kind = 'room', c.unread_mentions
         FROM conversations c
         LEFT JOIN contacts k ON k.address = c.id
         LEFT JOIN messages l ON l.id = c.last_message
         ORDER BY l.time_ms IS NULL, l.time_ms DESC, 2",
    )?
    .query_map([], |row| {
        let text: Option<String> = row.get(4)?;
        let last = match text {
            None => None,
            Some(text) => Some(LastMessage {
                text,
                outgoing: row.get(5)?,
                time_ms: row.get(6)?,
                state: state_from(row.get(7)?, row.get(8)?),
            }),
        };
        Ok(Conversation {
            id: row.get(0)?,
            name: row.get(1)?,
            draft: row.get(2)?,
            unread: row.get(3)?,
            last,
            is_room: row.get(9)?,
            unread_mentions: row.get(10)?,
        })
    })?
    .collect()
}

/// Unread messages of the whole account.
pub(crate) fn unread(db: &Connection) -> rusqlite::Result<u32> {
    db.query_row(
        "SELECT coalesce(sum(unread), 0) FROM conversations",
        [],
        |row| row.get(0),
    )
}

/// Keeps what was typed.
pub(crate) fn set_draft(tx: &Transaction<'_>, id: &str, text: &str) -> rusqlite::Result<()> {
    ensure(tx, id)?;
    tx.execute(
        "UPDATE conversations SET draft = ?2 WHERE id = ?1",
        [id, text],
    )?;
    Ok(())
}

/// Up to where the conversation was seen.
pub(crate) fn read_position(db: &Connection, id: &str) -> rusqlite::Result<i64> {
    let found = db
        .query_row(
            "SELECT read_position FROM conversations WHERE id = ?1",
            [id],
            |row| row.get(0),
        )
        .optional()?;
    Ok(found.unwrap_or(0))
}

/// Moves the read position forward, never back; whether it moved.
pub(crate) fn read_up_to(tx: &Transaction<'_>, id: &str, position: i64) -> rusqlite::Result<bool> {
    let moved = tx.execute(
        "UPDATE conversations SET read_position = ?2 WHERE id = ?1 AND read_position < ?2",
        params![id, position],
    )?;
    if moved > 0 {
        summary::count(tx, id)?;
    }
    Ok(moved > 0)
}

//! How far we have read, in step with our other devices (XEP-0490).

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::conversations;

/// What the other devices have to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unpublished {
    pub(crate) conversation: String,
    pub(crate) stanza_id: String,
    /// Who gave the id: the room, rather than our own account.
    pub(crate) by_room: bool,
}

/// This device has read further: to be published, unless the others know as much. In
/// the transaction that moves the read position.
pub(crate) fn publish_later(tx: &Transaction<'_>, conversation: &str) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO displayed (conversation, to_publish)
         SELECT m.conversation, m.stanza_id FROM messages m
         JOIN conversations c ON c.id = m.conversation
         WHERE m.conversation = ?1 AND m.position <= c.read_position AND m.stanza_id IS NOT NULL
         ORDER BY m.position DESC LIMIT 1
         ON CONFLICT (conversation) DO UPDATE SET to_publish = excluded.to_publish
             WHERE published IS NOT excluded.to_publish",
    )?
    .execute([conversation])?;
    Ok(())
}

/// All that has to be published.
pub(crate) fn unpublished(db: &Connection) -> rusqlite::Result<Vec<Unpublished>> {
    db.prepare_cached(
        "SELECT d.conversation, d.to_publish, c.kind = 'room' FROM displayed d
         JOIN conversations c ON c.id = d.conversation WHERE d.to_publish IS NOT NULL",
    )?
    .query_map([], |row| {
        Ok(Unpublished {
            conversation: row.get(0)?,
            stanza_id: row.get(1)?,
            by_room: row.get(2)?,
        })
    })?
    .collect()
}

/// The other devices know this now.
pub(crate) fn published(
    tx: &Transaction<'_>,
    conversation: &str,
    stanza_id: &str,
) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE displayed SET published = ?2, to_publish = nullif(to_publish, ?2)
         WHERE conversation = ?1",
        [conversation, stanza_id],
    )?;
    Ok(())
}

/// Another device has read up to a message; whether that moved anything here.
/// Where the message is not here yet, it is waited for.
pub(crate) fn read_elsewhere(
    tx: &Transaction<'_>,
    conversation: &str,
    stanza_id: &str,
) -> rusqlite::Result<bool> {
    let Some(position) = position_of(tx, conversation, stanza_id)? else {
        tx.execute(
            "INSERT INTO displayed (conversation, awaited, published) VALUES (?1, ?2, ?2)
             ON CONFLICT (conversation) DO UPDATE
                 SET awaited = excluded.awaited, published = excluded.published",
            [conversation, stanza_id],
        )?;
        return Ok(false);
    };
    tx.execute(
        "INSERT INTO displayed (conversation, published) VALUES (?1, ?2)
         ON CONFLICT (conversation) DO UPDATE SET awaited = NULL, published = excluded.published",
        [conversation, stanza_id],
    )?;
    let moved = conversations::read_up_to(tx, conversation, position)?;
    // They are further than what we wanted to say, or say the same.
    tx.execute(
        "UPDATE displayed SET to_publish = NULL WHERE conversation = ?1 AND ?2 >=
             (SELECT position FROM messages m WHERE m.conversation = ?1
                  AND m.stanza_id = displayed.to_publish)",
        params![conversation, position],
    )?;
    Ok(moved)
}

/// Messages came: those that were waited for may be among them. Gives the
/// conversations whose read position moved.
pub(crate) fn settle(tx: &Transaction<'_>) -> rusqlite::Result<Vec<String>> {
    let found: Vec<(String, String)> = tx
        .prepare_cached(
            "SELECT d.conversation, d.awaited FROM displayed d JOIN messages m
             ON m.conversation = d.conversation AND m.stanza_id = d.awaited
             WHERE d.awaited IS NOT NULL",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut moved = Vec::new();
    for (conversation, stanza_id) in found {
        if read_elsewhere(tx, &conversation, &stanza_id)? {
            moved.push(conversation);
        }
    }
    Ok(moved)
}

fn position_of(
    db: &Connection,
    conversation: &str,
    stanza_id: &str,
) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT position FROM messages WHERE conversation = ?1 AND stanza_id = ?2")?
        .query_row([conversation, stanza_id], |row| row.get(0))
        .optional()
}

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

/// All that has to be published. Not where another device has read up to a message
/// that is not here yet: that may be further.
pub(crate) fn unpublished(db: &Connection) -> rusqlite::Result<Vec<Unpublished>> {
    db.prepare_cached(
        "SELECT d.conversation, d.to_publish, c.kind = 'room' FROM displayed d
         JOIN conversations c ON c.id = d.conversation
         WHERE d.to_publish IS NOT NULL AND d.awaited IS NULL",
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

/// What came of hearing how far another device has read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Whether more is read here by that.
    pub(crate) moved: bool,
    /// What was known to all before, where that is further: a device has said late
    /// how far it was, and the next one to come would believe it.
    pub(crate) set_back: Option<String>,
}

/// Another device has read up to a message. Where the message is not here yet, it
/// is waited for.
pub(crate) fn read_elsewhere(
    tx: &Transaction<'_>,
    conversation: &str,
    stanza_id: &str,
) -> rusqlite::Result<Heard> {
    let Some(position) = position_of(tx, conversation, stanza_id)? else {
        tx.execute(
            "INSERT INTO displayed (conversation, awaited, published) VALUES (?1, ?2, ?2)
             ON CONFLICT (conversation) DO UPDATE
                 SET awaited = excluded.awaited, published = excluded.published",
            [conversation, stanza_id],
        )?;
        return Ok(Heard::default());
    };
    let set_back = tx
        .prepare_cached(
            "SELECT d.published FROM displayed d JOIN messages m
             ON m.conversation = d.conversation AND m.stanza_id = d.published
             WHERE d.conversation = ?1 AND m.position > ?2",
        )?
        .query_row(params![conversation, position], |row| row.get(0))
        .optional()?;
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
    Ok(Heard { moved, set_back })
}

/// Says again how far was read, unless there is more to say.
pub(crate) fn publish_again(
    tx: &Transaction<'_>,
    conversation: &str,
    stanza_id: &str,
) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE displayed SET to_publish = coalesce(to_publish, ?2) WHERE conversation = ?1",
        [conversation, stanza_id],
    )?;
    Ok(())
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
        if read_elsewhere(tx, &conversation, &stanza_id)?.moved {
            moved.push(conversation);
        }
    }
    Ok(moved)
}

/// All that was missed is here, of a room or of all others: what is waited for yet
/// is older than what this device has, or is no message.
pub(crate) fn has_all(tx: &Transaction<'_>, room: Option<&str>) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE displayed SET awaited = NULL
         WHERE awaited IS NOT NULL AND CASE WHEN ?1 IS NOT NULL THEN conversation = ?1
             ELSE conversation NOT IN (SELECT id FROM conversations WHERE kind = 'room') END",
    )?
    .execute([room])?;
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    fn waiting(db: &Connection) -> Vec<String> {
        let all = unpublished(db).unwrap().into_iter();
        let mut ids: Vec<String> = all.map(|one| one.stanza_id).collect();
        ids.sort();
        ids
    }

    /// A device whose connection was gone says late how far it was: whoever knows
    /// better says that again.
    #[test]
    fn what_is_known_to_all_is_not_set_back() {
        let mut db = Connection::open_in_memory().unwrap();
        schema::migrate(&mut db).unwrap();
        db.execute_batch(
            "INSERT INTO conversations (id, kind) VALUES ('r@x', 'room');
             INSERT INTO messages (conversation, position, outgoing, author, text, time_ms, state,
                                   stanza_id)
             VALUES ('r@x', 1, 0, 'a', 'a', 1, 1, 'r-1'), ('r@x', 2, 0, 'a', 'b', 1, 1, 'r-2'),
                    ('r@x', 3, 0, 'a', 'c', 1, 1, 'r-3');",
        )
        .unwrap();
        let tx = db.transaction().unwrap();
        let heard = read_elsewhere(&tx, "r@x", "r-2").unwrap();
        assert_eq!((heard.moved, heard.set_back), (true, None));
        let late = read_elsewhere(&tx, "r@x", "r-1").unwrap();
        assert_eq!((late.moved, late.set_back.as_deref()), (false, Some("r-2")));
        assert!(waiting(&tx).is_empty());
        publish_again(&tx, "r@x", "r-2").unwrap();
        assert_eq!(waiting(&tx), ["r-2"]);
        // Somebody else was faster.
        read_elsewhere(&tx, "r@x", "r-2").unwrap();
        assert!(waiting(&tx).is_empty());
        // More than that has been read here.
        conversations::read_up_to(&tx, "r@x", 3).unwrap();
        publish_later(&tx, "r@x").unwrap();
        publish_again(&tx, "r@x", "r-2").unwrap();
        assert_eq!(waiting(&tx), ["r-3"]);
    }

    /// Another device has read up to what this one has not got yet. To say what was
    /// read here would take that back.
    #[test]
    fn nothing_is_said_before_it_is_known_to_be_further() {
        let mut db = Connection::open_in_memory().unwrap();
        schema::migrate(&mut db).unwrap();
        db.execute_batch(
            "INSERT INTO conversations (id, kind) VALUES ('r@x', 'room'), ('bob@x', 'direct');
             INSERT INTO messages (conversation, position, outgoing, author, text, time_ms, state,
                                   stanza_id)
             VALUES ('r@x', 1, 0, 'a', 'old', 1, 1, 'r-1'), ('bob@x', 2, 0, 'b', 'old', 1, 1, 'b-1');
             UPDATE conversations SET read_position = 2;",
        )
        .unwrap();
        let tx = db.transaction().unwrap();
        for (of, id) in [("r@x", "r-9"), ("bob@x", "b-9")] {
            read_elsewhere(&tx, of, id).unwrap();
            publish_later(&tx, of).unwrap();
        }
        assert!(waiting(&tx).is_empty());
        has_all(&tx, Some("r@x")).unwrap();
        assert_eq!(waiting(&tx), ["r-1"]);
        has_all(&tx, None).unwrap();
        assert_eq!(waiting(&tx), ["b-1", "r-1"]);
    }
}

//! How far we have read, in step with our other devices (XEP-0490).

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{archive, conversations};

/// Keys of small values: where all ended when a message began to be waited for.
const SINCE: &str = "awaited:";

/// What the other devices have to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unpublished {
    pub(crate) conversation: String,
    pub(crate) stanza_id: String,
    /// Who gave the id: the room, rather than our own account.
    pub(crate) by_room: bool,
}

/// This device has read further: to be published, unless the others know as much, or
/// more, as they do after [`conversations::mark_unread_from`]. In the transaction that
/// moves the read position.
pub(crate) fn publish_later(tx: &Transaction<'_>, conversation: &str) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO displayed (conversation, to_publish)
         SELECT m.conversation, m.stanza_id FROM messages m
         JOIN conversations c ON c.id = m.conversation
         WHERE m.conversation = ?1 AND m.position <= c.read_position AND m.stanza_id IS NOT NULL
         ORDER BY m.position DESC LIMIT 1
         ON CONFLICT (conversation) DO UPDATE SET to_publish = excluded.to_publish
             WHERE published IS NOT excluded.to_publish
                 AND NOT coalesce(
                     (SELECT position FROM messages
                      WHERE conversation = excluded.conversation
                          AND stanza_id = displayed.published)
                     > (SELECT position FROM messages
                        WHERE conversation = excluded.conversation
                            AND stanza_id = excluded.to_publish), 0)",
    )?
    .execute([conversation])?;
    stop_waiting(tx, conversation)
}

/// Whoever has read here what came after another device had said how far it was, is
/// further than that: even if what it said is never going to come, as it was of no
/// message.
fn stop_waiting(tx: &Transaction<'_>, conversation: &str) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE displayed SET awaited = NULL
         WHERE conversation = ?1 AND awaited IS NOT NULL
             AND (SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?2 || ?1)
                 < (SELECT m.position FROM messages m
                    WHERE m.conversation = ?1 AND m.stanza_id = displayed.to_publish)",
    )?
    .execute([conversation, SINCE])?;
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
        wait_for(tx, conversation, stanza_id)?;
        return Ok(Heard::default());
    };
    let before: Option<(Option<String>, Option<String>)> = tx
        .prepare_cached("SELECT published, to_publish FROM displayed WHERE conversation = ?1")?
        .query_row([conversation], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (published, to_publish) = before.unwrap_or_default();
    let is_at = |id: &Option<String>| match id {
        Some(id) => position_of(tx, conversation, id),
        None => Ok(None),
    };
    let set_back = match is_at(&published)? {
        Some(known) if known > position => published,
        _ => None,
    };
    tx.execute(
        "INSERT INTO displayed (conversation, published) VALUES (?1, ?2)
         ON CONFLICT (conversation) DO UPDATE SET awaited = NULL, published = excluded.published",
        [conversation, stanza_id],
    )?;
    let moved = conversations::read_up_to(tx, conversation, position)?;
    // They are further than what we wanted to say, or say the same.
    if is_at(&to_publish)?.is_some_and(|ours| ours <= position) {
        tx.execute(
            "UPDATE displayed SET to_publish = NULL WHERE conversation = ?1",
            [conversation],
        )?;
    }
    Ok(Heard { moved, set_back })
}

fn wait_for(tx: &Transaction<'_>, conversation: &str, stanza_id: &str) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO displayed (conversation, awaited, published) VALUES (?1, ?2, ?2)
         ON CONFLICT (conversation) DO UPDATE
             SET awaited = excluded.awaited, published = excluded.published",
        [conversation, stanza_id],
    )?;
    tx.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1 || ?2, ?3)")?
        .execute(params![
            SINCE,
            conversation,
            archive::end_position(tx)?.to_string()
        ])?;
    Ok(())
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
            "SELECT d.conversation, d.awaited FROM displayed d
             WHERE d.awaited IS NOT NULL
                 AND (EXISTS (SELECT 1 FROM messages m
                              WHERE m.conversation = d.conversation AND m.stanza_id = d.awaited)
                      OR EXISTS (SELECT 1 FROM message_ids n
                                 WHERE n.conversation = d.conversation AND n.id = d.awaited
                                     AND n.kind = 'edit'))",
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

/// Where a message is that the archive gave this id, or gave it to a correction of the
/// message: there are programs that say so of whatever came last.
fn position_of(
    db: &Connection,
    conversation: &str,
    stanza_id: &str,
) -> rusqlite::Result<Option<i64>> {
    let message = db
        .prepare_cached("SELECT position FROM messages WHERE conversation = ?1 AND stanza_id = ?2")?
        .query_row([conversation, stanza_id], |row| row.get(0))
        .optional()?;
    if message.is_some() {
        return Ok(message);
    }
    // Of several corrections it need not be the last one; then it is known only that
    // it came behind the message.
    db.prepare_cached(
        "SELECT max(m.position, CASE WHEN (SELECT count(*) FROM message_versions v
                                           WHERE v.message = m.id) = 1
                                     THEN coalesce(m.edit_position, m.position)
                                     ELSE m.position END)
         FROM message_ids n JOIN messages m ON m.id = n.message
         WHERE n.conversation = ?1 AND n.id = ?2 AND n.kind = 'edit' LIMIT 1",
    )?
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

    /// Two messages, of which the first was corrected after the second had come.
    fn corrected(edits: i64) -> Connection {
        let mut db = Connection::open_in_memory().unwrap();
        schema::migrate(&mut db).unwrap();
        db.execute_batch(
            "INSERT INTO conversations (id, kind) VALUES ('bob@x', 'direct');
             INSERT INTO messages (id, conversation, position, outgoing, author, text, time_ms,
                                   state, stanza_id, edited_ms, edit_position)
             VALUES (1, 'bob@x', 1, 0, 'bob@x', 'a', 1, 1, 'b-1', 3, 3),
                    (2, 'bob@x', 2, 0, 'bob@x', 'b', 1, 1, 'b-2', NULL, NULL);",
        )
        .unwrap();
        for edit in 1..=edits {
            db.execute(
                "INSERT INTO message_ids (conversation, id, message, kind)
                 VALUES ('bob@x', ?1, 1, 'edit')",
                [format!("e-{edit}")],
            )
            .unwrap();
            db.execute(
                "INSERT INTO message_versions (message, text, time_ms) VALUES (1, 'v', ?1)",
                [edit],
            )
            .unwrap();
        }
        db
    }

    #[test]
    fn whoever_has_read_a_correction_has_read_what_came_before_it() {
        for (edits, read) in [(1, 3), (2, 1)] {
            let mut db = corrected(edits);
            let tx = db.transaction().unwrap();
            assert!(read_elsewhere(&tx, "bob@x", "e-1").unwrap().moved);
            let position = conversations::read_position(&tx, "bob@x").unwrap();
            assert_eq!(position, read, "{edits}");
            // Nothing is waited for.
            conversations::read_up_to(&tx, "bob@x", 9).unwrap();
            publish_later(&tx, "bob@x").unwrap();
            assert_eq!(waiting(&tx), ["b-2"]);
        }
    }

    #[test]
    fn a_correction_that_is_waited_for_settles_it() {
        let mut db = corrected(1);
        let tx = db.transaction().unwrap();
        tx.execute("UPDATE message_ids SET id = 'other'", [])
            .unwrap();
        read_elsewhere(&tx, "bob@x", "e-1").unwrap();
        assert_eq!(settle(&tx).unwrap(), Vec::<String>::new());
        tx.execute("UPDATE message_ids SET id = 'e-1'", []).unwrap();
        assert_eq!(settle(&tx).unwrap(), ["bob@x"]);
        assert_eq!(settle(&tx).unwrap(), Vec::<String>::new());
    }

    /// Another device may say that of a receipt, which is no message here nor will be.
    #[test]
    fn what_never_comes_is_waited_for_until_more_was_read_here() {
        let mut db = corrected(1);
        let tx = db.transaction().unwrap();
        read_elsewhere(&tx, "bob@x", "receipt").unwrap();
        conversations::read_up_to(&tx, "bob@x", 2).unwrap();
        publish_later(&tx, "bob@x").unwrap();
        assert!(waiting(&tx).is_empty(), "that came before");
        tx.execute(
            "INSERT INTO messages (conversation, position, outgoing, author, text, time_ms,
                                   state, stanza_id)
             VALUES ('bob@x', 4, 0, 'bob@x', 'c', 1, 1, 'b-4')",
            [],
        )
        .unwrap();
        conversations::read_up_to(&tx, "bob@x", 4).unwrap();
        publish_later(&tx, "bob@x").unwrap();
        assert_eq!(waiting(&tx), ["b-4"]);
    }
}

//! The one order of messages is that of the archive.
//!
//! What comes live has the place in which it came. Where a message of ours
//! crossed one of others, nobody but the archive knows which was first: a page
//! of it puts right what stands otherwise.

use rusqlite::{OptionalExtension, Transaction, params};

use super::messages::{FAILED, SENT, WAITING};
use super::{archive, conversations};

/// Puts messages into the order in which a page of the archive has them, each
/// named by its conversation and archive id. All of them belong behind `floor`.
pub(crate) fn follow<'a>(
    tx: &Transaction<'_>,
    floor: i64,
    page: impl Iterator<Item = (&'a str, &'a str)>,
) -> rusqlite::Result<()> {
    let mut last = floor;
    // With up to where they were read before anything was moved.
    let mut moved: Vec<(&str, i64)> = Vec::new();
    for (conversation, stanza_id) in page {
        let found: Option<(i64, i64)> = tx
            .prepare_cached(
                "SELECT id, position FROM messages WHERE conversation = ?1 AND stanza_id = ?2",
            )?
            .query_row([conversation, stanza_id], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((id, position)) = found else {
            continue;
        };
        if position > last {
            last = position;
            continue;
        }
        let known = moved.iter().find(|(known, _)| *known == conversation);
        let read = match known {
            Some((_, read)) => *read,
            None => {
                let read = conversations::read_position(tx, conversation)?;
                moved.push((conversation, read));
                read
            }
        };
        last = archive::end_position(tx)? + 1;
        put(tx, id, last, read)?;
    }
    for (conversation, read) in moved {
        waiting_last(tx, conversation, read)?;
    }
    Ok(())
}

/// What waits in a conversation, in its order. All of it is in the outbox, which is
/// short; CROSS keeps SQLite from going through the messages, which are many.
const WAIT: &str = "SELECT m.id, m.position FROM outbox o CROSS JOIN messages m ON m.id = o.message
    WHERE o.conversation = ?1 AND o.kind = 'message' AND m.outgoing = 1 AND m.state = ?2
    ORDER BY m.position, m.id";

/// What has not been sent yet comes after all that was.
fn waiting_last(tx: &Transaction<'_>, conversation: &str, read: i64) -> rusqlite::Result<()> {
    let waiting: Vec<i64> = tx
        .prepare_cached(WAIT)?
        .query_map(params![conversation, WAITING], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in waiting {
        put(tx, id, archive::end_position(tx)? + 1, read)?;
    }
    Ok(())
}

/// Another device of ours has sent something, and the server does not say which id
/// the archive has for it: nothing will tell it from what this device sends, so what
/// waits here goes behind it at once.
pub(crate) fn behind_other_device(
    tx: &Transaction<'_>,
    conversation: &str,
) -> rusqlite::Result<()> {
    let read = conversations::read_position(tx, conversation)?;
    waiting_last(tx, conversation, read)
}

/// A message of ours that waited is at the server: it comes after what arrived
/// meanwhile, as in the archive, and so do those that still wait.
pub(crate) fn behind_what_came(
    tx: &Transaction<'_>,
    id: i64,
    conversation: &str,
    position: i64,
) -> rusqlite::Result<()> {
    let waiting: Vec<(i64, i64)> = tx
        .prepare_cached(WAIT)?
        .query_map(params![conversation, WAITING], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    // Those that wait before it went before it, even if the news of it came first.
    let first = waiting
        .first()
        .map_or(position, |(_, at)| position.min(*at));
    // Also what another device of ours sent; what this one sent has no archive id
    // yet, and is behind it in the archive, too.
    let arrived_after: bool = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM messages
                        WHERE conversation = ?1 AND position > ?2
                            AND (outgoing = 0 OR stanza_id IS NOT NULL))",
        params![conversation, first],
        |row| row.get(0),
    )?;
    if arrived_after {
        // By as little as will do: this happens often.
        let by = archive::end_position(tx)? + 1 - first;
        let others = waiting.iter().map(|(other, _)| *other);
        let mut put_behind =
            tx.prepare_cached("UPDATE messages SET position = position + ?2 WHERE id = ?1")?;
        for id in others.filter(|other| *other != id).chain([id]) {
            put_behind.execute([id, by])?;
        }
    }
    Ok(())
}

/// A message of ours whose files are there can go at last. Where others of ours went
/// before it, it comes after them, and so does what waits behind it.
pub(crate) fn behind_what_went(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    let (conversation, position): (String, i64) = tx.query_row(
        "SELECT conversation, position FROM messages WHERE id = ?1",
        [id],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let went: bool = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM messages m
                        WHERE m.conversation = ?1 AND m.position > ?2 AND m.outgoing = 1
                            AND m.state <> ?3
                            AND NOT EXISTS (SELECT 1 FROM outbox o
                                            WHERE o.message = m.id AND o.kind = 'message'
                                                AND o.attempted = 0))",
        params![conversation, position, FAILED],
        |row| row.get(0),
    )?;
    if !went {
        return Ok(());
    }
    let read = conversations::read_position(tx, &conversation)?;
    let behind: Vec<i64> = tx
        .prepare_cached(
            "SELECT m.id FROM messages m JOIN outbox o ON o.message = m.id AND o.kind = 'message'
             WHERE m.conversation = ?1 AND m.position >= ?2 AND o.attempted = 0
             ORDER BY m.position, m.id",
        )?
        .query_map(params![conversation, position], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in behind {
        put(tx, id, archive::end_position(tx)? + 1, read)?;
    }
    Ok(())
}

/// A message that is here, and was found among what was missed: there is its
/// place.
pub(crate) fn place_in_gap(tx: &Transaction<'_>, id: i64, gap: i64) -> rusqlite::Result<()> {
    let (position, read): (i64, i64) = tx.query_row(
        "SELECT m.position, c.read_position
         FROM messages m JOIN conversations c ON c.id = m.conversation WHERE m.id = ?1",
        [id],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if !archive::holds(tx, gap, position)?
        && let Some(position) = archive::take_position(tx, gap)?
    {
        put(tx, id, position, read)?;
        // It is not one that waits any more, so nothing else moves it.
        tx.execute(
            "UPDATE messages SET state = ?2, error = NULL WHERE id = ?1 AND state IN (?3, ?4)",
            params![id, SENT, WAITING, FAILED],
        )?;
    }
    Ok(())
}

/// Moves a message. What was read, up to `read`, stays read.
fn put(tx: &Transaction<'_>, id: i64, position: i64, read: i64) -> rusqlite::Result<()> {
    let (conversation, before, outgoing): (String, i64, bool) = tx.query_row(
        "SELECT conversation, position, outgoing FROM messages WHERE id = ?1",
        [id],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    tx.execute(
        "UPDATE messages SET position = ?2 WHERE id = ?1",
        params![id, position],
    )?;
    if !outgoing && before <= read {
        conversations::moved_read(tx, &conversation, position)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, StatementStatus};

    use super::*;
    use crate::store::schema;

    /// Conversation `b` with messages at positions from 1 on: `+` comes in, `-` was
    /// sent, `?` waits. Each has its number as its text and, unless it waits, as
    /// its archive id.
    fn cache(messages: &str) -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        connection
            .execute(
                "INSERT INTO conversations (id, kind) VALUES ('b', 'direct')",
                [],
            )
            .unwrap();
        for (number, kind) in (1..).zip(messages.chars()) {
            connection
                .execute(
                    "INSERT INTO messages (conversation, position, outgoing, author, text, time_ms,
                                           stanza_id, state)
                     VALUES ('b', ?1, ?2, '', ?1, 0, ?3, ?4)",
                    params![
                        number,
                        kind != '+',
                        (kind != '?').then(|| number.to_string()),
                        if kind == '?' { WAITING } else { SENT }
                    ],
                )
                .unwrap();
            if kind == '?' {
                let id = connection.last_insert_rowid();
                connection
                    .execute(
                        "INSERT INTO outbox (kind, conversation, wire_id, message)
                         VALUES ('message', 'b', ?1, ?1)",
                        [id],
                    )
                    .unwrap();
            }
        }
        connection
    }

    fn texts(tx: &Transaction<'_>) -> String {
        tx.prepare("SELECT text FROM messages ORDER BY position, id")
            .unwrap()
            .query_map([], |row| row.get::<_, String>(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    fn unread(tx: &Transaction<'_>) -> i64 {
        tx.query_row(
            "SELECT count(*) FROM messages, conversations
             WHERE position > read_position AND outgoing = 0",
            [],
            |row| row.get(0),
        )
        .unwrap()
    }

    fn page(ids: &str) -> Vec<String> {
        ids.chars().map(String::from).collect()
    }

    #[test]
    fn a_page_sets_the_order_and_what_was_read_stays_read() {
        // Messages here, what the archive has, what shows then, unread of how many
        // when so many positions were read.
        for (here, archive, shown, read, left) in [
            ("-+", "12", "12", 0, 1),
            ("-+", "21", "21", 1, 1),
            ("-+", "21", "21", 2, 0),
            ("-++", "213", "213", 2, 1),
            ("+-+?", "213", "2134", 1, 1),
            ("-+?+", "214", "2143", 2, 1),
            ("++-+", "123", "1234", 2, 1),
        ] {
            let mut connection = cache(here);
            let tx = connection.transaction().unwrap();
            conversations::read_up_to(&tx, "b", read).unwrap();
            let ids = page(archive);
            follow(&tx, i64::MIN, ids.iter().map(|id| ("b", id.as_str()))).unwrap();
            assert_eq!(texts(&tx), shown, "{here} {archive}");
            assert_eq!(unread(&tx), left, "{here} {archive} {read}");
        }
    }

    #[test]
    fn a_mark_stays_where_messages_move() {
        let mut connection = cache("+-");
        let tx = connection.transaction().unwrap();
        conversations::read_up_to(&tx, "b", 1).unwrap();
        conversations::mark_unread(&tx, "b").unwrap();
        let ids = page("21");
        follow(&tx, i64::MIN, ids.iter().map(|id| ("b", id.as_str()))).unwrap();
        assert_eq!(unread(&tx), 0);
        let marked: bool = tx
            .query_row("SELECT marked_unread FROM conversations", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert!(marked);
    }

    #[test]
    fn what_waited_comes_behind_what_came_whatever_is_known_first() {
        for (here, settled, shown) in [
            ("+??", "23", "123"),
            ("??+", "12", "312"),
            ("??+", "21", "312"),
            ("?+?", "31", "213"),
            ("??-", "12", "312"),
        ] {
            let mut connection = cache(here);
            let tx = connection.transaction().unwrap();
            for number in settled.chars() {
                let id: i64 = number.to_string().parse().unwrap();
                super::super::messages::sent(&tx, id).unwrap();
            }
            assert_eq!(texts(&tx), shown, "{here} {settled}");
        }
    }

    /// Else each confirmed message of ours would read its whole conversation.
    #[test]
    fn what_waits_is_found_without_going_through_the_conversation() {
        let connection = cache(&format!("{}?", "+".repeat(2_000)));
        let mut statement = connection.prepare(WAIT).unwrap();
        let found = statement.query_map(params!["b", WAITING], |_| Ok(()));
        assert_eq!(found.unwrap().count(), 1);
        assert!(statement.get_status(StatementStatus::VmStep) < 200);
    }

    #[test]
    fn what_is_found_in_a_gap_goes_there_once() {
        let mut connection = cache("+?+");
        let tx = connection.transaction().unwrap();
        archive::open_gap(&tx, archive::OWN, Some("1"), "9").unwrap();
        let gap = archive::gaps(&tx, archive::OWN).unwrap().remove(0);
        place_in_gap(&tx, 3, gap.id).unwrap();
        place_in_gap(&tx, 2, gap.id).unwrap();
        place_in_gap(&tx, 3, gap.id).unwrap();
        assert_eq!(texts(&tx), "123");
        let filled = archive::gaps(&tx, archive::OWN).unwrap()[0].filled;
        assert_eq!(filled, 2);
        let waits: bool = tx
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM messages WHERE state = ?1)",
                [WAITING],
                |row| row.get(0),
            )
            .unwrap();
        assert!(!waits);
    }
}

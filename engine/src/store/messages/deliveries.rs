//! Who has a message of ours, and since when.

use std::collections::HashMap;

use jid::BareJid;
use rusqlite::{Connection, OptionalExtension, params};

use crate::store::contacts;
use crate::store::rooms::members;

/// What is known of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) name: String,
    /// Bare, where it is known: rooms may hide it.
    pub(crate) address: Option<String>,
    pub(crate) delivered_ms: Option<i64>,
    pub(crate) read_ms: Option<i64>,
}

/// Everybody who is known to have a message, first those who have seen it.
/// Whoever has seen a later one has seen this one, at the latest then.
pub(crate) fn deliveries(db: &Connection, id: i64) -> rusqlite::Result<Vec<Delivery>> {
    let mut found: Vec<(Option<String>, String, Delivery)> = db
        .prepare_cached(
            "SELECT d.person, max(d.name),
                    min(CASE WHEN t.id = m.id THEN d.delivered_ms END), min(d.read_ms)
             FROM messages m JOIN deliveries d ON d.conversation = m.conversation
             JOIN messages t ON t.id = d.message AND t.position >= m.position
             WHERE m.id = ?1 AND (d.read_ms IS NOT NULL OR t.id = m.id)
             GROUP BY d.person
             ORDER BY min(d.read_ms) IS NULL, min(d.read_ms), d.person",
        )?
        .query_map(params![id], |row| {
            let read_ms: Option<i64> = row.get(3)?;
            let delivery = Delivery {
                name: String::new(),
                address: None,
                delivered_ms: row.get::<_, Option<i64>>(2)?.or(read_ms),
                read_ms,
            };
            Ok((row.get(1)?, row.get(0)?, delivery))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let known = occupants(db, id)?;
    for (name, person, delivery) in &mut found {
        delivery.address = known.get(person).cloned().or_else(|| bare(person));
        delivery.name = match name.take() {
            Some(name) => name,
            None => contacts::name(db, person)?,
        };
    }
    Ok(found.into_iter().map(|(_, _, delivery)| delivery).collect())
}

/// Who the occupant ids (XEP-0421) of the message's room stand for, as far as the room
/// says so.
fn occupants(db: &Connection, id: i64) -> rusqlite::Result<HashMap<String, String>> {
    let room: Option<String> = db
        .prepare_cached("SELECT conversation FROM messages WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let Some(room) = room else {
        return Ok(HashMap::new());
    };
    let all = members::all(db, &room)?;
    Ok(all
        .into_iter()
        .filter_map(|member| Some((member.occupant_id?, member.address?)))
        .collect())
}

/// What is known by its address alone: not somebody's place in a room that hides people.
fn bare(person: &str) -> Option<String> {
    let jid = BareJid::new(person).ok()?;
    // An occupant id reads like a domain.
    jid.node().is_some().then(|| jid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    fn cache() -> Connection {
        let mut db = Connection::open_in_memory().unwrap();
        schema::migrate(&mut db).unwrap();
        db
    }

    /// Three messages of ours in a room, and who has what since when.
    fn room() -> Connection {
        let db = cache();
        db.execute_batch(
            "INSERT INTO conversations (id, kind) VALUES ('r@x', 'room'), ('q@x', 'room');
             INSERT INTO messages (id, conversation, position, outgoing, author, text, time_ms,
                                   state)
             VALUES (1, 'r@x', 10, 1, 'me@x', 'a', 1, 1), (2, 'r@x', 20, 1, 'me@x', 'b', 2, 1),
                    (3, 'q@x', 30, 1, 'me@x', 'c', 3, 1);
             INSERT INTO contacts (address, name, subscription) VALUES ('anna@x', 'Anna', 'both');
             INSERT INTO deliveries (conversation, message, person, name, delivered_ms, read_ms)
             VALUES ('r@x', 1, 'bob', 'Bob', 100, NULL), ('r@x', 2, 'bob', 'Bob', 210, 250),
                    ('r@x', 1, 'anna@x', NULL, 110, NULL), ('r@x', 1, 'carl', 'Carl', 90, 240),
                    ('q@x', 3, 'dora', 'Dora', 1, 1);",
        )
        .unwrap();
        db
    }

    fn shown(db: &Connection, id: i64) -> Vec<(String, Option<i64>, Option<i64>)> {
        let all = deliveries(db, id).unwrap().into_iter();
        all.map(|one| (one.name, one.delivered_ms, one.read_ms))
            .collect()
    }

    #[test]
    fn who_has_seen_a_later_one_has_seen_this_one() {
        let db = room();
        let wanted = [
            ("Carl", Some(90), Some(240)),
            ("Bob", Some(100), Some(250)),
            // By the name that we know, where none was said.
            ("Anna", Some(110), None),
        ];
        let wanted = wanted.map(|(name, delivered, read)| (name.to_owned(), delivered, read));
        assert_eq!(shown(&db, 1), wanted);
    }

    #[test]
    fn what_is_known_of_an_earlier_one_or_of_another_room_says_nothing() {
        let db = room();
        let bob = ("Bob".to_owned(), Some(210), Some(250));
        assert_eq!(shown(&db, 2), [bob]);
        assert_eq!(shown(&db, 3).len(), 1);
        assert!(shown(&db, 4).is_empty());
    }

    #[test]
    fn readers_are_told_apart_by_their_addresses_under_whatever_name() {
        let db = room();
        db.execute_batch(
            "INSERT INTO room_members (room, key, address, occupant_id, nick, affiliation)
             VALUES ('r@x', 'bob@x', 'bob@x', 'bob', 'Robert', 'member'),
                    ('q@x', 'eve@x', 'eve@x', 'carl', 'Eve', 'member');
             INSERT INTO deliveries (conversation, message, person, name, delivered_ms, read_ms)
             VALUES ('r@x', 1, 'r@x/dora', 'dora', 100, NULL);",
        )
        .unwrap();
        let all = deliveries(&db, 1).unwrap();
        let of = |name: &str| all.iter().find(|one| one.name == name).unwrap();
        assert_eq!(of("Bob").address.as_deref(), Some("bob@x"));
        assert_eq!(of("Anna").address.as_deref(), Some("anna@x"));
        // What another room says of an id says nothing here.
        assert_eq!(of("Carl").address, None);
        assert_eq!(of("dora").address, None);
    }
}

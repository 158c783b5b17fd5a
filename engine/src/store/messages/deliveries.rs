//! Who has a message of ours, and since when.

use rusqlite::{Connection, params};

use crate::store::contacts;

/// What is known of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) name: String,
    pub(crate) delivered_ms: Option<i64>,
    pub(crate) read_ms: Option<i64>,
}

/// Everybody who is known to have a message, first those who have seen it.
/// Whoever has seen a later one has seen this one, at the latest then.
pub(crate) fn deliveries(db: &Connection, id: i64) -> rusqlite::Result<Vec<Delivery>> {
    let mut found: Vec<(Option<String>, Delivery)> = db
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
                name: row.get(0)?,
                delivered_ms: row.get::<_, Option<i64>>(2)?.or(read_ms),
                read_ms,
            };
            Ok((row.get(1)?, delivery))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (name, delivery) in &mut found {
        delivery.name = match name.take() {
            Some(name) => name,
            None => contacts::name(db, &delivery.name)?,
        };
    }
    Ok(found.into_iter().map(|(_, delivery)| delivery).collect())
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
}

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

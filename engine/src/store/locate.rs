//! Where in a conversation something is: by the archive's id, or by time.

use rusqlite::{Connection, OptionalExtension, params};

use super::archive;
use crate::search::merge;
use crate::search::terms::Terms;

/// Clocks of servers that write one archive differ by at most this.
const SKEW_MS: i64 = 60_000;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The message with this id of the archive, written then.
    Archived { id: String, time_ms: i64 },
    /// The first message from a time on.
    From(i64),
}

/// What the cache knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Located {
    /// It is here.
    Here(i64),
    /// It may be in the newest gap below a position; the nearest that is here.
    Missing { below: i64, nearest: Option<i64> },
    /// There is no such message.
    Nowhere,
}

/// Looks for a message.
pub(crate) fn locate(
    db: &Connection,
    conversation: &str,
    target: &Target,
) -> rusqlite::Result<Located> {
    match target {
        Target::Archived { id, time_ms } => archived(db, conversation, id, *time_ms),
        Target::From(time_ms) => from(db, conversation, *time_ms),
    }
}

fn archived(
    db: &Connection,
    conversation: &str,
    id: &str,
    time_ms: i64,
) -> rusqlite::Result<Located> {
    let known = db
        .prepare_cached("SELECT id FROM messages WHERE conversation = ?1 AND stanza_id = ?2")?
        .query_row([conversation, id], |row| row.get(0))
        .optional()?;
    if let Some(known) = known {
        return Ok(Located::Here(known));
    }
    let newer = first_from(db, conversation, time_ms.saturating_add(1))?;
    let below = newer.map_or(i64::MAX, |(_, position)| position);
    let Some(gap) = archive::gap_below(db, conversation, below)? else {
        return Ok(Located::Nowhere);
    };
    // What is right above the gap is older than what is looked for: it is not in there.
    let above: Option<i64> = db
        .prepare_cached(
            "SELECT time_ms FROM messages WHERE conversation = ?1 AND position >= ?2
             ORDER BY position LIMIT 1",
        )?
        .query_row(params![conversation, gap.next_position], |row| row.get(0))
        .optional()?;
    if above.is_some_and(|above| above < time_ms.saturating_sub(SKEW_MS)) {
        return Ok(Located::Nowhere);
    }
    let nearest = newer.map(|(id, _)| id);
    Ok(Located::Missing { below, nearest })
}

fn from(db: &Connection, conversation: &str, time_ms: i64) -> rusqlite::Result<Located> {
    let Some((id, position)) = first_from(db, conversation, time_ms)? else {
        return Ok(Located::Nowhere);
    };
    let before: Option<i64> = db
        .prepare_cached(
            "SELECT max(position) FROM messages WHERE conversation = ?1 AND position < ?2",
        )?
        .query_row(params![conversation, position], |row| row.get(0))?;
    let gap = archive::gap_below(db, conversation, position)?;
    Ok(
        if gap.is_some_and(|gap| gap.next_position > before.unwrap_or(i64::MIN)) {
            Located::Missing {
                below: position,
                nearest: Some(id),
            }
        } else {
            Located::Here(id)
        },
    )
}

/// Whether a conversation has messages from a time on and before another.
pub(crate) fn has_between(
    db: &Connection,
    conversation: &str,
    from_ms: i64,
    to_ms: i64,
) -> rusqlite::Result<bool> {
    let mut found = db.prepare_cached(
        "SELECT m.time_ms FROM message_words w JOIN messages m ON m.id = w.rowid & 2147483647
         WHERE message_words MATCH ?1 AND w.rowid >= ?2 AND w.rowid < ?3
         ORDER BY w.rowid",
    )?;
    let range = params![
        words(conversation),
        merge::from(from_ms),
        merge::before(to_ms)
    ];
    // The index knows seconds.
    for time_ms in found.query_map(range, |row| row.get::<_, i64>(0))? {
        if (from_ms..to_ms).contains(&time_ms?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Id and position of the first message that was written from a time on.
fn first_from(
    db: &Connection,
    conversation: &str,
    time_ms: i64,
) -> rusqlite::Result<Option<(i64, i64)>> {
    let mut found = db.prepare_cached(
        "SELECT m.time_ms, m.id, m.position
         FROM message_words w CROSS JOIN messages m ON m.id = w.rowid & 2147483647
         WHERE message_words MATCH ?1 AND w.rowid >= ?2 AND m.time_ms >= ?3
         ORDER BY w.rowid",
    )?;
    let mut rows = found.query(params![words(conversation), merge::from(time_ms), time_ms])?;
    // Within a second the index has the order in which messages came here.
    let mut first: Option<(i64, i64, i64)> = None;
    while let Some(row) = rows.next()? {
        let (written, id, position): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        match first {
            Some((at, ..)) if at.div_euclid(1_000) != written.div_euclid(1_000) => break,
            Some((_, _, known)) if known <= position => {}
            _ => first = Some((written, id, position)),
        }
    }
    Ok(first.map(|(_, id, position)| (id, position)))
}

/// The index row of every message of a conversation has these.
fn words(conversation: &str) -> Option<String> {
    let mut terms = Terms::default();
    terms.in_conversation(conversation);
    terms.expression()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    const DAY: i64 = 86_400_000;

    /// Bob's messages, one a day from day 100 on, each with its day as archive id;
    /// Eve has one each day too. Below them, all is missing.
    fn cache() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let tx = connection.transaction().unwrap();
        for id in ["bob@a", "eve@a"] {
            tx.execute(
                "INSERT INTO conversations (id, kind) VALUES (?1, 'direct')",
                [id],
            )
            .unwrap();
        }
        archive::open_gap(&tx, archive::OWN, None, "bob@a 100").unwrap();
        for day in 100..110 {
            for (which, id) in (0..).zip(["bob@a", "eve@a"]) {
                tx.execute(
                    "INSERT INTO messages (conversation, position, outgoing, author, text,
                                           time_ms, stanza_id)
                     VALUES (?1, ?2, 0, ?1, 'x', ?3, ?1 || ' ' || ?4)",
                    params![id, day * 2 + which, day * DAY, day],
                )
                .unwrap();
            }
        }
        crate::store::search::index(&tx).unwrap();
        tx.commit().unwrap();
        connection
    }

    fn day_of(db: &Connection, id: i64) -> i64 {
        db.query_row("SELECT time_ms FROM messages WHERE id = ?1", [id], |row| {
            Ok(row.get::<_, i64>(0)? / DAY)
        })
        .unwrap()
    }

    fn archived(day: i64) -> Target {
        Target::Archived {
            id: format!("bob@a {day}"),
            time_ms: day * DAY,
        }
    }

    #[test]
    fn what_is_here_is_found_by_id_and_by_time() {
        let db = cache();
        let Located::Here(id) = locate(&db, "bob@a", &archived(104)).unwrap() else {
            panic!("not found");
        };
        assert_eq!(day_of(&db, id), 104);
        for (time_ms, day) in [(104 * DAY, 104), (104 * DAY + 1, 105), (101 * DAY - 5, 101)] {
            let Located::Here(id) = locate(&db, "bob@a", &Target::From(time_ms)).unwrap() else {
                panic!("not found");
            };
            assert_eq!(day_of(&db, id), day, "{time_ms}");
        }
        let after = Target::From(109 * DAY + 1);
        assert_eq!(locate(&db, "bob@a", &after).unwrap(), Located::Nowhere);
    }

    #[test]
    fn what_is_missing_is_in_the_gap_where_its_time_is() {
        let mut db = cache();
        for target in [
            archived(40),
            Target::From(40 * DAY),
            Target::From(100 * DAY),
        ] {
            let found = locate(&db, "bob@a", &target).unwrap();
            assert!(
                matches!(found, Located::Missing { below: 200, nearest: Some(id) } if day_of(&db, id) == 100),
                "{found:?}"
            );
        }
        // Between messages that are here, nothing is missing.
        let gone = Target::Archived {
            id: "removed".into(),
            time_ms: 104 * DAY + 5,
        };
        assert_eq!(locate(&db, "bob@a", &gone).unwrap(), Located::Nowhere);
        // Once all of it was fetched, there is nothing to wait for.
        let tx = db.transaction().unwrap();
        let gap = archive::gaps(&tx, archive::OWN).unwrap().remove(0);
        archive::shrink_conversation(&tx, gap.id, "bob@a", "x", true).unwrap();
        tx.commit().unwrap();
        assert_eq!(
            locate(&db, "bob@a", &archived(40)).unwrap(),
            Located::Nowhere
        );
        let first = locate(&db, "bob@a", &Target::From(40 * DAY)).unwrap();
        assert!(matches!(first, Located::Here(id) if day_of(&db, id) == 100));
        assert!(matches!(
            locate(&db, "eve@a", &Target::From(40 * DAY)).unwrap(),
            Located::Missing { .. }
        ));
    }

    #[test]
    fn days_are_told_to_the_millisecond() {
        let db = cache();
        let has = |from: i64, to: i64| has_between(&db, "bob@a", from, to).unwrap();
        assert!(has(104 * DAY, 105 * DAY));
        assert!(has(104 * DAY, 104 * DAY + 1));
        assert!(!has(104 * DAY + 1, 105 * DAY));
        assert!(!has(0, 100 * DAY));
        assert!(!has_between(&db, "nobody@a", 0, 200 * DAY).unwrap());
    }
}

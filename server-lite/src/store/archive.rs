//! The archive (XEP-0313): every account's own copy of its messages.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

/// A message to be stored for one owner.
#[derive(Debug, Clone)]
pub(crate) struct NewMessage {
    pub(crate) owner: String,
    pub(crate) stanza_id: String,
    pub(crate) peer: String,
    pub(crate) outgoing: bool,
    pub(crate) origin_id: Option<String>,
    /// Whether it waits for a session of the owner.
    pub(crate) undelivered: bool,
    pub(crate) xml: String,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// It is in the archive now.
    New {
        /// Row id.
        id: i64,
        /// The time it got.
        time_ms: i64,
    },
    /// The same owner has sent it to the same peer before.
    Repeated,
}

/// A stored message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArchivedMessage {
    pub(crate) id: i64,
    pub(crate) stanza_id: String,
    pub(crate) time_ms: i64,
    pub(crate) xml: String,
}

/// Stores a message. Its time never falls behind the one before, whatever the
/// clock of the machine does.
pub(crate) fn insert(
    tx: &Transaction<'_>,
    message: &NewMessage,
    now_ms: i64,
) -> rusqlite::Result<Stored> {
    let last: Option<i64> = tx
        .prepare_cached("SELECT time_ms FROM archive ORDER BY id DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let time_ms = now_ms.max(last.unwrap_or(i64::MIN));
    let made = tx
        .prepare_cached(
            "INSERT INTO archive
                 (owner, stanza_id, peer, outgoing, time_ms, origin_id, undelivered, xml)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (owner, peer, origin_id) WHERE outgoing = 1 AND origin_id IS NOT NULL
             DO NOTHING",
        )?
        .execute(params![
            message.owner,
            message.stanza_id,
            message.peer,
            message.outgoing,
            time_ms,
            message.origin_id,
            message.undelivered,
            message.xml
        ])?;
    Ok(match made {
        0 => Stored::Repeated,
        _ => Stored::New {
            id: tx.last_insert_rowid(),
            time_ms,
        },
    })
}

/// Which messages of an archive are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) peer: Option<String>,
    pub(crate) start_ms: Option<i64>,
    pub(crate) end_ms: Option<i64>,
    /// Stanza ids, exclusive (XEP-0313, "extended").
    pub(crate) after_id: Option<String>,
    pub(crate) before_id: Option<String>,
    /// Just these.
    pub(crate) ids: Vec<String>,
}

/// Which page of the result (XEP-0059).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Page {
    /// The first ones after this stanza id, or from the start.
    After(Option<String>),
    /// The last ones before this stanza id, or up to the end.
    Before(Option<String>),
}

/// One page of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// In the order of the archive.
    pub(crate) messages: Vec<ArchivedMessage>,
    /// Whether nothing is left beyond the page in its direction.
    pub(crate) complete: bool,
    /// How many fit the filter in all.
    pub(crate) count: u64,
}

/// Reads a page; `None` if it refers to a message that is not there.
pub(crate) fn query(
    db: &Connection,
    owner: &str,
    filter: &Filter,
    page: &Page,
    max: usize,
) -> rusqlite::Result<Option<Found>> {
    let mut clause = String::from("owner = ?");
    let mut values = vec![Value::from(owner.to_owned())];
    let mut add = |text: &str, value: Value| {
        clause.push_str(text);
        values.push(value);
    };
    if let Some(peer) = &filter.peer {
        add(" AND peer = ?", peer.clone().into());
    }
    if let Some(start) = filter.start_ms {
        add(" AND time_ms >= ?", start.into());
    }
    if let Some(end) = filter.end_ms {
        add(" AND time_ms <= ?", end.into());
    }
    for (id, text) in [
        (&filter.after_id, " AND id > ?"),
        (&filter.before_id, " AND id < ?"),
    ] {
        if let Some(id) = id {
            let Some(row) = row_of(db, owner, id)? else {
                return Ok(None);
            };
            add(text, row.into());
        }
    }
    if !filter.ids.is_empty() {
        let mut rows = Vec::new();
        for id in &filter.ids {
            let Some(row) = row_of(db, owner, id)? else {
                return Ok(None);
            };
            rows.push(row.to_string());
        }
        // Numbers that we made ourselves.
        clause.push_str(&format!(" AND id IN ({})", rows.join(",")));
    }
    let count: i64 = db.query_row(
        &format!("SELECT count(*) FROM archive WHERE {clause}"),
        rusqlite::params_from_iter(&values),
        |row| row.get(0),
    )?;
    let (text, order, id) = match page {
        Page::After(id) => (" AND id > ?", "ASC", id),
        Page::Before(id) => (" AND id < ?", "DESC", id),
    };
    if let Some(id) = id {
        let Some(row) = row_of(db, owner, id)? else {
            return Ok(None);
        };
        clause.push_str(text);
        values.push(row.into());
    }
    // One more than asked, to know whether it goes on.
    values.push(Value::from(
        i64::try_from(max).unwrap_or(i64::MAX).saturating_add(1),
    ));
    let mut statement = db.prepare_cached(&format!(
        "SELECT id, stanza_id, time_ms, xml FROM archive WHERE {clause} ORDER BY id {order} LIMIT ?"
    ))?;
    let mut messages = statement
        .query_map(rusqlite::params_from_iter(&values), message)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let complete = messages.len() <= max;
    messages.truncate(max);
    if matches!(page, Page::Before(_)) {
        messages.reverse();
    }
    Ok(Some(Found {
        messages,
        complete,
        count: count.unsigned_abs(),
    }))
}

fn row_of(db: &Connection, owner: &str, stanza_id: &str) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM archive WHERE stanza_id = ?1 AND owner = ?2")?
        .query_row([stanza_id, owner], |row| row.get(0))
        .optional()
}

/// A message as the server looks it up to change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) id: i64,
    pub(crate) peer: String,
    pub(crate) xml: String,
}

/// A message by its stanza id.
pub(crate) fn find(
    db: &Connection,
    owner: &str,
    stanza_id: &str,
) -> rusqlite::Result<Option<Kept>> {
    db.prepare_cached("SELECT id, peer, xml FROM archive WHERE stanza_id = ?1 AND owner = ?2")?
        .query_row([stanza_id, owner], |row| {
            Ok(Kept {
                id: row.get(0)?,
                peer: row.get(1)?,
                xml: row.get(2)?,
            })
        })
        .optional()
}

/// Replaces the text of a message.
pub(crate) fn replace(tx: &Transaction<'_>, id: i64, xml: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE archive SET xml = ?2 WHERE id = ?1")?
        .execute(params![id, xml])?;
    Ok(())
}

fn message(row: &rusqlite::Row<'_>) -> rusqlite::Result<ArchivedMessage> {
    Ok(ArchivedMessage {
        id: row.get(0)?,
        stanza_id: row.get(1)?,
        time_ms: row.get(2)?,
        xml: row.get(3)?,
    })
}

/// First and last message of an archive: stanza id and time.
pub(crate) fn ends(db: &Connection, owner: &str) -> rusqlite::Result<Option<[(String, i64); 2]>> {
    let end = |order: &str| {
        db.query_row(
            &format!("SELECT stanza_id, time_ms FROM archive WHERE owner = ?1 ORDER BY id {order} LIMIT 1"),
            [owner],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
    };
    Ok(end("ASC")?
        .zip(end("DESC")?)
        .map(|(first, last)| [first, last]))
}

/// Most messages that are delivered at once to a client that knows no archive.
const MAX_UNDELIVERED: i64 = 1000;

/// What waits for the owner, oldest first.
pub(crate) fn undelivered(db: &Connection, owner: &str) -> rusqlite::Result<Vec<ArchivedMessage>> {
    db.prepare_cached(
        "SELECT id, stanza_id, time_ms, xml FROM archive
         WHERE owner = ?1 AND undelivered = 1 ORDER BY id LIMIT ?2",
    )?
    .query_map(params![owner, MAX_UNDELIVERED], message)?
    .collect()
}

/// Sets whether messages wait for their owner.
pub(crate) fn set_undelivered(
    tx: &Transaction<'_>,
    ids: &[i64],
    undelivered: bool,
) -> rusqlite::Result<()> {
    let mut statement = tx.prepare_cached("UPDATE archive SET undelivered = ?2 WHERE id = ?1")?;
    for id in ids {
        statement.execute(params![id, undelivered])?;
    }
    Ok(())
}

/// The owner reads its archive itself: nothing waits any more.
pub(crate) fn all_delivered(tx: &Transaction<'_>, owner: &str) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE archive SET undelivered = 0 WHERE owner = ?1 AND undelivered = 1",
        [owner],
    )?;
    Ok(())
}

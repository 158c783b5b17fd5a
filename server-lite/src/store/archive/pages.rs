//! Reading the archive in pages (XEP-0059).

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use super::{ArchivedMessage, message, words};

/// Most bytes of messages in one page, unless it is one message.
const MAX_PAGE_BYTES: usize = 4 << 20;

/// Which messages of an archive are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Bare address of the other side.
    pub(crate) peer: Option<String>,
    /// Full address of the other side.
    pub(crate) full: Option<String>,
    pub(crate) start_ms: Option<i64>,
    pub(crate) end_ms: Option<i64>,
    /// Stanza ids, exclusive (XEP-0313, "extended").
    pub(crate) after_id: Option<String>,
    pub(crate) before_id: Option<String>,
    /// Just these.
    pub(crate) ids: Vec<String>,
    /// Phrases that all have to be in the text (XEP-0431), see
    /// [`super::phrases`].
    pub(crate) phrases: Option<Vec<String>>,
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
    /// How many of those come before the page, where that is known anyway.
    pub(crate) index: Option<u64>,
}

/// The conditions of a query, as they grow.
struct Clause {
    text: String,
    values: Vec<Value>,
}

impl Clause {
    fn add(&mut self, text: &str, value: impl Into<Value>) {
        self.text.push_str(text);
        self.values.push(value.into());
    }
}

/// Reads a page; `None` if it refers to a message that is not there.
pub(crate) fn query(
    db: &Connection,
    owner: &str,
    filter: &Filter,
    page: &Page,
    max: usize,
) -> rusqlite::Result<Option<Found>> {
    let Some(mut clause) = conditions(db, owner, filter)? else {
        return Ok(None);
    };
    let count: i64 = db
        .prepare_cached(&format!(
            "SELECT count(*) FROM archive WHERE {}",
            clause.text
        ))?
        .query_row(rusqlite::params_from_iter(&clause.values), |row| row.get(0))?;
    let (text, order, id) = match page {
        Page::After(id) => (" AND id > ?", "ASC", id),
        Page::Before(id) => (" AND id < ?", "DESC", id),
    };
    if let Some(id) = id {
        let Some(row) = row_of(db, owner, id)? else {
            return Ok(None);
        };
        clause.add(text, row);
    }
    // One more than asked, to know whether it goes on.
    let limit = i64::try_from(max).unwrap_or(i64::MAX).saturating_add(1);
    clause.values.push(Value::from(limit));
    let mut statement = db.prepare_cached(&format!(
        "SELECT id, stanza_id, time_ms, xml FROM archive WHERE {} ORDER BY id {order} LIMIT ?",
        clause.text
    ))?;
    let found = statement.query_map(rusqlite::params_from_iter(&clause.values), message)?;
    let (mut messages, mut bytes, mut complete) = (Vec::new(), 0, true);
    for message in found {
        let message = message?;
        bytes += message.xml.len();
        // Long messages of others must not be too much for who asks.
        if messages.len() >= max || bytes > MAX_PAGE_BYTES && !messages.is_empty() {
            complete = false;
            break;
        }
        messages.push(message);
    }
    if matches!(page, Page::Before(_)) {
        messages.reverse();
    }
    let count = count.unsigned_abs();
    let index = match page {
        Page::After(None) => Some(0),
        Page::Before(None) => Some(count.saturating_sub(messages.len() as u64)),
        Page::After(Some(_)) | Page::Before(Some(_)) => None,
    };
    Ok(Some(Found {
        messages,
        complete,
        count,
        index,
    }))
}

fn conditions(db: &Connection, owner: &str, filter: &Filter) -> rusqlite::Result<Option<Clause>> {
    let mut clause = Clause {
        text: String::from("owner = ? AND kept = 1"),
        values: vec![Value::from(owner.to_owned())],
    };
    if let Some(peer) = &filter.peer {
        clause.add(" AND peer = ?", peer.clone());
    }
    if let Some(full) = &filter.full {
        // In the start tag: to whom it went, or who it is from.
        let tag = " AND instr(substr(xml, 1, instr(xml, '>')),
             CASE outgoing WHEN 1 THEN ' to=''' ELSE ' from=''' END || ? || '''') > 0";
        clause.add(tag, xmpp_core::written::escaped(full).into_owned());
    }
    if let Some(start) = filter.start_ms {
        clause.add(" AND time_ms >= ?", start);
    }
    if let Some(end) = filter.end_ms {
        clause.add(" AND time_ms <= ?", end);
    }
    for (id, text) in [
        (&filter.after_id, " AND id > ?"),
        (&filter.before_id, " AND id < ?"),
    ] {
        if let Some(id) = id {
            let Some(row) = row_of(db, owner, id)? else {
                return Ok(None);
            };
            clause.add(text, row);
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
        clause
            .text
            .push_str(&format!(" AND id IN ({})", rows.join(",")));
    }
    if let Some(phrases) = &filter.phrases {
        let [mine, theirs] = words::matching(owner, phrases);
        clause.text.push_str(
            " AND id IN (SELECT rowid FROM archive_words WHERE archive_words MATCH ?
                 UNION ALL SELECT rowid + 1 FROM archive_words WHERE archive_words MATCH ?)",
        );
        clause.values.extend([mine.into(), theirs.into()]);
    }
    Ok(Some(clause))
}

fn row_of(db: &Connection, owner: &str, stanza_id: &str) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM archive WHERE stanza_id = ?1 AND owner = ?2 AND kept = 1")?
        .query_row([stanza_id, owner], |row| row.get(0))
        .optional()
}

/// First and last message of an archive: stanza id and time.
pub(crate) fn ends(db: &Connection, owner: &str) -> rusqlite::Result<Option<[(String, i64); 2]>> {
    let end = |order: &str| {
        db.prepare_cached(&format!(
            "SELECT stanza_id, time_ms FROM archive
             WHERE owner = ?1 AND kept = 1 ORDER BY id {order} LIMIT 1"
        ))?
        .query_row([owner], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
    };
    Ok(end("ASC")?
        .zip(end("DESC")?)
        .map(|(first, last)| [first, last]))
}

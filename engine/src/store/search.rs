//! The index of words, and the search through it.
//!
//! Triggers note which messages are due (`schema/v2/search.sql`), so no writer can
//! forget one, and the end of each transaction brings the index in step: what is
//! edited, retracted, deleted or moved in time is found as it is now.
//!
//! The index is read from the newest row back and never sorted: a word that
//! stands in every message costs no more than a rare one.

use std::ops::Range;

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::search::excerpt::{Excerpt, excerpt};
use crate::search::merge;
use crate::search::query::Query;
use crate::search::terms::{self, Content, Terms};

/// Most candidates that one search looks at: beyond that it says how far it came.
const MAX_CANDIDATES: usize = 5_000;
/// Most text that one search reads, in bytes.
const MAX_BYTES: usize = 4 << 20;

/// Gives a connection the functions that the triggers and [`index`] call. Every
/// connection that writes messages needs them: one without cannot change or remove
/// any, and what it adds is due until one with them commits.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("search_key", 2, flags, |given| {
        Ok(terms::key(given.get(0)?, given.get(1)?))
    })?;
    connection.create_scalar_function("search_terms", 4, flags, |given| {
        let text = |index| given.get_raw(index).as_str_or_null();
        Ok(terms::of_message(
            text(0)?.unwrap_or_default(),
            text(1)?.unwrap_or_default(),
            text(2)?.unwrap_or_default(),
            text(3)?,
        ))
    })
}

/// CROSS keeps SQLite to the order of the tables: it knows no numbers of either, and
/// would rather read all messages there are.
const INDEX: &str = "INSERT INTO message_words (rowid, words)
    SELECT search_key(m.id, m.time_ms) AS key,
           search_terms(m.conversation, m.author, m.text, m.attachments)
    FROM message_words_due d CROSS JOIN messages m ON m.id = d.message
    WHERE m.retracted_ms IS NULL AND m.kind <> 'event'
          AND search_key(m.id, m.time_ms) IS NOT NULL
    ORDER BY key";

/// Puts the words of new and changed messages into the index. At the end of each
/// transaction that writes messages, so that nobody finds less than is there.
pub(super) fn index(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    let has_due: bool = tx
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM message_words_due)")?
        .query_row([], |row| row.get(0))?;
    if !has_due {
        return Ok(());
    }
    tx.prepare_cached(INDEX)?.execute([])?;
    tx.prepare_cached("DELETE FROM message_words_due")?
        .execute([])?;
    Ok(())
}

/// What is searched for, and where.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ask {
    /// The words; none finds all that the filters let through.
    pub(crate) query: Query,
    /// Only in this conversation.
    pub(crate) conversation: Option<String>,
    /// Only by this author.
    pub(crate) author: Option<String>,
    /// Only with such content.
    pub(crate) content: Option<Content>,
    /// Only from this time on, in milliseconds since the Unix epoch.
    pub(crate) from_ms: Option<i64>,
    /// Only before this time.
    pub(crate) to_ms: Option<i64>,
    /// Only below this key.
    pub(crate) below: Option<i64>,
    /// At most so many.
    pub(crate) limit: usize,
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) key: i64,
    pub(crate) id: i64,
    pub(crate) conversation: String,
    pub(crate) conversation_name: String,
    pub(crate) author: String,
    pub(crate) author_name: String,
    pub(crate) outgoing: bool,
    pub(crate) time_ms: i64,
    pub(crate) excerpt: Excerpt,
}

/// Hits, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) hits: Vec<Hit>,
    /// The key down to which everything was looked at; `None` if that is all.
    pub(crate) reached: Option<i64>,
}

/// Searches.
pub(crate) fn find(db: &Connection, ask: &Ask) -> rusqlite::Result<Page> {
    let mut terms = Terms::default();
    ask.query.add_terms(&mut terms);
    if let Some(conversation) = &ask.conversation {
        terms.in_conversation(conversation);
    }
    if let Some(author) = &ask.author {
        terms.by(author);
    }
    if let Some(content) = ask.content {
        terms.with(content);
    }
    let expression = terms.expression();
    let mut page = Page::default();
    let is_any_time = ask.from_ms.is_none() && ask.to_ms.is_none();
    if expression.is_none() && ask.query.is_empty() && is_any_time {
        return Ok(page);
    }
    let lowest = ask.from_ms.map_or(0, merge::from);
    let until = ask.to_ms.map_or(i64::MAX, merge::before);
    let below = ask.below.unwrap_or(i64::MAX).min(until);
    let matching = if expression.is_some() {
        "message_words MATCH ?1"
    } else {
        "?1 IS NULL"
    };
    let mut statement = db.prepare_cached(&format!(
        "SELECT w.rowid, m.id, m.conversation, m.author, m.outgoing, m.time_ms, m.text,
                m.attachments, m.author_name
         FROM message_words w CROSS JOIN messages m ON m.id = w.rowid & 2147483647
         WHERE {matching} AND w.rowid >= ?2 AND w.rowid < ?3
         ORDER BY w.rowid DESC"
    ))?;
    let mut rows = statement.query(params![expression, lowest, below])?;
    let (mut candidates, mut bytes) = (0, 0);
    while let Some(row) = rows.next()? {
        if page.hits.len() >= ask.limit || candidates >= MAX_CANDIDATES || bytes >= MAX_BYTES {
            // The row before this one was the last that was looked at.
            return Ok(page);
        }
        let key: i64 = row.get(0)?;
        candidates += 1;
        bytes += row.get_ref(6)?.as_str()?.len();
        page.reached = Some(key);
        if let Some(hit) = look_at(row, ask)? {
            page.hits.push(name(db, hit)?);
        }
    }
    page.reached = None;
    Ok(page)
}

fn look_at(row: &Row<'_>, ask: &Ask) -> rusqlite::Result<Option<Hit>> {
    let time_ms: i64 = row.get(5)?;
    if ask.from_ms.is_some_and(|from| time_ms < from) || ask.to_ms.is_some_and(|to| time_ms >= to) {
        return Ok(None);
    }
    let files = terms::files(row.get_ref(7)?.as_str_or_null()?);
    let text = row.get_ref(6)?.as_str()?;
    let mut texts = vec![text];
    texts.extend(files.iter().map(|file| file.name.as_str()));
    let Some(marks) = ask.query.marks(&texts) else {
        return Ok(None);
    };
    Ok(Some(Hit {
        key: row.get(0)?,
        id: row.get(1)?,
        conversation: row.get(2)?,
        conversation_name: String::new(),
        author: row.get(3)?,
        author_name: row.get::<_, Option<String>>(8)?.unwrap_or_default(),
        outgoing: row.get(4)?,
        time_ms,
        excerpt: best_excerpt(&texts, &marks),
    }))
}

/// Something with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedRow {
    /// Bare address.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) is_room: bool,
    /// Whether it is in the list of conversations.
    pub(crate) in_list: bool,
    pub(crate) last_time_ms: Option<i64>,
}

/// All conversations, contacts and rooms, each once.
pub(crate) fn named(db: &Connection) -> rusqlite::Result<Vec<NamedRow>> {
    db.prepare_cached(
        "SELECT a.id, coalesce(c.name, r.name, k.name), r.address IS NOT NULL OR c.kind = 'room',
                c.id IS NOT NULL, c.last_time_ms
         FROM (SELECT id FROM conversations UNION SELECT address FROM contacts
               UNION SELECT address FROM rooms) a
         LEFT JOIN conversations c ON c.id = a.id
         LEFT JOIN rooms r ON r.address = a.id
         LEFT JOIN contacts k ON k.address = a.id",
    )?
    .query_map([], |row| {
        let id: String = row.get(0)?;
        let name: Option<String> = row.get(1)?;
        Ok(NamedRow {
            name: name.unwrap_or_else(|| local_part(&id).to_owned()),
            id,
            is_room: row.get::<_, Option<bool>>(2)?.unwrap_or_default(),
            in_list: row.get(3)?,
            last_time_ms: row.get(4)?,
        })
    })?
    .collect()
}

fn local_part(address: &str) -> &str {
    address.split('@').next().unwrap_or(address)
}

/// The hit with the names to show.
fn name(db: &Connection, mut hit: Hit) -> rusqlite::Result<Hit> {
    hit.conversation_name = name_of(db, &hit.conversation)?;
    if hit.author_name.is_empty() {
        hit.author_name = name_of(db, &hit.author)?;
    }
    Ok(hit)
}

fn name_of(db: &Connection, address: &str) -> rusqlite::Result<String> {
    let name: Option<String> = db
        .prepare_cached(
            "SELECT coalesce((SELECT name FROM conversations WHERE id = ?1),
                             (SELECT name FROM rooms WHERE address = ?1),
                             (SELECT name FROM contacts WHERE address = ?1))",
        )?
        .query_row([address], |row| row.get(0))?;
    Ok(name.unwrap_or_else(|| local_part(address).to_owned()))
}

/// Whether a conversation is a room.
pub(crate) fn is_room(db: &Connection, id: &str) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM rooms WHERE address = ?1)
             OR EXISTS (SELECT 1 FROM conversations WHERE id = ?1 AND kind = 'room')",
    )?
    .query_row([id], |row| row.get(0))
}

/// What the cache knows of a message that was found elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// Its local id, if it is in the cache.
    pub(crate) id: Option<i64>,
    pub(crate) is_retracted: bool,
    pub(crate) conversation_name: String,
    pub(crate) author_name: String,
}

/// Looks a message up by the ids that it has elsewhere.
pub(crate) fn known(
    db: &Connection,
    conversation: &str,
    author: &str,
    stanza_id: Option<&str>,
    origin_id: Option<&str>,
) -> rusqlite::Result<Known> {
    let found: Option<(i64, bool)> = db
        .prepare_cached(
            "SELECT id, retracted_ms IS NOT NULL FROM messages
             WHERE conversation = ?1 AND stanza_id = ?2
             UNION ALL
             SELECT id, retracted_ms IS NOT NULL FROM messages
             WHERE conversation = ?1 AND author = ?3 AND wire_id = ?4 AND origin_id = ?4
             UNION ALL
             SELECT id, retracted_ms IS NOT NULL FROM messages
             WHERE conversation = ?1 AND author = ?3 AND origin_id = ?4
                 AND origin_id IS NOT wire_id
             LIMIT 1",
        )?
        .query_row(params![conversation, stanza_id, author, origin_id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    Ok(Known {
        id: found.map(|(id, _)| id),
        is_retracted: found.is_some_and(|(_, is_retracted)| is_retracted),
        conversation_name: name_of(db, conversation)?,
        author_name: name_of(db, author)?,
    })
}

/// Of the first text in which something was found, or else of the first that
/// says something; a file's name rather than the address it stands for.
fn best_excerpt(texts: &[&str], marks: &[Vec<Range<u32>>]) -> Excerpt {
    let found = texts.iter().zip(marks).find(|(_, marks)| !marks.is_empty());
    let named = || {
        texts
            .get(1..)
            .and_then(|names| names.iter().find(|name| !name.is_empty()))
    };
    match found {
        Some((text, marks)) => excerpt(text, marks),
        None => excerpt(named().or(texts.first()).copied().unwrap_or_default(), &[]),
    }
}

#[cfg(test)]
mod tests;

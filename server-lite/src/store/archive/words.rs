//! Full-text search in archives (XEP-0431), for every language of a team: a
//! Chinese, Japanese or Korean character is a word of its own, and what a person
//! typed in one go is a phrase.
//!
//! Rows are indexed some time after they were stored, many at once, and in any
//! case before somebody searches: that costs a fraction of indexing each by
//! itself, and nobody waits for it who only sends a message.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use sha2::{Digest, Sha256};
use xmpp_core::{Element, element, ns};

use super::{Kept, kept};

/// Longest text of which the words are indexed.
const MAX_TEXT_BYTES: usize = 16 * 1024;
/// Most messages that one id means: a message and its corrections.
const MAX_MEANT: usize = 100;
/// Longest text to search for.
pub(crate) const MAX_QUERY_CHARS: usize = 256;

/// Whether each of these characters is a word: no spaces stand between them.
fn is_word_by_itself(c: char) -> bool {
    matches!(c,
        '\u{2E80}'..='\u{2FDF}'     // radicals
        | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{312F}'   // kana, bopomofo
        | '\u{3131}'..='\u{318E}'
        | '\u{31A0}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7A3}'   // hangul
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FF66}'..='\u{FFDC}'
        | '\u{20000}'..='\u{3FFFF}')
}

/// The text with those characters apart, and without what is no word.
fn apart(text: &str) -> String {
    let mut apart = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if is_word_by_itself(c) {
            apart.extend([' ', c, ' ']);
        } else if c == '"' || c.is_control() {
            apart.push(' ');
        } else {
            apart.push(c);
        }
    }
    apart
}

/// What somebody searches for, as phrases for FTS5: all of them have to be
/// found. A last word of letters may go on. What was typed stands inside quotes
/// and is never taken for an operator.
pub(crate) fn phrases(query: &str) -> Vec<String> {
    query
        .split_whitespace()
        .filter(|typed| typed.chars().any(char::is_alphanumeric))
        .map(|typed| {
            let goes_on = typed
                .chars()
                .next_back()
                .is_some_and(|c| c.is_alphabetic() && !is_word_by_itself(c));
            let star = if goes_on { "*" } else { "" };
            format!("\"{}\"{star}", apart(typed).trim())
        })
        .collect()
}

/// The FTS5 queries for one owner: for the rows with their own number, and for
/// those behind them.
pub(super) fn matching(owner: &str, phrases: &[String]) -> [String; 2] {
    let owner = mark("o", &[owner]);
    let words = match phrases {
        // Nothing that could be found.
        [] => "\"\"".to_owned(),
        phrases => phrases.join(" AND "),
    };
    ["mine", "theirs"].map(|column| format!("{column} : {owner} AND words : ({words})"))
}

/// A word that stands for something else: an owner, or one message of a
/// conversation.
fn mark(kind: &str, of: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in of {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let hash = hash.finalize();
    let hex = hash.iter().take(8).map(|byte| format!("{byte:02x}"));
    hex.fold(kind.to_owned(), |mark, byte| mark + &byte)
}

/// A row on its way into the index.
pub(super) struct Unindexed {
    id: i64,
    owner: String,
    peer: String,
    outgoing: bool,
    xml: String,
}

impl Unindexed {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            owner: row.get(1)?,
            peer: row.get(2)?,
            outgoing: row.get(3)?,
            xml: row.get(4)?,
        })
    }

    /// Whether it is the recipient's copy of the same message.
    fn is_copy_of(&self, sent: &Self) -> bool {
        self.id == sent.id + 1 && sent.outgoing && !self.outgoing && self.xml == sent.xml
    }

    /// Whose it is, and the ids by which it is meant.
    fn marks(&self, message_ids: [Option<&str>; 2]) -> String {
        let ids = message_ids.into_iter().flatten();
        ids.fold(mark("o", &[&self.owner]), |marks, id| {
            marks + " " + &self.mark_of(id)
        })
    }

    fn mark_of(&self, message_id: &str) -> String {
        message_mark(&self.owner, &self.peer, self.outgoing, message_id)
    }
}

fn message_mark(owner: &str, peer: &str, outgoing: bool, message_id: &str) -> String {
    let direction = if outgoing { "out" } else { "in" };
    mark("m", &[owner, peer, direction, message_id])
}

/// Indexes the next rows; whether there may be more.
pub(crate) fn index_some(tx: &Transaction<'_>, max: usize) -> rusqlite::Result<bool> {
    let up_to: i64 = indexed_up_to(tx)?;
    let rows: Vec<Unindexed> = tx
        .prepare_cached(
            "SELECT id, owner, peer, outgoing, xml FROM archive
             WHERE id > ?1 AND kept = 1 ORDER BY id LIMIT ?2",
        )?
        .query_map(
            params![up_to, i64::try_from(max).unwrap_or(i64::MAX)],
            Unindexed::of,
        )?
        .collect::<rusqlite::Result<_>>()?;
    let Some(last) = rows.last().map(|row| row.id) else {
        return Ok(false);
    };
    let mut rest = rows.iter().peekable();
    while let Some(row) = rest.next() {
        let other = rest.next_if(|next| next.is_copy_of(row));
        index(tx, row, other)?;
    }
    tx.prepare_cached("UPDATE archive_indexed SET up_to = ?1")?
        .execute([last])?;
    Ok(rows.len() == max)
}

fn indexed_up_to(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare_cached("SELECT up_to FROM archive_indexed")?
        .query_row([], |row| row.get(0))
}

fn index(tx: &Transaction<'_>, row: &Unindexed, other: Option<&Unindexed>) -> rusqlite::Result<()> {
    let Ok(stanza) = element::parse(row.xml.as_bytes()) else {
        return Ok(());
    };
    let text = text_of(&stanza);
    let corrected = corrected_id(&stanza);
    if let Some(corrected) = corrected {
        // The words that count are the new ones (XEP-0308), whether they
        // correct the first or those of an earlier correction.
        for row in [Some(row), other].into_iter().flatten() {
            let old = marked(tx, &row.mark_of(corrected))?.into_iter();
            // Those before it lost their words to it.
            let last = old.map(|(id, _)| id).filter(|id| *id < row.id).max();
            if let Some(last) = last {
                let known = pair_at(tx, last)?;
                take_words(tx, last)?;
                put_back(tx, known)?;
            }
        }
    }
    let is_note = text.is_none()
        && stanza.children().all(|child| {
            [
                ns::RECEIPTS,
                ns::MARKERS,
                ns::REACTIONS,
                ns::HINTS,
                ns::STANZA_ID,
            ]
            .iter()
            .any(|namespace| child.has_ns(*namespace))
        });
    if is_note {
        return Ok(());
    }
    put(tx, (row, other), &stanza, text)
}

/// Puts a row with its copy into the index: by what they are meant, and the words
/// by which they are found.
fn put(
    tx: &Transaction<'_>,
    (row, other): (&Unindexed, Option<&Unindexed>),
    stanza: &Element,
    text: Option<String>,
) -> rusqlite::Result<()> {
    let (id, corrected) = (stanza.attr("id"), corrected_id(stanza));
    tx.prepare_cached(
        "INSERT INTO archive_words (rowid, mine, theirs, words) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        row.id,
        row.marks([id, corrected]),
        other.map(|other| other.marks([id, corrected])),
        text.map(|text| apart(&text)),
    ])?;
    Ok(())
}

/// A row with the copy that follows it: what one row of the index is about.
pub(super) type Pair = (Unindexed, Option<Unindexed>);

fn pair_at(db: &Connection, id: i64) -> rusqlite::Result<Option<Pair>> {
    let mut by_row = db.prepare_cached(
        "SELECT id, owner, peer, outgoing, xml FROM archive WHERE id = ?1 AND kept = 1",
    )?;
    let Some(row) = by_row.query_row([id], Unindexed::of).optional()? else {
        return Ok(None);
    };
    let next = by_row.query_row([id + 1], Unindexed::of).optional()?;
    let copy = next.filter(|next| next.is_copy_of(&row));
    Ok(Some((row, copy)))
}

/// What the index knows of a row that is about to say something else; nothing if
/// it is not indexed yet.
pub(super) fn known_of(db: &Connection, id: i64) -> rusqlite::Result<Option<Pair>> {
    if id > indexed_up_to(db)? {
        return Ok(None);
    }
    match pair_at(db, id - 1)? {
        // It is the copy.
        pair @ Some((_, Some(_))) => Ok(pair),
        _ => pair_at(db, id),
    }
}

/// Puts back what lost its words, without them: which message it is stays known, so
/// that the other copy, and what is retracted later, are found by its id.
pub(super) fn put_back(tx: &Transaction<'_>, known: Option<Pair>) -> rusqlite::Result<()> {
    let Some((row, other)) = known else {
        return Ok(());
    };
    let Ok(stanza) = element::parse(row.xml.as_bytes()) else {
        return Ok(());
    };
    take_words(tx, row.id)?;
    put(tx, (&row, other.as_ref()), &stanza, None)
}

fn take_words(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM archive_words WHERE rowid = ?1")?
        .execute([id])?;
    Ok(())
}

/// Which message it corrects (XEP-0308).
fn corrected_id(stanza: &Element) -> Option<&str> {
    stanza
        .get_child("replace", ns::CORRECTION)
        .and_then(|replace| replace.attr("id"))
}

/// The words of a message; those of an encrypted one say nothing.
fn text_of(stanza: &Element) -> Option<String> {
    if stanza.children().any(|child| child.name() == "encrypted") {
        return None;
    }
    let mut texts = stanza
        .children()
        .filter(|child| child.is("body", ns::CLIENT) || child.is("subject", ns::CLIENT));
    let mut all = texts.next()?.text();
    for more in texts {
        all.push('\n');
        all.push_str(&more.text());
    }
    if all.len() > MAX_TEXT_BYTES {
        let mut end = MAX_TEXT_BYTES;
        while !all.is_char_boundary(end) {
            end -= 1;
        }
        all.truncate(end);
    }
    Some(all)
}

/// Indexed rows with a mark: the row that is indexed, and the one that is meant.
fn marked(db: &Connection, mark: &str) -> rusqlite::Result<Vec<(i64, i64)>> {
    db.prepare_cached(
        "SELECT rowid, rowid FROM archive_words WHERE archive_words MATCH 'mine : ' || ?1
         UNION ALL
         SELECT rowid, rowid + 1 FROM archive_words WHERE archive_words MATCH 'theirs : ' || ?1",
    )?
    .query_map([mark], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}

/// What is meant by the `id` attribute of a message that somebody sent in one
/// direction of a conversation: the last such message, and its corrections.
pub(crate) fn by_message_id(
    db: &Connection,
    owner: &str,
    peer: &str,
    outgoing: bool,
    message_id: &str,
) -> rusqlite::Result<Vec<Kept>> {
    // First those that are not indexed yet.
    let mut found: Vec<Kept> = db
        .prepare_cached(
            "SELECT id, peer, xml FROM archive
             WHERE owner = ?1 AND peer = ?2 AND kept = 1 AND id > ?3 AND outgoing = ?4
               AND instr(xml, ?5) > 0
             ORDER BY id DESC LIMIT ?6",
        )?
        .query_map(
            params![
                owner,
                peer,
                indexed_up_to(db)?,
                outgoing,
                xmpp_core::written::escaped(message_id),
                i64::try_from(MAX_MEANT).unwrap_or(i64::MAX)
            ],
            kept,
        )?
        .collect::<rusqlite::Result<_>>()?;
    let mark = message_mark(owner, peer, outgoing, message_id);
    let mut indexed: Vec<i64> = marked(db, &mark)?.into_iter().map(|it| it.1).collect();
    indexed.sort_unstable_by(|one, other| other.cmp(one));
    indexed.dedup();
    let mut by_row =
        db.prepare_cached("SELECT id, peer, xml FROM archive WHERE id = ?1 AND owner = ?2")?;
    for row in indexed.into_iter().take(MAX_MEANT) {
        found.extend(by_row.query_row(params![row, owner], kept).optional()?);
    }
    let mut has_message = false;
    found.retain(|found| {
        let Ok(stanza) = element::parse(found.xml.as_bytes()) else {
            return false;
        };
        let is_it = stanza.attr("id") == Some(message_id);
        corrected_id(&stanza) == Some(message_id)
            || is_it && !std::mem::replace(&mut has_message, true)
    });
    Ok(found)
}

//! Reading the archive in pages (XEP-0059).

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use super::{ArchivedMessage, message, words};

/// Most text in one page: what is more comes with the next one. A page is held
/// in memory, and a message may be as large as a stanza.
pub(crate) const MAX_PAGE_BYTES: usize = 1 << 20;
/// How far results are counted. Beyond that their number is not said, which
/// XEP-0059 leaves open.
const MAX_COUNTED: u64 = 10_000;
/// The same for a page that goes on from another: who reads a long archive would
/// have all of it counted with each page.
const MAX_COUNTED_GOING_ON: u64 = 500;

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

impl Filter {
    /// Whether it asks for what somebody has said, or what was said to them.
    pub(crate) fn names_somebody(&self) -> bool {
        self.peer.is_some() || self.full.is_some()
    }

    /// Whether anything new fits it: only how far back it goes may be said.
    pub(crate) fn takes_all_that_is_new(&self) -> bool {
        let from = Self {
            start_ms: self.start_ms,
            after_id: self.after_id.clone(),
            ..Self::default()
        };
        *self == from
    }
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
    /// How many fit the filter in all, unless they are very many.
    pub(crate) count: Option<u64>,
    /// How many of those come before the page: said of the very first only.
    /// COMPAT: slixmpp takes an index with which the page reaches the newest for
    /// the end, also where it reads from there backwards.
    pub(crate) index: Option<u64>,
    /// Whoever was given this page has everything up to this row.
    pub(crate) has_up_to: Option<i64>,
    /// Whether anything waits for the owner that is in the archive.
    pub(crate) is_waited_for: bool,
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
    let (text, order, id) = match page {
        Page::After(id) => (" AND id > ?", "ASC", id),
        Page::Before(id) => (" AND id < ?", "DESC", id),
    };
    let most = match id {
        None => MAX_COUNTED,
        Some(_) => MAX_COUNTED_GOING_ON,
    };
    let count = counted(db, &clause, most)?;
    let mut known_up_to = None;
    if let Some(id) = id {
        let Some(row) = row_of(db, owner, id)? else {
            return Ok(None);
        };
        clause.add(text, row);
        known_up_to = Some(row);
    }
    // One more than asked, to know whether it goes on.
    let limit = i64::try_from(max).unwrap_or(i64::MAX).saturating_add(1);
    clause.values.push(Value::from(limit));
    let mut statement = db.prepare_cached(&format!(
        "SELECT id, stanza_id, time_ms, xml FROM archive WHERE {} ORDER BY id {order} LIMIT ?",
        clause.text
    ))?;
    let rows = statement.query(rusqlite::params_from_iter(&clause.values))?;
    let (mut messages, is_cut) = as_much_as_fits(rows, max)?;
    let complete = !is_cut;
    if matches!(page, Page::Before(_)) {
        messages.reverse();
    }
    let is_first = match page {
        Page::After(None) => true,
        Page::Before(None) => complete,
        Page::After(Some(_)) | Page::Before(Some(_)) => false,
    };
    let index = is_first.then_some(0);
    // Who goes on from a message says that they have what is before it.
    let is_all = complete && *filter == Filter::default();
    let reached_newest = is_all && matches!(page, Page::After(_));
    let has_up_to = reached_newest
        .then(|| messages.last().map(|last| last.id).or(known_up_to))
        .flatten();
    Ok(Some(Found {
        messages,
        complete,
        count,
        index,
        has_up_to,
        is_waited_for: is_waited_for(db, owner)?,
    }))
}

/// How many there are, as far as it is worth counting.
fn counted(db: &Connection, clause: &Clause, most: u64) -> rusqlite::Result<Option<u64>> {
    let count: i64 = db
        .prepare_cached(&format!(
            "SELECT count(*) FROM (SELECT 1 FROM archive WHERE {} LIMIT {})",
            clause.text,
            most + 1
        ))?
        .query_row(rusqlite::params_from_iter(&clause.values), |row| row.get(0))?;
    let count = count.unsigned_abs();
    Ok((count <= most).then_some(count))
}

/// The first of these rows, as many as fit a page, but one at least; whether
/// there are more.
pub(crate) fn as_much_as_fits(
    mut rows: rusqlite::Rows<'_>,
    max: usize,
) -> rusqlite::Result<(Vec<ArchivedMessage>, bool)> {
    let (mut messages, mut bytes) = (Vec::new(), 0_usize);
    while let Some(row) = rows.next()? {
        bytes = bytes.saturating_add(row.get_ref("xml")?.as_str()?.len());
        if messages.len() >= max || (!messages.is_empty() && bytes > MAX_PAGE_BYTES) {
            return Ok((messages, true));
        }
        messages.push(message(row)?);
    }
    Ok((messages, false))
}

fn is_waited_for(db: &Connection, owner: &str) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM archive WHERE owner = ?1 AND undelivered = 1 AND kept = 1)",
    )?
    .query_row([owner], |row| row.get(0))
}

/// The first row of an archive that is not older than this, or one behind its
/// last. Times never fall with the row, so half of what is left is
/// out with each look.
pub(crate) fn row_at(db: &Connection, owner: &str, time_ms: i64) -> rusqlite::Result<i64> {
    let mut next = db.prepare_cached(
        "SELECT id, time_ms FROM archive
         WHERE owner = ?1 AND kept = 1 AND id >= ?2 ORDER BY id LIMIT 1",
    )?;
    // What is sought is not before the one, nor behind the other.
    let (mut low, mut high) = (0, super::last_id(db)?.saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        let found: Option<(i64, i64)> = next
            .query_row(rusqlite::params![owner, middle], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        match found {
            Some((row, time)) if time < time_ms => low = row.saturating_add(1),
            _ => high = middle,
        }
    }
    Ok(low)
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
        // In the start tag: to whom it went, or who it is from. In a room all is
        // from somebody, and to everybody.
        let sent = match owner.contains('@') {
            true => "from",
            false => "to",
        };
        let tag = format!(
            " AND instr(substr(xml, 1, instr(xml, '>')),
             CASE outgoing WHEN 1 THEN ' {sent}=''' ELSE ' from=''' END || ? || '''') > 0"
        );
        clause.add(&tag, xmpp_core::written::escaped(full).into_owned());
    }
    if let Some(start) = filter.start_ms {
        clause.add(" AND id >= ?", row_at(db, owner, start)?);
    }
    if let Some(end) = filter.end_ms {
        clause.add(" AND id < ?", row_at(db, owner, end.saturating_add(1))?);
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

#[cfg(test)]
mod tests {
    use super::super::tests::{from_rosa, store};
    use super::super::{insert, row_at};
    use super::*;

    #[tokio::test]
    async fn very_many_are_not_counted() {
        let (store, _folder) = store().await;
        let most = usize::try_from(MAX_COUNTED).unwrap();
        let fill = move |tx: &rusqlite::Transaction<'_>| {
            for number in 0..most {
                insert(tx, &from_rosa(number, "<body>x</body>"), 1)?;
            }
            Ok(())
        };
        store.write(fill).await.unwrap();
        let newest = |db: &Connection| {
            let all = Filter::default();
            Ok(query(db, "rosa", &all, &Page::Before(None), 2)?.unwrap())
        };
        let found = store.read(newest).await.unwrap();
        assert_eq!(found.count, Some(MAX_COUNTED));
        assert_eq!(found.index, None);
        let below = Page::Before(Some("s500".to_owned()));
        let going_on = move |db: &Connection| query(db, "rosa", &Filter::default(), &below, 2);
        let found = store.read(going_on).await.unwrap().unwrap();
        assert_eq!((found.count, found.messages.len()), (None, 2));
        let mut other = from_rosa(most, "<body>x</body>");
        other.peer = "carl@team.internal".to_owned();
        store.write(move |tx| insert(tx, &other, 1)).await.unwrap();
        let found = store.read(newest).await.unwrap();
        assert_eq!((found.count, found.index), (None, None));
        assert_eq!(found.messages.len(), 2);
        let of_carl = Filter {
            peer: Some("carl@team.internal".to_owned()),
            ..Filter::default()
        };
        let of_carl = store
            .read(move |db| query(db, "rosa", &of_carl, &Page::After(None), 2))
            .await
            .unwrap();
        assert_eq!(of_carl.unwrap().count, Some(1));
    }

    #[tokio::test]
    async fn a_time_is_found_by_halves() {
        let (store, _folder) = store().await;
        let times = [10, 10, 20, 20, 20, 30, 50, 50];
        let fill = move |tx: &rusqlite::Transaction<'_>| {
            for (number, time) in times.into_iter().enumerate() {
                insert(tx, &from_rosa(number, "<body>x</body>"), time)?;
                let mut between = from_rosa(100 + number, "<body>x</body>");
                between.owner = "bob".to_owned();
                insert(tx, &between, time)?;
            }
            // Gaps, as what is removed leaves them.
            tx.execute("DELETE FROM archive WHERE stanza_id IN ('s3', 's5')", [])
        };
        store.write(fill).await.unwrap();
        let not_older = |db: &Connection, time: i64| -> rusqlite::Result<Vec<String>> {
            db.prepare("SELECT stanza_id FROM archive WHERE owner = 'rosa' AND id >= ?1")?
                .query_map([row_at(db, "rosa", time)?], |row| row.get(0))?
                .collect()
        };
        for (time, first) in [
            (i64::MIN, Some("s0")),
            (10, Some("s0")),
            (11, Some("s2")),
            (20, Some("s2")),
            (21, Some("s6")),
            (50, Some("s6")),
            (51, None),
            (i64::MAX, None),
        ] {
            let found = store.read(move |db| not_older(db, time)).await.unwrap();
            assert_eq!(found.first().map(String::as_str), first, "{time}");
        }
    }
}

//! Reading a conversation from its beginning, for an export.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;

use super::files::{self, CachedFile};
use super::messages::{State, state_from};
use super::{archive, uploads};

/// A message as it is exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) position: i64,
    pub(crate) kind: String,
    pub(crate) outgoing: bool,
    pub(crate) author: String,
    pub(crate) author_name: String,
    /// Empty if it was taken back.
    pub(crate) text: String,
    pub(crate) time_ms: i64,
    pub(crate) edited_ms: Option<i64>,
    pub(crate) retracted: bool,
    pub(crate) state: State,
    pub(crate) reply_to: Option<String>,
    /// By what others name it.
    pub(crate) reference: Option<String>,
    pub(crate) attachments: Vec<Attachment>,
}

/// A file of a message, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Attachment {
    pub(crate) url: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) media_type: Option<String>,
    pub(crate) size_bytes: Option<u64>,
    /// Base64.
    pub(crate) sha256: Option<String>,
    /// Its bytes, if they are here.
    #[serde(skip)]
    pub(crate) here: Option<CachedFile>,
}

/// Messages behind a place, in order.
pub(crate) fn page(
    db: &Connection,
    conversation: &str,
    behind: (i64, i64),
    limit: u32,
) -> rusqlite::Result<Vec<Row>> {
    let mut rows = db
        .prepare_cached(
            "SELECT m.id, m.position, m.kind, m.outgoing, m.author,
                    coalesce(m.author_name, k.name,
                             substr(m.author, 1, instr(m.author || '@', '@') - 1)),
                    m.text, m.time_ms, m.edited_ms, m.retracted_ms IS NOT NULL, m.state, m.error,
                    m.reply_to_id, coalesce(m.origin_id, m.wire_id, m.stanza_id), m.attachments
             FROM messages m LEFT JOIN contacts k ON k.address = m.author
             WHERE m.conversation = ?1 AND (m.position, m.id) > (?2, ?3) AND m.kind <> 'event'
             ORDER BY m.position, m.id LIMIT ?4",
        )?
        .query_map(params![conversation, behind.0, behind.1, limit], |row| {
            let retracted: bool = row.get(9)?;
            let text: String = row.get(6)?;
            let files: Option<String> = row.get(14)?;
            let files = files.filter(|_| !retracted);
            Ok(Row {
                id: row.get(0)?,
                position: row.get(1)?,
                kind: row.get(2)?,
                outgoing: row.get(3)?,
                author: row.get(4)?,
                author_name: row.get(5)?,
                text: if retracted { String::new() } else { text },
                time_ms: row.get(7)?,
                edited_ms: row.get(8)?,
                retracted,
                state: state_from(row.get(10)?, row.get(11)?),
                reply_to: row.get(12)?,
                reference: row.get(13)?,
                attachments: files
                    .and_then(|files| serde_json::from_str(&files).ok())
                    .unwrap_or_default(),
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for row in &mut rows {
        for (place, file) in (0..).zip(&mut row.attachments) {
            let sha256 = file.sha256.as_deref().and_then(crate::files::sha256);
            file.here = match &file.url {
                Some(url) => files::whole(db, url, sha256.as_deref())?,
                None => uploads::copy_of(db, row.id, place)?,
            };
        }
    }
    Ok(rows)
}

/// Name of a conversation, and whether something of it is missing here; `None` if
/// there is no such conversation.
pub(crate) fn about(
    db: &Connection,
    conversation: &str,
) -> rusqlite::Result<Option<(String, bool)>> {
    let name: Option<String> = db
        .prepare_cached(
            "SELECT coalesce(c.name, k.name, substr(c.id, 1, instr(c.id || '@', '@') - 1))
             FROM conversations c LEFT JOIN contacts k ON k.address = c.id WHERE c.id = ?1",
        )?
        .query_row([conversation], |row| row.get(0))
        .optional()?;
    let Some(name) = name else { return Ok(None) };
    let is_partial = !archive::open_gaps(db, conversation)?.is_empty();
    Ok(Some((name, is_partial)))
}

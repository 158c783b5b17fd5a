//! The files of messages: where their bytes are, and lists of them.

use rusqlite::{Connection, Row, params};

use super::messages::{Attachment, from_column};
use super::{contacts, files, uploads};
use crate::api::FileState;

/// Messages of which one page looks at the files, at most.
const LOOKED_AT: usize = 2_000;

/// Where the bytes of a file are.
pub(crate) fn state(
    db: &Connection,
    message: i64,
    place: i64,
    file: &Attachment,
) -> rusqlite::Result<FileState> {
    let Some(url) = &file.url else {
        return Ok(match uploads::is_paused(db, message, place)? {
            Some(true) => FileState::Paused,
            _ => FileState::Uploading,
        });
    };
    let sha256 = file.sha256.as_deref().and_then(crate::files::sha256);
    Ok(if files::is_here(db, url, sha256.as_deref())? {
        FileState::Here
    } else {
        FileState::Remote
    })
}

/// A file with its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileOf {
    pub(crate) message: i64,
    pub(crate) place: u32,
    pub(crate) conversation: String,
    pub(crate) author: String,
    pub(crate) author_name: String,
    pub(crate) time_ms: i64,
    pub(crate) file: Attachment,
}

/// Files, newest first.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(crate) files: Vec<FileOf>,
    /// Position and id of the message to go on from, unless that was all.
    pub(crate) next: Option<(i64, i64)>,
}

/// A message with files.
struct Holder {
    id: i64,
    position: i64,
    conversation: String,
    author: String,
    author_name: Option<String>,
    text: String,
    time_ms: i64,
    files: Vec<Attachment>,
}

fn holder(row: &Row<'_>) -> rusqlite::Result<Holder> {
    Ok(Holder {
        id: row.get(0)?,
        position: row.get(1)?,
        conversation: row.get(2)?,
        author: row.get(3)?,
        author_name: row.get(4)?,
        text: row.get(5)?,
        time_ms: row.get(6)?,
        files: from_column(row.get(7)?),
    })
}

/// Files that are wanted, from behind a place on. `wants` gets a file with the text
/// of its message.
pub(crate) fn list(
    db: &Connection,
    conversation: Option<&str>,
    before: (i64, i64),
    limit: usize,
    wants: impl Fn(&Attachment, &str) -> bool,
) -> rusqlite::Result<Files> {
    let of = if conversation.is_some() {
        "conversation = ?3"
    } else {
        "?3 IS NULL"
    };
    let sql = format!(
        "SELECT id, position, conversation, author, author_name, text, time_ms, attachments
         FROM messages
         WHERE attachments IS NOT NULL AND {of} AND (position, id) < (?1, ?2)
         ORDER BY position DESC, id DESC"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params![before.0, before.1, conversation], holder)?;
    let mut found = Files::default();
    for (number, row) in rows.enumerate() {
        let message = row?;
        let (place, text) = ((message.position, message.id), &message.text);
        let wanted = (0..)
            .zip(message.files.iter())
            .filter(|(_, file)| wants(file, text));
        for (index, file) in wanted {
            let mut file = file.clone();
            file.state = state(db, message.id, i64::from(index), &file)?;
            found.files.push(FileOf {
                message: message.id,
                place: index,
                conversation: message.conversation.clone(),
                author_name: match &message.author_name {
                    Some(name) => name.clone(),
                    None => contacts::name(db, &message.author)?,
                },
                author: message.author.clone(),
                time_ms: message.time_ms,
                file,
            });
        }
        // The files of one message stay together.
        if found.files.len() >= limit || number + 1 >= LOOKED_AT {
            found.next = Some(place);
            break;
        }
    }
    Ok(found)
}

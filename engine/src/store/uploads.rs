//! Files on their way to the server. A message with such files waits in the outbox
//! until all of them are there; the transaction that says where a file is takes
//! its row away, so nothing is uploaded twice.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::files::{self, CachedFile};
use super::messages::{self, Attachment, State};
use super::order;

/// Where the bytes come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A sealed copy of ours.
    Copy(CachedFile),
    /// A file that lies somewhere, as long as it stays what it was.
    Path {
        path: String,
        /// When it was written last, in milliseconds since the Unix epoch.
        modified_ms: i64,
    },
}

/// A file that has to reach the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upload {
    pub(crate) id: i64,
    pub(crate) message: i64,
    /// Index in the message's attachments.
    pub(crate) place: u32,
    pub(crate) conversation: String,
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) size: u64,
    pub(crate) source: Source,
    /// Once it was read to its end.
    pub(crate) sha256: Option<Vec<u8>>,
    pub(crate) paused: bool,
    /// Tries that came to nothing.
    pub(crate) tries: u32,
    /// Why it is not tried again.
    pub(crate) error: Option<String>,
}

/// A new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewUpload {
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) size: u64,
    pub(crate) source: NewSource,
}

/// Where its bytes come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NewSource {
    /// A row of the files.
    Copy(i64),
    /// As in [`Source::Path`].
    Path { path: String, modified_ms: i64 },
}

const COLUMNS: &str = "u.id, u.message, u.place, m.conversation, u.name, u.media_type,
    u.size_bytes, u.file, u.path, u.modified_ms, u.sha256, u.paused, u.error,
    u.tries";

fn upload(db: &Connection, row: &Row<'_>) -> rusqlite::Result<Upload> {
    let copy = match row.get::<_, Option<i64>>(7)? {
        Some(file) => files::get(db, file)?,
        None => None,
    };
    let source = match copy {
        Some(copy) => Source::Copy(copy),
        // Without a copy and a path there is nothing to be read, and that is said.
        None => Source::Path {
            path: row.get::<_, Option<String>>(8)?.unwrap_or_default(),
            modified_ms: row.get::<_, Option<i64>>(9)?.unwrap_or_default(),
        },
    };
    Ok(Upload {
        id: row.get(0)?,
        message: row.get(1)?,
        place: row.get(2)?,
        conversation: row.get(3)?,
        name: row.get(4)?,
        media_type: row.get(5)?,
        size: row.get::<_, i64>(6)?.unsigned_abs(),
        source,
        sha256: row.get(10)?,
        paused: row.get(11)?,
        error: row.get(12)?,
        tries: row.get(13)?,
    })
}

fn all(
    db: &Connection,
    rest: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<Vec<Upload>> {
    let sql = format!("SELECT {COLUMNS} FROM uploads u JOIN messages m ON m.id = u.message {rest}");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(upload(db, row)?);
    }
    Ok(found)
}

/// All that is not there yet, in the order in which it was written.
pub(crate) fn list(db: &Connection) -> rusqlite::Result<Vec<Upload>> {
    all(db, "ORDER BY m.position, m.id, u.place", [])
}

/// A file of a message that is not there yet.
pub(crate) fn of_message(
    db: &Connection,
    message: i64,
    place: u32,
) -> rusqlite::Result<Option<Upload>> {
    let found = all(
        db,
        "WHERE u.message = ?1 AND u.place = ?2",
        params![message, place],
    )?;
    Ok(found.into_iter().next())
}

/// Our copy of a file that is not there yet, if there is one.
pub(crate) fn copy_of(
    db: &Connection,
    message: i64,
    place: u32,
) -> rusqlite::Result<Option<CachedFile>> {
    let upload = of_message(db, message, place)?;
    Ok(upload.and_then(|upload| match upload.source {
        Source::Copy(file) => Some(file),
        Source::Path { .. } => None,
    }))
}

/// Whether files of a message are not there yet: `Some(paused)`.
pub(crate) fn is_paused(
    db: &Connection,
    message: i64,
    place: i64,
) -> rusqlite::Result<Option<bool>> {
    db.prepare_cached("SELECT paused FROM uploads WHERE message = ?1 AND place = ?2")?
        .query_row([message, place], |row| row.get(0))
        .optional()
}

/// Adds a file of a message.
pub(crate) fn add(
    tx: &Transaction<'_>,
    message: i64,
    place: u32,
    new: &NewUpload,
) -> rusqlite::Result<()> {
    let (file, path, modified_ms) = match &new.source {
        NewSource::Copy(file) => (Some(*file), None, None),
        NewSource::Path { path, modified_ms } => (None, Some(path), Some(*modified_ms)),
    };
    tx.prepare_cached(
        "INSERT INTO uploads (message, place, name, media_type, size_bytes, file, path, modified_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        message,
        place,
        new.name,
        new.media_type,
        files::size(new.size),
        file,
        path,
        modified_ms
    ])?;
    Ok(())
}

/// Stops the files of a message, or lets them go on; the conversation, if there
/// are any.
pub(crate) fn pause(
    tx: &Transaction<'_>,
    message: i64,
    paused: bool,
) -> rusqlite::Result<Option<String>> {
    // Whoever lets it go on has seen to what was in its way.
    let changed = tx
        .prepare_cached("UPDATE uploads SET paused = ?2, tries = 0 WHERE message = ?1")?
        .execute(params![message, paused])?;
    if changed == 0 {
        return Ok(None);
    }
    Ok(messages::get(tx, message)?.map(|message| message.conversation))
}

/// Removes a message whose files are not all there: nobody else has it. Its
/// conversation, if there is such a message.
pub(crate) fn cancel(tx: &Transaction<'_>, message: i64) -> rusqlite::Result<Option<String>> {
    let waits: bool = tx
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM uploads WHERE message = ?1)")?
        .query_row([message], |row| row.get(0))?;
    let Some(found) = messages::get(tx, message)?.filter(|_| waits) else {
        return Ok(None);
    };
    messages::delete(tx, message)?;
    Ok(Some(found.conversation))
}

/// A try came to nothing; there will be others.
pub(crate) fn tried(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE uploads SET tries = tries + 1 WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

/// Where a file that was read to its end is still the same, it has this hash.
pub(crate) fn hashed(tx: &Transaction<'_>, id: i64, sha256: &[u8]) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE uploads SET sha256 = ?2 WHERE id = ?1")?
        .execute(params![id, sha256])?;
    Ok(())
}

/// A file cannot be uploaded: its message fails, and can be tried again. Whether
/// it still waited.
pub(crate) fn fail(tx: &Transaction<'_>, upload: &Upload, error: &str) -> rusqlite::Result<bool> {
    tx.prepare_cached("UPDATE uploads SET error = ?2 WHERE id = ?1")?
        .execute(params![upload.id, error])?;
    messages::fail(tx, upload.message, error)
}

/// The file is there: the message knows where, and may be able to go. Whether it
/// still waited for that.
pub(crate) fn done(
    tx: &Transaction<'_>,
    upload: &Upload,
    url: &str,
    sha256: &[u8],
) -> rusqlite::Result<bool> {
    let Some(message) = messages::get(tx, upload.message)? else {
        return Ok(false);
    };
    let mut attachments = message.extras.attachments;
    let place = usize::try_from(upload.place).unwrap_or(usize::MAX);
    let Some(attachment) = attachments.get_mut(place) else {
        return Ok(false);
    };
    *attachment = Attachment {
        url: Some(url.to_owned()),
        sha256: Some(crate::files::base64(sha256)),
        ..attachment.clone()
    };
    messages::set_attachments(tx, upload.message, &attachments)?;
    if let Source::Copy(file) = &upload.source {
        files::is_at(tx, file.id, url)?;
    }
    tx.prepare_cached("DELETE FROM uploads WHERE id = ?1")?
        .execute([upload.id])?;
    if message.state == State::Waiting {
        order::behind_what_went(tx, upload.message)?;
    }
    Ok(true)
}

/// A message is tried again, and its files with it.
pub(super) fn retry(tx: &Transaction<'_>, message: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE uploads SET error = NULL, tries = 0, paused = 0 WHERE message = ?1")?
        .execute([message])?;
    Ok(())
}

#[cfg(test)]
mod tests;

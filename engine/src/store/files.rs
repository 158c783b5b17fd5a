//! Files whose bytes are here: fetched ones, and those that are to be uploaded.
//! Which bytes is said here, the bytes themselves lie sealed beside the cache.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use zeroize::Zeroizing;

use super::contacts::{meta, set_meta};
use crate::vault::Sealed;

/// Files of others that were begun and not finished stay so long.
const UNFINISHED_MS: i64 = 7 * 24 * 3600 * 1000;
/// Files that nothing refers to: somebody may be about to send them.
const LOOSE_MS: i64 = 24 * 3600 * 1000;
/// Hosts of our server's files that are remembered.
const MAX_HOSTS: usize = 20;
const HOSTS: &str = "upload-hosts";

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CachedFile {
    pub(crate) id: i64,
    pub(crate) sealed: Sealed,
    /// What follows is known once it is whole.
    pub(crate) whole: Option<Whole>,
    /// What tells whether the server still has the same (RFC 9110, section 8.8.3).
    pub(crate) validator: Option<String>,
}

/// What is known of a file that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) sha256: Vec<u8>,
    pub(crate) size: u64,
    /// By what it is.
    pub(crate) media_type: String,
}

const COLUMNS: &str = "id, name, key, sha256, size_bytes, media_type, validator";

fn file(row: &Row<'_>) -> rusqlite::Result<CachedFile> {
    let whole = match (row.get(3)?, row.get::<_, Option<i64>>(4)?, row.get(5)?) {
        (Some(sha256), Some(size), Some(media_type)) => Some(Whole {
            sha256,
            size: size.unsigned_abs(),
            media_type,
        }),
        _ => None,
    };
    Ok(CachedFile {
        id: row.get(0)?,
        sealed: Sealed {
            name: row.get(1)?,
            key: Zeroizing::new(row.get(2)?),
        },
        whole,
        validator: row.get(6)?,
    })
}

pub(super) fn size(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// Notes a file that is being fetched from there.
pub(crate) fn begin(
    tx: &Transaction<'_>,
    sealed: &Sealed,
    url: &str,
    validator: Option<&str>,
    now_ms: i64,
) -> rusqlite::Result<i64> {
    tx.prepare_cached(
        "INSERT INTO files (name, key, url, validator, used_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        sealed.name,
        sealed.key.as_slice(),
        url,
        validator,
        now_ms
    ])?;
    Ok(tx.last_insert_rowid())
}

/// Notes a file of ours, which is whole and nowhere else.
pub(crate) fn add(
    tx: &Transaction<'_>,
    sealed: &Sealed,
    whole: &Whole,
    now_ms: i64,
) -> rusqlite::Result<i64> {
    tx.prepare_cached(
        "INSERT INTO files (name, key, sha256, size_bytes, media_type, used_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        sealed.name,
        sealed.key.as_slice(),
        whole.sha256,
        size(whole.size),
        whole.media_type,
        now_ms
    ])?;
    Ok(tx.last_insert_rowid())
}

/// A file is whole, and used now, whenever it was begun. Whether it is still there.
pub(crate) fn finish(
    tx: &Transaction<'_>,
    id: i64,
    whole: &Whole,
    now_ms: i64,
) -> rusqlite::Result<bool> {
    let changed = tx
        .prepare_cached(
            "UPDATE files SET sha256 = ?2, size_bytes = ?3, media_type = ?4, used_ms = ?5
             WHERE id = ?1",
        )?
        .execute(params![
            id,
            whole.sha256,
            size(whole.size),
            whole.media_type,
            now_ms
        ])?;
    Ok(changed > 0)
}

/// A file of ours is at this address, too.
pub(super) fn is_at(tx: &Transaction<'_>, id: i64, url: &str) -> rusqlite::Result<()> {
    // One that was fetched from there already is the same.
    tx.prepare_cached("UPDATE OR IGNORE files SET url = ?2 WHERE id = ?1")?
        .execute(params![id, url])?;
    Ok(())
}

fn one(
    db: &Connection,
    condition: &str,
    value: impl rusqlite::ToSql,
) -> rusqlite::Result<Option<CachedFile>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM files WHERE {condition}"))?
        .query_row([value], file)
        .optional()
}

/// A file by its id.
pub(crate) fn get(db: &Connection, id: i64) -> rusqlite::Result<Option<CachedFile>> {
    one(db, "id = ?1", id)
}

/// A whole file of ours that no message has yet.
pub(crate) fn loose(db: &Connection, id: i64) -> rusqlite::Result<Option<CachedFile>> {
    let condition = "id = ?1 AND url IS NULL AND size_bytes IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM uploads WHERE file = files.id)";
    one(db, condition, id)
}

/// What is here of the file at an address.
pub(crate) fn at(db: &Connection, url: &str) -> rusqlite::Result<Option<CachedFile>> {
    one(db, "url = ?1", url)
}

/// A whole file: the one at this address, or another that has the same bytes.
pub(crate) fn whole(
    db: &Connection,
    url: &str,
    sha256: Option<&[u8]>,
) -> rusqlite::Result<Option<CachedFile>> {
    let found = one(db, "url = ?1 AND size_bytes IS NOT NULL", url)?;
    match (found, sha256) {
        (Some(found), _) => Ok(Some(found)),
        (None, Some(sha256)) => one(db, "sha256 = ?1 ORDER BY id LIMIT 1", sha256),
        (None, None) => Ok(None),
    }
}

/// Whether [`whole`] would find one.
pub(crate) fn is_here(db: &Connection, url: &str, sha256: Option<&[u8]>) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM files WHERE url = ?1 AND size_bytes IS NOT NULL)
             OR EXISTS (SELECT 1 FROM files WHERE sha256 = ?2)",
    )?
    .query_row(params![url, sha256], |row| row.get(0))
}

/// Somebody uses a file. Whether it is still there.
pub(crate) fn used(tx: &Transaction<'_>, id: i64, now_ms: i64) -> rusqlite::Result<bool> {
    let changed = tx
        .prepare_cached("UPDATE files SET used_ms = ?2 WHERE id = ?1")?
        .execute(params![id, now_ms])?;
    Ok(changed > 0)
}

/// Forgets a file; its name, to be removed then.
pub(crate) fn forget(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<Option<String>> {
    tx.prepare_cached("DELETE FROM files WHERE id = ?1 RETURNING name")?
        .query_row([id], |row| row.get(0))
        .optional()
}

/// Forgets what was not used for longest until all takes no more than so many
/// bytes, and what nobody will go on with; their names, to be removed then. What
/// is on its way to the server stays, and so does the one that was used last, however
/// large it is: somebody has just waited for it.
pub(crate) fn tidy(
    tx: &Transaction<'_>,
    most_bytes: u64,
    now_ms: i64,
) -> rusqlite::Result<Vec<String>> {
    let mut names: Vec<String> = tx
        .prepare_cached(
            "DELETE FROM files
             WHERE (size_bytes IS NULL AND used_ms < ?1 OR url IS NULL AND used_ms < ?2)
                 AND id NOT IN (SELECT file FROM uploads WHERE file IS NOT NULL)
             RETURNING name",
        )?
        .query_map([now_ms - UNFINISHED_MS, now_ms - LOOSE_MS], |row| {
            row.get(0)
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut statement = tx.prepare_cached(
        "SELECT id, size_bytes FROM files
         WHERE size_bytes IS NOT NULL AND url IS NOT NULL
             AND id NOT IN (SELECT file FROM uploads WHERE file IS NOT NULL)
         ORDER BY used_ms DESC, id DESC",
    )?;
    let mut rows = statement.query([])?;
    let (mut kept, mut going) = (0_u64, Vec::new());
    let mut is_newest = true;
    while let Some(row) = rows.next()? {
        kept = kept.saturating_add(row.get::<_, i64>(1)?.unsigned_abs());
        if kept > most_bytes && !is_newest {
            going.push(row.get(0)?);
        }
        is_newest = false;
    }
    drop(rows);
    for id in going {
        names.extend(forget(tx, id)?);
    }
    Ok(names)
}

/// Forgets all that can be fetched again, but for what is being fetched from these
/// addresses; the names, to be removed then.
pub(crate) fn clear(tx: &Transaction<'_>, fetching: &[String]) -> rusqlite::Result<Vec<String>> {
    tx.prepare_cached(
        "DELETE FROM files WHERE url IS NOT NULL
             AND url NOT IN (SELECT value FROM json_each(?1))
             AND id NOT IN (SELECT file FROM uploads WHERE file IS NOT NULL)
         RETURNING name",
    )?
    .query_map(
        [serde_json::to_string(fetching).unwrap_or_else(|_| "[]".to_owned())],
        |row| row.get(0),
    )?
    .collect()
}

/// Names of all files.
pub(crate) fn names(db: &Connection) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached("SELECT name FROM files")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Hosts to which files of ours have gone.
pub(crate) fn hosts(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let text = meta(db, HOSTS)?;
    Ok(text
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default())
}

/// Remembers a host to which files of ours have gone.
pub(crate) fn add_host(tx: &Transaction<'_>, host: &str) -> rusqlite::Result<()> {
    let mut all = hosts(tx)?;
    if all.iter().any(|known| known == host) {
        return Ok(());
    }
    all.push(host.to_owned());
    let begin = all.len().saturating_sub(MAX_HOSTS);
    let text = serde_json::to_string(all.get(begin..).unwrap_or_default()).unwrap_or_default();
    set_meta(tx, HOSTS, &text)
}

#[cfg(test)]
mod tests;

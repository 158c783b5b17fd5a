//! Looking after the database as a whole: copies, damage, counts.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::files::Hash;
use super::{StoreError, is_damage, schema};

/// Latest version of the tables that this program knows.
pub(crate) const SUPPORTED: u32 = schema::VERSION;
/// Most lines of damage that are listed.
const MAX_DAMAGE: u32 = 100;

/// Writes a consistent copy into a file that is not there yet, while others
/// read and write.
pub(crate) fn copy_to(db: &Connection, path: &Path) -> Result<(), StoreError> {
    let path = path.to_string_lossy();
    db.execute("VACUUM INTO ?1", [path])?;
    Ok(())
}

/// Opens a database as it is, without bringing it to the present version.
pub(crate) fn open_copy(path: &Path) -> Result<Connection, StoreError> {
    // A log beside it is part of it, so it is not opened for reading alone.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(std::time::Duration::from_secs(10))?;
    match db.pragma_update(None, "query_only", true) {
        Err(error) if is_damage(&error) => Err(StoreError::Damaged {
            path: path.to_owned(),
        }),
        other => other.map(|()| db).map_err(StoreError::from),
    }
}

/// Version of the tables.
pub(crate) fn version(db: &Connection) -> Result<u32, StoreError> {
    Ok(db.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// What SQLite itself finds wrong, in its words.
pub(crate) fn damage(db: &Connection) -> Result<Vec<String>, StoreError> {
    let read = || -> rusqlite::Result<Vec<String>> {
        let mut statement = db.prepare(&format!("PRAGMA integrity_check({MAX_DAMAGE})"))?;
        let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
        lines
            .filter(|line| line.as_ref().map_or(true, |line| line != "ok"))
            .collect()
    };
    match read() {
        Ok(lines) => Ok(lines),
        Err(error) if is_damage(&error) => Ok(vec![error.to_string()]),
        Err(error) => Err(error.into()),
    }
}

/// Rows that refer to rows that are not there: table and number.
pub(crate) fn dangling(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare("PRAGMA foreign_key_check")?;
    let rows = statement.query_map([], |row| {
        let (table, row, parent): (String, Option<i64>, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let row = row.map_or_else(String::new, |row| format!(" {row}"));
        Ok(format!(
            "row{row} of {table} belongs to nothing in {parent}"
        ))
    })?;
    rows.take(MAX_DAMAGE as usize).collect()
}

/// Archives whose order is not that of their times.
pub(crate) fn unordered_archives(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare(
        "SELECT DISTINCT owner FROM (
             SELECT owner, time_ms,
                    max(time_ms) OVER (PARTITION BY owner ORDER BY id) AS latest FROM archive)
         WHERE time_ms < latest LIMIT ?1",
    )?;
    statement
        .query_map([MAX_DAMAGE], |row| row.get(0))?
        .collect()
}

/// Archives of nobody: neither an account nor a room of this service.
pub(crate) fn ownerless_archives(db: &Connection, service: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare(
        "SELECT DISTINCT owner FROM archive
         WHERE owner NOT IN (SELECT localpart FROM accounts)
           AND owner NOT IN (SELECT name || '@' || ?1 FROM rooms)
           AND owner NOT IN (SELECT owner FROM archive_removals) LIMIT ?2",
    )?;
    statement
        .query_map(rusqlite::params![service, MAX_DAMAGE], |row| row.get(0))?
        .collect()
}

/// Gives every stored message, one by one: owner, id and text.
pub(crate) fn each_message(
    db: &Connection,
    mut each: impl FnMut(&str, &str, &str),
) -> rusqlite::Result<()> {
    let mut statement = db.prepare("SELECT owner, stanza_id, xml FROM archive ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text = |index| {
            row.get_ref(index)
                .map(|value| value.as_str().unwrap_or_default())
        };
        each(text(0)?, text(1)?, text(2)?);
    }
    Ok(())
}

/// All files that there should be: hash and size.
pub(crate) fn files(db: &Connection) -> rusqlite::Result<Vec<(Hash, u64)>> {
    db.prepare("SELECT hash, size FROM blobs ORDER BY hash")?
        .query_map([], |row| {
            let size: i64 = row.get(1)?;
            Ok((row.get(0)?, size.unsigned_abs()))
        })?
        .collect()
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) accounts: u64,
    pub(crate) rooms: u64,
    pub(crate) messages: u64,
    pub(crate) waiting: u64,
    pub(crate) invites: u64,
}

/// Counts what there is; `invites` that work at this time.
pub(crate) fn counts(db: &Connection, now_ms: i64) -> rusqlite::Result<Counts> {
    let count = |sql: &str, values: &[i64]| {
        let values = rusqlite::params_from_iter(values);
        let found: Option<i64> = db.query_row(sql, values, |row| row.get(0)).optional()?;
        Ok::<u64, rusqlite::Error>(found.unwrap_or_default().unsigned_abs())
    };
    Ok(Counts {
        accounts: count("SELECT count(*) FROM accounts", &[])?,
        rooms: count("SELECT count(*) FROM rooms", &[])?,
        messages: count("SELECT count(*) FROM archive WHERE kept = 1", &[])?,
        waiting: count("SELECT count(*) FROM archive WHERE undelivered = 1", &[])?,
        invites: count(
            "SELECT count(*) FROM invites
             WHERE expires_ms > ?1 AND (uses_left IS NULL OR uses_left > 0)",
            &[now_ms],
        )?,
    })
}

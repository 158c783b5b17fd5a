//! Whether we want to be in a room, as it was decided here: what its bookmark does not
//! say yet.

use rusqlite::{Connection, OptionalExtension, Transaction};

/// Keys of small values.
const WISH: &str = "wish:";
const IN: &str = "in";
const OUT: &str = "out";

/// What was decided and is not noted; nothing if the bookmark is right.
pub(crate) fn get(db: &Connection, room: &str) -> rusqlite::Result<Option<bool>> {
    let wish: Option<String> = db
        .prepare_cached("SELECT value FROM meta WHERE key = ?1 || ?2")?
        .query_row([WISH, room], |row| row.get(0))
        .optional()?;
    Ok(wish.map(|wish| wish == IN))
}

/// It was decided just now.
pub(crate) fn put(tx: &Transaction<'_>, room: &str, is_wanted: bool) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1 || ?2, ?3)")?
        .execute([WISH, room, if is_wanted { IN } else { OUT }])?;
    Ok(())
}

/// There is nothing to be noted.
pub(crate) fn forget(tx: &Transaction<'_>, room: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM meta WHERE key = ?1 || ?2")?
        .execute([WISH, room])?;
    Ok(())
}

/// The bookmark says this now. Whether that is all that there was to say.
pub(crate) fn said(tx: &Transaction<'_>, room: &str, is_wanted: bool) -> rusqlite::Result<bool> {
    match get(tx, room)? {
        Some(wish) if wish != is_wanted => Ok(false),
        _ => forget(tx, room).map(|()| true),
    }
}

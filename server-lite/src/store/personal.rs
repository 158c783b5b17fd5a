//! vCards (XEP-0054) and private XML storage (XEP-0049).

use super::pep::count;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

/// The vCard of an account, without its picture.
pub(crate) fn vcard(db: &Connection, owner: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT xml FROM vcards WHERE owner = ?1")?
        .query_row([owner], |row| row.get(0))
        .optional()
}

pub(crate) fn set_vcard(tx: &Transaction<'_>, owner: &str, xml: &str) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO vcards VALUES (?1, ?2)",
        [owner, xml],
    )?;
    Ok(())
}

/// The element of that name, if the account has stored one.
pub(crate) fn private(
    db: &Connection,
    owner: &str,
    name: &str,
    namespace: &str,
) -> rusqlite::Result<Option<String>> {
    db.prepare_cached(
        "SELECT xml FROM private_storage WHERE owner = ?1 AND name = ?2 AND namespace = ?3",
    )?
    .query_row([owner, name, namespace], |row| row.get(0))
    .optional()
}

/// Stores an element in place of the one of the same name.
pub(crate) fn set_private(
    tx: &Transaction<'_>,
    owner: &str,
    name: &str,
    namespace: &str,
    xml: &str,
) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO private_storage VALUES (?1, ?2, ?3, ?4)",
        params![owner, name, namespace, xml],
    )?;
    Ok(())
}

/// Number of elements that an account has stored, and their bytes.
pub(crate) fn private_usage(db: &Connection, owner: &str) -> rusqlite::Result<(usize, usize)> {
    db.query_row(
        "SELECT count(*), coalesce(sum(octet_length(xml)), 0) FROM private_storage
         WHERE owner = ?1",
        [owner],
        |row| Ok((count(row, 0)?, count(row, 1)?)),
    )
}

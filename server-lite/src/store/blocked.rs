//! Block lists (XEP-0191).

use rusqlite::{Connection, Transaction, params};

/// All lists: owner and address.
pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    db.prepare("SELECT owner, address FROM blocked")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// The list of one account, in order.
pub(crate) fn of(db: &Connection, owner: &str) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached("SELECT address FROM blocked WHERE owner = ?1 ORDER BY 1")?
        .query_map([owner], |row| row.get(0))?
        .collect()
}

/// Adds addresses to a list; `false`, and nothing done, if it would hold more
/// than `max`.
pub(crate) fn add(
    tx: &Transaction<'_>,
    owner: &str,
    addresses: &[String],
    max: usize,
) -> rusqlite::Result<bool> {
    let count = "SELECT count(*) FROM blocked WHERE owner = ?1";
    let mut left = tx.query_row(count, [owner], |row| row.get::<_, i64>(0))?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO blocked (owner, address) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?;
    tx.execute_batch("SAVEPOINT block")?;
    for address in addresses {
        left += i64::try_from(insert.execute(params![owner, address])?).unwrap_or(0);
    }
    let fits = left <= i64::try_from(max).unwrap_or(i64::MAX);
    tx.execute_batch(if fits {
        "RELEASE block"
    } else {
        "ROLLBACK TO block; RELEASE block"
    })?;
    Ok(fits)
}

/// Removes addresses from a list.
pub(crate) fn remove(
    tx: &Transaction<'_>,
    owner: &str,
    addresses: &[String],
) -> rusqlite::Result<()> {
    let mut remove = tx.prepare_cached("DELETE FROM blocked WHERE owner = ?1 AND address = ?2")?;
    for address in addresses {
        remove.execute([owner, address])?;
    }
    Ok(())
}

/// Removes a list.
pub(crate) fn clear(tx: &Transaction<'_>, owner: &str) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM blocked WHERE owner = ?1", [owner])?;
    Ok(())
}

//! Who is blocked (XEP-0191).

use rusqlite::{Connection, Transaction};

/// Takes the whole list over.
pub(crate) fn replace_all(tx: &Transaction<'_>, addresses: &[String]) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM blocked", [])?;
    block(tx, addresses)
}

/// Adds some.
pub(crate) fn block(tx: &Transaction<'_>, addresses: &[String]) -> rusqlite::Result<()> {
    for address in addresses {
        tx.prepare_cached("INSERT OR IGNORE INTO blocked (address) VALUES (?1)")?
            .execute([address])?;
    }
    Ok(())
}

/// Removes some; an empty list is all of them (section 3.5).
pub(crate) fn unblock(tx: &Transaction<'_>, addresses: &[String]) -> rusqlite::Result<()> {
    if addresses.is_empty() {
        tx.execute("DELETE FROM blocked", [])?;
    }
    for address in addresses {
        tx.execute("DELETE FROM blocked WHERE address = ?1", [address])?;
    }
    Ok(())
}

/// All that are blocked: people, or whole servers.
pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached("SELECT address FROM blocked ORDER BY address")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Whether a person (bare address) is blocked, or all of their server.
pub(crate) fn is_blocked(db: &Connection, address: &str) -> rusqlite::Result<bool> {
    let domain = address
        .split_once('@')
        .map_or(address, |(_, domain)| domain);
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM blocked WHERE address IN (?1, ?2))")?
        .query_row([address, domain], |row| row.get(0))
}

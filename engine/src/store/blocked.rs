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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    fn cache() -> Connection {
        let mut db = Connection::open_in_memory().unwrap();
        schema::migrate(&mut db).unwrap();
        db
    }

    fn addresses(list: &[&str]) -> Vec<String> {
        list.iter().map(|&address| address.to_owned()).collect()
    }

    #[test]
    fn the_list_is_taken_over_and_changed() {
        let mut db = cache();
        let tx = db.transaction().unwrap();
        replace_all(&tx, &addresses(&["b@x", "a@x", "a@x"])).unwrap();
        assert_eq!(all(&tx).unwrap(), ["a@x", "b@x"]);
        block(&tx, &addresses(&["a@x", "evil.example"])).unwrap();
        unblock(&tx, &addresses(&["b@x", "nobody@x"])).unwrap();
        assert_eq!(all(&tx).unwrap(), ["a@x", "evil.example"]);
        replace_all(&tx, &addresses(&["c@x"])).unwrap();
        assert_eq!(all(&tx).unwrap(), ["c@x"]);
        // Nobody is named: nobody is blocked any more (section 3.5).
        unblock(&tx, &[]).unwrap();
        assert!(all(&tx).unwrap().is_empty());
    }

    #[test]
    fn a_server_stands_for_all_of_its_people_and_for_no_other() {
        let mut db = cache();
        let tx = db.transaction().unwrap();
        block(&tx, &addresses(&["rosa@team.example", "evil.example"])).unwrap();
        for (address, blocked) in [
            ("rosa@team.example", true),
            ("bob@team.example", false),
            ("team.example", false),
            ("anybody@evil.example", true),
            ("evil.example", true),
            ("anybody@not-evil.example", false),
            ("evil.example@team.example", false),
        ] {
            assert_eq!(is_blocked(&tx, address).unwrap(), blocked, "{address}");
        }
    }
}

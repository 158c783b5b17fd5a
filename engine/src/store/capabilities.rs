//! What others' programs can do, by the hash that they send (XEP-0115).

use rusqlite::{Connection, OptionalExtension, Transaction, params};

/// Hashes that are kept; those used least go.
const MAX_KEPT: i64 = 500;

/// The features behind a hash (`hash function`, blank, `ver`).
pub(crate) fn features(db: &Connection, key: &str) -> rusqlite::Result<Option<Vec<String>>> {
    let found: Option<String> = db
        .prepare_cached("SELECT features FROM capabilities WHERE ver = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    Ok(found.and_then(|features| serde_json::from_str(&features).ok()))
}

/// Keeps features that were verified.
pub(crate) fn keep(
    tx: &Transaction<'_>,
    key: &str,
    features: &[String],
    now_ms: i64,
) -> rusqlite::Result<()> {
    let features = serde_json::to_string(features).unwrap_or_default();
    tx.execute(
        "INSERT OR REPLACE INTO capabilities (ver, features, used_ms) VALUES (?1, ?2, ?3)",
        params![key, features, now_ms],
    )?;
    tx.execute(
        "DELETE FROM capabilities WHERE ver NOT IN
             (SELECT ver FROM capabilities ORDER BY used_ms DESC LIMIT ?1)",
        [MAX_KEPT],
    )?;
    Ok(())
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

    #[test]
    fn what_is_kept_is_found_and_what_is_odd_counts_as_unknown() {
        let mut db = cache();
        let tx = db.transaction().unwrap();
        assert_eq!(features(&tx, "sha-1 a").unwrap(), None);
        keep(&tx, "sha-1 a", &["x".to_owned(), "y".to_owned()], 1).unwrap();
        keep(&tx, "sha-1 none", &[], 1).unwrap();
        let found = |key: &str| features(&tx, key).unwrap();
        assert_eq!(found("sha-1 a").unwrap(), ["x", "y"]);
        assert_eq!(found("sha-1 none").unwrap(), Vec::<String>::new());
        keep(&tx, "sha-1 a", &["z".to_owned()], 2).unwrap();
        assert_eq!(found("sha-1 a").unwrap(), ["z"]);
        tx.execute("UPDATE capabilities SET features = '{'", [])
            .unwrap();
        assert_eq!(found("sha-1 a"), None, "it is asked for again");
    }

    #[test]
    fn the_newest_stay() {
        let mut db = cache();
        let tx = db.transaction().unwrap();
        for number in 0..=MAX_KEPT {
            keep(&tx, &format!("sha-1 {number}"), &[], number).unwrap();
        }
        let kept: i64 = tx
            .query_row("SELECT count(*) FROM capabilities", [], |row| row.get(0))
            .unwrap();
        assert_eq!(kept, MAX_KEPT);
        assert_eq!(features(&tx, "sha-1 0").unwrap(), None);
        assert!(features(&tx, "sha-1 1").unwrap().is_some());
    }
}

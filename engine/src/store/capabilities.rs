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

//! Archives that are kept for some time or up to a size: the oldest messages go.
//! What only waits for its owner is no part of an archive, and stays.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::row_at;

/// Rows that are removed in one transaction.
const AT_ONCE: usize = 1_000;
/// What a message takes beside its text: its other columns, its places in the
/// indexes.
const AROUND: u64 = 400;

/// How much of an archive stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Nothing that is older.
    pub(crate) since_ms: Option<i64>,
    /// No more than this, the newest messages first.
    pub(crate) max_bytes: Option<u64>,
}

/// The owner of an archive that follows this one by name.
pub(crate) fn next_owner(db: &Connection, after: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached(
        "SELECT owner FROM archive WHERE owner > ?1 AND kept = 1 ORDER BY owner LIMIT 1",
    )?
    .query_row([after], |row| row.get(0))
    .optional()
}

/// The last row of an archive that has to go, or one before its first.
pub(crate) fn outlived(db: &Connection, owner: &str, bounds: Bounds) -> rusqlite::Result<i64> {
    let by_age = match bounds.since_ms {
        Some(since) => row_at(db, owner, since)?.saturating_sub(1),
        None => 0,
    };
    let by_size = match bounds.max_bytes {
        Some(max) => beyond(db, owner, max)?,
        None => 0,
    };
    Ok(by_age.max(by_size))
}

/// The newest row that has no room any more.
fn beyond(db: &Connection, owner: &str, max: u64) -> rusqlite::Result<i64> {
    let mut statement = db.prepare_cached(
        "SELECT id, octet_length(xml) FROM archive
         WHERE owner = ?1 AND kept = 1 ORDER BY id DESC",
    )?;
    let mut rows = statement.query([owner])?;
    let mut bytes = 0_u64;
    while let Some(row) = rows.next()? {
        let text: i64 = row.get(1)?;
        bytes = bytes.saturating_add(text.unsigned_abs() + AROUND);
        if bytes > max {
            return row.get(0);
        }
    }
    Ok(0)
}

/// Removes some of the rows up to this one; whether there may be more.
pub(crate) fn expire(tx: &Transaction<'_>, owner: &str, up_to: i64) -> rusqlite::Result<bool> {
    let removed = tx
        .prepare_cached(&format!(
            "DELETE FROM archive WHERE id IN
                 (SELECT id FROM archive WHERE owner = ?1 AND kept = 1 AND id <= ?2
                  ORDER BY id LIMIT {AT_ONCE})"
        ))?
        .execute(params![owner, up_to])?;
    Ok(removed == AT_ONCE)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{from_rosa, store};
    use super::super::{insert, insert_passing};
    use super::*;

    #[tokio::test]
    async fn what_is_too_old_or_too_much_goes_and_what_waits_stays() {
        let (store, _folder) = store().await;
        let fill = |tx: &Transaction<'_>| {
            for number in 0..10_u32 {
                let of_rosa = from_rosa(number as usize, "<body>x</body>");
                insert(tx, &of_rosa, i64::from(number))?;
                let mut of_bob = from_rosa(100 + number as usize, "<body>x</body>");
                of_bob.owner = "bob".to_owned();
                insert(tx, &of_bob, i64::from(number))?;
            }
            insert_passing(tx, from_rosa(0, "<body>waits</body>").row(), 0)
        };
        store.write(fill).await.unwrap();
        let owners = |db: &Connection| Ok((next_owner(db, "")?, next_owner(db, "bob")?));
        let (first, second) = store.read(owners).await.unwrap();
        assert_eq!(
            (first.as_deref(), second.as_deref()),
            (Some("bob"), Some("rosa"))
        );
        assert_eq!(store.read(|db| next_owner(db, "rosa")).await.unwrap(), None);
        let one = 400 + from_rosa(0, "<body>x</body>").xml.len() as u64;
        for (since_ms, max_bytes, left) in [
            (None, None, 10),
            (Some(0), Some(10 * one), 10),
            (Some(3), None, 7),
            (Some(3), Some(4 * one), 4),
            (None, Some(4 * one - 1), 3),
            (Some(9), Some(4 * one), 1),
            (Some(9), Some(0), 0),
        ] {
            let bounds = Bounds {
                since_ms,
                max_bytes,
            };
            let kept = move |tx: &Transaction<'_>| {
                let up_to = outlived(tx, "rosa", bounds)?;
                assert!(!expire(tx, "rosa", up_to)?);
                let ids = |owner: &str| -> rusqlite::Result<Vec<String>> {
                    tx.prepare(
                        "SELECT stanza_id FROM archive WHERE owner = ?1 AND kept = 1 ORDER BY id",
                    )?
                    .query_map([owner], |row| row.get(0))?
                    .collect()
                };
                let waiting = "SELECT count(*) FROM archive WHERE owner = 'rosa' AND kept = 0";
                let waiting: i64 = tx.query_row(waiting, [], |row| row.get(0))?;
                Ok((ids("rosa")?, ids("bob")?.len(), waiting))
            };
            let (of_rosa, of_bob, waiting) = store.write(kept).await.unwrap();
            let newest: Vec<_> = (10 - left..10).map(|number| format!("s{number}")).collect();
            assert_eq!(of_rosa, newest, "{bounds:?}");
            assert_eq!((of_bob, waiting), (10, 1));
        }
    }
}

//! What was written while the clock stood ahead. No message may have an earlier
//! time than the one before it: as long as such rows are the last, all that
//! follow would be of the same far day.

use rusqlite::{Connection, OptionalExtension, Transaction};

/// A clock may be that much ahead, and nobody is harmed.
const AHEAD_MS: i64 = 24 * 3600 * 1000;

/// The time of the last row.
pub(crate) fn newest_ms(db: &Connection) -> rusqlite::Result<Option<i64>> {
    db.query_row(
        "SELECT time_ms FROM archive ORDER BY id DESC LIMIT 1",
        [],
        |row| row.get(0),
    )
    .optional()
}

/// Gives the present time to what claims to be of the future, if the last message
/// is; gives how many there were. Their order stays.
pub(crate) fn come_back(tx: &Transaction<'_>, now_ms: i64) -> rusqlite::Result<usize> {
    let limit = now_ms.saturating_add(AHEAD_MS);
    if newest_ms(tx)?.is_none_or(|newest| newest <= limit) {
        return Ok(0);
    }
    // Not before what is ahead by a little, and stays so.
    let latest: Option<i64> = tx.query_row(
        "SELECT max(time_ms) FROM archive WHERE time_ms <= ?1",
        [limit],
        |row| row.get(0),
    )?;
    let present = latest.unwrap_or(now_ms).max(now_ms);
    tx.execute(
        "UPDATE archive SET time_ms = ?1 WHERE time_ms > ?2",
        [present, limit],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::archive::{insert, tests};

    #[tokio::test]
    async fn the_future_becomes_the_present() {
        let (store, _folder) = tests::store().await;
        let now = 10 * AHEAD_MS;
        for (number, time) in [(1, 5), (2, now + 5), (3, 20 * AHEAD_MS), (4, now)] {
            let new = tests::from_rosa(number, "<body>x</body>");
            store.write(move |tx| insert(tx, &new, time)).await.unwrap();
        }
        let times = |db: &Connection| -> rusqlite::Result<Vec<i64>> {
            db.prepare("SELECT time_ms FROM archive ORDER BY id")?
                .query_map([], |row| row.get(0))?
                .collect()
        };
        let far = 20 * AHEAD_MS;
        assert_eq!(store.read(times).await.unwrap(), [5, now + 5, far, far]);
        for expected in [2, 0] {
            let mended = store.write(move |tx| come_back(tx, now)).await.unwrap();
            assert_eq!(mended, expected);
        }
        let mended = store.read(times).await.unwrap();
        assert_eq!(mended, [5, now + 5, now + 5, now + 5]);
    }
}

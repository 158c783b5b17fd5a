//! Removing whole archives in portions: one of millions of rows does not keep
//! everybody else from writing.

use rusqlite::{OptionalExtension, Transaction, params};

use super::last_id;

/// Rows that are removed in one transaction.
const AT_ONCE: i64 = 1_000;

/// Removes everything of one owner that is gone: the first rows now, the rest
/// with [`remove_some`]. Nobody reads it meanwhile.
pub(crate) fn remove_all(tx: &Transaction<'_>, owner: &str) -> rusqlite::Result<()> {
    let up_to = last_id(tx)?;
    if remove_rows(tx, owner, up_to, AT_ONCE)? {
        tx.execute(
            "INSERT INTO archive_removals VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET up_to = excluded.up_to",
            params![owner, up_to],
        )?;
    }
    Ok(())
}

/// Removes the next portion of what is on its way out; whether more is.
pub(crate) fn remove_some(tx: &Transaction<'_>) -> rusqlite::Result<bool> {
    let next: Option<(String, i64)> = tx
        .prepare_cached("SELECT owner, up_to FROM archive_removals LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((owner, up_to)) = next else {
        return Ok(false);
    };
    if !remove_rows(tx, &owner, up_to, AT_ONCE)? {
        forget(tx, &owner)?;
    }
    Ok(true)
}

/// Somebody new gets this name: nothing of who had it before may be left.
pub(crate) fn finish_removal(tx: &Transaction<'_>, owner: &str) -> rusqlite::Result<()> {
    let up_to: Option<i64> = tx
        .prepare_cached("SELECT up_to FROM archive_removals WHERE owner = ?1")?
        .query_row([owner], |row| row.get(0))
        .optional()?;
    if let Some(up_to) = up_to {
        while remove_rows(tx, owner, up_to, AT_ONCE)? {}
        forget(tx, owner)?;
    }
    Ok(())
}

/// The same for a room, of which the archive is owned by its address.
pub(crate) fn finish_removal_of_room(tx: &Transaction<'_>, room: &str) -> rusqlite::Result<()> {
    let owner: Option<String> = tx
        .query_row(
            "SELECT owner FROM archive_removals
             WHERE substr(owner, 1, length(?1) + 1) = ?1 || '@'",
            [room],
            |row| row.get(0),
        )
        .optional()?;
    owner.map_or(Ok(()), |owner| finish_removal(tx, &owner))
}

fn forget(tx: &Transaction<'_>, owner: &str) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM archive_removals WHERE owner = ?1", [owner])?;
    Ok(())
}

/// Removes some rows of one owner; whether there may be more.
fn remove_rows(tx: &Transaction<'_>, owner: &str, up_to: i64, max: i64) -> rusqlite::Result<bool> {
    let mut left = max;
    // Two steps: each index knows one kind.
    for kept in [1, 0] {
        let removed = tx
            .prepare_cached(&format!(
                "DELETE FROM archive WHERE id IN
                     (SELECT id FROM archive WHERE owner = ?1 AND kept = {kept} AND id <= ?2
                      ORDER BY id LIMIT ?3)"
            ))?
            .execute(params![owner, up_to, left])?;
        left = left.saturating_sub(i64::try_from(removed).unwrap_or(i64::MAX));
    }
    Ok(left <= 0)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{from_rosa, store};
    use super::*;
    use crate::store::Store;
    use crate::store::accounts::{self, AccountRow};
    use crate::store::archive::insert;

    async fn rows(store: &Store) -> i64 {
        let count = "SELECT count(*) FROM archive";
        store
            .read(move |db| db.query_row(count, [], |row| row.get(0)))
            .await
            .unwrap()
    }

    /// Rosa has written more than is removed at once, and is gone.
    async fn rosa_is_gone() -> (Store, tempfile::TempDir) {
        let (store, folder) = store().await;
        let fill = |tx: &Transaction<'_>| {
            for number in 0..2_500 {
                insert(tx, &from_rosa(number, "<body>x</body>"), 1)?;
            }
            let mut other = from_rosa(9_999, "<body>x</body>");
            other.owner = "bob".to_owned();
            insert(tx, &other, 1)
        };
        store.write(fill).await.unwrap();
        assert!(
            store
                .write(|tx| accounts::remove(tx, "rosa"))
                .await
                .unwrap()
        );
        (store, folder)
    }

    #[tokio::test]
    async fn a_large_archive_goes_in_portions() {
        let (store, folder) = rosa_is_gone().await;
        assert_eq!(rows(&store).await, 1_501);
        // What is left is known after a restart too.
        store.close().await;
        drop(store);
        let store = Store::open(&folder.path().join("server.db")).unwrap();
        assert!(store.write(remove_some).await.unwrap());
        assert_eq!(rows(&store).await, 501);
        while store.write(remove_some).await.unwrap() {}
        assert_eq!(rows(&store).await, 1);
        assert!(!store.write(remove_some).await.unwrap());
    }

    #[tokio::test]
    async fn who_has_the_name_next_finds_nothing() {
        let (store, _folder) = rosa_is_gone().await;
        let again = AccountRow {
            localpart: "rosa".to_owned(),
            display_name: "Rosa".to_owned(),
        };
        let made = store.write(move |tx| accounts::insert(tx, &again, &[], 2));
        assert!(made.await.unwrap());
        assert_eq!(rows(&store).await, 1);
        let new = from_rosa(3_000, "<body>new</body>");
        store.write(move |tx| insert(tx, &new, 2)).await.unwrap();
        while store.write(remove_some).await.unwrap() {}
        assert_eq!(rows(&store).await, 2);
    }
}

//! Whom to tell that something came for somebody who is away.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

/// Most places that one account can have told.
const MAX: i64 = 20;

/// A place that wants to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registration {
    pub(crate) id: i64,
    pub(crate) jid: String,
    pub(crate) node: String,
    /// A form, as XML.
    pub(crate) options: Option<String>,
}

/// Adds or replaces one (section 5); `false` if there are too many.
pub(crate) fn enable(
    tx: &Transaction<'_>,
    owner: &str,
    jid: &str,
    node: &str,
    options: Option<&str>,
) -> rusqlite::Result<bool> {
    let others: i64 = tx.query_row(
        "SELECT count(*) FROM push WHERE owner = ?1 AND NOT (jid = ?2 AND node = ?3)",
        [owner, jid, node],
        |row| row.get(0),
    )?;
    if others >= MAX {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO push (owner, jid, node, options) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (owner, jid, node) DO UPDATE SET options = excluded.options",
        params![owner, jid, node, options],
    )?;
    Ok(true)
}

/// Removes one, or without a node all of a service (section 6).
pub(crate) fn disable(
    tx: &Transaction<'_>,
    owner: &str,
    jid: &str,
    node: Option<&str>,
) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM push WHERE owner = ?1 AND jid = ?2 AND (?3 IS NULL OR node = ?3)",
        params![owner, jid, node],
    )?;
    Ok(())
}

/// Removes one that does not want to be told any more.
pub(crate) fn remove(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM push WHERE id = ?1", [id])?;
    Ok(())
}

/// The address of one.
pub(crate) fn address(db: &Connection, id: i64) -> rusqlite::Result<Option<String>> {
    db.query_row("SELECT jid FROM push WHERE id = ?1", [id], |row| row.get(0))
        .optional()
}

/// All of an account, and how many messages wait for it.
pub(crate) fn of(db: &Connection, owner: &str) -> rusqlite::Result<(Vec<Registration>, u64)> {
    let all = db
        .prepare_cached("SELECT id, jid, node, options FROM push WHERE owner = ?1 ORDER BY id")?
        .query_map([owner], |row| {
            Ok(Registration {
                id: row.get(0)?,
                jid: row.get(1)?,
                node: row.get(2)?,
                options: row.get(3)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let waiting: i64 = db
        .prepare_cached("SELECT count(*) FROM archive WHERE owner = ?1 AND undelivered = 1")?
        .query_row([owner], |row| row.get(0))?;
    Ok((all, waiting.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn an_app_server_whose_account_is_gone_is_told_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("server.db")).unwrap();
        let left = store.write(|tx| {
            tx.execute_batch(
                "INSERT OR REPLACE INTO meta VALUES ('domain', 'team.internal');
                 INSERT INTO accounts (localpart, display_name, created_ms, disabled) VALUES ('bob', 'Bob', 1, 0), ('app', 'App', 1, 0),
                                             ('myapp', 'App', 1, 0);",
            )?;
            for jid in [
                "app@team.internal",
                "app@team.internal/a/b",
                "app@push.team.internal",
                "myapp@team.internal/app@team.internal",
                "team.internal",
            ] {
                enable(tx, "bob", jid, "", None)?;
            }
            tx.execute("DELETE FROM accounts WHERE localpart = 'app'", [])?;
            of(tx, "bob")
        });
        let left: Vec<_> = left
            .await
            .unwrap()
            .0
            .into_iter()
            .map(|one| one.jid)
            .collect();
        let others = [
            "app@push.team.internal",
            "myapp@team.internal/app@team.internal",
            "team.internal",
        ];
        assert_eq!(left, others);
        store.close().await;
    }
}

//! The clients of accounts: which there are, and which were signed out.

use rusqlite::{Connection, Transaction, params};

/// A client that has signed in, by what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientRow {
    pub(crate) client: Vec<u8>,
    pub(crate) software: String,
    pub(crate) device: String,
    /// From where it came last.
    pub(crate) address: String,
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
    /// Whether it has a token that is still good.
    pub(crate) has_token: bool,
}

/// Notes that a client has a session now. With more than `max`, those go that
/// were not here for longest.
pub(crate) fn seen(
    tx: &Transaction<'_>,
    localpart: &str,
    row: &ClientRow,
    max: usize,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO clients (localpart, client, software, device, address, first_ms, last_ms)
         SELECT localpart, ?2, ?3, ?4, ?5, ?6, ?6 FROM accounts WHERE localpart = ?1
         ON CONFLICT DO UPDATE SET
             software = excluded.software, device = excluded.device,
             address = excluded.address, last_ms = excluded.last_ms, ended = 0",
    )?
    .execute(params![
        localpart,
        row.client,
        row.software,
        row.device,
        row.address,
        row.last_ms
    ])?;
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    tx.prepare_cached(
        "DELETE FROM clients WHERE localpart = ?1 AND client IN (
             SELECT client FROM clients WHERE localpart = ?1
             ORDER BY client = ?2 DESC, last_ms DESC LIMIT -1 OFFSET ?3)",
    )?
    .execute(params![localpart, row.client, max])?;
    Ok(())
}

/// Notes until when a client was here.
pub(crate) fn left(
    tx: &Transaction<'_>,
    localpart: &str,
    client: &[u8],
    now_ms: i64,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE clients SET last_ms = max(last_ms, ?3) WHERE localpart = ?1 AND client = ?2",
    )?
    .execute(params![localpart, client, now_ms])?;
    Ok(())
}

/// All that are not signed out, the one that was here last first.
pub(crate) fn all(
    db: &Connection,
    localpart: &str,
    now_ms: i64,
) -> rusqlite::Result<Vec<ClientRow>> {
    db.prepare_cached(
        "SELECT client, software, device, address, first_ms, last_ms,
                EXISTS (SELECT 1 FROM tokens
                        WHERE tokens.localpart = clients.localpart
                          AND tokens.client = clients.client AND expires_ms > ?2)
         FROM clients WHERE localpart = ?1 AND ended = 0 ORDER BY last_ms DESC, client",
    )?
    .query_map(params![localpart, now_ms], |row| {
        Ok(ClientRow {
            client: row.get(0)?,
            software: row.get(1)?,
            device: row.get(2)?,
            address: row.get(3)?,
            first_ms: row.get(4)?,
            last_ms: row.get(5)?,
            has_token: row.get(6)?,
        })
    })?
    .collect()
}

/// Signs a client out: its tokens are worth nothing, and the next time that it
/// comes with the password it is refused, so that it asks a person for it.
pub(crate) fn end(tx: &Transaction<'_>, localpart: &str, client: &[u8]) -> rusqlite::Result<()> {
    super::tokens::forget(tx, localpart, client)?;
    tx.execute(
        "UPDATE clients SET ended = 1 WHERE localpart = ?1 AND client = ?2",
        params![localpart, client],
    )?;
    Ok(())
}

/// Whether a client was signed out.
pub(crate) fn is_ended(db: &Connection, localpart: &str, client: &[u8]) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM clients
                        WHERE localpart = ?1 AND client = ?2 AND ended = 1)",
    )?
    .query_row(params![localpart, client], |row| row.get(0))
}

/// A client was told that it is signed out: whoever comes next has been asked.
pub(crate) fn told(tx: &Transaction<'_>, localpart: &str, client: &[u8]) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM clients WHERE localpart = ?1 AND client = ?2 AND ended = 1",
        params![localpart, client],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use crate::store::accounts::{self, AccountRow};

    fn row(client: u8, last_ms: i64) -> ClientRow {
        ClientRow {
            client: vec![client],
            software: "Test".to_owned(),
            device: String::new(),
            address: "192.0.2.1".to_owned(),
            first_ms: last_ms,
            last_ms,
            has_token: false,
        }
    }

    #[tokio::test]
    async fn the_newest_stay_and_the_first_time_too() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("server.db")).unwrap();
        let found = store
            .write(|tx| {
                let account = AccountRow {
                    localpart: "rosa".to_owned(),
                    display_name: "Rosa".to_owned(),
                };
                accounts::insert(tx, &account, &[], 0)?;
                for (client, at) in [(1, 10), (2, 20), (1, 30), (3, 25)] {
                    seen(tx, "rosa", &row(client, at), 2)?;
                }
                // Of nobody, nothing is kept.
                seen(tx, "nobody", &row(1, 1), 2)?;
                left(tx, "rosa", &[3], 50)?;
                left(tx, "rosa", &[3], 40)?;
                let kept = all(tx, "rosa", 0)?;
                end(tx, "rosa", &[3])?;
                let told_once = (is_ended(tx, "rosa", &[3])?, told(tx, "rosa", &[3])?);
                let after = (is_ended(tx, "rosa", &[3])?, all(tx, "rosa", 0)?.len());
                Ok((kept, told_once.0, after))
            })
            .await
            .unwrap();
        let kept: Vec<_> = found
            .0
            .iter()
            .map(|row| (row.client[0], row.first_ms, row.last_ms))
            .collect();
        assert_eq!(kept, [(3, 25, 50), (1, 10, 30)]);
        assert!(found.1);
        assert_eq!(found.2, (false, 1));
    }
}

//! Tokens for signing in without the password (XEP-0484).

use rusqlite::{Connection, Transaction, params};

/// A token that was given out, without the token itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenRow {
    /// Given out, but not used yet.
    pub(crate) is_new: bool,
    pub(crate) mechanism: String,
    pub(crate) seed: Vec<u8>,
    pub(crate) expires_ms: i64,
    pub(crate) count: i64,
}

/// Those of one client of an account that may sign in: the newer one first.
pub(crate) fn of_client(
    db: &Connection,
    localpart: &str,
    client: &[u8],
) -> rusqlite::Result<Vec<TokenRow>> {
    db.prepare_cached(
        "SELECT is_new, mechanism, seed, expires_ms, count
         FROM tokens JOIN accounts USING (localpart)
         WHERE localpart = ?1 AND client = ?2 AND disabled = 0
         ORDER BY is_new DESC",
    )?
    .query_map(params![localpart, client], |row| {
        Ok(TokenRow {
            is_new: row.get(0)?,
            mechanism: row.get(1)?,
            seed: row.get(2)?,
            expires_ms: row.get(3)?,
            count: row.get(4)?,
        })
    })?
    .collect()
}

/// Notes that one was used: a new one takes the place of the one before.
pub(crate) fn used(
    tx: &Transaction<'_>,
    localpart: &str,
    client: &[u8],
    row: &TokenRow,
    count: Option<i64>,
) -> rusqlite::Result<()> {
    if row.is_new {
        tx.execute(
            "DELETE FROM tokens WHERE localpart = ?1 AND client = ?2 AND is_new = 0",
            params![localpart, client],
        )?;
        tx.execute(
            "UPDATE tokens SET is_new = 0 WHERE localpart = ?1 AND client = ?2",
            params![localpart, client],
        )?;
    }
    if let Some(count) = count {
        tx.execute(
            "UPDATE tokens SET count = ?3 WHERE localpart = ?1 AND client = ?2 AND is_new = 0",
            params![localpart, client, count],
        )?;
    }
    Ok(())
}

/// Keeps a new token; one that was given out before and not used is void. With
/// more than `max_clients`, those go that end first.
pub(crate) fn issue(
    tx: &Transaction<'_>,
    localpart: &str,
    client: &[u8],
    row: &TokenRow,
    max_clients: usize,
) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO tokens (localpart, client, is_new, mechanism, seed, expires_ms)
         VALUES (?1, ?2, 1, ?3, ?4, ?5)",
        params![localpart, client, row.mechanism, row.seed, row.expires_ms],
    )?;
    let max = i64::try_from(max_clients).unwrap_or(i64::MAX);
    tx.execute(
        "DELETE FROM tokens WHERE localpart = ?1 AND client IN (
             SELECT client FROM tokens WHERE localpart = ?1 GROUP BY client
             ORDER BY client = ?2 DESC, max(expires_ms) DESC LIMIT -1 OFFSET ?3)",
        params![localpart, client, max],
    )?;
    Ok(())
}

/// Ends the tokens of one client.
pub(crate) fn forget(tx: &Transaction<'_>, localpart: &str, client: &[u8]) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM tokens WHERE localpart = ?1 AND client = ?2",
        params![localpart, client],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use crate::store::accounts::{self, AccountRow};

    fn row(expires_ms: i64) -> TokenRow {
        TokenRow {
            is_new: true,
            mechanism: "HT-SHA-256-NONE".to_owned(),
            seed: vec![7; 32],
            expires_ms,
            count: 0,
        }
    }

    #[tokio::test]
    async fn the_clients_of_an_account_are_bounded_and_a_password_ends_them_all() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("server.db")).unwrap();
        let found = store
            .write(|tx| {
                let account = AccountRow {
                    localpart: "rosa".to_owned(),
                    display_name: "Rosa".to_owned(),
                };
                accounts::insert(tx, &account, &[], 0)?;
                for client in 0..5_u8 {
                    issue(tx, "rosa", &[client], &row(100 - i64::from(client)), 3)?;
                }
                let mut found = Vec::new();
                for client in 0..5_u8 {
                    found.push(of_client(tx, "rosa", &[client])?.len());
                }
                let verifier = xmpp_core::sasl::ScramVerifier {
                    hash: xmpp_core::sasl::ScramHash::Sha1,
                    salt: Vec::new(),
                    iterations: 1,
                    stored_key: Vec::new(),
                    server_key: Vec::new(),
                };
                accounts::set_verifiers(tx, "rosa", &[verifier])?;
                found.push(of_client(tx, "rosa", &[0])?.len());
                Ok(found)
            })
            .await
            .unwrap();
        assert_eq!(found, [1, 1, 0, 0, 1, 0]);
    }

    #[tokio::test]
    async fn a_new_one_takes_the_place_of_the_old_one_when_it_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("server.db")).unwrap();
        store
            .write(|tx| {
                let account = AccountRow {
                    localpart: "rosa".to_owned(),
                    display_name: "Rosa".to_owned(),
                };
                accounts::insert(tx, &account, &[], 0)?;
                issue(tx, "rosa", &[1], &row(1), 3)?;
                let first = of_client(tx, "rosa", &[1])?.remove(0);
                used(tx, "rosa", &[1], &first, Some(4))?;
                issue(tx, "rosa", &[1], &row(2), 3)?;
                issue(tx, "rosa", &[1], &row(3), 3)?;
                let both = of_client(tx, "rosa", &[1])?;
                let seen: Vec<_> = both.iter().map(|row| (row.expires_ms, row.count)).collect();
                assert_eq!(seen, [(3, 0), (1, 4)]);
                used(tx, "rosa", &[1], &both[0], None)?;
                let left = of_client(tx, "rosa", &[1])?;
                assert_eq!(left.len(), 1);
                assert_eq!((left[0].is_new, left[0].expires_ms), (false, 3));
                forget(tx, "rosa", &[1])?;
                assert!(of_client(tx, "rosa", &[1])?.is_empty());
                Ok(())
            })
            .await
            .unwrap();
    }
}

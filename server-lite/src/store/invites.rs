//! Invites. Only a hash of the token is stored: whoever reads the database
//! cannot join with it.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};

/// An invite as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InviteRow {
    pub(crate) label: String,
    pub(crate) inviter: Option<String>,
    pub(crate) expires_ms: i64,
    pub(crate) uses_left: Option<u32>,
}

/// Letters of the token that tell invites apart in a list; too few to guess the rest.
const LABEL_CHARS: usize = 6;

/// The label of a token.
pub(crate) fn label(token: &str) -> String {
    token.chars().take(LABEL_CHARS).collect()
}

/// What is true of invites that count: those of whoever may not sign in do not,
/// for as long as that holds. Otherwise they would come back by their own.
const COUNTS: &str = "(uses_left IS NULL OR uses_left > 0) AND NOT EXISTS (
        SELECT 1 FROM accounts WHERE disabled = 1
            AND accounts.localpart IN (invites.inviter, invites.inviter_account))";

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Stores a new invite.
pub(crate) fn insert(
    tx: &Transaction<'_>,
    token: &str,
    row: &InviteRow,
    now_ms: i64,
) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO invites (token_hash, label, inviter, created_ms, expires_ms, uses_left)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            hash(token),
            row.label,
            row.inviter,
            now_ms,
            row.expires_ms,
            row.uses_left
        ],
    )?;
    Ok(())
}

/// Whether a token would be accepted now.
pub(crate) fn is_valid(db: &Connection, token: &str, now_ms: i64) -> rusqlite::Result<bool> {
    db.query_row(
        &format!(
            "SELECT EXISTS (SELECT 1 FROM invites
             WHERE token_hash = ?1 AND expires_ms > ?2 AND {COUNTS})"
        ),
        params![hash(token), now_ms],
        |row| row.get(0),
    )
}

/// What an invite says besides that it is one (XEP-0401).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Purpose {
    /// Whoever comes by it gets to know this account.
    pub(crate) inviter: Option<String>,
    /// It makes an account of this name and no other.
    pub(crate) localpart: Option<String>,
}

/// Adds what an invite is for.
pub(crate) fn set_purpose(
    tx: &Transaction<'_>,
    token: &str,
    purpose: &Purpose,
) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE invites SET inviter_account = ?2, localpart = ?3 WHERE token_hash = ?1",
        params![hash(token), purpose.inviter, purpose.localpart],
    )?;
    Ok(())
}

/// What an invite is for; `None` if there is none that counts, whether it has expired or not.
pub(crate) fn purpose(db: &Connection, token: &str) -> rusqlite::Result<Option<Purpose>> {
    db.query_row(
        &format!(
            "SELECT inviter_account, invites.localpart FROM invites
             WHERE token_hash = ?1 AND {COUNTS}"
        ),
        [hash(token)],
        |row| {
            Ok(Purpose {
                inviter: row.get(0)?,
                localpart: row.get(1)?,
            })
        },
    )
    .optional()
}

/// Whether an invite keeps a name for somebody (XEP-0401, section 5.2).
pub(crate) fn keeps(db: &Connection, localpart: &str, now_ms: i64) -> rusqlite::Result<bool> {
    db.query_row(
        &format!(
            "SELECT EXISTS (SELECT 1 FROM invites
             WHERE invites.localpart = ?1 AND expires_ms > ?2 AND {COUNTS})"
        ),
        params![localpart, now_ms],
        |row| row.get(0),
    )
}

/// How many invites of an account can still be used.
pub(crate) fn open_of(db: &Connection, inviter: &str, now_ms: i64) -> rusqlite::Result<u32> {
    db.query_row(
        "SELECT count(*) FROM invites WHERE inviter_account = ?1 AND expires_ms > ?2
         AND (uses_left IS NULL OR uses_left > 0)",
        params![inviter, now_ms],
        |row| row.get(0),
    )
}

/// Spends one use; `false` if the invite is not there (any more). When it
/// expires was looked at when it was shown, and not again (XEP-0445, section 4).
pub(crate) fn spend(tx: &Transaction<'_>, token: &str) -> rusqlite::Result<bool> {
    let valid = purpose(tx, token)?.is_some();
    if valid {
        tx.execute(
            "UPDATE invites SET uses_left = uses_left - 1
             WHERE token_hash = ?1 AND uses_left IS NOT NULL",
            [hash(token)],
        )?;
    }
    Ok(valid)
}

/// All invites that can still be used, or will when their inviter may sign in again.
pub(crate) fn all(db: &Connection, now_ms: i64) -> rusqlite::Result<Vec<InviteRow>> {
    db.prepare_cached(
        "SELECT label, inviter, expires_ms, uses_left FROM invites
         WHERE expires_ms > ?1 AND (uses_left IS NULL OR uses_left > 0) ORDER BY expires_ms",
    )?
    .query_map([now_ms], |row| {
        Ok(InviteRow {
            label: row.get(0)?,
            inviter: row.get(1)?,
            expires_ms: row.get(2)?,
            uses_left: row.get(3)?,
        })
    })?
    .collect()
}

/// Removes the invite with this label or token; `false` if there is none.
pub(crate) fn revoke(tx: &Transaction<'_>, text: &str) -> rusqlite::Result<bool> {
    let found: Option<Vec<u8>> = tx
        .query_row(
            "SELECT token_hash FROM invites WHERE label = ?1 OR token_hash = ?2",
            params![text, hash(text)],
            |row| row.get(0),
        )
        .optional()?;
    match found {
        Some(found) => {
            tx.execute("DELETE FROM invites WHERE token_hash = ?1", [found])?;
            Ok(true)
        }
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn what_was_shown_in_time_is_taken_later() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("server.db")).unwrap();
        let row = InviteRow {
            label: "x".into(),
            inviter: None,
            expires_ms: 100,
            uses_left: Some(1),
        };
        let purpose = Purpose {
            inviter: None,
            localpart: Some("rosa".to_owned()),
        };
        store
            .write(move |tx| {
                insert(tx, "token", &row, 0)?;
                set_purpose(tx, "token", &purpose)?;
                assert!(is_valid(tx, "token", 99)? && keeps(tx, "rosa", 99)?);
                assert!(!is_valid(tx, "token", 100)? && !keeps(tx, "rosa", 100)?);
                assert!(!keeps(tx, "bob", 99)?);
                assert_eq!(super::purpose(tx, "token")?, Some(purpose));
                assert!(spend(tx, "token")?);
                assert!(!spend(tx, "token")? && !spend(tx, "other")?);
                Ok(())
            })
            .await
            .unwrap();
    }
}

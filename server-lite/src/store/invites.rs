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
        "SELECT EXISTS (SELECT 1 FROM invites WHERE token_hash = ?1 AND expires_ms > ?2
                        AND (uses_left IS NULL OR uses_left > 0))",
        params![hash(token), now_ms],
        |row| row.get(0),
    )
}

/// Spends one use; `false` if the invite is not valid (any more).
pub(crate) fn spend(tx: &Transaction<'_>, token: &str, now_ms: i64) -> rusqlite::Result<bool> {
    let valid = is_valid(tx, token, now_ms)?;
    if valid {
        tx.execute(
            "UPDATE invites SET uses_left = uses_left - 1
             WHERE token_hash = ?1 AND uses_left IS NOT NULL",
            [hash(token)],
        )?;
    }
    Ok(valid)
}

/// All invites that can still be used.
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

//! Accounts and their verifiers.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use xmpp_core::sasl::{ScramHash, ScramVerifier};

/// An account as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountRow {
    pub(crate) localpart: String,
    pub(crate) display_name: String,
}

/// Makes an account; `false` if the name is taken.
pub(crate) fn insert(
    tx: &Transaction<'_>,
    account: &AccountRow,
    verifiers: &[ScramVerifier],
    now_ms: i64,
) -> rusqlite::Result<bool> {
    let made = tx.execute(
        "INSERT INTO accounts (localpart, display_name, created_ms) VALUES (?1, ?2, ?3)
         ON CONFLICT DO NOTHING",
        params![account.localpart, account.display_name, now_ms],
    )?;
    if made == 0 {
        return Ok(false);
    }
    super::archive::finish_removal(tx, &account.localpart)?;
    set_verifiers(tx, &account.localpart, verifiers)?;
    Ok(true)
}

/// Replaces the verifiers, as a change of password does.
pub(crate) fn set_verifiers(
    tx: &Transaction<'_>,
    localpart: &str,
    verifiers: &[ScramVerifier],
) -> rusqlite::Result<()> {
    for verifier in verifiers {
        tx.execute(
            "INSERT OR REPLACE INTO verifiers
                 (localpart, hash, salt, iterations, stored_key, server_key)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                localpart,
                hash_name(verifier.hash),
                verifier.salt,
                verifier.iterations,
                verifier.stored_key,
                verifier.server_key
            ],
        )?;
    }
    Ok(())
}

/// The verifier of an account, be it disabled or not.
pub(crate) fn verifier(
    db: &Connection,
    localpart: &str,
    hash: ScramHash,
) -> rusqlite::Result<Option<ScramVerifier>> {
    db.query_row(
        "SELECT salt, iterations, stored_key, server_key FROM verifiers
         WHERE localpart = ?1 AND hash = ?2",
        params![localpart, hash_name(hash)],
        |row| {
            Ok(ScramVerifier {
                hash,
                salt: row.get(0)?,
                iterations: row.get(1)?,
                stored_key: row.get(2)?,
                server_key: row.get(3)?,
            })
        },
    )
    .optional()
}

/// Whether somebody who may sign in has no verifier but that of SHA-1.
pub(crate) fn any_weak(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row(
        "SELECT EXISTS (SELECT 1 FROM verifiers JOIN accounts USING (localpart)
                        WHERE hash = 'sha-1' AND disabled = 0 AND localpart NOT IN
                            (SELECT localpart FROM verifiers WHERE hash = 'sha-256'))",
        [],
        |row| row.get(0),
    )
}

/// Whether there is such an account, disabled or not: what is sent to one that
/// is disabled waits for it.
pub(crate) fn exists(db: &Connection, localpart: &str) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM accounts WHERE localpart = ?1)")?
        .query_row([localpart], |row| row.get(0))
}

/// Removes an account with its archive and what it was to rooms; `false` if
/// there is none.
pub(crate) fn remove(tx: &Transaction<'_>, localpart: &str) -> rusqlite::Result<bool> {
    let removed = tx.execute("DELETE FROM accounts WHERE localpart = ?1", [localpart])?;
    super::archive::remove_all(tx, localpart)?;
    tx.execute(
        "DELETE FROM room_affiliations WHERE substr(member, 1, length(?1) + 1) = ?1 || '@'",
        [localpart],
    )?;
    super::rooms::inherit(tx)?;
    tx.execute(
        "UPDATE rooms SET creator = NULL WHERE substr(creator, 1, length(?1) + 1) = ?1 || '@'",
        [localpart],
    )?;
    Ok(removed > 0)
}

/// Sets a value of the server itself.
pub(crate) fn set_meta(tx: &Transaction<'_>, key: &str, value: &str) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)",
        [key, value],
    )?;
    Ok(())
}

/// A value of the server itself.
pub(crate) fn meta(db: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
        row.get(0)
    })
    .optional()
}

/// Sets a value of the server itself unless it is there; gives the value that stands.
pub(crate) fn meta_or_insert(
    tx: &Transaction<'_>,
    key: &str,
    value: &str,
) -> rusqlite::Result<String> {
    tx.execute(
        "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        [key, value],
    )?;
    tx.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
        row.get(0)
    })
}

pub(super) fn hash_name(hash: ScramHash) -> &'static str {
    match hash {
        ScramHash::Sha1 => "sha-1",
        ScramHash::Sha256 => "sha-256",
    }
}

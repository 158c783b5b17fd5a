//! What administrators ask about accounts, and who they are (XEP-0133).

use rusqlite::{Connection, OptionalExtension, Transaction, params};

/// Whether somebody administers the server; nobody does whose account is
/// disabled.
pub(crate) fn is_admin(db: &Connection, localpart: &str) -> rusqlite::Result<bool> {
    db.query_row(
        "SELECT EXISTS (SELECT 1 FROM administrators JOIN accounts USING (localpart)
                        WHERE localpart = ?1 AND disabled = 0)",
        [localpart],
        |row| row.get(0),
    )
}

/// Makes somebody an administrator, or no longer one; `false` if there is no
/// such account.
pub(crate) fn set_admin(
    tx: &Transaction<'_>,
    localpart: &str,
    is_admin: bool,
) -> rusqlite::Result<bool> {
    if !super::accounts::exists(tx, localpart)? {
        return Ok(false);
    }
    tx.execute(
        if is_admin {
            "INSERT INTO administrators VALUES (?1) ON CONFLICT DO NOTHING"
        } else {
            "DELETE FROM administrators WHERE localpart = ?1"
        },
        [localpart],
    )?;
    Ok(true)
}

/// Makes the first account of all an administrator.
pub(crate) fn first_is_admin(tx: &Transaction<'_>, localpart: &str) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO administrators SELECT ?1
         WHERE (SELECT count(*) FROM accounts) = 1 AND NOT EXISTS (SELECT 1 FROM administrators)",
        [localpart],
    )?;
    Ok(())
}

/// All administrators.
pub(crate) fn admins(db: &Connection) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached("SELECT localpart FROM administrators ORDER BY localpart")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// The account with this user name or, if no other has it, this display name.
pub(crate) fn named(db: &Connection, typed: &str) -> rusqlite::Result<Option<String>> {
    let localpart = xmpp_core::names::normal_localpart(typed);
    if let Some(localpart) = localpart.filter(|name| !name.is_empty())
        && super::accounts::exists(db, &localpart)?
    {
        return Ok(Some(localpart));
    }
    let all: Vec<String> = db
        .prepare_cached("SELECT localpart FROM accounts WHERE display_name = ?1 LIMIT 2")?
        .query_map([typed], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(<[String; 1]>::try_from(all).ok().map(|[only]| only))
}

/// Names of accounts, in order: those that may sign in, or those that may not.
pub(crate) fn names(db: &Connection, disabled: bool, max: usize) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached(
        "SELECT localpart FROM accounts WHERE disabled = ?1 ORDER BY localpart LIMIT ?2",
    )?
    .query_map(
        params![disabled, i64::try_from(max).unwrap_or(i64::MAX)],
        |row| row.get(0),
    )?
    .collect()
}

/// How many accounts may sign in, or may not.
pub(crate) fn count(db: &Connection, disabled: bool) -> rusqlite::Result<u64> {
    let count: i64 = db.query_row(
        "SELECT count(*) FROM accounts WHERE disabled = ?1",
        [disabled],
        |row| row.get(0),
    )?;
    Ok(count.unsigned_abs())
}

/// Keeps somebody from signing in, or lets them again; `false` if there is no
/// such account.
pub(crate) fn set_disabled(
    tx: &Transaction<'_>,
    localpart: &str,
    disabled: bool,
) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "UPDATE accounts SET disabled = ?2 WHERE localpart = ?1",
        params![localpart, disabled],
    )?;
    Ok(changed > 0)
}

/// Notes that somebody has signed in.
pub(crate) fn signed_in(
    tx: &Transaction<'_>,
    localpart: &str,
    now_ms: i64,
) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO sign_ins SELECT localpart, ?2 FROM accounts WHERE localpart = ?1
         ON CONFLICT (localpart) DO UPDATE SET time_ms = excluded.time_ms",
        params![localpart, now_ms],
    )?;
    Ok(())
}

/// When somebody has last signed in.
pub(crate) fn last_sign_in(db: &Connection, localpart: &str) -> rusqlite::Result<Option<i64>> {
    db.query_row(
        "SELECT time_ms FROM sign_ins WHERE localpart = ?1",
        [localpart],
        |row| row.get(0),
    )
    .optional()
}

/// Notes that somebody has seen the message of the day; `false` if they had.
pub(crate) fn sees_motd(
    tx: &Transaction<'_>,
    localpart: &str,
    motd: &str,
) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "INSERT INTO motd_seen SELECT localpart, ?2 FROM accounts WHERE localpart = ?1
         ON CONFLICT (localpart) DO UPDATE SET motd = excluded.motd WHERE motd <> excluded.motd",
        [localpart, motd],
    )?;
    Ok(changed > 0)
}

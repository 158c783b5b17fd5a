//! Reading everything for an export, and taking in what an import brings.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use xmpp_core::sasl::{ScramHash, ScramVerifier};

use super::accounts::{hash_name, set_verifiers};

/// An account with all that is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WholeAccount {
    pub(crate) localpart: String,
    pub(crate) display_name: String,
    pub(crate) created_ms: i64,
    pub(crate) disabled: bool,
    pub(crate) department: Option<String>,
    /// User name of who leads them.
    pub(crate) manager: Option<String>,
    pub(crate) administrator: bool,
}

/// A message of an archive, to be written or to be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WholeMessage {
    pub(crate) stanza_id: String,
    pub(crate) peer: String,
    pub(crate) outgoing: bool,
    pub(crate) time_ms: i64,
    pub(crate) origin_id: Option<String>,
    pub(crate) undelivered: bool,
    /// Whether it is part of the archive; if not, it only waits for its owner.
    pub(crate) kept: bool,
    pub(crate) xml: String,
}

/// Which messages of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those of the archive.
    Archive,
    /// Those that wait for their owner, also if they are no part of the archive.
    Waiting,
}

/// One view of the database, however long it takes to read.
pub(crate) fn snapshot(db: &Connection) -> rusqlite::Result<Transaction<'_>> {
    Transaction::new_unchecked(db, TransactionBehavior::Deferred)
}

/// A transaction that writes; it waits for its turn beside a running server.
pub(crate) fn begin(db: &Connection) -> rusqlite::Result<Transaction<'_>> {
    Transaction::new_unchecked(db, TransactionBehavior::Immediate)
}

/// Commits what was written so far, and goes on after `rest`.
pub(crate) fn pause(tx: &Transaction<'_>, rest: impl FnOnce()) -> rusqlite::Result<()> {
    tx.execute_batch("COMMIT")?;
    rest();
    tx.execute_batch("BEGIN IMMEDIATE")
}

/// All accounts, also those that may not sign in.
pub(crate) fn accounts(db: &Connection) -> rusqlite::Result<Vec<WholeAccount>> {
    db.prepare(
        "SELECT localpart, display_name, created_ms, disabled, path,
                localpart IN (SELECT localpart FROM administrators), manager
         FROM accounts LEFT JOIN departments USING (localpart)
             LEFT JOIN managers USING (localpart) ORDER BY 1",
    )?
    .query_map([], |row| {
        Ok(WholeAccount {
            localpart: row.get(0)?,
            display_name: row.get(1)?,
            created_ms: row.get(2)?,
            disabled: row.get(3)?,
            department: row.get(4)?,
            administrator: row.get(5)?,
            manager: row.get(6)?,
        })
    })?
    .collect()
}

/// The verifiers of an account, SHA-1 first.
pub(crate) fn verifiers(db: &Connection, localpart: &str) -> rusqlite::Result<Vec<ScramVerifier>> {
    let mut statement = db.prepare_cached(
        "SELECT salt, iterations, stored_key, server_key FROM verifiers
         WHERE localpart = ?1 AND hash = ?2",
    )?;
    let mut found = Vec::new();
    for hash in [ScramHash::Sha1, ScramHash::Sha256] {
        let row = statement.query_row([localpart, hash_name(hash)], |row| {
            Ok(ScramVerifier {
                hash,
                salt: row.get(0)?,
                iterations: row.get(1)?,
                stored_key: row.get(2)?,
                server_key: row.get(3)?,
            })
        });
        found.extend(row.optional()?);
    }
    Ok(found)
}

/// Gives messages of somebody one by one, in the order of the archive.
pub(crate) fn messages<E: From<rusqlite::Error>>(
    db: &Connection,
    owner: &str,
    which: Which,
    mut each: impl FnMut(WholeMessage) -> Result<(), E>,
) -> Result<(), E> {
    let condition = match which {
        Which::Archive => "kept = 1",
        Which::Waiting => "undelivered = 1",
    };
    let mut statement = db.prepare_cached(&format!(
        "SELECT stanza_id, peer, outgoing, time_ms, origin_id, undelivered, kept, xml FROM archive
         WHERE owner = ?1 AND {condition} ORDER BY id"
    ))?;
    let mut rows = statement.query([owner])?;
    while let Some(row) = rows.next()? {
        each(WholeMessage {
            stanza_id: row.get(0)?,
            peer: row.get(1)?,
            outgoing: row.get(2)?,
            time_ms: row.get(3)?,
            origin_id: row.get(4)?,
            undelivered: row.get(5)?,
            kept: row.get(6)?,
            xml: row.get(7)?,
        })?;
    }
    Ok(())
}

/// Makes an account without verifiers; `false` if there is one of that name,
/// which stays as it is.
pub(crate) fn insert_account(
    tx: &Transaction<'_>,
    account: &WholeAccount,
) -> rusqlite::Result<bool> {
    let made = tx.execute(
        "INSERT INTO accounts (localpart, display_name, created_ms, disabled)
         VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        params![
            account.localpart,
            account.display_name,
            account.created_ms,
            account.disabled
        ],
    )?;
    if made > 0 {
        super::archive::finish_removal(tx, &account.localpart)?;
    }
    Ok(made > 0)
}

/// What was learned of a new account while the rest of it was read.
pub(crate) fn complete_account(
    tx: &Transaction<'_>,
    account: &WholeAccount,
    verifiers: &[ScramVerifier],
) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE accounts SET display_name = ?2, created_ms = ?3, disabled = ?4
         WHERE localpart = ?1",
        params![
            account.localpart,
            account.display_name,
            account.created_ms,
            account.disabled
        ],
    )?;
    if account.administrator {
        super::people::set_admin(tx, &account.localpart, true)?;
    }
    if let Some(path) = &account.department {
        super::directory::set_department(tx, &account.localpart, Some(path))?;
    }
    set_verifiers(tx, &account.localpart, verifiers)
}

/// What became of a message that was brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    New,
    /// The archive has it.
    Known,
    /// Another archive has a message with this id.
    Elsewhere,
}

/// Puts a message at the end of an archive, with the time that it has.
pub(crate) fn insert_message(
    tx: &Transaction<'_>,
    owner: &str,
    message: &WholeMessage,
) -> rusqlite::Result<Taken> {
    let holder: Option<String> = tx
        .prepare_cached("SELECT owner FROM archive WHERE stanza_id = ?1")?
        .query_row([&message.stanza_id], |row| row.get(0))
        .optional()?;
    match holder {
        Some(holder) if holder == owner => return Ok(Taken::Known),
        Some(_) => return Ok(Taken::Elsewhere),
        None => {}
    }
    // An origin id that was used before is no reason to lose a message.
    if !insert_row(tx, owner, message, message.origin_id.as_deref())? {
        insert_row(tx, owner, message, None)?;
    }
    Ok(Taken::New)
}

fn insert_row(
    tx: &Transaction<'_>,
    owner: &str,
    message: &WholeMessage,
    origin_id: Option<&str>,
) -> rusqlite::Result<bool> {
    let made = tx
        .prepare_cached(
            "INSERT INTO archive
                 (owner, stanza_id, peer, outgoing, time_ms, origin_id, undelivered, kept, xml)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            owner,
            message.stanza_id,
            message.peer,
            message.outgoing,
            message.time_ms,
            origin_id,
            message.undelivered,
            message.kept,
            message.xml
        ])?;
    Ok(made > 0)
}

/// The last row of all archives: what comes after it is new.
pub(crate) fn last_row(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT coalesce(max(id), 0) FROM archive", [], |row| {
        row.get(0)
    })
}

/// A message that was taken in after `row` waits for its owner, behind all that
/// was taken in if it is `last`; `false` if it is not one of those.
pub(crate) fn wait_if_new(
    tx: &Transaction<'_>,
    owner: &str,
    stanza_id: &str,
    row: i64,
    last: bool,
) -> rusqlite::Result<bool> {
    let changed = tx
        .prepare_cached(
            "UPDATE archive SET undelivered = 1,
                 id = CASE WHEN ?4 THEN (SELECT max(id) + 1 FROM archive) ELSE id END
             WHERE owner = ?1 AND stanza_id = ?2 AND id > ?3",
        )?
        .execute(params![owner, stanza_id, row, last])?;
    Ok(changed > 0)
}

/// Whether an archive has a message.
pub(crate) fn has_message(db: &Connection, owner: &str, stanza_id: &str) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM archive WHERE owner = ?1 AND stanza_id = ?2)")?
        .query_row([owner, stanza_id], |row| row.get(0))
}

/// Rows that are put into order in one go.
const SORTED: usize = 2_000;

/// Puts an archive into the order of its times: pages are read in the order of
/// rows. What is later than the earliest message out of place goes to the end.
/// Now and then others may write (`pause`): what they say comes behind all this.
pub(crate) fn sort_archive<E: From<rusqlite::Error>>(
    tx: &Transaction<'_>,
    owner: &str,
    pause: impl Fn() -> Result<(), E>,
) -> Result<(), E> {
    let rows = out_of_order(tx, owner)?;
    let mut next = reserve(tx, rows.len())?;
    for some in rows.chunks(SORTED) {
        let mut renumber = tx.prepare_cached("UPDATE archive SET id = ?2 WHERE id = ?1")?;
        for row in some {
            next += 1;
            renumber.execute([*row, next])?;
        }
        drop(renumber);
        if some.len() == SORTED {
            pause()?;
        }
    }
    Ok(())
}

/// The rows that have to go to the end, in the order that they should have.
fn out_of_order(db: &Connection, owner: &str) -> rusqlite::Result<Vec<i64>> {
    let first_wrong: Option<i64> = db
        .prepare_cached(
            "SELECT min(time_ms) FROM (
                 SELECT time_ms, max(time_ms) OVER (ORDER BY id) AS latest
                 FROM archive WHERE owner = ?1)
             WHERE time_ms < latest",
        )?
        .query_row([owner], |row| row.get(0))?;
    let Some(first_wrong) = first_wrong else {
        return Ok(Vec::new());
    };
    db.prepare_cached(
        "SELECT id FROM archive WHERE owner = ?1 AND time_ms > ?2 ORDER BY time_ms, id",
    )?
    .query_map(params![owner, first_wrong], |row| row.get(0))?
    .collect()
}

/// Keeps so many numbers of rows behind all that were given, for nobody else;
/// gives the one before the first of them.
fn reserve(tx: &Transaction<'_>, count: usize) -> rusqlite::Result<i64> {
    let given: i64 = tx.query_row(
        "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'archive'",
        [],
        |row| row.get(0),
    )?;
    let last = last_row(tx)?.max(given);
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    tx.execute(
        "UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'archive'",
        [last.saturating_add(count)],
    )?;
    Ok(last)
}

/// All elements in somebody's private storage.
pub(crate) fn private(db: &Connection, owner: &str) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached("SELECT xml FROM private_storage WHERE owner = ?1 ORDER BY name, namespace")?
        .query_map([owner], |row| row.get(0))?
        .collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::store::archive::{self, tests};

    #[tokio::test]
    async fn what_is_said_while_an_archive_is_put_into_order_comes_behind_it() {
        let (store, _folder) = tests::store().await;
        let count = SORTED + 2;
        let times: Vec<String> = store
            .write(move |tx| {
                for number in 0..count {
                    let new = tests::from_rosa(number, "<body>x</body>");
                    archive::insert(tx, &new, 0)?;
                }
                // As an import writes them: the later ones first.
                tx.execute("UPDATE archive SET time_ms = ?1 - id", [1_000_000])?;
                let said = Cell::new(0);
                sort_archive(tx, "rosa", || {
                    said.set(said.get() + 1);
                    let new = tests::from_rosa(count, "<body>meanwhile</body>");
                    archive::insert(tx, &new, 2_000_000).map(|_| ())
                })?;
                assert_eq!(said.get(), 1);
                tx.prepare("SELECT stanza_id FROM archive WHERE owner = 'rosa' ORDER BY id")?
                    .query_map([], |row| row.get(0))?
                    .collect()
            })
            .await
            .unwrap();
        let mut expected: Vec<String> = (0..count).rev().map(|n| format!("s{n}")).collect();
        expected.push(format!("s{count}"));
        assert_eq!(times, expected);
    }
}

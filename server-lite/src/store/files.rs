//! Files that people upload: who owns which link, and which bytes are on the
//! disk. A file may be unlinked only after its row has gone ([`unused`]).

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};

/// A SHA-256.
pub(crate) type Hash = [u8; 32];

/// What a file takes at least of a quota: a block of the disk. It also bounds
/// how many empty ones somebody can have.
const BLOCK: i64 = 4096;
/// Slots of one account that wait for their upload.
const MAX_OPEN: i64 = 100;

/// An upload that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewUpload {
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) size: i64,
    pub(crate) slot_ms: i64,
    pub(crate) keep_ms: Option<i64>,
}

/// A link, and the bytes it leads to once they are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) size: u64,
    pub(crate) slot_ms: i64,
    pub(crate) hash: Option<Hash>,
}

/// How much there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quota {
    pub(crate) account: i64,
    pub(crate) total: i64,
}

/// What became of a wish for a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Open,
    /// The account has too much already.
    AccountFull,
    /// The server has too much already.
    ServerFull,
    /// Too many wait; the first of them ends then.
    TooMany {
        until_ms: i64,
    },
}

/// What the database knows a link by.
pub(crate) fn token_hash(token: &str) -> Hash {
    Sha256::digest(token.as_bytes()).into()
}

/// Opens a slot if there is room for what it asks for. An open slot counts as
/// if it were filled.
pub(crate) fn open(
    tx: &Transaction<'_>,
    token: &Hash,
    new: &NewUpload,
    quota: Quota,
    now_ms: i64,
) -> rusqlite::Result<Slot> {
    tx.execute(
        "DELETE FROM uploads WHERE hash IS NULL AND slot_ms <= ?1",
        [now_ms],
    )?;
    let (waiting, first): (i64, Option<i64>) = tx.query_row(
        "SELECT count(*), min(slot_ms) FROM uploads WHERE owner = ?1 AND hash IS NULL",
        [&new.owner],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if waiting >= MAX_OPEN {
        let until_ms = first.unwrap_or(now_ms);
        return Ok(Slot::TooMany { until_ms });
    }
    let used: i64 = tx.query_row(
        "SELECT coalesce(sum(max(size, ?2)), 0) FROM uploads WHERE owner = ?1",
        params![new.owner, BLOCK],
        |row| row.get(0),
    )?;
    let wanted = new.size.max(BLOCK);
    if used.saturating_add(wanted) > quota.account {
        return Ok(Slot::AccountFull);
    }
    let used: i64 = tx.query_row(
        "SELECT bytes + (SELECT coalesce(sum(max(size, ?1)), 0) FROM uploads WHERE hash IS NULL)
         FROM blobs_total",
        [BLOCK],
        |row| row.get(0),
    )?;
    if used.saturating_add(wanted) > quota.total {
        return Ok(Slot::ServerFull);
    }
    tx.execute(
        "INSERT INTO uploads (token_hash, owner, name, media_type, size, slot_ms, keep_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            token,
            new.owner,
            new.name,
            new.media_type,
            new.size,
            new.slot_ms,
            new.keep_ms
        ],
    )?;
    Ok(Slot::Open)
}

/// What a link leads to. What was kept long enough is gone, also before its
/// row is.
pub(crate) fn find(db: &Connection, token: &Hash, now_ms: i64) -> rusqlite::Result<Option<Upload>> {
    db.prepare_cached(
        "SELECT name, media_type, size, slot_ms, hash FROM uploads
         WHERE token_hash = ?1 AND (keep_ms IS NULL OR keep_ms > ?2)",
    )?
    .query_row(params![token, now_ms], |row| {
        let size: i64 = row.get(2)?;
        Ok(Upload {
            name: row.get(0)?,
            media_type: row.get(1)?,
            size: size.unsigned_abs(),
            slot_ms: row.get(3)?,
            hash: row.get(4)?,
        })
    })
    .optional()
}

/// Sets until when a slot is kept open: longer while bytes come in.
pub(crate) fn keep_open(tx: &Transaction<'_>, token: &Hash, slot_ms: i64) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE uploads SET slot_ms = ?2 WHERE token_hash = ?1 AND hash IS NULL",
        params![token, slot_ms],
    )?;
    Ok(())
}

/// Notes that the bytes of a slot are on the disk; `false` if the slot is
/// filled already, or gone with its owner.
pub(crate) fn fill(tx: &Transaction<'_>, token: &Hash, hash: &Hash) -> rusqlite::Result<bool> {
    let size: Option<i64> = tx
        .query_row(
            "SELECT size FROM uploads WHERE token_hash = ?1 AND hash IS NULL",
            [token],
            |row| row.get(0),
        )
        .optional()?;
    let Some(size) = size else {
        return Ok(false);
    };
    tx.execute(
        "INSERT INTO blobs (hash, size) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        params![hash, size],
    )?;
    tx.execute(
        "UPDATE uploads SET hash = ?2 WHERE token_hash = ?1",
        params![token, hash],
    )?;
    Ok(true)
}

/// Forgets what nobody may have any more; gives the hashes of files that can go.
pub(crate) fn unused(tx: &Transaction<'_>, now_ms: i64) -> rusqlite::Result<Vec<Hash>> {
    tx.execute(
        "DELETE FROM uploads WHERE hash IS NULL AND slot_ms <= ?1",
        [now_ms],
    )?;
    // A slot counts until its own time is over: bytes may come in for it.
    tx.execute(
        "DELETE FROM uploads WHERE hash IS NOT NULL AND keep_ms <= ?1",
        [now_ms],
    )?;
    let hashes = tx
        .prepare(
            "DELETE FROM blobs WHERE hash IN (SELECT hash FROM blobs_loose)
             AND NOT EXISTS (SELECT 1 FROM uploads WHERE uploads.hash = blobs.hash)
             RETURNING hash",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    tx.execute("DELETE FROM blobs_loose", [])?;
    Ok(hashes)
}

/// Whether these bytes belong to somebody.
pub(crate) fn is_known(db: &Connection, hash: &Hash) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM blobs WHERE hash = ?1)")?
        .query_row([hash], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.pragma_update(None, "foreign_keys", true).unwrap();
        db.execute_batch(
            "CREATE TABLE accounts (localpart TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
             INSERT INTO accounts VALUES ('rosa'), ('bob');",
        )
        .unwrap();
        db.execute_batch(include_str!("schema/files.sql")).unwrap();
        db
    }

    fn upload(owner: &str, size: i64) -> NewUpload {
        NewUpload {
            owner: owner.to_owned(),
            name: "a".to_owned(),
            media_type: "text/plain".to_owned(),
            size,
            slot_ms: 100,
            keep_ms: None,
        }
    }

    const QUOTA: Quota = Quota {
        account: 100_000,
        total: 150_000,
    };

    #[test]
    fn quotas_count_open_slots_and_equal_bytes_per_account() {
        let mut db = database();
        let tx = db.transaction().unwrap();
        let ask =
            |n: u8, owner: &str, size| open(&tx, &[n; 32], &upload(owner, size), QUOTA, 0).unwrap();
        assert_eq!(ask(1, "rosa", 60_000), Slot::Open);
        assert_eq!(ask(2, "rosa", 60_000), Slot::AccountFull);
        assert_eq!(ask(3, "bob", 60_000), Slot::Open);
        assert_eq!(ask(4, "bob", 40_000), Slot::ServerFull);
        // The same bytes are on the disk once.
        assert!(fill(&tx, &[1; 32], &[9; 32]).unwrap());
        assert!(fill(&tx, &[3; 32], &[9; 32]).unwrap());
        assert!(!fill(&tx, &[3; 32], &[8; 32]).unwrap(), "twice");
        assert_eq!(ask(5, "bob", 40_000), Slot::Open);
        assert_eq!(ask(6, "bob", 1), Slot::AccountFull);
        // A slot that was not used is room again.
        let later = open(&tx, &[7; 32], &upload("bob", 40_000), QUOTA, 100).unwrap();
        assert_eq!(later, Slot::Open);
    }

    #[test]
    fn bytes_go_with_the_last_of_their_owners() {
        let mut db = database();
        let tx = db.transaction().unwrap();
        for (n, owner) in [(1, "rosa"), (2, "bob")] {
            let slot = open(&tx, &[n; 32], &upload(owner, 10), QUOTA, 0).unwrap();
            assert_eq!(slot, Slot::Open);
            assert!(fill(&tx, &[n; 32], &[9; 32]).unwrap());
        }
        let leave = |who: &str| {
            tx.execute("DELETE FROM accounts WHERE localpart = ?1", [who])
                .unwrap();
            unused(&tx, 0).unwrap()
        };
        assert!(leave("rosa").is_empty());
        assert!(is_known(&tx, &[9; 32]).unwrap());
        assert_eq!(leave("bob"), [[9; 32]]);
        assert!(!is_known(&tx, &[9; 32]).unwrap());
    }

    #[test]
    fn slots_that_wait_are_few() {
        let mut db = database();
        let tx = db.transaction().unwrap();
        for n in 0..20 {
            open(&tx, &[n; 32], &upload("rosa", 1), QUOTA, 0).unwrap();
        }
        let quota = Quota {
            account: i64::MAX,
            total: i64::MAX,
        };
        for n in 20..100 {
            let slot = open(&tx, &[n; 32], &upload("rosa", 1), quota, 0).unwrap();
            assert_eq!(slot, Slot::Open);
        }
        let slot = open(&tx, &[100; 32], &upload("rosa", 1), quota, 0).unwrap();
        assert_eq!(slot, Slot::TooMany { until_ms: 100 });
    }
}

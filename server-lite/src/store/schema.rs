//! Tables and their history. A step is never changed once released.

use rusqlite::{Connection, TransactionBehavior};

/// Version that this program writes.
#[allow(clippy::cast_possible_truncation, reason = "a handful")]
pub(super) const VERSION: u32 = STEPS.len() as u32;

const STEPS: &[&str] = &[
    V1,
    include_str!("schema/rooms.sql"),
    include_str!("schema/roster.sql"),
    include_str!("schema/personal.sql"),
    include_str!("schema/files.sql"),
    include_str!("schema/push.sql"),
    include_str!("schema/people.sql"),
    include_str!("schema/tokens.sql"),
    include_str!("schema/messages.sql"),
    include_str!("schema/generations.sql"),
    include_str!("schema/room_bounds.sql"),
    include_str!("schema/archive.sql"),
    include_str!("schema/clients.sql"),
    include_str!("schema/managers.sql"),
];

const V1: &str = "
-- What the server is: domain, team name, secrets of its own.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    localpart    TEXT PRIMARY KEY,           -- normalised
    display_name TEXT NOT NULL,
    created_ms   INTEGER NOT NULL,
    disabled     INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- SCRAM verifiers; never a password.
CREATE TABLE verifiers (
    localpart  TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    hash       TEXT NOT NULL,                -- 'sha-1', 'sha-256'
    salt       BLOB NOT NULL,
    iterations INTEGER NOT NULL,
    stored_key BLOB NOT NULL,
    server_key BLOB NOT NULL,
    PRIMARY KEY (localpart, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE invites (
    token_hash BLOB PRIMARY KEY,             -- SHA-256: the token itself is in the link only
    label      TEXT NOT NULL,                -- its first letters, to tell invites apart
    inviter    TEXT,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    uses_left  INTEGER                       -- NULL: any number until it expires
) STRICT, WITHOUT ROWID;

-- Every account's own copy of its messages, in the order of arrival.
CREATE TABLE archive (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    owner       TEXT NOT NULL,
    stanza_id   TEXT NOT NULL UNIQUE,
    peer        TEXT NOT NULL,               -- bare address of the other side
    outgoing    INTEGER NOT NULL,
    time_ms     INTEGER NOT NULL,            -- never falls with rising id
    origin_id   TEXT,
    undelivered INTEGER NOT NULL DEFAULT 0,  -- no session of the owner took it yet
    xml         TEXT NOT NULL
) STRICT;

-- Pages of one account, and of one conversation.
CREATE INDEX archive_by_owner ON archive (owner, id);
CREATE INDEX archive_by_peer ON archive (owner, peer, id);
-- A message that a client sends again after a lost acknowledgement is one message.
CREATE UNIQUE INDEX archive_origin ON archive (owner, peer, origin_id)
    WHERE outgoing = 1 AND origin_id IS NOT NULL;
CREATE INDEX archive_undelivered ON archive (owner, id) WHERE undelivered = 1;
";

/// Brings a database to [`VERSION`], each step in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (step, version) in STEPS.iter().zip(1..).skip(found as usize) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process, such as a command line, may have been faster.
        let found: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found >= version {
            continue;
        }
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_that_open_a_new_database_do_not_meet() {
        for _ in 0..10 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("server.db");
            let open = || {
                let mut connection = Connection::open(&path).unwrap();
                let patience = std::time::Duration::from_secs(10);
                connection.busy_timeout(patience).unwrap();
                migrate(&mut connection)
            };
            let both = std::thread::scope(|scope| {
                let other = scope.spawn(open);
                (open(), other.join().unwrap())
            });
            assert!(both.0.is_ok() && both.1.is_ok(), "{both:?}");
        }
    }

    #[test]
    fn every_older_version_is_brought_up_with_what_it_holds() {
        for old in 1..VERSION {
            let mut connection = Connection::open_in_memory().unwrap();
            for step in STEPS.iter().take(old as usize) {
                connection.execute_batch(step).unwrap();
            }
            connection.pragma_update(None, "user_version", old).unwrap();
            let insert = "INSERT INTO accounts (localpart, display_name, created_ms) VALUES ('alice', '', 1)";
            connection.execute(insert, []).unwrap();
            migrate(&mut connection).unwrap();
            let version: u32 = connection
                .pragma_query_value(None, "user_version", |row| row.get(0))
                .unwrap();
            assert_eq!(version, VERSION);
            let count = "SELECT (SELECT count(*) FROM accounts) + (SELECT count(*) FROM rooms)";
            let count: i64 = connection.query_row(count, [], |row| row.get(0)).unwrap();
            assert_eq!(count, 1);
        }
    }
}

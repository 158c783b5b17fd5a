//! Tables and their history. A step is never changed once released.

use rusqlite::Connection;

use super::search;

/// Version that this program writes.
pub(super) const VERSION: u32 = 3;

const STEPS: [&str; VERSION as usize] = [V1, V2, V3];

const V3: &str = include_str!("schema/v3.sql");

/// By topic, one file each.
pub(super) const V2: &str = concat!(
    include_str!("schema/v2/messages.sql"),
    include_str!("schema/v2/said.sql"),
    include_str!("schema/v2/conversations.sql"),
    include_str!("schema/v2/archive.sql"),
    include_str!("schema/v2/rooms.sql"),
    include_str!("schema/v2/people.sql"),
    include_str!("schema/v2/files.sql"),
    include_str!("schema/v2/search.sql"),
    include_str!("schema/v2/summary.sql"),
);

pub(super) const V1: &str = "
-- Cursors and the like.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE contacts (
    address TEXT PRIMARY KEY,                -- bare
    name    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE conversations (
    id            TEXT PRIMARY KEY,          -- bare address
    kind          TEXT NOT NULL,             -- 'direct'
    draft         TEXT NOT NULL DEFAULT '',
    read_position INTEGER NOT NULL DEFAULT 0 -- messages up to here were seen
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation TEXT NOT NULL,
    position     INTEGER NOT NULL,           -- the one order: of the archive, then of arrival
    outgoing     INTEGER NOT NULL,
    author       TEXT NOT NULL,
    text         TEXT NOT NULL,
    time_ms      INTEGER NOT NULL,
    wire_id      TEXT,                       -- id attribute: receipts and markers name it
    origin_id    TEXT,                       -- made by the sender (XEP-0359)
    stanza_id    TEXT,                       -- made by our archive (XEP-0359)
    state        INTEGER NOT NULL DEFAULT 0, -- outgoing: 0 waiting, 1 sent, 2 delivered, 3 read, 4 failed
    error        TEXT                        -- of a failed one
) STRICT;

CREATE INDEX messages_in_order ON messages (conversation, position, id);
CREATE INDEX messages_wire ON messages (conversation, wire_id);
-- The same message by another way (carbon, archive, resumption) is the same message.
CREATE UNIQUE INDEX messages_stanza ON messages (stanza_id) WHERE stanza_id IS NOT NULL;
CREATE UNIQUE INDEX messages_origin ON messages (conversation, author, origin_id)
    WHERE origin_id IS NOT NULL;

-- What has to reach the server, in order. A row goes when the server has it.
CREATE TABLE outbox (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    kind         TEXT NOT NULL,              -- 'message', 'receipt', 'displayed'
    conversation TEXT NOT NULL,
    wire_id      TEXT NOT NULL,              -- of the message; for the others the one they are about
    message      INTEGER                     -- messages.id
) STRICT;

CREATE INDEX outbox_wire ON outbox (conversation, wire_id);
";

/// Brings a database to [`VERSION`], each step in a transaction of its own, and
/// gives the connection the functions that triggers call.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    search::register(connection)?;
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (step, version) in STEPS.iter().zip(1..).skip(found as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(connection: &Connection) -> Vec<String> {
        connection
            .prepare("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    /// A cache of the first version, with what it held.
    #[test]
    fn from_version_1() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(V1).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection
            .execute_batch(
                "INSERT INTO conversations (id, kind, draft, read_position)
                     VALUES ('bob@a', 'direct', 'half', 1), ('new@a', 'direct', '', 0);
                 INSERT INTO messages (conversation, position, outgoing, author, text, time_ms, stanza_id)
                     VALUES ('bob@a', 0, 0, 'bob@a', 'first', 5, 's1'),
                            ('bob@a', 1, 1, 'me@a', 'second', 6, 's2'),
                            ('bob@a', 2, 0, 'bob@a', 'third', 7, 's3');
                 INSERT INTO outbox (kind, conversation, wire_id, message)
                     VALUES ('receipt', 'bob@a', 'w', NULL);",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        let row: (i64, i64, u32, String) = connection
            .query_row(
                "SELECT last_message, last_time_ms, unread, draft FROM conversations WHERE id = 'bob@a'",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .unwrap();
        assert_eq!(row, (3, 7, 1, "half".to_owned()));
        let gap: (String, Option<String>, String, i64) = connection
            .query_row(
                "SELECT archive, after_id, before_id, next_position FROM gaps",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .unwrap();
        assert_eq!(gap, (String::new(), None, "s1".to_owned(), 0));
        let kept: u32 = connection
            .query_row(
                "SELECT count(*) FROM messages WHERE kind = 'text'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(kept, 3);
        assert_eq!(
            connection
                .query_row("SELECT count(*) FROM outbox", [], |row| row
                    .get::<_, u32>(0))
                .unwrap(),
            1
        );
    }

    /// An old cache and a new one have the same tables.
    #[test]
    fn every_way_leads_to_the_same_tables() {
        let mut fresh = Connection::open_in_memory().unwrap();
        migrate(&mut fresh).unwrap();
        let mut old = Connection::open_in_memory().unwrap();
        old.execute_batch(V1).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        migrate(&mut old).unwrap();
        assert_eq!(names(&fresh), names(&old));
        let version: u32 = fresh
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, VERSION);
    }
}

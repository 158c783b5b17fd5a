//! Tables and their history. A step is never changed once released.

use rusqlite::Connection;

/// Version that this program writes.
pub(super) const VERSION: u32 = 1;

const STEPS: [&str; VERSION as usize] = [V1];

const V1: &str = "
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

/// Brings a database to [`VERSION`], each step in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (step, version) in STEPS.iter().zip(1..).skip(found as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

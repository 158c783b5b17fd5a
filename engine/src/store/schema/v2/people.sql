ALTER TABLE contacts ADD COLUMN groups TEXT NOT NULL DEFAULT '[]';             -- JSON
ALTER TABLE contacts ADD COLUMN subscription TEXT NOT NULL DEFAULT 'none';     -- RFC 6121, section 2.1.2.5
ALTER TABLE contacts ADD COLUMN ask INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contacts ADD COLUMN approved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contacts ADD COLUMN roster_name TEXT NOT NULL DEFAULT '';          -- the name that we gave; `name` is the one to show

-- People who ask to see our presence.
CREATE TABLE subscription_requests (
    address TEXT PRIMARY KEY,
    text    TEXT NOT NULL DEFAULT '',
    time_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What people say of themselves: names (XEP-0172), cards (XEP-0054, 0292), pictures (XEP-0084, 0153).
CREATE TABLE profiles (
    address     TEXT PRIMARY KEY,            -- bare
    nickname    TEXT,
    card        TEXT,                        -- JSON
    card_ms     INTEGER,                     -- when it was fetched
    avatar_hash TEXT,                        -- SHA-1, hex; '' if there is none
    avatar_from TEXT                         -- 'pep' (XEP-0084) or 'card' (XEP-0153)
) STRICT, WITHOUT ROWID;

CREATE TABLE avatars (
    hash       TEXT PRIMARY KEY,
    media_type TEXT NOT NULL,
    data       BLOB NOT NULL,
    used_ms    INTEGER NOT NULL
) STRICT;

CREATE TABLE blocked (
    address TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- What a client or server can do, by the hash of its features (XEP-0115).
CREATE TABLE capabilities (
    ver      TEXT PRIMARY KEY,
    features TEXT NOT NULL,                  -- JSON
    used_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far we have read, for our other devices and by them (XEP-0490).
CREATE TABLE displayed (
    conversation TEXT PRIMARY KEY,
    to_publish   TEXT,                       -- stanza id that the others do not know yet
    published    TEXT,                       -- the last that they know
    awaited      TEXT                        -- stanza id of a message that is not here yet
) STRICT, WITHOUT ROWID;

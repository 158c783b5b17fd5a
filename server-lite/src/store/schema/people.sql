-- Rooms that were destroyed, so that whoever comes learns it (XEP-0045, 10.9).
CREATE TABLE destroyed_rooms (
    name         TEXT PRIMARY KEY,
    destroyed_by TEXT NOT NULL,              -- bare address
    venue        TEXT,                       -- address of the room in its place
    reason       TEXT,
    destroyed_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who administers the server (XEP-0133).
CREATE TABLE administrators (
    localpart TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- When somebody last signed in.
CREATE TABLE sign_ins (
    localpart TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    time_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who gets to know each other by an invite, and whether it makes an account of
-- a certain name (XEP-0401).
ALTER TABLE invites ADD COLUMN inviter_account TEXT REFERENCES accounts ON DELETE CASCADE;
ALTER TABLE invites ADD COLUMN localpart TEXT;

-- Which message of the day somebody has seen.
CREATE TABLE motd_seen (
    localpart TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    motd      TEXT NOT NULL                  -- its id
) STRICT, WITHOUT ROWID;

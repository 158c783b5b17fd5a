-- Rooms that were joined or bookmarked (XEP-0045, XEP-0402).
CREATE TABLE rooms (
    address     TEXT PRIMARY KEY,            -- bare; also the id of its conversation
    nick        TEXT NOT NULL,               -- ours
    password    TEXT,
    autojoin    INTEGER NOT NULL DEFAULT 0,
    bookmarked  INTEGER NOT NULL DEFAULT 0,
    extensions  TEXT,                        -- XML of a bookmark that is not ours to lose
    unnoted     INTEGER NOT NULL DEFAULT 0,  -- they say what the bookmark does not say yet
    name        TEXT,
    description TEXT,
    subject     TEXT,
    subject_by  TEXT,
    features    TEXT NOT NULL DEFAULT '[]',  -- JSON, of service discovery
    affiliation TEXT NOT NULL DEFAULT 'none',
    role        TEXT NOT NULL DEFAULT 'none',
    cursor      TEXT,                        -- newest id of the room's archive that was read
    left_why    TEXT,                        -- 'kicked', 'banned', 'destroyed', …: not joined by itself again
    left_reason TEXT,
    occupant_id TEXT                         -- ours (XEP-0421)
) STRICT, WITHOUT ROWID;

-- Who belongs to a room, or was seen in it: names for completion and lists.
CREATE TABLE room_members (
    room        TEXT NOT NULL,
    key         TEXT NOT NULL,               -- real bare address, or occupant id, or nickname
    address     TEXT,
    occupant_id TEXT,
    nick        TEXT,
    affiliation TEXT NOT NULL DEFAULT 'none',
    PRIMARY KEY (room, key)
) STRICT, WITHOUT ROWID;

-- Invitations. An answered one stays: it may come again out of an archive.
CREATE TABLE room_invitations (
    room     TEXT PRIMARY KEY,
    inviter  TEXT NOT NULL,                  -- bare
    reason   TEXT NOT NULL DEFAULT '',
    password TEXT,
    mediated INTEGER NOT NULL DEFAULT 0,     -- through the room
    time_ms  INTEGER NOT NULL,
    answered INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

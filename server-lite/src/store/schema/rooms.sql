-- Rooms (XEP-0045). Their messages are in the archive, owned by the address
-- of the room.
CREATE TABLE rooms (
    name       TEXT PRIMARY KEY,             -- localpart, normalised
    config     TEXT NOT NULL,                -- JSON, see rooms::config
    subject    TEXT,                         -- stanza of the last subject
    vcard      TEXT,                         -- XEP-0054, with the picture of the room
    secret     TEXT NOT NULL,                -- makes the ids of occupants (XEP-0421)
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE room_affiliations (
    room        TEXT NOT NULL REFERENCES rooms ON DELETE CASCADE,
    member      TEXT NOT NULL,               -- bare address
    affiliation TEXT NOT NULL,               -- 'owner', 'admin', 'member', 'outcast', 'none'
    nick        TEXT,                        -- reserved for them
    reason      TEXT,
    PRIMARY KEY (room, member)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX room_nicks ON room_affiliations (room, nick) WHERE nick IS NOT NULL;
CREATE INDEX rooms_of_member ON room_affiliations (member);

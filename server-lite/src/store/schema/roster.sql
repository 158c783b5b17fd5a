-- Rosters (RFC 6121, sections 2 and 3). In a shared roster only what a person
-- has set for a colleague is here: own name, own groups.
CREATE TABLE roster_items (
    owner        TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    contact      TEXT NOT NULL,              -- bare address, normalised
    name         TEXT,                       -- NULL: none of one's own
    groups       TEXT,                       -- JSON list; NULL: none of one's own
    subscription TEXT NOT NULL,              -- 'none', 'to', 'from', 'both'
    ask          INTEGER NOT NULL,           -- 1: the contact has not answered yet
    approved     INTEGER NOT NULL,           -- 1: a request of the contact is granted at once
    listed       INTEGER NOT NULL,           -- 0: no item yet, only a request of the contact
    request      TEXT,                       -- stanza with which the contact has asked
    PRIMARY KEY (owner, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX roster_by_contact ON roster_items (contact);

-- One sequence for the versions of all rosters: what is pushed to everybody
-- then carries the same number for everybody.
CREATE TABLE roster_sequence (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    last     INTEGER NOT NULL,
    shared   INTEGER NOT NULL                -- number of the last change of accounts
) STRICT;
INSERT INTO roster_sequence VALUES (1, 1, 1);
CREATE TABLE roster_versions (
    owner   TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    version INTEGER NOT NULL                 -- number of the last change by the owner
) STRICT, WITHOUT ROWID;

-- Where in the team somebody works: parts of the path stand between '::'.
CREATE TABLE departments (
    localpart TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    path      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- When somebody was last seen (XEP-0012).
CREATE TABLE last_activity (
    localpart TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    time_ms   INTEGER NOT NULL,
    status    TEXT NOT NULL                  -- of the last unavailable presence; '': none
) STRICT, WITHOUT ROWID;

-- Whoever changes accounts (the command line too) changes the shared roster.
CREATE TRIGGER roster_account_made AFTER INSERT ON accounts BEGIN
    UPDATE roster_sequence SET last = last + 1, shared = last + 1;
END;
CREATE TRIGGER roster_account_changed AFTER UPDATE OF display_name, disabled ON accounts BEGIN
    UPDATE roster_sequence SET last = last + 1, shared = last + 1;
END;
CREATE TRIGGER roster_account_removed AFTER DELETE ON accounts BEGIN
    UPDATE roster_sequence SET last = last + 1, shared = last + 1;
    -- A later account of the same name is another person.
    DELETE FROM roster_items WHERE contact =
        old.localpart || '@' || (SELECT value FROM meta WHERE key = 'domain');
END;
CREATE TRIGGER roster_department_made AFTER INSERT ON departments BEGIN
    UPDATE roster_sequence SET last = last + 1, shared = last + 1;
END;
CREATE TRIGGER roster_department_changed AFTER UPDATE ON departments BEGIN
    UPDATE roster_sequence SET last = last + 1, shared = last + 1;
END;
CREATE TRIGGER roster_department_removed AFTER DELETE ON departments BEGIN
    UPDATE roster_sequence SET last = last + 1, shared = last + 1;
END;

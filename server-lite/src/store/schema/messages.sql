-- A row with kept = 0 is no part of the archive: it only waits for its owner
-- (hints of XEP-0334, preferences of XEP-0441), and goes when it was delivered.
ALTER TABLE archive ADD COLUMN kept INTEGER NOT NULL DEFAULT 1;

-- With the time, so that counting needs nothing but the index.
DROP INDEX archive_by_owner;
DROP INDEX archive_by_peer;
CREATE INDEX archive_by_owner ON archive (owner, id, time_ms) WHERE kept = 1;
CREATE INDEX archive_by_peer ON archive (owner, peer, id, time_ms) WHERE kept = 1;
CREATE INDEX archive_passing ON archive (owner, id) WHERE kept = 0;

-- The words of the archive. One row for both copies of a message where the
-- recipient's follows the sender's: `mine` is about the row of the same id,
-- `theirs` about the one behind it.
CREATE VIRTUAL TABLE archive_words USING fts5 (
    mine, theirs, words,
    content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);

-- Rows up to here are in archive_words; the rest follows when there is time.
CREATE TABLE archive_indexed (up_to INTEGER NOT NULL) STRICT;
INSERT INTO archive_indexed VALUES (0);

-- What is gone, or says something else now, is not found by its old words. The
-- words of a pair stay while one of the two is there.
CREATE TRIGGER archive_gone AFTER DELETE ON archive WHEN old.kept = 1 BEGIN
    DELETE FROM archive_words WHERE rowid = old.id
        AND NOT EXISTS (SELECT 1 FROM archive WHERE id = old.id + 1 AND xml = old.xml);
    DELETE FROM archive_words WHERE rowid = old.id - 1
        AND NOT EXISTS (SELECT 1 FROM archive WHERE id = old.id - 1);
END;
CREATE TRIGGER archive_changed AFTER UPDATE OF xml ON archive BEGIN
    DELETE FROM archive_words WHERE rowid = old.id;
    DELETE FROM archive_words WHERE rowid = old.id - 1
        AND EXISTS (SELECT 1 FROM archive WHERE id = old.id - 1 AND xml = old.xml);
END;

-- XEP-0441. Whoever has no row has everything archived.
CREATE TABLE archive_preferences (
    owner    TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    standard TEXT NOT NULL,                  -- 'always', 'never', 'roster'
    always   TEXT NOT NULL,                  -- JSON: addresses
    never    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- XEP-0191.
CREATE TABLE blocked (
    owner   TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    address TEXT NOT NULL,                   -- normalised; bare, full or a domain
    PRIMARY KEY (owner, address)
) STRICT, WITHOUT ROWID;

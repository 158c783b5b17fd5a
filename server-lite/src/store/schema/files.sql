-- Bytes in the folder of files, once each.
CREATE TABLE blobs (
    hash BLOB PRIMARY KEY,                   -- SHA-256; the name of the file
    size INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was uploaded, or may be: one link each (XEP-0363).
CREATE TABLE uploads (
    token_hash BLOB PRIMARY KEY,             -- SHA-256: the token itself is in the link only
    owner      TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    name       TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size       INTEGER NOT NULL,
    slot_ms    INTEGER NOT NULL,             -- until then an upload may begin
    keep_ms    INTEGER,                      -- until then it can be downloaded; NULL: always
    hash       BLOB REFERENCES blobs         -- NULL: not uploaded yet
) STRICT, WITHOUT ROWID;

CREATE INDEX uploads_by_owner ON uploads (owner, size);
CREATE INDEX uploads_by_hash ON uploads (hash);
CREATE INDEX uploads_open ON uploads (slot_ms) WHERE hash IS NULL;
CREATE INDEX uploads_kept ON uploads (keep_ms) WHERE keep_ms IS NOT NULL;

-- What all blobs take, a block of 4096 bytes at least, so that nobody has to
-- add them up.
CREATE TABLE blobs_total (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    bytes INTEGER NOT NULL
) STRICT;
INSERT INTO blobs_total VALUES (1, 0);
CREATE TRIGGER blob_comes AFTER INSERT ON blobs BEGIN
    UPDATE blobs_total SET bytes = bytes + max(new.size, 4096);
END;
CREATE TRIGGER blob_goes AFTER DELETE ON blobs BEGIN
    UPDATE blobs_total SET bytes = bytes - max(old.size, 4096);
END;

-- Blobs that lost a link, perhaps their last: what is looked at before a file
-- is removed.
CREATE TABLE blobs_loose (
    hash BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TRIGGER upload_goes AFTER DELETE ON uploads WHEN old.hash IS NOT NULL BEGIN
    INSERT OR IGNORE INTO blobs_loose VALUES (old.hash);
END;

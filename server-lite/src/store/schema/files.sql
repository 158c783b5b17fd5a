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

CREATE INDEX uploads_by_owner ON uploads (owner);
CREATE INDEX uploads_by_hash ON uploads (hash);
CREATE INDEX uploads_open ON uploads (slot_ms) WHERE hash IS NULL;
CREATE INDEX uploads_kept ON uploads (keep_ms) WHERE keep_ms IS NOT NULL;

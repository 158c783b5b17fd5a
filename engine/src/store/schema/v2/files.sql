-- Files that have to reach the upload service before their message can go.
CREATE TABLE uploads (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    message    INTEGER NOT NULL,             -- messages.id
    place      INTEGER NOT NULL,             -- index in its attachments
    name       TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256     BLOB NOT NULL,
    get_url    TEXT,                         -- once it is there
    error      TEXT
) STRICT;

CREATE INDEX uploads_message ON uploads (message);

-- Their bytes: encrypted as everything here, and independent of the original.
CREATE TABLE upload_chunks (
    upload INTEGER NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    data   BLOB NOT NULL,
    PRIMARY KEY (upload, number)
) STRICT;

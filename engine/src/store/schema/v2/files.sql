-- Files whose bytes are here. They lie sealed beside the cache (vault.rs); this
-- is the one place that has their keys.
CREATE TABLE files (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE,         -- in the folder of sealed files
    key        BLOB NOT NULL,
    url        TEXT UNIQUE,                  -- where others have it; none before it is there
    sha256     BLOB,                         -- these three once it is whole
    size_bytes INTEGER,
    media_type TEXT,                         -- by what it is, not by what is said of it
    validator  TEXT,                         -- tells whether the server still has the same
    used_ms    INTEGER NOT NULL
) STRICT;

CREATE INDEX files_sha256 ON files (sha256) WHERE sha256 IS NOT NULL;

-- Files that have to reach the upload service before their message can go. A row
-- goes when the message knows the address.
CREATE TABLE uploads (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    message     INTEGER NOT NULL,            -- messages.id
    place       INTEGER NOT NULL,            -- index in its attachments
    name        TEXT NOT NULL,
    media_type  TEXT NOT NULL,
    size_bytes  INTEGER NOT NULL,
    file        INTEGER,                     -- files.id: a copy of ours; or else
    path        TEXT,                        -- where it lies, and
    modified_ms INTEGER,                     -- when it was written last
    sha256      BLOB,                        -- once it was read to its end
    paused      INTEGER NOT NULL DEFAULT 0,
    tries       INTEGER NOT NULL DEFAULT 0,  -- that came to nothing
    error       TEXT                         -- why it is not tried again
) STRICT;

CREATE INDEX uploads_message ON uploads (message);

-- The key of a copy that nobody else has goes with its message.
CREATE TRIGGER upload_gone AFTER DELETE ON uploads WHEN old.file IS NOT NULL BEGIN
    DELETE FROM files WHERE id = old.file AND url IS NULL;
END;

-- The files of a conversation, and of all of them.
CREATE INDEX messages_files ON messages (conversation, position, id) WHERE attachments IS NOT NULL;
CREATE INDEX messages_all_files ON messages (position, id) WHERE attachments IS NOT NULL;

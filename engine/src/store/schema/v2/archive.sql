-- What is known to be missing between two places of an archive (XEP-0313).
-- Positions from low_position up to, not including, next_position are kept free
-- for it and are given from the top downwards, as pages are read backwards.
CREATE TABLE gaps (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    archive       TEXT NOT NULL,             -- '' our own account's, else the room's address
    conversation  TEXT,                      -- missing there for this one only: it was removed here
    after_id      TEXT,                      -- archive id below the gap; none: from the beginning
    before_id     TEXT,                      -- archive id above the gap
    low_position  INTEGER NOT NULL,
    next_position INTEGER NOT NULL
) STRICT;

CREATE INDEX gaps_archive ON gaps (archive, next_position);

-- How far a gap of our own archive was filled for one conversation only.
CREATE TABLE gap_conversations (
    gap          INTEGER NOT NULL REFERENCES gaps (id) ON DELETE CASCADE,
    conversation TEXT NOT NULL,
    before_id    TEXT NOT NULL,
    complete     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (gap, conversation)
) STRICT, WITHOUT ROWID;

-- The first version kept no gaps: all that is older than what it had is one.
INSERT INTO gaps (archive, after_id, before_id, low_position, next_position)
SELECT '', NULL, stanza_id, -4611686018427387904, (SELECT min(position) FROM messages)
FROM messages WHERE stanza_id IS NOT NULL ORDER BY time_ms, position LIMIT 1;

ALTER TABLE messages ADD COLUMN kind TEXT NOT NULL DEFAULT 'text';   -- 'text', 'file', 'event'
ALTER TABLE messages ADD COLUMN author_name TEXT;       -- nickname in a room, as it was then
ALTER TABLE messages ADD COLUMN occupant_id TEXT;       -- XEP-0421
ALTER TABLE messages ADD COLUMN reply_to_id TEXT;       -- XEP-0461; a reference id, see below
ALTER TABLE messages ADD COLUMN reply_to_author TEXT;
ALTER TABLE messages ADD COLUMN edited_ms INTEGER;      -- XEP-0308
ALTER TABLE messages ADD COLUMN edit_position INTEGER;  -- of the edit that it shows, in the one order
ALTER TABLE messages ADD COLUMN retracted_ms INTEGER;   -- XEP-0424, XEP-0425
ALTER TABLE messages ADD COLUMN retracted_by TEXT;      -- a moderator, if it was not the author
ALTER TABLE messages ADD COLUMN attachments TEXT;       -- JSON
ALTER TABLE messages ADD COLUMN mentions TEXT;          -- JSON
ALTER TABLE messages ADD COLUMN mentions_me INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN event TEXT;             -- JSON; what happened, of kind 'event'

-- Rooms give ids of their own.
DROP INDEX messages_stanza;
CREATE UNIQUE INDEX messages_stanza ON messages (conversation, stanza_id)
    WHERE stanza_id IS NOT NULL;
-- One order for the whole account: the next position is the highest and one.
CREATE INDEX messages_position ON messages (position);
CREATE INDEX messages_edit_position ON messages (edit_position) WHERE edit_position IS NOT NULL;
-- Only so many things that happened are kept of a room.
CREATE INDEX messages_events ON messages (conversation, position) WHERE kind = 'event';
CREATE INDEX messages_origin_id ON messages (conversation, origin_id) WHERE origin_id IS NOT NULL;

-- What is said about a message names it by its reference id: the origin id (or
-- else the id attribute) between two people, the room's stanza id in a room.
-- One row holds all that one person reacts with (XEP-0444, section 4.2).
CREATE TABLE reactions (
    conversation TEXT NOT NULL,
    target       TEXT NOT NULL,              -- reference id
    author       TEXT NOT NULL,              -- bare address; in a room occupant id or address
    author_name  TEXT,
    emojis       TEXT NOT NULL,              -- JSON; an empty list once they were taken back
    time_ms      INTEGER NOT NULL,
    position     INTEGER NOT NULL,           -- in the one order: the last one counts
    PRIMARY KEY (conversation, target, author)
) STRICT, WITHOUT ROWID;

CREATE INDEX reactions_position ON reactions (position);

-- What was said about messages that are not here (yet): the newest page of an
-- archive is read first.
CREATE TABLE annotations (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation TEXT NOT NULL,
    target       TEXT NOT NULL,              -- reference id
    kind         TEXT NOT NULL,              -- 'edit', 'react', 'retract', 'moderate', 'delivered', 'read'
    author       TEXT NOT NULL,
    payload      TEXT NOT NULL,              -- JSON
    time_ms      INTEGER NOT NULL,
    position     INTEGER NOT NULL            -- in the one order; 0 where none counts
) STRICT;

CREATE INDEX annotations_position ON annotations (position);

CREATE INDEX annotations_target ON annotations (conversation, target);

-- What an edited message said before.
CREATE TABLE message_versions (
    message INTEGER NOT NULL,
    text    TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    PRIMARY KEY (message, time_ms)
) STRICT, WITHOUT ROWID;

-- Edits, reactions and retractions go through the outbox as messages do.
ALTER TABLE outbox ADD COLUMN payload TEXT;             -- JSON; kinds 'edit', 'react', 'retract', …
CREATE INDEX outbox_message ON outbox (message) WHERE message IS NOT NULL;

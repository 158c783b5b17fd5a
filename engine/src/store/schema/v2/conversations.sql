ALTER TABLE conversations ADD COLUMN name TEXT;             -- of a room; of a person see contacts
ALTER TABLE conversations ADD COLUMN notify TEXT NOT NULL DEFAULT 'default'; -- 'all', 'mentions', 'none'
ALTER TABLE conversations ADD COLUMN muted_until_ms INTEGER;                 -- notify holds until then; none: for ever
ALTER TABLE conversations ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;      -- order among the pinned; 0: not
ALTER TABLE conversations ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN marked_unread INTEGER NOT NULL DEFAULT 0;
-- Kept in step with the messages by triggers (summary.sql): the list reads no messages.
ALTER TABLE conversations ADD COLUMN last_message INTEGER;
ALTER TABLE conversations ADD COLUMN last_position INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN last_time_ms INTEGER;
ALTER TABLE conversations ADD COLUMN unread INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN unread_mentions INTEGER NOT NULL DEFAULT 0;

-- New messages come above all that was read.
CREATE INDEX conversations_read ON conversations (read_position);

UPDATE conversations SET
    (last_message, last_position, last_time_ms) = (
        SELECT id, position, time_ms FROM messages m WHERE m.conversation = conversations.id
        ORDER BY position DESC, id DESC LIMIT 1),
    unread = (SELECT count(*) FROM messages m WHERE m.conversation = conversations.id
              AND m.outgoing = 0 AND m.position > conversations.read_position)
WHERE EXISTS (SELECT 1 FROM messages m WHERE m.conversation = conversations.id);

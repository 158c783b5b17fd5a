-- The notice on top of a room is its subject. The room's id of the message that set
-- it names it where somebody closes it; the words do where a room gives no ids.
ALTER TABLE rooms ADD COLUMN subject_id TEXT;
ALTER TABLE rooms ADD COLUMN subject_closed TEXT;
-- Who may name everybody (XEP-0513): moderators alone.
ALTER TABLE rooms ADD COLUMN limits_everyone INTEGER NOT NULL DEFAULT 0;

-- Most have it for their id attribute too, by which they are found then.
DROP INDEX messages_origin_id;
CREATE INDEX messages_origin_id ON messages (conversation, origin_id)
    WHERE origin_id IS NOT NULL AND origin_id IS NOT wire_id;

-- More of the beginning of a word is a term (search/terms.rs).
INSERT INTO message_words (message_words) VALUES ('delete-all');
DELETE FROM message_words_due;
INSERT INTO message_words (rowid, words)
SELECT search_key(id, time_ms), search_terms(conversation, author, text, attachments)
FROM messages
WHERE retracted_ms IS NULL AND kind <> 'event' AND search_key(id, time_ms) IS NOT NULL
ORDER BY search_key(id, time_ms);

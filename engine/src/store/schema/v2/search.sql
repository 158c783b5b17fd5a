-- The words of the messages. search_key and search_terms are functions of this
-- program (store/search.rs; search/terms.rs says what they give). Only rows are
-- named, never what they said: so nothing can be left behind by a message whose
-- text has changed, and a later way of reading texts needs no knowledge of this
-- one. detail = none: the text of a candidate decides whether it is a hit.
-- A change of search_terms is a step of the schema that fills this table anew.
CREATE VIRTUAL TABLE message_words USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
-- Merging is half of what the index costs; so it is done less often.
INSERT INTO message_words (message_words, rank) VALUES ('automerge', 8);

-- Messages whose words are not in the index yet. They go there together, at the end
-- of the transaction (search::index): each statement that triggers follow begins
-- with a savepoint, at which FTS5 writes what it has, so messages that came one by
-- one would be segments of their own.
CREATE TABLE message_words_due (message INTEGER PRIMARY KEY) STRICT;

CREATE TRIGGER message_words_insert AFTER INSERT ON messages BEGIN
    INSERT OR IGNORE INTO message_words_due VALUES (new.id);
END;

CREATE TRIGGER message_words_delete AFTER DELETE ON messages BEGIN
    DELETE FROM message_words_due WHERE message = old.id;
    DELETE FROM message_words WHERE rowid = search_key(old.id, old.time_ms);
END;

CREATE TRIGGER message_words_update
AFTER UPDATE OF id, conversation, author, text, attachments, time_ms, kind, retracted_ms ON messages
WHEN (old.id, old.conversation, old.author, old.text, old.attachments,
      old.time_ms, old.kind, old.retracted_ms)
     IS NOT (new.id, new.conversation, new.author, new.text, new.attachments,
             new.time_ms, new.kind, new.retracted_ms)
BEGIN
    DELETE FROM message_words WHERE rowid = search_key(old.id, old.time_ms);
    INSERT OR IGNORE INTO message_words_due VALUES (new.id);
END;

INSERT INTO message_words (rowid, words)
SELECT search_key(id, time_ms), search_terms(conversation, author, text, attachments)
FROM messages
WHERE retracted_ms IS NULL AND kind <> 'event' AND search_key(id, time_ms) IS NOT NULL
ORDER BY search_key(id, time_ms);

-- What a reply repeats of the message that it answers (XEP-0461, section 3.1).
ALTER TABLE messages ADD COLUMN reply_excerpt TEXT;
ALTER TABLE messages ADD COLUMN unstyled INTEGER NOT NULL DEFAULT 0;   -- XEP-0393
ALTER TABLE messages ADD COLUMN encrypted INTEGER NOT NULL DEFAULT 0;  -- XEP-0380: the text is a stand-in

ALTER TABLE reactions ADD COLUMN mine INTEGER NOT NULL DEFAULT 0;

-- Whether it was (perhaps) sent: what was not can still be changed.
ALTER TABLE outbox ADD COLUMN attempted INTEGER NOT NULL DEFAULT 0;

-- Up to where the other person of a direct conversation has seen ours.
ALTER TABLE conversations ADD COLUMN peer_read_position INTEGER;

-- Ids of what was said about a message: some name an edit where they mean what
-- was edited, and a refusal names what is refused.
CREATE TABLE message_ids (
    conversation TEXT NOT NULL,
    id           TEXT NOT NULL,
    message      INTEGER NOT NULL,           -- messages.id
    kind         TEXT NOT NULL,              -- 'edit', 'react', 'retract'
    PRIMARY KEY (conversation, id, message)
) STRICT, WITHOUT ROWID;

CREATE INDEX message_ids_message ON message_ids (message);

-- Who has a message, and who has seen it and all before it.
CREATE TABLE deliveries (
    message      INTEGER NOT NULL,           -- messages.id
    person       TEXT NOT NULL,              -- as the author of a reaction
    name         TEXT,
    conversation TEXT NOT NULL,
    delivered_ms INTEGER,
    read_ms      INTEGER,
    PRIMARY KEY (message, person)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_read ON deliveries (conversation, person) WHERE read_ms IS NOT NULL;

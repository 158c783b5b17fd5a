-- What the list shows of a conversation, kept in step with its messages by
-- triggers: whoever writes messages cannot forget it, and the list reads none.
--
-- Unread is what others wrote behind the read position, but for what was taken
-- back and for mere events. The newest message is the last by (position, id) that
-- is no event.
--
-- A conversation that was put away or removed comes back with a new message of
-- ours, or with an unread one of others; one that was put away does not while it
-- is silenced. Silence is judged by when the message was written.
ALTER TABLE conversations ADD COLUMN messages INTEGER NOT NULL DEFAULT 0;    -- how many are here
ALTER TABLE conversations ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;      -- removed from this device

UPDATE conversations SET messages =
    (SELECT count(*) FROM messages m WHERE m.conversation = conversations.id);

CREATE TRIGGER summary_of_new_conversation AFTER INSERT ON conversations BEGIN
    UPDATE conversations SET
        (last_message, last_position, last_time_ms) = (
            SELECT max(id), coalesce(max(position), 0), max(time_ms) FROM (
                SELECT id, position, time_ms FROM messages
                WHERE conversation = new.id AND kind <> 'event'
                ORDER BY position DESC, id DESC LIMIT 1)),
        (messages, unread, unread_mentions) = (
            SELECT count(*),
                   coalesce(sum(position > new.read_position AND outgoing = 0
                                AND retracted_ms IS NULL AND kind <> 'event'), 0),
                   coalesce(sum(position > new.read_position AND outgoing = 0
                                AND retracted_ms IS NULL AND kind <> 'event' AND mentions_me), 0)
            FROM messages WHERE conversation = new.id)
    WHERE id = new.id AND EXISTS (SELECT 1 FROM messages WHERE conversation = new.id);
END;

CREATE TRIGGER summary_of_new_message AFTER INSERT ON messages BEGIN
    UPDATE conversations SET
        messages = messages + 1,
        unread = unread + (new.position > read_position AND new.outgoing = 0
                           AND new.retracted_ms IS NULL AND new.kind <> 'event'),
        unread_mentions = unread_mentions
            + (new.position > read_position AND new.outgoing = 0
               AND new.retracted_ms IS NULL AND new.kind <> 'event' AND new.mentions_me),
        last_message = CASE WHEN new.kind <> 'event' AND (last_message IS NULL
                OR (last_position, last_message) < (new.position, new.id))
            THEN new.id ELSE last_message END,
        last_position = CASE WHEN new.kind <> 'event' AND (last_message IS NULL
                OR (last_position, last_message) < (new.position, new.id))
            THEN new.position ELSE last_position END,
        last_time_ms = CASE WHEN new.kind <> 'event' AND (last_message IS NULL
                OR (last_position, last_message) < (new.position, new.id))
            THEN new.time_ms ELSE last_time_ms END,
        hidden = hidden AND NOT CASE WHEN new.outgoing
            THEN new.position > read_position OR new.state = 0
            ELSE new.position > read_position
                AND new.retracted_ms IS NULL AND new.kind <> 'event' END,
        archived = archived AND NOT CASE WHEN new.outgoing
            THEN new.position > read_position OR new.state = 0
            ELSE new.position > read_position
                AND new.retracted_ms IS NULL AND new.kind <> 'event'
                AND NOT ((notify = 'none' OR (notify = 'mentions' AND NOT new.mentions_me))
                         AND (muted_until_ms IS NULL OR new.time_ms < muted_until_ms)) END
    WHERE id = new.conversation;
END;

CREATE TRIGGER summary_of_gone_message AFTER DELETE ON messages BEGIN
    UPDATE conversations SET
        messages = messages - 1,
        unread = unread - (old.position > read_position AND old.outgoing = 0
                           AND old.retracted_ms IS NULL AND old.kind <> 'event'),
        unread_mentions = unread_mentions
            - (old.position > read_position AND old.outgoing = 0
               AND old.retracted_ms IS NULL AND old.kind <> 'event' AND old.mentions_me)
    WHERE id = old.conversation;
    -- The next message may get its place again, and is unread all the same.
    UPDATE conversations SET read_position = old.position - 1
    WHERE id = old.conversation AND last_message = old.id AND read_position >= old.position;
    UPDATE conversations SET (last_message, last_position, last_time_ms) =
        (SELECT max(id), coalesce(max(position), 0), max(time_ms) FROM (
            SELECT id, position, time_ms FROM messages
            WHERE conversation = old.conversation AND kind <> 'event'
            ORDER BY position DESC, id DESC LIMIT 1))
    WHERE id = old.conversation AND last_message = old.id;
    -- What belongs to a message goes with it.
    DELETE FROM message_versions WHERE message = old.id;
    DELETE FROM message_ids WHERE message = old.id;
    DELETE FROM deliveries WHERE message = old.id;
    DELETE FROM uploads WHERE message = old.id;
END;

CREATE TRIGGER summary_of_changed_message
AFTER UPDATE OF id, conversation, position, time_ms, outgoing, retracted_ms, kind, mentions_me
ON messages
WHEN (old.id, old.conversation, old.position, old.time_ms, old.outgoing, old.retracted_ms,
      old.kind, old.mentions_me)
     IS NOT (new.id, new.conversation, new.position, new.time_ms, new.outgoing, new.retracted_ms,
             new.kind, new.mentions_me)
BEGIN
    UPDATE conversations SET
        messages = messages - 1,
        unread = unread - (old.position > read_position AND old.outgoing = 0
                           AND old.retracted_ms IS NULL AND old.kind <> 'event'),
        unread_mentions = unread_mentions
            - (old.position > read_position AND old.outgoing = 0
               AND old.retracted_ms IS NULL AND old.kind <> 'event' AND old.mentions_me)
    WHERE id = old.conversation;
    UPDATE conversations SET
        messages = messages + 1,
        unread = unread + (new.position > read_position AND new.outgoing = 0
                           AND new.retracted_ms IS NULL AND new.kind <> 'event'),
        unread_mentions = unread_mentions
            + (new.position > read_position AND new.outgoing = 0
               AND new.retracted_ms IS NULL AND new.kind <> 'event' AND new.mentions_me)
    WHERE id = new.conversation;
    UPDATE conversations SET (last_message, last_position, last_time_ms) =
        (SELECT max(id), coalesce(max(position), 0), max(time_ms) FROM (
            SELECT id, position, time_ms FROM messages
            WHERE conversation = conversations.id AND kind <> 'event'
            ORDER BY position DESC, id DESC LIMIT 1))
    WHERE id IN (old.conversation, new.conversation)
        AND (last_message IS NULL OR last_message IN (old.id, new.id)
             OR (last_position, last_message) < (new.position, new.id));
END;

CREATE TRIGGER summary_of_read_position AFTER UPDATE OF read_position ON conversations
WHEN old.read_position <> new.read_position
BEGIN
    -- Only what lies between the two is counted.
    UPDATE conversations SET (unread, unread_mentions) = (
        SELECT new.unread + coalesce(sum(CASE WHEN position > new.read_position THEN 1 ELSE -1 END), 0),
               new.unread_mentions
                   + coalesce(sum(CASE WHEN NOT mentions_me THEN 0
                                       WHEN position > new.read_position THEN 1 ELSE -1 END), 0)
        FROM messages
        WHERE conversation = new.id
            AND position > min(old.read_position, new.read_position)
            AND position <= max(old.read_position, new.read_position)
            AND outgoing = 0 AND retracted_ms IS NULL AND kind <> 'event')
    WHERE id = new.id;
END;

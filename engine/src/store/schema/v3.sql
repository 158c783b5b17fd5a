-- The notice on top of a room is its subject. The room's id of the message that set
-- it names it where somebody closes it; the words do where a room gives no ids.
ALTER TABLE rooms ADD COLUMN subject_id TEXT;
ALTER TABLE rooms ADD COLUMN subject_closed TEXT;
-- Who may name everybody (XEP-0513): moderators alone.
ALTER TABLE rooms ADD COLUMN limits_everyone INTEGER NOT NULL DEFAULT 0;

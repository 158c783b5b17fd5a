-- Who made a room: by this it is counted, whoever owns it later.
ALTER TABLE rooms ADD COLUMN creator TEXT;   -- bare address; NULL: their account is gone
UPDATE rooms SET creator = (
    SELECT min(member) FROM room_affiliations
    WHERE room = rooms.name AND affiliation = 'owner'
);
CREATE INDEX rooms_by_creator ON rooms (creator);
CREATE INDEX destroyed_by_whom ON destroyed_rooms (destroyed_by, destroyed_ms);

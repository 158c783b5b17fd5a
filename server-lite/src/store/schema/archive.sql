-- What was said in rooms, for those who enter: markers and reactions left out.
-- The owner of a room's archive is an address, that of an account a localpart.
CREATE INDEX archive_said ON archive (owner, id)
    WHERE kept = 1 AND instr(owner, '@') > 0 AND instr(xml, '<body') > 0;

-- Archives that are on their way out, in portions: rows of the owner up to here.
CREATE TABLE archive_removals (
    owner TEXT PRIMARY KEY,
    up_to INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

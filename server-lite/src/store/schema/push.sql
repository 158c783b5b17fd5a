-- Whom to tell that something came for somebody who is away (XEP-0357). The
-- options hold what the app server wants to be told, a secret of its own too.
CREATE TABLE push (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    owner   TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    jid     TEXT NOT NULL,
    node    TEXT NOT NULL,                   -- empty if there is none
    options TEXT,                            -- a form, as XML
    UNIQUE (owner, jid, node)
) STRICT;

-- An app server whose account is gone is told nothing more: a later account of
-- its name is another.
CREATE TRIGGER push_account_removed AFTER DELETE ON accounts BEGIN
    DELETE FROM push WHERE
        CASE instr(jid, '/') WHEN 0 THEN jid ELSE substr(jid, 1, instr(jid, '/') - 1) END =
        old.localpart || '@' || (SELECT value FROM meta WHERE key = 'domain');
END;

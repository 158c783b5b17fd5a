-- The clients that have signed in to an account and said which one they are
-- (XEP-0388). Without a token (XEP-0484) such a row lets nobody in.
CREATE TABLE clients (
    localpart TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    client    BLOB NOT NULL,              -- SHA-256 of the client's own id
    software  TEXT NOT NULL,              -- as it calls itself
    device    TEXT NOT NULL,
    address   TEXT NOT NULL,              -- from where it came last
    first_ms  INTEGER NOT NULL,
    last_ms   INTEGER NOT NULL,
    ended     INTEGER NOT NULL DEFAULT 0, -- signed out by its owner, from elsewhere
    PRIMARY KEY (localpart, client)
) STRICT, WITHOUT ROWID;

-- Whoever changes a password wants other sign-ins to end.
CREATE TRIGGER clients_end_with_the_password AFTER INSERT ON verifiers
BEGIN
    DELETE FROM clients WHERE localpart = NEW.localpart;
END;
CREATE TRIGGER clients_end_with_the_password_too AFTER UPDATE ON verifiers
BEGIN
    DELETE FROM clients WHERE localpart = NEW.localpart;
END;

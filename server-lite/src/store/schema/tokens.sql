-- Tokens for signing in without the password (XEP-0484), two for each client:
-- the one in use, and a newer one that has not been used yet.
--
-- Not the token stands here but the random part of it: the token is made of
-- this and of a key that lies beside the database (keys/tokens.key). Who has
-- the database alone cannot sign in with it.
CREATE TABLE tokens (
    localpart  TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    client     BLOB NOT NULL,             -- SHA-256 of the client's own id
    is_new     INTEGER NOT NULL,          -- given out, but not used yet
    mechanism  TEXT NOT NULL,             -- the only one that it is good for
    seed       BLOB NOT NULL,
    expires_ms INTEGER NOT NULL,
    count      INTEGER NOT NULL DEFAULT 0, -- highest that a client has sent
    PRIMARY KEY (localpart, client, is_new)
) STRICT, WITHOUT ROWID;

-- Whoever changes a password wants other sign-ins to end, by whatever way it is
-- changed.
CREATE TRIGGER tokens_end_with_the_password AFTER INSERT ON verifiers
BEGIN
    DELETE FROM tokens WHERE localpart = NEW.localpart;
END;
CREATE TRIGGER tokens_end_with_the_password_too AFTER UPDATE ON verifiers
BEGIN
    DELETE FROM tokens WHERE localpart = NEW.localpart;
END;

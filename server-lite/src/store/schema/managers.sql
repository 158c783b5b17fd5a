-- Who leads somebody, as those who administer the server say.
CREATE TABLE managers (
    localpart TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    manager   TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX managers_by_manager ON managers (manager);

-- A running server learns of it, whoever has changed it; rosters stay as they are.
CREATE TRIGGER manager_set AFTER INSERT ON managers BEGIN
    UPDATE account_sequence SET last = last + 1;
END;
CREATE TRIGGER manager_changed AFTER UPDATE ON managers BEGIN
    UPDATE account_sequence SET last = last + 1;
END;
CREATE TRIGGER manager_removed AFTER DELETE ON managers BEGIN
    UPDATE account_sequence SET last = last + 1;
END;

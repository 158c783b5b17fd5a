-- Whoever is kept from signing in, or gets another password, has signed in
-- before as somebody who is there no more: the number of the last such change
-- of an account, out of one sequence for all.
CREATE TABLE account_sequence (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    last     INTEGER NOT NULL
) STRICT;
INSERT INTO account_sequence VALUES (1, 1);
ALTER TABLE accounts ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;

-- By whatever way it is changed, the command line too.
CREATE TRIGGER generation_account_made AFTER INSERT ON accounts BEGIN
    UPDATE account_sequence SET last = last + 1;
    UPDATE accounts SET generation = (SELECT last FROM account_sequence)
        WHERE localpart = NEW.localpart;
END;
CREATE TRIGGER generation_account_disabled AFTER UPDATE OF disabled ON accounts BEGIN
    UPDATE account_sequence SET last = last + 1;
    UPDATE accounts SET generation = (SELECT last FROM account_sequence)
        WHERE localpart = NEW.localpart;
END;
CREATE TRIGGER generation_account_removed AFTER DELETE ON accounts BEGIN
    UPDATE account_sequence SET last = last + 1;
END;
CREATE TRIGGER generation_password_set AFTER INSERT ON verifiers BEGIN
    UPDATE account_sequence SET last = last + 1;
    UPDATE accounts SET generation = (SELECT last FROM account_sequence)
        WHERE localpart = NEW.localpart;
END;
CREATE TRIGGER generation_password_changed AFTER UPDATE ON verifiers BEGIN
    UPDATE account_sequence SET last = last + 1;
    UPDATE accounts SET generation = (SELECT last FROM account_sequence)
        WHERE localpart = NEW.localpart;
END;

-- Personal eventing (XEP-0163): the nodes of an account, and what is in them.
CREATE TABLE pep_nodes (
    id         INTEGER PRIMARY KEY,
    owner      TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    node       TEXT NOT NULL,
    config     TEXT NOT NULL,               -- JSON, see pep::config
    UNIQUE (owner, node)
) STRICT;
CREATE INDEX pep_nodes_by_name ON pep_nodes (node);

CREATE TABLE pep_items (
    place      INTEGER PRIMARY KEY AUTOINCREMENT, -- the later, the higher
    node_id    INTEGER NOT NULL REFERENCES pep_nodes ON DELETE CASCADE,
    item_id    TEXT NOT NULL,
    publisher  TEXT NOT NULL,               -- bare address
    time_ms    INTEGER NOT NULL,
    payload    TEXT NOT NULL,               -- XML; empty if there is none
    picture    INTEGER NOT NULL DEFAULT 0,  -- 1: a picture whose SHA-1 is the id
    UNIQUE (node_id, item_id)
) STRICT;
CREATE INDEX pep_items_by_place ON pep_items (node_id, place);

CREATE TABLE pep_affiliations (
    node_id     INTEGER NOT NULL REFERENCES pep_nodes ON DELETE CASCADE,
    member      TEXT NOT NULL,              -- bare address
    affiliation TEXT NOT NULL,
    PRIMARY KEY (node_id, member)
) STRICT, WITHOUT ROWID;

CREATE TABLE pep_subscriptions (
    node_id    INTEGER NOT NULL REFERENCES pep_nodes ON DELETE CASCADE,
    subscriber TEXT NOT NULL,               -- bare or full address
    PRIMARY KEY (node_id, subscriber)
) STRICT, WITHOUT ROWID;

-- Whoever gets the name of an account that is gone gets nothing else of it.
CREATE TRIGGER pep_forget_account AFTER DELETE ON accounts BEGIN
    DELETE FROM pep_affiliations
        WHERE substr(member, 1, length(old.localpart) + 1) = old.localpart || '@';
    DELETE FROM pep_subscriptions
        WHERE substr(subscriber, 1, length(old.localpart) + 1) = old.localpart || '@';
END;

-- vcard-temp (XEP-0054). The picture is not here but in the nodes of XEP-0084.
CREATE TABLE vcards (
    owner TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    xml   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Private XML storage (XEP-0049), by name and name space of the element. Rooms
-- among the bookmarks are not here but in the node of XEP-0402.
CREATE TABLE private_storage (
    owner     TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    name      TEXT NOT NULL,
    namespace TEXT NOT NULL,
    xml       TEXT NOT NULL,
    PRIMARY KEY (owner, name, namespace)
) STRICT, WITHOUT ROWID;

//! Nodes of accounts and their items (XEP-0163, XEP-0060).

use rusqlite::{Connection, OptionalExtension, Transaction, params};

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeRow {
    pub(crate) id: i64,
    pub(crate) node: String,
    /// JSON.
    pub(crate) config: String,
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ItemRow {
    pub(crate) item_id: String,
    pub(crate) publisher: String,
    pub(crate) time_ms: i64,
    /// XML, or empty.
    pub(crate) payload: String,
    /// It holds a picture whose SHA-1 is the id: found out once, when it comes.
    pub(crate) picture: bool,
}

fn node_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<NodeRow> {
    Ok(NodeRow {
        id: row.get(0)?,
        node: row.get(1)?,
        config: row.get(2)?,
    })
}

fn item_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<ItemRow> {
    Ok(ItemRow {
        item_id: row.get(0)?,
        publisher: row.get(1)?,
        time_ms: row.get(2)?,
        payload: row.get(3)?,
        picture: row.get(4)?,
    })
}

/// One node of an account.
pub(crate) fn node(db: &Connection, owner: &str, node: &str) -> rusqlite::Result<Option<NodeRow>> {
    db.prepare_cached("SELECT id, node, config FROM pep_nodes WHERE owner = ?1 AND node = ?2")?
        .query_row([owner, node], node_row)
        .optional()
}

/// All nodes of an account, by name.
pub(crate) fn nodes(db: &Connection, owner: &str) -> rusqlite::Result<Vec<NodeRow>> {
    db.prepare_cached("SELECT id, node, config FROM pep_nodes WHERE owner = ?1 ORDER BY node")?
        .query_map([owner], node_row)?
        .collect()
}

/// The nodes of this name, at most so many, each with its owner: those of
/// `first`, then those that changed last.
pub(crate) fn nodes_named(
    db: &Connection,
    node: &str,
    first: &str,
    max: usize,
) -> rusqlite::Result<Vec<(String, NodeRow)>> {
    db.prepare_cached(
        "SELECT id, node, config, owner FROM pep_nodes WHERE node = ?1
         ORDER BY owner <> ?2,
             (SELECT max(place) FROM pep_items WHERE node_id = pep_nodes.id) DESC
         LIMIT ?3",
    )?
    .query_map(
        params![node, first, i64::try_from(max).unwrap_or(i64::MAX)],
        |row| Ok((row.get(3)?, node_row(row)?)),
    )?
    .collect()
}

/// Makes a node; there must be none of that name.
pub(crate) fn insert_node(
    tx: &Transaction<'_>,
    owner: &str,
    node: &str,
    config: &str,
) -> rusqlite::Result<NodeRow> {
    tx.execute(
        "INSERT INTO pep_nodes (owner, node, config) VALUES (?1, ?2, ?3)",
        [owner, node, config],
    )?;
    Ok(NodeRow {
        id: tx.last_insert_rowid(),
        node: node.to_owned(),
        config: config.to_owned(),
    })
}

/// Configuration of a node, as JSON.
pub(crate) fn config(db: &Connection, id: i64) -> rusqlite::Result<String> {
    db.prepare_cached("SELECT config FROM pep_nodes WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
}

pub(crate) fn set_config(tx: &Transaction<'_>, id: i64, config: &str) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE pep_nodes SET config = ?2 WHERE id = ?1",
        params![id, config],
    )?;
    Ok(())
}

pub(crate) fn delete_node(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM pep_nodes WHERE id = ?1", [id])?;
    Ok(())
}

/// What every item counts for beside its payload, so that there is a limit to
/// their number too.
const ITEM_BYTES: i64 = 1024;
/// The same for somebody's affiliation or subscription.
const PERSON_BYTES: i64 = 256;

/// Number of nodes of an account, and bytes in all of them with those whom its
/// owner has named there. Subscriptions are made by others: they have room of
/// their own.
pub(crate) fn usage(db: &Connection, owner: &str) -> rusqlite::Result<(usize, usize)> {
    db.prepare_cached(
        "SELECT (SELECT count(*) FROM pep_nodes WHERE owner = ?1),
                (SELECT coalesce(sum(octet_length(payload) + ?2), 0) FROM pep_items
                 JOIN pep_nodes ON pep_nodes.id = node_id WHERE owner = ?1) +
                (SELECT coalesce(sum(octet_length(member) + ?3), 0) FROM pep_affiliations
                 JOIN pep_nodes ON pep_nodes.id = node_id WHERE owner = ?1)",
    )?
    .query_row(params![owner, ITEM_BYTES, PERSON_BYTES], |row| {
        Ok((count(row, 0)?, count(row, 1)?))
    })
}

/// Bytes of the subscriptions to all nodes of an account.
pub(crate) fn subscription_usage(db: &Connection, owner: &str) -> rusqlite::Result<usize> {
    db.prepare_cached(
        "SELECT coalesce(sum(octet_length(subscriber) + ?2), 0) FROM pep_subscriptions
         JOIN pep_nodes ON pep_nodes.id = node_id WHERE owner = ?1",
    )?
    .query_row(params![owner, PERSON_BYTES], |row| count(row, 0))
}

/// A number that is never negative.
pub(super) fn count(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<usize> {
    let number: i64 = row.get(column)?;
    Ok(usize::try_from(number).unwrap_or_default())
}

/// Runs a job; if it refuses, whatever it did is undone.
pub(crate) fn or_undo<T, E>(
    tx: &Transaction<'_>,
    job: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> rusqlite::Result<Result<T, E>> {
    tx.execute_batch("SAVEPOINT refusable")?;
    let done = job(tx);
    if done.is_err() {
        tx.execute_batch("ROLLBACK TO refusable")?;
    }
    tx.execute_batch("RELEASE refusable")?;
    Ok(done)
}

/// Puts an item in, in place of one of the same id, as the newest.
pub(crate) fn put_item(tx: &Transaction<'_>, node: i64, item: &ItemRow) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO pep_items (node_id, item_id, publisher, time_ms, payload, picture)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        node,
        item.item_id,
        item.publisher,
        item.time_ms,
        item.payload,
        item.picture
    ])?;
    Ok(())
}

/// Leaves the newest `max`.
pub(crate) fn keep_newest(tx: &Transaction<'_>, node: i64, max: u32) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "DELETE FROM pep_items WHERE node_id = ?1 AND place <=
             (SELECT place FROM pep_items WHERE node_id = ?1
              ORDER BY place DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute(params![node, max])?;
    Ok(())
}

/// Who has published an item, if it is there.
pub(crate) fn publisher(
    db: &Connection,
    node: i64,
    item_id: &str,
) -> rusqlite::Result<Option<String>> {
    db.query_row(
        "SELECT publisher FROM pep_items WHERE node_id = ?1 AND item_id = ?2",
        params![node, item_id],
        |row| row.get(0),
    )
    .optional()
}

/// Takes an item out; whether it was there.
pub(crate) fn delete_item(
    tx: &Transaction<'_>,
    node: i64,
    item_id: &str,
) -> rusqlite::Result<bool> {
    let deleted = tx.execute(
        "DELETE FROM pep_items WHERE node_id = ?1 AND item_id = ?2",
        params![node, item_id],
    )?;
    Ok(deleted > 0)
}

/// Takes all items out.
pub(crate) fn purge(tx: &Transaction<'_>, node: i64) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM pep_items WHERE node_id = ?1", [node])?;
    Ok(())
}

/// The newest items, the oldest of them first.
pub(crate) fn newest_items(db: &Connection, node: i64, max: u32) -> rusqlite::Result<Vec<ItemRow>> {
    let mut items: Vec<ItemRow> = db
        .prepare_cached(
            "SELECT item_id, publisher, time_ms, payload, picture FROM pep_items
             WHERE node_id = ?1 ORDER BY place DESC LIMIT ?2",
        )?
        .query_map(params![node, max], item_row)?
        .collect::<rusqlite::Result<_>>()?;
    items.reverse();
    Ok(items)
}

/// The newest items that have not more than so many bytes together, the oldest
/// of them first. One that does not fit is left out, and not read.
pub(crate) fn newest_within(
    db: &Connection,
    node: i64,
    bytes: usize,
) -> rusqlite::Result<Vec<ItemRow>> {
    let mut statement = db.prepare_cached(
        "SELECT item_id, publisher, time_ms, payload, picture,
                octet_length(item_id) + octet_length(payload)
         FROM pep_items WHERE node_id = ?1 ORDER BY place DESC",
    )?;
    let mut rows = statement.query([node])?;
    let (mut items, mut room) = (Vec::new(), bytes);
    while let Some(row) = rows.next()? {
        if let Some(rest) = room.checked_sub(count(row, 5)?) {
            room = rest;
            items.push(item_row(row)?);
        }
    }
    items.reverse();
    Ok(items)
}

/// Where the newest item stands among all items of all nodes, and its bytes.
pub(crate) fn newest_place(db: &Connection, node: i64) -> rusqlite::Result<Option<(i64, usize)>> {
    db.prepare_cached(
        "SELECT place, octet_length(payload) FROM pep_items
         WHERE node_id = ?1 ORDER BY place DESC LIMIT 1",
    )?
    .query_row([node], |row| Ok((row.get(0)?, count(row, 1)?)))
    .optional()
}

/// Whether a node has a picture under its SHA-1.
pub(crate) fn has_picture(db: &Connection, node: i64, item_id: &str) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT 1 FROM pep_items WHERE node_id = ?1 AND item_id = ?2 AND picture = 1",
    )?
    .exists(params![node, item_id])
}

/// Ids and sizes of all items, the oldest first.
pub(crate) fn sizes(db: &Connection, node: i64) -> rusqlite::Result<Vec<(String, usize)>> {
    db.prepare_cached(
        "SELECT item_id, octet_length(payload) FROM pep_items WHERE node_id = ?1 ORDER BY place",
    )?
    .query_map([node], |row| Ok((row.get(0)?, count(row, 1)?)))?
    .collect()
}

/// One item.
pub(crate) fn item(db: &Connection, node: i64, id: &str) -> rusqlite::Result<Option<ItemRow>> {
    db.prepare_cached(
        "SELECT item_id, publisher, time_ms, payload, picture FROM pep_items
         WHERE node_id = ?1 AND item_id = ?2",
    )?
    .query_row(params![node, id], item_row)
    .optional()
}

/// Who is what to a node: address and affiliation.
pub(crate) fn affiliations(db: &Connection, node: i64) -> rusqlite::Result<Vec<(String, String)>> {
    pairs(
        db,
        "SELECT member, affiliation FROM pep_affiliations WHERE node_id = ?1 ORDER BY member",
        node,
    )
}

/// What one of them is, if it is anything.
pub(crate) fn affiliation(
    db: &Connection,
    node: i64,
    member: &str,
) -> rusqlite::Result<Option<String>> {
    db.prepare_cached(
        "SELECT affiliation FROM pep_affiliations WHERE node_id = ?1 AND member = ?2",
    )?
    .query_row(params![node, member], |row| row.get(0))
    .optional()
}

/// Sets what somebody is to a node; `none` takes it away.
pub(crate) fn set_affiliation(
    tx: &Transaction<'_>,
    node: i64,
    member: &str,
    affiliation: &str,
) -> rusqlite::Result<()> {
    if affiliation == "none" {
        tx.execute(
            "DELETE FROM pep_affiliations WHERE node_id = ?1 AND member = ?2",
            params![node, member],
        )?;
    } else {
        tx.execute(
            "INSERT OR REPLACE INTO pep_affiliations VALUES (?1, ?2, ?3)",
            params![node, member, affiliation],
        )?;
    }
    Ok(())
}

/// Who has subscribed to a node.
pub(crate) fn subscribers(db: &Connection, node: i64) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached("SELECT subscriber FROM pep_subscriptions WHERE node_id = ?1 ORDER BY 1")?
        .query_map([node], |row| row.get(0))?
        .collect()
}

/// Subscribes; nothing changes if it was done before.
pub(crate) fn subscribe(tx: &Transaction<'_>, node: i64, subscriber: &str) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR IGNORE INTO pep_subscriptions VALUES (?1, ?2)",
        params![node, subscriber],
    )?;
    Ok(())
}

/// Ends a subscription; whether there was one.
pub(crate) fn unsubscribe(
    tx: &Transaction<'_>,
    node: i64,
    subscriber: &str,
) -> rusqlite::Result<bool> {
    let ended = tx.execute(
        "DELETE FROM pep_subscriptions WHERE node_id = ?1 AND subscriber = ?2",
        params![node, subscriber],
    )?;
    Ok(ended > 0)
}

/// The nodes of an account to which somebody has subscribed, with the address
/// that has.
pub(crate) fn subscriptions_of(
    db: &Connection,
    owner: &str,
    bare: &str,
) -> rusqlite::Result<Vec<(String, String)>> {
    db.prepare_cached(
        "SELECT node, subscriber FROM pep_subscriptions JOIN pep_nodes ON pep_nodes.id = node_id
         WHERE owner = ?1 AND (subscriber = ?2 OR substr(subscriber, 1, length(?2) + 1) = ?2 || '/')
         ORDER BY node, subscriber",
    )?
    .query_map([owner, bare], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}

fn pairs(db: &Connection, sql: &str, node: i64) -> rusqlite::Result<Vec<(String, String)>> {
    db.prepare_cached(sql)?
        .query_map([node], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

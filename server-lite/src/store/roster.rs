//! Rosters and their versions.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::roster::state::State;

/// What somebody's roster holds of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// Bare address.
    pub(crate) contact: String,
    /// Set by the owner; `None`: not set.
    pub(crate) name: Option<String>,
    /// Set by the owner; `None`: not set.
    pub(crate) groups: Option<Vec<String>>,
    pub(crate) state: State,
    /// Whether the owner sees it. If not, it is there for a request only.
    pub(crate) listed: bool,
    /// The stanza with which the contact has asked.
    pub(crate) request: Option<String>,
}

impl Item {
    /// Nothing is known yet.
    pub(crate) fn new(contact: &str) -> Self {
        Self {
            contact: contact.to_owned(),
            name: None,
            groups: None,
            state: State::default(),
            listed: false,
            request: None,
        }
    }

    /// Whether it is worth a row.
    pub(crate) fn is_empty(&self) -> bool {
        !self.listed && self.state == State::default()
    }
}

const ITEM: &str = "contact, name, groups, subscription, ask, approved, listed, request";

fn read(row: &Row<'_>) -> rusqlite::Result<Item> {
    let subscription: String = row.get("subscription")?;
    let groups: Option<String> = row.get("groups")?;
    let request: Option<String> = row.get("request")?;
    Ok(Item {
        contact: row.get("contact")?,
        name: row.get("name")?,
        groups: groups.and_then(|json| serde_json::from_str(&json).ok()),
        state: State {
            to: matches!(subscription.as_str(), "to" | "both"),
            from: matches!(subscription.as_str(), "from" | "both"),
            pending_out: row.get("ask")?,
            pending_in: request.is_some(),
            approved: row.get("approved")?,
        },
        listed: row.get("listed")?,
        request,
    })
}

/// All items of an owner, those that are not listed too.
pub(crate) fn items(db: &Connection, owner: &str) -> rusqlite::Result<Vec<Item>> {
    let query = format!("SELECT {ITEM} FROM roster_items WHERE owner = ?1 ORDER BY contact");
    db.prepare_cached(&query)?
        .query_map([owner], read)?
        .collect()
}

/// One item.
pub(crate) fn item(db: &Connection, owner: &str, contact: &str) -> rusqlite::Result<Option<Item>> {
    let query = format!("SELECT {ITEM} FROM roster_items WHERE owner = ?1 AND contact = ?2");
    db.prepare_cached(&query)?
        .query_row([owner, contact], read)
        .optional()
}

/// Who lists a contact, and how.
pub(crate) fn of_contact(db: &Connection, contact: &str) -> rusqlite::Result<Vec<(String, Item)>> {
    let query = format!("SELECT owner, {ITEM} FROM roster_items WHERE contact = ?1 AND listed = 1");
    db.prepare_cached(&query)?
        .query_map([contact], |row| Ok((row.get("owner")?, read(row)?)))?
        .collect()
}

/// Writes an item.
pub(crate) fn save(tx: &Transaction<'_>, owner: &str, item: &Item) -> rusqlite::Result<()> {
    let groups = item.groups.as_ref();
    let groups = groups.and_then(|groups| serde_json::to_string(groups).ok());
    tx.prepare_cached(
        "INSERT OR REPLACE INTO roster_items
             (owner, contact, name, groups, subscription, ask, approved, listed, request)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        owner,
        item.contact,
        item.name,
        groups,
        item.state.subscription(),
        item.state.pending_out,
        item.state.approved,
        item.listed,
        item.request,
    ])?;
    Ok(())
}

/// Removes an item; `false` if there was none.
pub(crate) fn remove(tx: &Transaction<'_>, owner: &str, contact: &str) -> rusqlite::Result<bool> {
    let removed = tx.execute(
        "DELETE FROM roster_items WHERE owner = ?1 AND contact = ?2",
        [owner, contact],
    )?;
    Ok(removed > 0)
}

/// How many items an owner has: listed ones, or those that only hold a request.
pub(crate) fn count(db: &Connection, owner: &str, listed: bool) -> rusqlite::Result<usize> {
    let count: u32 = db.query_row(
        "SELECT count(*) FROM roster_items WHERE owner = ?1 AND listed = ?2",
        params![owner, listed],
        |row| row.get(0),
    )?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// The requests that wait for an answer of the owner: from whom, and the stanza.
pub(crate) fn requests(db: &Connection, owner: &str) -> rusqlite::Result<Vec<(String, String)>> {
    db.prepare_cached(
        "SELECT contact, request FROM roster_items WHERE owner = ?1 AND request IS NOT NULL
         ORDER BY contact",
    )?
    .query_map([owner], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}

/// Every owner with a contact that sees the owner's presence.
pub(crate) fn seen(db: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    db.prepare("SELECT owner, contact FROM roster_items WHERE subscription IN ('from', 'both')")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Version of a roster as its owner sees it.
pub(crate) fn version(db: &Connection, owner: &str) -> rusqlite::Result<i64> {
    db.query_row(
        "SELECT max(shared, coalesce((SELECT version FROM roster_versions WHERE owner = ?1), 0))
         FROM roster_sequence",
        [owner],
        |row| row.get(0),
    )
}

/// Version of what all rosters share.
pub(crate) fn shared_version(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT shared FROM roster_sequence", [], |row| row.get(0))
}

/// The version after a change by the owner.
pub(crate) fn next_version(tx: &Transaction<'_>, owner: &str) -> rusqlite::Result<i64> {
    tx.execute("UPDATE roster_sequence SET last = last + 1", [])?;
    tx.query_row(
        "INSERT INTO roster_versions (owner, version)
             SELECT ?1, last FROM roster_sequence WHERE true
         ON CONFLICT (owner) DO UPDATE SET version = excluded.version
         RETURNING version",
        [owner],
        |row| row.get(0),
    )
}

/// Key in the table `meta`: whether rosters are shared, and with what.
const KEY: &str = "roster_kind";

/// Whether rosters are shared, as the server that was there last had it.
pub(crate) fn is_shared(db: &Connection) -> rusqlite::Result<bool> {
    let kind = super::accounts::meta(db, KEY)?;
    Ok(kind.is_none_or(|kind| kind.starts_with("true")))
}

/// Notes what shared rosters are made with; if it differs from before, no
/// version that a client has is the present one.
pub(crate) fn note_kind(tx: &Transaction<'_>, kind: &str) -> rusqlite::Result<()> {
    if super::accounts::meta(tx, KEY)?.as_deref() == Some(kind) {
        return Ok(());
    }
    super::accounts::set_meta(tx, KEY, kind)?;
    tx.execute(
        "UPDATE roster_sequence SET last = last + 1, shared = last + 1",
        [],
    )?;
    Ok(())
}

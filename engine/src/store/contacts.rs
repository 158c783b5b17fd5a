//! Contacts, and small values of the account.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::api::Subscription;

/// An entry of the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RosterItem {
    pub(crate) address: String,
    /// The name that we gave; empty if none.
    pub(crate) name: String,
    pub(crate) groups: Vec<String>,
    pub(crate) subscription: Subscription,
    /// Our request to see their presence waits for an answer.
    pub(crate) ask: bool,
    /// They may see our presence as soon as they ask.
    pub(crate) approved: bool,
}

/// A person of the roster, with what is known of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contact {
    pub(crate) item: RosterItem,
    /// The name to show.
    pub(crate) name: String,
    /// Hash of their picture; empty if there is none.
    pub(crate) avatar: String,
    pub(crate) blocked: bool,
}

/// Key of the version of the roster (RFC 6121, section 2.6).
pub(crate) const ROSTER_VERSION: &str = "roster_version";

/// Adds or changes a contact.
pub(crate) fn put(tx: &Transaction<'_>, item: &RosterItem) -> rusqlite::Result<()> {
    let groups = serde_json::to_string(&item.groups).unwrap_or_else(|_| "[]".to_owned());
    tx.prepare_cached(
        "INSERT OR REPLACE INTO contacts
             (address, roster_name, groups, subscription, ask, approved, name)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, coalesce(nullif(?2, ''),
             (SELECT nullif(nickname, '') FROM profiles WHERE address = ?1), ?7))",
    )?
    .execute(params![
        item.address,
        item.name,
        groups,
        item.subscription.as_str(),
        item.ask,
        item.approved,
        local_part(&item.address),
    ])?;
    Ok(())
}

/// Takes the whole roster over.
pub(crate) fn replace_all(tx: &Transaction<'_>, items: &[RosterItem]) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM contacts", [])?;
    items.iter().try_for_each(|item| put(tx, item))
}

/// Removes a contact; the conversation with it stays.
pub(crate) fn remove(tx: &Transaction<'_>, address: &str) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM contacts WHERE address = ?1", [address])?;
    Ok(())
}

const COLUMNS: &str = "c.address, c.roster_name, c.groups, c.subscription, c.ask, c.approved,
    c.name, coalesce(p.avatar_hash, ''), EXISTS (SELECT 1 FROM blocked WHERE address = c.address)
    FROM contacts c LEFT JOIN profiles p ON p.address = c.address";

fn contact(row: &Row<'_>) -> rusqlite::Result<Contact> {
    let groups: String = row.get(2)?;
    let subscription: String = row.get(3)?;
    Ok(Contact {
        item: RosterItem {
            address: row.get(0)?,
            name: row.get(1)?,
            groups: serde_json::from_str(&groups).unwrap_or_default(),
            subscription: Subscription::from_name(&subscription),
            ask: row.get(4)?,
            approved: row.get(5)?,
        },
        name: row.get(6)?,
        avatar: row.get(7)?,
        blocked: row.get(8)?,
    })
}

/// All contacts by name.
pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<Contact>> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} ORDER BY c.name COLLATE NOCASE, c.address"
    ))?
    .query_map([], contact)?
    .collect()
}

/// One contact.
pub(crate) fn get(db: &Connection, address: &str) -> rusqlite::Result<Option<Contact>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} WHERE c.address = ?1"))?
        .query_row([address], contact)
        .optional()
}

/// The name to show for an address.
pub(crate) fn name(db: &Connection, address: &str) -> rusqlite::Result<String> {
    let found: Option<String> = db
        .prepare_cached("SELECT name FROM contacts WHERE address = ?1")?
        .query_row([address], |row| row.get(0))
        .optional()?;
    let found = match found {
        Some(name) => Some(name),
        None => db
            .prepare_cached(
                "SELECT own.value FROM meta own JOIN meta whose ON whose.value = ?1
                 WHERE own.key = 'own-name' AND whose.key = 'own-address'",
            )?
            .query_row([address], |row| row.get(0))
            .optional()?,
    };
    Ok(found.unwrap_or_else(|| local_part(address).to_owned()))
}

/// Remembers what we are called, as we are in nobody's list of our own.
pub(crate) fn set_own_name(
    tx: &Transaction<'_>,
    address: &str,
    name: &str,
) -> rusqlite::Result<()> {
    set_meta(tx, "own-address", address)?;
    set_meta(tx, "own-name", name)
}

pub(super) fn local_part(address: &str) -> &str {
    address.split('@').next().unwrap_or(address)
}

/// Somebody who asks to see our presence (RFC 6121, section 3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubscriptionRequest {
    pub(crate) address: String,
    pub(crate) text: String,
    pub(crate) time_ms: i64,
}

/// Keeps a request; whether it is new.
pub(crate) fn requested(
    tx: &Transaction<'_>,
    request: &SubscriptionRequest,
    limit: i64,
) -> rusqlite::Result<bool> {
    // The server repeats it at each sign-in until it is answered (section 3.1.3).
    let new = tx.execute(
        "INSERT INTO subscription_requests (address, text, time_ms) SELECT ?1, ?2, ?3
         WHERE (SELECT count(*) FROM subscription_requests) < ?4 ON CONFLICT DO NOTHING",
        params![request.address, request.text, request.time_ms, limit],
    )?;
    Ok(new > 0)
}

/// Forgets a request; whether there was one.
pub(crate) fn settle_request(tx: &Transaction<'_>, address: &str) -> rusqlite::Result<bool> {
    let gone = tx.execute(
        "DELETE FROM subscription_requests WHERE address = ?1",
        [address],
    )?;
    Ok(gone > 0)
}

/// Who asks, the newest first; without those who are blocked.
pub(crate) fn requests(db: &Connection) -> rusqlite::Result<Vec<SubscriptionRequest>> {
    db.prepare_cached(
        "SELECT address, text, time_ms FROM subscription_requests r
         WHERE NOT EXISTS (SELECT 1 FROM blocked b WHERE b.address = r.address
                           OR b.address = substr(r.address, instr(r.address, '@') + 1))
         ORDER BY time_ms DESC, address",
    )?
    .query_map([], |row| {
        Ok(SubscriptionRequest {
            address: row.get(0)?,
            text: row.get(1)?,
            time_ms: row.get(2)?,
        })
    })?
    .collect()
}

/// A small value.
pub(crate) fn meta(db: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
        row.get(0)
    })
    .optional()
}

/// Sets a small value.
pub(crate) fn set_meta(tx: &Transaction<'_>, key: &str, value: &str) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)",
        [key, value],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    #[test]
    fn we_have_our_own_name() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let tx = connection.transaction().unwrap();
        assert_eq!(name(&tx, "li.na@a").unwrap(), "li.na");
        set_own_name(&tx, "li.na@a", "Li Na").unwrap();
        assert_eq!(name(&tx, "li.na@a").unwrap(), "Li Na");
        assert_eq!(name(&tx, "li.na@b").unwrap(), "li.na");
    }
}

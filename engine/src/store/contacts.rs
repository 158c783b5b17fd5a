//! Contacts, and small values of the account.

use rusqlite::{Connection, OptionalExtension, Transaction};

/// A person of the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contact {
    pub(crate) address: String,
    pub(crate) name: String,
}

/// Adds or renames a contact.
pub(crate) fn put(tx: &Transaction<'_>, contact: &Contact) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO contacts (address, name) VALUES (?1, ?2)
         ON CONFLICT (address) DO UPDATE SET name = excluded.name",
        [&contact.address, &contact.name],
    )?;
    Ok(())
}

/// Takes the whole roster over.
pub(crate) fn replace_all(tx: &Transaction<'_>, contacts: &[Contact]) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM contacts", [])?;
    contacts.iter().try_for_each(|contact| put(tx, contact))
}

/// Removes a contact; the conversation with it stays.
pub(crate) fn remove(tx: &Transaction<'_>, address: &str) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM contacts WHERE address = ?1", [address])?;
    Ok(())
}

/// All contacts.
pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<Contact>> {
    db.prepare_cached("SELECT address, name FROM contacts ORDER BY name COLLATE NOCASE, address")?
        .query_map([], |row| {
            Ok(Contact {
                address: row.get(0)?,
                name: row.get(1)?,
            })
        })?
        .collect()
}

/// The name to show for an address.
pub(crate) fn name(db: &Connection, address: &str) -> rusqlite::Result<String> {
    let found: Option<String> = db
        .prepare_cached("SELECT name FROM contacts WHERE address = ?1")?
        .query_row([address], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or_else(|| address.split('@').next().unwrap_or(address).to_owned()))
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

//! People as the directory and shared rosters show them: account and department.

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

/// Somebody of the team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) localpart: String,
    pub(crate) display_name: String,
    /// Path of the department, its parts between `::`.
    pub(crate) department: Option<String>,
}

const PEOPLE: &str = "SELECT localpart, display_name, path FROM accounts
     LEFT JOIN departments USING (localpart) WHERE disabled = 0";

fn read(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        localpart: row.get(0)?,
        display_name: row.get(1)?,
        department: row.get(2)?,
    })
}

/// Everybody by name.
pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<Person>> {
    db.prepare_cached(&format!("{PEOPLE} ORDER BY localpart"))?
        .query_map([], read)?
        .collect()
}

/// One of them.
pub(crate) fn person(db: &Connection, localpart: &str) -> rusqlite::Result<Option<Person>> {
    db.prepare_cached(&format!("{PEOPLE} AND localpart = ?1"))?
        .query_row([localpart], read)
        .optional()
}

/// Puts somebody into a department, or out of it; `false` if there is no such account.
pub(crate) fn set_department(
    tx: &Transaction<'_>,
    localpart: &str,
    path: Option<&str>,
) -> rusqlite::Result<bool> {
    if !super::accounts::exists(tx, localpart)? {
        return Ok(false);
    }
    match path {
        Some(path) => tx.execute(
            "INSERT INTO departments (localpart, path) VALUES (?1, ?2)
             ON CONFLICT (localpart) DO UPDATE SET path = excluded.path
             WHERE path <> excluded.path",
            [localpart, path],
        )?,
        None => tx.execute("DELETE FROM departments WHERE localpart = ?1", [localpart])?,
    };
    Ok(true)
}

//! People as the directory and shared rosters show them: account, department, and who
//! leads them.

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

/// Somebody of the team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) localpart: String,
    pub(crate) display_name: String,
    /// Path of the department, its parts between `::`.
    pub(crate) department: Option<String>,
    /// User name of who leads them.
    pub(crate) manager: Option<String>,
}

impl Person {
    /// Whether rosters show the other one just so.
    pub(crate) fn is_listed_as(&self, other: &Self) -> bool {
        let shown = |person: &Self| (person.display_name.clone(), person.department.clone());
        shown(self) == shown(other)
    }
}

/// What came of saying who leads somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Led {
    Done,
    /// One of the two has no account.
    NotFound,
    /// They lead that one themselves.
    InCircle,
}

const PEOPLE: &str = "SELECT localpart, display_name, path, manager FROM accounts
     LEFT JOIN departments USING (localpart) LEFT JOIN managers USING (localpart)
     WHERE disabled = 0";

fn read(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        localpart: row.get(0)?,
        display_name: row.get(1)?,
        department: row.get(2)?,
        manager: row.get(3)?,
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

/// Says who leads somebody, or that nobody does.
pub(crate) fn set_manager(
    tx: &Transaction<'_>,
    localpart: &str,
    manager: Option<&str>,
) -> rusqlite::Result<Led> {
    let there = |name: &str| super::accounts::exists(tx, name);
    if !there(localpart)? {
        return Ok(Led::NotFound);
    }
    let Some(manager) = manager else {
        tx.execute("DELETE FROM managers WHERE localpart = ?1", [localpart])?;
        return Ok(Led::Done);
    };
    if !there(manager)? {
        return Ok(Led::NotFound);
    }
    let leads: bool = tx.query_row(
        "WITH RECURSIVE above (who) AS (
             VALUES (?2) UNION SELECT manager FROM managers JOIN above ON localpart = who)
         SELECT EXISTS (SELECT 1 FROM above WHERE who = ?1)",
        [localpart, manager],
        |row| row.get(0),
    )?;
    if leads {
        return Ok(Led::InCircle);
    }
    tx.execute(
        "INSERT INTO managers (localpart, manager) VALUES (?1, ?2)
         ON CONFLICT (localpart) DO UPDATE SET manager = excluded.manager
         WHERE manager <> excluded.manager",
        [localpart, manager],
    )?;
    Ok(Led::Done)
}

//! What was decided about a conversation between two, as the other devices know it:
//! bookmarks have no place for those. Rooms keep the same in their own table.

use rusqlite::{Connection, OptionalExtension, Transaction};

/// Keys of small values: what stands there, or is to.
const NOTED: &str = "noted:";
/// That it does not stand there yet.
const UNNOTED: &str = "unnoted:";

/// What is to stand there of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Noted {
    /// XML, with what others have put there.
    pub(crate) extensions: Option<String>,
    /// They say what the others do not know yet.
    pub(crate) unnoted: bool,
}

fn value(db: &Connection, prefix: &str, id: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT value FROM meta WHERE key = ?1 || ?2")?
        .query_row([prefix, id], |row| row.get(0))
        .optional()
}

fn set(tx: &Transaction<'_>, prefix: &str, id: &str, value: Option<&str>) -> rusqlite::Result<()> {
    match value {
        Some(value) => tx
            .prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1 || ?2, ?3)")?
            .execute([prefix, id, value])?,
        None => tx
            .prepare_cached("DELETE FROM meta WHERE key = ?1 || ?2")?
            .execute([prefix, id])?,
    };
    Ok(())
}

/// What is known of a conversation.
pub(crate) fn get(db: &Connection, id: &str) -> rusqlite::Result<Noted> {
    Ok(Noted {
        extensions: value(db, NOTED, id)?,
        unnoted: value(db, UNNOTED, id)?.is_some(),
    })
}

/// Keeps it.
pub(crate) fn put(tx: &Transaction<'_>, id: &str, noted: &Noted) -> rusqlite::Result<()> {
    set(tx, NOTED, id, noted.extensions.as_deref())?;
    set(tx, UNNOTED, id, noted.unnoted.then_some(""))
}

/// What the other devices do not know yet: conversation and extensions.
pub(crate) fn unnoted(db: &Connection) -> rusqlite::Result<Vec<(String, Option<String>)>> {
    db.prepare_cached(
        "SELECT substr(u.key, length(?1) + 1), n.value
         FROM meta u LEFT JOIN meta n ON n.key = ?2 || substr(u.key, length(?1) + 1)
         WHERE u.key >= ?1 AND u.key < ?1 || char(1114111)",
    )?
    .query_map([UNNOTED, NOTED], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}

/// The others know this now; more may have been decided meanwhile.
pub(crate) fn done(tx: &Transaction<'_>, id: &str, said: Option<&str>) -> rusqlite::Result<()> {
    if value(tx, NOTED, id)?.as_deref() == said {
        set(tx, UNNOTED, id, None)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    #[test]
    fn what_is_not_noted_yet_waits_until_just_that_is() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let tx = connection.transaction().unwrap();
        let noted = |extensions: Option<&str>| Noted {
            extensions: extensions.map(str::to_owned),
            unnoted: true,
        };
        assert_eq!(get(&tx, "bob@a").unwrap(), Noted::default());
        put(&tx, "bob@a", &noted(Some("<x/>"))).unwrap();
        put(&tx, "zoë@a", &noted(None)).unwrap();
        let waits = unnoted(&tx).unwrap();
        assert_eq!(waits.len(), 2);
        assert_eq!(waits[0], ("bob@a".to_owned(), Some("<x/>".to_owned())));
        assert_eq!(waits[1], ("zoë@a".to_owned(), None));
        done(&tx, "bob@a", None).unwrap();
        assert_eq!(unnoted(&tx).unwrap().len(), 2, "that was before");
        done(&tx, "bob@a", Some("<x/>")).unwrap();
        done(&tx, "zoë@a", None).unwrap();
        assert_eq!(unnoted(&tx).unwrap(), []);
        assert_eq!(
            get(&tx, "bob@a").unwrap().extensions.as_deref(),
            Some("<x/>")
        );
    }
}

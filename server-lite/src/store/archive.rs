//! The archive (XEP-0313): every account's own copy of its messages.

mod expiry;
mod future;
mod pages;
mod removal;
mod waiting;
mod words;

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use xmpp_core::{element, rules};

pub(crate) use self::expiry::{Bounds, expire, next_owner, outlived};
pub(crate) use self::future::{come_back, newest_ms};
pub(crate) use self::pages::{Filter, Found, Page, as_much_as_fits, ends, query, row_at};
pub(crate) use self::removal::{finish_removal, finish_removal_of_room, remove_all, remove_some};
pub(crate) use self::waiting::{
    Waiting, delivered_up_to, insert_passing, last_id, passing, set_delivered, waiting,
};
pub(crate) use self::words::{MAX_QUERY_CHARS, by_message_id, index_some, phrases};

/// A message to be stored for one owner.
#[derive(Debug, Clone)]
pub(crate) struct NewMessage {
    pub(crate) owner: String,
    pub(crate) stanza_id: String,
    pub(crate) peer: String,
    pub(crate) outgoing: bool,
    pub(crate) origin_id: Option<String>,
    /// Whether it waits for a session of the owner.
    pub(crate) undelivered: bool,
    pub(crate) xml: String,
}

impl NewMessage {
    pub(crate) fn row(&self) -> Row<'_> {
        Row {
            owner: &self.owner,
            stanza_id: &self.stanza_id,
            peer: &self.peer,
            outgoing: self.outgoing,
            origin_id: self.origin_id.as_deref(),
            undelivered: self.undelivered,
            xml: &self.xml,
        }
    }
}

/// The same, borrowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) owner: &'a str,
    pub(crate) stanza_id: &'a str,
    pub(crate) peer: &'a str,
    pub(crate) outgoing: bool,
    pub(crate) origin_id: Option<&'a str>,
    pub(crate) undelivered: bool,
    pub(crate) xml: &'a str,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// It is in the archive now.
    New {
        /// Row id.
        id: i64,
    },
    /// The same owner has sent it to the same peer before.
    Repeated,
}

/// A stored message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArchivedMessage {
    pub(crate) id: i64,
    pub(crate) stanza_id: String,
    pub(crate) time_ms: i64,
    pub(crate) xml: String,
}

/// Stores a message.
pub(crate) fn insert(
    tx: &Transaction<'_>,
    message: &NewMessage,
    now_ms: i64,
) -> rusqlite::Result<Stored> {
    insert_row(tx, message.row(), now_ms)
}

/// Stores a message. An origin id (XEP-0359) that its sender has used before
/// makes it a repetition only if it says the same; otherwise it is kept as a
/// message of its own: nothing is lost because a client counts badly.
pub(crate) fn insert_row(
    tx: &Transaction<'_>,
    row: Row<'_>,
    now_ms: i64,
) -> rusqlite::Result<Stored> {
    if try_insert(tx, row, now_ms)? == 0 {
        if is_repeated(tx, row)? {
            return Ok(Stored::Repeated);
        }
        let other = Row {
            origin_id: None,
            ..row
        };
        try_insert(tx, other, now_ms)?;
    }
    Ok(Stored::New {
        id: tx.last_insert_rowid(),
    })
}

/// The time never falls behind that of the row before, whatever the clock of
/// the machine does.
fn try_insert(tx: &Transaction<'_>, row: Row<'_>, now_ms: i64) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "INSERT INTO archive
             (owner, stanza_id, peer, outgoing, time_ms, origin_id, undelivered, xml)
         VALUES (?1, ?2, ?3, ?4,
             max(?5, ifnull((SELECT time_ms FROM archive ORDER BY id DESC LIMIT 1), ?5)),
             ?6, ?7, ?8)
         ON CONFLICT (owner, peer, origin_id) WHERE outgoing = 1 AND origin_id IS NOT NULL
         DO NOTHING",
    )?
    .execute(params![
        row.owner,
        row.stanza_id,
        row.peer,
        row.outgoing,
        now_ms,
        row.origin_id,
        row.undelivered,
        row.xml
    ])
}

fn is_repeated(tx: &Transaction<'_>, row: Row<'_>) -> rusqlite::Result<bool> {
    let kept: Option<String> = tx
        .prepare_cached(
            "SELECT xml FROM archive
             WHERE owner = ?1 AND peer = ?2 AND origin_id = ?3 AND outgoing = 1",
        )?
        .query_row(params![row.owner, row.peer, row.origin_id], |row| {
            row.get(0)
        })
        .optional()?;
    let Some(kept) = kept else {
        return Ok(false);
    };
    let (first, second) = (
        element::parse(kept.as_bytes()),
        element::parse(row.xml.as_bytes()),
    );
    Ok(match (first, second) {
        // What was retracted is not said again by a client that comes late.
        (Ok(first), Ok(second)) => {
            rules::is_retracted(&first) || rules::is_same_message(&first, &second)
        }
        _ => false,
    })
}

/// A message as the server looks it up to change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) id: i64,
    pub(crate) peer: String,
    pub(crate) xml: String,
}

/// A message by its stanza id.
pub(crate) fn find(
    db: &Connection,
    owner: &str,
    stanza_id: &str,
) -> rusqlite::Result<Option<Kept>> {
    db.prepare_cached("SELECT id, peer, xml FROM archive WHERE stanza_id = ?1 AND owner = ?2")?
        .query_row([stanza_id, owner], kept)
        .optional()
}

fn kept(row: &rusqlite::Row<'_>) -> rusqlite::Result<Kept> {
    Ok(Kept {
        id: row.get(0)?,
        peer: row.get(1)?,
        xml: row.get(2)?,
    })
}

/// Replaces the text of a message. Nobody finds it by its old words any more,
/// and nobody waits for it.
pub(crate) fn replace(tx: &Transaction<'_>, id: i64, xml: &str) -> rusqlite::Result<()> {
    let known = words::known_of(tx, id)?;
    tx.prepare_cached("UPDATE archive SET xml = ?2, undelivered = 0 WHERE id = ?1")?
        .execute(params![id, xml])?;
    words::put_back(tx, known)
}

fn message(row: &rusqlite::Row<'_>) -> rusqlite::Result<ArchivedMessage> {
    Ok(ArchivedMessage {
        id: row.get(0)?,
        stanza_id: row.get(1)?,
        time_ms: row.get(2)?,
        xml: row.get(3)?,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::store::Store;

    /// A store with Rosa and Bob in a folder that goes with it.
    pub(crate) async fn store() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("server.db")).unwrap();
        for name in ["rosa", "bob"] {
            let insert =
                "INSERT INTO accounts (localpart, display_name, created_ms) VALUES (?1, ?1, 0)";
            store
                .write(move |tx| tx.execute(insert, [name]))
                .await
                .unwrap();
        }
        (store, folder)
    }

    pub(crate) fn from_rosa(number: usize, content: &str) -> NewMessage {
        NewMessage {
            owner: "rosa".to_owned(),
            stanza_id: format!("s{number}"),
            peer: "bob@team.internal".to_owned(),
            outgoing: true,
            origin_id: None,
            undelivered: false,
            xml: format!(
                "<message xmlns='jabber:client' type='chat' id='m{number}' \
                 from='rosa@team.internal/desk' to='bob@team.internal'>{content}</message>"
            ),
        }
    }

    #[tokio::test]
    async fn an_origin_id_repeats_only_what_was_said() {
        let (store, _folder) = store().await;
        let say = |number: usize, origin: &str, body: &str| {
            let mut new = from_rosa(number, &format!("<body>{body}</body>"));
            new.origin_id = Some(origin.to_owned());
            store.write(move |tx| insert(tx, &new, 1))
        };
        assert!(matches!(
            say(1, "o", "one").await.unwrap(),
            Stored::New { .. }
        ));
        assert_eq!(say(2, "o", "one").await.unwrap(), Stored::Repeated);
        assert!(matches!(
            say(3, "o", "two").await.unwrap(),
            Stored::New { .. }
        ));
        let bury = |tx: &Transaction<'_>| {
            let first = find(tx, "rosa", "s1")?.unwrap();
            let mark = "<retracted xmlns='urn:xmpp:message-retract:1' id='r'/>";
            replace(
                tx,
                first.id,
                &format!("<message xmlns='jabber:client'>{mark}</message>"),
            )
        };
        store.write(bury).await.unwrap();
        assert_eq!(say(4, "o", "one").await.unwrap(), Stored::Repeated);
    }

    #[tokio::test]
    async fn time_never_falls() {
        let (store, _folder) = store().await;
        for (number, now) in [(1, 50), (2, 20), (3, 60)] {
            let new = from_rosa(number, "<body>x</body>");
            store.write(move |tx| insert(tx, &new, now)).await.unwrap();
        }
        let times: Vec<i64> = store
            .read(|db| {
                db.prepare("SELECT time_ms FROM archive ORDER BY id")?
                    .query_map([], |row| row.get(0))?
                    .collect()
            })
            .await
            .unwrap();
        assert_eq!(times, [50, 50, 60]);
    }
}

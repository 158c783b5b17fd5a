//! Rooms and who belongs to them (XEP-0045).

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::archive::{self, ArchivedMessage};

/// A room as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoomRow {
    pub(crate) name: String,
    pub(crate) config: String,
    pub(crate) subject: Option<String>,
    pub(crate) vcard: Option<String>,
    pub(crate) secret: String,
}

/// What somebody is to a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AffiliationRow {
    pub(crate) member: String,
    pub(crate) affiliation: String,
    pub(crate) nick: Option<String>,
    pub(crate) reason: Option<String>,
}

/// All rooms, each with its people.
pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<(RoomRow, Vec<AffiliationRow>)>> {
    let rooms: Vec<RoomRow> = db
        .prepare("SELECT name, config, subject, vcard, secret FROM rooms ORDER BY name")?
        .query_map([], |row| {
            Ok(RoomRow {
                name: row.get(0)?,
                config: row.get(1)?,
                subject: row.get(2)?,
                vcard: row.get(3)?,
                secret: row.get(4)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut people = db.prepare(
        "SELECT member, affiliation, nick, reason FROM room_affiliations WHERE room = ?1",
    )?;
    rooms
        .into_iter()
        .map(|room| {
            let rows = people
                .query_map([&room.name], |row| {
                    Ok(AffiliationRow {
                        member: row.get(0)?,
                        affiliation: row.get(1)?,
                        nick: row.get(2)?,
                        reason: row.get(3)?,
                    })
                })?
                .collect::<rusqlite::Result<_>>()?;
            Ok((room, rows))
        })
        .collect()
}

/// Makes a room; `false` if there is one of that name.
pub(crate) fn insert(tx: &Transaction<'_>, room: &RoomRow, now_ms: i64) -> rusqlite::Result<bool> {
    let made = tx.execute(
        "INSERT INTO rooms (name, config, secret, created_ms) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
        params![room.name, room.config, room.secret, now_ms],
    )?;
    if made > 0 {
        tx.execute("DELETE FROM destroyed_rooms WHERE name = ?1", [&room.name])?;
        archive::finish_removal_of_room(tx, &room.name)?;
    }
    Ok(made > 0)
}

/// Sets what somebody is to a room.
pub(crate) fn set_affiliation(
    tx: &Transaction<'_>,
    room: &str,
    row: &AffiliationRow,
) -> rusqlite::Result<()> {
    if row.affiliation == "none" && row.nick.is_none() {
        tx.execute(
            "DELETE FROM room_affiliations WHERE room = ?1 AND member = ?2",
            [room, &row.member],
        )?;
        return Ok(());
    }
    tx.execute(
        "INSERT INTO room_affiliations (room, member, affiliation, nick, reason)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (room, member) DO UPDATE SET
             affiliation = excluded.affiliation, nick = excluded.nick, reason = excluded.reason",
        params![room, row.member, row.affiliation, row.nick, row.reason],
    )?;
    Ok(())
}

/// Sets the nickname of somebody and nothing else of what they are to a room.
pub(crate) fn set_nick(
    tx: &Transaction<'_>,
    room: &str,
    member: &str,
    nick: Option<&str>,
) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO room_affiliations (room, member, affiliation, nick)
         VALUES (?1, ?2, 'none', ?3)
         ON CONFLICT (room, member) DO UPDATE SET nick = excluded.nick",
        params![room, member, nick],
    )?;
    tx.execute(
        "DELETE FROM room_affiliations
         WHERE room = ?1 AND member = ?2 AND affiliation = 'none' AND nick IS NULL",
        [room, member],
    )?;
    Ok(())
}

/// What somebody is to a room.
pub(crate) fn affiliation(db: &Connection, room: &str, member: &str) -> rusqlite::Result<String> {
    let found = db
        .prepare_cached(
            "SELECT affiliation FROM room_affiliations WHERE room = ?1 AND member = ?2",
        )?
        .query_row([room, member], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or_else(|| "none".to_owned()))
}

/// The owners of a room.
pub(crate) fn owners(db: &Connection, room: &str) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached(
        "SELECT member FROM room_affiliations WHERE room = ?1 AND affiliation = 'owner'",
    )?
    .query_map([room], |row| row.get(0))?
    .collect()
}

/// Where no owner is left, those come after who were next to them: as rooms do
/// it in memory.
pub(crate) fn inherit(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    let ownerless: Vec<String> = tx
        .prepare_cached(
            "SELECT DISTINCT room FROM room_affiliations
             WHERE affiliation IN ('admin', 'member') AND room NOT IN
                 (SELECT room FROM room_affiliations WHERE affiliation = 'owner')",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for room in ownerless {
        for heirs in ["admin", "member"] {
            let made = tx.execute(
                "UPDATE room_affiliations SET affiliation = 'owner'
                 WHERE room = ?1 AND affiliation = ?2",
                [room.as_str(), heirs],
            )?;
            if made > 0 {
                break;
            }
        }
    }
    Ok(())
}

/// Sets the configuration.
pub(crate) fn set_config(tx: &Transaction<'_>, room: &str, config: &str) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE rooms SET config = ?2 WHERE name = ?1",
        [room, config],
    )?;
    Ok(())
}

/// Sets the last subject.
pub(crate) fn set_subject(tx: &Transaction<'_>, room: &str, stanza: &str) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE rooms SET subject = ?2 WHERE name = ?1",
        [room, stanza],
    )?;
    Ok(())
}

/// Sets or removes the vCard.
pub(crate) fn set_vcard(
    tx: &Transaction<'_>,
    room: &str,
    vcard: Option<&str>,
) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE rooms SET vcard = ?2 WHERE name = ?1",
        params![room, vcard],
    )?;
    Ok(())
}

/// Removes a room with its archive, which `address` owns.
pub(crate) fn remove(tx: &Transaction<'_>, room: &str, address: &str) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM rooms WHERE name = ?1", [room])?;
    archive::remove_all(tx, address)
}

/// What is left of a room that was destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grave {
    /// Who destroyed it.
    pub(crate) by: String,
    /// The room that took its place.
    pub(crate) venue: Option<String>,
    pub(crate) reason: Option<String>,
}

/// How long a destroyed room is remembered.
const GRAVE_MS: i64 = 30 * 24 * 3600 * 1000;

/// Notes that a room was destroyed.
pub(crate) fn bury(
    tx: &Transaction<'_>,
    room: &str,
    grave: &Grave,
    now_ms: i64,
) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM destroyed_rooms WHERE destroyed_ms < ?1",
        [now_ms - GRAVE_MS],
    )?;
    tx.execute(
        "INSERT OR REPLACE INTO destroyed_rooms (name, destroyed_by, venue, reason, destroyed_ms)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![room, grave.by, grave.venue, grave.reason, now_ms],
    )?;
    Ok(())
}

/// What is known of a room that was destroyed.
pub(crate) fn destroyed(
    db: &Connection,
    room: &str,
    now_ms: i64,
) -> rusqlite::Result<Option<Grave>> {
    db.query_row(
        "SELECT destroyed_by, venue, reason FROM destroyed_rooms
         WHERE name = ?1 AND destroyed_ms >= ?2",
        params![room, now_ms - GRAVE_MS],
        |row| {
            Ok(Grave {
                by: row.get(0)?,
                venue: row.get(1)?,
                reason: row.get(2)?,
            })
        },
    )
    .optional()
}

/// The last messages with words, the newest first, as many as fit a page.
/// Markers and reactions between them are no history, and there may be many: an
/// index knows the others.
pub(crate) fn history(
    db: &Connection,
    owner: &str,
    since_ms: i64,
    max: usize,
) -> rusqlite::Result<Vec<ArchivedMessage>> {
    let since = match since_ms {
        i64::MIN => 0,
        time => archive::row_at(db, owner, time)?,
    };
    let mut statement = db.prepare_cached(HISTORY)?;
    let limit = i64::try_from(max).unwrap_or(i64::MAX);
    let rows = statement.query(params![owner, since, limit])?;
    Ok(archive::as_much_as_fits(rows, max)?.0)
}

/// The conditions of the index `archive_said`, word for word, or it is not used.
const HISTORY: &str = "SELECT id, stanza_id, time_ms, xml FROM archive
     WHERE owner = ?1 AND id >= ?2
       AND kept = 1 AND instr(owner, '@') > 0 AND instr(xml, '<body') > 0
     ORDER BY id DESC LIMIT ?3";

/// The message of an archive that a client sent under this origin id.
pub(crate) fn sent_before(
    db: &Connection,
    owner: &str,
    peer: &str,
    origin_id: &str,
) -> rusqlite::Result<Option<(String, String)>> {
    db.prepare_cached(
        "SELECT stanza_id, xml FROM archive
         WHERE owner = ?1 AND peer = ?2 AND origin_id = ?3 AND outgoing = 1",
    )?
    .query_row([owner, peer, origin_id], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
    .optional()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::archive::tests::store;

    #[tokio::test]
    async fn the_history_of_a_room_has_an_index() {
        let (store, _folder) = store().await;
        let plan = |db: &Connection| -> rusqlite::Result<Vec<String>> {
            db.prepare(&format!("EXPLAIN QUERY PLAN {HISTORY}"))?
                .query_map(params!["a@b", 0, 20], |row| row.get("detail"))?
                .collect()
        };
        let plan = store.read(plan).await.unwrap();
        assert!(
            matches!(&*plan, [only] if only.contains("archive_said (owner=? AND id>?)")),
            "{plan:?}"
        );
    }
}

//! Rooms and who belongs to them (XEP-0045).

use rusqlite::{Connection, OptionalExtension, Transaction, params};

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
    tx.execute("DELETE FROM archive WHERE owner = ?1", [address])?;
    Ok(())
}

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

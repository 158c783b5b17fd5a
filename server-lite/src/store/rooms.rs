//! Rooms and who belongs to them (XEP-0045).

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::accounts;
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

impl AffiliationRow {
    /// Whether there is nothing to remember.
    fn is_nothing(&self) -> bool {
        self.affiliation == "none" && self.nick.is_none()
    }
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

/// How many rooms there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoomBounds {
    /// Of one maker.
    pub(crate) own: u32,
    pub(crate) all: u32,
}

/// What became of the wish for a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    New,
    /// There is one of that name.
    Exists,
    /// There are too many.
    Full,
}

/// Makes a room with its first owner, if there may be one more. Rooms count for
/// who made them, whoever owns them later.
pub(crate) fn make(
    tx: &Transaction<'_>,
    room: &RoomRow,
    owner: &AffiliationRow,
    bounds: RoomBounds,
    now_ms: i64,
) -> rusqlite::Result<Made> {
    let (exists, own, all): (bool, u32, u32) = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM rooms WHERE name = ?1),
                (SELECT count(*) FROM rooms WHERE creator = ?2),
                (SELECT count(*) FROM rooms)",
        [&room.name, &owner.member],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    if exists {
        return Ok(Made::Exists);
    }
    if own >= bounds.own || all >= bounds.all {
        return Ok(Made::Full);
    }
    insert(tx, room, Some(&owner.member), now_ms)?;
    set_affiliation(tx, &room.name, owner)?;
    Ok(Made::New)
}

/// Writes a room that counts for its maker, or for nobody; `false` if there is
/// one of that name.
pub(crate) fn insert(
    tx: &Transaction<'_>,
    room: &RoomRow,
    creator: Option<&str>,
    now_ms: i64,
) -> rusqlite::Result<bool> {
    let made = tx.execute(
        "INSERT INTO rooms (name, config, secret, created_ms, creator)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        params![room.name, room.config, room.secret, now_ms, creator],
    )?;
    if made > 0 {
        tx.execute("DELETE FROM destroyed_rooms WHERE name = ?1", [&room.name])?;
        archive::finish_removal_of_room(tx, &room.name)?;
    }
    Ok(made > 0)
}

/// Most people with an affiliation or a nickname in one room.
const MAX_PEOPLE: u32 = 5_000;

/// A change of what somebody is to a room.
#[derive(Debug, Clone)]
pub(crate) struct PersonChange {
    pub(crate) row: AffiliationRow,
    /// Their name, if the address is one of this server.
    pub(crate) localpart: Option<String>,
}

/// Why people are not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    TooMany,
    /// Only who has an account can be something to a room.
    NoAccount,
}

/// Makes all changes, or none.
pub(crate) fn set_people(
    tx: &Transaction<'_>,
    room: &str,
    changes: &[PersonChange],
) -> rusqlite::Result<Result<(), Unfit>> {
    let mut new = HashSet::new();
    for PersonChange { row, localpart } in changes {
        let is_known: bool = tx
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM room_affiliations WHERE room = ?1 AND member = ?2)",
            )?
            .query_row([room, &row.member], |row| row.get(0))?;
        if is_known || row.is_nothing() {
            continue;
        }
        let has_account = match localpart {
            Some(localpart) => accounts::exists(tx, localpart)?,
            None => false,
        };
        if !has_account {
            return Ok(Err(Unfit::NoAccount));
        }
        new.insert(&row.member);
    }
    let count: u32 = tx.query_row(
        "SELECT count(*) FROM room_affiliations WHERE room = ?1",
        [room],
        |row| row.get(0),
    )?;
    let more = u32::try_from(new.len()).unwrap_or(u32::MAX);
    if more > 0 && count.saturating_add(more) > MAX_PEOPLE {
        return Ok(Err(Unfit::TooMany));
    }
    for change in changes {
        set_affiliation(tx, room, &change.row)?;
    }
    Ok(Ok(()))
}

/// Sets what somebody is to a room.
pub(crate) fn set_affiliation(
    tx: &Transaction<'_>,
    room: &str,
    row: &AffiliationRow,
) -> rusqlite::Result<()> {
    if row.is_nothing() {
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

/// Sets the nickname of somebody and nothing else of what they are to a room;
/// `false` if there are too many already.
pub(crate) fn set_nick(
    tx: &Transaction<'_>,
    room: &str,
    member: &str,
    nick: Option<&str>,
) -> rusqlite::Result<bool> {
    let has_place: bool = tx.query_row(
        "SELECT count(*) < ?3 OR coalesce(max(member = ?2), 0) FROM room_affiliations
         WHERE room = ?1",
        params![room, member, MAX_PEOPLE],
        |row| row.get(0),
    )?;
    if !has_place {
        return Ok(false);
    }
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
    Ok(true)
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

/// Whether this very room is still there, and not another of its name.
pub(crate) fn is_there(db: &Connection, room: &str, secret: &str) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM rooms WHERE name = ?1 AND secret = ?2)")?
        .query_row([room, secret], |row| row.get(0))
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
/// How many are remembered of those that one account destroyed.
const MAX_GRAVES: u32 = 100;

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
    tx.execute(
        "DELETE FROM destroyed_rooms WHERE name IN (
             SELECT name FROM destroyed_rooms WHERE destroyed_by = ?1
             ORDER BY destroyed_ms DESC, name LIMIT -1 OFFSET ?2)",
        params![grave.by, MAX_GRAVES],
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
mod tests;

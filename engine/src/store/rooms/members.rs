//! Who belongs to a room, or was seen in it.

use rusqlite::{Connection, Transaction, params};

use crate::api::Affiliation;

/// People of one room that are kept.
const MAX_MEMBERS: i64 = 10_000;

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Bare.
    pub(crate) address: Option<String>,
    pub(crate) occupant_id: Option<String>,
    pub(crate) nick: Option<String>,
    pub(crate) affiliation: Affiliation,
}

impl Member {
    /// What tells people apart: the surest thing that is known.
    pub(crate) fn key(&self) -> Option<&str> {
        self.address
            .as_deref()
            .or(self.occupant_id.as_deref())
            .or(self.nick.as_deref())
    }
}

/// Notes people of a room; what is not known of them now stays as it was.
pub(crate) fn put(tx: &Transaction<'_>, room: &str, members: &[Member]) -> rusqlite::Result<()> {
    for member in members {
        let Some(key) = member.key() else { continue };
        tx.prepare_cached(
            "INSERT INTO room_members (room, key, address, occupant_id, nick, affiliation)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6
             WHERE (SELECT count(*) FROM room_members WHERE room = ?1) < ?7
                OR EXISTS (SELECT 1 FROM room_members WHERE room = ?1 AND key = ?2)
             ON CONFLICT (room, key) DO UPDATE SET
                 address = coalesce(excluded.address, address),
                 occupant_id = coalesce(excluded.occupant_id, occupant_id),
                 nick = coalesce(excluded.nick, nick),
                 affiliation = excluded.affiliation",
        )?
        .execute(params![
            room,
            key,
            member.address,
            member.occupant_id,
            member.nick,
            member.affiliation.as_str(),
            MAX_MEMBERS
        ])?;
    }
    Ok(())
}

/// Sets who has one of these affiliations: nobody else does.
pub(crate) fn put_list(
    tx: &Transaction<'_>,
    room: &str,
    affiliation: Affiliation,
    members: &[Member],
) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE room_members SET affiliation = 'none' WHERE room = ?1 AND affiliation = ?2",
        [room, affiliation.as_str()],
    )?;
    put(tx, room, members)
}

/// All people of a room.
pub(crate) fn all(db: &Connection, room: &str) -> rusqlite::Result<Vec<Member>> {
    db.prepare_cached(
        "SELECT address, occupant_id, nick, affiliation FROM room_members
         WHERE room = ?1 ORDER BY key",
    )?
    .query_map([room], |row| {
        let affiliation: String = row.get(3)?;
        Ok(Member {
            address: row.get(0)?,
            occupant_id: row.get(1)?,
            nick: row.get(2)?,
            affiliation: Affiliation::from_name(&affiliation),
        })
    })?
    .collect()
}

//! Invitations to rooms.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

/// An archive has another clock than the device that an invitation came to: within this
/// the same words are the same invitation.
const SAME_MS: i64 = 10 * 60 * 1000;
/// Invitations that are kept; strangers can send them.
const MAX_OPEN: i64 = 500;

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invitation {
    pub(crate) room: String,
    /// Bare, or with the nickname in the room.
    pub(crate) inviter: String,
    pub(crate) reason: String,
    pub(crate) password: Option<String>,
    /// Whether it came through the room.
    pub(crate) mediated: bool,
    pub(crate) time_ms: i64,
    /// Whether an archive has it, with the archive's time.
    pub(crate) archived: bool,
}

fn invitation(row: &Row<'_>) -> rusqlite::Result<Invitation> {
    Ok(Invitation {
        room: row.get(0)?,
        inviter: row.get(1)?,
        reason: row.get(2)?,
        password: row.get(3)?,
        mediated: row.get(4)?,
        time_ms: row.get(5)?,
        archived: false,
    })
}

/// Notes an invitation, unless it is known, answered since, or to a room that we
/// are in anyway. Whether it is new.
pub(crate) fn put(tx: &Transaction<'_>, invitation: &Invitation) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "INSERT INTO room_invitations (room, inviter, reason, password, mediated, time_ms)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6
         WHERE NOT EXISTS (SELECT 1 FROM rooms
                           WHERE address = ?1 AND autojoin = 1 AND left_why IS NULL)
             AND ((SELECT count(*) FROM room_invitations WHERE answered = 0) < ?7
                  OR EXISTS (SELECT 1 FROM room_invitations WHERE room = ?1))
         ON CONFLICT (room) DO UPDATE SET
             inviter = excluded.inviter, reason = excluded.reason,
             password = excluded.password, mediated = excluded.mediated,
             time_ms = excluded.time_ms, answered = 0
         WHERE excluded.time_ms > room_invitations.time_ms
             + CASE WHEN ?8 AND (excluded.inviter, excluded.reason, excluded.mediated)
                        = (room_invitations.inviter, room_invitations.reason,
                           room_invitations.mediated)
               THEN ?9 ELSE 0 END",
        params![
            invitation.room,
            invitation.inviter,
            invitation.reason,
            invitation.password,
            invitation.mediated,
            invitation.time_ms,
            MAX_OPEN,
            invitation.archived,
            SAME_MS
        ],
    )?;
    Ok(changed > 0)
}

/// Those that wait for an answer, newest first.
pub(crate) fn open(db: &Connection) -> rusqlite::Result<Vec<Invitation>> {
    db.prepare_cached(
        "SELECT room, inviter, reason, password, mediated, time_ms FROM room_invitations
         WHERE answered = 0 ORDER BY time_ms DESC, room",
    )?
    .query_map([], invitation)?
    .collect()
}

/// The one to a room that waits for an answer.
pub(crate) fn get(db: &Connection, room: &str) -> rusqlite::Result<Option<Invitation>> {
    db.prepare_cached(
        "SELECT room, inviter, reason, password, mediated, time_ms FROM room_invitations
         WHERE room = ?1 AND answered = 0",
    )?
    .query_row([room], invitation)
    .optional()
}

/// It was followed or declined; whether there was one.
pub(crate) fn answered(tx: &Transaction<'_>, room: &str) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "UPDATE room_invitations SET answered = 1 WHERE room = ?1 AND answered = 0",
        [room],
    )?;
    Ok(changed > 0)
}

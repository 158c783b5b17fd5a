//! Rooms: those that were joined or noted, and who belongs to them.

pub(crate) mod invitations;
pub(crate) mod members;
pub(crate) mod notice;
pub(crate) mod wish;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use xmpp_core::ns;

use super::messages::Received;
use super::outbox::{self, OutboxKind};
use crate::api::{Affiliation, LeftWhy, Role};

/// Rooms in which it is told who has seen what are small.
const MARKERS_UP_TO: i64 = 50;

/// The same words within this time are the same message: the clock of a room is
/// not ours.
const SAME_MS: i64 = 2_000;

/// A room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) address: String,
    /// Ours.
    pub(crate) nick: String,
    pub(crate) password: Option<String>,
    pub(crate) autojoin: bool,
    pub(crate) bookmarked: bool,
    /// XML of a bookmark that is not ours to lose.
    pub(crate) extensions: Option<String>,
    /// They say what the bookmark on the server does not say yet.
    pub(crate) unnoted: bool,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) subject: Option<String>,
    /// Nickname of who set it.
    pub(crate) subject_by: Option<String>,
    /// The room's id of the message that set it.
    pub(crate) subject_id: Option<String>,
    /// Whether we have closed the notice that it is; only read here: see [`notice`].
    pub(crate) is_notice_closed: bool,
    /// Only moderators may name everybody.
    pub(crate) limits_everyone: bool,
    /// Of service discovery; empty until it was asked.
    pub(crate) features: Vec<String>,
    pub(crate) affiliation: Affiliation,
    pub(crate) role: Role,
    /// Why we were put out, and what was said.
    pub(crate) left: Option<(LeftWhy, String)>,
    /// Ours (XEP-0421).
    pub(crate) occupant_id: Option<String>,
    /// Hash of its picture; only read here: see `profiles`.
    pub(crate) avatar: Option<String>,
}

impl Room {
    pub(crate) fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|known| known == feature)
    }

    /// Whether it is to be joined with each connection.
    pub(crate) fn is_wanted(&self) -> bool {
        self.autojoin && self.left.is_none()
    }

    /// Whether it keeps its messages where they can be read.
    pub(crate) fn has_archive(&self) -> bool {
        self.has(ns::MAM)
    }
}

const COLUMNS: &str = "address, nick, password, autojoin, bookmarked, extensions, name,
    description, subject, features, affiliation, role, left_why, left_reason, occupant_id,
    unnoted, (SELECT nullif(avatar_hash, '') FROM profiles p WHERE p.address = rooms.address),
    subject_by, subject_id, limits_everyone,
    CASE WHEN subject_id IS NULL THEN coalesce(subject_closed = subject, 0)
         ELSE EXISTS (SELECT 1 FROM reactions r WHERE r.conversation = rooms.address
                      AND r.target = rooms.subject_id AND r.mine = 1 AND r.emojis <> '[]') END";

fn room(row: &Row<'_>) -> rusqlite::Result<Room> {
    let (features, affiliation, role): (String, String, String) =
        (row.get(9)?, row.get(10)?, row.get(11)?);
    let (why, reason): (Option<String>, Option<String>) = (row.get(12)?, row.get(13)?);
    Ok(Room {
        address: row.get(0)?,
        nick: row.get(1)?,
        password: row.get(2)?,
        autojoin: row.get(3)?,
        bookmarked: row.get(4)?,
        extensions: row.get(5)?,
        name: row.get(6)?,
        description: row.get(7)?,
        subject: row.get(8)?,
        features: serde_json::from_str(&features).unwrap_or_default(),
        affiliation: Affiliation::from_name(&affiliation),
        role: Role::from_name(&role),
        left: why.map(|why| (LeftWhy::from_name(&why), reason.unwrap_or_default())),
        occupant_id: row.get(14)?,
        unnoted: row.get(15)?,
        avatar: row.get(16)?,
        subject_by: row.get(17)?,
        subject_id: row.get(18)?,
        limits_everyone: row.get(19)?,
        is_notice_closed: row.get(20)?,
    })
}

/// All rooms, by address.
pub(crate) fn all(db: &Connection) -> rusqlite::Result<Vec<Room>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM rooms ORDER BY address"))?
        .query_map([], room)?
        .collect()
}

/// One room.
pub(crate) fn get(db: &Connection, address: &str) -> rusqlite::Result<Option<Room>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM rooms WHERE address = ?1"))?
        .query_row([address], room)
        .optional()
}

/// Writes a room, but for how far its archive was read; and its row of the list.
pub(crate) fn put(tx: &Transaction<'_>, room: &Room) -> rusqlite::Result<()> {
    let features = serde_json::to_string(&room.features).unwrap_or_default();
    tx.prepare_cached(
        "INSERT INTO rooms (address, nick, password, autojoin, bookmarked, extensions, name,
                            description, subject, features, affiliation, role, left_why,
                            left_reason, occupant_id, unnoted, subject_by, subject_id,
                            limits_everyone)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                 ?18, ?19)
         ON CONFLICT (address) DO UPDATE SET
             nick = excluded.nick, password = excluded.password, autojoin = excluded.autojoin,
             bookmarked = excluded.bookmarked, extensions = excluded.extensions,
             name = excluded.name, description = excluded.description,
             subject = excluded.subject, features = excluded.features,
             affiliation = excluded.affiliation, role = excluded.role,
             left_why = excluded.left_why, left_reason = excluded.left_reason,
             occupant_id = excluded.occupant_id, unnoted = excluded.unnoted,
             subject_by = excluded.subject_by, subject_id = excluded.subject_id,
             limits_everyone = excluded.limits_everyone",
    )?
    .execute(params![
        room.address,
        room.nick,
        room.password,
        room.autojoin,
        room.bookmarked,
        room.extensions,
        room.name,
        room.description,
        room.subject,
        features,
        room.affiliation.as_str(),
        room.role.as_str(),
        room.left.as_ref().map(|(why, _)| why.as_str()),
        room.left.as_ref().map(|(_, reason)| reason),
        room.occupant_id,
        room.unnoted,
        room.subject_by,
        room.subject_id,
        room.limits_everyone,
    ])?;
    tx.prepare_cached(
        "INSERT INTO conversations (id, kind, name) VALUES (?1, 'room', ?2)
         ON CONFLICT (id) DO UPDATE SET kind = 'room', name = excluded.name,
             hidden = hidden = 1",
    )?
    .execute(params![room.address, room.name])?;
    Ok(())
}

/// Changes a room that is there; gives it as it is now.
pub(crate) fn update(
    tx: &Transaction<'_>,
    address: &str,
    change: impl FnOnce(&mut Room),
) -> rusqlite::Result<Option<Room>> {
    let Some(before) = get(tx, address)? else {
        return Ok(None);
    };
    let mut now = before.clone();
    change(&mut now);
    if now != before {
        put(tx, &now)?;
    }
    Ok(Some(now))
}

/// The room of a conversation with somebody in it, which has the nickname behind it.
pub(crate) fn of_private(conversation: &str) -> Option<&str> {
    conversation.split_once('/').map(|(room, _)| room)
}

/// Anybody can say that a message comes from somebody in a room. Of what is none of
/// our rooms it is one of that address, as all others.
pub(crate) fn settle(
    db: &Connection,
    conversation: &mut String,
    author: &mut String,
) -> rusqlite::Result<()> {
    let Some(bare) = of_private(conversation).map(str::to_owned) else {
        return Ok(());
    };
    if !is_there(db, &bare)? {
        if author == conversation {
            author.clone_from(&bare);
        }
        *conversation = bare;
    }
    Ok(())
}

/// Whether it is a room that was joined or noted once.
pub(crate) fn is_there(db: &Connection, address: &str) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM rooms WHERE address = ?1)")?
        .query_row([address], |row| row.get(0))
}

/// Whether a conversation is a room.
pub(crate) fn is_room(db: &Connection, conversation: &str) -> rusqlite::Result<bool> {
    let found: Option<bool> = db
        .prepare_cached("SELECT kind = 'room' FROM conversations WHERE id = ?1")?
        .query_row([conversation], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(false))
}

/// Whether a room is told what we have seen (XEP-0333, section 4.1): a small one
/// whose people know each other.
pub(crate) fn wants_markers(db: &Connection, room: &str) -> rusqlite::Result<bool> {
    let Some(found) = get(db, room)? else {
        return Ok(false);
    };
    if !found.has(NON_ANONYMOUS) {
        return Ok(false);
    }
    let people: i64 = db
        .prepare_cached("SELECT count(*) FROM room_members WHERE room = ?1")?
        .query_row([room], |row| row.get(0))?;
    Ok(people <= MARKERS_UP_TO)
}

/// XEP-0045, section 15.2: everybody sees the addresses of everybody.
pub(crate) const NON_ANONYMOUS: &str = "muc_nonanonymous";

/// Puts a message back into the outbox that the room has not taken, or what was
/// said about one: before what was written meanwhile, as a room refuses in the order
/// in which it was told. Whether it was there.
pub(crate) fn requeue(tx: &Transaction<'_>, room: &str, wire_id: &str) -> rusqlite::Result<bool> {
    let message: Option<i64> = tx
        .query_row(
            "UPDATE messages SET state = 0, error = NULL
             WHERE conversation = ?1 AND wire_id = ?2 AND outgoing = 1 AND state IN (0, 1)
                   AND stanza_id IS NULL
             RETURNING id",
            [room, wire_id],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(message) = message {
        // The old row may still be on its way; this one is another.
        outbox::remove_message(tx, message)?;
        outbox::push(tx, OutboxKind::Message, room, wire_id, Some(message))?;
        outbox::put_first(tx, tx.last_insert_rowid())?;
        return Ok(true);
    }
    let said: Option<(i64, String)> = tx
        .query_row(
            "SELECT n.message, n.kind FROM message_ids n JOIN messages m ON m.id = n.message
             WHERE n.conversation = ?1 AND n.id = ?2
                   AND (n.kind IN ('react', 'retract') OR n.kind = 'edit' AND m.outgoing)",
            [room, wire_id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((message, kind)) = said else {
        return notice::tell_again(tx, room, wire_id);
    };
    outbox::replace(tx, OutboxKind::from_name(&kind), room, wire_id, message)?;
    outbox::put_first(tx, tx.last_insert_rowid())?;
    Ok(true)
}

/// By its id it is found at once; by its time among the newest, where a history ends.
const KNOWN: &str = "SELECT EXISTS (
        SELECT 1 FROM messages WHERE conversation = ?1 AND wire_id = ?5 AND text = ?2
            AND (author = ?3 OR author_name = ?4))
    OR EXISTS (
        SELECT 1 FROM (SELECT text, author, author_name, time_ms FROM messages
                       WHERE conversation = ?1 ORDER BY position DESC LIMIT 500)
        WHERE text = ?2 AND (author = ?3 OR author_name = ?4) AND abs(time_ms - ?6) < ?7)";

/// Whether a message of a room's history is here. Rooms without an archive give
/// no ids of their own, and programs use theirs again: so the words count too.
pub(crate) fn is_known(db: &Connection, message: &Received) -> rusqlite::Result<bool> {
    db.prepare_cached(KNOWN)?.query_row(
        params![
            message.conversation,
            message.text,
            message.author,
            message.author_name,
            message.wire_id,
            message.time_ms,
            SAME_MS
        ],
        |row| row.get(0),
    )
}

/// Whether messages to a room wait, or what is said about them.
pub(crate) fn has_waiting(db: &Connection, room: &str) -> rusqlite::Result<bool> {
    db.query_row(
        "SELECT EXISTS (SELECT 1 FROM outbox
                        WHERE conversation = ?1 AND kind NOT IN ('receipt', 'displayed', 'notice'))",
        [room],
        |row| row.get(0),
    )
}

/// The id that a room gave to a message of it.
pub(crate) fn stanza_id(
    db: &Connection,
    room: &str,
    message: i64,
) -> rusqlite::Result<Option<String>> {
    let found: Option<Option<String>> = db
        .query_row(
            "SELECT stanza_id FROM messages WHERE id = ?1 AND conversation = ?2",
            params![message, room],
            |row| row.get(0),
        )
        .optional()?;
    Ok(found.flatten())
}

#[cfg(test)]
mod tests;

//! Messages: what arrives twice is stored once, states only move forward, and
//! whatever is said about a message finds it, before or after it came.

mod annotations;
mod content;
mod deliveries;
mod edits;
mod events;
pub(in crate::store) mod notices;
mod own;
mod place;
mod reactions;
mod receive;
mod retractions;
mod said;
mod states;
mod window;

use rusqlite::{Connection, Row, Transaction};

use crate::api::RoomEventView;

pub(in crate::store) use content::from_column;
pub(crate) use content::{Attachment, Extras, Kind, Mention, Reply, from_utf16, to_utf16};
pub(crate) use deliveries::deliveries;
pub(crate) use edits::versions;
pub(crate) use events::happened;
#[cfg(test)]
pub(crate) use own::compose;
pub(in crate::store) use own::set_attachments;
pub(crate) use own::{Change, Composed, delete, delete_failed, edit, react, retract, retry, send};
pub(crate) use place::Place;
pub(crate) use reactions::{Reaction, tidy as tidy_reactions};
pub(crate) use receive::{Received, Retracted, is_here, receive};
pub(in crate::store) use said::went;
pub(crate) use said::{About, Author, Edit, Said, say};
pub(crate) use states::{fail, failed, failed_ones, mark_displayed, sent};
pub(crate) use window::{Quoted, Window, full, window};

/// How far an outgoing message came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Sent,
    Delivered,
    Read,
    /// The error code as the contract writes it.
    Failed(String),
}

pub(super) const WAITING: i64 = 0;
pub(super) const SENT: i64 = 1;
const DELIVERED: i64 = 2;
const READ: i64 = 3;
pub(super) const FAILED: i64 = 4;

pub(crate) fn state_from(state: i64, error: Option<String>) -> State {
    match state {
        SENT => State::Sent,
        DELIVERED => State::Delivered,
        READ => State::Read,
        FAILED => State::Failed(error.unwrap_or_default()),
        _ => State::Waiting,
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) id: i64,
    pub(crate) conversation: String,
    pub(crate) position: i64,
    pub(crate) outgoing: bool,
    pub(crate) author: String,
    /// Nickname in a room; filled in for a window otherwise.
    pub(crate) author_name: String,
    pub(crate) text: String,
    pub(crate) time_ms: i64,
    pub(crate) state: State,
    pub(crate) wire_id: Option<String>,
    pub(crate) origin_id: Option<String>,
    pub(crate) stanza_id: Option<String>,
    pub(crate) extras: Extras,
    pub(crate) edited_ms: Option<i64>,
    pub(crate) retracted: Option<Retracted>,
    /// Of an event: what happened.
    pub(crate) event: Option<RoomEventView>,
    /// For a window: what it answers.
    pub(crate) quoted: Option<Quoted>,
    /// For a window.
    pub(crate) reactions: Vec<Reaction>,
}

impl Message {
    /// The id by which the message is named to others.
    pub(crate) fn reference(&self, room: bool) -> Option<&str> {
        let own = self.origin_id.as_deref().or(self.wire_id.as_deref());
        let given = self.stanza_id.as_deref();
        if room { given.or(own) } else { own.or(given) }
    }
}

const COLUMNS: &str = "id, conversation, position, outgoing, author, author_name, text, time_ms,
    state, error, wire_id, origin_id, stanza_id, kind, reply_to_id, reply_to_author, reply_excerpt,
    mentions, mentions_me, attachments, unstyled, encrypted, edited_ms, retracted_ms, retracted_by,
    event";

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    let kind: String = row.get(13)?;
    let reply = match row.get(14)? {
        Some(id) => Some(Reply {
            id,
            author: row.get(15)?,
            excerpt: row.get(16)?,
        }),
        None => None,
    };
    let retracted = match row.get(23)? {
        Some(time_ms) => Some(Retracted {
            time_ms,
            by: row.get(24)?,
        }),
        None => None,
    };
    let event: Option<String> = row.get(25)?;
    Ok(Message {
        id: row.get(0)?,
        conversation: row.get(1)?,
        position: row.get(2)?,
        outgoing: row.get(3)?,
        author: row.get(4)?,
        author_name: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
        text: row.get(6)?,
        time_ms: row.get(7)?,
        state: state_from(row.get(8)?, row.get(9)?),
        wire_id: row.get(10)?,
        origin_id: row.get(11)?,
        stanza_id: row.get(12)?,
        extras: Extras {
            kind: Kind::from_name(&kind),
            reply,
            mentions: from_column(row.get(17)?),
            mentions_me: row.get(18)?,
            attachments: from_column(row.get(19)?),
            unstyled: row.get(20)?,
            encrypted: row.get(21)?,
        },
        edited_ms: row.get(22)?,
        retracted,
        event: event.and_then(|event| serde_json::from_str(&event).ok()),
        quoted: None,
        reactions: Vec::new(),
    })
}

/// One message.
pub(crate) fn get(db: &Connection, id: i64) -> rusqlite::Result<Option<Message>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM messages WHERE id = ?1"))?
        .query_map([id], message)?
        .next()
        .transpose()
}

/// The message that a reference id names, if it is here.
pub(crate) fn referred(
    db: &Connection,
    conversation: &str,
    id: &str,
) -> rusqlite::Result<Option<Message>> {
    let room = reactions::is_room(db, conversation)?;
    let found = said::named(db, conversation, id, room)?;
    match found.first() {
        Some(target) => get(db, target.id),
        None => Ok(None),
    }
}

/// The id by which a message is named to others; none before its room has it.
pub(crate) fn reference(db: &Connection, message: &Message) -> rusqlite::Result<Option<String>> {
    let room = reactions::is_room(db, &message.conversation)?;
    if room && message.stanza_id.is_none() {
        return Ok(None);
    }
    Ok(message.reference(room).map(str::to_owned))
}

/// All that we react with to a message.
pub(crate) fn my_reactions(db: &Connection, message: &Message) -> rusqlite::Result<Vec<String>> {
    let room = reactions::is_room(db, &message.conversation)?;
    Ok(match message.reference(room) {
        Some(reference) => reactions::mine(db, &message.conversation, reference)?.0,
        None => Vec::new(),
    })
}

/// Nobody has seen what this message said before.
pub(crate) fn forget_versions(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM message_versions WHERE message = ?1", [id])?;
    tx.execute(
        "UPDATE messages SET edited_ms = NULL, edit_position = NULL WHERE id = ?1",
        [id],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests;

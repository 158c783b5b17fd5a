//! Messages from the wire. What arrives twice is stored once.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::content::{Extras, to_column};
use super::place::{Place, new_position};
use super::said::{self, Author};
use super::{SENT, WAITING, reactions, retractions, states};
use crate::store::outbox::{self, OutboxKind};
use crate::store::{conversations, order};

/// A message from the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) conversation: String,
    pub(crate) outgoing: bool,
    /// See [`Author::address`].
    pub(crate) author: String,
    /// Nickname in a room.
    pub(crate) author_name: Option<String>,
    /// XEP-0421.
    pub(crate) occupant_id: Option<String>,
    pub(crate) text: String,
    pub(crate) extras: Extras,
    pub(crate) time_ms: i64,
    pub(crate) wire_id: Option<String>,
    pub(crate) origin_id: Option<String>,
    pub(crate) stanza_id: Option<String>,
    /// The archive has only the mark of one that was taken back.
    pub(crate) retracted: Option<Retracted>,
    /// Whether the sender wants to know that it arrived.
    pub(crate) wants_receipt: bool,
    /// One of ours whose device says by itself what was seen on it (XEP-0333,
    /// section 5): else that it was sent is all that there is to know of that.
    pub(crate) markable: bool,
}

/// When, and by whom if it was a moderator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Retracted {
    pub(crate) time_ms: i64,
    pub(crate) by: Option<String>,
}

impl Received {
    fn ids(&self) -> impl Iterator<Item = &String> {
        let mut ids: Vec<_> = [&self.origin_id, &self.wire_id, &self.stanza_id]
            .into_iter()
            .flatten()
            .collect();
        ids.dedup();
        ids.into_iter()
    }
}

/// Stores a message from the wire. `None` if it was there; then what it adds
/// (the archive's id, the proof that the server has it) is noted.
pub(crate) fn receive(
    tx: &Transaction<'_>,
    message: &Received,
    place: Place,
) -> rusqlite::Result<Option<i64>> {
    if let Some(known) = find(tx, message)? {
        if place == Place::Newest && message.outgoing {
            given_back(tx, known, message)?;
        }
        if let Place::Gap(gap) = place {
            order::place_in_gap(tx, known, gap)?;
            states::read_by_peer(tx, &message.conversation, known)?;
        }
        if message.outgoing {
            states::sent(tx, known)?;
            outbox::remove_message(tx, known)?;
        }
        learn(tx, known, message)?;
        return Ok(None);
    }
    conversations::ensure(tx, &message.conversation)?;
    let position = new_position(tx, place)?;
    let reply = message.extras.reply.as_ref();
    tx.prepare_cached(
        "INSERT INTO messages (conversation, position, outgoing, author, text, time_ms,
                               wire_id, origin_id, stanza_id, state, kind, author_name,
                               occupant_id, reply_to_id, reply_to_author, reply_excerpt,
                               attachments, mentions, mentions_me, unstyled, encrypted)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                 ?18, ?19, ?20, ?21)",
    )?
    .execute(params![
        message.conversation,
        position,
        message.outgoing,
        message.author,
        message.text,
        message.time_ms,
        message.wire_id,
        message.origin_id,
        message.stanza_id,
        SENT,
        message.extras.kind.as_str(),
        message.author_name,
        message.occupant_id,
        reply.map(|reply| &reply.id),
        reply.and_then(|reply| reply.author.as_ref()),
        reply.and_then(|reply| reply.excerpt.as_ref()),
        to_column(&message.extras.attachments),
        to_column(&message.extras.mentions),
        message.extras.mentions_me,
        message.extras.unstyled,
        message.extras.encrypted,
    ])?;
    let id = tx.last_insert_rowid();
    if message.outgoing {
        if !message.markable {
            conversations::read_up_to(tx, &message.conversation, position)?;
        }
        states::read_by_peer(tx, &message.conversation, id)?;
    } else if message.wants_receipt
        && let Some(wire_id) = &message.wire_id
    {
        outbox::push(
            tx,
            OutboxKind::Receipt,
            &message.conversation,
            wire_id,
            None,
        )?;
    }
    bury(tx, id, message)?;
    if place == Place::Newest && message.outgoing && message.stanza_id.is_none() {
        order::behind_other_device(tx, &message.conversation)?;
    }
    said::release(tx, &message.conversation, message.ids())?;
    Ok(Some(id))
}

/// A room gives back what we said in it, in its place among what others say: what
/// has come so far comes before it, also where we knew that the server had it.
fn given_back(tx: &Transaction<'_>, id: i64, message: &Received) -> rusqlite::Result<()> {
    let place: Option<i64> = tx
        .prepare_cached(
            "SELECT position FROM messages WHERE id = ?1 AND stanza_id IS NULL
                 AND state <> ?2
                 AND EXISTS (SELECT 1 FROM rooms WHERE address = messages.conversation)",
        )?
        .query_row(params![id, WAITING], |row| row.get(0))
        .optional()?;
    match place.filter(|_| message.stanza_id.is_some()) {
        Some(position) => order::behind_what_came(tx, id, &message.conversation, position),
        None => Ok(()),
    }
}

fn bury(tx: &Transaction<'_>, id: i64, message: &Received) -> rusqlite::Result<()> {
    if let Some(retracted) = &message.retracted
        && let Some(target) = said::by_id(tx, id)?
    {
        retractions::bury(tx, &target, retracted.time_ms, retracted.by.as_deref())?;
    }
    Ok(())
}

/// Whether it is here already.
pub(crate) fn is_here(db: &Connection, message: &Received) -> rusqlite::Result<bool> {
    Ok(find(db, message)?.is_some())
}

/// Finds the message if it is here already. The ids of a sender count for that
/// sender only.
fn find(db: &Connection, message: &Received) -> rusqlite::Result<Option<i64>> {
    if let Some(stanza_id) = &message.stanza_id {
        let found = db
            .prepare_cached("SELECT id FROM messages WHERE conversation = ?1 AND stanza_id = ?2")?
            .query_row([&message.conversation, stanza_id], |row| row.get(0))
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    if let Some(origin_id) = &message.origin_id {
        let found = db
            .prepare_cached(
                "SELECT id FROM messages WHERE conversation = ?1 AND wire_id = ?2
                     AND origin_id = ?2 AND (author = ?3 OR (outgoing = 1 AND ?4))
                 UNION ALL
                 SELECT id FROM messages WHERE conversation = ?1 AND origin_id = ?2
                     AND origin_id IS NOT wire_id
                     AND (author = ?3 OR (outgoing = 1 AND ?4))
                 LIMIT 1",
            )?
            .query_row(
                params![
                    message.conversation,
                    origin_id,
                    message.author,
                    message.outgoing
                ],
                |row| row.get(0),
            )
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    let Some(wire_id) = &message.wire_id else {
        return Ok(None);
    };
    // COMPAT: senders without ids of XEP-0359, and copies (offline, of another
    // device) from which the server's is missing. Weak ids such as a count are
    // used again, so the words have to be the same too, and no better id may
    // tell the two apart.
    db.prepare_cached(
        "SELECT id FROM messages m WHERE conversation = ?1 AND wire_id = ?2
             AND outgoing = ?3 AND (outgoing = 1 OR author = ?4)
             AND (stanza_id IS NULL OR ?5 IS NULL) AND (origin_id IS NULL OR ?6 IS NULL)
             AND (text = ?7 OR retracted_ms IS NOT NULL OR ?8
                  OR EXISTS (SELECT 1 FROM message_versions v
                             WHERE v.message = m.id AND v.text = ?7))
         LIMIT 1",
    )?
    .query_row(
        params![
            message.conversation,
            wire_id,
            message.outgoing,
            message.author,
            message.stanza_id,
            message.origin_id,
            message.text,
            message.retracted.is_some()
        ],
        |row| row.get(0),
    )
    .optional()
}

/// Takes over what a further copy of a message says of it.
fn learn(tx: &Transaction<'_>, id: i64, message: &Received) -> rusqlite::Result<()> {
    bury(tx, id, message)?;
    let Some(before) = said::by_id(tx, id)? else {
        return Ok(());
    };
    let Author {
        name, occupant_id, ..
    } = &before.author;
    let new_id = before.stanza_id.is_none() && message.stanza_id.is_some();
    let new_author = (name.is_none() && message.author_name.is_some())
        || (occupant_id.is_none() && message.occupant_id.is_some());
    if !new_id && !new_author {
        return Ok(());
    }
    tx.prepare_cached(
        "UPDATE messages SET stanza_id = coalesce(stanza_id, ?2),
             author_name = coalesce(author_name, ?3), occupant_id = coalesce(occupant_id, ?4)
         WHERE id = ?1",
    )?
    .execute(params![
        id,
        message.stanza_id,
        message.author_name,
        message.occupant_id
    ])?;
    if new_id && let Some(stanza_id) = &message.stanza_id {
        if reactions::is_room(tx, &message.conversation)?
            && let Some(old) = before.reference(true)
        {
            reactions::renamed(tx, &message.conversation, old, stanza_id)?;
        }
        said::release(tx, &message.conversation, [stanza_id])?;
    }
    Ok(())
}

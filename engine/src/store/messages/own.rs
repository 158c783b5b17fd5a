//! What the user does: write, change, take back, react. All of it is stored with
//! its row of the outbox.

use rusqlite::{OptionalExtension, Transaction, params};

use super::content::{Attachment, Extras, Mention, to_column};
use super::place::{Place, new_position};
use super::said::{self, Author, Edit, Target, When};
use super::{FAILED, State, WAITING, edits, get, reactions, retractions, states};
use crate::store::conversations;
use crate::store::outbox::{self, OutboxKind};
use crate::store::uploads;

/// A message that the user sends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Composed {
    pub(crate) conversation: String,
    /// Our own bare address.
    pub(crate) author: String,
    pub(crate) text: String,
    pub(crate) extras: Extras,
    /// Made once, by chance.
    pub(crate) origin_id: String,
    pub(crate) now_ms: i64,
}

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// There is no such message (any more).
    NotFound,
    /// It is not ours to change, or not in this state.
    NotAllowed,
    /// In this conversation.
    Done(String),
}

/// Stores a text with its outbox row; the draft goes.
#[cfg(test)]
pub(crate) fn compose(
    tx: &Transaction<'_>,
    conversation: &str,
    author: &str,
    text: &str,
    origin_id: &str,
    now_ms: i64,
) -> rusqlite::Result<i64> {
    let composed = Composed {
        conversation: conversation.to_owned(),
        author: author.to_owned(),
        text: text.to_owned(),
        origin_id: origin_id.to_owned(),
        now_ms,
        ..Composed::default()
    };
    send(tx, &composed)
}

/// Stores a message with its outbox row; the draft goes.
pub(crate) fn send(tx: &Transaction<'_>, composed: &Composed) -> rusqlite::Result<i64> {
    let conversation = composed.conversation.as_str();
    conversations::ensure(tx, conversation)?;
    // Whoever answers has read what is above.
    states::see_what_came(tx, conversation, i64::MAX)?;
    let position = new_position(tx, Place::Newest)?;
    let reply = composed.extras.reply.as_ref();
    tx.prepare_cached(
        "INSERT INTO messages
             (conversation, position, outgoing, author, text, time_ms, wire_id, origin_id, state,
              kind, reply_to_id, reply_to_author, reply_excerpt, attachments, mentions)
         VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute(params![
        conversation,
        position,
        composed.author,
        composed.text,
        composed.now_ms,
        composed.origin_id,
        WAITING,
        composed.extras.kind.as_str(),
        reply.map(|reply| &reply.id),
        reply.and_then(|reply| reply.author.as_ref()),
        reply.and_then(|reply| reply.excerpt.as_ref()),
        to_column(&composed.extras.attachments),
        to_column(&composed.extras.mentions),
    ])?;
    let id = tx.last_insert_rowid();
    outbox::push(
        tx,
        OutboxKind::Message,
        conversation,
        &composed.origin_id,
        Some(id),
    )?;
    conversations::set_draft(tx, conversation, "")?;
    Ok(id)
}

/// Puts a failed message back into the outbox, as the newest; gives its conversation.
pub(crate) fn retry(
    tx: &Transaction<'_>,
    id: i64,
    origin_id: &str,
) -> rusqlite::Result<Option<String>> {
    let conversation: Option<String> = tx
        .query_row(
            "UPDATE messages SET state = ?2, error = NULL, wire_id = ?3, origin_id = ?3
             WHERE id = ?1 AND state = ?4 RETURNING conversation",
            params![id, WAITING, origin_id, FAILED],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(conversation) = &conversation {
        let end = new_position(tx, Place::Newest)?;
        tx.execute(
            "UPDATE messages SET position = ?2 WHERE id = ?1",
            params![id, end],
        )?;
        outbox::push(tx, OutboxKind::Message, conversation, origin_id, Some(id))?;
        uploads::retry(tx, id)?;
    }
    Ok(conversation)
}

/// A message knows more of its files now.
pub(in crate::store) fn set_attachments(
    tx: &Transaction<'_>,
    id: i64,
    attachments: &[Attachment],
) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE messages SET attachments = ?2 WHERE id = ?1")?
        .execute(params![id, to_column(attachments)])?;
    Ok(())
}

/// Removes a failed message; gives its conversation.
pub(crate) fn delete_failed(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<Option<String>> {
    match get(tx, id)? {
        Some(message) if matches!(message.state, State::Failed(_)) => {
            delete(tx, id)?;
            Ok(Some(message.conversation))
        }
        _ => Ok(None),
    }
}

/// Removes a message that nobody else has. What answers it and has not been sent either
/// does not repeat its words to others, nor name what they could not find.
pub(crate) fn delete(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE messages SET reply_to_id = NULL, reply_to_author = NULL, reply_excerpt = NULL
         WHERE outgoing = 1 AND state IN (?2, ?3)
             AND conversation = (SELECT conversation FROM messages WHERE id = ?1)
             AND reply_to_id = (SELECT origin_id FROM messages WHERE id = ?1)
             AND NOT EXISTS (SELECT 1 FROM outbox WHERE message = messages.id
                                 AND kind = 'message' AND attempted = 1)",
    )?
    .execute(params![id, WAITING, FAILED])?;
    for statement in [
        "DELETE FROM outbox WHERE message = ?1",
        "DELETE FROM messages WHERE id = ?1",
    ] {
        tx.prepare_cached(statement)?.execute([id])?;
    }
    Ok(())
}

/// Whether nobody else can have it: it failed, or waits and was never sent.
fn is_only_here(tx: &Transaction<'_>, id: i64, state: &State) -> rusqlite::Result<bool> {
    Ok(match state {
        State::Failed(_) => true,
        State::Waiting => !outbox::was_attempted(tx, id)?,
        _ => false,
    })
}

/// Changes a message of ours. One that nobody has yet is changed before it goes;
/// else a correction follows it.
pub(crate) fn edit(
    tx: &Transaction<'_>,
    id: i64,
    text: &str,
    mentions: &[Mention],
    edit_id: &str,
    now_ms: i64,
) -> rusqlite::Result<Change> {
    let (Some(message), Some(target)) = (get(tx, id)?, said::by_id(tx, id)?) else {
        return Ok(Change::NotFound);
    };
    if !message.outgoing || target.retracted {
        return Ok(Change::NotAllowed);
    }
    if message.text == text {
        return Ok(Change::Done(message.conversation));
    }
    if is_only_here(tx, id, &message.state)? {
        tx.execute(
            "UPDATE messages SET text = ?2, mentions = ?3 WHERE id = ?1",
            params![id, text, to_column(mentions)],
        )?;
        return Ok(Change::Done(message.conversation));
    }
    let edit = Edit {
        text: text.to_owned(),
        extras: Extras {
            mentions: mentions.to_owned(),
            unstyled: message.extras.unstyled,
            ..Extras::default()
        },
        wire_id: Some(edit_id.to_owned()),
        ..Edit::default()
    };
    let when = When::now(tx, now_ms, target.edited_ms)?;
    edits::apply(tx, &target, &edit, when)?;
    outbox::replace(
        tx,
        OutboxKind::Edit,
        &message.conversation,
        edit_id,
        target.id,
    )?;
    Ok(Change::Done(message.conversation))
}

/// Takes a message of ours back. One that nobody has yet is just removed.
pub(crate) fn retract(
    tx: &Transaction<'_>,
    id: i64,
    retract_id: &str,
    now_ms: i64,
) -> rusqlite::Result<Change> {
    let (Some(message), Some(target)) = (get(tx, id)?, said::by_id(tx, id)?) else {
        return Ok(Change::NotFound);
    };
    if !message.outgoing {
        return Ok(Change::NotAllowed);
    }
    if is_only_here(tx, id, &message.state)? {
        delete(tx, id)?;
    } else if retractions::bury(tx, &target, now_ms, None)? {
        outbox::replace(
            tx,
            OutboxKind::Retract,
            &message.conversation,
            retract_id,
            target.id,
        )?;
        note_id(tx, &target, retract_id, "retract")?;
    }
    Ok(Change::Done(message.conversation))
}

/// Sets all that we react with to a message.
pub(crate) fn react(
    tx: &Transaction<'_>,
    id: i64,
    own: &str,
    emojis: &[String],
    react_id: &str,
    now_ms: i64,
) -> rusqlite::Result<Change> {
    let (Some(message), Some(target)) = (get(tx, id)?, said::by_id(tx, id)?) else {
        return Ok(Change::NotFound);
    };
    let room = reactions::is_room(tx, &message.conversation)?;
    let has_name = target.reference(room).is_some();
    // In a room a message has no name before the room gives it one.
    let is_there = !room || target.stanza_id.is_some();
    let unsent = message.outgoing && matches!(message.state, State::Waiting | State::Failed(_));
    if target.retracted || unsent || !has_name || !is_there {
        return Ok(Change::NotAllowed);
    }
    let reference = target.reference(room).unwrap_or_default();
    let (before, since) = reactions::mine(tx, &message.conversation, reference)?;
    if before == emojis {
        return Ok(Change::Done(message.conversation));
    }
    let us = Author {
        outgoing: true,
        address: own.to_owned(),
        ..Author::default()
    };
    let when = When::now(tx, now_ms, since)?;
    reactions::put(tx, &target, room, &us, emojis, when)?;
    outbox::replace(
        tx,
        OutboxKind::React,
        &message.conversation,
        react_id,
        target.id,
    )?;
    note_id(tx, &target, react_id, "react")?;
    Ok(Change::Done(message.conversation))
}

/// Of each kind only the newest can still be refused.
fn note_id(tx: &Transaction<'_>, target: &Target, id: &str, kind: &str) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM message_ids WHERE message = ?1 AND kind = ?2",
        params![target.id, kind],
    )?;
    said::name(tx, (&target.conversation, target.id), id, kind)?;
    Ok(())
}

//! Runs of neighbouring messages, as a screen shows them.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::{COLUMNS, Message, message, reactions, referred};
use crate::api::WindowAnchor;
use crate::store::{archive, attachments, contacts};

/// A run of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) messages: Vec<Message>,
    pub(crate) has_older: bool,
    pub(crate) first_unread: Option<i64>,
    /// Messages before which something is missing.
    pub(crate) gaps: Vec<i64>,
    /// Whether nothing is missing in it, nor right below it.
    pub(crate) is_whole: bool,
}

/// What a message answers, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quoted {
    /// Local id, if it is here.
    pub(crate) message: Option<i64>,
    pub(crate) author_name: String,
    pub(crate) text: String,
}

/// Reads a run of messages, oldest first.
pub(crate) fn window(
    db: &Connection,
    conversation: &str,
    anchor: WindowAnchor,
    limit: u32,
) -> rusqlite::Result<Window> {
    let at = |id: i64| {
        db.query_row("SELECT position FROM messages WHERE id = ?1", [id], |row| {
            row.get::<_, i64>(0)
        })
        .optional()
    };
    let (condition, order, position, id) = match anchor {
        WindowAnchor::Latest => ("1", "DESC", 0, 0),
        WindowAnchor::Before { message } => (
            "(position, id) < (?2, ?3)",
            "DESC",
            at(message)?.unwrap_or(0),
            message,
        ),
        WindowAnchor::From { message } => (
            "(position, id) >= (?2, ?3)",
            "ASC",
            at(message)?.unwrap_or(0),
            message,
        ),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM messages WHERE conversation = ?1 AND {condition}
             AND ?2 IS NOT NULL AND ?3 IS NOT NULL
         ORDER BY position {order}, id {order} LIMIT ?4"
    );
    let mut messages = db
        .prepare_cached(&sql)?
        .query_map(params![conversation, position, id, limit], message)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    if order == "DESC" {
        messages.reverse();
    }
    fill(db, conversation, &mut messages)?;
    let upper = match (messages.first(), anchor) {
        (Some(first), _) => first.position,
        (None, WindowAnchor::Before { .. }) => position,
        (None, _) => i64::MAX,
    };
    let older = before(db, conversation, upper)?;
    let missing = archive::open_gaps(db, conversation)?;
    let is_missing =
        |below: i64, above: i64| missing.iter().any(|next| *next <= above && *next > below);
    let mut gaps: Vec<i64> = messages
        .array_windows()
        .filter(|[below, above]| is_missing(below.position, above.position))
        .map(|[_, above]| above.id)
        .collect();
    let missing_below = is_missing(older.unwrap_or(i64::MIN), upper);
    if missing_below {
        gaps.extend(messages.first().map(|first| first.id));
    }
    let first_unread = db
        .query_row(
            "SELECT id FROM messages WHERE conversation = ?1 AND outgoing = 0
                 AND position > (SELECT read_position FROM conversations WHERE id = ?1)
                 AND retracted_ms IS NULL AND kind <> 'event'
             ORDER BY position, id LIMIT 1",
            [conversation],
            |row| row.get(0),
        )
        .optional()?;
    Ok(Window {
        has_older: older.is_some() || missing_below,
        is_whole: gaps.is_empty() && !missing_below,
        messages,
        first_unread,
        gaps,
    })
}

/// Position of the newest message below a position.
fn before(db: &Connection, conversation: &str, upper: i64) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached(
        "SELECT max(position) FROM messages WHERE conversation = ?1 AND position < ?2",
    )?
    .query_row(params![conversation, upper], |row| row.get(0))
}

/// One message with all that a window shows of it.
pub(crate) fn full(db: &Connection, id: i64) -> rusqlite::Result<Option<Message>> {
    let Some(mut message) = super::get(db, id)? else {
        return Ok(None);
    };
    let conversation = message.conversation.clone();
    fill(db, &conversation, std::slice::from_mut(&mut message))?;
    Ok(Some(message))
}

/// Names, reactions and what is answered.
fn fill(db: &Connection, conversation: &str, messages: &mut [Message]) -> rusqlite::Result<()> {
    let mut names: HashMap<String, String> = HashMap::new();
    for message in messages.iter_mut() {
        if message.author_name.is_empty() {
            if !names.contains_key(&message.author) {
                let name = contacts::name(db, &message.author)?;
                names.insert(message.author.clone(), name);
            }
            if let Some(name) = names.get(&message.author) {
                message.author_name.clone_from(name);
            }
        }
        message.quoted = quoted(db, conversation, message)?;
        for (place, file) in (0..).zip(&mut message.extras.attachments) {
            file.state = attachments::state(db, message.id, place, file)?;
        }
    }
    reactions::fill(db, conversation, messages)
}

fn quoted(
    db: &Connection,
    conversation: &str,
    message: &Message,
) -> rusqlite::Result<Option<Quoted>> {
    let Some(reply) = &message.extras.reply else {
        return Ok(None);
    };
    if let Some(found) = referred(db, conversation, &reply.id)? {
        let author_name = if found.author_name.is_empty() {
            contacts::name(db, &found.author)?
        } else {
            found.author_name
        };
        return Ok(Some(Quoted {
            message: Some(found.id),
            author_name,
            text: found.text,
        }));
    }
    let author_name = match &reply.author {
        Some(author) => contacts::name(db, author)?,
        None => String::new(),
    };
    Ok(Some(Quoted {
        message: None,
        author_name,
        text: reply.excerpt.clone().unwrap_or_default(),
    }))
}

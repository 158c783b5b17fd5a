//! Reactions (XEP-0444). One row holds all that one person reacts with.

use std::collections::HashMap;

use rusqlite::{Connection, Transaction, params};

use super::Message;
use super::content::from_column;
use super::said::{Author, Target, When};
use crate::store::contacts;

/// Most reactions of one person to one message.
pub(crate) const MOST: usize = 20;
/// Longest reaction, in bytes: one emoji of many parts.
pub(crate) const LONGEST: usize = 64;

/// One emoji, and who reacts with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reaction {
    pub(crate) emoji: String,
    pub(crate) mine: bool,
    /// Without our own.
    pub(crate) names: Vec<String>,
}

/// Reactions as they are kept: no two the same, not too many, none too long.
pub(crate) fn tidy(emojis: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for emoji in emojis {
        let emoji = emoji.trim();
        if !emoji.is_empty()
            && emoji.len() <= LONGEST
            && kept.len() < MOST
            && !kept.iter().any(|known| known == emoji)
        {
            kept.push(emoji.to_owned());
        }
    }
    kept
}

/// Sets what somebody reacts with; the last counts.
pub(super) fn put(
    tx: &Transaction<'_>,
    target: &Target,
    room: bool,
    author: &Author,
    emojis: &[String],
    when: When,
) -> rusqlite::Result<bool> {
    let Some(reference) = target.reference(room).filter(|_| !target.retracted) else {
        return Ok(false);
    };
    let emojis = serde_json::to_string(emojis).unwrap_or_else(|_| "[]".to_owned());
    let changed = tx
        .prepare_cached(
            "INSERT INTO reactions (conversation, target, author, author_name, emojis, time_ms,
                                    mine, position)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT DO UPDATE SET author_name = excluded.author_name,
                 emojis = excluded.emojis, time_ms = max(time_ms, excluded.time_ms),
                 position = excluded.position
             WHERE CASE WHEN ?9 THEN excluded.time_ms >= time_ms
                        ELSE excluded.position > position END",
        )?
        .execute(params![
            target.conversation,
            reference,
            author.key(),
            author.name,
            emojis,
            when.time_ms,
            author.outgoing,
            when.position,
            when.is_late
        ])?;
    Ok(changed > 0)
}

/// What we react with has another place in the order.
pub(super) fn moved(
    tx: &Transaction<'_>,
    target: &Target,
    room: bool,
    position: i64,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE reactions SET position = ?3
         WHERE conversation = ?1 AND target = ?2 AND mine = 1",
    )?
    .execute(params![
        target.conversation,
        target.reference(room),
        position
    ])?;
    Ok(())
}

/// What we react with to a message, and since when.
pub(super) fn mine(
    db: &Connection,
    conversation: &str,
    reference: &str,
) -> rusqlite::Result<(Vec<String>, Option<i64>)> {
    let found = db
        .prepare_cached(
            "SELECT emojis, time_ms FROM reactions
             WHERE conversation = ?1 AND target = ?2 AND mine = 1",
        )?
        .query_map([conversation, reference], |row| {
            Ok((from_column(row.get(0)?), Some(row.get(1)?)))
        })?
        .next()
        .transpose()?;
    Ok(found.unwrap_or_default())
}

/// Ours were refused (XEP-0444, section 2.2.1).
pub(super) fn remove_mine(
    tx: &Transaction<'_>,
    conversation: &str,
    reference: &str,
) -> rusqlite::Result<bool> {
    let removed = tx.execute(
        "DELETE FROM reactions WHERE conversation = ?1 AND target = ?2 AND mine = 1",
        [conversation, reference],
    )?;
    Ok(removed > 0)
}

/// The room has given a message its id: that is its name from now on.
pub(super) fn renamed(
    tx: &Transaction<'_>,
    conversation: &str,
    old: &str,
    new: &str,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE OR IGNORE reactions SET target = ?3 WHERE conversation = ?1 AND target = ?2",
    )?
    .execute([conversation, old, new])?;
    Ok(())
}

/// Puts the reactions of one conversation to its messages, in the order in which
/// they came.
pub(super) fn fill(
    db: &Connection,
    conversation: &str,
    messages: &mut [Message],
) -> rusqlite::Result<()> {
    let room = is_room(db, conversation)?;
    let references: Vec<Option<String>> = messages
        .iter()
        .map(|message| message.reference(room).map(str::to_owned))
        .collect();
    let by_reference: HashMap<&str, usize> = references
        .iter()
        .enumerate()
        .filter_map(|(index, id)| Some((id.as_deref()?, index)))
        .collect();
    let wanted = serde_json::to_string(&references).unwrap_or_default();
    let mut query = db.prepare_cached(
        "SELECT target, author, author_name, emojis, mine FROM reactions
         WHERE conversation = ?1 AND target IN (SELECT value FROM json_each(?2))
         ORDER BY time_ms, author",
    )?;
    let mut rows = query.query([conversation, &wanted])?;
    while let Some(row) = rows.next()? {
        let target: String = row.get(0)?;
        let index = by_reference.get(target.as_str()).copied();
        let Some(message) = index.and_then(|index| messages.get_mut(index)) else {
            continue;
        };
        let mine: bool = row.get(4)?;
        let name = match row.get(2)? {
            Some(name) => name,
            None => contacts::name(db, &row.get::<_, String>(1)?)?,
        };
        for emoji in from_column::<String>(row.get(3)?) {
            let known = message
                .reactions
                .iter_mut()
                .position(|known| known.emoji == emoji);
            if known.is_none() {
                message.reactions.push(Reaction {
                    emoji,
                    mine: false,
                    names: Vec::new(),
                });
            }
            let index = known.unwrap_or(message.reactions.len() - 1);
            if let Some(reaction) = message.reactions.get_mut(index) {
                if mine {
                    reaction.mine = true;
                } else {
                    reaction.names.push(name.clone());
                }
            }
        }
    }
    Ok(())
}

/// Whether a conversation is a room.
pub(super) fn is_room(db: &Connection, conversation: &str) -> rusqlite::Result<bool> {
    let found = db
        .prepare_cached("SELECT kind = 'room' FROM conversations WHERE id = ?1")?
        .query_map([conversation], |row| row.get(0))?
        .next()
        .transpose()?;
    Ok(found.unwrap_or(false))
}

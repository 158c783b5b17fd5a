//! What is said about a message: that it reads otherwise now, is taken back,
//! pleases, arrived, was seen. It may come before the message itself; then it
//! waits among the [`super::annotations`].

use std::collections::VecDeque;

use rusqlite::{Connection, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use super::content::Extras;
use super::{Place, annotations, edits, reactions, retractions, states};
use crate::store::outbox;

/// Who wrote or says something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Author {
    /// Whether it is us, on any device.
    pub(crate) outgoing: bool,
    /// Bare; in a room that hides people the address with the nickname. Ours is
    /// always the bare one, in rooms too.
    pub(crate) address: String,
    /// Nickname in a room.
    pub(crate) name: Option<String>,
    /// XEP-0421.
    pub(crate) occupant_id: Option<String>,
}

impl Author {
    /// What tells this person from others in a conversation.
    pub(super) fn key(&self) -> &str {
        match &self.occupant_id {
            Some(id) if !self.outgoing => id,
            _ => &self.address,
        }
    }
}

/// Something that was said about a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) conversation: String,
    /// Whether the conversation is a room: there the ids that the room gives
    /// count, not those of whoever writes.
    pub(crate) room: bool,
    /// The id that names the message.
    pub(crate) target: String,
    pub(crate) author: Author,
    pub(crate) time_ms: i64,
    /// It came live, and late: others may have come before it.
    #[serde(default)]
    pub(crate) is_late: bool,
    /// It came out of a gap, and waits for its message.
    #[serde(default)]
    pub(crate) is_past: bool,
    pub(crate) said: Said,
}

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Said {
    /// It reads like this now (XEP-0308).
    Edit(Box<Edit>),
    /// Its author takes it back (XEP-0424).
    Retract,
    /// The room takes it back (XEP-0425); a moderator's nickname.
    Moderate { by: Option<String> },
    /// All that the author reacts with (XEP-0444).
    React(Vec<String>),
    /// A device of the other side has it (XEP-0184).
    Delivered,
    /// It was seen, and what is above it (XEP-0333).
    Displayed,
}

impl Said {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Edit(_) => "edit",
            Self::Retract => "retract",
            Self::Moderate { .. } => "moderate",
            Self::React(_) => "react",
            Self::Delivered => "delivered",
            Self::Displayed => "read",
        }
    }
}

/// A correction, with the ids of its stanza.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Edit {
    pub(crate) text: String,
    pub(crate) extras: Extras,
    pub(crate) wire_id: Option<String>,
    pub(crate) origin_id: Option<String>,
    pub(crate) stanza_id: Option<String>,
}

impl Edit {
    pub(super) fn ids(&self) -> impl Iterator<Item = &String> {
        let mut ids: Vec<_> = [&self.origin_id, &self.wire_id, &self.stanza_id]
            .into_iter()
            .flatten()
            .collect();
        ids.dedup();
        ids.into_iter()
    }
}

/// A message that something is said about.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) id: i64,
    pub(super) conversation: String,
    pub(super) position: i64,
    pub(super) time_ms: i64,
    pub(super) text: String,
    pub(super) author: Author,
    pub(super) wire_id: Option<String>,
    pub(super) origin_id: Option<String>,
    pub(super) stanza_id: Option<String>,
    pub(super) edited_ms: Option<i64>,
    pub(super) retracted: bool,
}

impl Target {
    /// The id by which the message is named to others.
    pub(super) fn reference(&self, room: bool) -> Option<&str> {
        let own = self.origin_id.as_deref().or(self.wire_id.as_deref());
        let given = self.stanza_id.as_deref();
        if room { given.or(own) } else { own.or(given) }
    }
}

const TARGET: &str = "id, conversation, position, time_ms, text, outgoing, author, author_name,
    occupant_id, wire_id, origin_id, stanza_id, edited_ms, retracted_ms IS NOT NULL";

fn target(row: &Row<'_>) -> rusqlite::Result<Target> {
    Ok(Target {
        id: row.get(0)?,
        conversation: row.get(1)?,
        position: row.get(2)?,
        time_ms: row.get(3)?,
        text: row.get(4)?,
        author: Author {
            outgoing: row.get(5)?,
            address: row.get(6)?,
            name: row.get(7)?,
            occupant_id: row.get(8)?,
        },
        wire_id: row.get(9)?,
        origin_id: row.get(10)?,
        stanza_id: row.get(11)?,
        edited_ms: row.get(12)?,
        retracted: row.get(13)?,
    })
}

pub(super) fn by_id(db: &Connection, id: i64) -> rusqlite::Result<Option<Target>> {
    db.prepare_cached(&format!("SELECT {TARGET} FROM messages WHERE id = ?1"))?
        .query_map([id], target)?
        .next()
        .transpose()
}

/// Messages that an id may name: those that have it first, then those of which
/// an edit has it; oldest first, as whoever repeats an id comes later.
pub(super) fn named(
    db: &Connection,
    conversation: &str,
    id: &str,
    given_only: bool,
) -> rusqlite::Result<Vec<Target>> {
    db.prepare_cached(&format!(
        "SELECT {TARGET} FROM messages WHERE id IN (
             SELECT id FROM messages WHERE conversation = ?1 AND stanza_id = ?2
             UNION SELECT id FROM messages WHERE conversation = ?1 AND origin_id = ?2 AND NOT ?3
             UNION SELECT id FROM messages WHERE conversation = ?1 AND wire_id = ?2 AND NOT ?3
             UNION SELECT message FROM message_ids
                 WHERE conversation = ?1 AND id = ?2 AND kind = 'edit')
         ORDER BY coalesce(stanza_id = ?2, 0) OR coalesce(origin_id = ?2, 0)
                  OR coalesce(wire_id = ?2, 0) DESC, position, id
         LIMIT 50"
    ))?
    .query_map(params![conversation, id, given_only], target)?
    .collect()
}

/// Whether two are the same person, as far as can be known.
fn is_same(one: &Author, other: &Author) -> bool {
    if one.outgoing || other.outgoing {
        return one.outgoing == other.outgoing;
    }
    match (&one.occupant_id, &other.occupant_id) {
        (Some(one), Some(other)) => one == other,
        (None, None) => one.address == other.address,
        _ => false,
    }
}

/// Finds what it is about, among what its author may say such a thing about.
fn find(db: &Connection, about: &About) -> rusqlite::Result<Option<Target>> {
    let given_only = about.room && !matches!(about.said, Said::Edit(_) | Said::Retract);
    let fits = |target: &Target| match about.said {
        Said::Edit(_) | Said::Retract => is_same(&target.author, &about.author),
        Said::Moderate { .. } => about.room,
        Said::React(_) => true,
        Said::Delivered => target.author.outgoing && !about.author.outgoing,
        Said::Displayed => about.room || target.author.outgoing != about.author.outgoing,
    };
    let found = named(db, &about.conversation, &about.target, given_only)?;
    Ok(found.into_iter().find(fits))
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) changed: bool,
    /// Ids that mean the message from now on.
    pub(super) learnt: Vec<String>,
}

impl From<bool> for Outcome {
    fn from(changed: bool) -> Self {
        Self {
            changed,
            learnt: Vec::new(),
        }
    }
}

/// What something was said before or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    /// After all that is here, whatever the clocks say: what comes live, and the
    /// newest page of an archive.
    News,
    /// Out of a gap: of two with one time, what is here was the later one.
    History,
    /// Nobody knows but by its time.
    ByTime,
}

/// Does what is said to the message, or keeps it until that comes. Whether
/// anything that is shown changed.
pub(crate) fn say(tx: &Transaction<'_>, about: &About, place: Place) -> rusqlite::Result<bool> {
    let rank = match place {
        Place::Gap(_) => Rank::History,
        Place::Newest if about.is_late => Rank::ByTime,
        Place::Newest => Rank::News,
    };
    run(tx, VecDeque::from([(about.clone(), rank)]))
}

/// What waited for a message with one of these ids.
pub(super) fn release<'a>(
    tx: &Transaction<'_>,
    conversation: &str,
    ids: impl IntoIterator<Item = &'a String>,
) -> rusqlite::Result<bool> {
    let mut queue = VecDeque::new();
    for id in ids {
        queue.extend(waiting(tx, conversation, id)?);
    }
    run(tx, queue)
}

fn waiting(
    tx: &Transaction<'_>,
    conversation: &str,
    id: &str,
) -> rusqlite::Result<impl Iterator<Item = (About, Rank)>> {
    let found = annotations::take(tx, conversation, id)?.into_iter();
    Ok(found.map(|about| (about, Rank::ByTime)))
}

fn run(tx: &Transaction<'_>, mut queue: VecDeque<(About, Rank)>) -> rusqlite::Result<bool> {
    let mut changed = false;
    while let Some((about, rank)) = queue.pop_front() {
        let Some(target) = find(tx, &about)? else {
            annotations::keep(tx, about, rank)?;
            continue;
        };
        let outcome = apply(tx, &target, &about, rank)?;
        changed |= outcome.changed;
        for id in &outcome.learnt {
            queue.extend(waiting(tx, &about.conversation, id)?);
        }
    }
    Ok(changed)
}

fn apply(
    tx: &Transaction<'_>,
    target: &Target,
    about: &About,
    rank: Rank,
) -> rusqlite::Result<Outcome> {
    let author = &about.author;
    Ok(match &about.said {
        Said::Edit(edit) => return edits::apply(tx, target, edit, about.time_ms, rank),
        Said::Retract => retractions::bury(tx, target, about.time_ms, None)?.into(),
        Said::Moderate { by } => {
            let by = Some(by.as_deref().unwrap_or_default());
            retractions::bury(tx, target, about.time_ms, by)?.into()
        }
        // What we react with goes out behind this, and counts then.
        Said::React(_) if author.outgoing && outbox::reacts(tx, target.id)? => false.into(),
        Said::React(emojis) => {
            reactions::put(tx, target, about.room, author, emojis, about.time_ms, rank)?.into()
        }
        Said::Delivered => states::delivered(tx, target, author, about.time_ms)?.into(),
        Said::Displayed if author.outgoing => states::seen_by_us(tx, target)?.into(),
        Said::Displayed => states::displayed(tx, target, about)?.into(),
    })
}

/// Remembers the id of a stanza that is about a message.
pub(super) fn name(
    tx: &Transaction<'_>,
    target: (&str, i64),
    id: &str,
    kind: &str,
) -> rusqlite::Result<bool> {
    let added = tx
        .prepare_cached(
            "INSERT INTO message_ids (conversation, id, message, kind) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![target.0, id, target.1, kind])?;
    Ok(added > 0)
}

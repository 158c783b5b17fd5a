//! What is said about a message: that it reads otherwise now, is taken back,
//! pleases, arrived, was seen. It may come before the message itself; then it
//! waits among the [`super::annotations`].

use std::collections::VecDeque;

use rusqlite::{Connection, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use super::content::Extras;
use super::place::new_position;
use super::{Place, annotations, edits, reactions, retractions, states};
use crate::store::outbox::{self, OutboxKind};
use crate::store::rooms;

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
    /// The id that its sender gave to the stanza which says it.
    #[serde(default)]
    pub(crate) said_id: Option<String>,
    /// It came live, and late: others may have come before it.
    #[serde(default)]
    pub(crate) is_late: bool,
    /// It came in its place among all that was said: out of an archive, or in a
    /// room.
    #[serde(default)]
    pub(crate) is_ordered: bool,
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

    /// Whether it takes the place of what the same author said before: then the
    /// last counts.
    pub(crate) fn replaces(&self) -> bool {
        matches!(self, Self::Edit(_) | Self::React(_))
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
    pub(super) edit_position: Option<i64>,
    pub(super) retracted: bool,
}

impl Target {
    pub(super) fn notice(room: &str, id: &str) -> Self {
        Self {
            id: 0,
            conversation: room.to_owned(),
            position: 0,
            time_ms: 0,
            text: String::new(),
            author: Author::default(),
            wire_id: None,
            origin_id: None,
            stanza_id: Some(id.to_owned()),
            edited_ms: None,
            edit_position: None,
            retracted: false,
        }
    }

    /// The id by which the message is named to others.
    pub(super) fn reference(&self, room: bool) -> Option<&str> {
        let own = self.origin_id.as_deref().or(self.wire_id.as_deref());
        let given = self.stanza_id.as_deref();
        if room { given.or(own) } else { own.or(given) }
    }
}

const TARGET: &str = "id, conversation, position, time_ms, text, outgoing, author, author_name,
    occupant_id, wire_id, origin_id, stanza_id, edited_ms, edit_position, retracted_ms IS NOT NULL";

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
        edit_position: row.get(13)?,
        retracted: row.get(14)?,
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
             UNION SELECT id FROM messages WHERE conversation = ?1 AND origin_id = ?2
                 AND origin_id IS NOT wire_id AND NOT ?3
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

/// The notice of a room is no message that is kept, but people react to it.
fn notice(db: &Connection, about: &About) -> rusqlite::Result<Option<Target>> {
    let is_notice = about.room
        && matches!(about.said, Said::React(_))
        && rooms::notice::is(db, &about.conversation, &about.target)?;
    Ok(is_notice.then(|| Target::notice(&about.conversation, &about.target)))
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

/// When something was said.
#[derive(Debug, Clone, Copy)]
pub(super) struct When {
    pub(super) time_ms: i64,
    /// In the one order.
    pub(super) position: i64,
    /// See [`About::is_late`]: then the time has to do.
    pub(super) is_late: bool,
    /// See [`About::is_ordered`].
    pub(super) is_ordered: bool,
}

impl When {
    /// We say it now, behind all that is here; later than whatever was said `since`,
    /// by whichever clock.
    pub(super) fn now(
        tx: &Transaction<'_>,
        now_ms: i64,
        since: Option<i64>,
    ) -> rusqlite::Result<Self> {
        Ok(Self {
            time_ms: now_ms.max(since.map_or(i64::MIN, |last| last + 1)),
            position: new_position(tx, Place::Newest)?,
            is_late: false,
            is_ordered: false,
        })
    }
}

/// Does what is said to the message, or keeps it until that comes. Whether
/// anything that is shown changed.
pub(crate) fn say(tx: &Transaction<'_>, about: &About, place: Place) -> rusqlite::Result<bool> {
    let position = match about.said.replaces() {
        true => new_position(tx, place)?,
        false => 0,
    };
    // One of ours that comes back need not be sent any more.
    let arrived = match about.said_id.as_ref().filter(|_| about.author.outgoing) {
        Some(id) => outbox::arrived(tx, &about.conversation, id)?,
        None => None,
    };
    let changed = run(tx, VecDeque::from([(about.clone(), position)]))?;
    if let Some(message) = arrived {
        release_from(tx, message)?;
    }
    Ok(changed || arrived.is_some())
}

/// What we said about a message is at the server, behind all that has come. If
/// something crossed it, the archive will say what was first.
pub(in crate::store) fn went(
    tx: &Transaction<'_>,
    message: i64,
    kind: OutboxKind,
) -> rusqlite::Result<()> {
    let Some(target) = by_id(tx, message)? else {
        return Ok(());
    };
    match kind {
        OutboxKind::Edit => edits::moved(tx, message, new_position(tx, Place::Newest)?)?,
        OutboxKind::React => {
            let room = reactions::is_room(tx, &target.conversation)?;
            reactions::moved(tx, &target, room, new_position(tx, Place::Newest)?)?;
        }
        _ => return Ok(()),
    }
    release_from(tx, message)
}

/// What waited for a message with one of these ids.
pub(super) fn release<'a>(
    tx: &Transaction<'_>,
    conversation: &str,
    ids: impl IntoIterator<Item = &'a String>,
) -> rusqlite::Result<bool> {
    let mut queue = VecDeque::new();
    for id in ids {
        queue.extend(annotations::take(tx, conversation, id)?);
    }
    run(tx, queue)
}

/// What another device of ours said about a message while this one had something
/// to say about it.
pub(super) fn release_from(tx: &Transaction<'_>, message: i64) -> rusqlite::Result<()> {
    let Some(target) = by_id(tx, message)? else {
        return Ok(());
    };
    let edits: Vec<String> = tx
        .prepare_cached("SELECT id FROM message_ids WHERE message = ?1 AND kind = 'edit'")?
        .query_map([message], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let own = [&target.origin_id, &target.wire_id, &target.stanza_id];
    let ids = own.into_iter().flatten().chain(&edits);
    release(tx, &target.conversation, ids).map(drop)
}

fn run(tx: &Transaction<'_>, mut queue: VecDeque<(About, i64)>) -> rusqlite::Result<bool> {
    let mut changed = false;
    while let Some((about, position)) = queue.pop_front() {
        let target = match find(tx, &about)? {
            None => notice(tx, &about)?,
            found => found,
        };
        // What we say goes out behind this; where it has gone already, nobody knows
        // yet which of the two is the last.
        let waits = match &target {
            Some(target) if about.said.replaces() && about.author.outgoing => {
                outbox::says(tx, target.id, about.said.kind())?
            }
            _ => false,
        };
        let Some(target) = target.filter(|_| !waits) else {
            annotations::keep(tx, &about, position)?;
            continue;
        };
        let outcome = apply(tx, &target, &about, position)?;
        changed |= outcome.changed;
        for id in &outcome.learnt {
            queue.extend(annotations::take(tx, &about.conversation, id)?);
        }
    }
    Ok(changed)
}

fn apply(
    tx: &Transaction<'_>,
    target: &Target,
    about: &About,
    position: i64,
) -> rusqlite::Result<Outcome> {
    let author = &about.author;
    let when = When {
        time_ms: about.time_ms,
        position,
        is_late: about.is_late,
        is_ordered: about.is_ordered,
    };
    Ok(match &about.said {
        Said::Edit(edit) => return edits::apply(tx, target, edit, when),
        Said::Retract => retractions::bury(tx, target, about.time_ms, None)?.into(),
        Said::Moderate { by } => {
            let by = Some(by.as_deref().unwrap_or_default());
            retractions::bury(tx, target, about.time_ms, by)?.into()
        }
        Said::React(emojis) => reactions::put(tx, target, about.room, author, emojis, when)?.into(),
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

//! What a message says, however it came and wherever: between two people, or in
//! a room.

use xmpp_core::{Element, datetime, ns};
use xmpp_parsers::chatstates::ChatState;

use super::{Meaning, attachments, body};
use crate::store::messages::{
    About, Author, Edit, Extras, Kind, Received, Reply, Retracted, Said, tidy_reactions,
};

/// Longest id that is kept, in bytes.
const LONGEST_ID: usize = 1024;

/// What is known of a stanza before it is read.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) conversation: String,
    /// Whether the conversation is a room.
    pub(super) room: bool,
    pub(super) author: Author,
    /// Whether a room itself speaks, not somebody in it.
    pub(super) is_service: bool,
    /// What means us in a mention: our bare address, in a room also the one with
    /// our nickname, and the room's.
    pub(super) my_addresses: Vec<String>,
    /// What means us behind an `@`.
    pub(super) my_names: Vec<String>,
    /// What the conversation's archive calls it (XEP-0359).
    pub(super) stanza_id: Option<String>,
    /// When it was sent.
    pub(super) time_ms: i64,
    /// Whether that is a while ago.
    pub(super) is_delayed: bool,
    /// Whether it comes from an archive.
    pub(super) is_archived: bool,
}

impl Frame {
    fn about(&self, target: &str, said: Said) -> Meaning {
        Meaning::About(Box::new(About {
            conversation: self.conversation.clone(),
            room: self.room,
            target: target.to_owned(),
            author: self.author.clone(),
            time_ms: self.time_ms,
            said_id: None,
            is_late: self.is_delayed && !self.is_archived,
            is_ordered: self.is_archived || (self.room && !self.is_delayed),
            said,
        }))
    }
}

/// The ids of a stanza that its sender made.
struct Ids {
    wire: Option<String>,
    origin: Option<String>,
}

fn id_of(element: &Element) -> Option<&str> {
    element
        .attr("id")
        .filter(|id| !id.is_empty() && id.len() <= LONGEST_ID)
}

/// Reads a message.
pub(super) fn meanings(frame: &Frame, stanza: &Element) -> Vec<Meaning> {
    let ids = Ids {
        wire: id_of(stanza).map(str::to_owned),
        origin: stanza
            .get_child("origin-id", ns::STANZA_ID)
            .and_then(id_of)
            .map(str::to_owned),
    };
    let said_id = ids.origin.clone().or_else(|| ids.wire.clone());
    let mut meanings = with_ids(frame, ids, stanza);
    for meaning in &mut meanings {
        if let Meaning::About(about) = meaning {
            about.said_id.clone_from(&said_id);
        }
    }
    meanings
}

fn with_ids(frame: &Frame, ids: Ids, stanza: &Element) -> Vec<Meaning> {
    if let Some(retraction) = retraction(frame, stanza) {
        return vec![retraction];
    }
    if let Some(retracted) = tombstone(frame, stanza) {
        return vec![message(
            frame,
            ids,
            String::new(),
            Extras::default(),
            Some(retracted),
            false,
        )];
    }
    let mut meanings = Vec::new();
    if let Some((text, extras)) = said(frame, stanza) {
        let replaces = stanza.get_child("replace", ns::CORRECTION).and_then(id_of);
        meanings.push(match replaces {
            Some(target) => frame.about(
                target,
                Said::Edit(Box::new(Edit {
                    text,
                    extras,
                    wire_id: ids.wire,
                    origin_id: ids.origin,
                    stanza_id: frame.stanza_id.clone(),
                })),
            ),
            None => {
                let wants_receipt = !frame.author.outgoing
                    && !frame.room
                    && stanza.has_child("request", ns::RECEIPTS);
                let mut read = message(frame, ids, text, extras, None, wants_receipt);
                if let Meaning::Message(received) = &mut read {
                    received.markable = stanza.has_child("markable", ns::MARKERS);
                }
                read
            }
        });
    }
    meanings.extend(stanza.children().filter_map(|child| beside(frame, child)));
    meanings
}

fn message(
    frame: &Frame,
    ids: Ids,
    text: String,
    extras: Extras,
    retracted: Option<Retracted>,
    wants_receipt: bool,
) -> Meaning {
    Meaning::Message(Box::new(Received {
        conversation: frame.conversation.clone(),
        outgoing: frame.author.outgoing,
        author: frame.author.address.clone(),
        author_name: frame.author.name.clone(),
        occupant_id: frame.author.occupant_id.clone(),
        text,
        extras,
        time_ms: frame.time_ms,
        wire_id: ids.wire,
        origin_id: ids.origin,
        stanza_id: frame.stanza_id.clone(),
        retracted,
        wants_receipt,
        markable: false,
    }))
}

/// The text and what belongs to it; `None` if nothing is to be shown.
fn said(frame: &Frame, stanza: &Element) -> Option<(String, Extras)> {
    let body = body::read(stanza);
    let attachments = attachments::read(stanza);
    let encryption = stanza.get_child("encryption", ns::ENCRYPTION);
    let mut text = body
        .as_ref()
        .map_or_else(String::new, |body| body.text.clone());
    // A text that only repeats where the file is.
    let is_address = attachments
        .iter()
        .any(|file| file.url.as_deref() == Some(text.trim()));
    if is_address {
        text.clear();
    }
    if text.is_empty() && attachments.is_empty() {
        return None;
    }
    let (mentions, mentions_me) = body::mentions(
        stanza,
        body.as_ref().filter(|_| !is_address),
        &frame.my_addresses,
        &frame.my_names,
    );
    let reply = stanza
        .get_child("reply", ns::REPLY)
        .and_then(|reply| Some((id_of(reply)?, reply.attr("to"))))
        .map(|(id, to)| Reply {
            id: id.to_owned(),
            author: to.and_then(|to| author_of(frame.room, to)),
            excerpt: body.as_ref().and_then(|body| body.quote.clone()),
        });
    let kind = if attachments.is_empty() {
        Kind::Text
    } else {
        Kind::File
    };
    let extras = Extras {
        kind,
        reply,
        mentions,
        mentions_me: mentions_me && !frame.author.outgoing,
        attachments,
        unstyled: stanza.has_child("unstyled", ns::STYLING),
        encrypted: encryption.is_some(),
    };
    Some((text, extras))
}

/// Whom a reply answers: between two people the bare address.
fn author_of(room: bool, to: &str) -> Option<String> {
    let to = jid::Jid::new(to).ok()?;
    Some(if room {
        to.to_string()
    } else {
        to.to_bare().to_string()
    })
}

/// A message is taken back by its author (XEP-0424) or by the room (XEP-0425), as
/// the specifications are now or, COMPAT, as they were when they wrapped it
/// (XEP-0422).
fn retraction(frame: &Frame, stanza: &Element) -> Option<Meaning> {
    let (target, moderated) = if let Some(retract) = stanza.get_child("retract", ns::RETRACT) {
        (
            id_of(retract)?,
            retract.get_child("moderated", ns::MODERATION),
        )
    } else {
        let apply = stanza.get_child("apply-to", ns::FASTEN)?;
        let moderated = apply.get_child("moderated", ns::MODERATION_0);
        let retracts = moderated
            .unwrap_or(apply)
            .has_child("retract", ns::RETRACT_0);
        if !retracts {
            return None;
        }
        (id_of(apply)?, moderated)
    };
    match moderated {
        None => Some(frame.about(target, Said::Retract)),
        // Only the room itself may say so.
        Some(moderated) if frame.room && frame.is_service => Some(frame.about(
            target,
            Said::Moderate {
                by: moderator(moderated),
            },
        )),
        Some(_) => None,
    }
}

/// What an archive has in the place of a message that was taken back.
fn tombstone(frame: &Frame, stanza: &Element) -> Option<Retracted> {
    if !frame.is_archived {
        return None;
    }
    let (retracted, moderated) = if let Some(mark) = stanza.get_child("retracted", ns::RETRACT) {
        (mark, mark.get_child("moderated", ns::MODERATION))
    } else if let Some(moderated) = stanza.get_child("moderated", ns::MODERATION_0) {
        (
            moderated.get_child("retracted", ns::RETRACT_0)?,
            Some(moderated),
        )
    } else {
        (stanza.get_child("retracted", ns::RETRACT_0)?, None)
    };
    let time_ms = retracted.attr("stamp").and_then(datetime::parse_ms);
    Some(Retracted {
        time_ms: time_ms.unwrap_or(frame.time_ms),
        // Between two people nobody else takes anything back.
        by: moderated
            .filter(|_| frame.room)
            .map(|moderated| moderator(moderated).unwrap_or_default()),
    })
}

/// The nickname of a moderator.
fn moderator(moderated: &Element) -> Option<String> {
    let by = jid::Jid::new(moderated.attr("by")?).ok()?;
    Some(match by.resource() {
        Some(nick) => nick.to_string(),
        None => by.to_string(),
    })
}

/// What may stand beside a text, or alone.
fn beside(frame: &Frame, child: &Element) -> Option<Meaning> {
    let outgoing = frame.author.outgoing;
    match (child.name(), child.ns().as_str()) {
        ("reactions", ns::REACTIONS) => {
            let emojis = child
                .children()
                .filter(|reaction| reaction.is("reaction", ns::REACTIONS))
                .map(Element::text);
            Some(frame.about(id_of(child)?, Said::React(tidy_reactions(emojis))))
        }
        ("received", ns::RECEIPTS) if !outgoing && !frame.room => {
            Some(frame.about(id_of(child)?, Said::Delivered))
        }
        ("displayed", ns::MARKERS) => Some(frame.about(id_of(child)?, Said::Displayed)),
        (_, ns::CHAT_STATES) if !outgoing && !frame.is_delayed => {
            let state = ChatState::try_from(child.clone()).ok()?;
            Some(Meaning::Typing {
                conversation: frame.conversation.clone(),
                typing: state == ChatState::Composing,
            })
        }
        _ => None,
    }
}

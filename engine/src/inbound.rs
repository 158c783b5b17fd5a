//! What a message stanza means. Pure: a stanza in, a closed list of meanings out.
//!
//! Here a stanza is unwrapped, however it came: live, as a copy of what another
//! device sent or received (XEP-0280), out of an archive (XEP-0313). What it says
//! is read in [`content`].

mod attachments;
mod body;
mod content;
pub(crate) mod room;

use jid::{BareJid, Jid};
use xmpp_core::stanza_error::StanzaError;
use xmpp_core::{Element, datetime, ns};
use xmpp_parsers::{carbons, mam};

use crate::store::messages::{About, Author, Received};
use crate::store::rooms::invitations::Invitation;
use content::Frame;

/// One thing that a message stanza says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A message.
    Message(Box<Received>),
    /// Something about a message: an edit, a reaction, that it was seen.
    About(Box<About>),
    /// The other side types, or stopped (XEP-0085).
    Typing { conversation: String, typing: bool },
    /// Somebody invites us to a room.
    Invited(Invitation),
    /// A message of ours was refused.
    Refused {
        /// By whom: a person, a room, or (as far as can be told) somebody in a room.
        by: Jid,
        wire_id: String,
        error: StanzaError,
    },
}

impl Meaning {
    /// Where a message from the archive stands: its conversation, and its archive
    /// id.
    pub(crate) fn place(&self) -> Option<(&str, &str)> {
        match self {
            Self::Message(received) => {
                Some((&received.conversation, received.stanza_id.as_deref()?))
            }
            _ => None,
        }
    }

    /// Whether it is a text, and not about one.
    pub(crate) fn is_message(&self) -> bool {
        matches!(self, Self::Message(_))
    }

    /// Whether it takes the place of what its author said before: then the last
    /// counts.
    pub(crate) fn replaces(&self) -> bool {
        matches!(self, Self::About(about) if about.said.replaces())
    }

    /// Whether it does so for us, as other devices of ours may do.
    pub(crate) fn replaces_ours(&self) -> bool {
        matches!(self, Self::About(about) if about.said.replaces() && about.author.outgoing)
    }
}

/// A message of a page of the archive (XEP-0313).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Archived {
    pub(crate) query_id: Option<String>,
    pub(crate) meanings: Vec<Meaning>,
}

/// How a stanza came.
#[derive(Debug, Clone, Copy)]
struct Path<'a> {
    /// Our own bare address.
    own: &'a BareJid,
    /// When it was sent, if it did not come at once.
    stamp_ms: Option<i64>,
    /// The archive's id of it, if it comes from there.
    archive_id: Option<&'a str>,
    now_ms: i64,
}

/// Whether it holds a copy (XEP-0280, section 6). Not so what only asks for none
/// (section 8), which some servers leave in.
pub(crate) fn is_copy(child: &Element) -> bool {
    child.has_ns(ns::CARBONS) && matches!(child.name(), "sent" | "received")
}

/// Reads a live message stanza.
pub(crate) fn live(own: &BareJid, stanza: &Element, now_ms: i64) -> Vec<Meaning> {
    let from_us = stanza
        .attr("from")
        .is_none_or(|from| BareJid::new(from).is_ok_and(|from| from == *own));
    // A copy of what another device sent or received: only our own account may
    // say so (XEP-0280, section 11; CVE-2017-5589 and its kin).
    if let Some(child) = stanza.children().find(|child| is_copy(child)) {
        if !from_us {
            return Vec::new();
        }
        let inner = match child.name() {
            "sent" => carbons::Sent::try_from(child.clone())
                .ok()
                .map(|sent| sent.forwarded),
            "received" => carbons::Received::try_from(child.clone())
                .ok()
                .map(|received| received.forwarded),
            _ => None,
        };
        return inner.map_or_else(Vec::new, |forwarded| {
            let stamp_ms = forwarded
                .delay
                .map(|delay| delay.stamp.0.timestamp_millis());
            let inner = Element::from(forwarded.message);
            let path = Path {
                own,
                stamp_ms: stamp_ms.or_else(|| stamp(&inner)),
                archive_id: None,
                now_ms,
            };
            read(&path, &inner)
        });
    }
    let path = Path {
        own,
        stamp_ms: stamp(stanza),
        archive_id: None,
        now_ms,
    };
    read(&path, stanza)
}

/// When it was sent (XEP-0203).
fn stamp(stanza: &Element) -> Option<i64> {
    stanza
        .get_child("delay", ns::DELAY)
        .and_then(|delay| delay.attr("stamp"))
        .and_then(datetime::parse_ms)
}

/// Reads a message of the archive; `None` if the stanza is no such thing.
pub(crate) fn archived(own: &BareJid, stanza: &Element, now_ms: i64) -> Option<Archived> {
    let result = stanza.get_child("result", ns::MAM)?;
    let from_us = stanza
        .attr("from")
        .is_none_or(|from| BareJid::new(from).is_ok_and(|from| from == *own));
    let nothing = Archived {
        query_id: None,
        meanings: Vec::new(),
    };
    if !from_us {
        return Some(nothing);
    }
    let Ok(result) = mam::Result_::try_from(result.clone()) else {
        return Some(nothing);
    };
    let stamp_ms = result
        .forwarded
        .delay
        .map(|delay| delay.stamp.0.timestamp_millis());
    let inner = Element::from(result.forwarded.message);
    let path = Path {
        own,
        stamp_ms,
        archive_id: Some(&result.id),
        now_ms,
    };
    // What was typed then does not matter now.
    let meanings = read(&path, &inner)
        .into_iter()
        .filter(|meaning| !matches!(meaning, Meaning::Typing { .. }))
        .collect();
    Some(Archived {
        query_id: result.queryid.map(|id| id.0),
        meanings,
    })
}

fn read(path: &Path<'_>, stanza: &Element) -> Vec<Meaning> {
    let address = |name: &str| stanza.attr(name).and_then(|text| Jid::new(text).ok());
    let own = || Jid::from(path.own.clone());
    let (sender, receiver) = (
        address("from").unwrap_or_else(own),
        address("to").unwrap_or_else(own),
    );
    let from = sender.to_bare();
    let outgoing = from == *path.own;
    let peer = if outgoing { receiver } else { sender };
    let other = peer.to_bare();
    if other.node().is_none() {
        // Announcements of the server have no conversation (yet).
        return Vec::new();
    }
    match stanza.attr("type") {
        Some("error") => return refused(&peer, stanza),
        // What a room says is read by `room`; headlines are not kept.
        Some("groupchat" | "headline") => return Vec::new(),
        _ => {}
    }
    let time_ms = path.stamp_ms.unwrap_or(path.now_ms);
    if let Some(invitation) = room::invitation(path.own, stanza, time_ms, path.archive_id.is_some())
    {
        return vec![Meaning::Invited(invitation)];
    }
    // Between two people in a room: whoever has the nickname is the other one.
    let is_private = room::is_private(stanza);
    let nick = peer.resource().filter(|_| is_private);
    if is_private && nick.is_none() {
        // What a room itself has to say is no message of anybody.
        return Vec::new();
    }
    let conversation = match nick {
        Some(_) => peer.to_string(),
        None => other.to_string(),
    };
    let frame = Frame {
        author: Author {
            outgoing,
            address: match outgoing {
                true => from.to_string(),
                false => conversation.clone(),
            },
            name: nick.filter(|_| !outgoing).map(ToString::to_string),
            occupant_id: None,
        },
        conversation,
        room: false,
        is_service: false,
        my_addresses: vec![path.own.to_string()],
        my_names: path
            .own
            .node()
            .map(ToString::to_string)
            .into_iter()
            .collect(),
        stanza_id: path
            .archive_id
            .map(str::to_owned)
            .or_else(|| stanza_id(stanza, path.own)),
        // The sender may have written it: nothing comes from the future, and
        // stays on top of the list for ever.
        time_ms: path.stamp_ms.map_or(path.now_ms, |stamp_ms| {
            if path.archive_id.is_some() {
                stamp_ms
            } else {
                stamp_ms.min(path.now_ms)
            }
        }),
        is_delayed: path.stamp_ms.is_some(),
        is_archived: path.archive_id.is_some(),
    };
    let mut meanings = content::meanings(&frame, stanza);
    if nick.is_some() {
        room::keep_once(&mut meanings);
    }
    meanings
}

fn refused(peer: &Jid, stanza: &Element) -> Vec<Meaning> {
    let Some(wire_id) = stanza.attr("id").filter(|id| !id.is_empty()) else {
        return Vec::new();
    };
    vec![Meaning::Refused {
        by: peer.clone(),
        wire_id: wire_id.to_owned(),
        error: StanzaError::from_stanza(stanza),
    }]
}

/// The id under which an archive has it (XEP-0359): only what the archive's
/// owner says under its own name counts.
fn stanza_id(stanza: &Element, by: &BareJid) -> Option<String> {
    stanza
        .children()
        .find(|child| {
            child.is("stanza-id", ns::STANZA_ID)
                && child.attr("by").is_some_and(|name| name == by.as_str())
        })
        .and_then(|child| child.attr("id"))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests;

//! What a message of a room means (XEP-0045, section 7.4; XEP-0313 for rooms;
//! XEP-0421), and what an invitation says (XEP-0249; XEP-0045, section 7.8).
//!
//! Who speaks is what the room says, never what the message says of itself.

pub(crate) mod presence;

use std::collections::HashMap;

use jid::{BareJid, Jid};
use xmpp_core::{Element, datetime, ns};
use xmpp_parsers::mam;

use super::Meaning;
use super::content::{self, Frame};
use crate::store::messages::Author;
use crate::store::rooms::invitations::Invitation;

/// Longest id that is kept, in bytes.
const LONGEST_ID: usize = 1024;
/// Longest reason of an invitation, in characters.
const LONGEST_REASON: usize = 1000;

/// Where we sit in a room, and whom we see.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) own: BareJid,
    pub(crate) room: BareJid,
    /// Ours.
    pub(crate) nick: String,
    /// Ours (XEP-0421).
    pub(crate) occupant_id: Option<String>,
    /// Bare addresses by occupant id.
    pub(crate) by_id: HashMap<String, String>,
    /// Bare addresses by nickname, of those who are there now.
    pub(crate) by_nick: HashMap<String, String>,
}

/// Who speaks.
struct Speaker {
    author: Author,
    /// Whether it is the room itself.
    is_service: bool,
}

/// What a message of a room says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RoomNews {
    pub(crate) meanings: Vec<Meaning>,
    /// The new subject; empty for none.
    pub(crate) subject: Option<String>,
    /// Whether the room is set up differently now (XEP-0045, section 10.2.1).
    pub(crate) is_changed: bool,
    /// What the room's archive calls it.
    pub(crate) stanza_id: Option<String>,
}

/// Reads a live message of a room.
pub(crate) fn live(seat: &Seat, stanza: &Element, now_ms: i64) -> RoomNews {
    let stamp_ms = stanza
        .get_child("delay", ns::DELAY)
        .and_then(|delay| delay.attr("stamp"))
        .and_then(datetime::parse_ms)
        // Nothing comes from the future, and stays on top of the list for ever.
        .map(|stamp_ms| stamp_ms.min(now_ms));
    let stanza_id = stanza_id(stanza, &seat.room);
    let Some(speaker) = speaker(seat, stanza, false) else {
        return RoomNews::default();
    };
    // XEP-0045, section 8.1: a subject comes without a body.
    let subject = stanza
        .get_child("subject", ns::CLIENT)
        .filter(|_| !stanza.has_child("body", ns::CLIENT))
        .map(Element::text);
    let is_changed = speaker.is_service && says_change(stanza);
    let frame = frame(seat, speaker, stanza_id.clone(), stamp_ms, now_ms);
    RoomNews {
        meanings: meanings(&frame, stanza),
        subject,
        is_changed,
        stanza_id,
    }
}

/// Reads a message of a room's archive.
pub(crate) fn archived(seat: &Seat, stanza: &Element, now_ms: i64) -> Vec<Meaning> {
    let from_room = stanza
        .attr("from")
        .is_some_and(|from| BareJid::new(from).is_ok_and(|from| from == seat.room));
    if !from_room {
        return Vec::new();
    }
    let Some(result) = stanza.get_child("result", ns::MAM).cloned() else {
        return Vec::new();
    };
    let Ok(result) = mam::Result_::try_from(result) else {
        return Vec::new();
    };
    let stamp_ms = result
        .forwarded
        .delay
        .map(|delay| delay.stamp.0.timestamp_millis());
    let inner = Element::from(result.forwarded.message);
    let Some(speaker) = speaker(seat, &inner, true) else {
        return Vec::new();
    };
    let mut frame = frame(seat, speaker, Some(result.id), stamp_ms, now_ms);
    frame.is_archived = true;
    meanings(&frame, &inner)
        .into_iter()
        .filter(|meaning| !matches!(meaning, Meaning::Typing { .. }))
        .collect()
}

/// Who speaks; `None` if it is not from this room.
fn speaker(seat: &Seat, stanza: &Element, is_archived: bool) -> Option<Speaker> {
    let from = Jid::new(stanza.attr("from")?).ok()?;
    if from.to_bare() != seat.room {
        return None;
    }
    let Some(nick) = from.resource().map(ToString::to_string) else {
        return Some(Speaker {
            author: Author {
                address: seat.room.to_string(),
                ..Author::default()
            },
            is_service: true,
        });
    };
    let occupant_id = stanza
        .get_child("occupant-id", ns::OCCUPANT_ID)
        .and_then(id_of)
        .map(str::to_owned);
    // Rooms write into their archives who it was (XEP-0313 for rooms); in what
    // comes live only presence says so.
    let written = is_archived
        .then(|| stanza.get_child("x", ns::MUC_USER))
        .flatten()
        .and_then(|user| user.get_child("item", ns::MUC_USER))
        .and_then(|item| Some(Jid::new(item.attr("jid")?).ok()?.to_bare()));
    let known = || {
        let by_id = occupant_id.as_ref().and_then(|id| seat.by_id.get(id));
        let by_nick = seat.by_nick.get(&nick).filter(|_| !is_archived);
        by_id.or(by_nick).cloned()
    };
    let address = known().or_else(|| written.map(|address| address.to_string()));
    let outgoing = match (&address, &occupant_id, &seat.occupant_id) {
        (Some(address), ..) => *address == seat.own.as_str(),
        (None, Some(id), Some(ours)) => id == ours,
        _ => nick == seat.nick,
    };
    let address = if outgoing {
        seat.own.to_string()
    } else {
        address.unwrap_or_else(|| from.to_string())
    };
    Some(Speaker {
        author: Author {
            outgoing,
            address,
            name: Some(nick),
            occupant_id,
        },
        is_service: false,
    })
}

/// What is known of a message before it is read.
fn frame(
    seat: &Seat,
    speaker: Speaker,
    stanza_id: Option<String>,
    stamp_ms: Option<i64>,
    now_ms: i64,
) -> Frame {
    Frame {
        conversation: seat.room.to_string(),
        room: true,
        author: speaker.author,
        is_service: speaker.is_service,
        my_addresses: vec![
            seat.own.to_string(),
            format!("{}/{}", seat.room, seat.nick),
            // Who names the room means everybody in it.
            seat.room.to_string(),
        ],
        my_names: vec![seat.nick.clone()],
        stanza_id,
        time_ms: stamp_ms.unwrap_or(now_ms),
        is_delayed: stamp_ms.is_some(),
        is_archived: false,
    }
}

fn meanings(frame: &Frame, stanza: &Element) -> Vec<Meaning> {
    let mut meanings = content::meanings(frame, stanza);
    meanings.retain(|meaning| match meaning {
        // What the room itself has to say is no message of anybody.
        Meaning::Message(_) | Meaning::Typing { .. } => !frame.is_service,
        _ => true,
    });
    for meaning in &mut meanings {
        if let Meaning::Message(received) = meaning
            && received.outgoing
            && received.origin_id.is_none()
        {
            // COMPAT: rooms that take the origin id away leave the id attribute,
            // which we make the same.
            received.origin_id.clone_from(&received.wire_id);
        }
    }
    meanings
}

/// XEP-0045, section 10.2.1: what it was set up to.
fn says_change(stanza: &Element) -> bool {
    stanza
        .get_child("x", ns::MUC_USER)
        .is_some_and(|user| presence::statuses(user).any(|code| matches!(code, 104 | 170..=174)))
}

/// Reads an invitation out of a message that is not a room's.
pub(crate) fn invitation(
    own: &BareJid,
    stanza: &Element,
    time_ms: i64,
    archived: bool,
) -> Option<Invitation> {
    let from = Jid::new(stanza.attr("from")?).ok()?.to_bare();
    if from == *own {
        // Our own invitations of others.
        return None;
    }
    let text = |text: String| text.chars().take(LONGEST_REASON).collect::<String>();
    let mediated = stanza
        .get_child("x", ns::MUC_USER)
        .and_then(|user| Some((user, user.get_child("invite", ns::MUC_USER)?)));
    if let Some((user, invite)) = mediated {
        let inviter = Jid::new(invite.attr("from").unwrap_or(from.as_str())).ok()?;
        let inviter = if inviter.to_bare() == from {
            inviter.to_string()
        } else {
            inviter.to_bare().to_string()
        };
        return from.node().is_some().then(|| Invitation {
            room: from.to_string(),
            inviter,
            reason: invite
                .get_child("reason", ns::MUC_USER)
                .map(|reason| text(reason.text()))
                .unwrap_or_default(),
            password: user.get_child("password", ns::MUC_USER).map(Element::text),
            mediated: true,
            time_ms,
            archived,
        });
    }
    let direct = stanza.get_child("x", ns::DIRECT_INVITE)?;
    let room = BareJid::new(direct.attr("jid")?).ok()?;
    room.node()?;
    Some(Invitation {
        room: room.to_string(),
        inviter: from.to_string(),
        reason: text(direct.attr("reason").unwrap_or_default().to_owned()),
        password: direct.attr("password").map(str::to_owned),
        mediated: false,
        time_ms,
        archived,
    })
}

/// A room gives what is said to one of us to each of our devices, and our own server
/// keeps each of them under an id of its own: the sender's id tells that they are one.
pub(super) fn keep_once(meanings: &mut [Meaning]) {
    for meaning in meanings {
        if let Meaning::Message(received) = meaning
            && received.origin_id.is_none()
        {
            received.origin_id.clone_from(&received.wire_id);
        }
    }
}

/// Whether a message is between two people in a room (XEP-0045, section 7.5).
pub(crate) fn is_private(stanza: &Element) -> bool {
    stanza.attr("type") != Some("groupchat") && stanza.has_child("x", ns::MUC_USER)
}

/// The id under which the room's archive has it (XEP-0359).
fn stanza_id(stanza: &Element, room: &BareJid) -> Option<String> {
    stanza
        .children()
        .find(|child| {
            child.is("stanza-id", ns::STANZA_ID)
                && child
                    .attr("by")
                    .is_some_and(|by| BareJid::new(by).is_ok_and(|by| by == *room))
        })
        .and_then(id_of)
        .map(str::to_owned)
}

fn id_of(element: &Element) -> Option<&str> {
    element
        .attr("id")
        .filter(|id| !id.is_empty() && id.len() <= LONGEST_ID)
}

#[cfg(test)]
mod tests;

//! Messages in rooms (XEP-0045, sections 7.4, 7.5 and 8.1).

use std::sync::Arc;

use jid::Jid;
use xmpp_core::element::{self, build, set_attr};
use xmpp_core::rules::{self, MessageKind};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::affiliation::Role;
use super::config::PrivateMessages;
use super::moderation;
use super::post::Post;
use super::room::{Occupant, Room};
use super::{Sender, invitations};
use crate::clock;
use crate::server::Server;
use crate::session::{Effect, Handled, Work, origin_id};
use crate::store::archive::{self, NewMessage, Stored};
use crate::store::rooms as rows;

/// Takes a message for a room. The future ends when it is on disk.
pub(crate) fn message(server: &Arc<Server>, sender: Sender, to: &Jid, message: Element) -> Work {
    let done = |effect| -> Work { Box::pin(std::future::ready(Handled::Done(effect))) };
    let Some(name) = to.node().map(|node| node.as_str().to_owned()) else {
        let refusal = StanzaError::from(Condition::ServiceUnavailable).reply_to(&message);
        return done(refusal.map_or(Effect::Nothing, Effect::Refuse));
    };
    let nick = to.resource().map(|nick| nick.as_str().to_owned());
    let server = Arc::clone(server);
    match (MessageKind::of(&message), nick) {
        (MessageKind::Error, None) => done(Effect::Nothing),
        (MessageKind::Groupchat, None) => Box::pin(async move {
            let taken = speak(&server, &sender, name, &message);
            answered(&message, taken.await)
        }),
        (MessageKind::Groupchat, Some(_)) => {
            let refusal = StanzaError::from(Condition::BadRequest).reply_to(&message);
            done(refusal.map_or(Effect::Nothing, Effect::Refuse))
        }
        (_, Some(nick)) => Box::pin(async move {
            let taken = whisper(&server, &sender, name, &nick, &message);
            answered(&message, taken.await)
        }),
        (_, None) => Box::pin(async move {
            let taken = invitations::message(&server, &sender, &name, &message).await;
            answered(
                &message,
                taken.map(|()| Effect::Nothing).map_err(Refusal::from),
            )
        }),
    }
}

/// Why a message was not taken.
enum Refusal {
    Stanza(StanzaError),
    /// The disk refused: the sender must not take it for handled.
    NotWritten,
}

impl From<StanzaError> for Refusal {
    fn from(error: StanzaError) -> Self {
        Self::Stanza(error)
    }
}

impl From<Condition> for Refusal {
    fn from(condition: Condition) -> Self {
        Self::Stanza(condition.into())
    }
}

fn answered(message: &Element, taken: Result<Effect, Refusal>) -> Handled {
    match taken {
        Ok(effect) => Handled::Done(effect),
        Err(Refusal::Stanza(error)) => {
            let refusal = error.reply_to(message);
            Handled::Done(refusal.map_or(Effect::Nothing, Effect::Refuse))
        }
        Err(Refusal::NotWritten) => Handled::NotWritten,
    }
}

/// What a message to everybody becomes.
struct Speech {
    /// As everybody gets it, but for the id of the archive.
    shown: Element,
    /// As the archive has it.
    kept: Element,
    room: String,
    is_subject: bool,
    is_archived: bool,
}

async fn speak(
    server: &Arc<Server>,
    sender: &Sender,
    name: String,
    message: &Element,
) -> Result<Effect, Refusal> {
    let speech = server
        .rooms
        .ask(&name, |room| said(room, sender, message))?;
    let (rooms, router) = (Arc::clone(&server.rooms), Arc::clone(&server.router));
    if !speech.is_archived {
        return Ok(Effect::Deliver(Box::new(move || {
            rooms.with(&name, |room| {
                room.messages += 1;
                Post(&router).all(speech.shown, room.sessions());
            });
        })));
    }
    let (Ok(stanza_id), Ok(xml)) = (clock::random_id(), element::write(&speech.kept)) else {
        return Err(Refusal::NotWritten);
    };
    let new = NewMessage {
        owner: speech.room.clone(),
        stanza_id: stanza_id.clone(),
        peer: sender.user(),
        outgoing: true,
        origin_id: origin_id(message),
        undelivered: false,
        xml: xml.clone(),
    };
    let retracted = moderation::retracted_id(message);
    let (room_name, is_subject) = (name.clone(), speech.is_subject);
    let write = move |tx: &rusqlite::Transaction<'_>| {
        if let Stored::New { .. } = archive::insert(tx, &new, clock::now_ms())? {
            if is_subject {
                rows::set_subject(tx, &room_name, &xml)?;
            }
            if let Some(id) = &retracted {
                moderation::bury_own(tx, &new.owner, id, &new.peer)?;
            }
            return Ok(None);
        }
        let origin = new.origin_id.as_deref().unwrap_or_default();
        rows::sent_before(tx, &new.owner, &new.peer, origin)
    };
    let address = sender.address.clone();
    let deliver = move |before: Option<(String, String)>| {
        rooms.with(&name, |room| {
            let post = Post(&router);
            let with_id = |mut shown: Element, id: &str| {
                let id = build("stanza-id", ns::STANZA_ID)
                    .attr("by", &room.address)
                    .attr("id", id);
                shown.append_child(id.done());
                shown
            };
            // Sent once more after a lost acknowledgement: only its sender
            // waits to see it.
            if let Some((id, _)) = before {
                post.one(&address, with_id(speech.shown, &id));
                return;
            }
            let shown = with_id(speech.shown, &stanza_id);
            room.messages += 1;
            if is_subject {
                room.subject = Some(shown.clone());
            }
            post.all(shown, room.sessions());
        });
    };
    match server.store.write_then(write, deliver).await {
        Ok(()) => Ok(Effect::Nothing),
        Err(error) => {
            tracing::error!(%error, "message of a room not stored");
            Err(Refusal::NotWritten)
        }
    }
}

/// Checks whether somebody may say it, and in what words the others hear it.
fn said(room: &Room, sender: &Sender, message: &Element) -> Result<Speech, StanzaError> {
    let speaker = room.occupant(&sender.address).ok_or_else(not_there)?;
    if speaker.role <= Role::Visitor {
        return Err(StanzaError::from(Condition::Forbidden).with_text("you have no voice here"));
    }
    let is_subject =
        message.has_child("subject", ns::CLIENT) && !message.has_child("body", ns::CLIENT);
    if is_subject && !room.config.change_subject && speaker.role != Role::Moderator {
        return Err(Condition::Forbidden.into());
    }
    let shown = from_occupant(room, speaker, message);
    let mut kept = shown.clone();
    if room.config.non_anonymous {
        // XEP-0313, section 6.2.1.
        let item = build("item", ns::MUC_USER)
            .attr("affiliation", room.affiliation(&speaker.user).as_str())
            .attr("role", speaker.role.as_str())
            .attr("jid", sender.address.as_str());
        kept.append_child(build("x", ns::MUC_USER).child(item).done());
    }
    Ok(Speech {
        is_archived: room.config.archived && (is_subject || rules::is_archived_in_room(message)),
        shown,
        kept,
        room: room.address.clone(),
        is_subject,
    })
}

fn not_there() -> StanzaError {
    StanzaError::from(Condition::NotAcceptable).with_text("you are not in the room")
}

/// The message with the address of its sender in the room, without what only
/// the room may say.
fn from_occupant(room: &Room, speaker: &Occupant, message: &Element) -> Element {
    let mut shown = message.clone();
    set_attr(&mut shown, "from", Some(&room.address_of(&speaker.nick)));
    set_attr(&mut shown, "to", None);
    for node in shown.take_nodes() {
        let forged = node.as_element().is_some_and(|child| {
            child.has_ns(ns::OCCUPANT_ID)
                || child.has_ns(ns::MUC_USER)
                || child.has_ns(ns::DELAY)
                || child.is("stanza-id", ns::STANZA_ID)
                    && child.attr("by").is_none_or(|by| by == room.address)
        });
        if !forged {
            shown.append_node(node);
        }
    }
    shown.append_child(room.occupant_id(&speaker.user));
    shown
}

/// A message to one person in the room (section 7.5). It is kept in the
/// archives of both.
async fn whisper(
    server: &Arc<Server>,
    sender: &Sender,
    name: String,
    nick: &str,
    message: &Element,
) -> Result<Effect, Refusal> {
    let (shown, address, listener) = server.rooms.ask(&name, |room| {
        let speaker = room.occupant(&sender.address).ok_or_else(not_there)?;
        let may = match room.config.private_messages {
            PrivateMessages::Anyone => true,
            PrivateMessages::Participants => speaker.role >= Role::Participant,
            PrivateMessages::Moderators => speaker.role >= Role::Moderator,
            PrivateMessages::None => false,
        };
        if !may {
            return Err(Condition::Forbidden.into());
        }
        let place = room.by_nick(nick).ok_or(Condition::ItemNotFound)?;
        let listener = room.occupants.get(place).ok_or(Condition::ItemNotFound)?;
        let mut shown = from_occupant(room, speaker, message);
        shown.append_child(build("x", ns::MUC_USER).done());
        Ok((shown, room.address.clone(), listener.user.clone()))
    })?;
    let received_xml = element::write(&shown);
    let (rooms, router, nick) = (
        Arc::clone(&server.rooms),
        Arc::clone(&server.router),
        nick.to_owned(),
    );
    let to = listener.clone();
    let deliver = move |stanza_id: Option<&str>| {
        let mut shown = shown.clone();
        if let Some(id) = stanza_id {
            let id = build("stanza-id", ns::STANZA_ID)
                .attr("by", &to)
                .attr("id", id);
            shown.append_child(id.done());
        }
        rooms.with(&name, |room| {
            let place = room.by_nick(&nick);
            let listener = place.and_then(|place| room.occupants.get(place));
            // The nickname may be somebody else's by now.
            if let Some(listener) = listener.filter(|listener| listener.user == to) {
                let seats = listener.seats.iter().map(|seat| &seat.address);
                Post(&router).all(shown, seats);
            }
        });
    };
    if !rules::is_archived(message) {
        return Ok(Effect::Deliver(Box::new(move || deliver(None))));
    }
    let (Ok(sent_id), Ok(received_id), Ok(sent_xml), Ok(received_xml)) = (
        clock::random_id(),
        clock::random_id(),
        element::write(message),
        received_xml,
    ) else {
        return Err(Refusal::NotWritten);
    };
    let local = |address: &str| address.split('@').next().unwrap_or_default().to_owned();
    let sent = NewMessage {
        owner: local(&sender.user()),
        stanza_id: sent_id,
        peer: address,
        outgoing: true,
        origin_id: origin_id(message),
        undelivered: false,
        xml: sent_xml,
    };
    let received = NewMessage {
        owner: local(&listener),
        stanza_id: received_id.clone(),
        outgoing: false,
        origin_id: None,
        xml: received_xml,
        ..sent.clone()
    };
    let write = move |tx: &rusqlite::Transaction<'_>| {
        let now_ms = clock::now_ms();
        let first = archive::insert(tx, &sent, now_ms)?;
        if first != Stored::Repeated && sent.owner != received.owner {
            archive::insert(tx, &received, now_ms)?;
        }
        Ok(first != Stored::Repeated)
    };
    let then = move |is_new: bool| {
        if is_new {
            deliver(Some(&received_id));
        }
    };
    match server.store.write_then(write, then).await {
        Ok(()) => Ok(Effect::Nothing),
        Err(error) => {
            tracing::error!(%error, "private message of a room not stored");
            Err(Refusal::NotWritten)
        }
    }
}

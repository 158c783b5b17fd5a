//! Messages in rooms (XEP-0045, sections 7.4, 7.5 and 8.1).

use std::sync::Arc;

use jid::Jid;
use tokio::time::Instant;
use xmpp_core::element::{self, build, set_attr};
use xmpp_core::rules::{self, MessageKind};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::affiliation::Role;
use super::entering::{delayed, stanza_id_of};
use super::moderation;
use super::post::Post;
use super::room::{Occupant, Room};
use super::whisper::whisper;
use super::{Sender, invitations, refusal};
use crate::StoreError;
use crate::clock;
use crate::disk;
use crate::kept;
use crate::retraction;
use crate::server::Server;
use crate::session::{Effect, Handled, Work, origin_id};
use crate::store::archive::{self, NewMessage, Stored};
use crate::store::rooms as rows;

/// Takes a message for a room. The future ends when it is on disk.
pub(crate) fn message(server: &Arc<Server>, sender: Sender, to: &Jid, message: Element) -> Work {
    let done = |effect| -> Work { Box::pin(std::future::ready(Handled::Done(effect))) };
    let Some(name) = to.node().map(|node| node.as_str().to_owned()) else {
        let refusal = refusal(&Condition::ServiceUnavailable.into(), &message);
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
            let refusal = refusal(&Condition::BadRequest.into(), &message);
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
pub(super) enum Refusal {
    Stanza(StanzaError),
    /// The disk refused: the sender must not take it for handled.
    NotWritten,
}

impl From<StanzaError> for Refusal {
    fn from(error: StanzaError) -> Self {
        Self::Stanza(error)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        if disk::is_full(&error) {
            return Self::Stanza(disk::refused());
        }
        tracing::error!(%error, "message in a room not stored");
        Self::NotWritten
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
            let refusal = refusal(&error, message);
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
    /// Tells the room from a later one of its name.
    secret: String,
    is_subject: bool,
    is_archived: bool,
}

/// What became of it on the disk.
enum Written {
    New,
    /// It was said before, under this id.
    Before(String),
    /// The room was destroyed meanwhile: nothing was written.
    NoRoom,
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
    let speaker = sender.address.node().map(|node| node.as_str());
    let pace = server.pace_of(speaker.unwrap_or_default());
    if !speech.is_archived && !speech.is_subject {
        return Ok(Effect::Deliver(Box::new(move || {
            rooms.with(&name, |room| {
                room.messages += 1;
                let bytes = Post(&router).all(speech.shown, room.sessions());
                pace.count_fan_out(bytes, Instant::now());
            });
        })));
    }
    if server.disk.is_short() {
        return Err(disk::refused().into());
    }
    let (Ok(stanza_id), Ok(xml)) = (clock::archive_id(), element::write(&speech.kept)) else {
        return Err(Refusal::NotWritten);
    };
    let remembered = speech.is_subject.then(|| remembered(&speech, &stanza_id));
    let subject = remembered.as_ref().and_then(|it| element::write(it).ok());
    let new = NewMessage {
        owner: speech.room.clone(),
        stanza_id: stanza_id.clone(),
        peer: sender.user(),
        outgoing: true,
        origin_id: origin_id(message),
        undelivered: false,
        xml,
    };
    let mark = retraction::mark(message.attr("id").or(Some(&stanza_id)));
    let retracted = moderation::retracted_id(message).map(|id| (id, mark));
    let (row, secret, is_archived) = (name.clone(), speech.secret.clone(), speech.is_archived);
    let write = move |tx: &rusqlite::Transaction<'_>| {
        if !rows::is_there(tx, &row, &secret)? {
            return Ok(Written::NoRoom);
        }
        if is_archived && archive::insert(tx, &new, clock::now_ms())? == Stored::Repeated {
            let origin = new.origin_id.as_deref().unwrap_or_default();
            let before = rows::sent_before(tx, &new.owner, &new.peer, origin)?;
            return Ok(before.map_or(Written::New, |(id, _)| Written::Before(id)));
        }
        if let Some(subject) = &subject {
            rows::set_subject(tx, &row, subject)?;
        }
        if let Some((id, mark)) = &retracted {
            moderation::bury_own(tx, &new.owner, id, &new.peer, mark)?;
        }
        Ok(Written::New)
    };
    let session = sender.number;
    let deliver = move |written: Written| {
        let (id, is_new) = match written {
            Written::NoRoom => return Err(Condition::ItemNotFound),
            Written::Before(id) => (id, false),
            Written::New => (stanza_id, true),
        };
        rooms.with(&name, |room| {
            let post = Post(&router);
            let mut shown = speech.shown;
            if speech.is_archived {
                shown.append_child(stanza_id_of(&room.address, &id));
            }
            // Sent once more after a lost acknowledgement: only its sender
            // waits to see it.
            if !is_new {
                let seat = room.sessions().find(|seat| seat.number == session);
                if let Some(seat) = seat {
                    post.one(seat, shown);
                }
                return;
            }
            room.messages += 1;
            if remembered.is_some() {
                room.subject = remembered;
            }
            let bytes = post.all(shown, room.sessions());
            pace.count_fan_out(bytes, Instant::now());
        });
        Ok(())
    };
    server.store.write_then(write, deliver).await??;
    Ok(Effect::Nothing)
}

/// A subject as those get it who enter later (section 7.2.15).
fn remembered(speech: &Speech, stanza_id: &str) -> Element {
    let mut shown = speech.shown.clone();
    if speech.is_archived {
        shown.append_child(stanza_id_of(&speech.room, stanza_id));
    }
    delayed(&speech.room, shown, clock::now_ms())
}

/// Checks whether somebody may say it, and in what words the others hear it.
fn said(room: &Room, sender: &Sender, message: &Element) -> Result<Speech, StanzaError> {
    let speaker = room.occupant(sender).ok_or_else(not_there)?;
    if speaker.role <= Role::Visitor {
        return Err(StanzaError::from(Condition::Forbidden).with_text("you have no voice here"));
    }
    let has = |name: &str| message.has_child(name, ns::CLIENT);
    let is_subject = has("subject") && !has("body") && !has("thread");
    if is_subject && !room.config.change_subject && speaker.role != Role::Moderator {
        return Err(Condition::Forbidden.into());
    }
    if room.config.limit_everyone
        && speaker.role != Role::Moderator
        && rules::names_everybody(message, &room.address)
    {
        return Err(StanzaError::from(Condition::Forbidden)
            .with_text("only moderators may name everybody here"));
    }
    if is_subject {
        // Whoever enters is shown it.
        kept::check(message, kept::MAX_KEPT)?;
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
        secret: room.secret.clone(),
        is_subject,
    })
}

pub(super) fn not_there() -> StanzaError {
    StanzaError::from(Condition::NotAcceptable).with_text("you are not in the room")
}

/// The message with the address of its sender in the room, without what only
/// the room may say.
pub(super) fn from_occupant(room: &Room, speaker: &Occupant, message: &Element) -> Element {
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

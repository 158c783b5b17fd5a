//! What comes from rooms while a session runs.

use jid::Jid;
use tokio::time::Instant;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::state::{Change, Heard, Stage};
use crate::account::Shared;
use crate::account::apply::Step;
use crate::account::sync::profiles;
use crate::api::{Event, LeftWhy, RoomEventKind, RoomEventView};
use crate::inbound::room::presence::{self, RoomPresence};
use crate::inbound::{Meaning, room as read};
use crate::store::StoreError;
use crate::store::messages;
use crate::store::rooms::notice::Notice;
use crate::store::rooms::{self, members};

/// Wait before a room that put everybody out for a reason of its own is joined
/// again.
const SOON: std::time::Duration = std::time::Duration::from_secs(5);

/// A presence; whether it was a room's.
pub(in crate::account) async fn presence(
    shared: &Shared,
    stanza: &Element,
) -> Result<bool, StoreError> {
    let Some((room, said)) = presence::read(stanza) else {
        let from = stanza.attr("from").map(jid::BareJid::new);
        let Some(Ok(room)) = from.filter(|_| stanza.attr("type").is_none()) else {
            return Ok(false);
        };
        let is_room = shared.rooms.knows(room.as_str());
        if is_room {
            // Of itself a room says which picture it has (XEP-0486).
            profiles::announced(shared, &room, stanza).await?;
        }
        return Ok(is_room);
    };
    if !shared.rooms.knows(room.as_str()) {
        return Ok(false);
    }
    let presence = match said {
        presence::FromRoom::Refused(error) => {
            shared.rooms.refused(room.as_str(), error);
            return Ok(true);
        }
        presence::FromRoom::Presence(presence) => *presence,
    };
    let (change, event) = shared
        .rooms
        .presence(room.as_str(), presence, Instant::now());
    if let Some(event) = event {
        happened(shared, room.as_str(), event).await?;
    }
    match change {
        Change::Nothing => {}
        Change::Occupants(member) => {
            if let Some(member) = member {
                let of = room.to_string();
                shared
                    .store
                    .write(move |tx| members::put(tx, &of, &[member]))
                    .await?;
            }
            shared.room_changed(room.as_str());
        }
        Change::Us => {
            if let Some((nick, affiliation, role, _)) = shared.rooms.us(room.as_str()) {
                shared
                    .update_room(room.as_str(), move |room| {
                        room.nick = nick;
                        room.affiliation = affiliation;
                        room.role = role;
                    })
                    .await?;
            }
        }
        Change::Renamed(nick) => {
            shared
                .update_room(room.as_str(), move |room| room.nick = nick)
                .await?;
        }
        Change::Anew(nick) => {
            shared
                .update_room(room.as_str(), move |room| room.nick = nick)
                .await?;
            tracing::info!(account = shared.id, "a room had lost us");
            shared.rooms.forget(room.as_str());
            shared.rooms.order(|errands| {
                let at = (Instant::now(), 0);
                errands.join.insert(room.as_str().to_owned(), at);
            });
        }
        Change::Out(presence) => out(shared, room.as_str(), *presence).await?,
    }
    Ok(true)
}

/// Puts what happened among the messages of a room.
async fn happened(shared: &Shared, room: &str, event: RoomEventView) -> Result<(), StoreError> {
    let (of, now_ms) = (room.to_owned(), shared.clock.now_ms());
    shared
        .store
        .write(move |tx| messages::happened(tx, &of, &event, now_ms))
        .await?;
    shared.events.publish(Event::MessagesChanged {
        account: shared.id.clone(),
        conversation: room.to_owned(),
    });
    Ok(())
}

/// We are not in a room any more (XEP-0045, sections 8.2, 9.1, 9.4, 10.9, and the
/// codes of 15.6.2).
async fn out(shared: &Shared, room: &str, presence: RoomPresence) -> Result<(), StoreError> {
    let why = if presence.is_destroyed {
        Some(LeftWhy::Destroyed)
    } else if presence.says(301) {
        Some(LeftWhy::Banned)
    } else if presence.says(321) || presence.says(322) {
        Some(LeftWhy::MembersOnly)
    } else if presence.says(307) && !presence.says(333) && !presence.says(332) {
        Some(LeftWhy::Kicked)
    } else {
        None
    };
    tracing::info!(account = shared.id, ?why, codes = ?presence.statuses, "out of a room");
    match why {
        Some(why) => {
            let reason = presence.reason;
            shared
                .update_room(room, move |room| room.left = Some((why, reason)))
                .await?;
        }
        None => {
            // The service restarts, or has lost us: unless we wanted to leave.
            let of = room.to_owned();
            let known = shared.store.read(move |db| rooms::get(db, &of)).await?;
            if known.is_some_and(|known| known.is_wanted()) {
                rejoin(shared, room);
            }
            shared.room_changed(room);
        }
    }
    Ok(())
}

fn rejoin(shared: &Shared, room: &str) {
    let at = Instant::now() + SOON.mul_f64(shared.clock.random_fraction());
    shared.rooms.order(|errands| {
        errands.join.entry(room.to_owned()).or_insert((at, 0));
    });
}

/// What a live message has to do with rooms.
pub(in crate::account) enum FromRoom {
    /// It is not of a room.
    No,
    /// Nothing of it has to be written, or it has been.
    Nothing,
    /// This has to be written.
    Said(Step, Vec<Meaning>),
}

impl FromRoom {
    fn if_handled(is_handled: bool) -> Self {
        if is_handled { Self::Nothing } else { Self::No }
    }
}

/// Whether a live message is what a room says to all who are in it.
pub(in crate::account) fn is_live(shared: &Shared, stanza: &Element) -> bool {
    let room = stanza.attr("from").and_then(|from| from.split('/').next());
    stanza.attr("type") == Some("groupchat") && room.is_some_and(|room| shared.rooms.knows(room))
}

/// Reads a live message. What it says is left to be written together with what
/// came right behind it.
pub(in crate::account) async fn message(
    shared: &Shared,
    stanza: &Element,
) -> Result<FromRoom, StoreError> {
    let Some(Ok(from)) = stanza.attr("from").map(Jid::new) else {
        return Ok(FromRoom::No);
    };
    let room = from.to_bare();
    let nick = from.resource().map(ToString::to_string);
    match stanza.attr("type") {
        Some("groupchat") => {}
        // Others in the room know the ids of what we say, too.
        Some("error") if nick.is_some() => return Ok(FromRoom::No),
        Some("error") => {
            let is_handled = bounced(shared, room.as_str(), stanza).await?;
            return Ok(FromRoom::if_handled(is_handled));
        }
        // Between two people in a room: read as others between two people. What does
        // not say that it is that (section 7.5) cannot be told from what a room's
        // software has to say.
        _ => {
            let is_handled =
                nick.is_some() && shared.rooms.knows(room.as_str()) && !read::is_private(stanza);
            return Ok(FromRoom::if_handled(is_handled));
        }
    }
    let heard = shared.rooms.hear(
        &shared.address,
        &room,
        nick.as_deref(),
        stanza,
        Instant::now(),
    );
    match heard {
        Heard::Stranger => tracing::debug!(account = shared.id, "a room that we are not in"),
        Heard::Held => {}
        Heard::Read(seat, follows) => return said(shared, &seat, stanza, follows).await,
    }
    Ok(FromRoom::Nothing)
}

/// Writes what a live message of a room says.
pub(super) async fn take(
    shared: &Shared,
    seat: &read::Seat,
    stanza: &Element,
    follows: bool,
) -> Result<(), StoreError> {
    match said(shared, seat, stanza, follows).await? {
        FromRoom::Said(step, meanings) => shared.apply(meanings, step).await,
        FromRoom::No | FromRoom::Nothing => Ok(()),
    }
}

async fn said(
    shared: &Shared,
    seat: &read::Seat,
    stanza: &Element,
    follows: bool,
) -> Result<FromRoom, StoreError> {
    let mut news = read::live(seat, stanza, shared.clock.now_ms());
    let room = seat.room.to_string();
    if stanza.has_child("delay", ns::DELAY) {
        // What a room without an archive says to whoever comes; or what we have.
        news.meanings = unknown(shared, news.meanings).await?;
    }
    if news.is_changed {
        shared.rooms.look(&room);
    }
    if let Some(subject) = news.subject {
        let nick = stanza.attr("from").and_then(|from| from.split_once('/'));
        let nick = nick.map(|(_, nick)| nick.to_owned());
        let notice = Notice {
            text: subject.clone(),
            by: nick.clone(),
            id: news.stanza_id.clone(),
        };
        if let (Some(nick), true) = (nick, is_new_subject(shared, &room, &subject).await?) {
            let event = RoomEventView {
                what: RoomEventKind::Subject,
                me: nick == seat.nick,
                who: nick,
                by: None,
                text: subject.clone(),
            };
            happened(shared, &room, event).await?;
        }
        super::notice::came(shared, &room, notice).await?;
    }
    let cursor = news.stanza_id.filter(|_| follows);
    if news.meanings.is_empty() && cursor.is_none() {
        return Ok(FromRoom::Nothing);
    }
    Ok(FromRoom::Said(Step::Room { room, cursor }, news.meanings))
}

/// Whether a subject is news: not what a room says to whoever comes.
async fn is_new_subject(shared: &Shared, room: &str, subject: &str) -> Result<bool, StoreError> {
    if shared.rooms.stage(room) != Some(Stage::In) {
        return Ok(false);
    }
    let of = room.to_owned();
    let known = shared.store.read(move |db| rooms::get(db, &of)).await?;
    let before = known.and_then(|known| known.subject);
    Ok(before.is_some_and(|before| before != subject))
}

/// Leaves those out that are here.
async fn unknown(shared: &Shared, meanings: Vec<Meaning>) -> Result<Vec<Meaning>, StoreError> {
    shared
        .store
        .read(move |db| {
            let mut unknown = Vec::new();
            for meaning in meanings {
                let is_known = match &meaning {
                    Meaning::Message(received) => rooms::is_known(db, received)?,
                    _ => false,
                };
                if !is_known {
                    unknown.push(meaning);
                }
            }
            Ok(unknown)
        })
        .await
}

/// A message of ours came back. That we are not in the room (XEP-0045, section
/// 7.4: not acceptable) may be news to us, or we may be joining it again just now:
/// then it goes again once we are in it.
async fn bounced(shared: &Shared, room: &str, stanza: &Element) -> Result<bool, StoreError> {
    let error = StanzaError::from_stanza(stanza);
    let id = stanza.attr("id").unwrap_or_default().to_owned();
    if error.condition != Condition::NotAcceptable {
        return Ok(false);
    }
    let of = room.to_owned();
    let is_wanted = shared
        .store
        .read(move |db| Ok(rooms::get(db, &of)?.is_some_and(|room| room.is_wanted())))
        .await?;
    if !is_wanted || !shared.rooms.may_requeue(room, &id) {
        return Ok(false);
    }
    let of = room.to_owned();
    let again = shared
        .store
        .write(move |tx| rooms::requeue(tx, &of, &id))
        .await?;
    if again {
        if shared.rooms.stage(room) == Some(Stage::In) {
            shared.rooms.forget(room);
        }
        if !shared.rooms.knows(room) {
            rejoin(shared, room);
        }
        shared.messages_changed(room);
    }
    Ok(again)
}

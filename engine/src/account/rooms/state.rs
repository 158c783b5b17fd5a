//! What is true of a room while we are in it.

mod alive;
mod errands;
mod events;
mod reading;
mod room;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jid::BareJid;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use xmpp_core::Element;
use xmpp_core::stanza_error::StanzaError;

use super::bookmarks::Place;
use crate::api::{Affiliation, OccupantView, PresenceShow, Role, RoomEventView};
use crate::inbound::room::Seat;
use crate::inbound::room::presence::RoomPresence;
use crate::store::rooms::members::Member;
pub(super) use errands::Errands;
use room::LiveRoom;

/// People of one room that are remembered.
const MAX_OCCUPANTS: usize = 5_000;
/// Rooms at once.
const MAX_ROOMS: usize = 2_000;
/// Messages of a room that may arrive while its archive is read.
const MAX_HELD: usize = 1_000;
/// Messages that were put back because a room had lost us: once each.
const MAX_REQUEUED: usize = 1_000;

/// How far joining a room came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Asked.
    Asked,
    /// In it; its archive is being read.
    Behind,
    /// In it, with all that it has.
    In,
}

/// How joining ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entered {
    pub(super) nick: String,
    /// Whether the room was made by it (code 201).
    pub(super) created: bool,
    pub(super) affiliation: Affiliation,
    pub(super) role: Role,
    pub(super) occupant_id: Option<String>,
    /// Who was there.
    pub(super) members: Vec<Member>,
}

pub(super) type Entering = oneshot::Receiver<Result<Entered, StanzaError>>;

/// What a presence changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing that matters.
    Nothing,
    /// Who is there, or what they are; somebody to be noted.
    Occupants(Option<Member>),
    /// What we are.
    Us,
    /// We have another nickname.
    Renamed(String),
    /// So we have, but the room had lost us before: what it has said since is
    /// missing.
    Anew(String),
    /// We are not in it any more.
    Out(Box<RoomPresence>),
}

/// What to do with a live message.
pub(super) enum Heard {
    /// We are not there.
    Stranger,
    /// It waits for the archive.
    Held,
    /// It can be read; whether the archive was read up to it.
    Read(Box<Seat>, bool),
}

/// All rooms of the session.
#[derive(Debug, Default)]
pub(crate) struct LiveRooms {
    inner: Mutex<Inner>,
    /// Rings when there is something to do: see [`Errands`].
    pub(super) bell: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    rooms: HashMap<String, LiveRoom>,
    errands: Errands,
    /// Joining the same room twice at once would mix the answers.
    doors: HashMap<String, Arc<tokio::sync::Mutex<()>>>,
    /// So many stays have begun.
    stays: u64,
    requeued: HashSet<(String, String)>,
    /// Whether messages can be sent to a room since the last time somebody asked.
    has_new: bool,
    /// Where rooms are made, once it is known.
    service: Option<String>,
    bookmarks: Place,
    /// Whether the bookmarks were read in this session.
    bookmarks_read: bool,
}

impl LiveRooms {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new session is in no room.
    pub(crate) fn reset(&self) {
        *self.inner() = Inner::default();
    }

    pub(super) fn door(&self, room: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut inner = self.inner();
        Arc::clone(inner.doors.entry(room.to_owned()).or_default())
    }

    pub(super) fn bookmarks(&self) -> Place {
        self.inner().bookmarks
    }

    pub(super) fn set_bookmarks(&self, place: Place) {
        self.inner().bookmarks = place;
    }

    pub(super) fn are_bookmarks_read(&self) -> bool {
        self.inner().bookmarks_read
    }

    pub(super) fn set_bookmarks_read(&self) {
        self.inner().bookmarks_read = true;
    }

    pub(super) fn service(&self) -> Option<String> {
        self.inner().service.clone()
    }

    pub(super) fn set_service(&self, service: &str) {
        self.inner().service = Some(service.to_owned());
    }

    /// Joining begins; `None` if these are too many rooms.
    pub(super) fn begin(
        &self,
        room: &str,
        nick: &str,
        reads_archive: bool,
        now: Instant,
    ) -> Option<Entering> {
        let (entering, entered) = oneshot::channel();
        let mut inner = self.inner();
        if inner.rooms.len() >= MAX_ROOMS && !inner.rooms.contains_key(room) {
            return None;
        }
        inner.errands.join.remove(room);
        inner.stays += 1;
        let stay = inner.stays;
        inner.rooms.insert(
            room.to_owned(),
            LiveRoom {
                stay,
                stage: Stage::Asked,
                nick: nick.to_owned(),
                affiliation: Affiliation::None,
                role: Role::None,
                occupant_id: None,
                occupants: HashMap::new(),
                is_open: false,
                entering: Some(entering),
                renaming: None,
                held: reads_archive.then(Vec::new),
                overflowed: false,
                follows: false,
                is_behind: reads_archive,
                heard: now,
                patience: Duration::MAX,
            },
        );
        Some(entered)
    }

    /// We are not in it, nor will be.
    pub(super) fn forget(&self, room: &str) -> bool {
        let mut inner = self.inner();
        inner.errands.join.remove(room);
        inner.rooms.remove(room).is_some()
    }

    pub(super) fn stage(&self, room: &str) -> Option<Stage> {
        self.inner().rooms.get(room).map(|room| room.stage)
    }

    /// Nickname, affiliation, role and number of people.
    pub(super) fn us(&self, room: &str) -> Option<(String, Affiliation, Role, usize)> {
        self.inner().rooms.get(room).map(|room| {
            (
                room.nick.clone(),
                room.affiliation,
                room.role,
                room.occupants.len(),
            )
        })
    }

    /// Which of our stays this is.
    pub(super) fn stay(&self, room: &str) -> Option<u64> {
        self.inner().rooms.get(room).map(|room| room.stay)
    }

    /// Whether this is a room that we are in, or ask to be let into.
    pub(super) fn knows(&self, room: &str) -> bool {
        self.inner().rooms.contains_key(room)
    }

    /// Rooms that messages can be sent to.
    pub(crate) fn joined(&self) -> Vec<String> {
        let inner = self.inner();
        let joined = inner
            .rooms
            .iter()
            .filter(|(_, room)| room.stage == Stage::In);
        joined.map(|(address, _)| address.clone()).collect()
    }

    /// Whether messages can be sent to a room that was not joined before.
    pub(crate) fn has_new(&self) -> bool {
        std::mem::take(&mut self.inner().has_new)
    }

    /// Who is there, by nickname.
    pub(super) fn occupants(&self, room: &str) -> Vec<OccupantView> {
        let inner = self.inner();
        let Some(room) = inner.rooms.get(room) else {
            return Vec::new();
        };
        let mut views: Vec<_> = room
            .occupants
            .iter()
            .map(|(nick, occupant)| OccupantView {
                nick: nick.clone(),
                address: occupant.address.clone(),
                affiliation: occupant.affiliation,
                role: occupant.role,
                presence: occupant.show,
                is_me: *nick == room.nick,
            })
            .collect();
        views.sort_by(|a, b| b.role.cmp(&a.role).then_with(|| a.nick.cmp(&b.nick)));
        views
    }

    /// Whether somebody is in a room: its address with the nickname behind it.
    pub(crate) fn presence_of(&self, occupant: &str) -> PresenceShow {
        let inner = self.inner();
        occupant
            .split_once('/')
            .and_then(|(room, nick)| inner.rooms.get(room)?.occupants.get(nick))
            .map_or(PresenceShow::Offline, |occupant| occupant.show)
    }

    /// A presence of a room: what it changes, and what is to be told of it among the
    /// messages.
    pub(super) fn presence(
        &self,
        room: &str,
        presence: RoomPresence,
        now: Instant,
    ) -> (Change, Option<RoomEventView>) {
        let mut inner = self.inner();
        let Some(live) = inner.rooms.get_mut(room) else {
            return (Change::Nothing, None);
        };
        live.heard = now;
        let is_us = presence.says(110) || presence.nick == live.nick;
        let event = events::of(live, &presence, is_us);
        (inner.change(room, presence, is_us), event)
    }

    /// The room refuses us: whoever waits is told. Whether somebody was.
    pub(super) fn refused(&self, room: &str, error: StanzaError) -> bool {
        let mut inner = self.inner();
        let Some(live) = inner.rooms.get_mut(room) else {
            return false;
        };
        if let Some(entering) = live.entering.take() {
            drop(entering.send(Err(error)));
            return true;
        }
        match live.renaming.take() {
            Some(renaming) => renaming.send(Err(error)).is_ok(),
            None => false,
        }
    }
    /// Whether we go by this nickname, and have asked for no other.
    pub(super) fn is_called(&self, room: &str, nick: &str) -> bool {
        let inner = self.inner();
        let live = inner.rooms.get(room);
        live.is_some_and(|live| live.nick == nick && live.renaming.is_none())
    }

    /// Another nickname is asked for; what comes of it.
    pub(super) fn rename(&self, room: &str) -> Option<oneshot::Receiver<Result<(), StanzaError>>> {
        let mut inner = self.inner();
        let live = inner.rooms.get_mut(room)?;
        let (renaming, renamed) = oneshot::channel();
        live.renaming = Some(renaming);
        Some(renamed)
    }

    /// What to do with a live message of a room.
    pub(super) fn hear(
        &self,
        own: &BareJid,
        room: &BareJid,
        nick: Option<&str>,
        stanza: &Element,
        now: Instant,
    ) -> Heard {
        let mut inner = self.inner();
        let Some(live) = inner.rooms.get_mut(room.as_str()) else {
            return Heard::Stranger;
        };
        live.heard = now;
        if live.stage == Stage::Asked {
            return Heard::Stranger;
        }
        // Who goes by a nickname now need not do so later.
        let seat = live.seat(own, room, nick);
        let Some(held) = &mut live.held else {
            return Heard::Read(Box::new(seat), live.follows);
        };
        if held.len() < MAX_HELD {
            held.push((stanza.clone(), seat));
        } else {
            // The rest is in the archive, behind what will be the cursor.
            live.overflowed = true;
        }
        Heard::Held
    }

    /// Whether a message may be put back into the outbox: once.
    pub(super) fn may_requeue(&self, room: &str, wire_id: &str) -> bool {
        let mut inner = self.inner();
        inner.requeued.len() < MAX_REQUEUED
            && inner.requeued.insert((room.to_owned(), wire_id.to_owned()))
    }
}

impl Inner {
    /// What a presence changes.
    fn change(&mut self, room: &str, presence: RoomPresence, is_us: bool) -> Change {
        let Some(live) = self.rooms.get_mut(room) else {
            return Change::Nothing;
        };
        if presence.show.is_some() {
            return live.comes(presence, is_us);
        }
        let gone = live.occupants.remove(&presence.nick);
        if presence.says(303) {
            let Some(new) = presence.new_nick else {
                return Change::Nothing;
            };
            if let Some(occupant) = gone {
                live.occupants.insert(new.clone(), occupant);
            }
            if !is_us {
                return Change::Occupants(None);
            }
            live.nick.clone_from(&new);
            if let Some(renaming) = live.renaming.take() {
                drop(renaming.send(Ok(())));
            }
            return Change::Renamed(new);
        }
        if !is_us && !presence.is_destroyed {
            return Change::Occupants(None);
        }
        if live.stage == Stage::Asked {
            // Of the session before, that the room still had.
            return Change::Nothing;
        }
        self.rooms.remove(room);
        Change::Out(Box::new(presence))
    }
}

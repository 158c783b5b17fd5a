//! Rooms (XEP-0045), at a domain of their own.
//!
//! What lasts is in the database, and all of it in memory too: a team has
//! hundreds of rooms, not millions. A change is written first and becomes
//! visible when it is on disk, in the order of the disk. Who is in a room is in
//! memory only, as sessions are.
//!
//! The lock is held for moments, never across an await. While it is held, the
//! router may be used, never the other way round.

mod admin;
mod affiliation;
mod archive;
mod config;
mod creating;
mod disco;
mod entering;
mod invitations;
mod invited;
mod iq;
mod messages;
mod moderation;
mod nickname;
mod owner;
mod passing;
mod post;
mod registration;
mod room;
mod showing;
mod whisper;
mod whose;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jid::{BareJid, FullJid};
use rusqlite::Transaction;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, element, ns};

use self::affiliation::Affiliation;
use self::config::RoomConfig;
use self::invited::Invitations;
use self::post::Post;
use self::room::{Person, Room};
use crate::StoreError;
use crate::router::Router;
use crate::server::Server;
use crate::store::Store;
use crate::store::rooms::{self as rows, AffiliationRow, PersonChange, RoomRow, Unfit};

pub(crate) use self::entering::presence;
pub(crate) use self::iq::iq;
pub(crate) use self::messages::message;

/// First label of the domain of rooms: the same as in the servers that a team
/// may move to, so that its rooms keep their addresses.
const LABEL: &str = "conference";
const MINUTE: Duration = Duration::from_secs(60);
/// Most people whose entering is counted before old counts are dropped.
const MAX_JOINERS: usize = 10_000;
/// Most rooms of a server.
const MAX_ROOMS: u32 = 10_000;
/// Longest nickname, in characters.
const MAX_NICK: usize = 64;
/// Longest reason that is kept or shown to everybody, in characters.
const MAX_REASON: usize = 500;

/// The domain of rooms, of that of the accounts.
pub(crate) fn service(domain: &str) -> String {
    format!("{LABEL}.{domain}")
}

/// Whether text is the configuration of a room, as it is kept.
pub(crate) fn is_config(json: &str) -> bool {
    serde_json::from_str::<RoomConfig>(json).is_ok()
}

/// Who sends a stanza to a room.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    pub(crate) address: FullJid,
    /// Number of the session.
    pub(crate) number: u64,
}

impl Sender {
    /// The bare address, by which a room knows people.
    fn user(&self) -> String {
        self.address.to_bare().to_string()
    }
}

/// All rooms of the server.
pub(crate) struct Rooms {
    pub(crate) domain: String,
    rooms: Mutex<HashMap<String, Room>>,
    /// Who has entered how often in the last minute.
    joins: Mutex<HashMap<String, (Instant, u32)>>,
}

impl Rooms {
    /// Reads all rooms.
    pub(crate) async fn load(store: &Store, domain: &str) -> Result<Self, StoreError> {
        let domain = service(domain);
        store.write(rows::inherit).await?;
        let found = store.read(rows::all).await?;
        let (locked, rooms): (HashMap<_, _>, HashMap<_, _>) = found
            .into_iter()
            .map(|(row, people)| (row.name.clone(), read(&domain, row, people)))
            .partition(|(_, room)| room.config.locked || !room.config.persistent);
        // Nobody is in a room when the server starts.
        for (name, room) in locked {
            store
                .write(move |tx| rows::remove(tx, &name, &room.address))
                .await?;
        }
        Ok(Self {
            domain,
            rooms: Mutex::new(rooms),
            joins: Mutex::default(),
        })
    }

    /// Whether somebody may enter one more room in this minute.
    fn may_join(&self, user: &str, max: u32, now: Instant) -> bool {
        let mut joins = self.joins.lock().unwrap_or_else(PoisonError::into_inner);
        if joins.len() >= MAX_JOINERS {
            joins.retain(|_, (since, _)| now.duration_since(*since) < MINUTE);
        }
        let (since, count) = joins.entry(user.to_owned()).or_insert((now, 0));
        if now.duration_since(*since) >= MINUTE {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= max
    }

    fn all<T>(&self, act: impl FnOnce(&mut HashMap<String, Room>) -> T) -> T {
        act(&mut self.rooms.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does something with a room, if there is one.
    fn with<T>(&self, name: &str, act: impl FnOnce(&mut Room) -> T) -> Option<T> {
        self.all(|rooms| rooms.get_mut(name).map(act))
    }

    /// Like [`Rooms::with`], for a request: no room is an error.
    fn ask<T>(
        &self,
        name: &str,
        act: impl FnOnce(&mut Room) -> Result<T, StanzaError>,
    ) -> Result<T, StanzaError> {
        self.with(name, act)
            .unwrap_or_else(|| Err(Condition::ItemNotFound.into()))
    }

    /// An account is there no more: a later one of its name is another.
    pub(crate) fn forget_person(&self, user: &str) {
        self.all(|rooms| {
            for room in rooms.values_mut() {
                room.invited.forget(user);
                if room.people.remove(user).is_some() {
                    room.inherit();
                }
            }
        });
    }

    /// A session is over: it leaves all rooms. Gives the rooms that are over too.
    pub(crate) fn leave_all(&self, router: &Router, session: u64) -> Vec<String> {
        self.all(|rooms| {
            let mut over = Vec::new();
            rooms.retain(|name, room| {
                if room.seat_of(session).is_none() {
                    return true;
                }
                room.leave(Post(router), session, None);
                if room.is_over() {
                    over.push(name.clone());
                }
                !room.is_over()
            });
            over
        })
    }

    /// What a session hears of the rooms it is in when the server stops.
    pub(crate) fn farewells(&self, session: u64) -> Vec<Element> {
        self.all(|rooms| {
            let of = |room: &Room| room.farewell(session);
            rooms.values().filter_map(of).collect()
        })
    }

    /// One session leaves one room; whether the room is over with that.
    fn leave(&self, router: &Router, name: &str, session: u64, farewell: &Element) -> bool {
        self.all(|rooms| {
            let Some(room) = rooms.get_mut(name) else {
                return false;
            };
            if room.seat_of(session).is_none() {
                return false;
            }
            room.leave(Post(router), session, Some(farewell));
            let is_over = room.is_over();
            if is_over {
                rooms.remove(name);
            }
            is_over
        })
    }
}

/// Opens the rooms that another process (an import) has brought.
pub(crate) async fn take_brought(server: &Server) -> Result<(), StoreError> {
    server.store.write(rows::inherit).await?;
    let found = server.store.read(rows::all).await?;
    let rooms = &server.rooms;
    rooms.all(|known| {
        for (row, people) in found {
            let name = row.name.clone();
            let room = known.entry(name);
            room.or_insert_with(|| read(&rooms.domain, row, people));
        }
    });
    Ok(())
}

/// Removes rooms that are over from the disk too (section 10.9).
pub(crate) async fn forget(server: &Arc<Server>, names: Vec<String>) {
    for name in names {
        let address = format!("{name}@{}", server.rooms.domain);
        let removed = server
            .store
            .write(move |tx| rows::remove(tx, &name, &address));
        if let Err(error) = removed.await {
            tracing::warn!(%error, "room not removed");
        }
    }
}

/// The error that answers a stanza, and that the room sends it (RFC 6120,
/// section 8.3.1).
fn refusal(error: &StanzaError, stanza: &Element) -> Option<Element> {
    let room = stanza.attr("to").and_then(|to| jid::Jid::new(to).ok());
    let mut answer = error.reply_to(stanza)?;
    if let (Some(room), Some(child)) = (room, answer.get_child_mut("error", ns::CLIENT)) {
        element::set_attr(child, "by", Some(room.to_bare().as_str()));
    }
    if stanza.name() == "presence" {
        // By this, clients know that it is about a room (section 7.2).
        let error = answer.take_nodes();
        answer.append_child(element::build("x", ns::MUC).done());
        for node in error {
            answer.append_node(node);
        }
    }
    Some(answer)
}

fn read(domain: &str, row: RoomRow, people: Vec<AffiliationRow>) -> Room {
    let config = serde_json::from_str(&row.config).unwrap_or_else(|error| {
        tracing::error!(%error, room = row.name, "configuration not readable, default taken");
        RoomConfig::default()
    });
    let stanza = |text: Option<String>| text.and_then(|text| element::parse(text.as_bytes()).ok());
    let people = people.into_iter().map(|row| {
        let person = Person {
            affiliation: Affiliation::from_name(&row.affiliation).unwrap_or(Affiliation::None),
            nick: row.nick,
            reason: row.reason,
        };
        (row.member, person)
    });
    let mut room = Room {
        address: format!("{}@{domain}", row.name),
        name: row.name,
        config,
        people: people.collect(),
        occupants: Vec::new(),
        subject: stanza(row.subject),
        vcard: stanza(row.vcard),
        secret: row.secret,
        messages: 0,
        invited: Invitations::default(),
    };
    room.inherit();
    room
}

/// What people were to a room when a change was found to be allowed.
type Seen = Vec<(String, Affiliation)>;

/// Whether they still are that.
fn still_are(tx: &Transaction<'_>, room: &str, seen: &Seen) -> rusqlite::Result<bool> {
    for (member, affiliation) in seen {
        if rows::affiliation(tx, room, member)? != affiliation.as_str() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether changes leave a room an owner; one that has none loses none.
fn keeps_owner(
    tx: &Transaction<'_>,
    room: &str,
    changes: &[PersonChange],
) -> rusqlite::Result<bool> {
    let is_owner = |line: &PersonChange| line.row.affiliation == Affiliation::Owner.as_str();
    let owners = rows::owners(tx, room)?;
    let stays = |owner: &String| {
        let change = changes.iter().rev().find(|line| line.row.member == *owner);
        change.is_none_or(is_owner)
    };
    Ok(owners.is_empty() || owners.iter().any(stays) || changes.iter().any(is_owner))
}

/// A reason as it is kept and shown.
fn reason(element: Option<&Element>) -> Option<String> {
    let reason: String = element?.text().chars().take(MAX_REASON).collect();
    Some(reason).filter(|reason| !reason.is_empty())
}

/// Writes what people are to a room from now on, if there may be so many and
/// they have accounts, and how it is set up, if that changes; `then` happens once it is on disk. If people are not any
/// more what the check has seen, because another change was faster, nothing is
/// written.
async fn set_people<T: Send + 'static>(
    server: &Arc<Server>,
    room: &str,
    seen: Seen,
    changes: Vec<(String, Person)>,
    config: Option<RoomConfig>,
    then: impl FnOnce(&mut Room, Post<'_>) -> T + Send + 'static,
) -> Result<T, StanzaError> {
    let (rooms, router) = (Arc::clone(&server.rooms), Arc::clone(&server.router));
    let (name, key) = (room.to_owned(), room.to_owned());
    let lines: Vec<PersonChange> = changes
        .iter()
        .map(|(member, person)| PersonChange {
            row: AffiliationRow {
                member: member.clone(),
                affiliation: person.affiliation.as_str().to_owned(),
                nick: person.nick.clone(),
                reason: person.reason.clone(),
            },
            localpart: BareJid::new(member)
                .ok()
                .and_then(|address| server.localpart(&address)),
        })
        .collect();
    let config = config.map(|config| serde_json::to_string(&config));
    let config = config.transpose().map_err(|error| {
        tracing::error!(%error, "configuration of a room");
        StanzaError::from(Condition::InternalServerError)
    })?;
    let written = server.store.write_then(
        move |tx| {
            if !still_are(tx, &name, &seen)? || !keeps_owner(tx, &name, &lines)? {
                return Ok(Err(Condition::Conflict));
            }
            let fit = rows::set_people(tx, &name, &lines)?;
            if let (Ok(()), Some(config)) = (&fit, &config) {
                rows::set_config(tx, &name, config)?;
            }
            Ok(fit.map_err(|unfit| match unfit {
                Unfit::TooMany => Condition::ResourceConstraint,
                Unfit::NoAccount => Condition::ItemNotFound,
            }))
        },
        move |is_written| {
            is_written?;
            let done = rooms.with(&key, |room| {
                for (member, person) in changes {
                    if person.affiliation == Affiliation::None && person.nick.is_none() {
                        room.people.remove(&member);
                    } else {
                        room.people.insert(member, person);
                    }
                }
                then(room, Post(&router))
            });
            done.ok_or(Condition::ItemNotFound)
        },
    );
    match written.await {
        Ok(outcome) => outcome.map_err(StanzaError::from),
        Err(error) => {
            tracing::error!(%error, "room not written");
            Err(Condition::InternalServerError.into())
        }
    }
}

//! A room in memory: what it is, and who is there.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jid::FullJid;
use sha2::Digest;
use xmpp_core::element::{Build, build};
use xmpp_core::{Element, ns};

use super::Sender;
use super::affiliation::{Affiliation, Role, Standing};
use super::config::RoomConfig;
use super::invited::Invitations;
use super::post::to_attribute;

/// What somebody is to the room, whether they are there or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) affiliation: Affiliation,
    pub(super) nick: Option<String>,
    pub(super) reason: Option<String>,
}

impl Person {
    /// Somebody with an affiliation and nothing else.
    pub(super) fn new(affiliation: Affiliation) -> Self {
        Self {
            affiliation,
            nick: None,
            reason: None,
        }
    }
}

/// Somebody who is there, with one or several sessions under one nickname.
#[derive(Debug, Clone)]
pub(super) struct Occupant {
    pub(super) nick: String,
    /// Bare address.
    pub(super) user: String,
    pub(super) role: Role,
    pub(super) seats: Vec<Seat>,
}

/// A session in the room.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    pub(super) address: FullJid,
    /// Number of the session: one that takes the address of another is not in
    /// the room for that.
    pub(super) number: u64,
    /// The address as a stanza has it.
    pub(super) attribute: Arc<str>,
    /// The last presence it sent, without what is for the room alone.
    pub(super) presence: Element,
}

impl Seat {
    pub(super) fn new(sender: &Sender, presence: Element) -> Self {
        Self {
            attribute: to_attribute(&sender.address),
            address: sender.address.clone(),
            number: sender.number,
            presence,
        }
    }
}

/// A room.
pub(super) struct Room {
    pub(super) name: String,
    /// Bare address.
    pub(super) address: String,
    pub(super) config: RoomConfig,
    pub(super) people: HashMap<String, Person>,
    pub(super) occupants: Vec<Occupant>,
    /// The message with the last subject.
    pub(super) subject: Option<Element>,
    pub(super) vcard: Option<Element>,
    pub(super) secret: String,
    /// Counts the messages, so that who enters can tell whether one came while
    /// the history was read.
    pub(super) messages: u64,
    /// Who may still decline.
    pub(super) invited: Invitations,
}

impl Room {
    pub(super) fn affiliation(&self, user: &str) -> Affiliation {
        self.people
            .get(user)
            .map_or(Affiliation::None, |person| person.affiliation)
    }

    /// Place of the occupant to whom a session belongs.
    pub(super) fn seat_of(&self, session: u64) -> Option<usize> {
        self.occupants
            .iter()
            .position(|occupant| occupant.seats.iter().any(|seat| seat.number == session))
    }

    pub(super) fn occupant(&self, sender: &Sender) -> Option<&Occupant> {
        self.occupants.get(self.seat_of(sender.number)?)
    }

    /// Nicknames that differ in case alone would be taken for each other.
    pub(super) fn by_nick(&self, nick: &str) -> Option<usize> {
        let wanted = nick.to_lowercase();
        self.occupants
            .iter()
            .position(|occupant| occupant.nick.to_lowercase() == wanted)
    }

    /// Whether somebody else has reserved the nickname.
    pub(super) fn is_reserved(&self, nick: &str, user: &str) -> bool {
        let wanted = nick.to_lowercase();
        self.people.iter().any(|(other, person)| {
            other != user
                && person
                    .nick
                    .as_ref()
                    .is_some_and(|nick| nick.to_lowercase() == wanted)
        })
    }

    pub(super) fn standing(&self, occupant: &Occupant) -> Standing {
        Standing {
            affiliation: self.affiliation(&occupant.user),
            role: occupant.role,
        }
    }

    /// The address of somebody in the room.
    pub(super) fn address_of(&self, nick: &str) -> String {
        format!("{}/{nick}", self.address)
    }

    /// Something that nobody else can tell from it what it was made of.
    pub(super) fn hashed(&self, text: &str) -> String {
        let mut hash = sha2::Sha256::new();
        hash.update(self.secret.as_bytes());
        hash.update([0]);
        hash.update(text.as_bytes());
        URL_SAFE_NO_PAD.encode(hash.finalize())
    }

    /// XEP-0421: stays the same whatever the nickname, and says nothing about
    /// the address.
    pub(super) fn occupant_id(&self, user: &str) -> Element {
        build("occupant-id", ns::OCCUPANT_ID)
            .attr("id", self.hashed(user))
            .done()
    }

    /// Every session in the room.
    pub(super) fn sessions(&self) -> impl Iterator<Item = &Seat> {
        self.occupants.iter().flat_map(|occupant| &occupant.seats)
    }

    /// The sessions of those who keep order.
    pub(super) fn moderators(&self) -> impl Iterator<Item = &Seat> {
        self.occupants
            .iter()
            .filter(|occupant| occupant.role == Role::Moderator)
            .flat_map(|occupant| &occupant.seats)
    }

    /// A room is never without an owner: where the last one's account is gone,
    /// those come after who were next to them.
    pub(super) fn inherit(&mut self) {
        let has = |wanted| self.people.values().any(|one| one.affiliation == wanted);
        if has(Affiliation::Owner) {
            return;
        }
        let heirs = match has(Affiliation::Admin) {
            true => Affiliation::Admin,
            false => Affiliation::Member,
        };
        for person in self.people.values_mut() {
            if person.affiliation == heirs {
                person.affiliation = Affiliation::Owner;
            }
        }
    }

    /// Somebody reserves a nickname, or gives it back.
    pub(super) fn set_nick(&mut self, user: &str, nick: Option<String>) {
        let person = self.people.entry(user.to_owned());
        let person = person.or_insert_with(|| Person::new(Affiliation::None));
        person.nick = nick;
        if person.affiliation == Affiliation::None && person.nick.is_none() {
            self.people.remove(user);
        }
    }

    /// Whether nothing keeps the room once it is empty: one that its owner left
    /// without setting it up was never wanted (section 10.1.3).
    pub(super) fn is_over(&self) -> bool {
        self.occupants.is_empty() && (!self.config.persistent || self.config.locked)
    }
}

/// A status code (section 15.6.2).
pub(super) fn status(code: &u16) -> Build {
    build("status", ns::MUC_USER).attr("code", code.to_string())
}

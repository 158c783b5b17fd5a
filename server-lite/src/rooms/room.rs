//! A room in memory: who is there, and what each of them sees of the others
//! (XEP-0045, section 7).

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jid::FullJid;
use sha2::Digest;
use xmpp_core::element::{Build, build};
use xmpp_core::{Element, ns};

use super::affiliation::{Affiliation, Role, Standing};
use super::config::RoomConfig;
use super::post::Post;

/// What somebody is to the room, whether they are there or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) affiliation: Affiliation,
    pub(super) nick: Option<String>,
    pub(super) reason: Option<String>,
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
    /// The last presence it sent, without what is for the room alone.
    pub(super) presence: Element,
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
    /// Nobody else may enter before the owner has said how it is set up
    /// (section 10.1).
    pub(super) locked: bool,
    /// Counts the messages, so that who enters can tell whether one came while
    /// the history was read.
    pub(super) messages: u64,
}

/// What goes with a presence besides who it is from.
#[derive(Debug, Clone, Default)]
pub(super) struct Change<'a> {
    /// Status codes for everybody (section 15.6.2).
    pub(super) codes: &'a [u16],
    /// Status codes for the one it is about.
    pub(super) own_codes: &'a [u16],
    pub(super) new_nick: Option<&'a str>,
    /// Nickname of who did it.
    pub(super) actor: Option<&'a str>,
    pub(super) reason: Option<&'a str>,
    /// What took the room's place (section 10.9).
    pub(super) destroy: Option<&'a Element>,
    /// The presence with which somebody leaves.
    pub(super) farewell: Option<&'a Element>,
}

impl Room {
    pub(super) fn affiliation(&self, user: &str) -> Affiliation {
        self.people
            .get(user)
            .map_or(Affiliation::None, |person| person.affiliation)
    }

    /// Place of the occupant to whom a session belongs.
    pub(super) fn seat_of(&self, address: &FullJid) -> Option<usize> {
        self.occupants
            .iter()
            .position(|occupant| occupant.seats.iter().any(|seat| seat.address == *address))
    }

    pub(super) fn occupant(&self, address: &FullJid) -> Option<&Occupant> {
        self.occupants.get(self.seat_of(address)?)
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

    /// XEP-0421: stays the same whatever the nickname, and says nothing about
    /// the address.
    pub(super) fn occupant_id(&self, user: &str) -> Element {
        let mut hash = sha2::Sha256::new();
        hash.update(self.secret.as_bytes());
        hash.update([0]);
        hash.update(user.as_bytes());
        build("occupant-id", ns::OCCUPANT_ID)
            .attr("id", URL_SAFE_NO_PAD.encode(hash.finalize()))
            .done()
    }

    /// Every session in the room.
    pub(super) fn sessions(&self) -> impl Iterator<Item = &FullJid> {
        self.occupants
            .iter()
            .flat_map(|occupant| &occupant.seats)
            .map(|seat| &seat.address)
    }

    /// The sessions of those who keep order.
    pub(super) fn moderators(&self) -> impl Iterator<Item = &FullJid> {
        self.occupants
            .iter()
            .filter(|occupant| occupant.role == Role::Moderator)
            .flat_map(|occupant| &occupant.seats)
            .map(|seat| &seat.address)
    }

    fn may_see_addresses(&self, role: Role) -> bool {
        self.config.non_anonymous || role == Role::Moderator
    }

    /// The presence of one as another sees it.
    pub(super) fn presence(
        &self,
        about: &Occupant,
        seat: &Seat,
        viewer: &Occupant,
        is_available: bool,
        change: &Change<'_>,
    ) -> Element {
        let is_self = about.nick == viewer.nick;
        let mut presence = build("presence", ns::CLIENT).attr("from", self.address_of(&about.nick));
        if is_available {
            presence = presence.children(seat.presence.children().cloned());
        } else {
            let words = change.farewell.into_iter().flat_map(Element::children);
            presence = presence.attr("type", "unavailable").children(
                words
                    .filter(|child| child.is("status", ns::CLIENT))
                    .cloned(),
            );
        }
        let mut item = build("item", ns::MUC_USER)
            .attr("affiliation", self.affiliation(&about.user).as_str())
            .attr(
                "role",
                if is_available || change.new_nick.is_some() {
                    about.role.as_str()
                } else {
                    Role::None.as_str()
                },
            )
            .attr_opt("nick", change.new_nick);
        if is_self || self.may_see_addresses(viewer.role) {
            item = item.attr("jid", seat.address.as_str());
        }
        if let Some(actor) = change.actor {
            item = item.child(build("actor", ns::MUC_USER).attr("nick", actor));
        }
        if let Some(reason) = change.reason {
            item = item.child(build("reason", ns::MUC_USER).text(reason));
        }
        let own: &[u16] = if is_self { &[110] } else { &[] };
        let own_codes = if is_self { change.own_codes } else { &[] };
        let codes = own.iter().chain(own_codes).chain(change.codes);
        let mut user = build("x", ns::MUC_USER)
            .child(item)
            .children(codes.map(status));
        if let Some(destroy) = change.destroy {
            user = user.child(destroy.clone());
        }
        presence
            .child(user)
            .child(self.occupant_id(&about.user))
            .done()
    }

    /// Tells everybody how somebody is now; `place` is theirs in the list.
    pub(super) fn announce(&self, post: Post<'_>, place: usize, change: &Change<'_>) {
        let Some(about) = self.occupants.get(place) else {
            return;
        };
        let Some(seat) = about.seats.last() else {
            return;
        };
        for viewer in &self.occupants {
            for session in &viewer.seats {
                let presence = self.presence(about, seat, viewer, true, change);
                post.one(&session.address, presence);
            }
        }
    }

    /// Takes somebody out, and tells them and everybody else.
    pub(super) fn remove(&mut self, post: Post<'_>, place: usize, change: &Change<'_>) {
        if place >= self.occupants.len() {
            return;
        }
        let gone = self.occupants.remove(place);
        let Some(last) = gone.seats.last() else {
            return;
        };
        for viewer in self.occupants.iter().chain([&gone]) {
            for session in &viewer.seats {
                // Each of their sessions hears it of itself.
                let seat = if viewer.nick == gone.nick {
                    session
                } else {
                    last
                };
                let presence = self.presence(&gone, seat, viewer, false, change);
                post.one(&session.address, presence);
            }
        }
    }

    /// One session of somebody goes; with the last one, they do.
    pub(super) fn leave(&mut self, post: Post<'_>, address: &FullJid, farewell: Option<&Element>) {
        let change = Change {
            farewell,
            ..Change::default()
        };
        let Some(place) = self.seat_of(address) else {
            return;
        };
        let Some(occupant) = self.occupants.get_mut(place) else {
            return;
        };
        if occupant.seats.len() == 1 {
            self.remove(post, place, &change);
            return;
        }
        let mut gone = occupant.clone();
        occupant.seats.retain(|seat| seat.address != *address);
        gone.seats.retain(|seat| seat.address == *address);
        if let Some(seat) = gone.seats.first() {
            let own = self.presence(&gone, seat, &gone, false, &change);
            post.one(address, own);
        }
    }

    /// Whether nothing keeps the room once it is empty.
    pub(super) fn is_over(&self) -> bool {
        self.occupants.is_empty() && !self.config.persistent && !self.locked
    }
}

/// A status code (section 15.6.2).
pub(super) fn status(code: &u16) -> Build {
    build("status", ns::MUC_USER).attr("code", code.to_string())
}

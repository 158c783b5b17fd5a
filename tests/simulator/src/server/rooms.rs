//! Rooms (XEP-0045): who is in them, what is said there and kept (XEP-0313,
//! XEP-0359, XEP-0421), and what a moderator takes back (XEP-0425).
//!
//! Devices of one account may share a nickname; who first is named as a member owns
//! the room. What is kept is on disk, who is there is not.

mod managing;

use std::collections::{BTreeMap, BTreeSet};

use xmpp_core::element::{self, Build, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns, rules};

use super::archive::Archived;
use super::messages::{with_id, without};
use super::requests::{Answer, refused, result};
use super::{Server, address};

/// The domain of every room.
pub(crate) const ROOMS: &str = "rooms.sim.example";

/// A room.
#[derive(Debug, Default)]
pub(crate) struct Room {
    pub(crate) archive: Vec<Archived>,
    owner: String,
    /// Accounts that are not let in.
    pub(crate) outcasts: BTreeSet<String>,
    /// Nicknames by session.
    occupants: BTreeMap<u64, String>,
}

/// The room and the nickname of an address of one.
pub(super) fn room_parts(jid: &str) -> Option<(&str, Option<&str>)> {
    let (bare, nick) = match jid.split_once('/') {
        Some((bare, nick)) => (bare, Some(nick)),
        None => (jid, None),
    };
    let name = bare.strip_suffix(ROOMS)?.strip_suffix('@')?;
    Some((name, nick))
}

fn room_address(name: &str) -> String {
    format!("{name}@{ROOMS}")
}

impl Server {
    /// Makes a room that its members have bookmarked (XEP-0402).
    pub(crate) fn open_room(&mut self, name: &str, members: &[String]) {
        let room = Room {
            owner: members.first().cloned().unwrap_or_default(),
            ..Room::default()
        };
        self.rooms.insert(name.to_owned(), room);
        for member in members {
            if let Some(account) = self.accounts.get_mut(member) {
                let conference = build("conference", ns::BOOKMARKS)
                    .attr("name", name)
                    .attr("autojoin", "true");
                let item = build("item", ns::PUBSUB)
                    .attr("id", room_address(name))
                    .child(conference);
                account.bookmark(item.done());
            }
        }
    }

    fn account_of(&self, session: u64) -> String {
        let session = self.sessions.get(&session);
        session.map_or_else(String::new, |session| session.account.clone())
    }

    fn full(&self, session: u64) -> String {
        let session = self.sessions.get(&session);
        session.map_or_else(String::new, |session| {
            format!("{}/{}", address(&session.account), session.resource)
        })
    }

    fn refuse(&mut self, session: u64, stanza: &Element, condition: Condition) {
        if let Some(error) = StanzaError::from(condition).reply_to(stanza) {
            self.deliver(session, &error);
        }
    }

    /// Sections 7.2, 7.6 and 7.14: a device comes, or goes.
    pub(super) fn room_presence(
        &mut self,
        session: u64,
        name: &str,
        nick: Option<&str>,
        presence: &Element,
    ) {
        let account = self.account_of(session);
        match presence.attr("type") {
            None => {}
            Some("unavailable") => return self.leave_room(session, name),
            Some(_) => return,
        }
        let Some(room) = self.rooms.get(name) else {
            return self.refuse(session, presence, Condition::ItemNotFound);
        };
        let joins = presence.has_child("x", ns::MUC);
        let nick = nick.unwrap_or_default();
        if room.outcasts.contains(&account) {
            return self.refuse(session, presence, Condition::Forbidden);
        }
        let tells_who = !self.flavour.anonymous || self.flavour.occupant_ids;
        if nick.is_empty() || !tells_who && nick != account {
            // Where nothing but the nickname says who it is, everybody has their own.
            return self.refuse(session, presence, Condition::NotAcceptable);
        }
        let is_taken = room
            .occupants
            .iter()
            .any(|(other, known)| known == nick && self.account_of(*other) != account);
        if is_taken {
            return self.refuse(session, presence, Condition::Conflict);
        }
        let before = room.occupants.get(&session).cloned();
        if let Some(before) = before.as_ref().filter(|before| *before != nick) {
            self.rename(name, before, nick);
        }
        if before.is_some() && !joins {
            return;
        }
        let there = self.rooms.get(name).map(|room| room.occupants.clone());
        let there = there.unwrap_or_default();
        let has_nick = there.values().any(|known| known == nick);
        // Section 7.2.2: first those who are there, of each nickname one.
        let mut shown = BTreeSet::new();
        for (other, known) in &there {
            if known != nick && shown.insert(known.clone()) {
                let presence = self.occupant(name, (*other, known), session, &[]);
                self.deliver(session, &presence.done());
            }
        }
        if let Some(room) = self.rooms.get_mut(name) {
            room.occupants.insert(session, nick.to_owned());
        }
        if !has_nick {
            for other in there.keys() {
                let presence = self.occupant(name, (session, nick), *other, &[]);
                self.deliver(*other, &presence.done());
            }
        }
        let open = (!self.flavour.anonymous).then_some("100");
        let codes: Vec<&str> = open.into_iter().chain(["110"]).collect();
        let us = self.occupant(name, (session, nick), session, &codes);
        self.deliver(session, &us.done());
        // Section 7.2.15: the end of joining.
        let subject = build("message", ns::CLIENT)
            .attr("from", room_address(name))
            .attr("to", self.full(session))
            .attr("type", "groupchat")
            .child(build("subject", ns::CLIENT));
        self.deliver(session, &subject.done());
    }

    /// Section 7.6: whoever goes by a nickname, with all devices, goes by another.
    fn rename(&mut self, name: &str, old: &str, new: &str) {
        let everybody = self.rooms.get(name).map(|room| room.occupants.clone());
        let everybody = everybody.unwrap_or_default();
        let ours = everybody.iter().find(|(_, nick)| *nick == old);
        let Some(session) = ours.map(|(session, _)| *session) else {
            return;
        };
        for (to, nick) in &everybody {
            let us = (nick == old).then_some("110");
            let codes: Vec<&str> = us.into_iter().chain(["303"]).collect();
            let mut presence = self.occupant(name, (session, old), *to, &codes).done();
            element::set_attr(&mut presence, "type", Some("unavailable"));
            let item = presence
                .get_child_mut("x", ns::MUC_USER)
                .and_then(|user| user.get_child_mut("item", ns::MUC_USER));
            if let Some(item) = item {
                element::set_attr(item, "nick", Some(new));
            }
            self.deliver(*to, &presence);
        }
        if let Some(room) = self.rooms.get_mut(name) {
            let renamed = room.occupants.values_mut().filter(|nick| *nick == old);
            renamed.for_each(|nick| new.clone_into(nick));
        }
        for (to, nick) in &everybody {
            let codes: &[&str] = if nick == old { &["110"] } else { &[] };
            let presence = self.occupant(name, (session, new), *to, codes);
            self.deliver(*to, &presence.done());
        }
    }

    /// Presence of somebody in a room, under a nickname, for another.
    fn occupant(&self, name: &str, (of, nick): (u64, &str), to: u64, codes: &[&str]) -> Build {
        let account = self.account_of(of);
        let owner = self.rooms.get(name).map(|room| room.owner.as_str());
        let is_owner = |account: &str| owner == Some(account);
        let sees = !self.flavour.anonymous || is_owner(&self.account_of(to));
        let user = build("x", ns::MUC_USER)
            .child(item(is_owner(&account), sees.then(|| self.full(of))))
            .children(
                codes
                    .iter()
                    .map(|code| build("status", ns::MUC_USER).attr("code", code)),
            );
        build("presence", ns::CLIENT)
            .attr("from", format!("{}/{nick}", room_address(name)))
            .attr("to", self.full(to))
            .child(user)
            .children(self.occupant_id(name, &account))
    }

    /// XEP-0421: the same for all devices of an account, another in each room.
    fn occupant_id(&self, name: &str, account: &str) -> Option<Element> {
        if !self.flavour.occupant_ids {
            return None;
        }
        let number = crate::dice::Dice::of(7, &format!("{account}@{name}"), 0).bits();
        let id = format!("{number:016x}");
        Some(build("occupant-id", ns::OCCUPANT_ID).attr("id", id).done())
    }

    fn leave_room(&mut self, session: u64, name: &str) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        let Some(nick) = room.occupants.remove(&session) else {
            return;
        };
        let has_more = room.occupants.values().any(|other| *other == nick);
        let others: Vec<u64> = room.occupants.keys().copied().collect();
        let gone = |mut presence: Element| {
            element::set_attr(&mut presence, "type", Some("unavailable"));
            presence
        };
        if !has_more {
            for other in others {
                let presence = gone(self.occupant(name, (session, &nick), other, &[]).done());
                self.deliver(other, &presence);
            }
        }
        let us = self.occupant(name, (session, &nick), session, &["110"]);
        let presence = gone(us.done());
        self.deliver(session, &presence);
    }

    /// A session is over, or not available any more.
    pub(super) fn leave_rooms(&mut self, session: u64) {
        for name in self.rooms.keys().cloned().collect::<Vec<_>>() {
            self.leave_room(session, &name);
        }
    }

    /// The room forgets who is in it, with a word (section 15.6.2) or without.
    pub(crate) fn scatter(&mut self, name: &str, told: bool) {
        let there = match self.rooms.get(name) {
            Some(room) => room.occupants.clone(),
            None => return,
        };
        for (session, nick) in there {
            if told {
                let mut presence = self
                    .occupant(name, (session, &nick), session, &["110", "332"])
                    .done();
                element::set_attr(&mut presence, "type", Some("unavailable"));
                self.deliver(session, &presence);
            }
        }
        if let Some(room) = self.rooms.get_mut(name) {
            room.occupants.clear();
        }
    }

    pub(super) fn empty_rooms(&mut self) {
        for room in self.rooms.values_mut() {
            room.occupants.clear();
        }
    }

    /// Section 7.4: to everybody, and back to who said it.
    pub(super) fn room_message(
        &mut self,
        session: u64,
        name: &str,
        nick: Option<&str>,
        message: &Element,
    ) {
        let account = self.account_of(session);
        let Some(room) = self.rooms.get(name) else {
            return self.refuse(session, message, Condition::ItemNotFound);
        };
        let Some(known) = room.occupants.get(&session).cloned() else {
            return self.refuse(session, message, Condition::NotAcceptable);
        };
        if nick.is_some() || message.attr("type") != Some("groupchat") {
            return self.refuse(session, message, Condition::ServiceUnavailable);
        }
        let strip = |child: &Element| {
            child.has_ns(ns::OCCUPANT_ID)
                || child.has_ns(ns::MUC_USER)
                || child.is("stanza-id", ns::STANZA_ID)
        };
        let mut message = without(message, strip);
        element::set_attr(
            &mut message,
            "from",
            Some(&format!("{}/{known}", room_address(name))),
        );
        element::set_attr(&mut message, "to", None);
        if let Some(id) = self.occupant_id(name, &account) {
            message.append_child(id);
        }
        self.say_in_room(name, &message, &account);
    }

    /// Says something that an account says, or the room itself (no account).
    fn say_in_room(&mut self, name: &str, message: &Element, by: &str) {
        let is_kept = rules::is_archived_in_room(message);
        let id = is_kept.then(|| self.archive_in_room(name, message, by));
        let message = with_id(message, &room_address(name), id);
        let Some(room) = self.rooms.get(name) else {
            return;
        };
        for session in room.occupants.keys().copied().collect::<Vec<_>>() {
            let mut message = message.clone();
            element::set_attr(&mut message, "to", Some(&self.full(session)));
            self.deliver(session, &message);
        }
    }

    fn archive_in_room(&mut self, name: &str, message: &Element, by: &str) -> String {
        let id = self.id();
        let mut kept = message.clone();
        if !by.is_empty() && !self.flavour.anonymous {
            // XEP-0313 for rooms: who it was.
            let owner = self.rooms.get(name).map(|room| room.owner.as_str());
            let item = item(owner == Some(by), Some(address(by)));
            kept.append_child(build("x", ns::MUC_USER).child(item).done());
        }
        let archived = Archived {
            id: id.clone(),
            stamp_ms: self.now_ms,
            by: by.to_owned(),
            message: kept,
            original: None,
        };
        let tombstones = self.flavour.tombstones;
        if let Some(room) = self.rooms.get_mut(name) {
            if tombstones {
                super::archive::bury(&mut room.archive, &archived);
            }
            room.archive.push(archived);
        }
        id
    }

    /// A request to a room, or to somebody in it.
    pub(super) fn room_iq(
        &mut self,
        session: u64,
        (name, nick): (&str, Option<&str>),
        iq: &Element,
        payload: &Element,
    ) -> Answer {
        let account = self.account_of(session);
        let Some(room) = self.rooms.get(name) else {
            return refused(Condition::ItemNotFound);
        };
        let known = room.occupants.get(&session).cloned();
        if let Some(nick) = nick {
            // XEP-0410, section 3.2; nothing else is passed on.
            return match (payload.name(), known.as_deref() == Some(nick)) {
                ("ping", true) => result(None),
                ("ping", false) => refused(Condition::NotAcceptable),
                _ => refused(Condition::ServiceUnavailable),
            };
        }
        match (iq.attr("type"), payload.name(), payload.ns().as_str()) {
            (Some("get"), "query", ns::DISCO_INFO) => result(Some(self.room_info(name))),
            (Some("set"), "moderate", ns::MODERATION) => match known {
                Some(nick) if account == room.owner => self.moderate(name, &nick, payload),
                _ => refused(Condition::Forbidden),
            },
            (Some("set"), "query", ns::MUC_ADMIN) => match known {
                Some(_) if account == room.owner => self.administrate(name, payload),
                _ => refused(Condition::Forbidden),
            },
            _ => refused(Condition::ServiceUnavailable),
        }
    }
}

fn item(is_owner: bool, jid: Option<String>) -> Build {
    let (affiliation, role) = match is_owner {
        true => ("owner", "moderator"),
        false => ("none", "participant"),
    };
    build("item", ns::MUC_USER)
        .attr("affiliation", affiliation)
        .attr("role", role)
        .attr_opt("jid", jid)
}

/// What the service says of itself.
pub(super) fn service_info() -> Element {
    build("query", ns::DISCO_INFO)
        .child(
            build("identity", ns::DISCO_INFO)
                .attr("category", "conference")
                .attr("type", "text"),
        )
        .child(build("feature", ns::DISCO_INFO).attr("var", ns::MUC))
        .done()
}

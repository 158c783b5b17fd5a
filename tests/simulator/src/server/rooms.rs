//! Rooms (XEP-0045): who is in them, what is said there and kept (XEP-0313,
//! XEP-0359, XEP-0421), and what a moderator takes back (XEP-0425).
//!
//! A nickname is that of an account, for all its devices; who first is named as
//! a member owns the room. What is kept is on disk, who is there is not.

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
        if nick != Some(account.as_str()) {
            // Others' names, and names that are not theirs.
            return self.refuse(session, presence, Condition::NotAcceptable);
        }
        let there: Vec<(u64, String)> = room
            .occupants
            .iter()
            .map(|(id, nick)| (*id, nick.clone()))
            .collect();
        let is_in = there.iter().any(|(id, _)| *id == session);
        if is_in && !joins {
            return;
        }
        let has_nick = there.iter().any(|(_, nick)| *nick == account);
        // Section 7.2.2: first those who are there, of each nickname one.
        let mut shown = BTreeSet::new();
        for (other, nick) in &there {
            if *nick != account && shown.insert(nick.clone()) {
                let presence = self.occupant(name, *other, session, &[]);
                self.deliver(session, &presence.done());
            }
        }
        if let Some(room) = self.rooms.get_mut(name) {
            room.occupants.insert(session, account.clone());
        }
        if !has_nick {
            for (other, _) in &there {
                let presence = self.occupant(name, session, *other, &[]);
                self.deliver(*other, &presence.done());
            }
        }
        let open = (!self.flavour.anonymous).then_some("100");
        let codes: Vec<&str> = open.into_iter().chain(["110"]).collect();
        let us = self.occupant(name, session, session, &codes);
        self.deliver(session, &us.done());
        // Section 7.2.15: the end of joining.
        let subject = build("message", ns::CLIENT)
            .attr("from", room_address(name))
            .attr("to", self.full(session))
            .attr("type", "groupchat")
            .child(build("subject", ns::CLIENT));
        self.deliver(session, &subject.done());
    }

    /// Presence of somebody in a room, for another.
    fn occupant(&self, name: &str, of: u64, to: u64, codes: &[&str]) -> Build {
        let account = self.account_of(of);
        let owner = self.rooms.get(name).map(|room| room.owner.as_str());
        let is_owner = |account: &str| owner == Some(account);
        let sees = !self.flavour.anonymous || is_owner(&self.account_of(to));
        let user = build("x", ns::MUC_USER)
            .child(self.item(&account, is_owner(&account), sees.then(|| self.full(of))))
            .children(
                codes
                    .iter()
                    .map(|code| build("status", ns::MUC_USER).attr("code", code)),
            );
        build("presence", ns::CLIENT)
            .attr("from", format!("{}/{account}", room_address(name)))
            .attr("to", self.full(to))
            .child(user)
            .children(self.occupant_id(name, &account))
    }

    fn item(&self, _account: &str, is_owner: bool, jid: Option<String>) -> Build {
        let (affiliation, role) = match is_owner {
            true => ("owner", "moderator"),
            false => ("none", "participant"),
        };
        build("item", ns::MUC_USER)
            .attr("affiliation", affiliation)
            .attr("role", role)
            .attr_opt("jid", jid)
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
                let presence = gone(self.occupant(name, session, other, &[]).done());
                self.deliver(other, &presence);
            }
        }
        let presence = gone(self.occupant(name, session, session, &["110"]).done());
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
        let there: Vec<u64> = match self.rooms.get(name) {
            Some(room) => room.occupants.keys().copied().collect(),
            None => return,
        };
        for session in there {
            if told {
                let mut presence = self
                    .occupant(name, session, session, &["110", "332"])
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
        if !room.occupants.contains_key(&session) {
            return self.refuse(session, message, Condition::NotAcceptable);
        }
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
            Some(&format!("{}/{account}", room_address(name))),
        );
        element::set_attr(&mut message, "to", None);
        if let Some(id) = self.occupant_id(name, &account) {
            message.append_child(id);
        }
        self.say_in_room(name, &message);
    }

    fn say_in_room(&mut self, name: &str, message: &Element) {
        let id = rules::is_archived_in_room(message).then(|| self.archive_in_room(name, message));
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

    fn archive_in_room(&mut self, name: &str, message: &Element) -> String {
        let id = self.id();
        let from = message.attr("from").and_then(|from| from.split_once('/'));
        let nick = from.map_or("", |(_, nick)| nick);
        let mut kept = message.clone();
        if !nick.is_empty() && !self.flavour.anonymous {
            // XEP-0313 for rooms: who it was.
            let owner = self.rooms.get(name).map(|room| room.owner.as_str());
            let item = self.item(nick, owner == Some(nick), Some(address(nick)));
            kept.append_child(build("x", ns::MUC_USER).child(item).done());
        }
        let archived = Archived {
            id: id.clone(),
            stamp_ms: self.now_ms,
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
        let is_in = room.occupants.contains_key(&session);
        if let Some(nick) = nick {
            // XEP-0410, section 3.2; nothing else is passed on.
            return match (payload.name(), is_in && nick == account) {
                ("ping", true) => result(None),
                ("ping", false) => refused(Condition::NotAcceptable),
                _ => refused(Condition::ServiceUnavailable),
            };
        }
        match (iq.attr("type"), payload.name(), payload.ns().as_str()) {
            (Some("get"), "query", ns::DISCO_INFO) => result(Some(self.room_info(name))),
            (Some("set"), "moderate", ns::MODERATION) => {
                if account != room.owner || !is_in {
                    return refused(Condition::Forbidden);
                }
                self.moderate(name, &account, payload)
            }
            _ => refused(Condition::ServiceUnavailable),
        }
    }

    fn room_info(&self, name: &str) -> Element {
        let identity = build("identity", ns::DISCO_INFO)
            .attr("category", "conference")
            .attr("type", "text")
            .attr("name", format!("The {name}"));
        let anonymous = match self.flavour.anonymous {
            true => "muc_semianonymous",
            false => "muc_nonanonymous",
        };
        let ids = self.flavour.occupant_ids.then_some(ns::OCCUPANT_ID);
        let features = [
            ns::MUC,
            ns::MAM,
            ns::STANZA_ID,
            ns::MODERATION,
            ns::MUC_SELF_PING,
            "muc_persistent",
            "muc_open",
            "muc_public",
            anonymous,
        ];
        let features = features
            .into_iter()
            .chain(ids)
            .map(|feature| build("feature", ns::DISCO_INFO).attr("var", feature));
        build("query", ns::DISCO_INFO)
            .child(identity)
            .children(features)
            .done()
    }

    /// XEP-0425, section 3.
    fn moderate(&mut self, name: &str, by: &str, request: &Element) -> Answer {
        let target = request.attr("id").unwrap_or_default();
        let is_there = self.rooms.get(name).is_some_and(|room| {
            let mut archive = room.archive.iter();
            archive.any(|archived| archived.id == target)
        });
        if !is_there || !request.has_child("retract", ns::RETRACT) {
            return refused(Condition::ItemNotFound);
        }
        let by = format!("{}/{by}", room_address(name));
        let retract = build("retract", ns::RETRACT)
            .attr("id", target)
            .child(build("moderated", ns::MODERATION).attr("by", by));
        let message = build("message", ns::CLIENT)
            .attr("from", room_address(name))
            .attr("type", "groupchat")
            .attr("id", self.id())
            .child(retract)
            .done();
        self.say_in_room(name, &message);
        result(None)
    }
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

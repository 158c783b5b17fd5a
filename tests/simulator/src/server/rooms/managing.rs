//! What a room says of itself, and what its owner does in it.

use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::Condition;
use xmpp_core::{Element, ns};

use super::super::Server;
use super::super::messages::parts;
use super::super::requests::{Answer, refused, result};
use super::room_address;

impl Server {
    pub(super) fn room_info(&self, name: &str) -> Element {
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
    pub(super) fn moderate(&mut self, name: &str, by: &str, request: &Element) -> Answer {
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
        self.say_in_room(name, &message, "");
        result(None)
    }
    /// XEP-0045, sections 8.2, 9.1 and 9.4: people are put out, for now or for good,
    /// or may come again.
    pub(super) fn administrate(&mut self, name: &str, query: &Element) -> Answer {
        let owner = self.rooms.get(name).map(|room| room.owner.clone());
        for item in query.children() {
            let account = item.attr("jid").and_then(parts).map(|(account, _)| account);
            if account.is_some() && account == owner.as_deref() {
                // Section 9.1: nobody bans themselves.
                return refused(Condition::Conflict);
            }
            match (
                item.attr("nick"),
                account,
                item.attr("role"),
                item.attr("affiliation"),
            ) {
                (Some(nick), _, Some("none"), _) => self.put_out(name, "307", |_, of| of == nick),
                (_, Some(account), _, Some("outcast")) => {
                    if let Some(room) = self.rooms.get_mut(name) {
                        room.outcasts.insert(account.to_owned());
                    }
                    self.put_out(name, "301", |of, _| of == account);
                }
                (_, Some(account), _, Some("none")) => {
                    if let Some(room) = self.rooms.get_mut(name) {
                        room.outcasts.remove(account);
                    }
                }
                _ => return refused(Condition::BadRequest),
            }
        }
        result(None)
    }

    /// Those of whom it is true, by account and nickname, are not in the room any
    /// more; its owner stays.
    fn put_out(&mut self, name: &str, code: &str, is_meant: impl Fn(&str, &str) -> bool) {
        let Some(room) = self.rooms.get(name) else {
            return;
        };
        let (owner, everybody) = (room.owner.clone(), room.occupants.clone());
        let mut out: Vec<(u64, String)> = Vec::new();
        for (session, nick) in &everybody {
            let account = self.account_of(*session);
            if account != owner && is_meant(&account, nick) {
                out.push((*session, nick.clone()));
            }
        }
        if let Some(room) = self.rooms.get_mut(name) {
            room.occupants
                .retain(|session, _| !out.iter().any(|(gone, _)| gone == session));
        }
        let mut told: Vec<(u64, String)> = Vec::new();
        for (session, nick) in &out {
            for to in everybody.keys() {
                let is_us = out.iter().any(|(gone, of)| gone == to && of == nick);
                if told.contains(&(*to, nick.clone())) {
                    continue;
                }
                told.push((*to, nick.clone()));
                let codes: Vec<&str> = is_us.then_some("110").into_iter().chain([code]).collect();
                let presence = self.occupant(name, (*session, nick), *to, &codes);
                let mut presence = presence.done();
                element::set_attr(&mut presence, "type", Some("unavailable"));
                self.deliver(*to, &presence);
            }
        }
    }
}

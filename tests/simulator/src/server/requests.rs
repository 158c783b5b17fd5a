//! Requests (RFC 6120, section 8.2.3).

use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::messages::parts;
use super::rooms::{self, ROOMS, room_parts};
use super::{DOMAIN, Server, address};

/// What a request is answered with.
pub(super) type Answer = Result<Option<Element>, Condition>;

pub(super) fn result(payload: Option<Element>) -> Answer {
    Ok(payload)
}

pub(super) fn refused(condition: Condition) -> Answer {
    Err(condition)
}

/// What the server can do for an account (XEP-0030).
const FEATURES: &[&str] = &[
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::CARBONS,
    ns::PING,
    ns::BLOCKING,
    ns::MAM,
    ns::STANZA_ID,
    ns::PUBSUB_PUBLISH_OPTIONS,
    ns::BOOKMARKS_COMPAT_PEP,
    "http://jabber.org/protocol/pubsub#publish",
    "http://jabber.org/protocol/pubsub#persistent-items",
    "http://jabber.org/protocol/pubsub#multi-items",
];

impl Server {
    pub(super) fn iq(&mut self, session: u64, iq: &Element) {
        let Some(from) = self.sessions.get(&session) else {
            return;
        };
        let account = from.account.clone();
        let own = address(&account);
        let to = iq.attr("to").unwrap_or(&own);
        let is_request = matches!(iq.attr("type"), Some("get" | "set"));
        if let Some((other, Some(resource))) = parts(to) {
            // Between two devices (RFC 6121, section 8.5.3).
            let found = self.sessions.iter().find(|(_, session)| {
                session.account == other && session.resource == resource && session.available
            });
            match found.map(|(id, _)| *id) {
                Some(id) => self.deliver(id, iq),
                None => self.answer(session, iq, refused(Condition::ServiceUnavailable)),
            }
            return;
        }
        if !is_request {
            return;
        }
        if let (Some((name, nick)), Some(payload)) = (room_parts(to), iq.children().next()) {
            if nick.is_none() && payload.is("query", ns::MAM) && self.rooms.contains_key(name) {
                return self.query(session, &format!("#{name}"), iq, payload);
            }
            let answer = self.room_iq(session, (name, nick), iq, payload);
            return self.answer(session, iq, answer);
        }
        if to == ROOMS
            && iq
                .children()
                .any(|payload| payload.is("query", ns::DISCO_INFO))
        {
            return self.answer(session, iq, result(Some(rooms::service_info())));
        }
        let for_us = to == own || to == DOMAIN;
        let Some(payload) = iq.children().next().filter(|_| for_us) else {
            return self.answer(session, iq, refused(Condition::ServiceUnavailable));
        };
        let answer = match (iq.attr("type"), payload.name(), payload.ns().as_str()) {
            (Some("set"), "query", ns::MAM) => {
                return self.query(session, &account, iq, payload);
            }
            (Some("get"), "query", ns::ROSTER) => self.roster(&account),
            (Some("set"), "enable" | "disable", ns::CARBONS) => {
                if let Some(session) = self.sessions.get_mut(&session) {
                    session.carbons = payload.name() == "enable";
                }
                result(None)
            }
            (Some("get"), "ping", ns::PING) => result(None),
            (Some("get"), "query", ns::DISCO_INFO) => result(Some(info(to == own))),
            (Some("get"), "query", ns::DISCO_ITEMS) => {
                result(Some(build("query", ns::DISCO_ITEMS).done()))
            }
            (_, "pubsub", ns::PUBSUB) => self.pubsub(&account, iq, payload),
            (Some("get"), "blocklist", ns::BLOCKING) => self.block_list(&account, session),
            (Some("set"), "block" | "unblock", ns::BLOCKING) => self.block(&account, payload),
            _ => refused(Condition::ServiceUnavailable),
        };
        self.answer(session, iq, answer);
    }

    fn answer(&mut self, session: u64, iq: &Element, answer: Answer) {
        let answer = match answer {
            Ok(payload) => {
                let mut result = build("iq", ns::CLIENT)
                    .attr("type", "result")
                    .attr_opt("id", iq.attr("id"))
                    .attr_opt("from", iq.attr("to"))
                    .attr_opt("to", iq.attr("from"));
                if let Some(payload) = payload {
                    result = result.child(payload);
                }
                result.done()
            }
            Err(condition) => match StanzaError::from(condition).reply_to(iq) {
                Some(error) => error,
                None => return,
            },
        };
        self.deliver(session, &answer);
    }

    /// RFC 6121, section 2.1: everybody knows everybody.
    fn roster(&self, account: &str) -> Answer {
        let items = self
            .accounts
            .keys()
            .filter(|other| *other != account)
            .map(|other| {
                build("item", ns::ROSTER)
                    .attr("jid", address(other))
                    .attr("name", other)
                    .attr("subscription", "both")
                    .done()
            });
        result(Some(build("query", ns::ROSTER).children(items).done()))
    }
}

fn info(of_account: bool) -> Element {
    let identity = |category: &str, kind: &str| {
        build("identity", ns::DISCO_INFO)
            .attr("category", category)
            .attr("type", kind)
            .done()
    };
    let identities = if of_account {
        vec![identity("account", "registered"), identity("pubsub", "pep")]
    } else {
        vec![identity("server", "im")]
    };
    let features = FEATURES
        .iter()
        .map(|feature| build("feature", ns::DISCO_INFO).attr("var", feature).done());
    let mut info = build("query", ns::DISCO_INFO)
        .children(identities)
        .children(features)
        .done();
    element::set_attr(&mut info, "node", None);
    info
}

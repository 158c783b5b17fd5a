//! Messages and presence: who gets what (RFC 6121, sections 4 and 8;
//! XEP-0280, XEP-0313, XEP-0359, XEP-0160).

use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, datetime, ns, rules};

use super::archive::Archived;
use super::rooms::room_parts;
use super::{DOMAIN, Server, address};

/// The account and the resource of an address of ours.
pub(super) fn parts(jid: &str) -> Option<(&str, Option<&str>)> {
    let (bare, resource) = match jid.split_once('/') {
        Some((bare, resource)) => (bare, Some(resource)),
        None => (jid, None),
    };
    let account = bare.strip_suffix(DOMAIN)?.strip_suffix('@')?;
    Some((account, resource))
}

impl Server {
    pub(super) fn message(&mut self, session: u64, mut message: Element) {
        let Some(from) = self.sessions.get(&session) else {
            return;
        };
        let sender = from.account.clone();
        let to = message
            .attr("to")
            .map_or_else(|| address(&sender), str::to_owned);
        element::set_attr(&mut message, "to", Some(&to));
        if let Some((room, nick)) = room_parts(&to) {
            return self.room_message(session, room, nick, &message);
        }
        // XEP-0359, section 4: nobody else gives our ids.
        let strip = |child: &Element| {
            child.is("stanza-id", ns::STANZA_ID)
                && child.attr("by").is_some_and(|by| by.ends_with(DOMAIN))
        };
        message = without(&message, strip);
        let recipient = parts(&to).filter(|(account, _)| self.accounts.contains_key(*account));
        let Some((recipient, resource)) = recipient else {
            let error = StanzaError::from(Condition::ServiceUnavailable);
            if let Some(error) = error.reply_to(&message) {
                self.deliver(session, &error);
            }
            return;
        };
        let blocks = |one: &str, other: &str| {
            let account = self.accounts.get(one);
            account.is_some_and(|account| account.blocked.contains(&address(other)))
        };
        if blocks(&sender, recipient) {
            // XEP-0191, section 3.2: nor can it be written to.
            let error = StanzaError::from(Condition::NotAcceptable)
                .with_detail(build("blocked", ns::BLOCKING_ERRORS));
            if let Some(error) = error.reply_to(&message) {
                self.deliver(session, &error);
            }
            return;
        }
        let is_blocked = blocks(recipient, &sender);
        let archived = rules::is_archived(&message);
        let mine = archived.then(|| self.archive(&sender, &message));
        if rules::is_carbon_copied(&message) && recipient != sender {
            let id = mine.clone().filter(|_| self.flavour.carbon_ids);
            let copy = with_id(&message, &address(&sender), id);
            self.copy(&sender, "sent", &copy, Some(session));
        }
        if is_blocked {
            // XEP-0191, section 3.2.
            let error = StanzaError::from(Condition::ServiceUnavailable);
            if let Some(error) = error.reply_to(&message) {
                self.deliver(session, &error);
            }
            return;
        }
        let theirs = match &mine {
            Some(mine) if recipient == sender => Some(mine.clone()),
            Some(_) => Some(self.archive(recipient, &message)),
            None => None,
        };
        self.receive(
            recipient,
            resource,
            with_id(&message, &address(recipient), theirs),
        );
    }

    /// RFC 6121, section 8.5: which devices get a message.
    fn receive(&mut self, account: &str, resource: Option<&str>, message: Element) {
        let available: Vec<u64> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.account == account && session.available)
            .map(|(id, _)| *id)
            .collect();
        let exact = resource.and_then(|resource| {
            available.iter().copied().find(|id| {
                self.sessions
                    .get(id)
                    .is_some_and(|session| session.resource == resource)
            })
        });
        let chosen: Vec<u64> = match exact {
            Some(exact) => vec![exact],
            None if self.flavour.to_all => available,
            // The one that came last.
            None => available.last().copied().into_iter().collect(),
        };
        if chosen.is_empty() {
            return self.keep(account, message);
        }
        for id in &chosen {
            self.deliver_message(*id, &message);
        }
        if rules::is_carbon_copied(&message) && !(exact.is_none() && self.flavour.to_all) {
            self.copy(account, "received", &message, chosen.first().copied());
        }
    }

    /// Copies for the other devices (XEP-0280, sections 6 and 7).
    fn copy(&mut self, account: &str, kind: &str, message: &Element, except: Option<u64>) {
        let others: Vec<(u64, String)> = self
            .sessions
            .iter()
            .filter(|(id, session)| {
                session.account == account && session.carbons && Some(**id) != except
            })
            .map(|(id, session)| (*id, session.resource.clone()))
            .collect();
        for (id, resource) in others {
            let forwarded = build("forwarded", ns::FORWARD).child(message.clone());
            let copy = build("message", ns::CLIENT)
                .attr("from", address(account))
                .attr("to", format!("{}/{resource}", address(account)))
                .attr("type", "chat")
                .child(build(kind, ns::CARBONS).child(forwarded));
            self.deliver(id, &copy.done());
        }
    }

    /// Nobody is there: the archive has it, and so has, with some servers, a
    /// queue of its own.
    fn keep(&mut self, account: &str, message: Element) {
        let now_ms = self.now_ms;
        if self.flavour.offline
            && rules::is_archived(&message)
            && let Some(account) = self.accounts.get_mut(account)
        {
            account.offline.push(Archived {
                id: String::new(),
                stamp_ms: now_ms,
                by: String::new(),
                message,
                original: None,
            });
        }
    }

    /// A message that a device was sent and never confirmed.
    pub(super) fn deliver_later(&mut self, account: &str, message: Element) {
        let message = delayed(&message, self.now_ms);
        let other = self
            .sessions
            .iter()
            .find(|(_, session)| session.account == account && session.available)
            .map(|(id, _)| *id);
        match other {
            Some(other) => self.deliver_message(other, &message),
            None => self.keep(account, message),
        }
    }

    pub(super) fn presence(&mut self, id: u64, presence: Element) {
        if let Some(to) = presence.attr("to") {
            if let Some((room, nick)) = room_parts(to) {
                self.room_presence(id, room, nick, &presence);
            }
            return;
        }
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let account = session.account.clone();
        match presence.attr("type") {
            None => {
                let is_first = !session.available;
                session.available = true;
                session.presence = Some(presence.clone());
                self.broadcast(&account, &presence);
                if is_first {
                    self.greet(id, &account);
                }
            }
            Some("unavailable") => {
                session.available = false;
                let resource = session.resource.clone();
                self.leave_rooms(id);
                self.tell_unavailable(&account, &resource);
            }
            Some(_) => {}
        }
    }

    /// Who is there already, and what has waited.
    fn greet(&mut self, id: u64, account: &str) {
        let there: Vec<Element> = self
            .sessions
            .iter()
            .filter(|(other, session)| **other != id && session.available)
            .filter_map(|(_, session)| session.presence.clone())
            .collect();
        for presence in there {
            self.deliver(id, &presence);
        }
        let waiting = self
            .accounts
            .get_mut(account)
            .map(|account| std::mem::take(&mut account.offline))
            .unwrap_or_default();
        for waiting in waiting {
            let message = delayed(&waiting.message, waiting.stamp_ms);
            self.deliver_message(id, &message);
        }
    }

    pub(super) fn tell_unavailable(&mut self, account: &str, resource: &str) {
        let presence = build("presence", ns::CLIENT)
            .attr("from", format!("{}/{resource}", address(account)))
            .attr("type", "unavailable");
        self.broadcast(account, &presence.done());
    }

    /// To every device: everybody is on everybody's roster.
    fn broadcast(&mut self, account: &str, presence: &Element) {
        let all: Vec<u64> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.available)
            .filter(|(_, session)| {
                // Who is blocked sees nothing (XEP-0191, section 3.2).
                self.accounts
                    .get(account)
                    .is_none_or(|from| !from.blocked.contains(&address(&session.account)))
            })
            .map(|(id, _)| *id)
            .collect();
        for id in all {
            self.deliver(id, presence);
        }
    }
}

pub(super) fn without(message: &Element, strip: impl Fn(&Element) -> bool) -> Element {
    let mut kept = Element::bare(message.name(), message.ns());
    for ((_, name), value) in message.attrs() {
        element::set_attr(&mut kept, name.as_str(), Some(value));
    }
    for child in message.children().filter(|child| !strip(child)) {
        kept.append_child(child.clone());
    }
    kept
}

pub(super) fn with_id(message: &Element, by: &str, id: Option<String>) -> Element {
    let mut message = message.clone();
    if let Some(id) = id {
        let stanza_id = build("stanza-id", ns::STANZA_ID)
            .attr("by", by)
            .attr("id", id);
        message.append_child(stanza_id.done());
    }
    message
}

/// XEP-0203; when it was first kept counts.
fn delayed(message: &Element, stamp_ms: i64) -> Element {
    let mut message = message.clone();
    if !message.has_child("delay", ns::DELAY) {
        let delay = build("delay", ns::DELAY)
            .attr("from", DOMAIN)
            .attr("stamp", datetime::format_ms(stamp_ms));
        message.append_child(delay.done());
    }
    message
}

//! Stanzas on the way to the sessions of occupants.

use std::sync::Arc;

use jid::{BareJid, FullJid};
use xmpp_core::element::{self, build, set_attr};
use xmpp_core::{Element, ns};

use super::affiliation::Affiliation;
use super::room::{Room, Seat, status};
use crate::router::{Outgoing, Router, takes_messages};
use crate::stanza_text::StanzaText;

/// The way to the sessions of occupants.
#[derive(Clone, Copy)]
pub(super) struct Post<'a>(pub(super) &'a Router);

/// A stanza that was written once, for any number of sessions.
pub(super) struct Written {
    xml: Arc<str>,
    /// Where the address is put in.
    place: usize,
    /// Who it is from.
    from: String,
}

impl Written {
    /// Writes a stanza; `None` if it cannot be.
    pub(super) fn of(mut stanza: Element) -> Option<Self> {
        set_attr(&mut stanza, "to", None);
        let from = stanza.attr("from").unwrap_or_default().to_owned();
        match element::write(&stanza) {
            Ok(xml) => Some(Self {
                from,
                xml: xml.into(),
                // Behind the "<" and the name.
                place: 1 + stanza.name().len(),
            }),
            Err(error) => {
                tracing::error!(%error, "stanza of a room could not be written");
                None
            }
        }
    }
}

impl Post<'_> {
    /// To one session.
    pub(super) fn one(&self, to: &Seat, stanza: Element) {
        self.all(stanza, std::iter::once(to));
    }

    /// To many sessions; gives how many bytes that comes to.
    pub(super) fn all<'b>(&self, stanza: Element, to: impl Iterator<Item = &'b Seat>) -> usize {
        match Written::of(stanza) {
            Some(written) => self.written(&written, to),
            None => 0,
        }
    }

    /// Tells somebody who is not in the room what they are to it now (section
    /// 15.6.2, code 101), unless they block it, or the one who has done that
    /// (XEP-0191).
    pub(super) fn tell_away(
        &self,
        room: &Room,
        user: &str,
        affiliation: Affiliation,
        by: &FullJid,
    ) {
        let Ok(address) = BareJid::new(user) else {
            return;
        };
        let item = build("item", ns::MUC_USER)
            .attr("affiliation", affiliation.as_str())
            .attr("role", "none")
            .attr("jid", user);
        let message = build("message", ns::CLIENT)
            .attr("from", &room.address)
            .attr("to", user)
            .child(build("x", ns::MUC_USER).child(item).child(status(&101)))
            .done();
        // The domain is known to be ours only where there is such an account.
        let is_ours = room.address.ends_with(&format!(".{}", address.domain()));
        if let (Some(name), Ok(xml), true) = (address.node(), element::write(&message), is_ours) {
            let blocks = |from: &str| self.0.blocking.blocks(name.as_str(), from);
            // Nobody blocks their own sessions.
            let is_other = by.to_bare() != address;
            if blocks(&room.address) || is_other && blocks(by.as_str()) {
                return;
            }
            let outgoing = Outgoing {
                xml: xml.into(),
                archived: None,
            };
            self.0.deliver(name.as_str(), &outgoing, takes_messages);
        }
    }

    /// What is written already; gives how many bytes that comes to.
    pub(super) fn written<'b>(
        &self,
        written: &Written,
        to: impl Iterator<Item = &'b Seat>,
    ) -> usize {
        let mut count = 0;
        self.0.hand(to.filter_map(|seat| {
            let user = seat.address.node()?.as_str();
            // Somebody in a room, or a whole room, can be blocked (XEP-0191).
            let is_blocked = self.0.blocking.blocks(user, &written.from);
            let text = StanzaText::with(&written.xml, written.place, &seat.attribute);
            count += usize::from(!is_blocked);
            (!is_blocked).then_some((user, seat.number, text))
        }));
        count * written.xml.len()
    }
}

/// The attribute that addresses a stanza to a session.
pub(super) fn to_attribute(address: &FullJid) -> Arc<str> {
    format!(" to='{}'", escaped(address.as_str())).into()
}

/// For an attribute in single quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('\'', "&apos;")
}

#[cfg(test)]
mod tests;

//! Presence (RFC 6121, section 4). The team sees itself: everybody's presence
//! goes to everybody.

use std::sync::Arc;

use jid::{FullJid, Jid};
use xmpp_core::element::{self, build, set_attr};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::stream::StreamCondition;
use xmpp_core::{Element, ns};

use super::bound::Session;
use super::messages;
use crate::rooms;
use crate::router::Outgoing;
use crate::server::Server;

impl Session {
    /// Takes a presence of the client; gives what it is answered.
    pub(super) async fn presence(
        &mut self,
        presence: &Element,
    ) -> Result<Vec<Element>, StreamCondition> {
        let mut presence = presence.clone();
        set_attr(&mut presence, "from", Some(self.address.as_str()));
        if let Some(to) = presence.attr("to") {
            let Ok(to) = Jid::new(to) else {
                return Ok(refusal(Condition::JidMalformed, &presence));
            };
            if to.domain().as_str() == self.server.rooms.domain {
                let sender = self.as_sender();
                return Ok(rooms::presence(&self.server, &sender, &to, presence).await);
            }
            return Ok(self.directed(&presence, &to));
        }
        match presence.attr("type") {
            None => Ok(self.available(presence).await),
            Some("unavailable") => {
                self.unavailable(&presence);
                Ok(Vec::new())
            }
            // A client must not broadcast anything else.
            Some(_) => Ok(refusal(Condition::BadRequest, &presence)),
        }
    }

    async fn available(&mut self, presence: Element) -> Vec<Element> {
        let priority = presence
            .get_child("priority", ns::CLIENT)
            .and_then(|priority| priority.text().trim().parse::<i8>().ok())
            .unwrap_or(0);
        let first = !self.was_available;
        self.was_available = true;
        let kept = (presence.clone(), priority);
        self.server
            .router
            .update(&self.user, self.number, |entry| entry.presence = Some(kept));
        broadcast(&self.server, &presence, self.number);
        if !first {
            return Vec::new();
        }
        if priority >= 0 && !self.reads_archive {
            for outgoing in messages::undelivered(&self.server, &self.user).await {
                let number = self.number;
                self.server
                    .router
                    .deliver(&self.user, &outgoing, |entry| entry.number == number);
            }
        }
        let mut others = self.server.router.presences(self.number);
        for other in &mut others {
            set_attr(other, "to", Some(self.address.as_str()));
        }
        others
    }

    fn unavailable(&mut self, presence: &Element) {
        self.server
            .router
            .update(&self.user, self.number, |entry| entry.presence = None);
        self.was_available = false;
        broadcast(&self.server, presence, self.number);
        leave_rooms(&self.server, &self.address);
    }

    /// Presence for one address (RFC 6121, sections 3 and 4.6).
    fn directed(&self, presence: &Element, to: &Jid) -> Vec<Element> {
        let Some(user) = self.server.localpart(&to.to_bare()) else {
            let foreign = to.domain().as_str() != self.server.domain();
            return if foreign {
                refusal(Condition::RemoteServerNotFound, presence)
            } else {
                Vec::new()
            };
        };
        match presence.attr("type") {
            // Colleagues are subscribed to each other already.
            Some("subscribe") => {
                let answer = build("presence", ns::CLIENT)
                    .attr("type", "subscribed")
                    .attr("from", to.to_bare().as_str())
                    .attr("to", self.address.to_bare().as_str());
                vec![answer.done()]
            }
            Some("subscribed" | "unsubscribe" | "unsubscribed" | "probe") => Vec::new(),
            _ => {
                if let Ok(xml) = element::write(presence) {
                    let outgoing = Outgoing {
                        xml: xml.into(),
                        archived: None,
                    };
                    self.server.router.deliver(&user, &outgoing, |entry| {
                        to.resource()
                            .is_none_or(|wanted| wanted.as_str() == entry.resource)
                    });
                }
                Vec::new()
            }
        }
    }
}

/// Whoever is unavailable is in no room (XEP-0045, section 7.14).
pub(super) fn leave_rooms(server: &Arc<Server>, address: &FullJid) {
    let over = server.rooms.leave_all(&server.router, address);
    if !over.is_empty() {
        let server = Arc::clone(server);
        let tasks = server.tasks.clone();
        tasks.spawn(async move { rooms::forget(&server, over).await });
    }
}

/// Tells everybody that a session is gone.
pub(super) fn leave(server: &Server, address: &FullJid) {
    let presence = build("presence", ns::CLIENT)
        .attr("from", address.as_str())
        .attr("type", "unavailable")
        .done();
    broadcast(server, &presence, u64::MAX);
}

fn broadcast(server: &Server, presence: &Element, except: u64) {
    match element::write(presence) {
        Ok(xml) => {
            let outgoing = Outgoing {
                xml: xml.into(),
                archived: None,
            };
            server.router.broadcast(&outgoing, |_, entry| {
                entry.presence.is_some() && entry.number != except
            });
        }
        Err(error) => tracing::warn!(%error, "presence"),
    }
}

fn refusal(condition: Condition, stanza: &Element) -> Vec<Element> {
    StanzaError::from(condition)
        .reply_to(stanza)
        .into_iter()
        .collect()
}

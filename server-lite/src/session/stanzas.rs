//! Requests and presence of a bound session (RFC 6120, section 8.2.3; RFC 6121,
//! section 8).

use jid::Jid;
use xmpp_core::Element;
use xmpp_core::element::{self, set_attr};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::stream::StreamCondition;

use super::bound::Session;
use super::messages::blocked;
use super::register::reply;
use crate::modules::{self, Place, Request};
use crate::pep;
use crate::push;
use crate::rooms;
use crate::router::Outgoing;
use crate::services;

impl Session {
    /// Handles what is no message; gives what the client is answered, or the
    /// condition with which the stream has to end.
    pub(super) async fn stanza(
        &mut self,
        stanza: &Element,
    ) -> Result<Vec<Outgoing>, StreamCondition> {
        match stanza.name() {
            "presence" => Ok(self.presence(stanza).await),
            "iq" => Ok(self.iq(stanza).await),
            _ => Err(StreamCondition::UnsupportedStanzaType),
        }
    }

    async fn iq(&mut self, iq: &Element) -> Vec<Outgoing> {
        // RFC 6120, section 8.2.3. Whoever looks at one of several may let pass
        // another, wherever it goes.
        if matches!(iq.attr("type"), Some("get" | "set")) && iq.children().count() != 1 {
            return refuse(Condition::BadRequest, iq);
        }
        let to = match iq.attr("to").map(Jid::new) {
            None => None,
            Some(Ok(to)) => Some(to),
            Some(Err(_)) => return refuse(Condition::JidMalformed, iq),
        };
        if let Some(to) = &to
            && self.server.blocks(&self.user, to.as_str())
        {
            return refuse(blocked(), iq);
        }
        let place = match &to {
            None => Place::Own,
            Some(to) if to.domain().as_str() == self.server.rooms.domain => {
                let mut iq = iq.clone();
                set_attr(&mut iq, "from", Some(self.address.as_str()));
                return rooms::iq(&self.server, &self.as_sender(), to, &iq).await;
            }
            Some(to) if to.domain().as_str() == modules::search::domain(&self.server) => {
                let answer = modules::search::iq(&self.server, iq);
                return answer.iter().filter_map(Outgoing::of).collect();
            }
            Some(to) if to.domain().as_str() != self.server.domain() => {
                match services::at(&self.server, to) {
                    Some(service) if to.node().is_none() && to.resource().is_none() => {
                        service.place
                    }
                    Some(_) => return refuse(Condition::ServiceUnavailable, iq),
                    None => return refuse(Condition::RemoteServerNotFound, iq),
                }
            }
            Some(to) => match (to.node(), to.resource()) {
                (None, _) => Place::Server,
                (Some(_), Some(_)) => return self.forward(iq, to),
                (Some(node), None) if node.as_str() == self.user => Place::Own,
                (Some(_), None) => Place::Others,
            },
        };
        let asked = to.as_ref().and_then(Jid::node);
        let asked = asked.map_or(self.user.clone(), |node| node.as_str().to_owned());
        self.answer(iq, place, &asked).await
    }

    pub(super) fn as_sender(&self) -> rooms::Sender {
        rooms::Sender {
            address: self.address.clone(),
            number: self.number,
        }
    }

    /// From one client to another.
    fn forward(&self, iq: &Element, to: &Jid) -> Vec<Outgoing> {
        let (Some(user), Some(resource)) = (self.server.localpart(&to.to_bare()), to.resource())
        else {
            return refuse(Condition::ServiceUnavailable, iq);
        };
        if self.server.blocks(&user, self.address.as_str()) {
            return refuse(Condition::ServiceUnavailable, iq);
        }
        let mut stamped = iq.clone();
        set_attr(&mut stamped, "from", Some(self.address.as_str()));
        let taken = element::write(&stamped).map_or(0, |xml| {
            let outgoing = Outgoing {
                xml: xml.into(),
                archived: None,
            };
            self.server.router.deliver(&user, &outgoing, |entry| {
                entry.resource == resource.as_str()
            })
        });
        if taken == 0 {
            refuse(Condition::ServiceUnavailable, &stamped)
        } else {
            Vec::new()
        }
    }

    async fn answer(&mut self, iq: &Element, place: Place, asked: &str) -> Vec<Outgoing> {
        let is_set = match iq.attr("type") {
            Some("get") => false,
            Some("set") => true,
            // An answer to our ping, to what its capabilities are, or to a notification.
            Some("result" | "error") => {
                pep::answered(&self.server, &self.user, self.number, iq).await;
                push::answered(&self.server, &self.user, iq).await;
                return Vec::new();
            }
            _ => return refuse(Condition::BadRequest, iq),
        };
        let (Some(payload), true) = (iq.children().next(), iq.attr("id").is_some()) else {
            return refuse(Condition::BadRequest, iq);
        };
        let request = Request {
            server: &self.server,
            user: &self.user,
            address: &self.address,
            number: self.number,
            payload,
            is_set,
            place,
            asked,
        };
        let outcome = modules::handle(&request).await;
        if outcome.reads_archive && !self.reads_archive {
            self.reads_archive = true;
            self.server.router.update(&self.user, self.number, |entry| {
                entry.reads_archive = true;
            });
        }
        let before = outcome.before.into_iter().map(Outgoing::from);
        let answer = Outgoing::of(&reply(iq, outcome.answer));
        before.chain(answer).collect()
    }
}

fn refuse(error: impl Into<StanzaError>, stanza: &Element) -> Vec<Outgoing> {
    let refusal = error.into().reply_to(stanza);
    refusal.iter().filter_map(Outgoing::of).collect()
}

//! What comes in while a session runs.

use futures_util::FutureExt;
use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::{Session, element_of};
use crate::account::apply::Step;
use crate::account::sync;
use crate::api::PresenceShow;
use crate::connection::ConnectError;
use crate::inbound;

/// Messages that share a transaction at most.
pub(super) const TOGETHER: usize = 256;

impl Session<'_> {
    /// Handles an element. Live messages that have come right behind one share its
    /// transaction: a busy room costs one wait for the disk and not hundreds.
    pub(super) async fn take_with_those_behind(
        &mut self,
        element: Element,
    ) -> Result<(), ConnectError> {
        if !self.is_live_message(&element) {
            return self.take(element).await;
        }
        let mut together = vec![element];
        let mut behind = None;
        while together.len() < TOGETHER
            && behind.is_none()
            && let Some(incoming) = self.transport.next().now_or_never()
        {
            match incoming.and_then(element_of) {
                Ok(element) if self.is_live_message(&element) => together.push(element),
                other => behind = Some(other),
            }
        }
        self.messages(&together).await?;
        match behind {
            // What came before an end counts all the same.
            Some(element) => self.take(element?).await,
            None => Ok(()),
        }
    }

    fn is_live_message(&self, element: &Element) -> bool {
        element.is("message", ns::CLIENT)
            && !element.has_child("result", ns::MAM)
            && self.held.is_none()
    }

    /// Writes messages in one transaction; then they count as handled.
    pub(super) async fn messages(&mut self, elements: &[Element]) -> Result<(), ConnectError> {
        let now_ms = self.shared.clock.now_ms();
        let own = &self.shared.address;
        let meanings = elements
            .iter()
            .flat_map(|element| inbound::live(own, element, now_ms))
            .collect();
        // What came live need not be fetched again, once we have caught up.
        let cursor = if self.follows && self.caught_up {
            let last = elements.iter().rev();
            last.filter_map(|element| live_cursor(own, element)).next()
        } else {
            None
        };
        self.shared.apply(meanings, Step::Live { cursor }).await?;
        for _ in elements {
            self.count();
        }
        Ok(())
    }

    pub(super) fn presence(&mut self, element: &Element) {
        let Some(Ok(from)) = element.attr("from").map(jid::Jid::new) else {
            return;
        };
        let bare = from.to_bare();
        if bare == self.shared.address {
            return;
        }
        let show = match element.attr("type") {
            Some("unavailable" | "error") => PresenceShow::Offline,
            Some(_) => return,
            None => {
                let show = element.get_child("show", ns::CLIENT).map(Element::text);
                match show.as_deref().map(str::trim) {
                    Some("away" | "xa") => PresenceShow::Away,
                    Some("dnd") => PresenceShow::DoNotDisturb,
                    _ => PresenceShow::Online,
                }
            }
        };
        let resource = from.resource().map_or("", |resource| resource.as_str());
        if self.shared.live.set_presence(bare.as_str(), resource, show) {
            self.shared.contacts_changed();
            self.shared.conversations_changed();
        }
    }

    pub(super) async fn iq(&mut self, iq: &Element) -> Result<(), ConnectError> {
        let kind = iq.attr("type");
        if !matches!(kind, Some("get" | "set")) {
            self.pending.answer(&self.shared.address, iq);
            return Ok(());
        }
        let from_server = iq.attr("from").is_none_or(|from| {
            from == self.shared.address.as_str() || from == self.shared.address.domain().as_str()
        });
        let roster = iq.get_child("query", ns::ROSTER).filter(|_| from_server);
        let answer = build("iq", ns::CLIENT)
            .attr_opt("to", iq.attr("from"))
            .attr_opt("id", iq.attr("id"))
            .attr("type", "result");
        let answer = if let (Some("set"), Some(roster)) = (kind, roster) {
            sync::roster::push(self.shared, roster.clone()).await?;
            answer.done()
        } else if iq.has_child("ping", ns::PING) {
            answer.done()
        } else {
            let condition = Condition::ServiceUnavailable;
            match StanzaError::from(condition).reply_to(iq) {
                Some(mut error) => {
                    // A client does not say who it is.
                    element::set_attr(&mut error, "from", None);
                    error
                }
                None => return Ok(()),
            }
        };
        self.send_stanza(&answer, None).await
    }
}

/// The archive's id of a live message.
fn live_cursor(own: &jid::BareJid, element: &Element) -> Option<String> {
    element
        .children()
        .find(|child| {
            child.is("stanza-id", ns::STANZA_ID) && child.attr("by") == Some(own.as_str())
        })
        .and_then(|child| child.attr("id"))
        .map(str::to_owned)
}

//! What comes in while a session runs.

use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::Session;
use crate::account::apply::Step;
use crate::account::{features, rooms, sync};
use crate::api::PresenceShow;
use crate::connection::ConnectError;
use crate::inbound;

impl Session<'_> {
    pub(super) async fn message(&mut self, element: &Element) -> Result<(), ConnectError> {
        if rooms::message(self.shared, element).await?
            || rooms::bookmarks::pushed(self.shared, element).await?
        {
            return Ok(());
        }
        let now_ms = self.shared.clock.now_ms();
        let cursor = live_cursor(&self.shared.address, element);
        let meanings = inbound::live(&self.shared.address, element, now_ms);
        self.shared.apply(meanings, Step::Live).await?;
        // What came live need not be fetched again, once we have caught up.
        if let Some(cursor) = cursor
            && self.follows
            && self.caught_up
        {
            sync::archive::set_cursor(self.shared, &cursor).await?;
        }
        Ok(())
    }

    pub(super) async fn presence(&mut self, element: &Element) -> Result<(), ConnectError> {
        if !rooms::presence(self.shared, element).await? {
            self.contact(element);
        }
        Ok(())
    }

    /// Availability of somebody who is no room.
    fn contact(&mut self, element: &Element) {
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
        } else if let (Some("get"), Some(query)) = (kind, iq.get_child("query", ns::DISCO_INFO)) {
            answer.child(features::info(query.attr("node"))).done()
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

//! What comes in while a session runs.

use tokio::time::Instant;
use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, datetime, ns};

use super::Session;
use crate::account::apply::Step;
use crate::account::{features, rooms, sync};
use crate::api::PresenceShow;
use crate::connection::ConnectError;
use crate::inbound::{self, Meaning};
use crate::store::archive::{self, OWN};

impl Session<'_> {
    pub(super) async fn message(&mut self, element: &Element) -> Result<(), ConnectError> {
        if rooms::message(self.shared, element).await?
            || rooms::bookmarks::pushed(self.shared, element).await?
        {
            return Ok(());
        }
        let now_ms = self.shared.clock.now_ms();
        let cursor = live_cursor(&self.shared.address, element);
        if cursor.is_some() && self.is_left_to_the_archive(element).await? {
            return Ok(());
        }
        let meanings = inbound::live(&self.shared.address, element, now_ms);
        // Which of the two was first, only the archive knows.
        self.crossed |= self.unplaced > 0 && meanings.iter().any(Meaning::is_message);
        self.shared.apply(meanings, Step::Live).await?;
        // What came live need not be fetched again, once we have caught up, and
        // unless one of ours may come before it.
        if let Some(cursor) = cursor
            && self.unplaced == 0
            && self.follows
            && self.caught_up
        {
            sync::archive::set_cursor(self.shared, &cursor).await?;
        }
        Ok(())
    }

    /// Nothing was heard for a while: is the server there?
    pub(super) async fn keep_alive(&mut self) -> Result<(), ConnectError> {
        if self.asked {
            return Err(ConnectError::TimedOut);
        }
        self.asked = true;
        // Half as long for the answer.
        self.heard = Instant::now() - self.shared.timeouts.idle / 2;
        match &self.sm {
            Some(_) => self.transport.send(&build("r", ns::SM).done()).await,
            None => {
                let ping = build("iq", ns::CLIENT)
                    .attr("type", "get")
                    .attr("id", "ping")
                    .attr("to", self.shared.address.domain().as_str())
                    .child(build("ping", ns::PING));
                self.send_stanza(&ping.done(), None).await
            }
        }
    }

    /// What waited at the server (XEP-0160) comes live when a session begins, and
    /// stands in the archive, too. What is older than the upper end of a gap
    /// belongs there: behind the newest page it would be out of order. What a
    /// resumed session was sent late is news.
    async fn is_left_to_the_archive(&mut self, element: &Element) -> Result<bool, ConnectError> {
        let stamp = element
            .get_child("delay", ns::DELAY)
            .and_then(|delay| delay.attr("stamp"))
            .and_then(datetime::parse_ms);
        let Some(stamp) = stamp.filter(|_| !self.resumed && self.follows) else {
            return Ok(false);
        };
        let query = move |db: &rusqlite::Connection| archive::is_in_a_gap(db, OWN, stamp);
        Ok(self.shared.store.read(query).await?)
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

/// The archive's id of a live message, or of the one that a copy is of
/// (XEP-0280).
fn live_cursor(own: &jid::BareJid, element: &Element) -> Option<String> {
    let from_us = element.attr("from").is_none_or(|from| from == own.as_str());
    let copied = element
        .children()
        .find(|child| child.has_ns(ns::CARBONS) && from_us)
        .and_then(|carbon| carbon.get_child("forwarded", ns::FORWARD))
        .and_then(|forwarded| forwarded.get_child("message", ns::CLIENT));
    copied
        .unwrap_or(element)
        .children()
        .find(|child| {
            child.is("stanza-id", ns::STANZA_ID) && child.attr("by") == Some(own.as_str())
        })
        .and_then(|child| child.attr("id"))
        .map(str::to_owned)
}

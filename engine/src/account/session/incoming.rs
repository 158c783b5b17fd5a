//! What comes in while a session runs.

use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, datetime, ns};

use super::Session;
use crate::account::apply::Step;
use crate::account::{rooms, sync};
use crate::connection::ConnectError;
use crate::inbound::{self, Meaning};
use crate::store::archive::{self, OWN};

impl Session<'_> {
    pub(super) async fn message(&mut self, element: &Element) -> Result<(), ConnectError> {
        if rooms::message(self.shared, element).await? {
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

    pub(super) async fn iq(&mut self, iq: &Element) -> Result<(), ConnectError> {
        let kind = iq.attr("type");
        if !matches!(kind, Some("get" | "set")) {
            self.pending.answer(&self.shared.address, iq);
            return Ok(());
        }
        let answer = match self.answer(iq).await? {
            Some(payload) => build("iq", ns::CLIENT)
                .attr_opt("to", iq.attr("from"))
                .attr_opt("id", iq.attr("id"))
                .attr("type", "result")
                .children(payload)
                .done(),
            None => {
                let condition = Condition::ServiceUnavailable;
                match StanzaError::from(condition).reply_to(iq) {
                    Some(mut error) => {
                        // A client does not say who it is.
                        element::set_attr(&mut error, "from", None);
                        error
                    }
                    None => return Ok(()),
                }
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

//! What comes in while a session runs.

use std::collections::HashSet;

use futures_util::FutureExt;
use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, datetime, ns};

use super::{Session, element_of};
use crate::account::apply::Step;
use crate::account::rooms::{self, FromRoom};
use crate::account::sync::pep;
use crate::connection::ConnectError;
use crate::inbound::{self, Meaning};
use crate::store::archive::{self, OWN};

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
        self.messages(&together, &HashSet::new()).await?;
        match behind {
            // What came before an end counts all the same.
            Some(element) => self.take(element?).await,
            None => Ok(()),
        }
    }

    fn is_live_message(&self, element: &Element) -> bool {
        element.is("message", ns::CLIENT)
            && !element.has_child("result", ns::MAM)
            && !pep::is_event(element)
            && self.held.is_none()
    }

    /// Writes messages in one transaction; then they count as handled. What `read`
    /// has was read in the archive meanwhile, and stands in its order.
    pub(super) async fn messages(
        &mut self,
        elements: &[Element],
        read: &HashSet<String>,
    ) -> Result<(), ConnectError> {
        let shared = self.shared;
        let now_ms = shared.clock.now_ms();
        // What came live need not be fetched again, once we have caught up, and
        // unless one of ours may come before it.
        let follows = self.follows && self.caught_up && self.unplaced.is_none();
        let mut steps: Vec<(Step, Vec<Meaning>)> = Vec::new();
        for element in elements {
            match rooms::message(shared, element).await? {
                FromRoom::No => {}
                FromRoom::Nothing => continue,
                FromRoom::Said(step, meanings) => {
                    steps.push((step, meanings));
                    continue;
                }
            }
            let cursor = live_cursor(&shared.address, element);
            if cursor.is_some() && self.is_left_to_the_archive(element).await? {
                continue;
            }
            let mut meanings = inbound::live(&shared.address, element, now_ms);
            if cursor.as_ref().is_some_and(|id| read.contains(id)) {
                meanings.retain(|meaning| !meaning.replaces_ours());
            }
            // Which of the two was first, only the archive knows.
            let unplaced = self.unplaced;
            self.crossed |= meanings.iter().any(|meaning| unplaced.crosses(meaning));
            let cursor = cursor.filter(|_| follows);
            steps.push((Step::Live { cursor }, meanings));
        }
        shared.apply_all(steps).await?;
        for _ in elements {
            self.count();
        }
        Ok(())
    }

    /// What waited at the server (XEP-0160) comes live when a session begins, and
    /// stands in the archive, too. What is older than the upper end of a gap
    /// belongs there: behind the newest page it would be out of order. What a
    /// resumed session was sent late is news.
    async fn is_left_to_the_archive(&mut self, element: &Element) -> Result<bool, ConnectError> {
        let delay = element.get_child("delay", ns::DELAY);
        let stamp = delay
            .and_then(|delay| delay.attr("stamp"))
            .and_then(datetime::parse_ms);
        // Only our own server kept it: what a gateway or a sender says of the time is
        // that of the words, and no place in the archive.
        let own = &self.shared.address;
        let is_kept = delay
            .and_then(|delay| delay.attr("from"))
            .is_some_and(|from| from == own.domain().as_str() || from == own.as_str());
        let Some(stamp) = stamp.filter(|_| is_kept && !self.resumed && self.follows) else {
            return Ok(false);
        };
        // It was in the archive before that was read: of one moment with the upper end
        // of a gap, it is in the page above or in the gap.
        let stamp = stamp - 1;
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
        .find(|child| inbound::is_copy(child) && from_us)
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

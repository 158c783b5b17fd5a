//! What a session writes: the outbox, in order and not too much at once, and
//! all other stanzas.

use std::sync::{Arc, PoisonError};

use xmpp_core::element::{self, build};
use xmpp_core::stream::StreamCondition;
use xmpp_core::{Element, ns};

use super::unplaced;
use super::{ASK_EVERY, IN_FLIGHT, MAX_UNACKNOWLEDGED, Sent, Session, Unplaced};
use crate::account::outgoing;
use crate::connection::ConnectError;
use crate::store::outbox;
use crate::store::rooms;

/// Every server takes a stanza of so many bytes (RFC 6120, section 13.12).
const ALWAYS_TAKEN: usize = 10_000;
/// The code of a message that the server does not take, as the contract writes it.
const TOO_LARGE: &str = "message-too-large";

impl Session<'_> {
    pub(super) async fn send_typing(
        &mut self,
        conversation: &str,
        typing: bool,
    ) -> Result<(), ConnectError> {
        let of = conversation.to_owned();
        let is_room = self
            .shared
            .store
            .read(move |db| rooms::is_room(db, &of))
            .await?;
        let joined = || {
            self.shared
                .rooms
                .joined()
                .iter()
                .any(|room| room == conversation)
        };
        if is_room && !joined() {
            return Ok(());
        }
        let state = outgoing::chat_state(conversation, is_room, typing);
        self.send_stanza(&state, None).await
    }

    /// Sends what waits in the outbox, in order, and not too much at once.
    pub(super) async fn send_outbox(&mut self) -> Result<(), ConnectError> {
        if !self.caught_up {
            return Ok(());
        }
        if self.sm.is_none() && !self.in_flight.is_empty() {
            // Those that their rooms have given back have arrived.
            let waited_for = std::mem::take(&mut self.in_flight);
            self.in_flight = self
                .shared
                .store
                .read(move |db| outbox::still_there(db, &waited_for))
                .await?;
        }
        let largest = largest_stanza(&self.features);
        while self.in_flight.len() < IN_FLIGHT {
            let room = IN_FLIGHT - self.in_flight.len();
            let joined = self.shared.rooms.joined();
            // In the writer's turn: whoever changes a message knows whether it
            // has gone.
            let rows = self
                .shared
                .store
                .write(move |tx| outbox::take(tx, &joined, room))
                .await?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in &rows {
                let stanza = outgoing::outbox_row(row);
                let xml: Arc<str> = element::write(&stanza)?.into();
                if xml.len() > largest {
                    // The server would end the stream over it, and each one after that.
                    self.refuse(row.id).await?;
                    continue;
                }
                self.in_flight.insert(row.id);
                self.send_written(&stanza, xml, Some(row.id)).await?;
            }
            match &self.sm {
                Some(_) => self.transport.send(&build("r", ns::SM).done()).await?,
                // COMPAT: a server without acknowledgements. Written is all
                // that can be known.
                None => {
                    // A room gives back what it has.
                    let gone = rows.iter().filter(|row| !row.is_given_back());
                    self.settle(gone.map(|row| row.id).collect()).await?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn send_stanza(
        &mut self,
        stanza: &Element,
        row: Option<i64>,
    ) -> Result<(), ConnectError> {
        let xml = element::write(stanza)?.into();
        self.send_written(stanza, xml, row).await
    }

    /// The server will not take what a row says: whoever wrote it learns that, and what
    /// is behind it goes on.
    async fn refuse(&mut self, row: i64) -> Result<(), ConnectError> {
        self.in_flight.remove(&row);
        let refused = self
            .shared
            .store
            .write(move |tx| outbox::refuse(tx, row, TOO_LARGE))
            .await?;
        if let Some(conversation) = refused {
            tracing::info!(account = self.shared.id, row, "more than the server takes");
            self.shared.messages_changed(&conversation);
        }
        Ok(())
    }

    /// Whether the stream has ended over a message, which has failed by that.
    ///
    /// COMPAT: a server that does not say how much it takes, and ends the stream over
    /// what is more. It may have meant something else, so the first time nothing
    /// happens; and nothing that every server takes is suspected.
    pub(super) async fn ended_over_a_message(&mut self, error: &ConnectError) -> bool {
        let is_policy = matches!(error, ConnectError::Stream(error)
            if error.condition == StreamCondition::PolicyViolation);
        let Some(sm) = self.sm.as_ref().filter(|_| is_policy) else {
            return false;
        };
        let is_large = |sent: &&Sent| sent.xml.len() > ALWAYS_TAKEN;
        let row = sm
            .outbound
            .iter()
            .filter(is_large)
            .find_map(|sent| sent.row);
        let Some(row) = row else {
            return false;
        };
        let before = {
            let suspect = self.shared.suspect.lock();
            let mut suspect = suspect.unwrap_or_else(PoisonError::into_inner);
            suspect.replace(row)
        };
        if before != Some(row) {
            return false;
        }
        match self.refuse(row).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(account = self.shared.id, %error, "message not given up");
                false
            }
        }
    }

    async fn send_written(
        &mut self,
        stanza: &Element,
        xml: Arc<str>,
        row: Option<i64>,
    ) -> Result<(), ConnectError> {
        if let Some(sm) = &mut self.sm {
            if sm.outbound.len() >= MAX_UNACKNOWLEDGED {
                return Err(ConnectError::TimedOut);
            }
            // A room says by itself where a message stands.
            let is_ours = row.is_some() && stanza.attr("type") != Some("groupchat");
            let sent = Sent {
                xml: Arc::clone(&xml),
                row,
                seen: unplaced::seen(stanza).filter(|_| is_ours),
            };
            self.unplaced.add(Unplaced::of(std::iter::once(&sent)));
            sm.outbound.sent(sent);
        }
        self.transport.send_text(&xml).await?;
        match &self.sm {
            Some(sm) if sm.outbound.len().is_multiple_of(ASK_EVERY) => {
                self.transport.send(&build("r", ns::SM).done()).await
            }
            _ => Ok(()),
        }
    }
}

/// The largest stanza that a server takes, if its features say so (XEP-0478).
fn largest_stanza(features: &Element) -> usize {
    features
        .get_child("limits", ns::STREAM_LIMITS)
        .and_then(|limits| limits.get_child("max-bytes", ns::STREAM_LIMITS))
        .and_then(|bytes| bytes.text().trim().parse().ok())
        .map_or(usize::MAX, |bytes: usize| bytes.max(ALWAYS_TAKEN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ErrorCode;

    #[test]
    fn how_much_a_server_takes_it_says_itself() {
        for (said, wanted) in [
            (Some("262144"), 262_144),
            (Some(" 65536 "), 65_536),
            // Less than any may (RFC 6120).
            (Some("0"), ALWAYS_TAKEN),
            (Some("much"), usize::MAX),
            (None, usize::MAX),
        ] {
            let bytes = said.map(|said| build("max-bytes", ns::STREAM_LIMITS).text(said));
            let limits = build("limits", ns::STREAM_LIMITS).children(bytes);
            let features = build("features", ns::STREAM).child(limits).done();
            assert_eq!(largest_stanza(&features), wanted, "{said:?}");
        }
        let none = build("features", ns::STREAM).done();
        assert_eq!(largest_stanza(&none), usize::MAX);
    }

    #[test]
    fn the_code_is_one_of_the_contract() {
        let code: ErrorCode = serde_json::from_value(TOO_LARGE.into()).unwrap();
        assert_eq!(code, ErrorCode::MessageTooLarge);
    }
}

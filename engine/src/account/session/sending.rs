//! What a session writes: the outbox, in order and not too much at once, and
//! all other stanzas.

use std::sync::Arc;

use xmpp_core::element::{self, build};
use xmpp_core::{Element, ns};

use super::unplaced;
use super::{ASK_EVERY, IN_FLIGHT, MAX_UNACKNOWLEDGED, Sent, Session, Unplaced};
use crate::account::outgoing;
use crate::connection::ConnectError;
use crate::store::outbox;
use crate::store::rooms;

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
                self.in_flight.insert(row.id);
                self.send_stanza(&outgoing::outbox_row(row), Some(row.id))
                    .await?;
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
        let xml: Arc<str> = element::write(stanza)?.into();
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

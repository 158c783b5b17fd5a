//! Writing to a client: what goes out is collected, and kept for the connection
//! to come if the client acknowledges.

use xmpp_core::element;
use xmpp_core::{Element, ns, rules};

use super::slow::overdue;
use super::{Next, Session};
use crate::router::Outgoing;
use crate::session::SessionEnd;
use crate::transport::TransportError;

impl Session {
    /// Sends a stanza, or keeps it for the connection to come.
    pub(super) async fn pass(&mut self, outgoing: Outgoing) -> Next {
        let limits = &self.server.config.limits;
        if let Some(sm) = &mut self.sm {
            // Nobody loses a session because others say much that passes.
            let bytes = self.queue.all_bytes();
            if self.transport.is_none() && sm.keeps_over(limits, bytes, 3) && passes(&outgoing) {
                return Next::Go;
            }
            self.queue.keep(outgoing.size());
            sm.sent(outgoing.clone());
            // Room for what counts, behind much that does not.
            if sm.keeps_over(limits, self.queue.all_bytes(), 4) {
                return Next::End(Some(SessionEnd::TooSlow.stream_error()));
            }
        }
        if self.transport.is_none() {
            self.tell_of_queued(&outgoing);
            return Next::Go;
        }
        let next = self.write_text(&outgoing.xml).await;
        self.server.metrics.sent.count_xml(&outgoing.xml);
        if !matches!(next, Next::Go) {
            return next;
        }
        match &self.sm {
            Some(sm) if sm.may_ask(self.queue.is_empty()) => self.ask().await,
            Some(_) => Next::Go,
            None => {
                // Without acknowledgements, written is all that can be known.
                self.written.extend(outgoing.archived);
                Next::Go
            }
        }
    }

    /// When the server stops, clients learn that their rooms are closed before
    /// they learn that everything is (XEP-0045, section 15.6.2).
    pub(super) async fn leave_rooms(&mut self) {
        let stops = *self.end.borrow() == Some(SessionEnd::Shutdown);
        if !stops || !self.is_connected() {
            return;
        }
        for farewell in self.server.rooms.farewells(self.number) {
            let Ok(xml) = element::write(&farewell) else {
                continue;
            };
            let outgoing = Outgoing {
                xml: xml.into(),
                archived: None,
            };
            if !matches!(self.pass(outgoing).await, Next::Go) {
                return;
            }
        }
    }

    pub(super) async fn write(&mut self, element: &Element) -> Next {
        match element::write(element) {
            Ok(xml) => self.write_text(&xml).await,
            Err(_) => Next::Go,
        }
    }

    pub(super) async fn write_text(&mut self, xml: &str) -> Next {
        let Some(transport) = &mut self.transport else {
            return Next::Go;
        };
        let is_enough = transport.write(xml);
        if is_enough {
            self.flush().await
        } else {
            Next::Go
        }
    }

    /// Gives what was written to the socket.
    pub(super) async fn flush(&mut self) -> Next {
        let Some(transport) = &mut self.transport else {
            self.written.clear();
            return Next::Go;
        };
        let sent = tokio::select! {
            biased;
            sent = transport.flush() => sent,
            // Half a stanza may be out: this connection is of no more use. What
            // waits is kept for the next one.
            () = self.queue.overtaken() => Err(TransportError::Stalled),
            // The client has come back by another connection: it knows better.
            () = self.resume.filled() => Err(TransportError::Stalled),
            () = overdue(&self.end) => Err(TransportError::Stalled),
        };
        let written = std::mem::take(&mut self.written);
        match sent {
            Ok(()) => {
                self.mark_delivered(&written);
                Next::Go
            }
            Err(error) => {
                tracing::debug!(address = %self.address, %error, "write");
                self.transport = None;
                Next::Lost
            }
        }
    }
}

/// Whether it is stored nowhere and says nothing that counts later: presence, and
/// messages that nobody would find in an archive.
fn passes(outgoing: &Outgoing) -> bool {
    if outgoing.archived.is_some() {
        return false;
    }
    match element::parse(outgoing.xml.as_bytes()) {
        Ok(stanza) if stanza.name() == "presence" => {
            // Who asks for a subscription, say, is waited for.
            matches!(stanza.attr("type"), None | Some("unavailable"))
        }
        Ok(stanza) if stanza.is("message", ns::CLIENT) => match stanza.attr("type") {
            Some("groupchat") => !rules::is_archived_in_room(&stanza),
            _ => !rules::is_archived(&stanza),
        },
        _ => false,
    }
}

//! How a session begins: resumed, or bound anew (RFC 6120, section 7; XEP-0198,
//! section 5).

use xmpp_core::element::build;
use xmpp_core::stanza_error::StanzaError;
use xmpp_core::{Element, ns};

use super::super::sync::Began;
use super::{Resumption, Session, Sm, Unplaced, element_of};
use crate::api::ConnectionView;
use crate::connection::{Bound, ConnectError, Incoming, NotResumed, Resumed};

/// Id of the request to bind.
const BIND: &str = "bind";

/// Where signing in has led.
#[derive(Default)]
pub(super) struct Entry {
    pub(super) bound: Option<Bound>,
    pub(super) resumed: Option<Resumed>,
    pub(super) not_resumed: Option<NotResumed>,
}

impl Session<'_> {
    /// Goes on from where signing in has led.
    pub(super) async fn begin(&mut self) -> Result<Began, ConnectError> {
        let resumption = self.resumption.take();
        let Entry {
            bound,
            resumed,
            not_resumed,
        } = std::mem::take(&mut self.entry);
        let goes_on = match (resumption, resumed, not_resumed) {
            (Some(resumption), Some(resumed), _) => {
                self.adopt(resumption);
                self.resumed(resumed.h).await?;
                true
            }
            // The server goes on with something that we do not know of.
            (None, Some(_), _) => {
                let why = "resumed unasked".to_owned();
                return Err(ConnectError::NotXmpp(why));
            }
            (Some(resumption), None, Some(refused)) => {
                self.adopt(resumption);
                self.not_resumed(refused.h).await?;
                false
            }
            (Some(resumption), None, None) if bound.is_none() => self.resume(resumption).await?,
            _ => false,
        };
        if goes_on {
            self.shared.live.goes_on();
            self.shared.contacts_changed();
            self.shared.conversations_changed();
            return Ok(Began::RESUMED);
        }
        self.begin_anew();
        let mut carbons = false;
        match bound {
            Some(bound) => {
                tracing::debug!(account = self.shared.id, address = bound.address, "bound");
                self.bound_to(&bound.address);
                self.sm = bound.sm.map(|enabled| Sm::new(enabled.id));
                carbons = bound.carbons;
            }
            None => self.bind().await?,
        }
        self.shared.set_connection(ConnectionView::CatchingUp);
        // From here on messages may come live; those that came before are in the
        // archive. Reading it first would leave a gap between the two.
        self.held = Some(Vec::new());
        Ok(Began {
            resumed: false,
            carbons,
        })
    }

    fn begin_anew(&mut self) {
        self.in_flight.clear();
        self.shared.live.clear();
        (self.unplaced, self.crossed, self.has_read) = (Unplaced::default(), false, false);
        self.sm = None;
    }

    /// Which of our devices we are.
    fn bound_to(&self, address: &str) {
        let resource = address.split_once('/').map_or("", |(_, resource)| resource);
        self.shared.live.set_own_resource(resource);
    }

    /// RFC 6120, section 7; then stream management.
    async fn bind(&mut self) -> Result<(), ConnectError> {
        let resource = build("resource", ns::BIND).text(&self.shared.resource);
        let bind = build("bind", ns::BIND).child(resource).done();
        self.ask_to_bind(bind).await?;
        if self.features.has_child("sm", ns::SM) {
            let enable = build("enable", ns::SM).attr("resume", "true").done();
            self.transport.send(&enable).await?;
            self.await_enabled().await?;
        }
        Ok(())
    }

    /// The one request that comes before all others (RFC 6120, section 7.6).
    async fn ask_to_bind(&mut self, payload: Element) -> Result<(), ConnectError> {
        let iq = build("iq", ns::CLIENT)
            .attr("type", "set")
            .attr("id", BIND)
            .child(payload);
        self.send_stanza(&iq.done(), None).await?;
        loop {
            let element = element_of(self.next().await?)?;
            if element.is("iq", ns::CLIENT) && element.attr("id") == Some(BIND) {
                return match element.attr("type") {
                    Some("result") => {
                        let bound = element.get_child("bind", ns::BIND);
                        let address = bound.and_then(|bound| bound.get_child("jid", ns::BIND));
                        self.bound_to(&address.map(Element::text).unwrap_or_default());
                        Ok(())
                    }
                    _ => Err(refused(StanzaError::from_stanza(&element))),
                };
            }
            self.take(element).await?;
        }
    }

    async fn await_enabled(&mut self) -> Result<(), ConnectError> {
        loop {
            let element = element_of(self.next().await?)?;
            if element.is("enabled", ns::SM) {
                let resumable = matches!(element.attr("resume"), Some("true" | "1"));
                let id = element.attr("id").filter(|_| resumable).map(str::to_owned);
                self.sm = Some(Sm::new(id));
                return Ok(());
            }
            if element.is("failed", ns::SM) {
                return Ok(());
            }
            self.take(element).await?;
        }
    }

    /// Kept at once: if this connection ends too, the next one may go on.
    fn adopt(&mut self, resumption: Resumption) {
        self.unplaced = Unplaced::of(resumption.outbound.iter());
        // What the others said meanwhile comes now.
        self.crossed = resumption.crossed || !self.unplaced.is_none();
        self.has_read = true;
        self.sm = Some(Sm {
            id: Some(resumption.id),
            inbound: resumption.inbound,
            outbound: resumption.outbound,
            tries: resumption.tries + 1,
        });
    }

    /// Goes on with the session of the last connection (XEP-0198, section 5).
    async fn resume(&mut self, resumption: Resumption) -> Result<bool, ConnectError> {
        let request = build("resume", ns::SM)
            .attr("previd", &resumption.id)
            .attr("h", resumption.inbound.h().to_string());
        let request = request.done();
        self.adopt(resumption);
        self.transport.send(&request).await?;
        let answer = match self.next().await? {
            Incoming::Element(element) => element,
            _ => return Err(ConnectError::NotXmpp("no answer to resume".to_owned())),
        };
        let h = answer.attr("h").and_then(|h| h.parse().ok());
        if answer.is("resumed", ns::SM) {
            let Some(h) = h else {
                return Err(ConnectError::NotXmpp("resumed without a count".to_owned()));
            };
            self.resumed(h).await?;
            return Ok(true);
        }
        self.not_resumed(h).await?;
        Ok(false)
    }

    /// Sends again what the server has not handled.
    async fn resumed(&mut self, h: u32) -> Result<(), ConnectError> {
        self.acknowledged(h).await?;
        let mut again = Vec::new();
        if let Some(sm) = &mut self.sm {
            sm.tries = 0;
            again.extend(sm.outbound.iter().cloned());
        }
        for sent in &again {
            self.transport.send_text(&sent.xml).await?;
            if let Some(row) = sent.row {
                self.in_flight.insert(row);
            }
        }
        tracing::debug!(
            account = self.shared.id,
            again = again.len(),
            "session resumed"
        );
        Ok(())
    }

    /// Refused; where the server says what it had, that is settled.
    async fn not_resumed(&mut self, h: Option<u32>) -> Result<(), ConnectError> {
        if let Some(h) = h {
            self.acknowledged(h).await?;
        }
        self.sm = None;
        Ok(())
    }
}

fn refused(error: StanzaError) -> ConnectError {
    ConnectError::AccountDisabled(error.to_string())
}

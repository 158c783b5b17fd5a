//! A bound session: its connection may be lost and come back (XEP-0198), the
//! session stays until it cannot be resumed any more.
//!
//! One task owns everything of it. What comes in is handled in its order;
//! messages for the archive wait for their commit side by side, and are routed
//! and counted as handled in the order in which they came.

pub(super) mod acknowledgement;
pub(super) mod binding;
mod csi;
mod place;
mod slow;
mod unheard;
mod waiting;
mod writing;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use jid::FullJid;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use xmpp_core::element::{self, build};
use xmpp_core::stream::{StreamCondition, StreamError};
use xmpp_core::{Element, ns};

use self::acknowledgement::Sm;
use self::csi::Held;
use self::place::Place;
use self::waiting::Event;
use super::backlog::Backlog;
use super::messages::{Effect, Handled};
use super::presence::Said;
use super::{ResumeRequest, SessionEnd};
use crate::mailbox::Receiver;
use crate::pace::{self, Pace};
use crate::router::{Outgoing, QueueOut};
use crate::server::Server;
use crate::transport::{Incoming, Transport, TransportError};

/// Elements of one client that are handled before others have their turn: who
/// gets them all must be able to pass them on meanwhile.
const IN_A_ROW: u32 = 16;
type Unwritten = FuturesOrdered<Pin<Box<dyn Future<Output = Handled> + Send>>>;

/// A bound session.
pub(crate) struct Session {
    pub(super) server: Arc<Server>,
    pub(super) user: String,
    pub(super) address: FullJid,
    pub(super) number: u64,
    transport: Option<Transport>,
    queue: QueueOut,
    resume: Receiver<Box<ResumeRequest>>,
    end: watch::Receiver<Option<SessionEnd>>,
    sm: Option<Sm>,
    /// What waits while the client is inactive (XEP-0352).
    held: Option<Held>,
    unwritten: Unwritten,
    /// Bytes of each of these, as it came: read, it takes many times as much.
    unwritten_bytes: VecDeque<usize>,
    /// Whether the client reads its archive itself, so that nothing has to be
    /// delivered for it.
    pub(super) reads_archive: bool,
    /// What waited for it when it came.
    pub(super) backlog: Backlog,
    /// Whether it takes messages to the bare address.
    pub(super) takes_messages: bool,
    /// Whether the first presence has been sent.
    pub(super) was_available: bool,
    /// What it has said of its presence, and how often.
    pub(super) presences: Said,
    heard: Instant,
    asked: bool,
    lost: Option<Instant>,
    /// The last note of what was delivered, on its way to the disk.
    noting: Option<JoinHandle<()>>,
    /// Elements that were read since others had their turn.
    in_a_row: u32,
    /// How fast its account may send.
    pub(super) pace: Pace,
    /// Rows of the archive that are delivered as soon as what is written is out,
    /// if the client does not acknowledge.
    written: Vec<i64>,
    /// Whether what comes next is there already, so that it goes out together.
    goes_on: bool,
    /// The last to be dropped: what comes for the session after that is refused.
    place: Place,
}

/// What the loop does after a step.
pub(super) enum Next {
    Go,
    /// The connection is gone; the session may wait for another.
    Lost,
    /// The session is over.
    End(Option<StreamError>),
}

impl Next {
    /// This, or if it says nothing, what an earlier step said.
    fn or(self, earlier: Self) -> Self {
        match self {
            Self::Go => earlier,
            other => other,
        }
    }
}

impl Session {
    /// Runs the session until it is over.
    pub(crate) async fn run(mut self: Box<Self>) {
        let error = loop {
            match self.step().await {
                Next::Go => {}
                Next::Lost => {
                    if let Next::End(error) = Box::pin(self.lose()).await {
                        break error;
                    }
                }
                Next::End(error) => break error,
            }
        };
        Box::pin(self.end(error)).await;
    }

    /// The connection is gone; what becomes of the session.
    async fn lose(&mut self) -> Next {
        let settled = self.settle().await;
        self.transport = None;
        // What could not be written must not be counted over.
        if let Next::End(error) = settled {
            return Next::End(error);
        }
        self.lost = Some(Instant::now());
        if self.sm.as_ref().is_none_or(|sm| !sm.resumable) {
            return Next::End(None);
        }
        self.note_connection();
        self.tell_of_unheard();
        tracing::debug!(address = %self.address, "connection lost, session waits");
        Next::Go
    }

    /// The session is over.
    async fn end(mut self: Box<Self>, error: Option<StreamError>) {
        self.settle().await;
        self.leave_rooms().await;
        // What is written may still get out, and then counts.
        self.flush().await;
        // Whoever has seen the end gets nothing again that it had acknowledged.
        if let Some(noting) = self.noting.take() {
            drop(noting.await);
        }
        if let Some(transport) = self.transport.take() {
            transport.close(error).await;
        }
        // From here on, nothing more comes for it.
        let was_available = self.leave();
        self.refuse_unheard().await;
        self.over(was_available);
    }

    /// Notes whether there is a connection, and if not, since when.
    fn note_connection(&self) {
        let lost = self.lost;
        self.server
            .router
            .update(&self.user, self.number, |entry| entry.lost = lost);
    }

    /// Does one thing. What it had to say goes out at the end, together, or if it
    /// came from a queue in which more waits, with that.
    async fn step(&mut self) -> Next {
        self.goes_on = false;
        let next = match self.wait().await {
            // What comes most often and needs little room.
            Event::Outgoing(outgoing) => {
                self.goes_on = !self.queue.is_empty();
                match self.backlog.covers(outgoing.archived) {
                    true => Next::Go,
                    false => self.send(outgoing).await,
                }
            }
            event => Box::pin(self.act(event)).await,
        };
        let next = match next {
            Next::Go if self.must_ask() => Box::pin(self.ask()).await,
            other => other,
        };
        match next {
            Next::Go if self.goes_on => Next::Go,
            Next::Go => self.flush().await,
            other => other,
        }
    }

    async fn act(&mut self, event: Event) -> Next {
        match event {
            Event::End(end) => Next::End(end.map(|end| end.stream_error())),
            Event::Handled(handled) => self.handled(handled).await,
            Event::Resume(request) => self.resumed(request).await,
            Event::Incoming(incoming) => {
                self.heard = Instant::now();
                self.asked = false;
                self.incoming(incoming).await
            }
            Event::Backlog => self.send_backlog().await,
            Event::Outgoing(outgoing) => self.send(outgoing).await,
            Event::Paced => Next::Go,
            Event::Silence => self.silence().await,
        }
    }

    /// Nothing was heard for long, or nobody came to resume.
    async fn silence(&mut self) -> Next {
        if self.lost.is_some() {
            return Next::End(None);
        }
        if self.asked {
            return Next::Lost;
        }
        self.asked = true;
        self.heard = Instant::now();
        let ping = match &self.sm {
            Some(_) => build("r", ns::SM).done(),
            None => build("iq", ns::CLIENT)
                .attr("type", "get")
                .attr("id", format!("ping-{}", self.number))
                .attr("from", self.server.domain())
                .attr("to", self.address.as_str())
                .child(build("ping", ns::PING))
                .done(),
        };
        self.write(&ping).await
    }

    async fn incoming(&mut self, incoming: Result<Incoming, TransportError>) -> Next {
        self.in_a_row += 1;
        if self.in_a_row >= IN_A_ROW {
            self.in_a_row = 0;
            tokio::task::yield_now().await;
        }
        let bytes = self.transport.as_mut().map_or(0, Transport::taken);
        let stanzas = match &incoming {
            Ok(Incoming::Element(element)) => pace::weight(element),
            _ => 0,
        };
        self.pace.count(stanzas, bytes, Instant::now());
        match incoming {
            Ok(Incoming::Element(element)) => self.element(element, bytes).await,
            // The client ends the stream, and with it the session.
            Ok(Incoming::Close) => Next::End(None),
            Ok(Incoming::Open(_)) => Next::End(Some(StreamCondition::BadFormat.into())),
            Err(TransportError::Bad(error)) => Next::End(Some(error)),
            Err(error) => {
                tracing::debug!(address = %self.address, %error, "connection");
                Next::Lost
            }
        }
    }

    async fn element(&mut self, element: Element, bytes: usize) -> Next {
        if element.has_ns(ns::SM) {
            return self.stream_management(&element).await;
        }
        if element.has_ns(ns::CSI) {
            return self.client_state(&element).await;
        }
        if !element.has_ns(ns::CLIENT) {
            return Next::End(Some(StreamCondition::UnsupportedStanzaType.into()));
        }
        self.server.metrics.received.count(element.name());
        if element.name() == "message" {
            let work = super::messages::accept(
                &self.server,
                self.number,
                &self.user,
                &self.address,
                element,
            );
            self.unwritten.push_back(work);
            self.unwritten_bytes.push_back(bytes);
            return Next::Go;
        }
        // Everything else sees what was written before it.
        let settled = self.settle().await;
        if !matches!(settled, Next::Go) {
            return settled;
        }
        let answers = self.stanza(&element).await;
        match answers {
            Ok(answers) => {
                let mut next = Next::Go;
                for answer in answers {
                    // On a lost connection too: what is kept goes out with the next one.
                    if matches!(next, Next::End(_)) {
                        return next;
                    }
                    next = self.send(answer).await.or(next);
                }
                self.count();
                next
            }
            Err(condition) => Next::End(Some(condition.into())),
        }
    }

    /// Waits for all commits that are under way.
    async fn settle(&mut self) -> Next {
        let mut next = Next::Go;
        while let Some(handled) = self.unwritten.next().await {
            next = self.handled(handled).await.or(next);
            if matches!(next, Next::End(_)) {
                break;
            }
        }
        next
    }

    /// A message is on disk, or was refused: route it and count it.
    async fn handled(&mut self, handled: Handled) -> Next {
        self.unwritten_bytes.pop_front();
        match handled {
            Handled::Done(effect) => {
                let mut next = Next::Go;
                match effect {
                    Effect::Nothing => {}
                    Effect::Deliver(deliver) => deliver(),
                    Effect::Refuse(error) => next = self.send_now(&error).await,
                }
                self.count();
                next
            }
            // Not on disk, so never acknowledged: the client will send it again.
            Handled::NotWritten => Next::End(Some(StreamCondition::InternalServerError.into())),
        }
    }

    /// Sends an answer of the server itself, in its place among all others.
    async fn send_now(&mut self, answer: &Element) -> Next {
        match element::write(answer) {
            Ok(xml) => {
                self.send(Outgoing {
                    xml: xml.into(),
                    archived: None,
                })
                .await
            }
            Err(error) => {
                tracing::error!(%error, "answer could not be written");
                Next::Go
            }
        }
    }

    /// Says it in its time: at once, or when the client is active again.
    pub(super) async fn send(&mut self, outgoing: Outgoing) -> Next {
        let Some(held) = &mut self.held else {
            return self.pass(outgoing).await;
        };
        let limits = &self.server.config.limits;
        let (own, max) = (
            self.address.to_bare(),
            (limits.held_back, limits.session_bytes / 2),
        );
        self.queue.release(held.bytes());
        let back = held.take(outgoing, own.as_str(), max);
        self.queue.keep(held.bytes());
        match back {
            None => Next::Go,
            Some(important) => {
                let released = Box::pin(self.release()).await;
                if matches!(released, Next::End(_)) {
                    return released;
                }
                self.pass(important).await.or(released)
            }
        }
    }

    /// Whether there is a connection.
    pub(super) fn is_connected(&self) -> bool {
        self.transport.is_some()
    }
}

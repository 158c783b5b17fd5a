//! A session on a signed-in stream: bind or resume, catch up, then send and
//! receive until the connection ends.
//!
//! After a fresh bind the archive is read *before* the outbox is sent, so that
//! a message which did arrive, although its acknowledgement was lost, is
//! recognised by its origin id and not sent again.

mod acknowledging;
mod alive;
mod answers;
mod begin;
mod incoming;
mod pending;
mod presence;
mod sending;
mod unplaced;

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use xmpp_core::element::build;
use xmpp_core::stream_management::{Inbound, Outbound};
use xmpp_core::{Element, ns};

use super::handle::{Command, Handle};
use super::people::Offers;
use super::sync::pep;
use super::{Shared, rooms, sync};
use crate::api::ConnectionView;
use crate::connection::{ConnectError, Incoming, SignedIn};
use crate::connection::{Resume, Transport};
use crate::store::StoreError;
use begin::Entry;
use pending::Pending;
use unplaced::{Seen, Unplaced};

/// Rows of the outbox that may be on their way at once.
const IN_FLIGHT: usize = 64;
/// Messages that may arrive while the archive is read.
const MAX_HELD: usize = 5_000;
/// Stanzas after which an acknowledgement is asked for, whatever they are.
const ASK_EVERY: usize = 50;
/// Stanzas without an acknowledgement: a server that never gives one must not
/// fill our memory.
const MAX_UNACKNOWLEDGED: usize = 2_000;
/// Connections that may try to go on with one session.
const RESUME_TRIES: u8 = 3;

/// What the next connection needs to go on with a session (XEP-0198).
pub(super) struct Resumption {
    id: String,
    inbound: Inbound,
    outbound: Outbound<Sent>,
    /// Connections that have tried.
    tries: u8,
    /// Whether the archive has still to say what came before what.
    crossed: bool,
    /// What the server offers in it: it does not say so again where signing in goes on
    /// with the session at once (XEP-0388).
    features: Element,
}

impl Resumption {
    /// For who signs in.
    pub(super) fn request(&self) -> Resume<'_> {
        Resume {
            id: &self.id,
            h: self.inbound.h(),
        }
    }
}

/// A stanza on its way.
#[derive(Debug, Clone)]
struct Sent {
    xml: Arc<str>,
    /// Row of the outbox.
    row: Option<i64>,
    /// What of it others see, in some order.
    seen: Option<Seen>,
}

pub(super) struct Session<'a> {
    shared: &'a Arc<Shared>,
    transport: Transport,
    features: Element,
    /// Where signing in has led.
    entry: Entry,
    /// Whether it is bound or resumed: before that there is nobody to speak as.
    has_begun: bool,
    resumption: Option<Resumption>,
    sm: Option<Sm>,
    /// Rows of the outbox that are on their way.
    in_flight: HashSet<i64>,
    /// Requests of the account's tasks.
    pending: Pending,
    /// Whether the newest page of the archive was read: only then is the outbox
    /// sent.
    caught_up: bool,
    /// Whether that has been so at any time, on this connection or before.
    has_read: bool,
    /// Whether it goes on with the session of an earlier connection.
    resumed: bool,
    /// Live messages that arrive while the archive is read: they are newer than
    /// all of it.
    held: Option<Vec<Element>>,
    /// Stanzas behind a held message: they were handled, but stanzas count in
    /// their order.
    uncounted: u32,
    /// Whether what comes live is known to follow on what was read: else the
    /// cursor stays where it is.
    follows: bool,
    /// What of ours is on its way.
    unplaced: Unplaced,
    /// Whether something of others crossed it.
    crossed: bool,
    /// Silence up to here is nothing.
    quiet_until: Instant,
    asked: bool,
}

struct Sm {
    /// Without one the server does not resume.
    id: Option<String>,
    inbound: Inbound,
    outbound: Outbound<Sent>,
    /// Connections in a row that tried to resume it; 0 once it runs.
    tries: u8,
}

impl Sm {
    fn new(id: Option<String>) -> Self {
        Self {
            id,
            inbound: Inbound::default(),
            outbound: Outbound::default(),
            tries: 0,
        }
    }
}

impl From<StoreError> for ConnectError {
    fn from(error: StoreError) -> Self {
        let failed = Shared::cache_failed(&error);
        Self::Cache(failed.code, failed.detail)
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(
        shared: &'a Arc<Shared>,
        signed_in: SignedIn,
        resumption: Option<Resumption>,
    ) -> Self {
        let features = match &resumption {
            Some(before) if signed_in.resumed.is_some() => before.features.clone(),
            _ => signed_in.features,
        };
        shared.people.set_offers(Offers::of(&features));
        Self {
            shared,
            transport: signed_in.transport,
            features,
            entry: Entry {
                bound: signed_in.bound,
                resumed: signed_in.resumed,
                not_resumed: signed_in.not_resumed,
            },
            has_begun: false,
            resumption,
            sm: None,
            in_flight: HashSet::new(),
            pending: Pending::default(),
            resumed: false,
            caught_up: false,
            has_read: false,
            held: None,
            uncounted: 0,
            follows: true,
            unplaced: Unplaced::default(),
            crossed: false,
            quiet_until: Instant::now() + shared.timeouts.idle,
            asked: false,
        }
    }

    /// Runs until the connection ends. Gives why (nothing if the account is
    /// being stopped), and what the next connection may resume.
    pub(super) async fn run(
        mut self,
        typing: &mut mpsc::Receiver<(String, bool)>,
    ) -> (Option<ConnectError>, Option<Resumption>) {
        // Nobody waits for chat states of before.
        while typing.try_recv().is_ok() {}
        let cancel = self.shared.cancel.clone();
        let ended = tokio::select! {
            biased;
            () = cancel.cancelled() => Ok(()),
            ended = self.live(typing) => ended,
        };
        self.shared.set_handle(None);
        match ended {
            Ok(()) => {
                // RFC 6121, section 4.5: in good order, so that nobody takes us
                // for present until a time-out.
                if self.has_begun {
                    let gone = build("presence", ns::CLIENT).attr("type", "unavailable");
                    drop(self.send_stanza(&gone.done(), None).await);
                }
                self.transport.close().await;
                (None, None)
            }
            Err(error) => {
                if self.ended_over_a_message(&error).await {
                    // Resumed, it would go once more.
                    self.sm = None;
                }
                // What was missed is not in the cache before that was read once: the
                // next connection begins anew. Messages that are held later do not
                // count as handled, so they come again.
                let crossed = self.crossed || self.held.is_some() || !self.follows;
                let may_resume = |sm: &Sm| self.has_read && sm.tries < RESUME_TRIES;
                let resumption = self.sm.filter(may_resume).and_then(|sm| {
                    let id = sm.id?;
                    Some(Resumption {
                        id,
                        inbound: sm.inbound,
                        outbound: sm.outbound,
                        tries: sm.tries,
                        crossed,
                        features: self.features,
                    })
                });
                (Some(error), resumption)
            }
        }
    }

    async fn live(
        &mut self,
        typing: &mut mpsc::Receiver<(String, bool)>,
    ) -> Result<(), ConnectError> {
        let began = self.begin().await?;
        self.has_begun = true;
        self.resumed = began.resumed;
        if began.resumed {
            (self.caught_up, self.has_read) = (true, true);
            self.shared.set_connection(ConnectionView::Online);
            self.requeue().await?;
            self.send_outbox().await?;
        }
        let (handle, mut commands) = Handle::new(self.shared.clock.clone(), self.shared.timeouts);
        self.shared.set_handle(Some(handle.clone()));
        // All that is done beside sending and receiving, from catching up to
        // keeping rooms joined. It asks through the handle, so this loop never
        // waits for it.
        let mut tasks = std::pin::pin!(sync::run(self.shared, handle.clone(), began));
        let mut tasks_run = true;
        let mut network = self.shared.surroundings.network();
        let mut ordering = None;
        loop {
            if self.crossed && self.unplaced.is_none() && self.caught_up {
                // As after binding: what comes live waits for the archive.
                self.crossed = false;
                self.caught_up = false;
                self.held = Some(Vec::new());
                ordering = Some(Box::pin(sync::order(self.shared, handle.clone())));
            }
            let idle = self.quiet_until;
            let typing_ends = self.shared.live.typing_ends();
            // In this order, so that a run can be repeated. What has come is looked
            // at before more is sent: it may say what need not be.
            tokio::select! {
                biased;
                Some(command) = commands.recv() => self.command(command).await?,
                ended = &mut tasks, if tasks_run => {
                    ended?;
                    tasks_run = false;
                }
                ended = maybe(&mut ordering), if ordering.is_some() => {
                    ended?;
                    ordering = None;
                }
                incoming = self.transport.next() => {
                    self.quiet_until = Instant::now() + self.idle();
                    self.asked = false;
                    let element = element_of(incoming?)?;
                    self.take_with_those_behind(element).await?;
                }
                () = self.shared.outbox_bell.notified() => {
                    if self.shared.rooms.has_new() {
                        self.requeue().await?;
                    }
                    self.send_outbox().await?;
                }
                Some((conversation, is_typing)) = typing.recv() => {
                    self.send_typing(&conversation, is_typing).await?;
                }
                Ok(()) = network.changed() => {
                    self.asked = false;
                    self.keep_alive(self.shared.timeouts.answer).await?;
                }
                () = sleep_until(idle) => self.keep_alive(self.shared.timeouts.idle / 2).await?,
                // Below, somebody is found to have stopped typing.
                () = sleep_until(typing_ends.unwrap_or(idle)), if typing_ends.is_some() => {}
            }
            for conversation in self.shared.live.expire_typing(Instant::now()) {
                self.shared.conversation_changed(&conversation);
            }
        }
    }

    /// Does what a task of the account asks for.
    async fn command(&mut self, command: Command) -> Result<(), ConnectError> {
        match command {
            Command::Ask(question) => {
                if let Some(iq) = self.pending.ask(question) {
                    self.send_stanza(&iq, None).await?;
                }
                Ok(())
            }
            Command::Send(stanza) => self.send_stanza(&stanza, None).await,
            Command::Active(active) => {
                if !self.features.has_child("csi", ns::CSI) {
                    return Ok(());
                }
                // No stanza, so it does not count (XEP-0352, section 5).
                let name = if active { "active" } else { "inactive" };
                self.transport.send(&build(name, ns::CSI).done()).await
            }
            Command::CaughtUp { follows, read } => self.caught_up(follows, &read).await,
        }
    }

    /// What came live meanwhile is newer than what was read.
    async fn caught_up(
        &mut self,
        follows: bool,
        read: &HashSet<String>,
    ) -> Result<(), ConnectError> {
        self.follows = follows;
        (self.caught_up, self.has_read) = (true, true);
        self.shared.set_connection(ConnectionView::Online);
        let held = self.held.take().unwrap_or_default();
        for together in held.chunks(incoming::TOGETHER) {
            self.messages(together, read).await?;
        }
        for _ in 0..std::mem::take(&mut self.uncounted) {
            self.count();
        }
        self.requeue().await?;
        self.send_outbox().await
    }

    async fn next(&mut self) -> Result<Incoming, ConnectError> {
        timeout(self.shared.timeouts.answer, self.transport.next())
            .await
            .map_err(|_| ConnectError::TimedOut)?
    }

    fn count(&mut self) {
        if self.held.as_ref().is_some_and(|held| !held.is_empty()) {
            self.uncounted += 1;
        } else if let Some(sm) = &mut self.sm {
            sm.inbound.handled_one();
        }
    }

    /// Handles one element of the stream. It counts as handled (XEP-0198) only
    /// once what it says is in the cache.
    async fn take(&mut self, element: Element) -> Result<(), ConnectError> {
        if element.has_ns(ns::SM) {
            return self.stream_management(&element).await;
        }
        if !element.has_ns(ns::CLIENT) {
            return Ok(());
        }
        match element.name() {
            "message" if element.has_child("result", ns::MAM) => {
                self.pending.result(&self.shared.address, &element);
            }
            "message" if pep::is_event(&element) => pep::event(self.shared, &element).await?,
            // What a room says has an order of its own; and who goes by a nickname now
            // need not do so later.
            "message" if rooms::is_live(self.shared, &element) => {
                return self.messages(&[element], &HashSet::new()).await;
            }
            "message" if self.hold(&element)? => return Ok(()),
            "message" => return self.messages(&[element], &HashSet::new()).await,
            "presence" => self.presence(&element).await?,
            "iq" => self.iq(&element).await?,
            _ => {}
        }
        self.count();
        Ok(())
    }

    /// Puts a live message back until the archive has been read.
    fn hold(&mut self, element: &Element) -> Result<bool, ConnectError> {
        let Some(held) = &mut self.held else {
            return Ok(false);
        };
        if held.len() >= MAX_HELD {
            return Err(ConnectError::NotXmpp("too much at once".to_owned()));
        }
        held.push(element.clone());
        Ok(true)
    }
}

/// Waits for something, if there is something.
async fn maybe<F: Future + Unpin>(future: &mut Option<F>) -> F::Output {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

fn element_of(incoming: Incoming) -> Result<Element, ConnectError> {
    match incoming {
        Incoming::Element(element) => Ok(element),
        Incoming::Open(_) => Err(ConnectError::NotXmpp("unexpected header".to_owned())),
        Incoming::Close => Err(ConnectError::Lost("closed by the server".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ErrorCode;

    #[test]
    fn a_full_disk_is_said_to_be_one() {
        let full = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
        let error = StoreError::Sqlite(rusqlite::Error::SqliteFailure(full, None));
        let said = ConnectError::from(error).to_api("team.internal");
        assert_eq!(said.code, ErrorCode::DiskFull);
        let said = ConnectError::from(StoreError::Closed).to_api("team.internal");
        assert_eq!(said.code, ErrorCode::CacheFailed);
    }
}

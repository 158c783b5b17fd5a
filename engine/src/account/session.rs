//! A session on a signed-in stream: bind or resume, catch up, then send and
//! receive until the connection ends.
//!
//! After a fresh bind the archive is read *before* the outbox is sent, so that
//! a message which did arrive, although its acknowledgement was lost, is
//! recognised by its origin id and not sent again.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::StanzaError;
use xmpp_core::stream_management::{Inbound, Outbound};
use xmpp_core::{Element, ns};
use xmpp_parsers::roster::{Roster, Subscription};

use super::{Shared, outgoing};
use crate::api::{ConnectionView, PresenceShow};
use crate::clock;
use crate::connection::{ConnectError, Incoming, SignedIn, Transport};
use crate::inbound::{self, Meaning};
use crate::store::contacts::{self, Contact};
use crate::store::messages::Place;
use crate::store::{StoreError, outbox};

/// Messages of one page of the archive.
const PAGE: usize = 100;
/// Pages of history that a new device fetches.
const FIRST_PAGES: usize = 10;
/// Rows of the outbox that may be on their way at once.
const IN_FLIGHT: usize = 64;
/// Messages that may arrive while the archive is read.
const MAX_HELD: usize = 5_000;
/// Key of the last archive id that was read.
const CURSOR: &str = "archive-cursor";

/// What the next connection needs to go on with a session (XEP-0198).
pub(super) struct Resumption {
    id: String,
    inbound: Inbound,
    outbound: Outbound<Sent>,
}

/// A stanza on its way.
#[derive(Debug, Clone)]
struct Sent {
    xml: Arc<str>,
    /// Row of the outbox.
    row: Option<i64>,
}

pub(super) struct Session<'a> {
    shared: &'a Arc<Shared>,
    transport: Transport,
    features: Element,
    resumption: Option<Resumption>,
    sm: Option<Sm>,
    /// Rows of the outbox that are on their way.
    in_flight: HashSet<i64>,
    /// Last row that was sent.
    last_row: i64,
    /// Messages of the page that is being fetched.
    page: Vec<Meaning>,
    page_id: Option<String>,
    /// Live messages that arrive while the archive is read: they are newer than
    /// all of it.
    held: Option<Vec<Element>>,
    next_id: u64,
    heard: Instant,
    asked: bool,
}

struct Sm {
    /// Without one the server does not resume.
    id: Option<String>,
    inbound: Inbound,
    outbound: Outbound<Sent>,
}

impl From<StoreError> for ConnectError {
    fn from(error: StoreError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(
        shared: &'a Arc<Shared>,
        signed_in: SignedIn,
        resumption: Option<Resumption>,
    ) -> Self {
        Self {
            shared,
            transport: signed_in.transport,
            features: signed_in.features,
            resumption,
            sm: None,
            in_flight: HashSet::new(),
            last_row: 0,
            page: Vec::new(),
            page_id: None,
            held: None,
            next_id: 0,
            heard: Instant::now(),
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
            () = cancel.cancelled() => Ok(()),
            ended = self.live(typing) => ended,
        };
        match ended {
            Ok(()) => {
                self.transport.close().await;
                (None, None)
            }
            Err(error) => {
                // Messages that are held are not in the cache, so they must not
                // count as handled: the next connection begins anew.
                let caught_up = self.held.is_none();
                let resumption = self.sm.filter(|_| caught_up).and_then(|sm| {
                    let id = sm.id?;
                    Some(Resumption {
                        id,
                        inbound: sm.inbound,
                        outbound: sm.outbound,
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
        let resumed = match self.resumption.take() {
            Some(resumption) => self.resume(resumption).await?,
            None => false,
        };
        if !resumed {
            self.bind().await?;
            self.catch_up().await?;
        }
        self.shared.set_connection(ConnectionView::Online);
        self.send_outbox().await?;
        loop {
            let idle = self.heard + self.shared.timeouts.idle;
            tokio::select! {
                incoming = self.transport.next() => {
                    self.heard = Instant::now();
                    self.asked = false;
                    let element = element_of(incoming?)?;
                    self.take(element).await?;
                }
                () = self.shared.outbox_bell.notified() => self.send_outbox().await?,
                Some((conversation, is_typing)) = typing.recv() => {
                    let state = outgoing::chat_state(&conversation, is_typing);
                    self.send_stanza(&state, None).await?;
                }
                () = sleep_until(idle) => self.keep_alive().await?,
            }
            if self.shared.live.expire_typing(std::time::Instant::now()) {
                self.shared.conversations_changed();
            }
        }
    }

    /// RFC 6120, section 7; then what every session begins with.
    async fn bind(&mut self) -> Result<(), ConnectError> {
        self.in_flight.clear();
        self.last_row = 0;
        self.sm = None;
        let resource = build("resource", ns::BIND).text(&self.shared.resource);
        let bind = build("bind", ns::BIND).child(resource).done();
        self.ask("set", None, bind).await?.map_err(refused)?;
        if self.features.has_child("sm", ns::SM) {
            let enable = build("enable", ns::SM).attr("resume", "true").done();
            self.transport.send(&enable).await?;
            self.await_enabled().await?;
        }
        self.shared.set_connection(ConnectionView::CatchingUp);
        self.fetch_roster().await?;
        let carbons = build("enable", ns::CARBONS).done();
        if let Err(error) = self.ask("set", None, carbons).await? {
            tracing::info!(%error, "no carbons there");
        }
        // From here on messages come live; those that came before are in the
        // archive. Reading it first would leave a gap between the two.
        self.held = Some(Vec::new());
        self.send_stanza(&build("presence", ns::CLIENT).done(), None)
            .await
    }

    async fn await_enabled(&mut self) -> Result<(), ConnectError> {
        loop {
            let element = element_of(self.next().await?)?;
            if element.is("enabled", ns::SM) {
                let resumable = matches!(element.attr("resume"), Some("true" | "1"));
                let id = element.attr("id").filter(|_| resumable).map(str::to_owned);
                self.sm = Some(Sm {
                    id,
                    inbound: Inbound::default(),
                    outbound: Outbound::default(),
                });
                return Ok(());
            }
            if element.is("failed", ns::SM) {
                return Ok(());
            }
            self.take(element).await?;
        }
    }

    /// Goes on with the session of the last connection (XEP-0198, section 5).
    async fn resume(&mut self, resumption: Resumption) -> Result<bool, ConnectError> {
        let request = build("resume", ns::SM)
            .attr("previd", &resumption.id)
            .attr("h", resumption.inbound.h().to_string());
        self.transport.send(&request.done()).await?;
        let answer = match self.next().await? {
            Incoming::Element(element) => element,
            _ => return Err(ConnectError::NotXmpp("no answer to resume".to_owned())),
        };
        let h = answer.attr("h").and_then(|h| h.parse().ok());
        self.sm = Some(Sm {
            id: Some(resumption.id),
            inbound: resumption.inbound,
            outbound: resumption.outbound,
        });
        if answer.is("resumed", ns::SM) {
            let Some(h) = h else {
                return Err(ConnectError::NotXmpp("resumed without a count".to_owned()));
            };
            self.acknowledged(h).await?;
            let again: Vec<Sent> = self
                .sm
                .iter()
                .flat_map(|sm| sm.outbound.iter().cloned())
                .collect();
            for sent in &again {
                self.transport.send_text(&sent.xml).await?;
                if let Some(row) = sent.row {
                    self.in_flight.insert(row);
                    self.last_row = self.last_row.max(row);
                }
            }
            tracing::debug!(
                account = self.shared.id,
                again = again.len(),
                "session resumed"
            );
            return Ok(true);
        }
        // Refused; where it says what it had, that is settled.
        if let Some(h) = h {
            self.acknowledged(h).await?;
        }
        self.sm = None;
        Ok(false)
    }

    /// RFC 6121, section 2.1.3.
    async fn fetch_roster(&mut self) -> Result<(), ConnectError> {
        let answer = self
            .ask("get", None, build("query", ns::ROSTER).done())
            .await?;
        let Ok(answer) = answer else { return Ok(()) };
        let roster = answer
            .get_child("query", ns::ROSTER)
            .cloned()
            .map(Roster::try_from);
        if let Some(Ok(roster)) = roster {
            let contacts: Vec<Contact> = roster.items.into_iter().map(contact).collect();
            self.shared
                .store
                .write(move |tx| contacts::replace_all(tx, &contacts))
                .await?;
            self.shared.contacts_changed();
            self.shared.conversations_changed();
        }
        Ok(())
    }

    /// Reads what the archive has and we have not, then what came meanwhile.
    async fn catch_up(&mut self) -> Result<(), ConnectError> {
        let cursor = self
            .shared
            .store
            .read(|db| contacts::meta(db, CURSOR))
            .await?;
        let known = match &cursor {
            Some(cursor) => self.catch_up_from(cursor.clone()).await?,
            None => false,
        };
        if !known {
            self.first_pages(cursor.is_none()).await?;
        }
        self.shared.set_connection(ConnectionView::Online);
        for element in self.held.take().unwrap_or_default() {
            self.message(&element).await?;
            self.count();
        }
        Ok(())
    }

    /// Forward from the last known message; `false` if the archive does not
    /// know it any more.
    async fn catch_up_from(&mut self, mut cursor: String) -> Result<bool, ConnectError> {
        loop {
            let Some((meanings, page)) = self.fetch_page(Some(&cursor), None).await? else {
                return Ok(false);
            };
            let last = page.last.clone();
            self.shared.apply(meanings, Place::Newest).await?;
            if let Some(last) = last {
                self.set_cursor(&last).await?;
                cursor = last;
            }
            if page.complete || page.last.is_none() {
                return Ok(true);
            }
        }
    }

    /// A new device: the newest page first, then some more of history.
    async fn first_pages(&mut self, is_new: bool) -> Result<(), ConnectError> {
        let mut before: Option<String> = None;
        for number in 0..FIRST_PAGES {
            let Some((mut meanings, page)) = self.fetch_page(None, before.as_deref()).await? else {
                return Ok(());
            };
            if number == 0 {
                self.shared.apply(meanings, Place::Newest).await?;
                if let Some(last) = &page.last {
                    self.set_cursor(last).await?;
                }
            } else {
                // Each goes before the one that was put there last.
                meanings.reverse();
                self.shared.apply(meanings, Place::Oldest).await?;
            }
            before = page.first;
            if page.complete || before.is_none() || !is_new {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn set_cursor(&mut self, id: &str) -> Result<(), ConnectError> {
        let id = id.to_owned();
        Ok(self
            .shared
            .store
            .write(move |tx| contacts::set_meta(tx, CURSOR, &id))
            .await?)
    }

    /// One page of the archive; `None` if there is no archive, or not that place in it.
    async fn fetch_page(
        &mut self,
        after: Option<&str>,
        before: Option<&str>,
    ) -> Result<Option<(Vec<Meaning>, Page)>, ConnectError> {
        let query_id = clock::random_id().map_err(|error| ConnectError::Internal(error.detail))?;
        self.page.clear();
        self.page_id = Some(query_id.clone());
        let query = outgoing::archive_query(&query_id, after, before, PAGE);
        let answer = self.ask("set", None, query).await;
        self.page_id = None;
        let meanings = std::mem::take(&mut self.page);
        match answer? {
            Ok(answer) => {
                let fin = answer.get_child("fin", ns::MAM);
                let set = fin.and_then(|fin| fin.get_child("set", ns::RSM));
                let text = |name: &str| {
                    set.and_then(|set| set.get_child(name, ns::RSM))
                        .map(Element::text)
                };
                let complete =
                    fin.is_some_and(|fin| matches!(fin.attr("complete"), Some("true" | "1")));
                Ok(Some((
                    meanings,
                    Page {
                        first: text("first"),
                        last: text("last"),
                        complete,
                    },
                )))
            }
            Err(error) => {
                tracing::info!(%error, "archive");
                Ok(None)
            }
        }
    }

    /// Sends a request and waits for its answer, handling what comes meanwhile.
    async fn ask(
        &mut self,
        kind: &str,
        to: Option<&str>,
        payload: Element,
    ) -> Result<Result<Element, StanzaError>, ConnectError> {
        self.next_id += 1;
        let id = format!("q{}", self.next_id);
        let iq = build("iq", ns::CLIENT)
            .attr("type", kind)
            .attr("id", &id)
            .attr_opt("to", to)
            .child(payload);
        self.send_stanza(&iq.done(), None).await?;
        let deadline = self.shared.timeouts.answer;
        let answered = timeout(deadline, async {
            loop {
                let element = element_of(self.transport.next().await?)?;
                let is_answer = element.is("iq", ns::CLIENT)
                    && element.attr("id") == Some(id.as_str())
                    && matches!(element.attr("type"), Some("result" | "error"));
                if is_answer {
                    self.count();
                    return Ok(match element.attr("type") {
                        Some("result") => Ok(element),
                        _ => Err(StanzaError::from_stanza(&element)),
                    });
                }
                self.take(element).await?;
            }
        });
        answered.await.map_err(|_| ConnectError::TimedOut)?
    }

    async fn next(&mut self) -> Result<Incoming, ConnectError> {
        timeout(self.shared.timeouts.answer, self.transport.next())
            .await
            .map_err(|_| ConnectError::TimedOut)?
    }

    fn count(&mut self) {
        if let Some(sm) = &mut self.sm {
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
            "message" if self.hold(&element)? => return Ok(()),
            "message" => self.message(&element).await?,
            "presence" => self.presence(&element),
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
        if element.has_child("result", ns::MAM) {
            return Ok(false);
        }
        if held.len() >= MAX_HELD {
            return Err(ConnectError::NotXmpp("too much at once".to_owned()));
        }
        held.push(element.clone());
        Ok(true)
    }

    fn is_online(&self) -> bool {
        matches!(*self.shared.connection.borrow(), ConnectionView::Online)
    }

    async fn stream_management(&mut self, element: &Element) -> Result<(), ConnectError> {
        match element.name() {
            "r" => {
                if let Some(sm) = &self.sm {
                    let answer = build("a", ns::SM)
                        .attr("h", sm.inbound.h().to_string())
                        .done();
                    self.transport.send(&answer).await?;
                }
                Ok(())
            }
            "a" => match element.attr("h").and_then(|h| h.parse().ok()) {
                Some(h) => {
                    self.acknowledged(h).await?;
                    self.send_outbox().await
                }
                None => Err(ConnectError::NotXmpp(
                    "acknowledgement without a count".to_owned(),
                )),
            },
            _ => Ok(()),
        }
    }

    /// The server has these, on disk: their rows go.
    async fn acknowledged(&mut self, h: u32) -> Result<(), ConnectError> {
        let Some(sm) = &mut self.sm else {
            return Ok(());
        };
        let settled = sm
            .outbound
            .acknowledge(h)
            .map_err(|error| ConnectError::NotXmpp(error.to_string()))?;
        let rows: Vec<i64> = settled.into_iter().filter_map(|sent| sent.row).collect();
        self.settle(rows).await
    }

    async fn settle(&mut self, rows: Vec<i64>) -> Result<(), ConnectError> {
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            self.in_flight.remove(row);
        }
        let changed = self
            .shared
            .store
            .write(move |tx| outbox::sent(tx, &rows))
            .await?;
        for conversation in changed {
            self.shared.messages_changed(&conversation);
        }
        Ok(())
    }

    async fn message(&mut self, element: &Element) -> Result<(), ConnectError> {
        let own = &self.shared.address;
        let now_ms = clock::now_ms();
        if let Some(archived) = inbound::archived(own, element, now_ms) {
            // Only of the query that was asked, and never more than a page.
            if archived.query_id.is_some()
                && archived.query_id == self.page_id
                && self.page.len() < PAGE * 4
            {
                self.page.extend(archived.meanings);
            }
            return Ok(());
        }
        let cursor = live_cursor(&self.shared.address, element);
        let meanings = inbound::live(&self.shared.address, element, now_ms);
        self.shared.apply(meanings, Place::Newest).await?;
        // What came live need not be fetched again, once we have caught up.
        if let Some(cursor) = cursor
            && self.is_online()
        {
            self.set_cursor(&cursor).await?;
        }
        Ok(())
    }

    fn presence(&mut self, element: &Element) {
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

    async fn iq(&mut self, iq: &Element) -> Result<(), ConnectError> {
        let kind = iq.attr("type");
        if !matches!(kind, Some("get" | "set")) {
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
            self.roster_push(roster.clone()).await?;
            answer.done()
        } else if iq.has_child("ping", ns::PING) {
            answer.done()
        } else {
            let condition = xmpp_core::stanza_error::Condition::ServiceUnavailable;
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

    /// RFC 6121, section 2.1.6.
    async fn roster_push(&mut self, query: Element) -> Result<(), ConnectError> {
        let Ok(roster) = Roster::try_from(query) else {
            return Ok(());
        };
        self.shared
            .store
            .write(move |tx| {
                for item in roster.items {
                    if item.subscription == Subscription::Remove {
                        contacts::remove(tx, item.jid.as_str())?;
                    } else {
                        contacts::put(tx, &contact(item))?;
                    }
                }
                Ok(())
            })
            .await?;
        self.shared.contacts_changed();
        self.shared.conversations_changed();
        Ok(())
    }

    /// Sends what waits in the outbox, in order, and not too much at once.
    async fn send_outbox(&mut self) -> Result<(), ConnectError> {
        if !self.is_online() {
            return Ok(());
        }
        while self.in_flight.len() < IN_FLIGHT {
            let (last, room) = (self.last_row, IN_FLIGHT - self.in_flight.len());
            let rows = self
                .shared
                .store
                .read(move |db| outbox::after(db, last, room))
                .await?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in &rows {
                self.in_flight.insert(row.id);
                self.last_row = row.id;
                self.send_stanza(&outgoing::outbox_row(row), Some(row.id))
                    .await?;
            }
            match &self.sm {
                Some(_) => self.transport.send(&build("r", ns::SM).done()).await?,
                // COMPAT: a server without acknowledgements. Written is all
                // that can be known.
                None => self.settle(rows.iter().map(|row| row.id).collect()).await?,
            }
        }
        Ok(())
    }

    async fn send_stanza(
        &mut self,
        stanza: &Element,
        row: Option<i64>,
    ) -> Result<(), ConnectError> {
        let xml: Arc<str> = element::write(stanza)?.into();
        if let Some(sm) = &mut self.sm {
            sm.outbound.sent(Sent {
                xml: Arc::clone(&xml),
                row,
            });
        }
        self.transport.send_text(&xml).await
    }

    /// Nothing was heard for a while: is the server there?
    async fn keep_alive(&mut self) -> Result<(), ConnectError> {
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
}

struct Page {
    first: Option<String>,
    last: Option<String>,
    complete: bool,
}

fn element_of(incoming: Incoming) -> Result<Element, ConnectError> {
    match incoming {
        Incoming::Element(element) => Ok(element),
        Incoming::Open => Err(ConnectError::NotXmpp("unexpected header".to_owned())),
        Incoming::Close => Err(ConnectError::Lost("closed by the server".to_owned())),
    }
}

fn refused(error: StanzaError) -> ConnectError {
    ConnectError::AccountDisabled(error.to_string())
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

fn contact(item: xmpp_parsers::roster::Item) -> Contact {
    let address = item.jid.to_string();
    let name = item
        .name
        .filter(|name| !name.trim().is_empty())
        .unwrap_or_else(|| {
            item.jid
                .node()
                .map_or_else(|| address.clone(), ToString::to_string)
        });
    Contact { address, name }
}

//! A server as the specifications have it, in memory: the judge of what the
//! engine makes of servers.
//!
//! A state machine without time or network of its own: bytes of streams go in
//! and come out, [`Server::commit`] is the moment in which what has arrived is
//! on disk. What a stanza leads to (delivery, copies, answers, the count of
//! XEP-0198) happens in that moment, in the order of arrival over all streams,
//! so what was acknowledged is on disk. [`Server::crash`] forgets what is not.

mod archive;
mod messages;
mod personal;
mod requests;
mod rooms;
mod sessions;
mod streams;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use xmpp_core::Element;

use crate::flavour::Flavour;
pub(crate) use archive::Archived;
use personal::Nodes;
pub(crate) use rooms::ROOMS;
use rooms::Room;
use sessions::Session;
use streams::Stream;

/// The domain of every account.
pub(crate) const DOMAIN: &str = "sim.example";
/// The password of every account.
pub(crate) const PASSWORD: &str = "open sesame";

/// The bare address of an account, or of a room (`#name`).
pub(crate) fn address(name: &str) -> String {
    match name.strip_prefix('#') {
        Some(room) => format!("{room}@{ROOMS}"),
        None => format!("{name}@{DOMAIN}"),
    }
}

/// What came on a stream and waits for its turn.
#[derive(Debug, Clone)]
enum Arrived {
    Element(Element),
    /// The end tag of the stream (RFC 6120, section 4.4).
    Close,
    /// The end of the connection, without a word.
    HangUp,
}

/// What the server has on disk of an account.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) archive: Vec<Archived>,
    /// Messages for when a device comes (XEP-0160).
    offline: Vec<Archived>,
    /// Nodes of XEP-0163.
    nodes: Nodes,
    /// Bare addresses (XEP-0191).
    pub(crate) blocked: BTreeSet<String>,
}

/// The server.
#[derive(Debug)]
pub(crate) struct Server {
    flavour: Flavour,
    now_ms: i64,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) rooms: BTreeMap<String, Room>,
    streams: BTreeMap<u64, Stream>,
    sessions: BTreeMap<u64, Session>,
    /// What sessions that can no longer be resumed had handled.
    ended: BTreeMap<String, u32>,
    arrived: VecDeque<(u64, Arrived)>,
    numbers: u64,
    /// What clients did that no specification allows.
    pub(crate) complaints: Vec<String>,
}

impl Server {
    pub(crate) fn new(flavour: Flavour, accounts: impl IntoIterator<Item = String>) -> Self {
        Self {
            flavour,
            now_ms: 0,
            accounts: accounts
                .into_iter()
                .map(|name| (name, Account::default()))
                .collect(),
            rooms: BTreeMap::new(),
            streams: BTreeMap::new(),
            sessions: BTreeMap::new(),
            ended: BTreeMap::new(),
            arrived: VecDeque::new(),
            numbers: 0,
            complaints: Vec::new(),
        }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn complain(&mut self, complaint: String) {
        self.complaints.push(complaint);
    }

    /// An id that says nothing of the order in which ids were given.
    fn id(&mut self) -> String {
        let number = self.number();
        format!("{:016x}", crate::dice::Dice::new(number).bits())
    }

    /// Sets the clock, and ends the sessions that nobody has resumed in time.
    pub(crate) fn at(&mut self, now_ms: i64) {
        self.now_ms = now_ms;
        let late: Vec<u64> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.until_ms.is_some_and(|until| until <= now_ms))
            .map(|(id, _)| *id)
            .collect();
        for session in late {
            self.end_session(session);
        }
    }

    /// Whether something waits to be written to disk.
    pub(crate) fn has_arrived(&self) -> bool {
        !self.arrived.is_empty()
    }

    /// Writes what has arrived to disk, and does what follows from it.
    pub(crate) fn commit(&mut self) {
        while let Some((stream, arrived)) = self.arrived.pop_front() {
            self.handle(stream, arrived);
        }
    }

    /// Ends without a word. Of what is not acknowledged, the first `lucky`
    /// things are on disk all the same.
    pub(crate) fn crash(&mut self, lucky: usize) {
        for _ in 0..lucky {
            if let Some((stream, arrived)) = self.arrived.pop_front() {
                self.handle(stream, arrived);
            }
        }
        self.arrived.clear();
        self.streams.clear();
        self.sessions.clear();
        self.ended.clear();
        self.empty_rooms();
    }

    /// How many things wait to be written to disk.
    pub(crate) fn waiting(&self) -> usize {
        self.arrived.len()
    }

    /// The session of a stream.
    pub(crate) fn session_of(&self, stream: u64) -> Option<u64> {
        self.streams.get(&stream).and_then(|stream| stream.session)
    }

    /// Ends those of these sessions that have no connection.
    pub(crate) fn forget(&mut self, sessions: &[u64]) {
        for id in sessions {
            let session = self.sessions.get(id);
            if session.is_some_and(|session| session.stream.is_none()) {
                self.end_session(*id);
            }
        }
    }

    fn handle(&mut self, stream: u64, arrived: Arrived) {
        match arrived {
            Arrived::Element(element) => self.element(stream, &element),
            Arrived::Close => self.close_stream(stream),
            Arrived::HangUp => self.lose_stream(stream),
        }
    }
}

#[cfg(test)]
mod tests;

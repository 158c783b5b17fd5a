//! What lies between the devices and the server: connections in memory, with
//! latency and every way in which a network fails.
//!
//! Everything runs on one thread and on the paused clock of the runtime, so the
//! same seed gives the same run.

mod dialer;
mod faults;
mod link;
mod trace;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::dice::Dice;
use crate::flavour::Flavour;
use crate::server::Server;
pub(crate) use dialer::{DeviceDialer, Way};
pub(crate) use faults::{Cut, Lost};
pub(crate) use link::Direction;
use link::Link;
pub(crate) use trace::Trace;

/// When every simulation begins, in milliseconds since the Unix epoch.
const BEGIN_MS: i64 = 1_800_000_000_000;
/// How often the server looks for sessions that are over.
const LOOK: Duration = Duration::from_secs(5);

/// The world of one plan. Cheap to clone.
#[derive(Clone)]
pub(crate) struct World {
    inner: Arc<Inner>,
}

struct Inner {
    seed: u64,
    commit: Duration,
    begin: Instant,
    state: Mutex<State>,
    /// Rings when the server has something to write to disk.
    arrived: Notify,
}

/// What changes in the world.
pub(crate) struct State {
    pub(crate) server: Server,
    /// Whether the server's machine answers.
    server_is_up: bool,
    links: BTreeMap<u64, Link>,
    /// By device.
    ways: BTreeMap<String, Way>,
    pub(crate) trace: Trace,
    /// Luck of the server.
    dice: Dice,
    connections: u64,
}

impl World {
    /// A world with a server that has these accounts. Has to be called in the
    /// runtime whose clock it runs on.
    pub(crate) fn new(
        seed: u64,
        flavour: Flavour,
        accounts: impl IntoIterator<Item = String>,
        trace: Trace,
    ) -> Self {
        let world = Self {
            inner: Arc::new(Inner {
                seed,
                commit: Duration::from_millis(flavour.commit_ms),
                begin: Instant::now(),
                state: Mutex::new(State {
                    server: Server::new(flavour, accounts),
                    server_is_up: true,
                    links: BTreeMap::new(),
                    ways: BTreeMap::new(),
                    trace,
                    dice: Dice::of(seed, "server", 0),
                    connections: 0,
                }),
                arrived: Notify::new(),
            }),
        };
        tokio::spawn(world.clone().write_to_disk());
        tokio::spawn(world.clone().look_for_the_late());
        world
    }

    /// Milliseconds since the world began.
    pub(crate) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.inner.begin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The true time, in milliseconds since the Unix epoch.
    pub(crate) fn now_ms(&self) -> i64 {
        BEGIN_MS.saturating_add(i64::try_from(self.elapsed_ms()).unwrap_or(i64::MAX))
    }

    /// The state, at the time that it is.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self
            .inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        state.server.at(self.now_ms());
        state
    }

    /// Notes something in the trace.
    pub(crate) fn note(&self, what: &str) {
        let at = self.elapsed_ms();
        self.state().trace.line(at, what);
    }

    /// Does something to the server, and sends what it says to that.
    fn with_server<T>(&self, act: impl FnOnce(&mut Server) -> T) -> T {
        let mut state = self.state();
        let value = act(&mut state.server);
        state.send_output();
        if state.server.has_arrived() {
            self.inner.arrived.notify_one();
        }
        value
    }

    /// The server's writer: what arrives while it writes shares the next commit.
    async fn write_to_disk(self) {
        loop {
            self.inner.arrived.notified().await;
            if !self.inner.commit.is_zero() {
                sleep(self.inner.commit).await;
            }
            self.with_server(Server::commit);
        }
    }

    async fn look_for_the_late(self) {
        loop {
            sleep(LOOK).await;
            self.with_server(|_| ());
        }
    }
}

impl State {
    /// Puts what the server says on its way.
    fn send_output(&mut self) {
        for stream in self.server.with_output() {
            let (text, is_over) = self.server.take_output(stream);
            if let Some(link) = self.links.get_mut(&stream) {
                link.say(text.as_bytes(), is_over);
            }
        }
    }
}

//! Connections that read. A few, so that a search does not hold up the list; each
//! is opened when it is first needed.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::StoreError;
use super::health::Health;

/// Most of them: one more than what a window asks for at once.
const MOST: usize = 3;

pub(super) struct Readers {
    open: Box<dyn Fn() -> rusqlite::Result<Connection> + Send + Sync>,
    health: Health,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    /// Idle, at work, or being opened.
    all: usize,
    closed: bool,
}

impl Readers {
    pub(super) fn new(
        open: impl Fn() -> rusqlite::Result<Connection> + Send + Sync + 'static,
        health: Health,
    ) -> Self {
        Self {
            open: Box::new(open),
            health,
            state: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// One more, for whoever needs it for long.
    pub(super) fn open(&self) -> rusqlite::Result<Connection> {
        (self.open)()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads. Waits while all connections are at work.
    pub(super) fn with<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut lease = self.lease()?;
        let connection = match &mut lease.connection {
            Some(connection) => connection,
            none => none.insert((self.open)()?),
        };
        let outcome = query(connection);
        if let Err(error) = &outcome {
            self.health.look_at(error);
        }
        Ok(outcome?)
    }

    fn lease(&self) -> Result<Lease<'_>, StoreError> {
        let mut state = self.state();
        loop {
            if state.closed {
                return Err(StoreError::Closed);
            }
            let connection = state.idle.pop();
            if connection.is_none() {
                if state.all >= MOST {
                    state = self
                        .freed
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                state.all += 1;
            }
            return Ok(Lease {
                readers: self,
                connection,
            });
        }
    }

    /// Closes all, once those at work are done.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        loop {
            state.all -= state.idle.len();
            state.idle.clear();
            if state.all == 0 {
                break;
            }
            state = self
                .freed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        self.freed.notify_all();
    }
}

/// A connection that comes back whatever happens.
struct Lease<'a> {
    readers: &'a Readers,
    connection: Option<Connection>,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut state = self.readers.state();
        match self.connection.take() {
            Some(connection) if !std::thread::panicking() => state.idle.push(connection),
            _ => state.all -= 1,
        }
        self.readers.freed.notify_all();
    }
}

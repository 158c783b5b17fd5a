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

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Barrier, mpsc};

    use super::*;

    /// Readers of empty caches in memory, and how many were opened.
    fn readers() -> (Readers, Arc<AtomicUsize>) {
        let opened = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&opened);
        let open = move || {
            count.fetch_add(1, Ordering::SeqCst);
            Connection::open_in_memory()
        };
        let health = Health::of(Path::new("nowhere/cache.db"));
        (Readers::new(open, health), opened)
    }

    fn one(db: &Connection) -> rusqlite::Result<u32> {
        db.query_row("SELECT 1", [], |row| row.get(0))
    }

    #[test]
    fn one_is_opened_when_it_is_needed_and_used_again() {
        let (readers, opened) = readers();
        assert_eq!(opened.load(Ordering::SeqCst), 0);
        for _ in 0..5 {
            assert_eq!(readers.with(one).unwrap(), 1);
            assert!(readers.with(|db| db.execute("nonsense", [])).is_err());
        }
        assert_eq!(opened.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn so_many_read_at_the_same_time_and_one_more_waits() {
        let (readers, opened) = readers();
        let all_at_work = Barrier::new(MOST + 1);
        let go_on = Barrier::new(MOST + 1);
        std::thread::scope(|scope| {
            for _ in 0..MOST {
                scope.spawn(|| {
                    let read = readers.with(|db| {
                        all_at_work.wait();
                        go_on.wait();
                        one(db)
                    });
                    assert_eq!(read.unwrap(), 1);
                });
            }
            all_at_work.wait();
            let waits = scope.spawn(|| readers.with(one).unwrap());
            go_on.wait();
            assert_eq!(waits.join().unwrap(), 1);
        });
        assert_eq!(opened.load(Ordering::SeqCst), MOST);
    }

    #[test]
    fn what_goes_wrong_costs_nobody_a_place() {
        let tries = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&tries);
        let open = move || match count.fetch_add(1, Ordering::SeqCst) {
            0..MOST => Err(rusqlite::Error::InvalidQuery),
            _ => Connection::open_in_memory(),
        };
        let readers = Readers::new(open, Health::of(Path::new("nowhere/cache.db")));
        for _ in 0..MOST {
            assert!(readers.with(one).is_err());
        }
        for _ in 0..MOST {
            let panicked = std::thread::scope(|scope| {
                let reads =
                    scope.spawn(|| -> Result<(), StoreError> { readers.with(|_| panic!("a bug")) });
                reads.join().is_err()
            });
            assert!(panicked);
        }
        assert_eq!(readers.with(one).unwrap(), 1);
        // A connection in the middle of something is not used again.
        assert_eq!(tries.load(Ordering::SeqCst), 2 * MOST + 1);
    }

    #[test]
    fn closing_waits_for_who_is_at_work_and_lets_nobody_in() {
        let (readers, _) = readers();
        let (at_work, is_at_work) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let readers = &readers;
            let reads = scope.spawn(move || {
                readers.with(|db| {
                    at_work.send(()).unwrap();
                    assert!(released.recv().is_err());
                    one(db)
                })
            });
            is_at_work.recv().unwrap();
            let closes = scope.spawn(|| readers.close());
            while !readers.state().closed {
                std::thread::yield_now();
            }
            assert!(matches!(readers.with(one), Err(StoreError::Closed)));
            assert!(!closes.is_finished());
            drop(release);
            assert_eq!(reads.join().unwrap().unwrap(), 1);
            closes.join().unwrap();
        });
        // Once more does no harm.
        readers.close();
    }
}

//! The encrypted cache of one account.
//!
//! SQLCipher with a random key. One thread owns the writing connection; every
//! job is done whole or not at all, and is told to be done once it is on disk
//! (`synchronous=FULL`), because a message that the screen shows must survive a
//! power cut. Reading has connections of its own.

pub(crate) mod archive;
pub(crate) mod attachments;
pub(crate) mod blocked;
pub(crate) mod capabilities;
mod cipher;
pub(crate) mod contacts;
pub(crate) mod conversations;
pub(crate) mod displayed;
pub(crate) mod export;
pub(crate) mod files;
mod health;
pub(crate) mod locate;
pub(crate) mod messages;
pub(crate) mod order;
pub(crate) mod outbox;
pub(crate) mod profiles;
mod readers;
pub(crate) mod rooms;
mod schema;
pub(crate) mod search;
pub(crate) mod trim;
pub(crate) mod uploads;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, InterruptHandle, OpenFlags, Transaction};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::profile::set_aside;
use cipher::set_key;
use health::Health;
use readers::Readers;
use writer::Job;

/// Statements that a connection keeps ready; more than there are.
const STATEMENTS: usize = 200;
/// Jobs that wait; whoever brings more waits for room.
const QUEUE: usize = 256;
/// Pages that the writer keeps between transactions, in KiB: what a message that comes
/// changes is a few paths through the indexes.
const PAGES_KIB: i64 = 2 << 10;
/// Pages that a transaction of the writer may have in memory, in KiB. New messages of a
/// catch-up change indexes all over; what does not fit is written and read, and so
/// encrypted, more than once. After the commit all but [`PAGES_KIB`] is given back.
const CHANGED_KIB: i64 = 16 << 10;
/// Pages in the log after which they go into the file: a few full transactions. The
/// same pages change in most of them, and go there once.
const LOG_PAGES: u32 = 4_000;
/// Longest wait for another process's lock.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// Why the cache cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// SQLite refused.
    #[error("cache: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file system refused.
    #[error("cache: {0}")]
    Io(#[from] std::io::Error),
    /// The cache was closed.
    #[error("the cache is closed")]
    Closed,
}

/// A file that was put aside when the cache was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SetAside {
    /// Damaged, or made with another key.
    Damaged(PathBuf),
    /// Written by a later version.
    Newer(PathBuf),
}

/// How a cache does its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StoreMode {
    /// On threads of its own; what is written is on disk.
    #[default]
    Durable,
    /// At once, on the caller's thread, and nothing waits for the disk: for
    /// simulations, which have to be the same each time.
    Inline,
}

impl StoreMode {
    /// Runs what may block where that is allowed: on a thread that is there for
    /// it, or at once.
    pub(crate) async fn block<T: Send + 'static>(
        self,
        act: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, tokio::task::JoinError> {
        match self {
            Self::Durable => tokio::task::spawn_blocking(act).await,
            Self::Inline => Ok(act()),
        }
    }
}

/// An open cache. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    writer: Writer,
    readers: Readers,
    path: PathBuf,
    /// Looks at all pages, after an end that was not in good order.
    check: Mutex<Option<Check>>,
}

struct Check {
    thread: JoinHandle<()>,
    interrupt: InterruptHandle,
}

enum Writer {
    Thread {
        queue: Mutex<Option<mpsc::Sender<Job>>>,
        thread: Mutex<Option<JoinHandle<()>>>,
    },
    Inline(Mutex<Option<Connection>>),
}

/// What opening found wrong with a file.
enum Unusable {
    Damaged,
    Newer,
    Error(StoreError),
}

impl From<rusqlite::Error> for Unusable {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
                Self::Damaged
            }
            _ => Self::Error(error.into()),
        }
    }
}

impl Store {
    /// Opens or makes a cache. A file that cannot be used is set aside and a
    /// fresh one made; it can be filled again from the server. Blocks.
    pub(crate) fn open(
        path: &Path,
        key: &[u8],
        mode: StoreMode,
    ) -> Result<(Self, Option<SetAside>), StoreError> {
        let health = Health::of(path);
        let left_open = health::was_left_open(path);
        let mut aside = None;
        let connection = match prepare(path, key, health.is_suspect()) {
            Ok(connection) => connection,
            Err(Unusable::Error(error)) => return Err(error),
            Err(why) => {
                aside = Some(match why {
                    Unusable::Newer => SetAside::Newer(set_aside(path, "newer")?),
                    _ => SetAside::Damaged(set_aside(path, "damaged")?),
                });
                prepare(path, key, false).map_err(|error| match error {
                    Unusable::Error(error) => error,
                    _ => StoreError::Closed,
                })?
            }
        };
        health.clear();
        let (file, key) = (path.to_owned(), Zeroizing::new(key.to_vec()));
        let readers = Readers::new(move || open_reader(&file, &key), health.clone());
        let check = if left_open && aside.is_none() && mode == StoreMode::Durable {
            Some(begin_check(&readers, health.clone())?)
        } else {
            None
        };
        let writer = match mode {
            StoreMode::Durable => {
                let (queue, jobs) = mpsc::channel(QUEUE);
                let thread = std::thread::Builder::new()
                    .name("cache-writer".into())
                    .spawn(move || writer::work(connection, jobs, search::index, &health))?;
                Writer::Thread {
                    queue: Mutex::new(Some(queue)),
                    thread: Mutex::new(Some(thread)),
                }
            }
            StoreMode::Inline => {
                connection.pragma_update(None, "synchronous", "OFF")?;
                connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
                Writer::Inline(Mutex::new(Some(connection)))
            }
        };
        let inner = Inner {
            writer,
            readers,
            path: path.to_owned(),
            check: Mutex::new(check),
        };
        Ok((
            Self {
                inner: Arc::new(inner),
            },
            aside,
        ))
    }

    /// Does a job, whole or not at all, and waits until that is on disk. Jobs
    /// that wait together share a transaction.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let queue = match &self.inner.writer {
            Writer::Inline(connection) => {
                let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let connection = connection.as_mut().ok_or(StoreError::Closed)?;
                return Ok(writer::alone(connection, search::index, job)?);
            }
            Writer::Thread { queue, .. } => {
                queue.lock().unwrap_or_else(PoisonError::into_inner).clone()
            }
        };
        let (job, answered) = writer::job(job);
        queue
            .ok_or(StoreError::Closed)?
            .send(job)
            .await
            .map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs a query where blocking is allowed.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        if let Writer::Inline(connection) = &self.inner.writer {
            // There is no other thread that it could keep waiting.
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            return Ok(query(connection.as_ref().ok_or(StoreError::Closed)?)?);
        }
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || inner.readers.with(query))
            .await
            .map_err(|_| StoreError::Closed)?
    }

    /// What the cache takes up on the disk, with its log.
    pub(crate) fn bytes_on_disk(&self) -> u64 {
        ["", "-wal"]
            .iter()
            .map(|suffix| {
                let mut name = self.inner.path.as_os_str().to_owned();
                name.push(suffix);
                std::fs::metadata(name).map_or(0, |file| file.len())
            })
            .sum()
    }

    /// Ends the writer after what is queued and lets go of the files; later
    /// reads and writes fail.
    pub(crate) async fn close(&self) {
        if matches!(self.inner.writer, Writer::Inline(_)) {
            return self.inner.close();
        }
        let inner = Arc::clone(&self.inner);
        drop(tokio::task::spawn_blocking(move || inner.close()).await);
    }
}

impl Inner {
    fn close(&self) {
        if let Some(check) = take(&self.check) {
            check.interrupt.interrupt();
            if check.thread.join().is_err() {
                tracing::error!("the check of the cache panicked");
            }
        }
        match &self.writer {
            Writer::Thread { queue, thread } => {
                drop(take(queue));
                // The writer is the last to close: it empties the log.
                self.readers.close();
                if let Some(thread) = take(thread)
                    // A job that holds the last handle runs on the writer itself.
                    && thread.thread().id() != std::thread::current().id()
                    && thread.join().is_err()
                {
                    tracing::error!("the writer of the cache panicked");
                }
            }
            Writer::Inline(connection) => {
                self.readers.close();
                drop(take(connection));
            }
        }
    }
}

/// The process must not exit under the writer: SQLCipher frees what it uses when
/// the process exits. So the last handle waits for it, closed or not.
impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn open_reader(path: &Path, key: &[u8]) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = Connection::open_with_flags(path, flags)?;
    set_key(&reader, key)?;
    reader.busy_timeout(PATIENCE)?;
    reader.pragma_update(None, "query_only", true)?;
    // Temporary tables would be written in clear.
    reader.pragma_update(None, "temp_store", "MEMORY")?;
    keep_statements(&reader)?;
    Ok(reader)
}

/// Statements stay as they were prepared. Else a limit that is a parameter would
/// have each of its statements prepared anew with each use.
fn keep_statements(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Looks at all pages on a thread of its own, while the cache is used.
fn begin_check(readers: &Readers, health: Health) -> Result<Check, StoreError> {
    let connection = readers.open()?;
    let interrupt = connection.get_interrupt_handle();
    let thread = std::thread::Builder::new()
        .name("cache-check".into())
        .spawn(move || match health::check(&connection) {
            Ok(()) => tracing::debug!("the cache is whole"),
            Err(error) => health.look_at(&error),
        })?;
    Ok(Check { thread, interrupt })
}

fn prepare(path: &Path, key: &[u8], is_suspect: bool) -> Result<Connection, Unusable> {
    cipher::await_library()?;
    let mut connection = Connection::open(path)?;
    set_key(&connection, key)?;
    connection.busy_timeout(PATIENCE)?;
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > schema::VERSION {
        return Err(Unusable::Newer);
    }
    if is_suspect {
        health::check(&connection)?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Temporary tables would be written in clear.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -PAGES_KIB)?;
    connection.pragma_update(None, "cache_spill", -CHANGED_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    keep_statements(&connection)?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

#[cfg(test)]
pub(crate) mod tests;

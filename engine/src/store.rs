//! The encrypted cache of one account.
//!
//! SQLCipher with a random key. One thread owns the writing connection; every
//! job is one transaction with `synchronous=FULL`, because a message that the
//! screen shows must survive a power cut. Reading has a connection of its own.

pub(crate) mod archive;
pub(crate) mod blocked;
pub(crate) mod capabilities;
mod cipher;
pub(crate) mod contacts;
pub(crate) mod conversations;
pub(crate) mod displayed;
pub(crate) mod messages;
pub(crate) mod order;
pub(crate) mod outbox;
pub(crate) mod profiles;
pub(crate) mod rooms;
mod schema;
pub(crate) mod search;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags, Transaction};
use tokio::sync::{mpsc, oneshot};

use crate::profile::set_aside;
use cipher::set_key;

/// Statements that a connection keeps ready; more than there are.
const STATEMENTS: usize = 200;
/// Jobs that wait; whoever brings more waits for room.
const QUEUE: usize = 256;

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

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

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
    /// Gone once the cache is closed.
    reader: Mutex<Option<Connection>>,
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
        let mut aside = None;
        let connection = match prepare(path, key) {
            Ok(connection) => connection,
            Err(Unusable::Error(error)) => return Err(error),
            Err(why) => {
                aside = Some(match why {
                    Unusable::Newer => SetAside::Newer(set_aside(path, "newer")?),
                    _ => SetAside::Damaged(set_aside(path, "damaged")?),
                });
                prepare(path, key).map_err(|error| match error {
                    Unusable::Error(error) => error,
                    _ => StoreError::Closed,
                })?
            }
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(path, flags)?;
        reader.set_prepared_statement_cache_capacity(STATEMENTS);
        set_key(&reader, key)?;
        reader.busy_timeout(std::time::Duration::from_secs(5))?;
        reader.pragma_update(None, "query_only", true)?;
        let writer = match mode {
            StoreMode::Durable => {
                let (queue, jobs) = mpsc::channel(QUEUE);
                let thread = std::thread::Builder::new()
                    .name("cache-writer".into())
                    .spawn(move || work(connection, jobs))?;
                Writer::Thread {
                    queue: Mutex::new(Some(queue)),
                    thread: Mutex::new(Some(thread)),
                }
            }
            StoreMode::Inline => {
                connection.pragma_update(None, "synchronous", "OFF")?;
                Writer::Inline(Mutex::new(Some(connection)))
            }
        };
        let inner = Inner {
            writer,
            reader: Mutex::new(Some(reader)),
        };
        Ok((
            Self {
                inner: Arc::new(inner),
            },
            aside,
        ))
    }

    /// Runs a job in one transaction and waits until that is on disk.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let queue = match &self.inner.writer {
            Writer::Inline(connection) => {
                let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let connection = connection.as_mut().ok_or(StoreError::Closed)?;
                return Ok(transact(connection, job)?);
            }
            Writer::Thread { queue, .. } => {
                queue.lock().unwrap_or_else(PoisonError::into_inner).clone()
            }
        };
        let (answer, answered) = oneshot::channel();
        let run: Job = Box::new(move |connection| {
            let outcome = transact(connection, job);
            // Whoever asked may be gone; the transaction stands all the same.
            drop(answer.send(outcome));
        });
        queue
            .ok_or(StoreError::Closed)?
            .send(run)
            .await
            .map_err(|_| StoreError::Closed)?;
        Ok(answered.await.map_err(|_| StoreError::Closed)??)
    }

    /// Runs a query where blocking is allowed.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        let run = move || {
            let reader = inner.reader.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(query(reader.as_ref().ok_or(StoreError::Closed)?)?)
        };
        if matches!(self.inner.writer, Writer::Inline(_)) {
            return run();
        }
        tokio::task::spawn_blocking(run)
            .await
            .map_err(|_| StoreError::Closed)?
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
        let (queue, thread) = match &self.writer {
            Writer::Thread { queue, thread } => (queue, thread),
            Writer::Inline(connection) => {
                drop(take(&self.reader));
                drop(take(connection));
                return;
            }
        };
        drop(take(queue));
        // The writer is the last to close: it empties the log.
        drop(take(&self.reader));
        if let Some(thread) = take(thread)
            // A job that holds the last handle runs on the writer itself.
            && thread.thread().id() != std::thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!("the writer of the cache panicked");
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

fn transact<T>(
    connection: &mut Connection,
    job: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let value = job(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

fn work(mut connection: Connection, mut jobs: mpsc::Receiver<Job>) {
    while let Some(job) = jobs.blocking_recv() {
        job(&mut connection);
    }
    if let Err(error) = connection.pragma_update(None, "wal_checkpoint", "TRUNCATE") {
        tracing::debug!(%error, "no checkpoint at the end");
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "cache not closed");
    }
}

fn prepare(path: &Path, key: &[u8]) -> Result<Connection, Unusable> {
    cipher::await_library()?;
    let mut connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    set_key(&connection, key)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > schema::VERSION {
        return Err(Unusable::Newer);
    }
    let intact: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if intact != "ok" {
        return Err(Unusable::Damaged);
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Temporary tables would be written in clear.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const KEY: [u8; 32] = [7; 32];

    fn aside_of(path: &Path, key: &[u8]) -> Option<SetAside> {
        let (store, aside) = Store::open(path, key, StoreMode::Durable).unwrap();
        // Else the writer's thread would still be at the file.
        store.inner.close();
        aside
    }

    #[test]
    fn damaged_newer_and_foreign_files_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        assert_eq!(aside_of(&path, &KEY), None);
        assert_eq!(aside_of(&path, &KEY), None);

        let before = std::fs::read(&path).unwrap();
        let Some(SetAside::Damaged(kept)) = aside_of(&path, &[8; 32]) else {
            panic!("another key")
        };
        assert_eq!(std::fs::read(kept).unwrap(), before);

        std::fs::write(&path, b"no database").unwrap();
        let Some(SetAside::Damaged(kept)) = aside_of(&path, &KEY) else {
            panic!("garbage")
        };
        assert_eq!(std::fs::read(kept).unwrap(), b"no database");

        let connection = Connection::open(&path).unwrap();
        set_key(&connection, &KEY).unwrap();
        connection
            .pragma_update(None, "user_version", schema::VERSION + 1)
            .unwrap();
        drop(connection);
        let before = std::fs::read(&path).unwrap();
        let Some(SetAside::Newer(kept)) = aside_of(&path, &KEY) else {
            panic!("newer")
        };
        assert_eq!(std::fs::read(kept).unwrap(), before);
        assert_eq!(aside_of(&path, &KEY), None);
    }

    /// In a process of its own the first of them begins the library.
    #[test]
    fn caches_open_at_once_while_the_library_begins() {
        let folder = tempfile::tempdir().unwrap();
        let together = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for number in 0..8 {
                let path = folder.path().join(format!("{number}.db"));
                let together = &together;
                scope.spawn(move || {
                    together.wait();
                    assert_eq!(aside_of(&path, &KEY), None);
                });
            }
        });
    }

    #[test]
    fn a_damaged_page_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        assert_eq!(aside_of(&path, &KEY), None);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        for byte in &mut bytes[middle..middle + 64] {
            *byte ^= 0xff;
        }
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(aside_of(&path, &KEY), Some(SetAside::Damaged(_))));
    }

    #[tokio::test]
    async fn a_failed_job_leaves_nothing_and_the_writer_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) =
            Store::open(&folder.path().join("cache.db"), &KEY, StoreMode::Durable).unwrap();
        let failed = store
            .write(|tx| {
                tx.execute("INSERT INTO meta (key, value) VALUES ('a', 'b')", [])?;
                tx.execute("INSERT INTO nowhere VALUES (1)", [])
            })
            .await;
        assert!(failed.is_err());
        let count = |db: &Connection| {
            db.query_row("SELECT count(*) FROM meta", [], |row| row.get::<_, i64>(0))
        };
        assert_eq!(store.read(count).await.unwrap(), 0);
        assert!(
            store
                .read(|db| db.execute("DELETE FROM meta", []))
                .await
                .is_err()
        );
        store.close().await;
        assert!(matches!(
            store.write(|_| Ok(())).await,
            Err(StoreError::Closed)
        ));
        assert!(matches!(
            store.read(|_| Ok(())).await,
            Err(StoreError::Closed)
        ));
        // Closed in good order: everything is in the one file.
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(files.len(), 1, "{files:?}");
    }

    #[tokio::test]
    async fn nothing_can_be_read_without_the_key_not_even_in_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        let (store, _) = Store::open(&path, &KEY, StoreMode::Durable).unwrap();
        let secret = "plain words that nobody else may read";
        store
            .write(move |tx| messages::compose(tx, "a@b", "c@b", secret, "o", 1).map(drop))
            .await
            .unwrap();
        // While it is open, so the log is there; then the one file that is left.
        for open in [true, false] {
            if !open {
                store.close().await;
            }
            let mut bytes = Vec::new();
            for entry in std::fs::read_dir(folder.path()).unwrap() {
                bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
            }
            let holds = |words: &[u8]| bytes.windows(words.len()).any(|part| part == words);
            assert!(bytes.len() > 4096);
            assert!(!holds(b"plain words") && !holds(b"CREATE TABLE"));
            assert!(!holds(b"SQLite format 3"));
        }
        let (store, aside) = Store::open(&path, &KEY, StoreMode::Durable).unwrap();
        assert_eq!(aside, None);
        let window = store
            .read(|db| messages::window(db, "a@b", crate::api::WindowAnchor::Latest, 10))
            .await
            .unwrap();
        assert_eq!(window.messages[0].text, secret);
        store.close().await;
    }
}

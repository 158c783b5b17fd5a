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
/// Pages that the writer keeps, in KiB. New messages change indexes all over; what
/// does not fit is written and read, and so encrypted, more than once a transaction.
const PAGES_KIB: i64 = 16 << 10;
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
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    keep_statements(&connection)?;
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

    /// Where it is found, and at the next start at the latest it is set aside.
    #[test]
    fn a_damaged_page_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        assert_eq!(aside_of(&path, &KEY), None);
        let whole = std::fs::read(&path).unwrap();
        let pages = whole.len() / 4096;
        assert!(pages > 20);
        for page in [1, pages / 2, pages - 1] {
            let mut bytes = whole.clone();
            for byte in &mut bytes[page * 4096 + 100..page * 4096 + 164] {
                *byte ^= 0xff;
            }
            std::fs::write(&path, &bytes).unwrap();
            let (store, aside) = Store::open(&path, &KEY, StoreMode::Durable).unwrap();
            let aside = if aside.is_some() {
                aside
            } else {
                assert!(store.inner.readers.with(health::check).is_err());
                store.inner.close();
                aside_of(&path, &KEY)
            };
            store.inner.close();
            let Some(SetAside::Damaged(kept)) = aside else {
                panic!("page {page}")
            };
            // The first page counts the changes of the file.
            assert_eq!(std::fs::read(kept).unwrap()[4096..], bytes[4096..]);
            assert_eq!(aside_of(&path, &KEY), None);
        }
    }

    /// The log that is left behind is the sign.
    #[test]
    fn after_an_end_in_disorder_all_pages_are_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let set = |store: &Store, value: String| {
            let job = move |tx: &Transaction<'_>| contacts::set_meta(tx, "a", &value);
            runtime.block_on(store.write(job)).unwrap();
        };
        let (store, _) = Store::open(&path, &KEY, StoreMode::Durable).unwrap();
        // Many pages, which nobody reads at the start.
        set(&store, "long".repeat(50_000));
        store.inner.close();
        let whole = std::fs::read(&path).unwrap();
        let (store, _) = Store::open(&path, &KEY, StoreMode::Durable).unwrap();
        assert!(store.inner.check.lock().unwrap().is_none());
        runtime
            .block_on(store.write(|tx| contacts::set_meta(tx, "b", "short")))
            .unwrap();
        // As a killed process leaves them.
        let log = std::fs::read(path.with_extension("db-wal")).unwrap();
        store.inner.close();
        let mut bytes = whole.clone();
        let last = bytes.len() - 2048;
        bytes[last] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        std::fs::write(path.with_extension("db-wal"), log).unwrap();

        let (store, aside) = Store::open(&path, &KEY, StoreMode::Durable).unwrap();
        assert_eq!(aside, None);
        let check = take(&store.inner.check).unwrap();
        check.thread.join().unwrap();
        store.inner.close();
        assert!(matches!(aside_of(&path, &KEY), Some(SetAside::Damaged(_))));
    }

    #[tokio::test]
    async fn jobs_that_wait_share_a_transaction_and_fail_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) =
            Store::open(&folder.path().join("cache.db"), &KEY, StoreMode::Durable).unwrap();
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let first = store.write(move |_| {
            assert!(held.recv().is_err());
            Ok(())
        });
        let jobs: Vec<_> = (0..50)
            .map(|number| {
                let store = store.clone();
                async move {
                    store
                        .write(move |tx| {
                            contacts::set_meta(tx, &number.to_string(), "v")?;
                            if number % 5 == 0 {
                                tx.execute("INSERT INTO nowhere VALUES (1)", [])?;
                            }
                            tx.query_row("SELECT count(*) FROM meta", [], |row| {
                                row.get::<_, u32>(0)
                            })
                        })
                        .await
                }
            })
            .collect();
        let rest = async {
            // All are in the queue before the first one ends.
            let all = futures_util::future::join_all(jobs);
            let release = async { drop(hold) };
            tokio::join!(all, release).0
        };
        let (first, outcomes) = tokio::join!(first, rest);
        first.unwrap();
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(done, 40);
        let count = |db: &Connection| {
            db.query_row("SELECT count(*) FROM meta", [], |row| row.get::<_, u32>(0))
        };
        assert_eq!(store.read(count).await.unwrap(), 40);
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

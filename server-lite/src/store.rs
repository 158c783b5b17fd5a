//! The database: one writer thread with group commit, and a few readers.
//!
//! Whatever has to be written is a job in a bounded queue. The writer takes all
//! that wait into one transaction with `synchronous=FULL`, commits, and only
//! then completes them: an answer means *on disk*. A job that fails is rolled
//! back to its own savepoint and does not touch the others.

pub(crate) mod accounts;
pub(crate) mod activity;
pub(crate) mod archive;
pub(crate) mod binding;
pub(crate) mod blocked;
pub(crate) mod clients;
pub(crate) mod directory;
pub(crate) mod exchange;
pub(crate) mod files;
pub(crate) mod generations;
pub(crate) mod invites;
pub(crate) mod people;
pub(crate) mod pep;
pub(crate) mod personal;
pub(crate) mod preferences;
pub(crate) mod push;
mod readers;
pub(crate) mod rooms;
pub(crate) mod roster;
mod schema;
pub(crate) mod status;
pub(crate) mod tokens;
pub(crate) mod upkeep;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, Transaction};

use readers::Readers;
use writer::Writer;

use crate::metrics::Metrics;

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is not a database, or is damaged. It is left as it is.
    #[error("{} is damaged", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// A later version of the program has written it. It is left as it is.
    #[error("{} has version {found}, this program knows up to {supported}", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// Ours.
        supported: u32,
    },
    /// SQLite refused.
    #[error("database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The server is being stopped.
    #[error("the server is being stopped")]
    Closed,
}

/// Pages of the log (of 4 KiB) after which they are copied into the database.
const CHECKPOINT_PAGES: u32 = 4_000;

/// The database. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    writer: Writer,
    readers: Readers,
    metrics: Arc<Metrics>,
    /// Rows of the archive that clients have by now, not yet noted on disk.
    delivered: Mutex<Vec<i64>>,
}

/// Opens or makes the database, brought to the present version, for one that
/// reads or writes all of it beside whoever else does.
pub(crate) fn connect(path: &Path) -> Result<Connection, StoreError> {
    open(path, After::GoodEnd)
}

/// How whoever had the database before has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// In good order, as far as is known.
    GoodEnd,
    /// It was killed, or the machine went down: all pages are looked at before
    /// more is written, which takes time in proportion to the file.
    Crash,
}

fn open(path: &Path, after: After) -> Result<Connection, StoreError> {
    let mut connection = Connection::open(path)?;
    let prepared = prepare(&mut connection, path, after);
    if let Err(StoreError::Sqlite(error)) = &prepared
        && is_damage(error)
    {
        return Err(StoreError::Damaged {
            path: path.to_owned(),
        });
    }
    prepared?;
    Ok(connection)
}

impl Store {
    /// Opens or makes the database and brings it to the present version.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_after(path, After::GoodEnd)
    }

    /// As [`Store::open`], after an end of this kind.
    pub(crate) fn open_after(path: &Path, after: After) -> Result<Self, StoreError> {
        let connection = open(path, after)?;
        let metrics = Arc::<Metrics>::default();
        Ok(Self {
            inner: Arc::new(Inner {
                readers: Readers::open(path)?,
                writer: Writer::start(connection, Arc::clone(&metrics))?,
                metrics,
                delivered: Mutex::default(),
            }),
        })
    }

    /// Runs a job in the next transaction and waits until that is on disk.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.writer.run(job, |value| value).await
    }

    /// Like [`Store::write`], and does something with the outcome as soon as it
    /// is on disk, before the outcome of any later job: what everybody sees
    /// comes in the order in which it was written. It must not block.
    pub(crate) async fn write_then<T: Send + 'static, U: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
        then: impl FnOnce(T) -> U + Send + 'static,
    ) -> Result<U, StoreError> {
        self.inner.writer.run(job, then).await
    }

    /// Notes that clients have these messages; whether that has to be written
    /// ([`Store::settle_delivered`]) and nobody is about to. Many notes are
    /// written at once.
    pub(crate) fn note_delivered(&self, rows: &[i64]) -> bool {
        let delivered = &self.inner.delivered;
        let mut noted = delivered.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = noted.is_empty();
        noted.extend_from_slice(rows);
        is_first && !noted.is_empty()
    }

    /// Writes what was noted up to now.
    pub(crate) fn settle_delivered(&self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        let delivered = &self.inner.delivered;
        let noted = std::mem::take(&mut *delivered.lock().unwrap_or_else(PoisonError::into_inner));
        archive::set_delivered(tx, &noted)
    }

    /// Runs a query on a thread where blocking is allowed.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.readers.read(query).await
    }

    /// The numbers of this process.
    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.inner.metrics
    }

    /// Jobs that wait for the writer.
    pub(crate) fn waiting(&self) -> usize {
        self.inner.writer.waiting()
    }

    /// Ends the writer after what is queued; later writes fail.
    pub(crate) async fn close(&self) {
        self.inner.writer.close().await;
    }
}

fn prepare(connection: &mut Connection, path: &Path, after: After) -> Result<(), StoreError> {
    // A command line beside the running server waits for its turn.
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > schema::VERSION {
        let supported = schema::VERSION;
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found,
            supported,
        });
    }
    if after == After::Crash {
        let intact: String =
            connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
        if intact != "ok" {
            return Err(StoreError::Damaged {
                path: path.to_owned(),
            });
        }
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Pages that many messages change are copied into the database less often.
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    schema::migrate(connection)?;
    Ok(())
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.db");
        let garbage = b"this is no database at all, but it is 100 bytes long, so that sqlite looks at its header, and it is long".to_vec();
        std::fs::write(&path, &garbage).unwrap();
        assert!(matches!(
            Store::open(&path),
            Err(StoreError::Damaged { .. })
        ));
        assert_eq!(std::fs::read(&path).unwrap(), garbage);

        std::fs::remove_file(&path).unwrap();
        Connection::open(&path)
            .unwrap()
            .pragma_update(None, "user_version", 99)
            .unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(
            Store::open(&path),
            Err(StoreError::Newer { found: 99, .. })
        ));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[tokio::test]
    async fn damage_deep_in_the_file_is_seen_after_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.db");
        Store::open(&path).unwrap().close().await;
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 4096].fill(0xA5);
        std::fs::write(&path, &bytes).unwrap();
        let opened = Store::open_after(&path, After::Crash);
        assert!(matches!(opened, Err(StoreError::Damaged { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }

    #[tokio::test]
    async fn a_failing_job_leaves_its_neighbours_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("server.db")).unwrap();
        let insert = |value: &'static str| {
            store.write(move |tx| {
                tx.execute("INSERT INTO meta (key, value) VALUES (?1, 'x')", [value])
            })
        };
        let (a, twice, b) = tokio::join!(insert("a"), insert("a"), insert("b"));
        assert!(a.is_ok() && b.is_ok());
        assert!(twice.is_err());
        let count: i64 = store
            .read(|db| db.query_row("SELECT count(*) FROM meta", [], |row| row.get(0)))
            .await
            .unwrap();
        assert_eq!(count, 2);
        store.close().await;
        assert!(matches!(insert("c").await, Err(StoreError::Closed)));
    }

    #[tokio::test]
    async fn readers_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("server.db")).unwrap();
        let written = store.read(|db| db.execute("DELETE FROM meta", [])).await;
        assert!(written.is_err());
    }
}

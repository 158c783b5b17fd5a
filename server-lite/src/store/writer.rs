//! The writer thread and its queue.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Transaction, ffi};
use tokio::sync::oneshot;

use super::StoreError;
use crate::metrics::Metrics;

/// Jobs in one transaction: bounds how long the first of them waits.
const BATCH: usize = 512;

/// How long the writer waits for others who have the database: a command line that
/// takes in or copies much. Whoever waits for the writer is answered late; given up,
/// a message would end the session of who has sent it.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Statements that are kept prepared: all of those of messages and more.
const STATEMENTS: usize = 64;

/// A job in two steps: what runs inside the transaction, and what is told
/// after its commit.
trait Job: Send {
    fn run(&mut self, transaction: &Transaction<'_>) -> Result<(), Failed>;
    fn complete(self: Box<Self>, committed: Result<(), Failed>);
}

/// Why a job, or all of them, left nothing on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failed {
    NoRoom,
    Otherwise,
}

impl From<&rusqlite::Error> for Failed {
    fn from(error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::NoRoom,
            _ => Self::Otherwise,
        }
    }
}

impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        Self::Sqlite(match failed {
            Failed::NoRoom => {
                rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), None)
            }
            Failed::Otherwise => rusqlite::Error::InvalidQuery,
        })
    }
}

struct Work<F, T, G, U> {
    job: Option<F>,
    outcome: Option<rusqlite::Result<T>>,
    then: G,
    answer: oneshot::Sender<Result<U, StoreError>>,
}

impl<F, T, G, U> Job for Work<F, T, G, U>
where
    F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send,
    T: Send,
    G: FnOnce(T) -> U + Send,
    U: Send,
{
    fn run(&mut self, transaction: &Transaction<'_>) -> Result<(), Failed> {
        let Some(job) = self.job.take() else {
            return Ok(());
        };
        match job(transaction) {
            Ok(value) => {
                self.outcome = Some(Ok(value));
                Ok(())
            }
            Err(error) => {
                let failed = Failed::from(&error);
                // The caller gets the real error.
                self.outcome = Some(Err(error));
                Err(failed)
            }
        }
    }

    fn complete(self: Box<Self>, committed: Result<(), Failed>) {
        let answer = match (self.outcome, committed) {
            (Some(Err(error)), _) => Err(error.into()),
            (Some(Ok(value)), Ok(())) => Ok((self.then)(value)),
            (_, Err(failed)) => Err(failed.into()),
            (None, Ok(())) => Err(Failed::Otherwise.into()),
        };
        // Nobody may wait any more: a session that ended meanwhile.
        drop(self.answer.send(answer));
    }
}

/// The queue has no limit of its own: whoever brings jobs has one (a session as
/// many messages as `Limits::unwritten`). A job is in the queue when the future
/// that waits for it is first polled: with a queue that could be full, messages
/// of one client would overtake each other while they wait for room.
pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    /// Jobs in it.
    waiting: Arc<AtomicUsize>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, metrics: Arc<Metrics>) -> Result<Self, StoreError> {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.busy_timeout(PATIENCE)?;
        let (queue, jobs) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let taken = Arc::clone(&waiting);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write(connection, jobs, &taken, &metrics))
            .map_err(|_| StoreError::Closed)?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            waiting,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Runs a job; after its commit `then`, job by job in the order in which
    /// they were written.
    pub(super) async fn run<T: Send + 'static, U: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
        then: impl FnOnce(T) -> U + Send + 'static,
    ) -> Result<U, StoreError> {
        let (answer, answered) = oneshot::channel();
        let work = Work {
            job: Some(job),
            outcome: None,
            then,
            answer,
        };
        self.put(Box::new(work))?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    fn put(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queue.as_ref().ok_or(StoreError::Closed)?;
        self.waiting.fetch_add(1, Ordering::Relaxed);
        queue.send(job).map_err(|_| StoreError::Closed)
    }

    /// Jobs that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) async fn close(&self) {
        drop(
            self.queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the database writer did not end in good order");
            }
        }
    }
}

fn write(
    mut connection: Connection,
    jobs: mpsc::Receiver<Box<dyn Job>>,
    waiting: &AtomicUsize,
    metrics: &Metrics,
) {
    let mut batch = Vec::new();
    while let Ok(first) = jobs.recv() {
        batch.push(first);
        while batch.len() < BATCH {
            match jobs.try_recv() {
                Ok(job) => batch.push(job),
                Err(_) => break,
            }
        }
        waiting.fetch_sub(batch.len(), Ordering::Relaxed);
        let start = Instant::now();
        let mut failed = None;
        let committed = commit(&mut connection, &mut batch, &mut failed).map_err(|error| {
            tracing::error!(%error, jobs = batch.len(), "transaction failed");
            failed.unwrap_or(Failed::from(&error))
        });
        metrics.commits.count(batch.len(), start, committed.is_ok());
        for job in batch.drain(..) {
            // A mistake in what follows a commit must not end the writer.
            let told = AssertUnwindSafe(|| job.complete(committed));
            if std::panic::catch_unwind(told).is_err() {
                tracing::error!("what followed a commit failed");
            }
        }
    }
    // Fold the log into the database, so that a copy of the one file is whole.
    if let Err(error) = connection.pragma_update(None, "wal_checkpoint", "TRUNCATE") {
        tracing::debug!(%error, "no checkpoint at the end");
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "database not closed");
    }
}

/// With a full disk SQLite may end the whole transaction in the middle of a job:
/// `failed` says then what the end of it was about.
fn commit(
    connection: &mut Connection,
    batch: &mut [Box<dyn Job>],
    failed: &mut Option<Failed>,
) -> rusqlite::Result<()> {
    let mut transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for job in batch {
        let step = |sql| transaction.prepare_cached(sql)?.execute([]);
        step("SAVEPOINT job")?;
        let ran = job.run(&transaction);
        if let Err(why) = ran {
            *failed = Some(why);
            step("ROLLBACK TO job")?;
            *failed = None;
        }
        step("RELEASE job")?;
    }
    transaction.set_drop_behavior(rusqlite::DropBehavior::Rollback);
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use crate::disk::is_full;
    use crate::store::Store;

    #[tokio::test]
    async fn whoever_holds_the_database_for_long_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.db");
        let store = Store::open(&path).unwrap();
        let patience: i64 = store
            .write(|tx| tx.query_row("PRAGMA busy_timeout", [], |row| row.get(0)))
            .await
            .unwrap();
        // Longer than an import takes for its slice, on the slowest disk.
        assert!(patience >= 5 * 60 * 1000, "{patience}");
        let other = rusqlite::Connection::open(&path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let insert = "INSERT INTO meta VALUES ('k', 'v')";
        let mut writes = Box::pin(store.write(move |tx| tx.execute(insert, [])));
        assert!(writes.as_mut().now_or_never().is_none());
        // Until the writer has it, and waits itself.
        while store.waiting() > 0 {
            tokio::task::yield_now().await;
        }
        other.execute_batch("COMMIT").unwrap();
        assert_eq!(writes.await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_full_disk_is_said_so_to_everybody_whom_it_stops() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("server.db")).unwrap();
        let grow_to = |pages: u32| {
            store.write(move |tx| {
                let limit = format!("PRAGMA max_page_count = {pages}");
                tx.query_row(&limit, [], |row| row.get::<_, i64>(0))
            })
        };
        let put = |key: &'static str, size: i64| {
            store.write(move |tx| {
                let insert = "INSERT INTO meta VALUES (?1, hex(zeroblob(?2)))";
                tx.execute(insert, rusqlite::params![key, size])
            })
        };
        // No more than it has.
        grow_to(1).await.unwrap();
        let (before, large, after) = tokio::join!(put("a", 1), put("b", 1 << 20), put("c", 1));
        assert!(is_full(&large.unwrap_err()));
        for other in [before, after] {
            assert!(other.is_ok() || other.is_err_and(|error| is_full(&error)));
        }
        assert!(put("d", 1).await.is_ok());
        let twice = put("d", 1).await.unwrap_err();
        assert!(!is_full(&twice));
        grow_to(1 << 20).await.unwrap();
        assert!(put("b", 1 << 20).await.is_ok());
    }
}

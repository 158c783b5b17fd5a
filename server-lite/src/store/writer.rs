//! The writer thread and its queue.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread::JoinHandle;
use std::time::Instant;

use rusqlite::{Connection, Transaction};
use tokio::sync::{mpsc, oneshot};

use super::StoreError;
use crate::metrics::Metrics;

/// Jobs that wait; whoever brings more waits for room.
const QUEUE: usize = 1024;
/// Jobs in one transaction: bounds how long the first of them waits.
const BATCH: usize = 512;

/// A job in two steps: what runs inside the transaction, and what is told
/// after its commit.
trait Job: Send {
    fn run(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()>;
    fn complete(self: Box<Self>, committed: bool);
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
    fn run(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let Some(job) = self.job.take() else {
            return Ok(());
        };
        match job(transaction) {
            Ok(value) => {
                self.outcome = Some(Ok(value));
                Ok(())
            }
            Err(error) => {
                self.outcome = Some(Err(error));
                // The caller gets the real error; this one only says "roll back".
                Err(rusqlite::Error::InvalidQuery)
            }
        }
    }

    fn complete(self: Box<Self>, committed: bool) {
        let answer = match self.outcome {
            Some(Err(error)) => Err(error.into()),
            Some(Ok(value)) if committed => Ok((self.then)(value)),
            _ => Err(StoreError::Sqlite(rusqlite::Error::InvalidQuery)),
        };
        // Nobody may wait any more: a session that ended meanwhile.
        drop(self.answer.send(answer));
    }
}

pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, metrics: Arc<Metrics>) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write(connection, jobs, &metrics))
            .map_err(|_| StoreError::Closed)?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
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
        let queue = self
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let queue = queue.ok_or(StoreError::Closed)?;
        let work = Work {
            job: Some(job),
            outcome: None,
            then,
            answer,
        };
        queue
            .send(Box::new(work))
            .await
            .map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Jobs that wait.
    pub(super) fn waiting(&self) -> usize {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue
            .as_ref()
            .map_or(0, |queue| queue.max_capacity() - queue.capacity())
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

fn write(mut connection: Connection, mut jobs: mpsc::Receiver<Box<dyn Job>>, metrics: &Metrics) {
    let mut batch = Vec::new();
    while let Some(first) = jobs.blocking_recv() {
        batch.push(first);
        while batch.len() < BATCH {
            match jobs.try_recv() {
                Ok(job) => batch.push(job),
                Err(_) => break,
            }
        }
        let start = Instant::now();
        let committed = match commit(&mut connection, &mut batch) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, jobs = batch.len(), "transaction failed");
                false
            }
        };
        metrics.commits.count(batch.len(), start, committed);
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

fn commit(connection: &mut Connection, batch: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    let mut transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for job in batch {
        transaction.execute_batch("SAVEPOINT job")?;
        match job.run(&transaction) {
            Ok(()) => transaction.execute_batch("RELEASE job")?,
            Err(_) => transaction.execute_batch("ROLLBACK TO job; RELEASE job")?,
        }
    }
    transaction.set_drop_behavior(rusqlite::DropBehavior::Rollback);
    transaction.commit()
}

//! The one writer of a cache. Whatever waits for it shares a transaction, so a
//! busy moment costs one wait for the disk and not hundreds.

use rusqlite::{Connection, Transaction, TransactionBehavior, ffi};
use tokio::sync::{mpsc, oneshot};

use super::StoreError;
use super::health::Health;

/// Jobs that share a transaction at most.
const TOGETHER: usize = 256;

/// Learns whether the transaction stands.
type Done = Box<dyn FnOnce(rusqlite::Result<()>) + Send>;

/// Does its work, and says with whom to settle after the commit.
pub(super) type Job = Box<dyn FnOnce(&Transaction<'_>) -> Done + Send>;

/// A job, and where its outcome comes once it is on disk.
pub(super) fn job<T: Send + 'static>(
    act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T, StoreError>>) {
    let (answer, answered) = oneshot::channel();
    let job: Job = Box::new(move |tx| {
        let outcome = apart(tx, act);
        Box::new(move |committed| {
            // Whoever asked may be gone; the transaction stands all the same.
            drop(
                answer.send(
                    outcome
                        .and_then(|value| committed.map(|()| value))
                        .map_err(Into::into),
                ),
            );
        })
    });
    (job, answered)
}

/// Does a job so that it leaves nothing if it fails.
fn apart<T>(
    tx: &Transaction<'_>,
    act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    tx.prepare_cached("SAVEPOINT job")?.execute([])?;
    let outcome = act(tx);
    // Some errors end the whole transaction by themselves.
    if !tx.is_autocommit() {
        if outcome.is_err() {
            tx.prepare_cached("ROLLBACK TO job")?.execute([])?;
        }
        tx.prepare_cached("RELEASE job")?.execute([])?;
    }
    outcome
}

/// One job in a transaction of its own.
pub(super) fn alone<T>(
    connection: &mut Connection,
    act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = act(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

/// Works until nobody can bring jobs any more.
pub(super) fn work(mut connection: Connection, mut jobs: mpsc::Receiver<Job>, health: &Health) {
    let mut waiting = Vec::with_capacity(TOGETHER);
    while jobs.blocking_recv_many(&mut waiting, TOGETHER) > 0 {
        let mut left = waiting.drain(..);
        while left.len() > 0 {
            let (settle, ended) = together(&mut connection, &mut left);
            if let Err(error) = &ended {
                health.look_at(error);
            }
            for done in settle {
                done(ended.as_ref().map_err(again).copied());
            }
        }
    }
    if let Err(error) = connection.pragma_update(None, "wal_checkpoint", "TRUNCATE") {
        tracing::debug!(%error, "no checkpoint at the end");
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "cache not closed");
    }
}

/// Does jobs in one transaction: all, or up to one that ended it.
fn together(
    connection: &mut Connection,
    jobs: &mut impl Iterator<Item = Job>,
) -> (Vec<Done>, rusqlite::Result<()>) {
    let mut settle = Vec::new();
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            settle.extend(jobs.next().map(|_| -> Done { Box::new(|_| ()) }));
            return (settle, Err(error));
        }
    };
    for job in jobs {
        settle.push(job(&transaction));
        if transaction.is_autocommit() {
            let rolled_back = ffi::Error::new(ffi::SQLITE_ABORT_ROLLBACK);
            return (
                settle,
                Err(rusqlite::Error::SqliteFailure(rolled_back, None)),
            );
        }
    }
    (settle, transaction.commit())
}

/// The same error for everybody whom it concerns.
fn again(error: &rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqliteFailure(code, text) => {
            rusqlite::Error::SqliteFailure(*code, text.clone())
        }
        _ => rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ABORT), None),
    }
}

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

/// Does its work in a transaction, or is told why there is none, and says with whom to
/// settle after the commit.
pub(super) type Job = Box<dyn FnOnce(rusqlite::Result<(&Transaction<'_>, Rank)>) -> Ran + Send>;

/// Where a job stands in its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    /// If it fails, the transaction goes with it, for nothing else is in it. So it
    /// needs no savepoint, for which SQLite would copy, and SQLCipher encrypt, each
    /// page that it changes: a fifth of the work for a page of an archive.
    First,
    /// It must leave nothing to those beside it.
    Behind,
}

/// A job that was done, or has failed.
pub(super) struct Ran {
    done: Done,
    has_failed: bool,
}

/// A job, and where its outcome comes once it is on disk.
pub(super) fn job<T: Send + 'static>(
    act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T, StoreError>>) {
    let (answer, answered) = oneshot::channel();
    let job: Job = Box::new(move |begun| {
        let outcome = begun.and_then(|(tx, rank)| match rank {
            Rank::First => act(tx),
            Rank::Behind => apart(tx, act),
        });
        Ran {
            has_failed: outcome.is_err(),
            done: Box::new(move |committed| {
                // Whoever asked may be gone; the transaction stands all the same.
                drop(
                    answer.send(
                        outcome
                            .and_then(|value| committed.map(|()| value))
                            .map_err(Into::into),
                    ),
                );
            }),
        }
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

/// What is done at the end of each transaction, before its commit.
pub(super) type Finish = fn(&Transaction<'_>) -> rusqlite::Result<()>;

/// One job in a transaction of its own.
pub(super) fn alone<T>(
    connection: &mut Connection,
    finish: Finish,
    act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = act(&transaction)?;
    finish(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

/// Works until nobody can bring jobs any more.
pub(super) fn work(
    mut connection: Connection,
    mut jobs: mpsc::Receiver<Job>,
    finish: Finish,
    health: &Health,
) {
    let mut waiting = Vec::with_capacity(TOGETHER);
    while jobs.blocking_recv_many(&mut waiting, TOGETHER) > 0 {
        let mut left = waiting.drain(..);
        while left.len() > 0 {
            let (settle, ended) = together(&mut connection, &mut left, finish);
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

/// Does jobs in one transaction: all, or up to one that ended it, or only the first
/// if that fails. If none begins, the first learns why.
fn together(
    connection: &mut Connection,
    jobs: &mut impl Iterator<Item = Job>,
    finish: Finish,
) -> (Vec<Done>, rusqlite::Result<()>) {
    let mut settle = Vec::new();
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            settle.extend(jobs.next().map(|job| job(Err(again(&error))).done));
            return (settle, Err(error));
        }
    };
    let mut rank = Rank::First;
    for job in jobs {
        let Ran { done, has_failed } = job(Ok((&transaction, rank)));
        settle.push(done);
        if transaction.is_autocommit() {
            let rolled_back = ffi::Error::new(ffi::SQLITE_ABORT_ROLLBACK);
            return (
                settle,
                Err(rusqlite::Error::SqliteFailure(rolled_back, None)),
            );
        }
        if has_failed && rank == Rank::First {
            return (settle, transaction.rollback());
        }
        rank = Rank::Behind;
    }
    let ended = finish(&transaction).and_then(|()| transaction.commit());
    (settle, ended)
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

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;

    /// What comes of jobs that all wait when the writer begins.
    fn outcomes(
        jobs: Vec<fn(&Transaction<'_>) -> rusqlite::Result<i64>>,
    ) -> Vec<Result<i64, StoreError>> {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY)")
            .unwrap();
        let (queue, waiting) = mpsc::channel(TOGETHER * 2);
        let mut answers = Vec::new();
        for act in jobs {
            let (job, answered) = job(act);
            assert!(queue.try_send(job).is_ok(), "room");
            answers.push(answered);
        }
        drop(queue);
        work(
            connection,
            waiting,
            |_| Ok(()),
            &Health::of(Path::new("nowhere/t.db")),
        );
        answers
            .into_iter()
            .map(|mut answered| answered.try_recv().unwrap_or(Err(StoreError::Closed)))
            .collect()
    }

    fn add(tx: &Transaction<'_>) -> rusqlite::Result<i64> {
        tx.execute("INSERT INTO t DEFAULT VALUES", [])?;
        tx.query_row("SELECT count(*) FROM t", [], |row| row.get(0))
    }

    fn add_and_fail(tx: &Transaction<'_>) -> rusqlite::Result<i64> {
        add(tx)?;
        Err(rusqlite::Error::InvalidQuery)
    }

    /// As SQLite does by itself when the disk is full.
    fn end_all(tx: &Transaction<'_>) -> rusqlite::Result<i64> {
        add(tx)?;
        tx.execute_batch("ROLLBACK")?;
        Ok(0)
    }

    fn numbers(outcomes: &[Result<i64, StoreError>]) -> Vec<Option<i64>> {
        outcomes
            .iter()
            .map(|outcome| outcome.as_ref().ok().copied())
            .collect()
    }

    #[test]
    fn a_job_that_fails_leaves_nothing_to_those_behind_it() {
        let all = outcomes(vec![add, add_and_fail, add]);
        assert_eq!(numbers(&all), [Some(1), None, Some(2)]);
        let all = outcomes(vec![add_and_fail, add, add_and_fail, add_and_fail, add]);
        assert_eq!(numbers(&all), [None, Some(1), None, None, Some(2)]);
    }

    #[test]
    fn nobody_is_told_that_it_is_done_whose_transaction_ended() {
        let all = outcomes(vec![add, end_all, add, add]);
        assert_eq!(numbers(&all), [None, None, Some(1), Some(2)]);
        let code = |outcome: &Result<i64, StoreError>| match outcome {
            Err(StoreError::Sqlite(error)) => error.sqlite_extended_error_code(),
            _ => None,
        };
        assert_eq!(code(&all[0]), Some(ffi::SQLITE_ABORT_ROLLBACK));
        assert_eq!(code(&all[1]), Some(ffi::SQLITE_ABORT_ROLLBACK));
    }

    /// Another program may hold the file for longer than the writer waits.
    #[test]
    fn who_comes_while_no_transaction_begins_learns_why_and_the_next_has_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let other = Connection::open(&path).unwrap();
        other
            .execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY); BEGIN EXCLUSIVE")
            .unwrap();
        let connection = Connection::open(&path).unwrap();
        connection.busy_timeout(Duration::ZERO).unwrap();
        let (queue, waiting) = mpsc::channel(1);
        let health = Health::of(&path);
        std::thread::scope(|scope| {
            scope.spawn(|| work(connection, waiting, |_| Ok(()), &health));
            let (first, answered) = job(add);
            assert!(queue.try_send(first).is_ok());
            match answered.blocking_recv().unwrap() {
                Err(StoreError::Sqlite(error)) => {
                    assert_eq!(
                        error.sqlite_error_code(),
                        Some(rusqlite::ErrorCode::DatabaseBusy)
                    );
                }
                other => panic!("{other:?}"),
            }
            other.execute_batch("ROLLBACK").unwrap();
            let (next, answered) = job(add);
            assert!(queue.try_send(next).is_ok());
            assert_eq!(answered.blocking_recv().unwrap().unwrap(), 1);
            drop(queue);
        });
    }

    #[test]
    fn more_than_fit_into_one_transaction_take_several() {
        let all = outcomes(vec![add as fn(&Transaction<'_>) -> _; TOGETHER + 5]);
        let expected: Vec<_> = (1..).take(TOGETHER + 5).map(Some).collect();
        assert_eq!(numbers(&all), expected);
    }

    #[test]
    fn whoever_has_gone_gets_nothing_and_the_job_is_done() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY)")
            .unwrap();
        let (queue, waiting) = mpsc::channel(2);
        let (first, _) = job(add);
        let (second, mut answered) = job(add);
        assert!(queue.try_send(first).is_ok() && queue.try_send(second).is_ok());
        drop(queue);
        work(
            connection,
            waiting,
            |_| Ok(()),
            &Health::of(Path::new("nowhere/t.db")),
        );
        assert_eq!(answered.try_recv().unwrap().unwrap(), 2);
    }
}

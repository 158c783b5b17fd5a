//! Files on their way, for whoever looks: how far they are, and how fast.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::failed;
use crate::account::Shared;
use crate::api::{ApiError, TransferDirection, TransferState, TransferView};
use crate::store::uploads;

/// Between two events of progress.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// A speed is that of so long at least.
const MEASURE: Duration = Duration::from_millis(500);

/// Which file, in which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    message: i64,
    place: u32,
    is_up: bool,
}

impl Key {
    pub(super) fn up(message: i64, place: u32) -> Self {
        Self {
            message,
            place,
            is_up: true,
        }
    }

    pub(super) fn down(message: i64, place: u32) -> Self {
        Self {
            message,
            place,
            is_up: false,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Transfers {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    all: BTreeMap<Key, Transfer>,
    told: Option<Instant>,
}

#[derive(Debug)]
struct Transfer {
    conversation: String,
    total: Option<u64>,
    done: u64,
    /// Where the speed is measured from.
    mark: (Instant, u64),
    speed: u64,
    is_running: bool,
    error: Option<ApiError>,
}

impl Transfers {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file begins to move.
    pub(super) fn begin(&self, key: Key, conversation: &str, total: Option<u64>) {
        let transfer = Transfer {
            conversation: conversation.to_owned(),
            total,
            done: 0,
            mark: (Instant::now(), 0),
            speed: 0,
            is_running: true,
            error: None,
        };
        self.inner().all.insert(key, transfer);
    }

    /// So much of it is there, of so much.
    pub(super) fn found(&self, key: &Key, done: u64, total: Option<u64>) {
        if let Some(transfer) = self.inner().all.get_mut(key) {
            transfer.done = done;
            transfer.total = total.or(transfer.total);
            transfer.mark = (Instant::now(), done);
        }
    }

    /// So much of it has moved by now; whether that is to be told.
    pub(super) fn moved(&self, key: &Key, done: u64) -> bool {
        let now = Instant::now();
        let mut inner = self.inner();
        if let Some(transfer) = inner.all.get_mut(key) {
            transfer.done = done;
            let (since, before) = transfer.mark;
            let took = now.duration_since(since);
            if took >= MEASURE {
                let moved = u128::from(done.saturating_sub(before));
                let speed = moved * 1000 / took.as_millis().max(1);
                transfer.speed = u64::try_from(speed).unwrap_or(u64::MAX);
                transfer.mark = (now, done);
            }
        }
        let is_due = inner
            .told
            .is_none_or(|told| now.duration_since(told) >= TELL_EVERY);
        if is_due {
            inner.told = Some(now);
        }
        is_due
    }

    /// It will be tried again.
    pub(super) fn waits(&self, key: &Key, error: ApiError) {
        if let Some(transfer) = self.inner().all.get_mut(key) {
            transfer.is_running = false;
            transfer.speed = 0;
            transfer.done = 0;
            transfer.error = Some(error);
        }
    }

    /// It has ended, one way or the other.
    pub(super) fn end(&self, key: &Key) {
        self.inner().all.remove(key);
    }

    /// Of what goes to the server only these are still wanted; what moves ends by
    /// itself.
    pub(super) fn keep_uploads(&self, wanted: &HashSet<Key>) {
        self.inner()
            .all
            .retain(|key, transfer| !key.is_up || transfer.is_running || wanted.contains(key));
    }
}

/// All files on their way.
pub(super) async fn views(shared: &Shared) -> Result<Vec<TransferView>, ApiError> {
    let waiting = shared.store.read(uploads::list).await.map_err(failed)?;
    let inner = shared.files.transfers.inner();
    let up = waiting
        .into_iter()
        .filter(|upload| upload.error.is_none())
        .map(|upload| {
            let running = inner.all.get(&Key::up(upload.message, upload.place));
            let is_running = running.is_some_and(|transfer| transfer.is_running);
            TransferView {
                conversation: upload.conversation,
                message: upload.message,
                index: upload.place,
                direction: TransferDirection::Up,
                state: match (upload.paused, is_running) {
                    (true, _) => TransferState::Paused,
                    (false, true) => TransferState::Running,
                    (false, false) => TransferState::Waiting,
                },
                done_bytes: running.map_or(0, |transfer| transfer.done),
                total_bytes: Some(upload.size),
                bytes_per_second: running.map_or(0, |transfer| transfer.speed),
                error: running.and_then(|transfer| transfer.error.clone()),
            }
        });
    let down = inner.all.iter().filter(|(key, _)| !key.is_up);
    let down = down.map(|(key, transfer)| TransferView {
        conversation: transfer.conversation.clone(),
        message: key.message,
        index: key.place,
        direction: TransferDirection::Down,
        state: TransferState::Running,
        done_bytes: transfer.done,
        total_bytes: transfer.total,
        bytes_per_second: transfer.speed,
        error: None,
    });
    Ok(up.chain(down).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn progress_is_told_now_and_then_with_its_speed() {
        let transfers = Transfers::default();
        let key = Key::up(1, 0);
        transfers.begin(key, "bob@a", Some(10_000));
        assert!(transfers.moved(&key, 100));
        assert!(!transfers.moved(&key, 200));
        tokio::time::advance(Duration::from_millis(500)).await;
        assert!(transfers.moved(&key, 1000));
        assert_eq!(transfers.inner().all[&key].speed, 2000);
        transfers.waits(&key, crate::api::ErrorCode::TimedOut.into());
        assert_eq!(transfers.inner().all[&key].speed, 0);
        transfers.end(&key);
        assert!(transfers.inner().all.is_empty());
    }
}

//! The way of files to the server. It goes on beside sessions: bytes that move do
//! not stop because a stream was lost, only slots are asked for on one.
//!
//! One file of a conversation at a time, in order, and a few conversations at once.
//! Where a file is comes into the cache in one transaction with the end of its
//! upload; what was cut off before that begins anew with another slot, as no server
//! takes parts.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::transfers::Key;
use super::trouble::Trouble;
use super::{policy, put, service};
use crate::account::{Shared, supervisor};
use crate::api::{ConnectionView, ErrorCode};
use crate::store::StoreError;
use crate::store::files as rows;
use crate::store::uploads::{self as waiting, Upload};

/// Files that move at once.
const AT_ONCE: usize = 3;
/// Slots for one try.
const SLOTS: usize = 3;
/// Longest wait before another try, in times of the longest between connections.
const PATIENCE: u32 = 5;
/// Later than this it is not tried again by itself.
const LONGEST_WAIT_MS: i64 = 3600 * 1000;

/// Runs until the account is closed.
pub(in crate::account) async fn run(shared: Arc<Shared>) {
    let cancel = shared.cancel.clone();
    let work = async {
        let mut tries = 0;
        loop {
            match Work::new(&shared).run(tries == 0).await {
                Ok(()) => return,
                // That goes with the end of the account, and with nothing else.
                Err(StoreError::Closed) if cancel.is_cancelled() => return,
                Err(error) => tracing::error!(%error, tries, "uploads begin anew"),
            }
            // What the cache has refused (its disk may be full) it may take later.
            tokio::time::sleep(supervisor::backoff(&shared, tries)).await;
            tries += 1;
        }
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => {}
        () = work => {}
    }
}

/// Takes away what is not needed on this device any more.
pub(super) async fn tidy(shared: &Shared) -> Result<(), StoreError> {
    let (most, now_ms) = (shared.files.most_bytes, shared.clock.now_ms());
    let names = shared
        .store
        .write(move |tx| rows::tidy(tx, most, now_ms))
        .await?;
    shared.files.vault.remove(names).await;
    Ok(())
}

/// How a try has ended.
enum Ended {
    /// At this address, with this hash.
    There(String, Vec<u8>),
    Trouble(Trouble),
    /// By the user.
    Stopped,
}

/// A file that moves.
struct Moving {
    conversation: String,
    cancel: CancellationToken,
}

/// When the next try is, and how many came to nothing.
struct Later {
    at: Instant,
    tries: u32,
}

struct Work<'a> {
    shared: &'a Arc<Shared>,
    running: FuturesUnordered<BoxFuture<'a, (Upload, Ended)>>,
    /// By the ids of the uploads, as what follows.
    moving: HashMap<i64, Moving>,
    later: HashMap<i64, Later>,
}

impl<'a> Work<'a> {
    fn new(shared: &'a Arc<Shared>) -> Self {
        Self {
            shared,
            running: FuturesUnordered::new(),
            moving: HashMap::new(),
            later: HashMap::new(),
        }
    }

    async fn run(mut self, is_first: bool) -> Result<(), StoreError> {
        // Later somebody may be handing over a file that no row names yet.
        if is_first {
            let names = self.shared.store.read(rows::names).await?;
            self.shared
                .files
                .vault
                .keep_only(names.into_iter().collect())
                .await;
        }
        tidy(self.shared).await?;
        let mut connection = self.shared.connection.subscribe();
        loop {
            let is_online = *connection.borrow_and_update() == ConnectionView::Online;
            self.look(is_online).await?;
            let next = self.next_try().filter(|_| is_online);
            tokio::select! {
                biased;
                Some((upload, ended)) = self.running.next() => self.end(upload, ended).await?,
                () = self.shared.files.bell.notified() => {}
                changed = connection.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    // Whatever was in the way may be gone.
                    for later in self.later.values_mut() {
                        later.at = Instant::now();
                    }
                }
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
            }
        }
    }

    fn next_try(&self) -> Option<Instant> {
        let waiting = self.later.iter();
        let waiting = waiting.filter(|(id, _)| !self.moving.contains_key(id));
        let now = Instant::now();
        waiting
            .map(|(_, later)| later.at)
            .filter(|at| *at > now)
            .min()
    }

    /// Ends what is not wanted any more, and begins what can begin.
    async fn look(&mut self, is_online: bool) -> Result<(), StoreError> {
        let mut wanted = self.shared.store.read(waiting::list).await?;
        wanted.retain(|upload| !upload.paused && upload.error.is_none());
        let ids: HashSet<i64> = wanted.iter().map(|upload| upload.id).collect();
        for (id, moving) in &self.moving {
            if !ids.contains(id) {
                moving.cancel.cancel();
            }
        }
        self.later.retain(|id, _| ids.contains(id));
        let keys = wanted
            .iter()
            .map(|upload| Key::up(upload.message, upload.place));
        self.shared.files.transfers.keep_uploads(&keys.collect());
        if !is_online {
            return Ok(());
        }
        let now = Instant::now();
        for upload in wanted {
            let waits = self
                .later
                .get(&upload.id)
                .is_some_and(|later| later.at > now);
            let mut others = self.moving.values();
            let is_busy = others.any(|moving| moving.conversation == upload.conversation);
            if self.running.len() < AT_ONCE && !waits && !is_busy {
                self.begin(upload);
            }
        }
        Ok(())
    }

    fn begin(&mut self, upload: Upload) {
        let shared = self.shared;
        let key = Key::up(upload.message, upload.place);
        let transfers = &shared.files.transfers;
        transfers.begin(key, &upload.conversation, Some(upload.size));
        let cancel = CancellationToken::new();
        let moving = Moving {
            conversation: upload.conversation.clone(),
            cancel: cancel.clone(),
        };
        self.moving.insert(upload.id, moving);
        shared.transfers_changed();
        self.running.push(Box::pin(async move {
            let ended = tokio::select! {
                biased;
                () = cancel.cancelled() => Ended::Stopped,
                tried = try_once(shared, &upload) => match tried {
                    Ok((url, sha256)) => Ended::There(url, sha256),
                    Err(trouble) => Ended::Trouble(trouble),
                },
            };
            (upload, ended)
        }));
    }

    async fn end(&mut self, upload: Upload, ended: Ended) -> Result<(), StoreError> {
        self.moving.remove(&upload.id);
        let shared = self.shared;
        let (key, id) = (Key::up(upload.message, upload.place), upload.id);
        let conversation = upload.conversation.clone();
        match ended {
            Ended::Stopped => shared.files.transfers.end(&key),
            Ended::There(url, sha256) => {
                self.later.remove(&id);
                shared.files.transfers.end(&key);
                let done = shared
                    .store
                    .write(move |tx| waiting::done(tx, &upload, &url, &sha256));
                if done.await? {
                    shared.outbox_bell.notify_one();
                    shared.messages_changed(&conversation);
                }
            }
            Ended::Trouble(Trouble::Passing { error, until_ms }) => {
                tracing::info!(account = shared.id, %error, "upload comes later");
                let tries = self.later.get(&id).map_or(0, |later| later.tries) + 1;
                let at = Instant::now() + self.wait(tries, until_ms);
                self.later.insert(id, Later { at, tries });
                // Without a connection nothing else goes either.
                let was_tried = error.code != ErrorCode::NotConnected;
                shared.files.transfers.waits(&key, error);
                if was_tried {
                    let tried = shared.store.write(move |tx| waiting::tried(tx, id));
                    tried.await?;
                    // What waited behind it does so no longer.
                    shared.outbox_bell.notify_one();
                }
            }
            Ended::Trouble(Trouble::Final(error) | Trouble::Slot(error)) => {
                tracing::info!(account = shared.id, %error, "upload failed");
                self.later.remove(&id);
                shared.files.transfers.end(&key);
                // The service may be another one by now.
                shared.files.service().forget();
                let code = serde_json::to_value(error.code).unwrap_or_default();
                let code = code.as_str().unwrap_or_default().to_owned();
                shared
                    .store
                    .write(move |tx| waiting::fail(tx, &upload, &code))
                    .await?;
                shared.outbox_bell.notify_one();
                shared.messages_changed(&conversation);
            }
        }
        shared.transfers_changed();
        Ok(())
    }

    /// As between connections, and longer; or as the server says.
    fn wait(&self, tries: u32, until_ms: Option<i64>) -> Duration {
        let timeouts = &self.shared.timeouts;
        if let Some(until_ms) = until_ms {
            let wait = until_ms.saturating_sub(self.shared.clock.now_ms());
            return Duration::from_millis(wait.clamp(1000, LONGEST_WAIT_MS).unsigned_abs());
        }
        let ceiling = timeouts
            .backoff
            .saturating_mul(2_u32.saturating_pow(tries.min(16)))
            .min(timeouts.max_backoff.saturating_mul(PATIENCE));
        timeouts.backoff / 4 + ceiling.mul_f64(self.shared.clock.random_fraction())
    }
}

/// Uploads a file; where it is, and its hash.
async fn try_once(shared: &Shared, upload: &Upload) -> Result<(String, Vec<u8>), Trouble> {
    put::check(shared, upload).await?;
    let mut slots = 0;
    loop {
        let handle = shared.handle().map_err(Trouble::passing)?;
        let service = service::find(shared, &handle).await?;
        let slot = service::slot(&handle, &service, upload).await?;
        slots += 1;
        match put::put(shared, upload, &slot).await {
            Ok(sha256) => {
                remember(shared, upload, &slot.get, &sha256).await;
                return Ok((slot.get, sha256));
            }
            // It ran out, or its answer was lost: then the file is there twice, and
            // known once.
            Err(Trouble::Slot(error)) if slots < SLOTS => {
                tracing::info!(account = shared.id, %error, "another slot");
            }
            Err(trouble) => return Err(trouble),
        }
    }
}

/// Files from there are our own server's.
async fn remember(shared: &Shared, upload: &Upload, url: &str, sha256: &[u8]) {
    let host = policy::web_address(url).and_then(|url| url.host_str().map(str::to_owned));
    let (id, sha256) = (upload.id, sha256.to_vec());
    let noted = shared.store.write(move |tx| {
        waiting::hashed(tx, id, &sha256)?;
        match host {
            Some(host) => rows::add_host(tx, &host),
            None => Ok(()),
        }
    });
    if let Err(error) = noted.await {
        tracing::warn!(%error, "host of uploads not noted");
    }
}

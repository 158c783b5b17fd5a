//! How long messages stay in archives, and how much of them, if the
//! configuration says so.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock;
use crate::server::Server;
use crate::store::Store;
use crate::store::archive::{self, Bounds};
use crate::{Limits, StoreError};

/// How often the archives are gone through.
const EVERY: Duration = Duration::from_secs(3600);
const DAY_MS: i64 = 24 * 3600 * 1000;

/// What the configuration says of this moment; `None` if everything stays.
fn bounds(limits: &Limits, now_ms: i64) -> Option<Bounds> {
    let days = i64::from(limits.archive_days);
    let since_ms = (days > 0).then(|| now_ms.saturating_sub(days * DAY_MS));
    let max_bytes = Some(limits.archive_bytes).filter(|bytes| *bytes > 0);
    let is_bounded = since_ms.is_some() || max_bytes.is_some();
    is_bounded.then_some(Bounds {
        since_ms,
        max_bytes,
    })
}

/// Looks after the archives for as long as the server runs.
pub(crate) async fn keep(server: Arc<Server>) {
    while let Some(bounds) = bounds(&server.config.limits, clock::now_ms()) {
        if !server.calendar.believes(clock::now_ms(), Instant::now()) {
            tracing::warn!("the clock is far ahead of the newest message: nothing expires");
        } else if let Err(error) = apply(&server.store, bounds).await
            && !server.stopping.is_cancelled()
        {
            tracing::warn!(%error, "archives not kept in bounds");
        }
        tokio::select! {
            () = server.stopping.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Goes through all archives, in portions.
async fn apply(store: &Store, bounds: Bounds) -> Result<(), StoreError> {
    let mut before = String::new();
    loop {
        let next = store.read(move |db| {
            let Some(owner) = archive::next_owner(db, &before)? else {
                return Ok(None);
            };
            let up_to = archive::outlived(db, &owner, bounds)?;
            Ok(Some((owner, up_to)))
        });
        let Some((owner, up_to)) = next.await? else {
            return Ok(());
        };
        loop {
            let owner = owner.clone();
            let more = store.write(move |tx| archive::expire(tx, &owner, up_to));
            if !more.await? {
                break;
            }
        }
        before = owner;
    }
}

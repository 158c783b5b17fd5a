//! Keeps the cache within its limits, while the account is open.

use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use crate::store::StoreError;
use crate::store::trim::{self, Limits};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(3600);
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Runs until the account is closed. Where there are no limits it waits for some.
pub(super) async fn run(shared: Arc<Shared>) {
    let cancel = shared.cancel.clone();
    let upkeep = async {
        loop {
            if !shared.managed().retention.is_limited() {
                shared.upkeep_bell.notified().await;
                continue;
            }
            match tidy(&shared).await {
                Ok(()) | Err(StoreError::Closed) => {}
                Err(error) => tracing::warn!(%error, "old messages not removed"),
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = shared.upkeep_bell.notified() => {}
            }
        }
    };
    tokio::select! {
        () = cancel.cancelled() => {}
        () = upkeep => {}
    }
}

/// Removes what is beyond the limits, in small steps: others write in between.
async fn tidy(shared: &Shared) -> Result<(), StoreError> {
    let _nobody_fetches = shared.trimming.lock().await;
    let retention = shared.managed().retention;
    let limits = Limits {
        from_ms: retention
            .days
            .map(|days| shared.clock.now_ms() - i64::from(days) * DAY_MS),
        bytes: retention.bytes,
    };
    let mut next = Some(i64::MIN);
    while let Some(after) = next {
        let stepped = shared
            .store
            .write(move |tx| trim::step(tx, after, limits))
            .await?;
        for conversation in &stepped.changed {
            shared.messages_changed(conversation);
        }
        next = stepped.next;
    }
    Ok(())
}

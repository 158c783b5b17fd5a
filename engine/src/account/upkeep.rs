//! Keeps the cache within its limits, while the account is open.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

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

/// Removes in steps, from a first to one that gives no other: whoever writes, or fetches
/// what is missing, comes in between. They may be what the account waits for before it
/// is online.
pub(super) async fn in_steps<At, E, Step: Future<Output = Result<Option<At>, E>>>(
    trimming: &Mutex<()>,
    first: At,
    mut step: impl FnMut(At) -> Step,
) -> Result<(), E> {
    let mut next = Some(first);
    while let Some(at) = next {
        let _nobody_fetches = trimming.lock().await;
        next = step(at).await?;
    }
    Ok(())
}

/// Removes what is beyond the limits.
async fn tidy(shared: &Shared) -> Result<(), StoreError> {
    let retention = shared.managed().retention;
    let limits = Limits {
        from_ms: retention
            .days
            .map(|days| shared.clock.now_ms() - i64::from(days) * DAY_MS),
        bytes: retention.bytes,
    };
    in_steps(&shared.trimming, i64::MIN, |after| async move {
        let stepped = shared
            .store
            .write(move |tx| trim::step(tx, after, limits))
            .await?;
        for conversation in &stepped.changed {
            shared.messages_changed(conversation);
        }
        Ok(stepped.next)
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as Noted;

    use super::*;

    #[tokio::test]
    async fn whoever_fetches_comes_between_two_steps() {
        let (trimming, said) = (Mutex::new(()), Noted::new(Vec::new()));
        let said = &said;
        let trim = in_steps(&trimming, 1, |step| async move {
            // Meanwhile somebody begins to wait.
            tokio::task::yield_now().await;
            said.lock().unwrap().push(step);
            Ok::<_, ()>((step < 3).then_some(step + 1))
        });
        let fetch = async {
            let _not_trimmed = trimming.lock().await;
            said.lock().unwrap().push(0);
        };
        let (trimmed, ()) = tokio::join!(trim, fetch);
        trimmed.unwrap();
        assert_eq!(*said.lock().unwrap(), [1, 0, 2, 3]);
    }
}

//! Tells that a conversation was muted until now, while the account is open.

use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use crate::store::StoreError;
use crate::store::conversations;

/// A computer that slept, or whose clock was set, is behind by no more than this.
const LOOK: Duration = Duration::from_secs(60);

/// Runs until the account is closed.
pub(super) async fn run(shared: Arc<Shared>) {
    tokio::select! {
        () = shared.cancel.cancelled() => {}
        ended = tell(&shared) => {
            if let Err(error) = ended && !matches!(error, StoreError::Closed) {
                tracing::warn!(%error, "ends of mutes are not told");
            }
        }
    }
}

async fn tell(shared: &Shared) -> Result<(), StoreError> {
    let mut told_ms = shared.clock.now_ms();
    loop {
        let now_ms = shared.clock.now_ms();
        let (ended, next_ms) = shared
            .store
            .read(move |db| conversations::mutes(db, told_ms, now_ms))
            .await?;
        for conversation in ended {
            shared.conversation_changed(&conversation);
        }
        told_ms = now_ms;
        let until = next_ms.map(|next| Duration::from_millis((next - now_ms).unsigned_abs()));
        tokio::select! {
            () = shared.mutes_bell.notified() => {}
            () = tokio::time::sleep(until.unwrap_or(LOOK).min(LOOK)), if until.is_some() => {}
        }
    }
}

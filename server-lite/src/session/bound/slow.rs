//! When writing to a client takes too long: its connection is given up, not what
//! it is to be told.

use std::time::Duration;

use tokio::sync::watch;

use crate::session::SessionEnd;

/// Longest time for what is being written when a session has to end.
const LAST_WORD: Duration = Duration::from_secs(1);

/// Ends a while after the session should have ended.
pub(super) async fn overdue(end: &watch::Receiver<Option<SessionEnd>>) {
    // Seen here, it is still news for the session itself.
    let mut end = end.clone();
    if end.wait_for(Option::is_some).await.is_err() {
        return std::future::pending().await;
    }
    tokio::time::sleep(LAST_WORD).await;
}

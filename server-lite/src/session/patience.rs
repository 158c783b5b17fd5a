//! How long somebody may take from their first byte to a session.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A deadline that may be put off while it is waited for.
pub(super) struct Patience {
    since: Instant,
    until: Mutex<Instant>,
}

impl Patience {
    pub(super) fn new(limit: Duration) -> Self {
        let since = Instant::now();
        Self {
            since,
            until: Mutex::new(since + limit),
        }
    }

    /// Allows so much from the beginning on, however often it is said.
    pub(super) fn allow(&self, limit: Duration) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(self.since + limit);
    }

    fn until(&self) -> Instant {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when the time is over.
    pub(super) async fn over(&self) {
        loop {
            let until = self.until();
            sleep_until(until).await;
            if self.until() <= until {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_put_off_once_and_from_the_beginning() {
        let patience = Patience::new(Duration::from_secs(30));
        let start = Instant::now();
        let put_off = async {
            for _ in 0..2 {
                tokio::time::sleep(Duration::from_secs(10)).await;
                patience.allow(Duration::from_secs(600));
            }
            // Less is not taken.
            patience.allow(Duration::from_secs(60));
        };
        tokio::join!(patience.over(), put_off);
        assert_eq!(start.elapsed().as_secs(), 600);
        let patience = Patience::new(Duration::from_secs(30));
        patience.over().await;
        assert_eq!(start.elapsed().as_secs(), 630);
    }
}

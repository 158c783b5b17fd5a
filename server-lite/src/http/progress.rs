//! Whether what goes out moves: a peer that takes no bytes of a download is
//! given up. (What comes in has a deadline where it is read.)

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Of one connection.
#[derive(Default)]
pub(super) struct Progress {
    steps: AtomicU64,
    downloads: AtomicUsize,
}

impl Progress {
    /// Notes that a piece was asked for, which means that those before it are
    /// on their way.
    pub(super) fn step(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns when a download stands still for so long.
    pub(super) async fn stalled(&self, patience: Duration) {
        loop {
            let before = self.steps.load(Ordering::Relaxed);
            tokio::time::sleep(patience).await;
            let running = self.downloads.load(Ordering::Relaxed) > 0;
            if running && self.steps.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }
}

/// A download, as long as it lasts.
pub(super) struct Download(Arc<Progress>);

impl Download {
    pub(super) fn new(progress: Arc<Progress>) -> Self {
        progress.downloads.fetch_add(1, Ordering::Relaxed);
        progress.step();
        Self(progress)
    }

    pub(super) fn step(&self) {
        self.0.step();
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        self.0.downloads.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_a_download_that_stands_still_is_given_up() {
        let progress = Arc::new(Progress::default());
        let patience = Duration::from_secs(10);
        let long = Duration::from_secs(100);
        let stalled = tokio::time::timeout(long, progress.stalled(patience));
        assert!(stalled.await.is_err(), "nothing runs");
        let download = Download::new(Arc::clone(&progress));
        let steps = async {
            loop {
                tokio::time::sleep(Duration::from_secs(3)).await;
                download.step();
            }
        };
        tokio::select! {
            () = steps => {}
            () = progress.stalled(patience) => panic!("it moves"),
            () = tokio::time::sleep(long) => {}
        }
        let stalled = tokio::time::timeout(long, progress.stalled(patience));
        assert!(stalled.await.is_ok(), "it stands still");
        drop(download);
        let stalled = tokio::time::timeout(long, progress.stalled(patience));
        assert!(stalled.await.is_err(), "it is over");
    }
}

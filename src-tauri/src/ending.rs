//! The end of the program, which comes once.
//!
//! More than one asks for it: the window, the tray, an update that wants to start, and
//! macOS, which ends a program without asking it first.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::OnceCell;

/// Whether it has begun, and whether all is closed.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    begun: AtomicBool,
    done: OnceCell<()>,
}

impl Ending {
    /// Whether somebody has asked for it.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// Closes what `close` closes. Who comes later waits until the first is done, and
    /// closes nothing.
    pub(crate) async fn come(&self, close: impl Future<Output = ()>) {
        self.begun.store(true, Ordering::Relaxed);
        self.done.get_or_init(|| close).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn all_is_closed_once_and_everybody_waits_for_it() {
        let ending = Ending::default();
        assert!(!ending.has_begun());
        let closed = AtomicU32::new(0);
        let (go_on, held) = oneshot::channel::<()>();
        let first = ending.come(async {
            held.await.unwrap();
            closed.fetch_add(1, Ordering::Relaxed);
        });
        let second = async {
            let close = async {
                closed.fetch_add(1, Ordering::Relaxed);
            };
            ending.come(close).await;
            assert_eq!(closed.load(Ordering::Relaxed), 1, "it has not waited");
        };
        // Polled in this order: both have come before the first may go on.
        let release = async {
            assert!(ending.has_begun());
            go_on.send(()).unwrap();
        };
        tokio::join!(first, second, release);
        let third = async {
            closed.fetch_add(1, Ordering::Relaxed);
        };
        ending.come(third).await;
        assert_eq!(closed.load(Ordering::Relaxed), 1);
    }
}

//! The way into a session: what waits is bounded by number and by bytes. Where
//! more waits than should, the session hears of it while it writes; there is
//! room for twice as much, for what comes until it has done something about it.
//!
//! The bytes are those of the whole session: what it has taken and keeps (for
//! who has not acknowledged it, or sleeps) leaves less room here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::Outgoing;
use crate::mailbox::{self, NotSent, mailbox};

/// What both ends know.
struct Shared {
    /// Of what waits here.
    bytes: AtomicUsize,
    /// Of what the session keeps elsewhere.
    kept: AtomicUsize,
    max_stanzas: usize,
    max_bytes: usize,
    /// Rung when more waits than should.
    slow: Notify,
}

/// The end of those who have something for the session.
pub(crate) struct QueueIn {
    stanzas: mailbox::Sender<Outgoing>,
    shared: Arc<Shared>,
}

/// The end of the session.
pub(crate) struct QueueOut {
    stanzas: mailbox::Receiver<Outgoing>,
    shared: Arc<Shared>,
}

/// What has become of a stanza.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    Taken,
    /// Taken, but more waits than should.
    Slow,
    /// There is no room at all.
    Full,
    /// The session is over.
    Closed,
}

/// A queue in which this much should wait at most.
pub(crate) fn queue(max_stanzas: usize, max_bytes: usize) -> (QueueIn, QueueOut) {
    let (stanzas_in, stanzas_out) = mailbox(max_stanzas.saturating_mul(2).max(2));
    let shared = Arc::new(Shared {
        bytes: AtomicUsize::new(0),
        kept: AtomicUsize::new(0),
        max_stanzas,
        max_bytes,
        slow: Notify::new(),
    });
    let queue_in = QueueIn {
        stanzas: stanzas_in,
        shared: Arc::clone(&shared),
    };
    let queue_out = QueueOut {
        stanzas: stanzas_out,
        shared,
    };
    (queue_in, queue_out)
}

impl QueueIn {
    pub(super) fn put(&self, outgoing: &Outgoing) -> Put {
        let size = outgoing.size();
        let bytes = self.shared.bytes.fetch_add(size, Ordering::Relaxed) + size;
        let all = bytes.saturating_add(self.shared.kept.load(Ordering::Relaxed));
        let sent = if all > self.shared.max_bytes.saturating_mul(2) {
            Put::Full
        } else {
            match self.stanzas.send(outgoing.clone()) {
                Ok(()) => Put::Taken,
                Err(NotSent::Full(_)) => Put::Full,
                Err(NotSent::Closed(_)) => Put::Closed,
            }
        };
        if sent != Put::Taken {
            self.shared.bytes.fetch_sub(size, Ordering::Relaxed);
        } else if self.waiting() > self.shared.max_stanzas || bytes > self.shared.max_bytes {
            self.shared.slow.notify_one();
            return Put::Slow;
        }
        sent
    }

    /// Whether the session is over.
    pub(crate) fn is_closed(&self) -> bool {
        self.stanzas.is_closed()
    }

    /// Stanzas that wait.
    pub(super) fn waiting(&self) -> usize {
        self.stanzas.len()
    }
}

impl QueueOut {
    /// The next stanza. Dropping the future loses nothing.
    pub(crate) async fn recv(&mut self) -> Outgoing {
        let outgoing = self.stanzas.recv().await;
        let size = outgoing.size();
        self.shared.bytes.fetch_sub(size, Ordering::Relaxed);
        outgoing
    }

    /// The session keeps something that it has taken, or has made itself.
    pub(crate) fn keep(&self, bytes: usize) {
        self.shared.kept.fetch_add(bytes, Ordering::Relaxed);
    }

    /// It keeps that no longer.
    pub(crate) fn release(&self, bytes: usize) {
        self.shared.kept.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes that wait or are kept.
    pub(crate) fn all_bytes(&self) -> usize {
        let (bytes, kept) = (&self.shared.bytes, &self.shared.kept);
        bytes.load(Ordering::Relaxed) + kept.load(Ordering::Relaxed)
    }

    /// All that waits, in its order. It goes on waiting.
    pub(crate) fn all(&self) -> Vec<Outgoing> {
        self.stanzas.all()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.stanzas.is_empty()
    }

    /// Whether half as much waits as should at most: what its own requests bring
    /// must not be what makes it too much.
    pub(crate) fn is_half_full(&self) -> bool {
        self.stanzas.len() >= (self.shared.max_stanzas / 2).max(1)
            || self.shared.bytes.load(Ordering::Relaxed) >= (self.shared.max_bytes / 2).max(1)
    }

    /// Ends when more waits than should.
    pub(crate) async fn overtaken(&self) {
        loop {
            self.shared.slow.notified().await;
            // The bell may have been rung for what has been sent long since.
            if self.stanzas.len() >= self.shared.max_stanzas
                || self.shared.bytes.load(Ordering::Relaxed) >= self.shared.max_bytes
            {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stanza(bytes: usize) -> Outgoing {
        Outgoing {
            xml: "x".repeat(bytes).into(),
            archived: None,
        }
    }

    #[tokio::test]
    async fn half_full_is_by_number_or_by_bytes() {
        let (queue_in, mut queue_out) = queue(4, 1_000);
        assert!(!queue_out.is_half_full());
        queue_in.put(&stanza(10));
        assert!(!queue_out.is_half_full());
        queue_in.put(&stanza(10));
        assert!(queue_out.is_half_full());
        queue_out.recv().await;
        assert!(!queue_out.is_half_full());
        queue_out.recv().await;
        queue_in.put(&stanza(500));
        assert!(queue_out.is_half_full());
        // The smallest of all lets its reader go on when nothing waits.
        let (_, queue_out) = queue(1, 1);
        assert!(!queue_out.is_half_full());
    }

    #[tokio::test]
    async fn what_waits_is_bounded_by_number_and_by_bytes() {
        let (queue_in, mut queue_out) = queue(2, 10_000);
        let small = stanza(10);
        let put: Vec<_> = (0..5).map(|_| queue_in.put(&small)).collect();
        assert_eq!(
            put,
            [Put::Taken, Put::Taken, Put::Slow, Put::Slow, Put::Full]
        );
        while !queue_out.is_empty() {
            queue_out.recv().await;
        }
        let large = stanza(6_000);
        let put: Vec<_> = (0..4).map(|_| queue_in.put(&large)).collect();
        assert_eq!(put, [Put::Taken, Put::Slow, Put::Slow, Put::Full]);
        // What has been taken makes room, and what was refused takes none.
        queue_out.recv().await;
        assert_eq!(queue_in.put(&large), Put::Slow);
        assert_eq!(queue_in.waiting(), 3);
        // What is kept elsewhere takes room, too.
        queue_out.recv().await;
        queue_out.keep(7_000);
        assert_eq!(queue_in.put(&large), Put::Full);
        queue_out.release(7_000);
        assert_eq!(queue_in.put(&large), Put::Slow);
        drop(queue_out);
        assert_eq!(queue_in.put(&small), Put::Closed);
    }
}

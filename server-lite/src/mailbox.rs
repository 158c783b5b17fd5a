//! A queue with one reader that takes no room while nothing is in it: a server
//! has one or two for each session, and most sessions do nothing most of the
//! time. The queues of tokio keep room for 32 from the beginning.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use tokio::task::coop::cooperative;

/// With more room than this, it is given back when the queue is empty.
const KEPT: usize = 8;

/// The end of those who put something in.
pub(crate) struct Sender<T>(Arc<Shared<T>>);

/// The end of the one who takes it out. Nothing can be put in when it is gone.
pub(crate) struct Receiver<T>(Arc<Shared<T>>);

struct Shared<T> {
    max: usize,
    state: Mutex<State<T>>,
}

struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
    reader: Option<Waker>,
}

/// Why something could not be put in; gives it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotSent<T> {
    Full(T),
    Closed(T),
}

/// A queue for this many.
pub(crate) fn mailbox<T>(max: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        max,
        state: Mutex::new(State {
            waiting: VecDeque::new(),
            closed: false,
            reader: None,
        }),
    });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn wake_later(&mut self, waker: &Waker) {
        match &mut self.reader {
            Some(reader) => reader.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Sender<T> {
    /// Puts something in, behind all that waits.
    ///
    /// # Errors
    /// [`NotSent`] if there is no room, or nobody to take it.
    pub(crate) fn send(&self, item: T) -> Result<(), NotSent<T>> {
        let mut state = self.0.lock();
        if state.closed {
            return Err(NotSent::Closed(item));
        }
        if state.waiting.len() >= self.0.max {
            return Err(NotSent::Full(item));
        }
        state.waiting.push_back(item);
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        Ok(())
    }

    /// Whether there is nobody to take anything.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.lock().closed
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().waiting.len()
    }
}

impl<T> Receiver<T> {
    /// The next. Dropping the future loses nothing. Takes part in tokio's
    /// turns: whoever always finds something lets others go on now and then.
    pub(crate) async fn recv(&mut self) -> T {
        cooperative(poll_fn(|context| {
            let mut state = self.0.lock();
            let Some(item) = state.waiting.pop_front() else {
                state.wake_later(context.waker());
                return Poll::Pending;
            };
            if state.waiting.is_empty() && state.waiting.capacity() > KEPT {
                state.waiting = VecDeque::new();
            }
            Poll::Ready(item)
        }))
        .await
    }

    /// Ends when there is something to take, and takes nothing.
    pub(crate) async fn filled(&self) {
        poll_fn(|context| {
            let mut state = self.0.lock();
            if !state.waiting.is_empty() {
                return Poll::Ready(());
            }
            state.wake_later(context.waker());
            Poll::Pending
        })
        .await;
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().waiting.len()
    }

    /// Copies of all that wait, in their order.
    pub(crate) fn all(&self) -> Vec<T>
    where
        T: Clone,
    {
        self.0.lock().waiting.iter().cloned().collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().waiting.is_empty()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        let left = std::mem::take(&mut state.waiting);
        // Whatever is dropped with it must not find the lock taken.
        drop(state);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn it_is_first_in_first_out_and_bounded() {
        let (sender, mut receiver) = mailbox(2);
        assert_eq!(sender.send(1), Ok(()));
        assert_eq!(sender.clone().send(2), Ok(()));
        assert_eq!(sender.send(3), Err(NotSent::Full(3)));
        assert_eq!((sender.len(), receiver.len()), (2, 2));
        assert_eq!(receiver.recv().await, 1);
        assert_eq!(receiver.all(), [2]);
        assert_eq!(sender.send(4), Ok(()));
        assert_eq!((receiver.recv().await, receiver.recv().await), (2, 4));
        assert!(receiver.is_empty());
        drop(receiver);
        assert_eq!(sender.send(5), Err(NotSent::Closed(5)));
    }

    #[tokio::test]
    async fn who_waits_is_woken_and_a_dropped_wait_loses_nothing() {
        let (sender, mut receiver) = mailbox(1);
        {
            let mut waits = pin!(receiver.recv());
            assert!(waits.as_mut().now_or_never().is_none());
        }
        let reads = tokio::spawn(async move { (receiver.recv().await, receiver) });
        tokio::task::yield_now().await;
        assert_eq!(sender.send('a'), Ok(()));
        let (item, receiver) = reads.await.unwrap();
        assert_eq!(item, 'a');
        assert!(receiver.is_empty());
    }

    #[tokio::test]
    async fn whoever_looks_whether_there_is_something_takes_nothing() {
        let (sender, mut receiver) = mailbox(1);
        assert!(receiver.filled().now_or_never().is_none());
        let looks = tokio::spawn(async move {
            receiver.filled().await;
            receiver
        });
        tokio::task::yield_now().await;
        assert_eq!(sender.send('a'), Ok(()));
        receiver = looks.await.unwrap();
        assert!(receiver.filled().now_or_never().is_some());
        assert_eq!(receiver.recv().await, 'a');
    }

    #[tokio::test]
    async fn an_empty_one_gives_its_room_back() {
        let (sender, mut receiver) = mailbox(1_000);
        for n in 0..100 {
            sender.send(n).unwrap();
        }
        for n in 0..100 {
            assert_eq!(receiver.recv().await, n);
        }
        assert_eq!(receiver.0.lock().waiting.capacity(), 0);
    }
}

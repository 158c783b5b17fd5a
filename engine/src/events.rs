//! What has changed, to everyone who listens.

use tokio::sync::broadcast;

use crate::api::Event;

/// Events that a slow listener may fall behind before it is told so.
const CAPACITY: usize = 256;

/// Publishes events.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    sender: broadcast::Sender<Event>,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            sender: broadcast::Sender::new(CAPACITY),
        }
    }
}

impl Events {
    pub(crate) fn publish(&self, event: Event) {
        // Nobody listening is fine: who comes later reads the cache.
        drop(self.sender.send(event));
    }

    pub(crate) fn subscribe(&self) -> EventStream {
        EventStream {
            receiver: self.sender.subscribe(),
        }
    }
}

/// A listener's end.
#[derive(Debug)]
pub struct EventStream {
    receiver: broadcast::Receiver<Event>,
}

impl EventStream {
    /// The next event; [`Event::Lagged`] in place of those that were missed;
    /// `None` once the engine is gone.
    pub async fn next(&mut self) -> Option<Event> {
        match self.receiver.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Event::Lagged),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_listener_is_told() {
        let events = Events::default();
        let mut stream = events.subscribe();
        for _ in 0..=CAPACITY {
            events.publish(Event::AccountsChanged);
        }
        assert_eq!(stream.next().await, Some(Event::Lagged));
        assert_eq!(stream.next().await, Some(Event::AccountsChanged));
        drop(events);
        while let Some(event) = stream.next().await {
            assert_eq!(event, Event::AccountsChanged);
        }
    }
}

//! What a session waits for. It does so nearly all the time, so this future is
//! what a session costs: whatever is done about an event has its room only while
//! it is done.

use futures_util::StreamExt;
use tokio::time::{Instant, sleep_until};

use super::Session;
use crate::router::Outgoing;
use crate::session::messages::Handled;
use crate::session::{ResumeRequest, SessionEnd};
use crate::transport::{Incoming, Transport, TransportError};

/// What has happened.
pub(super) enum Event {
    /// The session has to end.
    End(Option<SessionEnd>),
    /// A message is on disk, or was refused.
    Handled(Handled),
    /// Another connection goes on with the session.
    Resume(Box<ResumeRequest>),
    /// The client has said something, or its connection is gone.
    Incoming(Result<Incoming, TransportError>),
    /// The client can take more of what waited for it.
    Backlog,
    /// There is something for the client.
    Outgoing(Outgoing),
    /// The client may be read again.
    Paced,
    /// Nothing was heard for long, or nobody came to resume.
    Silence,
}

impl Session {
    /// Waits for one thing. Dropping the future loses nothing.
    pub(super) async fn wait(&mut self) -> Event {
        let limits = &self.server.config.limits;
        let deadline = match self.lost {
            Some(lost) => {
                lost + self
                    .sm
                    .as_ref()
                    .map_or(limits.resumption, |sm| sm.resumption)
            }
            None => self.heard + limits.idle,
        };
        let pause = self.pace.wait(Instant::now());
        let unwritten: usize = self.unwritten_bytes.iter().sum();
        let may_read = self.unwritten.len() < limits.unwritten
            && unwritten < limits.framing.max_element_bytes
            && pause.is_none()
            // It is not read faster than it is told what came of it: whoever enters
            // many rooms at once would be ended by the answers. What waits behind
            // the backlog waits for acknowledgements, which have to be read.
            && (self.backlog.is_open() || !self.queue.is_half_full());
        let until = pause.map_or(deadline, |pause| pause.min(deadline));
        tokio::select! {
            biased;
            _ = self.end.changed() => Event::End(self.end.borrow_and_update().clone()),
            Some(handled) = self.unwritten.next(), if !self.unwritten.is_empty() => {
                Event::Handled(handled)
            }
            request = self.resume.recv() => Event::Resume(request),
            incoming = read(&mut self.transport), if may_read && self.transport.is_some() => {
                Event::Incoming(incoming)
            }
            () = std::future::ready(()), if self.may_take_backlog() => Event::Backlog,
            outgoing = self.queue.recv(), if !self.backlog.is_open() => Event::Outgoing(outgoing),
            () = sleep_until(until) => match pause {
                Some(pause) if pause <= deadline => Event::Paced,
                _ => Event::Silence,
            },
        }
    }
}

async fn read(transport: &mut Option<Transport>) -> Result<Incoming, TransportError> {
    match transport {
        Some(transport) => transport.next().await,
        None => std::future::pending().await,
    }
}

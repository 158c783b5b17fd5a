//! The place of a session among all: it goes with the session, however that ends.
//! A sign-in may be cut off at any moment while it binds, and nobody else could
//! end what it has left.

use std::sync::Arc;

use super::Session;
use crate::router::Entry;
use crate::server::Server;
use crate::session::{clients, presence};

pub(super) struct Place {
    server: Arc<Server>,
    user: String,
    number: u64,
}

impl Place {
    pub(super) fn new(server: &Arc<Server>, user: &str, number: u64) -> Self {
        Self {
            server: Arc::clone(server),
            user: user.to_owned(),
            number,
        }
    }

    /// Takes the session out of the router; gives what that knew, once.
    pub(super) fn leave(&self) -> Option<Entry> {
        let entry = self.server.router.remove(&self.user, self.number)?;
        if let Some(client) = entry.client {
            clients::left(&self.server, &self.user, client);
        }
        Some(entry)
    }
}

impl Session {
    /// Ends a session that has not begun to speak.
    pub(super) fn finish(mut self) {
        let was_available = self.leave();
        self.over(was_available);
    }

    /// Takes the session out of the router; whether it was available.
    pub(super) fn leave(&self) -> bool {
        let entry = self.place.leave();
        entry.is_some_and(|entry| entry.presence.is_some())
    }

    /// Tells the others.
    pub(super) fn over(&mut self, was_available: bool) {
        self.gone(was_available);
        // What is in the queue and was not taken stays undelivered in the
        // archive: rows are marked only when a client has them.
        tracing::debug!(address = %self.address, "session over");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Mostly it has been left in good order.
        if self.leave().is_some() {
            presence::leave_rooms(&self.server, self.number);
        }
    }
}

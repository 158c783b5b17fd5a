//! The place of a session among all: it goes with the session, however that ends.
//! A sign-in may be cut off at any moment while it binds, and nobody else could
//! end what it has left.

use std::sync::Arc;

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

impl Drop for Place {
    fn drop(&mut self) {
        // Mostly it has been left in good order.
        if self.leave().is_some() {
            presence::leave_rooms(&self.server, self.number);
        }
    }
}

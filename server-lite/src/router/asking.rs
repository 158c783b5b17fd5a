//! What is asked of the sessions of one user.

use xmpp_core::Element;

use super::{Entry, Router, takes_messages};

impl Router {
    /// Does something with the sessions of a user while nothing changes.
    pub(crate) fn with_sessions<T>(&self, user: &str, act: impl FnOnce(&[Entry]) -> T) -> T {
        self.with(|sessions| act(sessions.get(user).map_or(&[], Vec::as_slice)))
    }

    /// Whether a session that takes messages reads the archive itself.
    pub(crate) fn has_reader(&self, user: &str) -> bool {
        self.with_sessions(user, |entries| {
            let mut taking = entries.iter().filter(|entry| takes_messages(entry));
            taking.any(|entry| entry.reads_archive)
        })
    }

    /// Whether the session with this resource reads the archive itself; `None` if
    /// there is none.
    pub(crate) fn reads_archive(&self, user: &str, resource: &str) -> Option<bool> {
        self.with_sessions(user, |entries| {
            let named = entries.iter().find(|entry| entry.resource == resource);
            named.map(|entry| entry.reads_archive)
        })
    }

    /// The presences of the sessions of one user.
    pub(crate) fn presences_of(&self, user: &str) -> Vec<Element> {
        let presence = |entry: &Entry| Some(entry.presence.as_ref()?.0.clone());
        self.with_sessions(user, |entries| {
            entries.iter().filter_map(presence).collect()
        })
    }
}

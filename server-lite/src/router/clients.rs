//! The sessions of an account, as its owner sees them.

use super::{Entry, Origin, Router};
use crate::session::{ClientId, SessionEnd};

/// A session that is there.
#[derive(Debug, Clone)]
pub(crate) struct Present {
    pub(crate) number: u64,
    pub(crate) resource: String,
    pub(crate) client: Option<ClientId>,
    pub(crate) origin: Origin,
}

impl Router {
    /// The sessions of an account.
    pub(crate) fn present(&self, user: &str) -> Vec<Present> {
        self.with(|sessions| {
            let of_user = sessions.get(user).into_iter().flatten();
            of_user
                .map(|entry| Present {
                    number: entry.number,
                    resource: entry.resource.clone(),
                    client: entry.client,
                    origin: entry.origin,
                })
                .collect()
        })
    }

    /// Ends the sessions of an account that `wanted` picks; gives how many.
    pub(crate) fn sign_out(&self, user: &str, wanted: impl Fn(&Entry) -> bool) -> usize {
        self.with(|sessions| {
            let of_user = sessions.get(user).into_iter().flatten();
            of_user
                .filter(|entry| wanted(entry))
                .map(|entry| entry.end.send_replace(Some(SessionEnd::SignedOut)))
                .count()
        })
    }
}

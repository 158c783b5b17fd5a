//! A session takes its place among those of its account.

use tokio::time::Instant;

use super::{Entry, Router};
use crate::session::SessionEnd;

impl Router {
    /// Adds a session. One with the same resource has to end: the newer wins
    /// (RFC 6120, section 7.7.2.2), and so has one of the same client (XEP-0386).
    /// `false` if the account has too many, or if the session is gone already.
    pub(crate) fn add(&self, user: &str, entry: Entry, max: usize) -> bool {
        self.with(|sessions| {
            if entry.queue.is_closed() {
                return false;
            }
            let of_user = sessions.entry(user.to_owned()).or_default();
            of_user.retain(|other| {
                let same = other.resource == entry.resource;
                if same || entry.is_of_client(other) {
                    other.end.send_replace(Some(SessionEnd::Replaced));
                }
                !same
            });
            if !make_room(of_user, &entry, max) {
                return false;
            }
            of_user.push(entry);
            self.count(sessions);
            true
        })
    }
}

/// Sees to it that one more is not too many. Who waits to come back gives way to
/// who is there, the longest lost first: a device that loses its connections does
/// not lock its owner out of the account.
fn make_room(of_user: &[Entry], new: &Entry, max: usize) -> bool {
    let mut staying = 0_usize;
    let mut lost: Vec<(Instant, &Entry)> = Vec::new();
    for entry in of_user {
        // Those that are ending already are as good as gone.
        if new.is_of_client(entry) || entry.end.borrow().is_some() {
            continue;
        }
        staying += 1;
        lost.extend(entry.lost.map(|since| (since, entry)));
    }
    let too_many = (staying + 1).saturating_sub(max);
    if lost.len() < too_many {
        return false;
    }
    lost.sort_by_key(|(since, _)| *since);
    for (_, entry) in lost.into_iter().take(too_many) {
        entry.end.send_replace(Some(SessionEnd::Replaced));
    }
    true
}

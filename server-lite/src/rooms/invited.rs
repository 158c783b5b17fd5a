//! Whom somebody has invited, for as long as an answer may come: nobody else
//! writes to people in the name of a room.

use std::collections::VecDeque;

/// How long an answer is passed on.
const WEEK_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// Invitations that one room remembers.
const MAX: usize = 500;

/// By bare addresses.
struct Invitation {
    guest: String,
    host: String,
    time_ms: i64,
}

/// Those of one room, the oldest first. They are in memory only: who declines
/// after a restart is told that nobody waits for it.
#[derive(Default)]
pub(super) struct Invitations(VecDeque<Invitation>);

impl Invitations {
    pub(super) fn add(&mut self, guest: &str, host: &str, now_ms: i64) {
        self.0.retain(|one| {
            let same = one.guest == guest && one.host == host;
            !same && now_ms.saturating_sub(one.time_ms) < WEEK_MS
        });
        if self.0.len() >= MAX {
            self.0.pop_front();
        }
        self.0.push_back(Invitation {
            guest: guest.to_owned(),
            host: host.to_owned(),
            time_ms: now_ms,
        });
    }

    /// Takes out the invitation that a guest declines, so that each is declined
    /// once: that of the host or, if the answer reaches the host in any case
    /// because `is_here`, one of anybody.
    pub(super) fn decline(&mut self, guest: &str, host: &str, is_here: bool, now_ms: i64) -> bool {
        let is_fresh = |one: &Invitation| now_ms.saturating_sub(one.time_ms) < WEEK_MS;
        let of_guest = |one: &Invitation| one.guest == guest && is_fresh(one);
        let of_host = self
            .0
            .iter()
            .position(|one| of_guest(one) && one.host == host);
        let place = of_host.or_else(|| is_here.then(|| self.0.iter().position(of_guest))?);
        place.and_then(|place| self.0.remove(place)).is_some()
    }

    /// An account is there no more.
    pub(super) fn forget(&mut self, user: &str) {
        self.0.retain(|one| one.guest != user && one.host != user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_declined_once_within_a_week() {
        let mut invited = Invitations::default();
        invited.add("guest", "host", 0);
        invited.add("guest", "host", 1);
        assert!(!invited.decline("other", "host", true, 2));
        assert!(!invited.decline("guest", "other", false, 2));
        assert!(!invited.decline("guest", "host", true, WEEK_MS + 1));
        assert!(invited.decline("guest", "host", false, WEEK_MS));
        assert!(!invited.decline("guest", "host", true, 2));
        invited.add("guest", "host", 3);
        assert!(invited.decline("guest", "other", true, 4));
        invited.add("guest", "host", 5);
        invited.forget("host");
        assert!(!invited.decline("guest", "host", true, 6));
    }

    #[test]
    fn a_room_remembers_the_newest() {
        let mut invited = Invitations::default();
        for n in 0..=MAX {
            invited.add(&n.to_string(), "host", 0);
        }
        assert_eq!(invited.0.len(), MAX);
        assert!(!invited.decline("0", "host", true, 0));
        assert!(invited.decline("1", "host", false, 0));
        invited.add("guest", "host", WEEK_MS);
        assert_eq!(invited.0.len(), 1);
    }
}

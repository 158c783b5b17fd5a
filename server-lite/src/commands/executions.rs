//! Executions of commands that wait for somebody to fill in a form (XEP-0050,
//! section 3.3): whose they are, and what was answered so far.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use xmpp_core::stanza_error::{Condition, StanzaError};

use crate::form::Filled;

/// How long a form may be looked at.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// Executions that one account may have begun, and all of them together.
const MAX_OF_USER: usize = 10;
const MAX_OPEN: usize = 1_000;

/// An execution that waits for a form.
pub(super) struct Open {
    pub(super) user: String,
    /// Number of the session that began it; no other goes on with it.
    pub(super) session: u64,
    pub(super) node: &'static str,
    /// The answers to the stages before the one that waits.
    pub(super) answers: Vec<Filled>,
    /// Since when it waits.
    pub(super) since: Instant,
}

/// What is known of an execution.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// There is none of that id, or it is not for who asks.
    Nothing,
    /// It waited for too long.
    TooLate,
    /// It waits for the stage after these answers.
    At(Vec<Filled>),
}

/// All that wait.
#[derive(Default)]
pub(super) struct Executions(Mutex<HashMap<String, Open>>);

impl Executions {
    fn with<T>(&self, act: impl FnOnce(&mut HashMap<String, Open>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn begin(&self, id: &str, begun: Open) -> Result<(), StanzaError> {
        self.with(|open| {
            let now = begun.since;
            open.retain(|_, other| now.duration_since(other.since) < PATIENCE);
            let of_user = open.values().filter(|other| other.user == begun.user);
            if open.len() >= MAX_OPEN || of_user.count() >= MAX_OF_USER {
                return Err(Condition::ResourceConstraint.into());
            }
            open.insert(id.to_owned(), begun);
            Ok(())
        })
    }

    /// Where an execution is that a session has begun.
    pub(super) fn find(&self, id: &str, session: u64, node: &str, now: Instant) -> Found {
        self.with(|open| {
            let begun = open.get(id);
            let Some(begun) = begun.filter(|one| one.session == session && one.node == node) else {
                return Found::Nothing;
            };
            if now.duration_since(begun.since) < PATIENCE {
                return Found::At(begun.answers.clone());
            }
            open.remove(id);
            Found::TooLate
        })
    }

    /// It waits for another stage now.
    pub(super) fn go(&self, id: &str, answers: Vec<Filled>, now: Instant) {
        self.with(|open| {
            if let Some(begun) = open.get_mut(id) {
                begun.answers = answers;
                begun.since = now;
            }
        });
    }

    pub(super) fn end(&self, id: &str) {
        self.with(|open| open.remove(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_thinks_for_too_long_begins_again() {
        let all = Executions::default();
        let since = Instant::now();
        let open = |user: &str, since| Open {
            user: user.to_owned(),
            session: 1,
            node: "n",
            answers: Vec::new(),
            since,
        };
        all.begin("a", open("rosa", since)).unwrap();
        let find = |session, node, now| all.find("a", session, node, now);
        let early = since + PATIENCE.checked_sub(Duration::from_secs(1)).unwrap();
        assert_eq!(find(2, "n", since), Found::Nothing);
        assert_eq!(find(1, "m", since), Found::Nothing);
        assert_eq!(find(1, "n", early), Found::At(Vec::new()));
        // Every stage has its own time.
        all.go("a", vec![Filled::default()], early);
        let late = since + PATIENCE;
        assert_eq!(find(1, "n", late), Found::At(vec![Filled::default()]));
        assert_eq!(find(1, "n", early + PATIENCE), Found::TooLate);
        assert_eq!(find(1, "n", early + PATIENCE), Found::Nothing);
        // What nobody comes back for makes room.
        for n in 0..MAX_OF_USER {
            all.begin(&n.to_string(), open("rosa", since)).unwrap();
        }
        assert!(all.begin("more", open("rosa", early)).is_err());
        all.begin("other", open("bob", early)).unwrap();
        all.begin("more", open("rosa", late)).unwrap();
    }
}

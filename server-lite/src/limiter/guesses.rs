//! How often an account may be guessed at: many addresses together must not have
//! more tries than one. Who has signed in from a network before is not locked out
//! by what others try elsewhere, and tokens cannot be guessed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::{HOUR, network};

/// Accounts, and networks of accounts, that are remembered. With more the oldest
/// are forgotten.
const MAX: usize = 10_000;

#[derive(Default)]
pub(crate) struct Guesses(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Failures by account, be it there or not, and since when.
    failures: HashMap<String, (u32, Instant)>,
    /// From where accounts have signed in, and when they last did.
    known: HashMap<(String, IpAddr), Instant>,
}

/// Makes room for one more.
fn bound<K: Clone + Eq + std::hash::Hash, V>(
    map: &mut HashMap<K, V>,
    since: impl Fn(&V) -> Instant,
) {
    if map.len() < MAX {
        return;
    }
    let mut times: Vec<Instant> = map.values().map(&since).collect();
    let middle = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    let median = *median;
    map.retain(|_, value| since(value) > median);
}

impl Guesses {
    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a password for this account is looked at.
    pub(crate) fn may_try(&self, account: &str, peer: IpAddr, max: u32, now: Instant) -> bool {
        self.with(|inner| {
            let failed = inner.failures.get(account);
            let is_within = failed
                .is_none_or(|(count, since)| *count < max || now.duration_since(*since) >= HOUR);
            let place = (account.to_owned(), network(peer));
            is_within || inner.known.contains_key(&place)
        })
    }

    /// Counts a wrong password.
    pub(crate) fn failed(&self, account: &str, now: Instant) {
        self.with(|inner| {
            bound(&mut inner.failures, |(_, since)| *since);
            let failed = inner.failures.entry(account.to_owned()).or_insert((0, now));
            if now.duration_since(failed.1) >= HOUR {
                *failed = (0, now);
            }
            failed.0 += 1;
        });
    }

    /// Notes a right one.
    pub(crate) fn succeeded(&self, account: &str, peer: IpAddr, now: Instant) {
        self.with(|inner| {
            bound(&mut inner.known, |at| *at);
            inner.known.insert((account.to_owned(), network(peer)), now);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const AWAY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1));

    #[test]
    fn guesses_are_counted_by_the_hour_and_do_not_lock_out_who_was_here() {
        let guesses = Guesses::default();
        let start = Instant::now();
        let may = |account, peer, now| guesses.may_try(account, peer, 2, now);
        guesses.succeeded("rosa", HOME, start);
        for _ in 0..2 {
            assert!(may("rosa", AWAY, start));
            guesses.failed("rosa", start);
        }
        assert!(!may("rosa", AWAY, start) && may("rosa", HOME, start));
        assert!(may("bob", AWAY, start));
        assert!(may("rosa", AWAY, start + HOUR));
        guesses.failed("rosa", start + HOUR);
        assert!(may("rosa", AWAY, start + HOUR), "counted anew");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let guesses = Guesses::default();
        let start = Instant::now();
        for number in 0..=MAX as u64 {
            let now = start + std::time::Duration::from_millis(number);
            guesses.failed(&format!("a{number}"), now);
            guesses.succeeded(&format!("a{number}"), HOME, now);
        }
        guesses.with(|inner| {
            assert!(inner.failures.len() <= MAX && inner.known.len() <= MAX);
            assert!(inner.failures.contains_key(&format!("a{MAX}")));
            assert!(!inner.failures.contains_key("a0"));
        });
    }
}

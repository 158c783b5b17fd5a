//! How often an account may be guessed at: many addresses together must not have
//! more tries than one. Who has signed in from a network before is not locked out
//! by what others try elsewhere, nor by what they try there: behind a proxy, or in
//! one office, all have the same address. They have a count of their own.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{HOUR, MINUTE, network};

/// Accounts, and networks of accounts, that are remembered. With more the oldest
/// are forgotten.
const MAX: usize = 10_000;

#[derive(Default)]
pub(crate) struct Guesses(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Failures by account, be it there or not.
    failures: HashMap<String, Count>,
    /// From where accounts have signed in.
    known: HashMap<(String, IpAddr), Known>,
    /// Failures with tokens, which nobody guesses: each costs the disk something.
    tokens: HashMap<(String, IpAddr), Count>,
}

/// Failures since a moment.
struct Count {
    failures: u32,
    since: Instant,
}

impl Count {
    fn new(now: Instant) -> Self {
        Self {
            failures: 0,
            since: now,
        }
    }

    fn is_below(&self, max: u32, within: Duration, now: Instant) -> bool {
        self.failures < max || now.duration_since(self.since) >= within
    }

    fn add(&mut self, within: Duration, now: Instant) {
        if now.duration_since(self.since) >= within {
            *self = Self::new(now);
        }
        self.failures += 1;
    }
}

/// An account in a network where it has signed in.
struct Known {
    /// When it last did.
    at: Instant,
    /// Wrong passwords from there.
    wrong: Count,
}

fn place(account: &str, peer: IpAddr) -> (String, IpAddr) {
    (account.to_owned(), network(peer))
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

    /// Whether a password for this account is looked at, if it has signed in from
    /// that network before; so many may be wrong in a minute.
    pub(super) fn may_try_again(
        &self,
        account: &str,
        peer: IpAddr,
        max: u32,
        now: Instant,
    ) -> Option<bool> {
        self.with(|inner| {
            let known = inner.known.get(&place(account, peer))?;
            Some(known.wrong.is_below(max, MINUTE, now))
        })
    }

    /// The same for all other networks together; so many may be wrong in an hour.
    pub(super) fn may_try(&self, account: &str, max: u32, now: Instant) -> bool {
        self.with(|inner| {
            let failed = inner.failures.get(account);
            failed.is_none_or(|failed| failed.is_below(max, HOUR, now))
        })
    }

    /// Counts a wrong password; whether the account has signed in from there before.
    pub(super) fn failed(&self, account: &str, peer: IpAddr, now: Instant) -> bool {
        self.with(|inner| {
            bound(&mut inner.failures, |failed| failed.since);
            let failed = inner.failures.entry(account.to_owned());
            failed.or_insert_with(|| Count::new(now)).add(HOUR, now);
            let Some(known) = inner.known.get_mut(&place(account, peer)) else {
                return false;
            };
            known.wrong.add(MINUTE, now);
            true
        })
    }

    /// Notes that its owner has signed in.
    pub(crate) fn succeeded(&self, account: &str, peer: IpAddr, now: Instant) {
        self.with(|inner| {
            bound(&mut inner.known, |known| known.at);
            let known = inner.known.entry(place(account, peer));
            let known = known.or_insert_with(|| Known {
                at: now,
                wrong: Count::new(now),
            });
            known.at = now;
        });
    }

    /// Whether a token of this account is looked at; so many may be wrong in a
    /// minute, of one network.
    pub(crate) fn may_try_token(
        &self,
        account: &str,
        peer: IpAddr,
        max: u32,
        now: Instant,
    ) -> bool {
        self.with(|inner| {
            let failed = inner.tokens.get(&place(account, peer));
            failed.is_none_or(|failed| failed.is_below(max, MINUTE, now))
        })
    }

    /// Counts a wrong token.
    pub(crate) fn token_failed(&self, account: &str, peer: IpAddr, now: Instant) {
        self.with(|inner| {
            bound(&mut inner.tokens, |failed| failed.since);
            let failed = inner.tokens.entry(place(account, peer));
            failed.or_insert_with(|| Count::new(now)).add(MINUTE, now);
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
        let may = |account, now| guesses.may_try(account, 2, now);
        guesses.succeeded("rosa", HOME, start);
        for _ in 0..2 {
            assert!(may("rosa", start));
            assert!(!guesses.failed("rosa", AWAY, start));
        }
        assert!(!may("rosa", start));
        let again = |peer, now| guesses.may_try_again("rosa", peer, 2, now);
        assert_eq!((again(HOME, start), again(AWAY, start)), (Some(true), None));
        assert!(may("bob", start));
        assert!(may("rosa", start + HOUR));
        guesses.failed("rosa", AWAY, start + HOUR);
        assert!(may("rosa", start + HOUR), "counted anew");
    }

    #[test]
    fn who_was_here_has_a_count_of_their_own() {
        let guesses = Guesses::default();
        let start = Instant::now();
        let again = |now| guesses.may_try_again("rosa", HOME, 2, now);
        guesses.succeeded("rosa", HOME, start);
        for _ in 0..2 {
            assert_eq!(again(start), Some(true));
            assert!(guesses.failed("rosa", HOME, start));
        }
        // Not even a right one from elsewhere in that network begins it anew.
        guesses.succeeded("rosa", HOME, start);
        assert_eq!(again(start), Some(false));
        assert_eq!(again(start + MINUTE), Some(true));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let guesses = Guesses::default();
        let start = Instant::now();
        for number in 0..=MAX as u64 {
            let now = start + Duration::from_millis(number);
            let account = format!("a{number}");
            guesses.failed(&account, HOME, now);
            guesses.succeeded(&account, HOME, now);
            guesses.token_failed(&account, HOME, now);
        }
        guesses.with(|inner| {
            assert!(inner.failures.len() <= MAX && inner.known.len() <= MAX);
            assert!(inner.tokens.len() <= MAX);
            assert!(inner.failures.contains_key(&format!("a{MAX}")));
            assert!(!inner.failures.contains_key("a0"));
        });
    }
}

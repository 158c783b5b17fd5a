//! What one address may do: connections at the same time, failed sign-ins a
//! minute. How often an account may be guessed at, from wherever (`guesses`). And
//! what all may do together: the system gives only so many open files, and the
//! database needs some of them.

mod guesses;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Limits;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// Addresses that are remembered. With more at once the oldest failures are forgotten.
const MAX_ADDRESSES: usize = 10_000;

/// Open files that are kept back for the database, its readers, uploads and
/// whatever the program opens besides.
const KEPT_BACK: usize = 200;
/// Open files that are enough for any team.
const ENOUGH: u64 = 65_536;
/// What is taken for the limit where the system says nothing.
const USUAL: usize = 1_024;

/// Files that this process may have open, after asking for more.
pub(crate) fn open_files() -> usize {
    #[cfg(unix)]
    match rlimit::increase_nofile_limit(ENOUGH) {
        Ok(limit) => return usize::try_from(limit).unwrap_or(usize::MAX),
        Err(error) => tracing::warn!(%error, "limit of open files"),
    }
    // Windows has no such limit on sockets.
    if cfg!(windows) {
        return usize::try_from(ENOUGH).unwrap_or(USUAL);
    }
    USUAL
}

pub(crate) struct Limiter {
    /// Guesses at one account, from however many addresses.
    pub(crate) guesses: Guesses,
    addresses: Mutex<HashMap<IpAddr, Usage>>,
    connections: AtomicUsize,
    max_connections: usize,
}

pub(crate) use self::guesses::Guesses;

#[derive(Default)]
struct Usage {
    connections: usize,
    failures: u32,
    since: Option<Instant>,
    registrations: u32,
    registered_since: Option<Instant>,
}

/// A connection that counts until it is dropped.
pub(crate) struct Permit {
    limiter: Arc<Limiter>,
    address: IpAddr,
}

/// One home has one IPv6 network: count those together.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl Limiter {
    fn with<T>(&self, address: IpAddr, act: impl FnOnce(&mut Usage) -> T) -> T {
        let mut addresses = self
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= MAX_ADDRESSES {
            addresses.retain(|_, usage| usage.connections > 0);
        }
        act(addresses.entry(network(address)).or_default())
    }

    /// With so many files, each connection being one.
    pub(crate) fn new(open_files: usize) -> Self {
        Self {
            guesses: Guesses::default(),
            addresses: Mutex::default(),
            connections: AtomicUsize::new(0),
            max_connections: open_files.saturating_sub(KEPT_BACK).max(1),
        }
    }

    /// Counts a connection; `None` if there are too many, of this address or in all.
    pub(crate) fn connect(self: &Arc<Self>, address: IpAddr, max: usize) -> Option<Permit> {
        if self.connections.load(Ordering::Relaxed) >= self.max_connections {
            return None;
        }
        let allowed = self.with(address, |usage| {
            let allowed = usage.connections < max;
            usage.connections += usize::from(allowed);
            allowed
        });
        allowed.then(|| {
            self.connections.fetch_add(1, Ordering::Relaxed);
            Permit {
                limiter: Arc::clone(self),
                address,
            }
        })
    }

    /// Whether a password for an account is looked at now.
    pub(crate) fn may_guess(
        &self,
        account: &str,
        peer: IpAddr,
        limits: &Limits,
        now: Instant,
    ) -> bool {
        let a_minute = limits.failures_per_minute;
        let again = self.guesses.may_try_again(account, peer, a_minute, now);
        again.unwrap_or_else(|| {
            let an_hour = limits.account_failures_per_hour;
            self.may_try(peer, a_minute, now) && self.guesses.may_try(account, an_hour, now)
        })
    }

    /// Counts a wrong one.
    pub(crate) fn guessed_wrong(&self, account: &str, peer: IpAddr, now: Instant) {
        if !self.guesses.failed(account, peer, now) {
            self.failed(peer, now);
        }
    }

    /// Whether this address may try to get in where nobody is known.
    pub(crate) fn may_try(&self, address: IpAddr, max: u32, now: Instant) -> bool {
        self.with(address, |usage| {
            let fresh = usage
                .since
                .is_some_and(|since| now.duration_since(since) < MINUTE);
            !fresh || usage.failures < max
        })
    }

    /// Counts an account that is made without an invite; `false` if there were
    /// too many in this hour.
    pub(crate) fn may_register(&self, address: IpAddr, max: u32, now: Instant) -> bool {
        self.with(address, |usage| {
            let is_old = |since| now.duration_since(since) >= HOUR;
            if usage.registered_since.is_none_or(is_old) {
                usage.registered_since = Some(now);
                usage.registrations = 0;
            }
            let allowed = usage.registrations < max;
            usage.registrations += u32::from(allowed);
            allowed
        })
    }

    /// Takes back the count of an account that was not made.
    pub(crate) fn not_registered(&self, address: IpAddr) {
        self.with(address, |usage| {
            usage.registrations = usage.registrations.saturating_sub(1);
        });
    }

    /// Counts a failed sign-in.
    pub(crate) fn failed(&self, address: IpAddr, now: Instant) {
        self.with(address, |usage| {
            if usage
                .since
                .is_none_or(|since| now.duration_since(since) >= MINUTE)
            {
                usage.since = Some(now);
                usage.failures = 0;
            }
            usage.failures += 1;
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.limiter.connections.fetch_sub(1, Ordering::Relaxed);
        self.limiter.with(self.address, |usage| {
            usage.connections = usage.connections.saturating_sub(1);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn some_files_are_kept_back_from_all_together() {
        let limiter = Arc::new(Limiter::new(KEPT_BACK + 2));
        let connect = |last| limiter.connect([127, 0, 0, last].into(), 10);
        let (one, two) = (connect(1), connect(2));
        assert!(one.is_some() && two.is_some() && connect(3).is_none());
        drop(one);
        assert!(connect(3).is_some());
        assert!(Limiter::new(open_files()).max_connections > 500);
    }

    #[test]
    fn connections_are_counted_while_they_last() {
        let limiter = Arc::new(Limiter::new(USUAL));
        let first = limiter.connect(A, 1);
        assert!(first.is_some());
        assert!(limiter.connect(A, 1).is_none());
        assert!(limiter.connect("127.0.0.2".parse().unwrap(), 1).is_some());
        drop(first);
        assert!(limiter.connect(A, 1).is_some());
    }

    #[test]
    fn failures_are_forgotten_after_a_minute() {
        let limiter = Limiter::new(USUAL);
        let start = Instant::now();
        for _ in 0..3 {
            assert!(limiter.may_try(A, 3, start));
            limiter.failed(A, start);
        }
        assert!(!limiter.may_try(A, 3, start + Duration::from_secs(59)));
        assert!(limiter.may_try(A, 3, start + MINUTE));
    }

    #[test]
    fn registrations_are_counted_by_the_hour() {
        let limiter = Limiter::new(USUAL);
        let start = Instant::now();
        assert!(limiter.may_register(A, 2, start) && limiter.may_register(A, 2, start));
        assert!(!limiter.may_register(A, 2, start + MINUTE));
        limiter.not_registered(A);
        assert!(limiter.may_register(A, 2, start + MINUTE));
        assert!(limiter.may_register(A, 2, start + HOUR));
        assert!(!limiter.may_register(A, 0, start + HOUR + HOUR));
    }

    #[test]
    fn one_network_is_one_address() {
        let a: IpAddr = "2001:db8::1".parse().unwrap();
        let b: IpAddr = "2001:db8::ffff:2".parse().unwrap();
        let mapped: IpAddr = "::ffff:127.0.0.1".parse().unwrap();
        assert_eq!(network(a), network(b));
        assert_eq!(network(mapped), A);
    }
}

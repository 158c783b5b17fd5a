//! What is true of the computer rather than of one account: whether somebody
//! looks at the window, whether the window answers at all, whether the network
//! changed or the computer slept.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::Clock;

/// Between two looks.
const TICK: Duration = Duration::from_secs(5);
/// The clock on the wall was this much further than the looks account for: the
/// computer slept (its other clock stood still), or the clock was set. In either
/// case nobody knows whether connections still stand.
const SLEPT_MS: i64 = 10_000;
/// A window that has not said anything for this long hangs. Timers of a hidden
/// window may run once a minute only.
const SILENT_AFTER: Duration = Duration::from_secs(150);
/// The computer was not used for this long: its user is away.
const AWAY_AFTER_MS: i64 = 5 * 60 * 1000;

/// Whether somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attention {
    /// Somebody looks at the window.
    pub(crate) active: bool,
    /// The computer is not used, since when.
    pub(crate) away_since_ms: Option<i64>,
    /// The window hangs.
    pub(crate) silent: bool,
}

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Surroundings {
    inner: Arc<Inner>,
}

struct Inner {
    attention: watch::Sender<Attention>,
    /// Counts changes.
    network: watch::Sender<u64>,
    /// When the window last spoke; a program without one never does.
    heard: Mutex<Option<Instant>>,
}

/// What the last look saw.
struct Look {
    wall_ms: i64,
    addresses: Option<BTreeSet<IpAddr>>,
}

impl Default for Surroundings {
    fn default() -> Self {
        let attention = Attention {
            active: true,
            away_since_ms: None,
            silent: false,
        };
        Self {
            inner: Arc::new(Inner {
                attention: watch::Sender::new(attention),
                network: watch::Sender::new(0),
                heard: Mutex::new(None),
            }),
        }
    }
}

impl Surroundings {
    pub(crate) fn attention(&self) -> watch::Receiver<Attention> {
        self.inner.attention.subscribe()
    }

    pub(crate) fn network(&self) -> watch::Receiver<u64> {
        self.inner.network.subscribe()
    }

    /// Connections may be dead without knowing it.
    pub(crate) fn network_changed(&self) {
        self.inner.network_changed();
    }

    /// The window speaks.
    pub(crate) fn attend(&self, active: bool, idle_since_ms: Option<i64>, now_ms: i64) {
        *self.inner.heard() = Some(Instant::now());
        self.inner.set(Attention {
            active,
            away_since_ms: idle_since_ms.filter(|since| now_ms - since >= AWAY_AFTER_MS),
            silent: false,
        });
    }

    /// Looks from time to time, until the last handle is gone.
    pub(crate) async fn watch(self, clock: Clock, interfaces: bool) {
        let inner = Arc::downgrade(&self.inner);
        drop(self);
        let mut last = Look {
            wall_ms: clock.now_ms(),
            addresses: addresses(interfaces).await,
        };
        loop {
            tokio::time::sleep(TICK).await;
            let now = Look {
                wall_ms: clock.now_ms(),
                addresses: addresses(interfaces).await,
            };
            let Some(inner) = Weak::upgrade(&inner) else {
                return;
            };
            if changed(&last, &now) {
                tracing::info!("the computer slept, or its network changed");
                inner.network_changed();
            }
            inner.expire(Instant::now());
            last = now;
        }
    }
}

impl Inner {
    fn heard(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn network_changed(&self) {
        self.network.send_modify(|count| *count += 1);
    }

    fn set(&self, attention: Attention) {
        self.attention.send_if_modified(|current| {
            let changed = *current != attention;
            *current = attention;
            changed
        });
    }

    /// Finds out that the window has fallen silent.
    fn expire(&self, now: Instant) {
        let silent = self
            .heard()
            .is_some_and(|heard| now.duration_since(heard) >= SILENT_AFTER);
        if silent {
            let current = *self.attention.borrow();
            self.set(Attention {
                active: false,
                silent: true,
                ..current
            });
        }
    }
}

fn changed(last: &Look, now: &Look) -> bool {
    let tick = i64::try_from(TICK.as_millis()).unwrap_or(i64::MAX);
    let slept = now.wall_ms - last.wall_ms - tick >= SLEPT_MS;
    let moved = match (&last.addresses, &now.addresses) {
        (Some(last), Some(now)) => last != now,
        _ => false,
    };
    slept || moved
}

/// The addresses of the computer that lead anywhere; `None` if it does not say.
async fn addresses(interfaces: bool) -> Option<BTreeSet<IpAddr>> {
    if !interfaces {
        return None;
    }
    let found = tokio::task::spawn_blocking(if_addrs::get_if_addrs).await;
    let found = found.ok()?.ok()?;
    let lead_anywhere = |address: &IpAddr| match address {
        IpAddr::V4(address) => !address.is_loopback() && !address.is_link_local(),
        IpAddr::V6(address) => !address.is_loopback() && !address.is_unicast_link_local(),
    };
    Some(
        found
            .into_iter()
            .map(|interface| interface.ip())
            .filter(lead_anywhere)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_and_another_network_are_noticed() {
        let look = |wall_ms, addresses: &[&str]| Look {
            wall_ms,
            addresses: Some(addresses.iter().map(|text| text.parse().unwrap()).collect()),
        };
        let home = ["192.168.1.2"];
        assert!(!changed(&look(0, &home), &look(5_100, &home)));
        assert!(!changed(&look(0, &home), &look(-90_000, &home)));
        assert!(changed(&look(0, &home), &look(3_600_000, &home)));
        assert!(changed(&look(0, &home), &look(5_000, &["10.0.0.2"])));
        assert!(changed(&look(0, &[]), &look(5_000, &home)));
        let unknown = Look {
            wall_ms: 5_000,
            addresses: None,
        };
        assert!(!changed(&look(0, &home), &unknown));
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_that_falls_silent_is_noticed() {
        let surroundings = Surroundings::default();
        let attention = surroundings.attention();
        let watched = tokio::spawn(surroundings.clone().watch(Clock::default(), false));
        tokio::time::sleep(SILENT_AFTER * 2).await;
        assert!(!attention.borrow().silent, "there is no window at all");
        surroundings.attend(true, Some(0), AWAY_AFTER_MS);
        assert_eq!(attention.borrow().away_since_ms, Some(0));
        surroundings.attend(true, Some(1), AWAY_AFTER_MS);
        assert_eq!(attention.borrow().away_since_ms, None, "not long enough");
        tokio::time::sleep(SILENT_AFTER + TICK).await;
        assert!(attention.borrow().silent && !attention.borrow().active);
        surroundings.attend(true, None, 0);
        assert!(!attention.borrow().silent && attention.borrow().active);
        drop((surroundings, attention));
        watched.await.unwrap();
    }
}

//! Whether the clock is believed when something is to go because of its age. A
//! machine whose clock stands years ahead for a while, as some do after they were
//! without power, must not lose all that was said.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How far it may be ahead of what is known: as long as a server that is switched
/// off over the holidays.
const FAR: Duration = Duration::from_secs(14 * 24 * 3600);
/// A clock that stays ahead for this long is right: the server was off for long.
const STEADY: Duration = Duration::from_secs(24 * 3600);

pub(crate) struct Calendar(Mutex<Known>);

struct Known {
    /// A time that is believed, and the moment when it was.
    time_ms: i64,
    at: Instant,
    /// Since when the clock has been far ahead of that.
    ahead: Option<Instant>,
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Calendar {
    /// It was at least that late when the newest message was written.
    pub(crate) fn new(newest_ms: i64, now: Instant) -> Self {
        Self(Mutex::new(Known {
            time_ms: newest_ms,
            at: now,
            ahead: None,
        }))
    }

    /// Whether something may go now that is too old by this clock.
    pub(crate) fn believes(&self, now_ms: i64, now: Instant) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = millis(now.duration_since(known.at));
        let expected = known.time_ms.saturating_add(passed);
        if now_ms > expected.saturating_add(millis(FAR)) {
            let since = *known.ahead.get_or_insert(now);
            if now.duration_since(since) < STEADY {
                return false;
            }
        }
        *known = Known {
            time_ms: now_ms,
            at: now,
            ahead: None,
        };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);
    const YEAR_MS: i64 = 365 * 24 * 3600 * 1000;

    #[test]
    fn a_clock_that_is_far_ahead_is_not_believed_until_it_stays_there() {
        let start = Instant::now();
        let now_ms = |days: u32| YEAR_MS + millis(DAY * days);
        let calendar = Calendar::new(now_ms(0), start);
        assert!(calendar.believes(now_ms(10), start), "off for ten days");
        // It jumps a year ahead, and is set right again.
        assert!(!calendar.believes(now_ms(10) + YEAR_MS, start));
        assert!(calendar.believes(now_ms(11), start + DAY));
        // Time passes without a look.
        assert!(calendar.believes(now_ms(100), start + DAY * 90));
        // It was off for a year: what is true stays true.
        let calendar = Calendar::new(now_ms(0), start);
        let ahead = now_ms(0) + YEAR_MS;
        assert!(!calendar.believes(ahead, start));
        assert!(!calendar.believes(ahead + millis(DAY) / 2, start + DAY / 2));
        assert!(calendar.believes(ahead + millis(DAY), start + DAY));
        assert!(calendar.believes(ahead + millis(DAY), start + DAY));
    }
}

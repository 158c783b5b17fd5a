//! How fast a client may send: whoever sends faster is not read for a while.
//! Nobody is ended for it; TCP holds up the sender.

use tokio::time::{Duration, Instant};

use crate::Limits;

/// What may be spent, and is given back with time.
struct Bucket {
    left: f64,
    /// Up to when it was filled.
    filled: Instant,
    per_second: f64,
    burst: f64,
}

impl Bucket {
    fn full(per_second: f64, burst: f64, now: Instant) -> Self {
        Self {
            left: burst,
            filled: now,
            per_second,
            burst,
        }
    }

    /// Spends; it may go into debt with the last thing.
    fn spend(&mut self, amount: f64, now: Instant) {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.left = (self.left + passed * self.per_second).min(self.burst) - amount;
    }

    /// When there is something again, if there is nothing now.
    fn ready_at(&self) -> Option<Instant> {
        let is_limited = self.per_second > 0.0;
        (is_limited && self.left < 0.0)
            .then(|| self.filled + Duration::from_secs_f64(-self.left / self.per_second))
    }
}

/// Stanzas and bytes of one session.
pub(super) struct Pace {
    stanzas: Bucket,
    bytes: Bucket,
}

impl Pace {
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        let bucket =
            |per_second: u32, burst: u32| Bucket::full(per_second.into(), burst.into(), now);
        Self {
            stanzas: bucket(limits.stanzas_per_second, limits.stanzas_burst),
            bytes: bucket(limits.bytes_per_second, limits.bytes_burst),
        }
    }

    /// Counts what was read.
    pub(super) fn count(&mut self, is_stanza: bool, bytes: usize, now: Instant) {
        self.stanzas.spend(f64::from(u8::from(is_stanza)), now);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.bytes.spend(bytes.into(), now);
    }

    /// When the next may be read, if not now.
    pub(super) fn wait(&self, now: Instant) -> Option<Instant> {
        let ready = self.stanzas.ready_at().max(self.bytes.ready_at());
        ready.filter(|ready| *ready > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(stanzas: (u32, u32), bytes: (u32, u32)) -> Limits {
        Limits {
            stanzas_per_second: stanzas.0,
            stanzas_burst: stanzas.1,
            bytes_per_second: bytes.0,
            bytes_burst: bytes.1,
            ..Limits::default()
        }
    }

    #[test]
    fn a_burst_is_free_and_then_time_counts() {
        let start = Instant::now();
        let mut pace = Pace::new(&limits((10, 5), (1000, 1000)), start);
        for _ in 0..5 {
            pace.count(true, 10, start);
        }
        assert_eq!(pace.wait(start), None);
        pace.count(true, 10, start);
        let ready = pace.wait(start).unwrap();
        assert_eq!((ready - start).as_millis(), 100);
        assert_eq!(pace.wait(ready), None);
        // Long silence gives no more than a burst.
        let later = start + Duration::from_secs(60);
        for _ in 0..6 {
            pace.count(true, 1, later);
        }
        assert!(pace.wait(later).is_some());
    }

    #[test]
    fn bytes_count_too_and_what_is_no_stanza_only_by_them() {
        let start = Instant::now();
        let mut pace = Pace::new(&limits((10, 1), (1000, 1000)), start);
        for _ in 0..10 {
            pace.count(false, 100, start);
        }
        assert_eq!(pace.wait(start), None);
        pace.count(false, 500, start);
        assert_eq!((pace.wait(start).unwrap() - start).as_millis(), 500);
    }

    #[test]
    fn nothing_a_second_is_no_limit() {
        let start = Instant::now();
        let mut pace = Pace::new(&limits((0, 0), (0, 0)), start);
        pace.count(true, 1 << 30, start);
        assert_eq!(pace.wait(start), None);
    }
}

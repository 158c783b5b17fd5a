//! Chance that is the same in every run with the same seed.

/// A generator (splitmix64). Not for secrets.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mixed(seed ^ STEP))
    }

    /// Dice for one thing, so that what others throw does not change its luck.
    pub(crate) fn of(seed: u64, what: &str, number: u64) -> Self {
        let named = what
            .bytes()
            .fold(seed, |hash, byte| mixed(hash ^ u64::from(byte)));
        Self::new(named ^ mixed(number.wrapping_add(STEP)))
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// A number below `end`; 0 if `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.bits() % end }
    }

    /// As [`Dice::below`], for places in lists.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// A number from `low` to `high`, both of them too.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True once in `times`.
    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of these; the default if there is none.
    pub(crate) fn pick<T: Clone + Default>(&mut self, from: &[T]) -> T {
        from.get(self.index(from.len()))
            .cloned()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_sequence() {
        let take = |mut dice: Dice| (0..8).map(|_| dice.below(1000)).collect::<Vec<_>>();
        assert_eq!(take(Dice::new(7)), take(Dice::new(7)));
        assert_ne!(take(Dice::new(7)), take(Dice::new(8)));
        assert_ne!(take(Dice::of(7, "a", 1)), take(Dice::of(7, "a", 2)));
        assert_ne!(take(Dice::of(7, "a", 1)), take(Dice::of(7, "b", 1)));
        assert_eq!(Dice::new(1).below(0), 0);
    }
}

//! The hits of several accounts as one list, and places in it.
//!
//! The list goes back in time, second by second; within a second by account, then
//! from the newest local id back. So a place is enough to go on from, also when
//! messages have come or gone meanwhile.

use std::cmp::Reverse;

use super::terms::{first_key, key_in, parts, second};

/// A place in the list: what comes after it is still to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    second: i64,
    account: String,
    id: i64,
}

impl Place {
    /// Where the message with this key stands.
    pub(crate) fn of(account: &str, key: i64) -> Self {
        let (second, id) = parts(key);
        Self {
            second,
            account: account.to_owned(),
            id,
        }
    }

    /// Reads what [`Self::write`] wrote.
    pub(crate) fn read(written: &str) -> Option<Self> {
        let mut parts = written.splitn(3, '.');
        Some(Self {
            second: parts.next()?.parse().ok()?,
            id: parts.next()?.parse().ok()?,
            account: parts.next()?.to_owned(),
        })
    }

    pub(crate) fn write(&self) -> String {
        format!("{}.{}.{}", self.second, self.id, self.account)
    }

    /// The key below which an account has what comes after this place.
    pub(crate) fn below(&self, account: &str) -> i64 {
        match account.cmp(&self.account) {
            std::cmp::Ordering::Less => first_key(self.second),
            std::cmp::Ordering::Equal => key_in(self.second, self.id),
            std::cmp::Ordering::Greater => key_in(self.second, i64::MAX).saturating_add(1),
        }
    }

    fn order(&self) -> (Reverse<i64>, &str, Reverse<i64>) {
        (Reverse(self.second), &self.account, Reverse(self.id))
    }
}

/// What one account found.
pub(crate) struct Part<T> {
    pub(crate) account: String,
    /// With their keys, which go down.
    pub(crate) hits: Vec<(i64, T)>,
    /// The key down to which everything was looked at; `None` if that is all.
    pub(crate) reached: Option<i64>,
}

/// Makes one list of them, and says where it goes on.
pub(crate) fn merge<T>(parts: Vec<Part<T>>, limit: usize) -> (Vec<(String, T)>, Option<Place>) {
    let mut all = Vec::new();
    let mut known_to: Option<Place> = None;
    for part in parts {
        // Beyond where one account stopped, nothing is known of the order.
        let reached = part.reached.map(|key| Place::of(&part.account, key));
        if let Some(reached) = reached
            && known_to
                .as_ref()
                .is_none_or(|known| reached.order() < known.order())
        {
            known_to = Some(reached);
        }
        all.extend(
            part.hits
                .into_iter()
                .map(|(key, hit)| (Place::of(&part.account, key), hit)),
        );
    }
    all.sort_by(|(one, _), (other, _)| one.order().cmp(&other.order()));
    let known = all.partition_point(|(place, _)| {
        known_to
            .as_ref()
            .is_none_or(|known_to| place.order() <= known_to.order())
    });
    let is_cut = known > limit;
    all.truncate(known.min(limit));
    let next = if is_cut {
        all.last().map(|(place, _)| place.clone())
    } else {
        known_to
    };
    (
        all.into_iter()
            .map(|(place, hit)| (place.account, hit))
            .collect(),
        next,
    )
}

/// The key from which on everything was written at this time or later.
pub(crate) fn from(time_ms: i64) -> i64 {
    first_key(second(time_ms))
}

/// The key below which everything lies that was written before this time.
pub(crate) fn before(time_ms: i64) -> i64 {
    key_in(second(time_ms), i64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, prop, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn places_are_written_and_read() {
        let place = Place::of("b.c.d", key_in(1_764_139_000, 7));
        assert_eq!(Place::read(&place.write()), Some(place));
        for odd in ["", "1", "1.2", "x.1.a", "1.y.a", "99999999999999999999.1.a"] {
            assert_eq!(Place::read(odd), None, "{odd}");
        }
        let edge = Place::of("a", key_in(i64::MAX, i64::MAX));
        assert_eq!(edge.below("b"), i64::MAX);
        assert!(Place::read("-5.-5.a").unwrap().below("b") >= 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Page by page, every hit of every account is shown once and in order, however
        /// far each account looks.
        #[test]
        fn pages_lose_nothing(
            accounts in prop::collection::vec(prop::collection::btree_set((0_i64..6, 0_i64..20), 0..25), 1..4),
            looks in 1_usize..9,
            limit in 1_usize..6,
            every in 1_i64..4,
        ) {
            let keys = |number: usize| accounts[number].iter().rev().map(|(second, id)| key_in(*second, *id));
            let is_hit = |key: i64| parts(key).1 % every == 0;
            let name = |number: usize| format!("account{number}");
            let mut shown = Vec::new();
            let mut place: Option<Place> = None;
            for _ in 0..500 {
                let found = (0..accounts.len()).map(|number| {
                    let account = name(number);
                    let below = place.as_ref().map_or(i64::MAX, |place| place.below(&account));
                    let (mut hits, mut reached, mut looked) = (Vec::new(), None, 0);
                    let mut stopped = false;
                    for key in keys(number).filter(|key| *key < below) {
                        if looked >= looks || hits.len() >= limit {
                            stopped = true;
                            break;
                        }
                        looked += 1;
                        reached = Some(key);
                        if is_hit(key) {
                            hits.push((key, key));
                        }
                    }
                    Part { account, hits, reached: reached.filter(|_| stopped) }
                }).collect();
                let (hits, next) = merge(found, limit);
                prop_assert_eq!(hits.len().min(limit), hits.len());
                shown.extend(hits);
                place = next;
                if place.is_none() {
                    break;
                }
            }
            prop_assert_eq!(place, None);
            let mut wanted: Vec<(String, i64)> = (0..accounts.len())
                .flat_map(|number| keys(number).filter(|key| is_hit(*key)).map(move |key| (name(number), key)))
                .collect();
            wanted.sort_by(|(one, a), (other, b)| Place::of(one, *a).order().cmp(&Place::of(other, *b).order()));
            prop_assert_eq!(shown, wanted);
        }
    }
}

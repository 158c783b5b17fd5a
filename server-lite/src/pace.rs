//! How fast an account may send, over all its sessions: whoever sends faster is
//! not read for a while. Nobody is ended for it; TCP holds up the sender. What
//! costs the server more than other stanzas counts for several, and what goes to
//! many counts for each of them besides.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::{Duration, Instant};
use xmpp_core::{Element, ns};

use crate::Limits;

/// Accounts that are remembered, before those are forgotten that rest.
const MAX_ACCOUNTS: usize = 1_000;
const MINUTE: Duration = Duration::from_secs(60);

/// For how many stanzas an element counts.
pub(crate) fn weight(element: &Element) -> u32 {
    if !element.has_ns(ns::CLIENT) {
        return 0;
    }
    let is_set = match element.attr("type") {
        Some("get") => false,
        Some("set") => true,
        _ => return invitations(element).max(1),
    };
    match element.children().next() {
        Some(query) if is_set && query.is("query", ns::MAM) => match seeks(query) {
            true => 10,
            false => 4,
        },
        Some(query) if is_set && query.is("query", ns::SEARCH) => 4,
        // A password is hashed, slowly on purpose.
        Some(query) if is_set && query.is("query", ns::REGISTER) => 20,
        Some(pubsub) if pubsub.is("pubsub", ns::PUBSUB) => 2,
        _ => 1,
    }
}

/// Each is a message of its own, for an archive of its own (XEP-0045, 7.8.2).
fn invitations(message: &Element) -> u32 {
    let invited = message.get_child("x", ns::MUC_USER);
    let count = invited.map_or(0, |invited| invited.children().count());
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Whether a question to the archive has it look at many messages for a few.
fn seeks(query: &Element) -> bool {
    let form = query.get_child("x", ns::DATA_FORMS);
    let mut fields = form.into_iter().flat_map(Element::children);
    fields.any(|field| match field.attr("var") {
        Some("with") => field.children().any(|value| value.text().contains('/')),
        Some(name) => name.ends_with("fulltext"),
        None => false,
    })
}

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

    /// Whether it is as full as it can be.
    fn is_full(&self, now: Instant) -> bool {
        if self.per_second <= 0.0 {
            return true;
        }
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.left + passed * self.per_second >= self.burst
    }

    /// When there is something again, if there is nothing now.
    fn ready_at(&self) -> Option<Instant> {
        let is_limited = self.per_second > 0.0;
        (is_limited && self.left < 0.0)
            .then(|| self.filled + Duration::from_secs_f64(-self.left / self.per_second))
    }
}

/// Things since a moment.
#[derive(Default)]
struct PerMinute {
    count: u32,
    since: Option<Instant>,
}

impl PerMinute {
    /// Counts one; `false` if there were too many in this minute.
    fn may_say(&mut self, limit: u32, now: Instant) -> bool {
        let is_over = |since: Instant| now.duration_since(since) >= MINUTE;
        if self.since.is_none_or(is_over) {
            self.since = Some(now);
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        self.count <= limit
    }

    fn rests(&self, now: Instant) -> bool {
        self.since
            .is_none_or(|since| now.duration_since(since) >= MINUTE)
    }
}

struct Usage {
    stanzas: Bucket,
    bytes: Bucket,
    /// Bytes of what was passed on to many, for each of them.
    fan_out: Bucket,
    presences: PerMinute,
    in_rooms: PerMinute,
}

/// What the sessions of one account have used.
#[derive(Clone)]
pub(crate) struct Pace(Arc<Mutex<Usage>>);

impl Pace {
    fn new(limits: &Limits, now: Instant) -> Self {
        let bucket =
            |per_second: u32, burst: u32| Bucket::full(per_second.into(), burst.into(), now);
        Self(Arc::new(Mutex::new(Usage {
            stanzas: bucket(limits.stanzas_per_second, limits.stanzas_burst),
            bytes: bucket(limits.bytes_per_second, limits.bytes_burst),
            fan_out: bucket(limits.fan_out_per_second, limits.fan_out_burst),
            presences: PerMinute::default(),
            in_rooms: PerMinute::default(),
        })))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Usage) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts what was read.
    pub(crate) fn count(&self, stanzas: u32, bytes: usize, now: Instant) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.with(|usage| {
            usage.stanzas.spend(stanzas.into(), now);
            usage.bytes.spend(bytes.into(), now);
        });
    }

    /// Counts what something came to that was passed on to many.
    pub(crate) fn count_fan_out(&self, bytes: usize, now: Instant) {
        // No more than the buckets are made for.
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.with(|usage| usage.fan_out.spend(bytes.into(), now));
    }

    /// When the next may be read, if not now.
    pub(crate) fn wait(&self, now: Instant) -> Option<Instant> {
        let ready = self.with(|usage| {
            let buckets = [&usage.stanzas, &usage.bytes, &usage.fan_out];
            buckets.into_iter().filter_map(Bucket::ready_at).max()
        });
        ready.filter(|ready| *ready > now)
    }

    /// Counts a presence; `false` if there were too many in this minute.
    pub(crate) fn may_show(&self, limit: u32, now: Instant) -> bool {
        self.with(|usage| usage.presences.may_say(limit, now))
    }

    /// The same for one to a room.
    pub(crate) fn may_show_in_room(&self, limit: u32, now: Instant) -> bool {
        self.with(|usage| usage.in_rooms.may_say(limit, now))
    }

    /// Whether nothing is lost if it is forgotten.
    fn rests(&self, now: Instant) -> bool {
        Arc::strong_count(&self.0) == 1
            && self.with(|usage| {
                usage.stanzas.is_full(now)
                    && usage.bytes.is_full(now)
                    && usage.fan_out.is_full(now)
                    && usage.presences.rests(now)
                    && usage.in_rooms.rests(now)
            })
    }
}

/// The pace of every account.
#[derive(Default)]
pub(crate) struct Paces(Mutex<HashMap<String, Pace>>);

impl Paces {
    /// That of one account: a new session begins where the last one was.
    pub(crate) fn of(&self, user: &str, limits: &Limits, now: Instant) -> Pace {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= MAX_ACCOUNTS {
            accounts.retain(|_, pace| !pace.rests(now));
        }
        let pace = accounts
            .entry(user.to_owned())
            .or_insert_with(|| Pace::new(limits, now));
        pace.clone()
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
        let pace = Pace::new(&limits((10, 5), (1000, 1000)), start);
        for _ in 0..5 {
            pace.count(1, 10, start);
        }
        assert_eq!(pace.wait(start), None);
        pace.count(1, 10, start);
        let ready = pace.wait(start).unwrap();
        assert_eq!((ready - start).as_millis(), 100);
        assert_eq!(pace.wait(ready), None);
        // Long silence gives no more than a burst.
        let later = start + Duration::from_secs(60);
        for _ in 0..6 {
            pace.count(1, 1, later);
        }
        assert!(pace.wait(later).is_some());
    }

    #[test]
    fn bytes_count_too_and_what_is_no_stanza_only_by_them() {
        let start = Instant::now();
        let pace = Pace::new(&limits((10, 1), (1000, 1000)), start);
        for _ in 0..10 {
            pace.count(0, 100, start);
        }
        assert_eq!(pace.wait(start), None);
        pace.count(0, 500, start);
        assert_eq!((pace.wait(start).unwrap() - start).as_millis(), 500);
    }

    #[test]
    fn what_goes_to_many_counts_for_each_of_them() {
        let start = Instant::now();
        let limits = Limits {
            fan_out_per_second: 1_000,
            fan_out_burst: 2_000,
            ..limits((10, 5), (1_000, 1_000))
        };
        let pace = Pace::new(&limits, start);
        pace.count_fan_out(2_000, start);
        assert_eq!(pace.wait(start), None);
        pace.count_fan_out(500, start);
        assert_eq!((pace.wait(start).unwrap() - start).as_millis(), 500);
    }

    #[test]
    fn nothing_a_second_is_no_limit() {
        let start = Instant::now();
        let pace = Pace::new(&limits((0, 0), (0, 0)), start);
        pace.count(1, 1 << 30, start);
        assert_eq!(pace.wait(start), None);
    }

    #[test]
    fn what_rests_is_forgotten_and_what_owes_is_not() {
        let start = Instant::now();
        let (paces, limits) = (Paces::default(), limits((1, 5), (1000, 1000)));
        paces.of("rosa", &limits, start).count(6, 0, start);
        for n in 0..MAX_ACCOUNTS {
            paces.of(&n.to_string(), &limits, start);
        }
        assert!(paces.0.lock().unwrap().len() <= 3);
        assert!(paces.of("rosa", &limits, start).wait(start).is_some());
    }

    #[test]
    fn what_costs_more_weighs_more() {
        let question = |field: &str, value: &str| {
            format!(
                "<iq type='set' id='1'><query xmlns='urn:xmpp:mam:2'><x xmlns='jabber:x:data'>\
                 <field var='{field}'><value>{value}</value></field></x></query></iq>"
            )
        };
        for (xml, expected) in [
            ("<message><body>x</body></message>".to_owned(), 1),
            ("<r xmlns='urn:xmpp:sm:3'/>".to_owned(), 0),
            (
                "<message><x xmlns='http://jabber.org/protocol/muc#user'>\
                 <invite to='a@b'/><invite to='b@b'/><invite to='c@b'/></x></message>"
                    .to_owned(),
                3,
            ),
            (question("with", "bob@team.internal"), 4),
            (question("with", "bob@team.internal/desk"), 10),
            (question("{urn:xmpp:fulltext:0}fulltext", "x"), 10),
            (
                "<iq type='get' id='1'><query xmlns='urn:xmpp:mam:2'/></iq>".to_owned(),
                1,
            ),
        ] {
            let element = xmpp_core::element::parse(xml.as_bytes()).unwrap();
            assert_eq!(weight(&element), expected, "{xml}");
        }
    }
}

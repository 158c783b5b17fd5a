//! Numbers of the running server, for `/metrics`: counters that everybody may
//! increment. What can be asked at that moment is not counted here.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn increment(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Stanzas by their kind.
#[derive(Debug, Default)]
pub(crate) struct Stanzas {
    pub(crate) messages: Counter,
    pub(crate) presences: Counter,
    pub(crate) requests: Counter,
}

impl Stanzas {
    /// Counts one that is called so.
    pub(crate) fn count(&self, name: &str) {
        match name {
            "message" => self.messages.increment(),
            "presence" => self.presences.increment(),
            "iq" => self.requests.increment(),
            _ => {}
        }
    }

    /// Counts one that is written out.
    pub(crate) fn count_xml(&self, xml: &str) {
        let name = xml.trim_start_matches('<').split([' ', '>', '/']).next();
        self.count(name.unwrap_or_default());
    }
}

/// Upper ends of the classes of [`Commits`]; one more is without an end.
pub(crate) const BATCHES: [u64; 5] = [1, 4, 16, 64, 256];

/// Transactions of the writer, by the number of jobs that shared one.
#[derive(Debug, Default)]
pub(crate) struct Commits {
    pub(crate) classes: [Counter; BATCHES.len() + 1],
    pub(crate) jobs: Counter,
    pub(crate) failed: Counter,
    pub(crate) micros: Counter,
}

impl Commits {
    /// Counts one that began at `start`.
    pub(crate) fn count(&self, jobs: usize, start: Instant, committed: bool) {
        let jobs = u64::try_from(jobs).unwrap_or(u64::MAX);
        let class = BATCHES.iter().position(|end| jobs <= *end);
        if let Some(class) = self.classes.get(class.unwrap_or(BATCHES.len())) {
            class.increment();
        }
        self.jobs.add(jobs);
        let micros = start.elapsed().as_micros();
        self.micros.add(u64::try_from(micros).unwrap_or(u64::MAX));
        if !committed {
            self.failed.increment();
        }
    }
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) started: Instant,
    pub(crate) received: Stanzas,
    pub(crate) sent: Stanzas,
    pub(crate) sign_ins: Counter,
    pub(crate) sign_ins_failed: Counter,
    pub(crate) commits: Commits,
    pub(crate) uploads: Counter,
    pub(crate) upload_bytes: Counter,
    pub(crate) downloads: Counter,
    pub(crate) download_bytes: Counter,
    pub(crate) pushes: Counter,
    pub(crate) pushes_failed: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            received: Stanzas::default(),
            sent: Stanzas::default(),
            sign_ins: Counter::default(),
            sign_ins_failed: Counter::default(),
            commits: Commits::default(),
            uploads: Counter::default(),
            upload_bytes: Counter::default(),
            downloads: Counter::default(),
            download_bytes: Counter::default(),
            pushes: Counter::default(),
            pushes_failed: Counter::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_classes() {
        let stanzas = Stanzas::default();
        for xml in [
            "<message xmlns='jabber:client'/>",
            "<iq/>",
            "<r xmlns='x'/>",
        ] {
            stanzas.count_xml(xml);
        }
        let counted = [&stanzas.messages, &stanzas.presences, &stanzas.requests];
        assert_eq!(counted.map(Counter::get), [1, 0, 1]);
        let commits = Commits::default();
        for jobs in [1, 2, 4, 5, 257, 512] {
            commits.count(jobs, Instant::now(), true);
        }
        let classes = commits.classes.each_ref().map(Counter::get);
        assert_eq!(classes, [1, 2, 1, 0, 0, 2]);
    }
}

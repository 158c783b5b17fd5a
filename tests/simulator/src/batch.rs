//! Many seeds, on several threads.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::judge::{Failure, Kind};
use crate::plan::Plan;

/// Failures after which no more seeds are tried.
const ENOUGH: usize = 10;
/// Failing plans that are shortened: that takes a while.
const SHORTENED: usize = 2;

/// Seeds to run.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    /// The first seed.
    pub from: u64,
    /// How many.
    pub seeds: u64,
    /// On so many threads.
    pub threads: usize,
}

impl Default for Batch {
    /// 2,000 seeds from 0 on two threads.
    fn default() -> Self {
        Self {
            from: 0,
            seeds: 2_000,
            threads: 2,
        }
    }
}

/// What a batch came to.
#[derive(Debug)]
pub struct Report {
    /// Plans that were run.
    pub plans: u64,
    /// Messages that they sent.
    pub sent: u64,
    /// How long it took.
    pub time: Duration,
    /// Seeds that failed, and why.
    pub failures: Vec<(u64, Failure)>,
    /// Short plans that fail as those do.
    pub short: Vec<Plan>,
}

impl Batch {
    /// Runs the plans of all seeds, and shortens the first ones that fail.
    ///
    /// # Errors
    /// What keeps plans from being run at all.
    pub fn run(&self) -> Result<Report> {
        let begin = Instant::now();
        let next = AtomicU64::new(self.from);
        let (plans, sent) = (AtomicU64::new(0), AtomicU64::new(0));
        let failures = Mutex::new(Vec::new());
        let failed = || failures.lock().unwrap_or_else(PoisonError::into_inner);
        let work = || -> Result<()> {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= self.from + self.seeds || failed().len() >= ENOUGH {
                    return Ok(());
                }
                let outcome = Plan::of_seed(seed).run(false)?;
                plans.fetch_add(1, Ordering::Relaxed);
                sent.fetch_add(outcome.sent as u64, Ordering::Relaxed);
                if let Some(failure) = outcome.failure {
                    failed().push((seed, failure));
                }
            }
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads.max(1))
                .map(|_| scope.spawn(work))
                .collect();
            threads
                .into_iter()
                .try_for_each(|thread| match thread.join() {
                    Ok(outcome) => outcome,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
        })?;
        let time = begin.elapsed();
        let mut failures = failures
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        failures.sort_by_key(|(seed, _)| *seed);
        let mut kinds: Vec<Kind> = Vec::new();
        let mut short = Vec::new();
        for (seed, failure) in &failures {
            if short.len() < SHORTENED && !kinds.contains(&failure.kind) {
                kinds.push(failure.kind);
                let kind = failure.kind;
                short.push(Plan::of_seed(*seed).shorten(|plan| plan.fails_with(kind)));
            }
        }
        Ok(Report {
            plans: plans.into_inner(),
            sent: sent.into_inner(),
            time,
            failures,
            short,
        })
    }
}

impl Plan {
    /// Whether the plan still fails in this way.
    #[must_use]
    pub fn fails_with(&self, kind: Kind) -> bool {
        let failure = self.run(false).ok().and_then(|outcome| outcome.failure);
        failure.is_some_and(|failure| failure.kind == kind)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} plans with {} messages in {:.1} s",
            self.plans,
            self.sent,
            self.time.as_secs_f64()
        )?;
        for (seed, failure) in &self.failures {
            write!(f, "\n\nseed {seed} fails: {failure}")?;
        }
        for plan in &self.short {
            write!(
                f,
                "\n\nThis fails too (`cargo xtask simulate --plan FILE`):\n{plan}"
            )?;
        }
        Ok(())
    }
}

//! Runs are the same each time, plans can be taken from one run to the next, and
//! the judge sees what is wrong. `cargo xtask simulate` runs many seeds.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use simulator::{Batch, Plan};

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..12 {
        let plan = Plan::of_seed(seed);
        let first = plan.run(false).unwrap();
        assert_eq!(first.hash, plan.run(false).unwrap().hash, "seed {seed}");
        // As a failing plan is run again: from its text, and with a trace.
        let again: Plan = plan.to_string().parse().unwrap();
        let again = again.run(true).unwrap();
        assert_eq!(first.hash, again.hash, "seed {seed}");
        assert!(again.trace.contains("the judge"), "{}", again.trace);
    }
}

#[test]
fn threads_do_not_disturb_one_another() {
    let alone: Vec<u64> = (0..8)
        .map(|seed| Plan::of_seed(seed).run(false).unwrap().hash)
        .collect();
    let together: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|seed| scope.spawn(move || Plan::of_seed(seed).run(false).unwrap().hash))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(alone, together);
}

#[test]
fn some_seeds() {
    let batch = Batch {
        seeds: 60,
        ..Batch::default()
    };
    let report = batch.run().unwrap();
    assert!(report.failures.is_empty(), "{report}");
    assert!(report.sent > 300, "{report}");
}

/// Two reactions reach the archive in one moment, and come back page by page
/// before the message does.
#[test]
fn a_plan_that_has_failed() {
    let plan = "seed 1372
        server acks=in-order resume=0 failed-h=true ask=1000 page=2 commit=2 carbon-ids=false
        devices anna1 anna2 anna3 carl1
        +286 stall anna2 582865
        +8 send anna1 carl 1
        +3132 stall carl1 41146
        +3052 react carl1 anna 0 ❤
        +76 send anna3 carl 1
        +35010 react carl1 anna 0 👍,🎉";
    let plan: Plan = plan.parse().unwrap();
    let outcome = plan.run(false).unwrap();
    assert!(outcome.failure.is_none(), "{plan}{:?}", outcome.failure);
}

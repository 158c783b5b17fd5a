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

/// Plans that have failed.
fn all_is_well(plan: &str) {
    let plan: Plan = plan.parse().unwrap();
    let outcome = plan.run(false).unwrap();
    assert!(outcome.failure.is_none(), "{plan}{:?}", outcome.failure);
}

/// Two reactions reach the archive in one moment, and come back page by page
/// before the message does.
#[test]
fn reactions_of_one_moment() {
    all_is_well(
        "seed 1372
        server acks=in-order resume=0 failed-h=true ask=1000 page=2 commit=2 carbon-ids=false
        devices anna1 anna2 anna3 carl1
        +286 stall anna2 582865
        +8 send anna1 carl 1
        +3132 stall carl1 41146
        +3052 react carl1 anna 0 ❤
        +76 send anna3 carl 1
        +35010 react carl1 anna 0 👍,🎉",
    );
}

/// What a room said before we went by another name there comes late, while the
/// archive is read to see what was first between two people.
#[test]
fn said_under_the_name_of_before() {
    all_is_well(
        "seed 1038
        server acks=in-order resume=300000 failed-h=false ask=10 page=100 occupant-ids=false
        room tea anna
        devices anna1
        +325705 lose anna1 down 73041
        +235 send anna1 carl 1
        +0 send anna1 #tea 1
        +2000 nick anna1 #tea kit",
    );
}

/// What one device decided about a room was on its way when its connection broke.
#[test]
fn a_decision_that_was_cut_off() {
    all_is_well(
        "seed 1811
        server acks=in-order resume=300000 failed-h=false ask=3 page=100
        room tea bela
        devices bela1 bela2
        +483735 cut bela2 server
        +6 cut-after bela1 down 298
        +4 mute bela2 #tea
        +30000 unmute bela1 #tea
        +3719 send bela1 anna 1",
    );
}

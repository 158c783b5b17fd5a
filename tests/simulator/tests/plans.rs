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

/// A room that had lost us takes another nickname for somebody who comes.
#[test]
fn another_name_in_a_room_that_had_lost_us() {
    all_is_well(
        "seed 1465
        server acks=in-order resume=300000 failed-h=false ask=3 page=100 commit=2 occupant-ids=true
        room tea anna bela
        devices anna2 bela1
        +173933 scatter #tea silent
        +36502 send anna2 #tea 1
        +483 nick bela1 #tea kit",
    );
}

/// Whoever is not bound yet has nothing to say as it goes.
#[test]
fn closed_while_it_signs_in() {
    all_is_well(
        "seed 2076
        server acks=in-order resume=300000 failed-h=false ask=1 page=100 commit=300
        devices anna1 anna2 bela1 bela2 carl1 carl2
        +57664 send anna2 bela 1
        +32838 send anna1 bela 1
        +8311 send bela2 anna 1
        +3300 edit anna1 bela 0
        +218782 restart 14877 told
        +23688 close bela2 859",
    );
}

/// Reactions of two devices cross, and come late and again, page by page.
#[test]
fn reactions_that_come_again_after_a_resumption() {
    all_is_well(
        "seed 2083
        server acks=in-order resume=300000 failed-h=false ask=10 page=1 commit=300 offline=true carbon-ids=true to-all=false tombstones=true anonymous=false occupant-ids=false
        devices anna1 anna2 bela1 carl1
        +1070 take-out bela1 anna
        +21 edit bela1 carl 0
        +29 online anna2
        +0 send anna2 carl 1
        +3000 react anna2 carl 0 -
        +13 react anna1 carl 0 ❤
        +12 react anna1 carl 0 ❤
        +66 react anna2 carl 0 👍,🎉
        +58 cut-after bela1 up 1137
        +2 send carl1 anna 1
        +15 cut-after carl1 up 1240
        +48 lose anna2 both 552",
    );
}

/// The archive of a room does not answer before the connection ends.
#[test]
fn the_archive_of_a_room_does_not_answer() {
    all_is_well(
        "seed 329
        server acks=in-order resume=4000 failed-h=false ask=3 page=1 commit=300 offline=true carbon-ids=true to-all=true tombstones=true anonymous=false occupant-ids=true
        room tea carl bela
        devices anna1 bela1 bela2 carl1 carl2
        +47 cut-after bela1 down 366
        +0 send carl2 #tea 1
        +2000 nick carl2 #tea kit
        +2000 nick bela1 #tea carl
        +2000 send bela1 #tea 1
        +2000 edit bela1 #tea 0
        +2000 retract carl2 #tea 0
        +78 send bela2 anna 1
        +269277 slow carl2 0 0
        +43 kill carl2 248
        +37 lose bela2 down 62505
        +0 send carl1 #tea 1
        +3000 offline carl1
        +3 react carl1 #tea 0 ❤
        +393 react carl1 #tea 0 ❤,🎉
        +185 edit carl1 #tea 0
        +77 edit carl1 #tea 0
        +9783 online carl1
        +130339 send bela2 anna 2
        +77510 offline bela1",
    );
}

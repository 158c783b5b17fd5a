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

/// A device whose connection was gone says late up to where it had read: less than
/// what the others have said since.
#[test]
fn a_late_word_does_not_set_back_what_was_read() {
    all_is_well(
        "seed 3282
        server acks=in-order resume=300000 failed-h=false ask=10 page=100 commit=2 offline=false carbon-ids=false to-all=true tombstones=false anonymous=true occupant-ids=true
        room tea bela carl
        devices bela1 bela2 bela3 carl1
        +28996 send carl1 #tea 1
        +39560 stall bela3 64693
        +3817 send bela3 #tea 1
        +513 send carl1 #tea 1
        +557 send bela1 #tea 1
        +0 close bela2 184434",
    );
}

/// To a room that has lost us another nickname is a way in. What was said before is
/// refused, what is said behind it is taken.
#[test]
fn another_name_waits_for_what_was_said() {
    all_is_well(
        "seed 3964
        server acks=in-order resume=300000 failed-h=false ask=3 page=100 commit=2 offline=false carbon-ids=true to-all=true tombstones=false anonymous=false occupant-ids=true
        room tea bela
        devices bela1
        +353331 cut bela1 server
        +2 scatter #tea told
        +2 send bela1 #tea 1
        +2000 nick bela1 #tea kit
        +31554 send bela1 #tea 1",
    );
}

/// The same, where nobody has noticed for long that the connection was gone.
#[test]
fn another_name_waits_for_what_was_said_before_a_long_silence() {
    all_is_well(
        "seed 6643
        server acks=in-order resume=300000 failed-h=false ask=3 page=100 commit=2 offline=false carbon-ids=true to-all=true tombstones=false anonymous=false occupant-ids=true
        room tea bela
        devices bela1
        +177 stall bela1 577192
        +1286 send bela1 #tea 1
        +2000 nick bela1 #tea kit
        +7995 send bela1 #tea 1
        +12 scatter #tea silent",
    );
}

/// Copies of what another device has sent carry no archive id, and came before what
/// this one had waiting.
#[test]
fn copies_without_ids_stand_before_what_waited() {
    all_is_well(
        "seed 5278
        server acks=in-order resume=300000 failed-h=true ask=1000 page=1 commit=300 offline=false carbon-ids=false to-all=true tombstones=false anonymous=false occupant-ids=true
        devices anna1 bela1 bela2
        +234028 send bela1 anna 1
        +383 lose anna1 down 200000
        +4440 restart 598 silent
        +100 send bela2 anna 2
        +4004 send bela1 anna 1",
    );
}

/// To a room that has lost us the nickname that we have is a way in, too, and nobody
/// could tell.
#[test]
fn the_same_name_again_in_a_room_that_had_lost_us() {
    all_is_well(
        "seed 10471
        server acks=in-order resume=300000 failed-h=false ask=3 page=100 commit=2 offline=false carbon-ids=true to-all=true tombstones=false anonymous=false occupant-ids=true
        room tea bela anna
        devices anna1 bela2
        +344995 scatter #tea silent
        +0 send bela2 #tea 1
        +20242 nick anna1 #tea anna",
    );
}

/// One device leaves a room while a message of another one is on its way; and then
/// that one wants to be in it.
#[test]
fn refused_because_another_device_has_left() {
    all_is_well(
        "seed 11020
        server acks=in-order resume=300000 failed-h=false ask=3 page=100 commit=2 offline=false carbon-ids=true to-all=true tombstones=false anonymous=false occupant-ids=true
        room tea carl
        devices carl2 carl3
        +337727 slow carl2 40 400
        +3119 send carl2 #tea 1
        +1 cut carl2 server
        +2 mute carl2 #tea
        +471 leave carl3 #tea
        +28495 scatter #tea told",
    );
}

/// A message that was never sent is taken back, and what answers it waits.
#[test]
fn an_answer_to_what_never_went() {
    all_is_well(
        "seed 6484
        server acks=in-order resume=300000 failed-h=false ask=3 page=100 commit=2 offline=false carbon-ids=true to-all=true tombstones=false anonymous=false occupant-ids=true
        devices bela1
        +2939 stall bela1 6709
        +52 send bela1 anna 1
        +52 offline bela1
        +3095 send bela1 anna 1
        +80159 reply bela1 anna 1
        +14091 retract bela1 anna 5
        +1160 close bela1 47482",
    );
}

/// Somebody writes while what was missed is still being read.
#[test]
fn whoever_writes_has_not_read_what_was_missing() {
    all_is_well(
        "seed 8145
        server acks=in-order resume=300000 failed-h=false ask=10 page=2 commit=300 offline=false carbon-ids=true to-all=true tombstones=false anonymous=false occupant-ids=true
        devices anna1 bela1 bela2
        +64178 send anna1 bela 6
        +79 close bela1 852
        +2839 send bela1 anna 1",
    );
}

/// Two edits of one moment are kept for whoever is away, and a page of the archive
/// begins with the second.
#[test]
fn edits_of_one_moment_kept_for_later() {
    all_is_well(
        "seed 8653
        server acks=in-order resume=300000 failed-h=false ask=10 page=3 commit=2 offline=true carbon-ids=true to-all=true tombstones=false anonymous=false occupant-ids=true
        devices anna1 bela1
        +39 send anna1 bela 1
        +30928 slow anna1 300 0
        +653650 edit anna1 bela 0
        +4 edit anna1 bela 0
        +37 close bela1 50797
        +100 send anna1 bela 2",
    );
}

/// The archive says that two messages crossed, after one was marked as unread.
#[test]
fn a_mark_stays_where_messages_move() {
    all_is_well(
        "seed 11573
        server acks=in-order resume=300000 failed-h=false ask=3 page=3 commit=2 offline=false carbon-ids=true to-all=true tombstones=false anonymous=false occupant-ids=true
        devices anna1 bela1
        +621 slow bela1 2000 0
        +271060 send bela1 anna 1
        +100 send anna1 bela 1
        +4065 read bela1 anna
        +86 mark-unread bela1 anna",
    );
}

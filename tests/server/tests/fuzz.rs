//! A bounded part of what `cargo xtask fuzz` does without end: always the same.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use server_tests::fuzz::{parser, stanzas};
use server_tests::startalk::Startalk;

const SEED: u64 = 1;

#[test]
fn the_parser_takes_any_stream() {
    let outcome = parser::run(SEED, 6_000).unwrap_or_else(|why| panic!("{why}"));
    // Both ways are gone often, or the corpus has lost its use.
    assert!(outcome.read > 1_000, "{outcome:?}");
    assert!(outcome.refused > 1_000, "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_answers_any_stanza() {
    let mut server = Startalk::with(&["rosa", "bob"]);
    let outcome = stanzas::run(&mut server, SEED, 600).await;
    let outcome = outcome.unwrap_or_else(|why| panic!("{why:#}"));
    assert!(outcome.answered > 200, "{outcome:?}");
    assert!(server.stop(), "{}", server.said());
}

//! `cargo xtask fuzz`: both kinds of fuzzing until the time is up, with seeds
//! that no run before had. Stops at the first finding and prints its seed.
//!
//! usage: fuzz-server MINUTES

#![allow(
    clippy::print_stdout,
    clippy::large_futures,
    reason = "a command-line tool: prints what it found"
)]

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use server_tests::fuzz::{parser, stanzas};
use server_tests::startalk::Startalk;

#[tokio::main]
async fn main() -> ExitCode {
    let minutes = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let end = Instant::now() + Duration::from_secs(60 * minutes.unwrap_or(5));
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut seed = now.map_or(1, |now| now.as_secs()) << 24;
    println!("first seed: {seed}");
    let (mut streams, mut elements) = (0_u64, 0_u64);
    while Instant::now() < end {
        if let Err(why) = parser::run(seed, 20_000) {
            println!("{why}");
            return ExitCode::FAILURE;
        }
        // A fresh server: what one left behind must not hide the next.
        let mut server = Startalk::with(&["rosa", "bob"]);
        if let Err(why) = stanzas::run(&mut server, seed, 5_000).await {
            println!("{why:#}\n{}", server.said());
            return ExitCode::FAILURE;
        }
        (seed, streams, elements) = (seed + 20_000, streams + 20_000, elements + 5_000);
        println!("{streams} streams and {elements} stanzas, nothing found");
    }
    ExitCode::SUCCESS
}

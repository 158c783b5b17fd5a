//! `cargo xtask bench engine`: the figures of the client's engine, with their aims.
//! Prints a table; decides nothing. `--short` shows that the bench itself works.
//!
//! A cache is made once, with a real account of our server; each start is measured
//! in a process of its own, which this program starts with the word `open`. With the
//! word `make` it makes such a cache for `cargo xtask bench desktop`. For a look with a
//! profiler, `fill FOLDER` makes one that is kept, and `hear FOLDER TOGETHER` writes
//! into it, so many messages in a transaction.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::large_futures,
    reason = "a bench prints its result"
)]

mod catching_up;
mod device;
mod feeding;
mod making;
mod starts;
mod table;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, ensure};
use engine::bench::Cache;

use crate::table::Table;

/// How much is measured.
pub(crate) struct Plan {
    messages: u64,
    conversations: u64,
    /// Starts whose median counts.
    starts: usize,
    /// Messages that come in.
    incoming: u64,
    /// Tries at it.
    tries: usize,
}

const FULL: Plan = Plan {
    messages: 1_000_000,
    conversations: 500,
    starts: 9,
    incoming: 10_000,
    tries: 3,
};

const SHORT: Plan = Plan {
    messages: 20_000,
    conversations: 50,
    starts: 3,
    incoming: 1_000,
    tries: 1,
};

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [word, folder, conversations] = words.as_slice()
        && word == "open"
    {
        return starts::child(Path::new(folder), conversations.parse()?).await;
    }
    match words.as_slice() {
        [word, folder] if word == "fill" => {
            drop(filled(Path::new(folder), &FULL).await?);
            return Ok(());
        }
        [word, folder, together] if word == "hear" => {
            let cache = device::cache_of(Path::new(folder))?;
            let rate = heard(&cache, &FULL, together.parse()?, FULL.incoming).await?;
            println!("{rate:.0} a second");
            return Ok(());
        }
        _ => {}
    }
    if words.first().is_some_and(|word| word == "make") {
        return making::child(words.get(1..).unwrap_or_default()).await;
    }
    let plan = if words.iter().any(|word| word == "--short") {
        SHORT
    } else {
        FULL
    };
    let mut table = Table::default();
    let scratch = tempfile::tempdir()?;
    written(scratch.path(), &plan, &mut table).await?;
    feeding::measure(&plan, &mut table).await?;
    catching_up::measure(&plan, &mut table).await?;
    println!("{}", table.print());
    Ok(())
}

/// The big cache: made, opened, and written to.
async fn written(scratch: &Path, plan: &Plan, table: &mut Table) -> Result<()> {
    let profile = scratch.join("profile");
    let cache = filled(&profile, plan).await?;
    starts::measure(&profile, plan, table)?;
    // Last, for it changes the cache: in it, new messages find the indexes of a
    // million old ones.
    for together in [1, 16, 256] {
        let mut rates = Vec::new();
        let many = if together == 1 {
            plan.incoming / 10
        } else {
            plan.incoming
        };
        for _ in 0..plan.tries {
            rates.push(heard(&cache, plan, together, many).await?);
        }
        let aim = (together == 256).then_some(10_000.0);
        table.at_least(
            &format!("written a second into it, {together} in a transaction"),
            "messages",
            rates,
            aim,
        );
    }
    Ok(())
}

/// Makes the big cache; gives its file.
async fn filled(profile: &Path, plan: &Plan) -> Result<PathBuf> {
    let cache = device::bare_profile(profile).await?;
    let began = Instant::now();
    let mut big = open(&cache).await?;
    let filled = big
        .fill(plan.messages, plan.conversations, device::now_ms())
        .await
        .map_err(anyhow::Error::msg)?;
    ensure!(filled > 0, "nothing is unread");
    big.close().await;
    eprintln!(
        "{} messages in {:.0?}, {} MB",
        plan.messages,
        began.elapsed(),
        std::fs::metadata(&cache)?.len() / 1_000_000
    );
    Ok(cache)
}

/// Messages a second that are written into a cache.
async fn heard(cache: &Path, plan: &Plan, together: u64, many: u64) -> Result<f64> {
    let mut big = open(cache).await?;
    let began = Instant::now();
    big.hear(many, together, plan.conversations, device::now_ms())
        .await
        .map_err(anyhow::Error::msg)?;
    let rate = table::number(many) / began.elapsed().as_secs_f64();
    big.close().await;
    Ok(rate)
}

async fn open(cache: &Path) -> Result<Cache> {
    Cache::open(cache, &device::KEY)
        .await
        .map_err(anyhow::Error::msg)
}

//! `cargo xtask simulate`: plans of many seeds, or one plan from a file.
//!
//! usage: simulate [--seeds N] [--from SEED] [--threads N]
//!        simulate --seed SEED [--trace] [--shorten]
//!        simulate --plan FILE [--trace] [--shorten]

#![allow(
    clippy::print_stdout,
    reason = "a command-line tool: prints what it found"
)]

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use simulator::{Batch, Plan};

fn main() -> Result<ExitCode> {
    let mut words = std::env::args().skip(1);
    let mut batch = Batch::default();
    let mut plan = None;
    let (mut trace, mut shorten) = (false, false);
    while let Some(word) = words.next() {
        let mut number = || -> Result<u64> {
            let word = words.next().context("a number is missing")?;
            word.parse().with_context(|| word)
        };
        match word.as_str() {
            "--seeds" => batch.seeds = number()?,
            "--from" => batch.from = number()?,
            "--threads" => batch.threads = usize::try_from(number()?)?,
            "--seed" => plan = Some(Plan::of_seed(number()?)),
            "--plan" => {
                let path = words.next().context("a file is missing")?;
                let text = std::fs::read_to_string(&path).with_context(|| path)?;
                plan = Some(text.parse()?);
            }
            "--trace" => trace = true,
            "--shorten" => shorten = true,
            _ => bail!("`{word}` is not understood"),
        }
    }
    let Some(plan) = plan else {
        let report = batch.run()?;
        println!("{report}");
        return Ok(match report.failures.is_empty() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        });
    };
    let outcome = plan.run(trace)?;
    print!("{plan}");
    print!("{}", outcome.trace);
    Ok(match outcome.failure {
        None => {
            println!("{} messages sent, all well", outcome.sent);
            ExitCode::SUCCESS
        }
        Some(failure) => {
            println!("{failure}");
            if shorten {
                let short = plan.shorten(|plan| plan.fails_with(failure.kind));
                println!("\nThis fails too:\n{short}");
            }
            ExitCode::FAILURE
        }
    })
}

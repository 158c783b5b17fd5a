//! `cargo xtask bench server`: our server beside Debian's Prosody and ejabberd.
//! Prints a table; decides nothing. `--short` shows that the bench itself works.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::large_futures,
    reason = "a bench: prints its result, and a panic with its place is the report"
)]

use std::process::ExitCode;

use server_tests::bench::{self, Plan, Subject};

#[tokio::main]
async fn main() -> ExitCode {
    let is_short = std::env::args().any(|argument| argument == "--short");
    let plan = if is_short { Plan::SHORT } else { Plan::FULL };
    let mut all = Vec::new();
    let mut code = ExitCode::SUCCESS;
    for mut subject in Subject::all() {
        eprintln!("{} …", subject.name());
        match bench::all(&mut subject, &plan).await {
            Ok(figures) => all.push(figures),
            Err(error) => {
                eprintln!("{}: {error:#}\n{}", subject.name(), subject.said());
                code = ExitCode::FAILURE;
            }
        }
    }
    println!("{}", bench::print(&all));
    code
}

//! `cargo xtask bench server`: our server beside Debian's Prosody and ejabberd.
//! Prints a table; decides nothing. `--short` shows that the bench itself works;
//! other words are the beginnings of the names to measure, instead of all.

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
    let (flags, names): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    let is_short = flags.iter().any(|flag| flag == "--short");
    let plan = if is_short { Plan::SHORT } else { Plan::FULL };
    let mut all = Vec::new();
    let mut code = ExitCode::SUCCESS;
    let is_wanted = |subject: &Subject| {
        names.is_empty() || names.iter().any(|name| subject.name().starts_with(name))
    };
    for mut subject in Subject::all().filter(is_wanted) {
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

//! Makes, signs, checks and shows navigation documents and links.

#![allow(
    clippy::print_stdout,
    reason = "a command-line tool speaks on standard output"
)]

#[path = "startalk-nav/commands.rs"]
mod commands;
#[path = "startalk-nav/describe.rs"]
mod describe;
#[path = "startalk-nav/values.rs"]
mod values;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match commands::run(commands::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "errors of a command-line tool")]
fn print_error(text: &str) {
    eprintln!("startalk-nav: {text}");
}

//! The engine in a terminal: for scripts, and for working on it without a window.

#![allow(
    clippy::print_stdout,
    reason = "a command-line tool speaks on standard output"
)]

#[path = "startalk-cli/args.rs"]
mod args;
#[cfg(debug_assertions)]
#[path = "startalk-cli/bridge.rs"]
mod bridge;
#[path = "startalk-cli/commands.rs"]
mod commands;
#[path = "startalk-cli/connection.rs"]
mod connection;
#[path = "startalk-cli/conversations.rs"]
mod conversations;
#[path = "startalk-cli/files.rs"]
mod files;
#[path = "startalk-cli/messages.rs"]
mod messages;
#[path = "startalk-cli/people.rs"]
mod people;
#[path = "startalk-cli/rooms.rs"]
mod rooms;
#[path = "startalk-cli/search.rs"]
mod search;
#[path = "startalk-cli/sessions.rs"]
mod sessions;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = args::Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match commands::run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "errors of a command-line tool")]
fn print_error(text: &str) {
    eprintln!("startalk-cli: {text}");
}

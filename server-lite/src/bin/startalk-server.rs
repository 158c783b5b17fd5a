//! The headless server.

#![allow(
    clippy::print_stdout,
    reason = "a command-line tool speaks on standard output"
)]

#[path = "startalk-server/admin.rs"]
mod admin;
#[path = "startalk-server/args.rs"]
mod args;
#[path = "startalk-server/demo.rs"]
mod demo;
#[path = "startalk-server/serve.rs"]
mod serve;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

/// Why a command failed, by its exit code.
enum Failure {
    /// Refused or failed.
    Failed(anyhow::Error),
    /// The port is in use.
    PortInUse(anyhow::Error),
    /// The data folder or its database cannot be used.
    Data(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let wanted = std::env::var(tracing_subscriber::EnvFilter::DEFAULT_ENV);
    let filter = startalk_server_lite::log_filter(wanted.as_deref().unwrap_or("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let done = match cli.command {
        Command::Serve(serve) => serve::run(serve).await,
        Command::User {
            command,
            data,
            json,
        } => admin::user(command, &data, json).await,
        Command::Invite {
            command,
            data,
            json,
        } => admin::invite(command, &data, json).await,
        Command::Demo { data } => demo::run(data).await,
    };
    let (error, code) = match done {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Failed(error)) => (error, 1),
        Err(Failure::PortInUse(error)) => (error, 3),
        Err(Failure::Data(error)) => (error, 4),
    };
    print_error(&format!("{error:#}"));
    ExitCode::from(code)
}

#[expect(clippy::print_stderr, reason = "errors of a command-line tool")]
fn print_error(text: &str) {
    eprintln!("startalk-server: {text}");
}

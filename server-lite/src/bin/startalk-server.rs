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
#[path = "startalk-server/folder.rs"]
mod folder;
#[path = "startalk-server/outcome.rs"]
mod outcome;
#[path = "startalk-server/serve.rs"]
mod serve;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.command.json();
    // A server tells what it does; a command has said it with its answer.
    let level = match cli.command {
        Command::Serve(_) | Command::Demo { .. } => "info",
        _ => "warn",
    };
    let wanted = std::env::var(tracing_subscriber::EnvFilter::DEFAULT_ENV);
    let filter = startalk_server_lite::log_filter(wanted.as_deref().unwrap_or(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    match run(cli.command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(outcome::say_error(json, &error)),
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(serve) => serve::run(*serve).await,
        Command::User { command, folder } => admin::user(command, &folder).await,
        Command::Invite { command, folder } => admin::invite(command, &folder).await,
        Command::Status { folder } => folder::status(folder).await,
        Command::Check { folder } => folder::check(folder).await,
        Command::Backup {
            file,
            force,
            folder,
        } => folder::backup(file, force, folder).await,
        Command::Restore {
            file,
            force,
            folder,
        } => folder::restore(file, force, folder).await,
        Command::Export {
            file,
            dialect,
            force,
            folder,
        } => folder::export(file, dialect, force, folder).await,
        Command::Import {
            file,
            domain,
            folder,
        } => folder::import(file, domain, folder).await,
        Command::Demo { data } => demo::run(data).await,
    }
}

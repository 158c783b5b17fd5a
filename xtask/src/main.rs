//! Developer commands of the workspace: `cargo xtask help` lists them.
//!
//! Only `std` and `anyhow`: this is the first thing a newcomer's machine compiles.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks to its user on the terminal"
)]

mod args;
mod bench;
mod clock;
mod counts;
mod doctor;
mod fuzz;
mod gates;
mod install;
mod other_systems;
mod package;
mod process;
mod project;
mod run;
mod screenshots;
mod simulate;
mod steps;
mod summary;
mod test;
mod types;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::args::Args;
use crate::project::Project;

/// One developer command: its name, what follows it, what it does.
struct Command {
    name: &'static str,
    usage: &'static str,
    about: &'static str,
    run: fn(&Project, Args) -> Result<ExitCode>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "run",
        usage: "[-- ARGS]",
        about: "install what is missing, build and start the desktop app (no display: a demo server)",
        run: run::run,
    },
    Command {
        name: "test",
        usage: "[--only STEP,..] [--skip STEP,..] [--skip-install] [--list]",
        about: "install what is missing and run every check and test",
        run: test::run,
    },
    Command {
        name: "check",
        usage: "",
        about: "the fast gates only: format, UI checks and tests, clippy, dependencies",
        run: gates::check,
    },
    Command {
        name: "fix",
        usage: "",
        about: "repair what tools can repair: rustfmt, clippy --fix, eslint --fix, prettier",
        run: gates::fix,
    },
    Command {
        name: "dev",
        usage: "[-- ARGS]",
        about: "desktop app with hot reload of the UI",
        run: run::dev,
    },
    Command {
        name: "types",
        usage: "",
        about: "write the TypeScript of the Rust types that cross into the UI",
        run: types::write,
    },
    Command {
        name: "bench",
        usage: "smoke | server [--short] | engine [--short] | desktop [--messages N]",
        about: "release build: the app's first paint, memory, sizes; the server beside Prosody and ejabberd; the engine, and the window, with a million messages",
        run: bench::run,
    },
    Command {
        name: "fuzz",
        usage: "[--minutes N]",
        about: "look for input that harms the server (5 minutes by default)",
        run: fuzz::run,
    },
    Command {
        name: "simulate",
        usage: "[--seeds N] [--from SEED] [--threads N] | --seed SEED | --plan FILE [--trace] [--shorten]",
        about: "run the engine through seeded plans of faults and restarts (2,000 by default), or one plan",
        run: simulate::run,
    },
    Command {
        name: "package",
        usage: "",
        about: "release build and the packages of the desktop app: .deb and .rpm, or those of this system",
        run: package::run,
    },
    Command {
        name: "screenshots",
        usage: "[NAME ..]",
        about: "pictures of every screen of the UI in both languages and themes, from a browser",
        run: screenshots::run,
    },
    Command {
        name: "check-windows",
        usage: "[--macos] [--keep]",
        about: "does the code compile for Windows (or, as far as can be told here, for macOS)?",
        run: other_systems::run,
    },
    Command {
        name: "install",
        usage: "[--for run|test]",
        about: "only install what `run` or `test` (default) needs",
        run: install::run,
    },
    Command {
        name: "doctor",
        usage: "",
        about: "say what is installed and what is missing; changes nothing",
        run: doctor::run,
    },
    Command {
        name: "help",
        usage: "",
        about: "this list",
        run: help,
    },
];

fn main() -> ExitCode {
    match dispatch() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Result<ExitCode> {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_else(|| "help".to_owned());
    let name = match name.as_str() {
        "-h" | "--help" => "help",
        other => other,
    };
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        bail!("there is no command `{name}`; `cargo xtask help` lists them");
    };
    let args = Args::new(words);
    if args.asks_for_help() {
        println!("{}", usage(command));
        println!("  {}", command.about);
        return Ok(ExitCode::SUCCESS);
    }
    (command.run)(&Project::find()?, args)
}

fn help(_: &Project, args: Args) -> Result<ExitCode> {
    args.finish()?;
    println!("Developer commands of Startalk\n");
    for command in COMMANDS {
        println!("  cargo xtask {:<13} {}", command.name, command.about);
    }
    println!("\n`cargo xtask COMMAND --help` shows what may follow a command.");
    println!("`cargo xtask test --list` lists the steps of the test run.");
    Ok(ExitCode::SUCCESS)
}

fn usage(command: &Command) -> String {
    format!("cargo xtask {} {}", command.name, command.usage)
        .trim_end()
        .to_owned()
}

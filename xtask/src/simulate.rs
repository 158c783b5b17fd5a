//! `cargo xtask simulate`: plans of people, devices, faults and restarts, made
//! from seeds, run against the engine; more of them than the tests run, or one
//! that failed.

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::args::Args;
use crate::install::{self, Need};
use crate::process;
use crate::project::Project;

pub(crate) fn run(project: &Project, mut args: Args) -> Result<ExitCode> {
    let mut words = Vec::new();
    for name in ["--seeds", "--from", "--seed", "--threads"] {
        if let Some(number) = args.list(name)?.pop() {
            if number.parse::<u64>().is_err() {
                bail!("{name} takes a number, not `{number}`");
            }
            words.extend([name.to_owned(), number]);
        }
    }
    if let Some(file) = args.list("--plan")?.pop() {
        words.extend(["--plan".to_owned(), file]);
    }
    for name in ["--trace", "--shorten"] {
        if args.flag(name) {
            words.push(name.to_owned());
        }
    }
    args.finish()?;
    install::require(project, &[Need::BuildPackages])?;
    process::run(&mut project.cargo(["build", "-p", "simulator", "--bin", "simulate"]))?;
    process::run(command(project).args(words))?;
    Ok(ExitCode::SUCCESS)
}

/// The built program; without arguments it runs what a test run does.
pub(crate) fn command(project: &Project) -> Command {
    project.command(&project.binary("debug", "simulate").to_string_lossy())
}

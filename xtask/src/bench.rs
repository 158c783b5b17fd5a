//! `cargo xtask bench smoke`: the figures that a release is judged by;
//! `cargo xtask bench server`: our server beside those of others;
//! `cargo xtask bench engine`: the client's engine with a cache of a million messages.

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::args::Args;
use crate::install::{self, Need};
use crate::package;
use crate::process;
use crate::project::Project;
use crate::steps;

pub(crate) fn run(project: &Project, mut args: Args) -> Result<ExitCode> {
    let which = args.word();
    let is_short = args.flag("--short");
    args.finish()?;
    match which.as_deref() {
        Some("smoke") => smoke(project),
        Some("server") => server(project, is_short),
        Some("engine") => engine(project, is_short),
        Some(other) => bail!("there is no bench `{other}`; there are: smoke, server, engine"),
        None => bail!("which bench? There are: smoke, server, engine"),
    }
}

fn smoke(project: &Project) -> Result<ExitCode> {
    install::require(
        project,
        &[
            Need::BuildPackages,
            Need::TestPackages,
            Need::NodePackages,
            Need::TauriDriver,
        ],
    )?;
    package::build_release(project)?;
    process::run(&mut project.cargo(["build", "--workspace", "--bin", "bench-smoke"]))?;
    let mut bench: Command =
        project.command(&project.binary("debug", "bench-smoke").to_string_lossy());
    steps::set_test_environment(project, &mut bench);
    for (variable, name) in [
        ("STARTALK_BIN", "startalk"),
        ("STARTALK_SERVER_BIN", "startalk-server"),
        ("STARTALK_CLI_BIN", "startalk-cli"),
        ("STARTALK_NAV_BIN", "startalk-nav"),
    ] {
        bench.env(variable, project.binary("release", name));
    }
    let measured = process::run(&mut bench);
    // The sizes are worth knowing even if the measuring broke off, and the other way round.
    let packages = package::bundle(project);
    package::print_sizes(project, packages.as_deref().unwrap_or_default());
    measured?;
    packages?;
    Ok(ExitCode::SUCCESS)
}

/// Nothing of the desktop app is built for it.
fn server(project: &Project, is_short: bool) -> Result<ExitCode> {
    install::require(project, &[Need::ServerPackages])?;
    let mut build = project.cargo(["build", "--release"]);
    build.args(["-p", "startalk-server-lite", "--bin", "startalk-server"]);
    build.args(["-p", "server-tests", "--bin", "bench-server"]);
    process::run(&mut build)?;
    let mut bench = project.command(&project.binary("release", "bench-server").to_string_lossy());
    bench.env(
        "STARTALK_SERVER_BIN",
        project.binary("release", "startalk-server"),
    );
    if is_short {
        bench.arg("--short");
    }
    process::run(&mut bench)?;
    Ok(ExitCode::SUCCESS)
}

/// Our own server is the only other program that it needs.
fn engine(project: &Project, is_short: bool) -> Result<ExitCode> {
    let mut build = project.cargo(["build", "--release"]);
    build.args(["-p", "startalk-server-lite", "--bin", "startalk-server"]);
    build.args(["-p", "engine-bench", "--bin", "bench-engine"]);
    process::run(&mut build)?;
    let mut bench = project.command(&project.binary("release", "bench-engine").to_string_lossy());
    bench.env(
        "STARTALK_SERVER_BIN",
        project.binary("release", "startalk-server"),
    );
    if is_short {
        bench.arg("--short");
    }
    process::run(&mut bench)?;
    Ok(ExitCode::SUCCESS)
}

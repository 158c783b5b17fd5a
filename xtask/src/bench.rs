//! `cargo xtask bench smoke`: the figures that a release is judged by;
//! `cargo xtask bench server`: our server beside those of others;
//! `cargo xtask bench engine`: the client's engine with a cache of a million messages;
//! `cargo xtask bench desktop`: the app in its window, with such a cache.

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::args::Args;
use crate::install::{self, Need};
use crate::package;
use crate::process;
use crate::project::Project;
use crate::steps;

const BENCHES: &str = "smoke, server, engine, desktop";

pub(crate) fn run(project: &Project, mut args: Args) -> Result<ExitCode> {
    let messages = args.list("--messages")?.pop();
    let which = args.word();
    let is_short = args.flag("--short");
    args.finish()?;
    match which.as_deref() {
        Some("smoke") => smoke(project),
        Some("server") => server(project, is_short),
        Some("engine") => engine(project, is_short),
        Some("desktop") => desktop(project, messages),
        Some(other) => bail!("there is no bench `{other}`; there are: {BENCHES}"),
        None => bail!("which bench? There are: {BENCHES}"),
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
    let packages = package::bundle(project, "release");
    package::print_sizes(project, packages.as_deref().unwrap_or_default());
    measured?;
    packages?;
    Ok(ExitCode::SUCCESS)
}

/// What is measured is built for release; the program that drives it is not.
fn desktop(project: &Project, messages: Option<String>) -> Result<ExitCode> {
    install::require(
        project,
        &[
            Need::BuildPackages,
            Need::TestPackages,
            Need::NodePackages,
            Need::TauriDriver,
        ],
    )?;
    process::run(&mut project.npm(["run", "build", "-w", "ui"]))?;
    let mut app = project.cargo(["build", "--release"]);
    app.args(["-p", "startalk", "--bin", "startalk"]);
    app.args(["-p", "startalk-server-lite", "--bin", "startalk-server"]);
    process::run(&mut app)?;
    // Of its own: the engine has a feature there that the app must not have.
    let mut maker = project.cargo(["build", "--release"]);
    maker.args(["-p", "engine-bench", "--bin", "bench-engine"]);
    process::run(&mut maker)?;
    process::run(&mut project.cargo(["build", "--workspace", "--bin", "bench-desktop"]))?;
    let mut bench = project.command(&project.binary("debug", "bench-desktop").to_string_lossy());
    steps::set_test_environment(project, &mut bench);
    let result = project.target().join("bench-desktop.md");
    bench
        .env("STARTALK_BIN", project.binary("release", "startalk"))
        .env(
            "STARTALK_SERVER_BIN",
            project.binary("release", "startalk-server"),
        )
        .env(
            "STARTALK_BENCH_ENGINE",
            project.binary("release", "bench-engine"),
        )
        .env("STARTALK_UI", project.root().join("ui/dist"))
        .env("STARTALK_RESULT", &result);
    if let Some(messages) = messages {
        bench.args(["--messages", &messages]);
    }
    process::run(&mut bench)?;
    println!("Written to {}", result.display());
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

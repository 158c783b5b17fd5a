//! `cargo xtask fuzz`: looks for input that harms the server, longer than the
//! tests do, each time with seeds that no run before had.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::args::Args;
use crate::install::{self, Need};
use crate::process;
use crate::project::Project;

pub(crate) fn run(project: &Project, mut args: Args) -> Result<ExitCode> {
    let minutes = args.list("--minutes")?.pop();
    args.finish()?;
    let minutes = minutes.unwrap_or_else(|| "5".to_owned());
    if minutes.parse::<u64>().is_err() {
        bail!("--minutes takes a number, not `{minutes}`");
    }
    install::require(project, &[Need::BuildPackages])?;
    // The debug profile: an overflow is a finding too.
    let mut build = project.cargo(["build"]);
    build.args(["-p", "startalk-server-lite", "--bin", "startalk-server"]);
    build.args(["-p", "server-tests", "--bin", "fuzz-server"]);
    process::run(&mut build)?;
    let mut fuzz = project.command(&project.binary("debug", "fuzz-server").to_string_lossy());
    fuzz.env(
        "STARTALK_SERVER_BIN",
        project.binary("debug", "startalk-server"),
    );
    process::run(fuzz.arg(minutes))?;
    Ok(ExitCode::SUCCESS)
}

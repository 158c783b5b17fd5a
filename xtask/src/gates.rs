//! `check` and `fix`: the quick half of the test run, and what tools can repair.

use std::process::ExitCode;

use anyhow::Result;

use crate::args::Args;
use crate::install::{self, Need};
use crate::process;
use crate::project::Project;
use crate::test;

const FAST: &[&str] = &[
    "format", "ui-check", "ui-test", "ui-build", "clippy", "deny",
];

/// `cargo xtask check`.
pub(crate) fn check(project: &Project, args: Args) -> Result<ExitCode> {
    args.finish()?;
    let names: Vec<String> = FAST.iter().map(|&name| name.to_owned()).collect();
    test::run_steps(project, &test::select(&names, &[])?, true)
}

/// `cargo xtask fix`.
pub(crate) fn fix(project: &Project, args: Args) -> Result<ExitCode> {
    args.finish()?;
    install::require(
        project,
        &[
            Need::BuildPackages,
            Need::RustComponents,
            Need::NodePackages,
        ],
    )?;
    let mut clippy = project.cargo(["clippy", "--fix", "--workspace", "--all-targets"]);
    // The point is to change a tree that is being worked on.
    clippy.args(["--allow-dirty", "--allow-staged", "--allow-no-vcs"]);
    let repairs = [
        clippy,
        project.cargo(["fmt", "--all"]),
        project.npm(["run", "lint:fix", "-w", "ui"]),
    ];
    let mut code = ExitCode::SUCCESS;
    for mut repair in repairs {
        println!("{}", project.paint("1;36", &process::describe(&repair)));
        // What one tool cannot repair is no reason to keep the others from trying.
        if let Err(error) = process::run(&mut repair) {
            println!("{error:#}");
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

//! `cargo xtask screenshots`: pictures of every screen, in both languages and themes.
//! The list of them is `ui/screenshots/screens.js`.

use std::process::ExitCode;

use anyhow::Result;

use crate::args::Args;
use crate::install::{self, Need};
use crate::process;
use crate::project::Project;

/// All of them, or those that are named.
pub(crate) fn run(project: &Project, mut args: Args) -> Result<ExitCode> {
    let mut names = Vec::new();
    while let Some(name) = args.word() {
        names.push(name);
    }
    args.finish()?;
    install::require(project, &[Need::NodePackages, Need::BrowserPackages])?;
    let folder = project.target().join("screenshots");
    let mut take = project.command("node");
    take.arg("ui/screenshots/take.js").arg(&folder).args(names);
    process::run(&mut take)?;
    println!("Look at {}", folder.join("index.html").display());
    Ok(ExitCode::SUCCESS)
}

//! Known security problems of dependencies. The list of them lives on the network; not
//! reaching it is no fault of the code, so it is told, not failed.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::Done;
use crate::process;
use crate::project::Project;

/// How long the list may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn run(project: &Project) -> Result<Done> {
    let mut check = project.cargo(["deny"]);
    if !fetch(project)? {
        if !has_copy() {
            return Ok(Done::skipped(
                "the advisory database cannot be reached, and there is no copy of it here",
            ));
        }
        println!("The advisory database cannot be reached; using the copy from last time.");
        check.arg("--offline");
    }
    check.args(["check", "advisories"]);
    process::run(&mut check)?;
    Ok(Done::passed())
}

/// Brings the list up to date; false if it does not come.
fn fetch(project: &Project) -> Result<bool> {
    let mut child = project
        .cargo(["deny", "fetch", "db"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cargo deny cannot be started")?;
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().context("cargo deny was lost")? {
            return Ok(status.success());
        }
        if start.elapsed() > PATIENCE {
            // It may have ended just now; either way it must not be left behind.
            let _ = child.kill();
            child.wait().context("cargo deny does not end")?;
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Whether an earlier run left the list where cargo-deny keeps it.
fn has_copy() -> bool {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    home.and_then(|home| std::fs::read_dir(home.join("advisory-dbs")).ok())
        .is_some_and(|mut entries| entries.any(|entry| entry.is_ok_and(|e| e.path().is_dir())))
}

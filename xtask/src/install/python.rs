//! A virtual environment with the third-party client of the interop tests.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::process;
use crate::project::Project;

const REQUIREMENTS: &str = "tests/requirements.txt";

/// The interpreter of the virtual environment.
pub(crate) fn interpreter(project: &Project) -> PathBuf {
    let inside = if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    };
    folder(project).join(inside)
}

fn folder(project: &Project) -> PathBuf {
    project.tools().join("python")
}

pub(super) fn ensure(project: &Project) -> Result<()> {
    let wanted = std::fs::read_to_string(project.root().join(REQUIREMENTS))
        .with_context(|| format!("{REQUIREMENTS} cannot be read"))?;
    // A copy of what was installed last, written only after it worked.
    let installed = folder(project).join("installed.txt");
    if std::fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    println!("Installing Python packages");
    process::run(
        project
            .command(system_python())
            .args(["-m", "venv", "--clear"])
            .arg(folder(project)),
    )?;
    let python = interpreter(project);
    process::run(
        project
            .command(&python.to_string_lossy())
            .args(["-m", "pip", "install", "--quiet"])
            .args([
                "--disable-pip-version-check",
                "--no-input",
                "-r",
                REQUIREMENTS,
            ]),
    )?;
    std::fs::write(&installed, wanted).context("the note of what is installed cannot be written")
}

/// Debian's own Python, which python3-venv belongs to, before any other on the path.
fn system_python() -> &'static str {
    if cfg!(windows) {
        "python"
    } else if std::path::Path::new("/usr/bin/python3").exists() {
        "/usr/bin/python3"
    } else {
        "python3"
    }
}

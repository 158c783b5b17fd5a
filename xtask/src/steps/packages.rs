//! The packages of the app, installed and removed on the real system without a trace:
//! what is written below the folders of the system goes into memory, in a mount
//! namespace that ends with the test.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Done, set_test_environment};
use crate::install::{is_debian, root_prefix};
use crate::package;
use crate::process;
use crate::project::Project;

/// Begins with the folder for all that is written; then the program and its words.
const INSIDE: &str = r#"
set -e
space=$1
shift
mount -t tmpfs tmpfs "$space"
for folder in usr etc opt var; do
    mkdir -p "$space/$folder/new" "$space/$folder/work"
    mount -t overlay overlay "/$folder" \
        -o "lowerdir=/$folder,upperdir=$space/$folder/new,workdir=$space/$folder/work"
done
exec "$@"
"#;

pub(super) fn run(project: &Project) -> Result<Done> {
    if !is_debian() {
        return Ok(Done::skipped(
            "packages are tried on Debian and Ubuntu only",
        ));
    }
    let sudo = root_prefix(project.ci())?;
    if !process::succeeds(in_namespace(project, sudo).arg("true")) {
        return Ok(Done::skipped("this system lets nobody mount anything"));
    }
    let packages = package::bundle(project, "debug")?;
    let package = |ending: &str| -> Result<PathBuf> {
        let found = packages
            .iter()
            .find(|path| path.extension().is_some_and(|end| end == ending));
        found.cloned().with_context(|| format!("no .{ending}"))
    };
    let space = project.target().join("packages-space");
    std::fs::create_dir_all(&space)?;
    let changes = ["usr", "etc", "opt", "var"].map(|folder| space.join(folder).join("new"));
    let mut command = in_namespace(project, sudo);
    command.args(["sh", "-c", INSIDE, "sh"]).arg(&space);
    command.arg(project.binary("debug", "test-packages"));
    set_test_environment(project, &mut command);
    command
        .env("STARTALK_DEB", package("deb")?)
        .env("STARTALK_RPM", package("rpm")?)
        .env("STARTALK_CHANGES", std::env::join_paths(changes)?);
    let tried = process::run(&mut command);
    // Debug packages are large, and nobody is to take them for others.
    for package in packages {
        std::fs::remove_file(&package).context("a package cannot be removed")?;
    }
    tried.map(|()| Done::passed())
}

/// As root, with mounts of its own; what follows is the program.
fn in_namespace(project: &Project, sudo: Option<&[&str]>) -> Command {
    let mut command = match sudo {
        None => project.command("unshare"),
        Some(words) => {
            let mut command = project.command("sudo");
            command.args(words).args(["--preserve-env", "unshare"]);
            command
        }
    };
    command.args(["--mount", "--propagation", "private"]);
    command
}

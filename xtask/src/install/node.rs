//! Node itself must be there; the packages of the UI and of the interop tests are
//! ours to install.

use std::path::Path;
use std::time::SystemTime;

use anyhow::{Result, bail};

use super::rust::parse_version;
use crate::process;
use crate::project::Project;

/// What Vite asks for.
pub(crate) const MINIMUM: &str = "20.19.0";

/// The version of Node on the path.
pub(crate) fn version(project: &Project) -> Option<String> {
    let text = process::read(project.command("node").arg("--version")).ok()?;
    Some(text.trim().trim_start_matches('v').to_owned())
}

/// The packages of the UI.
pub(super) fn ensure(project: &Project) -> Result<()> {
    ensure_in(project, project.root(), "Installing npm packages")
}

/// The clients of the interop tests, which have a folder and a lock file of their own.
pub(super) fn ensure_clients(project: &Project) -> Result<()> {
    let folder = project.root().join("tests/interop/node");
    ensure_in(project, &folder, "Installing XMPP clients from npm")
}

fn ensure_in(project: &Project, folder: &Path, about: &str) -> Result<()> {
    check_version(version(project).as_deref())?;
    if !process::succeeds(&mut project.npm(["--version"])) {
        bail!("npm was not found; it comes with Node");
    }
    if is_fresh(folder) {
        return Ok(());
    }
    println!("{about}");
    let verb = if folder.join("package-lock.json").exists() {
        "ci"
    } else {
        "install"
    };
    process::run(
        project
            .npm([verb, "--no-audit", "--no-fund"])
            .current_dir(folder),
    )
}

fn check_version(found: Option<&str>) -> Result<()> {
    let Some(found) = found else {
        bail!("Node was not found; version {MINIMUM} or newer is needed, see https://nodejs.org");
    };
    if parse_version(found) < parse_version(MINIMUM) {
        bail!(
            "Node {found} is too old; version {MINIMUM} or newer is needed, see https://nodejs.org"
        );
    }
    Ok(())
}

/// npm notes in the hidden lock file what it has installed; a newer lock file beside
/// it means that the packages are those of another commit.
fn is_fresh(root: &Path) -> bool {
    let installed = changed(&root.join("node_modules/.package-lock.json"));
    let wanted = changed(&root.join("package-lock.json"));
    matches!((installed, wanted), (Some(installed), Some(wanted)) if installed >= wanted)
}

fn changed(file: &Path) -> Option<SystemTime> {
    file.metadata().ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_is_refused_with_both_versions_named() {
        assert!(check_version(Some("20.19.0")).is_ok());
        assert!(check_version(Some("24.1.0")).is_ok());
        let error = check_version(Some("18.20.4")).unwrap_err().to_string();
        assert!(
            error.contains("18.20.4") && error.contains(MINIMUM),
            "{error}"
        );
        assert!(check_version(None).is_err());
    }
}

//! Programs from crates.io and components of the Rust toolchain.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::project::Project;

/// A program installed by `cargo install` into the tools folder, one version only.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

/// Licences, sources and duplicates of our dependencies.
pub(crate) const CARGO_DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
};

/// Speaks WebDriver to a window of ours.
pub(crate) const TAURI_DRIVER: Tool = Tool {
    name: "tauri-driver",
    version: "2.1.0",
};

/// The test runner, where none is found that is new enough.
const NEXTEST: Tool = Tool {
    name: "cargo-nextest",
    version: "0.9.143",
};

/// Matches `nextest-version` in `.config/nextest.toml`.
const MINIMUM_NEXTEST: [u64; 3] = [0, 9, 120];

impl Tool {
    /// Where the program lies once installed.
    pub(crate) fn path(&self, project: &Project) -> PathBuf {
        let name = format!("{}{}", self.name, std::env::consts::EXE_SUFFIX);
        project.tools().join("bin").join(name)
    }

    /// Whether exactly this version is installed.
    pub(crate) fn is_installed(&self, project: &Project) -> bool {
        let record = std::fs::read_to_string(project.tools().join(".crates.toml"));
        let line = format!("\"{} {} (", self.name, self.version);
        record.is_ok_and(|text| text.contains(&line)) && self.path(project).is_file()
    }

    /// Installs this version unless it is there.
    pub(crate) fn ensure(&self, project: &Project) -> Result<()> {
        if self.is_installed(project) {
            return Ok(());
        }
        println!("Installing {} {}", self.name, self.version);
        let mut command = project.cargo(["install", self.name, "--version", self.version]);
        command
            .args(["--locked", "--debug", "--root"])
            .arg(project.tools())
            // One folder for all tools: they share most of their dependencies.
            .arg("--target-dir")
            .arg(build_folder(project))
            // Unoptimised: they build in a fraction of the time, and none is a hot path.
            .env("CARGO_PROFILE_DEV_DEBUG", "0");
        process::run(&mut command)
    }
}

fn build_folder(project: &Project) -> PathBuf {
    project.tools().join("build")
}

/// The intermediate files of the tools are of no use once the tools are there.
pub(super) fn remove_build_folder(project: &Project) {
    let folder = build_folder(project);
    if folder.exists() && std::fs::remove_dir_all(&folder).is_err() {
        println!("note: {} could not be removed", folder.display());
    }
}

/// The version of the nextest that would run, ours or the user's own.
pub(crate) fn nextest_version(project: &Project) -> Option<String> {
    let text = process::read(&mut project.cargo(["nextest", "--version"])).ok()?;
    let version = text.split_whitespace().nth(1)?;
    Some(version.to_owned())
}

pub(super) fn ensure_nextest(project: &Project) -> Result<()> {
    let is_new_enough = nextest_version(project)
        .and_then(|version| parse_version(&version))
        .is_some_and(|version| version >= MINIMUM_NEXTEST);
    if is_new_enough {
        return Ok(());
    }
    NEXTEST.ensure(project)
}

/// rustup's minimal profile leaves both out.
pub(super) fn ensure_components(project: &Project) -> Result<()> {
    let missing: Vec<&str> = [("fmt", "rustfmt"), ("clippy", "clippy")]
        .into_iter()
        .filter(|(command, _)| !process::succeeds(&mut project.cargo([command, "--version"])))
        .map(|(_, component)| component)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !process::succeeds(project.command("rustup").arg("--version")) {
        bail!("{list} not found: install it beside your Rust toolchain");
    }
    println!("Adding {list} to the Rust toolchain");
    process::run(
        project
            .command("rustup")
            .args(["component", "add"])
            .args(&missing),
    )
    .with_context(|| format!("please run `rustup component add {list}`"))
}

/// `1.2.3` or `v1.2.3-beta` as numbers.
pub(super) fn parse_version(text: &str) -> Option<[u64; 3]> {
    let text = text.trim().trim_start_matches('v');
    let text = text.split(['-', '+']).next()?;
    let mut parts = text.split('.').map(str::parse::<u64>);
    let mut next = || parts.next()?.ok();
    Some([next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert_eq!(parse_version("v20.19.0\n"), Some([20, 19, 0]));
        assert_eq!(parse_version("0.9.143-rc.1"), Some([0, 9, 143]));
        assert_eq!(parse_version("nonsense"), None);
        assert!(parse_version("0.9.143") > parse_version("0.9.99"));
    }
}

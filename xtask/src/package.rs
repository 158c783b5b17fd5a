//! Release builds, and the package a person installs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::args::Args;
use crate::install::{self, Need};
use crate::process;
use crate::project::Project;

/// The programs of a release.
pub(crate) const PROGRAMS: &[&str] = &[
    "startalk",
    "startalk-server",
    "startalk-cli",
    "startalk-nav",
];

/// `cargo xtask package`.
pub(crate) fn run(project: &Project, args: Args) -> Result<ExitCode> {
    args.finish()?;
    install::require(project, Need::RUN)?;
    build_release(project)?;
    let packages = bundle(project, "release")?;
    print_sizes(project, &packages);
    Ok(ExitCode::SUCCESS)
}

/// Builds all programs in the release profile, the UI inside.
pub(crate) fn build_release(project: &Project) -> Result<()> {
    process::run(&mut project.npm(["run", "build", "-w", "ui"]))?;
    let mut command = project.cargo(["build", "--release", "--workspace"]);
    // Tests and developer commands ask for features that nobody should be given.
    command.args(["--exclude", "system-tests", "--exclude", "server-tests"]);
    command.args(["--exclude", "engine-tests", "--exclude", "engine-bench"]);
    command.args(["--exclude", "simulator", "--exclude", "xtask", "--bins"]);
    process::run(&mut command)
}

/// The kinds of packages of this system: the name that the bundler has for each,
/// which is also its folder, and how its files end.
const KINDS: &[(&str, &str)] = if cfg!(target_os = "windows") {
    &[("nsis", "exe"), ("msi", "msi")]
} else if cfg!(target_os = "macos") {
    &[("dmg", "dmg")]
} else {
    &[("deb", "deb"), ("rpm", "rpm")]
};

/// Wraps the app that was built in this profile into the packages of this system, and
/// returns them.
pub(crate) fn bundle(project: &Project, profile: &str) -> Result<Vec<PathBuf>> {
    let folder = project.target().join(profile).join("bundle");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context("an old package is in the way")?;
    }
    let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
    let names = names.join(",");
    let mut command = project.npm(["exec", "--", "tauri", "bundle", "--bundles", &names]);
    if profile == "debug" {
        command.arg("--debug");
    }
    process::run(&mut command)?;
    let mut packages = Vec::new();
    for (name, ending) in KINDS {
        let folder = folder.join(name);
        let made = std::fs::read_dir(&folder)
            .with_context(|| format!("the bundler left no folder for {name}"))?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|end| end == *ending));
        match made {
            Some(package) => packages.push(package),
            None => bail!("the bundler left no package in {}", folder.display()),
        }
    }
    Ok(packages)
}

/// Prints how large the programs and packages are.
pub(crate) fn print_sizes(project: &Project, packages: &[PathBuf]) {
    println!("\nSizes");
    for name in PROGRAMS {
        print_size(&project.binary("release", name));
    }
    for package in packages {
        print_size(package);
    }
}

fn print_size(file: &Path) {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    match file.metadata() {
        Ok(data) => println!("  {name:<32} {:>10}", megabytes(data.len())),
        Err(error) => println!("  {name:<32} {error}"),
    }
}

/// Bytes as megabytes of 1,000,000 bytes, with one decimal.
fn megabytes(bytes: u64) -> String {
    let tenths = bytes.saturating_add(50_000) / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_to_a_tenth() {
        assert_eq!(megabytes(0), "0.0 MB");
        assert_eq!(megabytes(12_340_000), "12.3 MB");
        assert_eq!(megabytes(9_950_000), "10.0 MB");
    }
}

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

/// The app of macOS, which is a folder.
const APP: &str = "app";

/// The kinds of packages of a system: the name that the bundler has for each, its
/// folder, and how its files end.
fn kinds(system: &str) -> &'static [(&'static str, &'static str, &'static str)] {
    match system {
        "windows" => &[("nsis", "nsis", "exe"), ("msi", "msi", "msi")],
        "macos" => &[(APP, "macos", "app"), ("dmg", "dmg", "dmg")],
        _ => &[("deb", "deb", "deb"), ("rpm", "rpm", "rpm")],
    }
}

/// Wraps the app that was built in this profile into the packages of this system, and
/// returns them.
pub(crate) fn bundle(project: &Project, profile: &str) -> Result<Vec<PathBuf>> {
    let folder = project.target().join(profile).join("bundle");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context("an old package is in the way")?;
    }
    let kinds = kinds(std::env::consts::OS);
    let names: Vec<&str> = kinds.iter().map(|(name, ..)| *name).collect();
    let names = names.join(",");
    let mut command = project.npm(["exec", "--", "tauri", "bundle", "--bundles", &names]);
    if profile == "debug" {
        command.arg("--debug");
    }
    process::run(&mut command)?;
    let mut packages = Vec::new();
    for (name, below, ending) in kinds {
        let folder = folder.join(below);
        let made = std::fs::read_dir(&folder)
            .with_context(|| format!("the bundler left no folder for {name}"))?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|end| end == *ending));
        match made {
            Some(app) if *name == APP => packages.push(archive(project, &app)?),
            Some(package) => packages.push(package),
            None => bail!("the bundler left no package in {}", folder.display()),
        }
    }
    Ok(packages)
}

/// Packs the app as new versions of it are offered: nobody replaces it out of an image.
fn archive(project: &Project, app: &Path) -> Result<PathBuf> {
    let (Some(folder), Some(name)) = (app.parent(), app.file_name()) else {
        bail!("no app: {}", app.display());
    };
    let mut archive = app.as_os_str().to_owned();
    archive.push(".tar.gz");
    let mut command = project.command("tar");
    // Else Apple's writes a file beside each that has what only its own system knows.
    command.env("COPYFILE_DISABLE", "1");
    command.arg("-czf").arg(&archive);
    command.arg("-C").arg(folder).arg(name);
    process::run(&mut command)?;
    Ok(archive.into())
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

    const WORKFLOW: &str = include_str!("../../.github/workflows/packages.yml");
    const PACKAGES: &str = include_str!("../../docs/packages.md");
    const UPDATES: &str = include_str!("../../docs/updates.md");
    const CONFIGURATION: &str = include_str!("../../src-tauri/tauri.conf.json");

    /// What the workflow keeps.
    fn kept() -> impl Iterator<Item = &'static str> {
        WORKFLOW
            .lines()
            .filter_map(|line| line.trim().strip_prefix("target/release/bundle/"))
    }

    #[test]
    fn the_workflow_keeps_every_kind_of_package() {
        for system in ["linux", "windows", "macos"] {
            for (name, folder, ending) in kinds(system) {
                let ending = if *name == APP { "app.tar.gz" } else { *ending };
                let files = format!("{folder}/*.{ending}");
                assert!(kept().any(|one| one == files), "{files}");
            }
        }
    }

    #[test]
    fn u120_the_workflow_makes_what_a_manifest_of_new_versions_needs() {
        for variable in ["STARTALK_UPDATE_KEY", "STARTALK_UPDATE_URL"] {
            let line = format!("{variable}: ${{{{ vars.{variable} }}}}");
            assert!(WORKFLOW.contains(&line), "{line}");
        }
        let platforms: Vec<&str> = UPDATES
            .lines()
            .filter(|line| line.contains(r#""signature":"#))
            .collect();
        assert!(!platforms.is_empty());
        for platform in platforms {
            // "platform": { "url": "address", …
            let address = platform.split('"').nth(5).unwrap();
            let is_made = kept()
                .filter_map(|files| files.split_once('*'))
                .any(|(_, ending)| address.ends_with(ending));
            assert!(is_made, "{platform}");
        }
    }

    #[test]
    fn the_c_library_that_is_promised_is_the_one_that_is_looked_for() {
        let (_, rest) = WORKFLOW.split_once("dpkg --compare-versions").unwrap();
        let (_, version) = rest.lines().next().unwrap().split_once(" le ").unwrap();
        assert!(PACKAGES.contains(&format!("glibc {version}")), "{version}");
        assert!(
            CONFIGURATION.contains(&format!(r#""libc6 (>= {version})""#)),
            "{version}"
        );
    }

    #[test]
    fn sizes_are_rounded_to_a_tenth() {
        assert_eq!(megabytes(0), "0.0 MB");
        assert_eq!(megabytes(12_340_000), "12.3 MB");
        assert_eq!(megabytes(9_950_000), "10.0 MB");
    }
}

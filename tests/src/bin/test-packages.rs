//! `cargo xtask test --only packages`: the `.deb` and the `.rpm` are installed, started
//! and removed again. Runs where everything below `/usr`, `/etc`, `/opt` and `/var` is
//! written into folders of its own (`STARTALK_CHANGES`), so the machine stays as it is
//! and what a package leaves behind is what lies in those folders.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test: a panic with its place is the report"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use system_tests::processes::required;
use system_tests::search::files;
use system_tests::window::{App, Desktop, KeyringKind};

/// The name of both packages.
const PACKAGE: &str = "startalk";
/// What either has to bring.
const BRINGS: &[&str] = &[
    "/usr/bin/startalk",
    "/usr/share/applications/Startalk.desktop",
    "/usr/share/polkit-1/actions/im.startalk.desktop.policy",
];

#[tokio::main]
async fn main() {
    let desktop = Desktop::start(KeyringKind::Unlocked);
    debian(&desktop).await;
    rpm(&desktop).await;
}

/// The whole way, by the system's own package manager.
async fn debian(desktop: &Desktop) {
    run(Command::new("dpkg")
        .arg("--install")
        .arg(required("STARTALK_DEB")));
    let listed = run(Command::new("dpkg").args(["--listfiles", PACKAGE]));
    brings_all(&listed, Path::new("/"));
    starts(desktop, "deb", "/usr/bin/startalk".into()).await;
    // What is there before is seen, or finding nothing afterwards would prove nothing.
    assert!(!ours().is_empty(), "no trace of an installed package");
    run(Command::new("dpkg").args(["--purge", PACKAGE]));
    let left = ours();
    assert!(left.is_empty(), "left behind: {left:?}");
    println!("packages: .deb installed, started, removed");
}

/// Into a folder: the names of what it needs are those of other distributions, so that
/// is not looked at. Its scripts and files are.
async fn rpm(desktop: &Desktop) {
    let package = required("STARTALK_RPM");
    let root = desktop.folder().join("rpm-root");
    std::fs::create_dir(&root).unwrap();
    let rpm = || {
        let mut command = Command::new("rpm");
        command.arg("--root").arg(&root);
        command.args(["--dbpath", "/var/lib/rpm"]);
        command
    };
    run(rpm().arg("--initdb"));
    run(rpm().args(["--install", "--nodeps"]).arg(&package));
    let listed = run(rpm().args(["--query", "--list", PACKAGE]));
    brings_all(&listed, &root);
    starts(desktop, "rpm", root.join("usr/bin/startalk")).await;
    run(rpm().args(["--erase", PACKAGE]));
    let database = root.join("var/lib/rpm");
    let mut left = files(&root);
    left.retain(|file| !file.starts_with(&database));
    assert!(left.is_empty(), "left behind: {left:?}");
    println!("packages: .rpm installed into a folder, started, removed");
}

fn brings_all(listed: &str, root: &Path) {
    for file in BRINGS {
        assert!(listed.lines().any(|line| line == *file), "{file}: {listed}");
        assert!(root.join(file.trim_start_matches('/')).is_file(), "{file}");
    }
    let icons = listed.lines().filter(|line| line.ends_with(".png")).count();
    assert!(icons > 0, "no icons: {listed}");
}

/// A window comes up, with the first page in it, and goes again.
async fn starts(desktop: &Desktop, name: &str, program: PathBuf) {
    let app = App::start_with(desktop, program, name, "en_US", &[], &[]).await;
    app.wait_ready("welcome").await;
    assert!(app.is_shown());
    app.shot("welcome").await;
    app.quit().await;
}

/// The files of the system that were written and are ours.
fn ours() -> Vec<PathBuf> {
    std::env::split_paths(&required("STARTALK_CHANGES"))
        .flat_map(|folder| walk(&folder))
        .filter(|file| is_ours(file))
        .collect()
}

/// All files below a folder; none in one that nobody wrote into.
fn walk(folder: &Path) -> Vec<PathBuf> {
    if std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        files(folder)
    } else {
        Vec::new()
    }
}

/// Names ours, by its own name or by what is in it. What the package manager notes of
/// packages that were there is its own matter.
fn is_ours(file: &Path) -> bool {
    let path = file.to_string_lossy().to_lowercase();
    let of_dpkg = ["/lib/dpkg/status", "/lib/dpkg/available", "/log/dpkg.log"];
    if of_dpkg.iter().any(|part| path.contains(part)) {
        return false;
    }
    let says = |bytes: Vec<u8>| {
        bytes
            .windows(PACKAGE.len())
            .any(|at| at == PACKAGE.as_bytes())
    };
    file.file_name()
        .is_some_and(|name| name.to_string_lossy().to_lowercase().contains(PACKAGE))
        || std::fs::read(file).is_ok_and(says)
}

/// Runs it; what it said.
fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let erred = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}{erred}");
    said
}

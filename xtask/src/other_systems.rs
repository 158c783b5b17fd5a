//! `cargo xtask check-windows`: does the code compile for Windows? Looked at on Debian,
//! whose compiler brings the source of the standard library; nothing is linked or run.
//! `--macos` does the same for macOS as far as that goes without Apple's C compiler.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::args::Args;
use crate::install::{self, Need};
use crate::process;
use crate::project::Project;

/// Debian's own compiler, for which the source of the standard library is packaged.
const RUSTC: &str = "/usr/bin/rustc";

/// A system, and what of ours can be checked for it.
struct System {
    name: &'static str,
    target: &'static str,
    packages: &'static [&'static str],
    /// What cannot, and why.
    left_out: &'static str,
}

const WINDOWS: System = System {
    name: "Windows",
    target: "x86_64-pc-windows-gnu",
    packages: &[
        "startalk-xmpp-core",
        "startalk-navigation",
        "startalk-engine",
        "startalk-server-lite",
        "startalk",
    ],
    left_out: "nothing; but it is only compiled, and with the GNU tools, not with MSVC",
};

const MACOS: System = System {
    name: "macOS",
    target: "aarch64-apple-darwin",
    packages: &["startalk-xmpp-core", "startalk-navigation"],
    left_out: "the engine, the server and the app: ring and SQLite are C, and need Apple's SDK",
};

/// `cargo xtask check-windows`.
pub(crate) fn run(project: &Project, mut args: Args) -> Result<ExitCode> {
    let system = if args.flag("--macos") {
        &MACOS
    } else {
        &WINDOWS
    };
    let keep = args.flag("--keep");
    args.finish()?;
    if !install::is_debian() {
        bail!("this needs the compiler packages of Debian");
    }
    install::require(project, &[Need::CrossPackages, Need::NodePackages])?;
    // The app embeds it when it is compiled.
    if !project.root().join("ui/dist/index.html").is_file() {
        process::run(&mut project.npm(["run", "build", "-w", "ui"]))?;
    }
    let folder = project.target().join("other-systems");
    let mut check = project.cargo(["check", "-Zbuild-std=std,panic_abort", "--keep-going"]);
    check.args(["--target", system.target, "--lib", "--bins"]);
    check.arg("--target-dir").arg(&folder);
    for package in system.packages {
        check.args(["-p", package]);
    }
    // The packaged compiler is a stable one, and does this only when it is asked to.
    check.env("RUSTC", RUSTC).env("RUSTC_BOOTSTRAP", "1");
    let checked = process::run(&mut check);
    if !keep {
        // It is of no use for anything else.
        std::fs::remove_dir_all(&folder)?;
    }
    checked?;
    println!(
        "Compiles for {}: {}",
        system.name,
        system.packages.join(", ")
    );
    println!("Not checked: {}", system.left_out);
    Ok(ExitCode::SUCCESS)
}

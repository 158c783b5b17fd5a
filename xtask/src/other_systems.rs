//! `cargo xtask check-windows`: does the code compile for Windows? Looked at on Debian,
//! whose compiler brings the source of the standard library; nothing is linked or run.
//! `--macos` does the same for macOS, without the C below our code: Apple's compiler
//! and headers are not to be had here, and what is only checked is never linked with it.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::args::Args;
use crate::install::{self, Need};
use crate::process;
use crate::project::Project;

/// Debian's own compiler, for which the source of the standard library is packaged.
const RUSTC: &str = "/usr/bin/rustc";

/// Ours, but for the tests. The packages for other systems are made by `xtask`.
const PACKAGES: &[&str] = &[
    "xtask",
    "startalk-xmpp-core",
    "startalk-navigation",
    "startalk-engine",
    "startalk-server-lite",
    "startalk",
];

/// A system, and how it is looked at.
struct System {
    name: &'static str,
    target: &'static str,
    /// Whether a C compiler for it is there.
    has_c: bool,
    /// What is not told by that.
    left_out: &'static str,
}

const WINDOWS: System = System {
    name: "Windows",
    target: "x86_64-pc-windows-gnu",
    has_c: true,
    left_out: "linking, running, and compiling with MSVC",
};

const MACOS: System = System {
    name: "macOS",
    target: "aarch64-apple-darwin",
    has_c: false,
    left_out: "the C below (SQLCipher, OpenSSL, ring), linking, running",
};

/// Stands for a compiler of C: reads what a build asks of the preprocessor, and makes
/// objects with nothing in them.
const NO_COMPILER: &str = r#"#!/bin/sh
out='' preprocess='' input='' keep=''
while [ $# -gt 0 ]; do
    case "$1" in
        -o) out=$2; shift ;;
        -E) preprocess=1 ;;
        # Asked of compilers of Microsoft's kind.
        -\?) exit 1 ;;
        -I|-D) keep="$keep $1$2"; shift ;;
        -I*|-D*) keep="$keep $1" ;;
        -target|-arch|-isysroot|-MF|-MT|-MQ) shift ;;
        *.c|*.S|*.s|*.m|*.cc|*.cpp) input=$1 ;;
    esac
    shift
done
# No option of the builds that come here holds a space.
[ -n "$preprocess" ] && exec cc -E $keep "$input"
[ -z "$out" ] && [ -n "$input" ] && out=$(basename "${input%.*}").o
[ -z "$out" ] || : > "$out"
"#;

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
    for package in PACKAGES {
        check.args(["-p", package]);
    }
    if !system.has_c {
        do_without_c(&mut check, system, &folder)?;
    }
    // The packaged compiler is a stable one, and does this only when it is asked to.
    check.env("RUSTC", RUSTC).env("RUSTC_BOOTSTRAP", "1");
    // As on our own system; those below us may warn.
    check.env("RUSTFLAGS", "-Dwarnings");
    let checked = process::run(&mut check);
    if !keep {
        // It is of no use for anything else.
        std::fs::remove_dir_all(&folder)?;
    }
    checked?;
    println!("Compiles for {}: {}", system.name, PACKAGES.join(", "));
    println!("Not checked: {}", system.left_out);
    Ok(ExitCode::SUCCESS)
}

/// Gives the builds of C below us a compiler that makes nothing.
fn do_without_c(check: &mut Command, system: &System, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let compiler = folder.join("no-compiler");
    std::fs::write(&compiler, NO_COMPILER)?;
    process::run(Command::new("chmod").arg("755").arg(&compiler))?;
    let target = system.target.replace('-', "_");
    for tool in ["CC", "CXX"] {
        check.env(format!("{tool}_{target}"), &compiler);
    }
    for (tool, program) in [("AR", "ar"), ("RANLIB", "ranlib")] {
        check.env(format!("{tool}_{target}"), program);
    }
    // Else the builds ask Xcode.
    check.env("SDKROOT", folder);
    check.env("MACOSX_DEPLOYMENT_TARGET", "11.0");
    Ok(())
}

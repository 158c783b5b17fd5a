//! The steps of a test run, in their order: quick ones first, each build before what
//! needs it. Features are the same in all of them (always the whole workspace), so
//! that no dependency is compiled twice.

mod advisories;
mod packages;
mod skips;
mod suites;

use std::process::Command;

use anyhow::Result;

use crate::counts::Counts;
use crate::install::Need;
use crate::process;
use crate::project::Project;
use crate::simulate;
use crate::summary::{Outcome, SkippedTest};
use crate::types;

pub(crate) use suites::set_test_environment;

/// One step.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) needs: &'static [Need],
    /// Steps that are run along with this one.
    pub(crate) with: &'static [&'static str],
    /// Steps without which this one has no meaning: if they failed, it is skipped.
    pub(crate) after: &'static [&'static str],
    pub(crate) run: fn(&Project) -> Result<Done>,
}

/// What a step that was carried out came to. Not being able to is an error.
pub(crate) struct Done {
    pub(crate) outcome: Outcome,
    pub(crate) tests: Option<Counts>,
    pub(crate) failed_tests: Vec<String>,
    pub(crate) last_words: Vec<String>,
    pub(crate) skipped_tests: Vec<SkippedTest>,
}

impl Done {
    fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            tests: None,
            failed_tests: Vec::new(),
            last_words: Vec::new(),
            skipped_tests: Vec::new(),
        }
    }

    fn passed() -> Self {
        Self::new(Outcome::Passed)
    }

    fn skipped(why: &str) -> Self {
        Self::new(Outcome::Skipped(why.to_owned()))
    }
}

/// All steps of `cargo xtask test`.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "format",
        about: "rustfmt finds nothing to change",
        needs: &[Need::RustComponents],
        with: &[],
        after: &[],
        run: |project| check(project.cargo(["fmt", "--all", "--check"])),
    },
    Step {
        name: "ui-check",
        about: "types, lints and format of the UI",
        needs: &[Need::NodePackages],
        with: &[],
        after: &[],
        run: |project| check(project.npm(["run", "check", "-w", "ui"])),
    },
    Step {
        name: "ui-test",
        about: "unit tests of the UI",
        needs: &[Need::NodePackages],
        with: &[],
        after: &[],
        run: suites::ui,
    },
    Step {
        name: "ui-browser",
        about: "layout and scrolling of the UI in a real browser",
        needs: &[Need::NodePackages, Need::BrowserPackages],
        with: &[],
        after: &[],
        run: suites::ui_in_browser,
    },
    Step {
        name: "ui-build",
        about: "the UI as the app embeds it",
        needs: &[Need::NodePackages],
        with: &[],
        after: &[],
        run: |project| check(project.npm(["run", "build", "-w", "ui"])),
    },
    Step {
        name: "clippy",
        about: "lints of all Rust code, warnings are errors",
        needs: &[Need::BuildPackages, Need::RustComponents],
        with: &["ui-build"],
        after: &[],
        run: clippy,
    },
    Step {
        name: "deny",
        about: "licences, sources and direction of the dependencies",
        needs: &[Need::CargoDeny],
        with: &[],
        after: &[],
        run: deny,
    },
    Step {
        name: "advisories",
        about: "known security problems of the dependencies",
        needs: &[Need::CargoDeny],
        with: &[],
        after: &[],
        run: advisories::run,
    },
    Step {
        name: "build",
        about: "all programs and tests",
        needs: &[Need::BuildPackages],
        with: &["ui-build"],
        after: &[],
        run: build,
    },
    Step {
        name: "types",
        about: "the checked-in TypeScript matches the Rust types",
        needs: &[Need::BuildPackages, Need::Nextest],
        with: &["build"],
        after: &["build"],
        run: |project| types::check_fresh(project).map(|()| Done::passed()),
    },
    Step {
        name: "rust-test",
        about: "unit and integration tests",
        needs: &[Need::BuildPackages, Need::Nextest],
        with: &["build"],
        after: &["build"],
        run: suites::rust,
    },
    Step {
        name: "doctest",
        about: "examples in the documentation",
        needs: &[Need::BuildPackages],
        with: &["build"],
        after: &["build"],
        run: suites::doctests,
    },
    Step {
        name: "simulate",
        about: "2,000 plans of devices, faults and restarts",
        needs: &[Need::BuildPackages],
        with: &["build"],
        after: &["build"],
        run: |project| check(simulate::command(project)),
    },
    Step {
        name: "interop",
        about: "our server and client with those of others",
        needs: &[
            Need::BuildPackages,
            Need::ServerPackages,
            Need::Nextest,
            Need::Python,
            Need::NodeClients,
        ],
        with: &["build"],
        after: &["build"],
        run: suites::interop,
    },
    Step {
        name: "e2e",
        about: "the real window, driven by WebDriver",
        needs: &[
            Need::BuildPackages,
            Need::TestPackages,
            Need::Nextest,
            Need::TauriDriver,
        ],
        with: &["ui-build", "build"],
        after: &["ui-build", "build"],
        run: suites::windows,
    },
    Step {
        name: "packages",
        about: "the .deb and the .rpm are installed, started and removed",
        needs: &[
            Need::BuildPackages,
            Need::TestPackages,
            Need::PackagePackages,
            Need::NodePackages,
            Need::TauriDriver,
        ],
        with: &["ui-build", "build"],
        after: &["ui-build", "build"],
        run: packages::run,
    },
];

/// The step of that name.
pub(crate) fn find(name: &str) -> Option<&'static Step> {
    STEPS.iter().find(|step| step.name == name)
}

/// A program that ends well or not, and counts as one check.
fn check(mut command: Command) -> Result<Done> {
    process::run(&mut command)?;
    Ok(Done::passed())
}

/// The app embeds the built UI when it is compiled.
fn ui_is_built(project: &Project) -> bool {
    project.root().join("ui/dist/index.html").is_file()
}

const NO_UI: &str = "the UI is not built, and the app embeds it";

fn clippy(project: &Project) -> Result<Done> {
    if !ui_is_built(project) {
        return Ok(Done::skipped(NO_UI));
    }
    let mut command = project.cargo(["clippy", "--workspace", "--all-targets", "--keep-going"]);
    command.args(["--", "-D", "warnings"]);
    check(command)
}

fn build(project: &Project) -> Result<Done> {
    if !ui_is_built(project) {
        return Ok(Done::skipped(NO_UI));
    }
    // Both kinds in one command: alone, `--bins` would leave out the features that
    // only tests ask for, and half of the tree would be compiled once more for them.
    check(project.cargo(["build", "--workspace", "--bins", "--tests", "--keep-going"]))
}

fn deny(project: &Project) -> Result<Done> {
    let mut command = project.cargo(["deny", "--locked", "check"]);
    // Crates that are there in two versions are worth a look now and then, by
    // `cargo deny check bans`; in each run their long list would hide what matters.
    command.args(["-A", "duplicate", "licenses", "bans", "sources"]);
    check(command)
}

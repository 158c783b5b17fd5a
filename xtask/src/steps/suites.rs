//! The steps that run tests and count them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{Done, skips};
use crate::counts::{self, Runner};
use crate::install::{TAURI_DRIVER, python_interpreter};
use crate::process;
use crate::project::Project;
use crate::summary::{Outcome, SkippedTest};
use crate::types;

pub(super) fn ui(project: &Project) -> Result<Done> {
    let done = counted(&mut project.npm(["test", "-w", "ui"]), Runner::Vitest)?;
    Ok(with_unnamed_skips(
        done,
        "marked as skipped in the test files of ui",
    ))
}

pub(super) fn ui_in_browser(project: &Project) -> Result<Done> {
    let mut command = project.npm(["run", "test:browser", "-w", "ui"]);
    let done = counted(&mut command, Runner::Vitest)?;
    Ok(with_unnamed_skips(
        done,
        "marked as skipped in the browser tests of ui",
    ))
}

pub(super) fn doctests(project: &Project) -> Result<Done> {
    let mut command = project.cargo(["test", "--workspace", "--doc", "--no-fail-fast"]);
    let done = counted(&mut command, Runner::Doctest)?;
    Ok(with_unnamed_skips(
        done,
        "marked `ignore` in the documentation",
    ))
}

/// Everything but what needs other people's programs or a window.
pub(super) fn rust(project: &Project) -> Result<Done> {
    nextest(project, None)
}

pub(super) fn interop(project: &Project) -> Result<Done> {
    nextest(project, Some("interop_"))
}

pub(super) fn windows(project: &Project) -> Result<Done> {
    if !cfg!(target_os = "linux") {
        return Ok(Done::skipped(
            "windows can be driven on Linux only, with WebKitGTK",
        ));
    }
    let done = nextest(project, Some("e2e_"))?;
    println!("Screenshots: {}", shots(project).display());
    Ok(done)
}

fn shots(project: &Project) -> PathBuf {
    project.target().join("e2e-shots")
}

/// Runs nextest: with the selection of `.config/nextest.toml`, or only those programs
/// of the whole-system tests whose names start with `prefix`.
fn nextest(project: &Project, prefix: Option<&str>) -> Result<Done> {
    let select = |command: &mut Command| {
        command.arg("--workspace");
        if let Some(prefix) = prefix {
            // As in the configuration, a pattern must match something: hence its last part.
            let filter = format!(
                "package(/^(system|server|engine)-tests$/) & kind(test) & binary(/^({prefix}|system.tests$)/)"
            );
            command.args(["--ignore-default-filter", "-E", &filter]);
        }
    };
    let log = skips::Log::start(project)?;
    let mut command = project.cargo(["nextest", "run"]);
    select(&mut command);
    set_test_environment(project, &mut command);
    command.env(skips::LOG_VARIABLE, log.path());
    // A panic says its place and what it waited for; frames of libraries would push
    // that out of a log that is cut.
    command.env("RUST_BACKTRACE", "0");
    let mut done = counted(&mut command, Runner::Nextest)?;
    let skipped = log.read();
    if let Some(tests) = &mut done.tests {
        let number = skipped.len() as u64;
        tests.passed = tests.passed.saturating_sub(number);
        tests.skipped += number;
    }
    done.skipped_tests.extend(skipped);

    let mut list = project.cargo(["nextest", "list", "--run-ignored", "only", "-T", "oneline"]);
    select(&mut list);
    set_test_environment(project, &mut list);
    // If this list fails, so did the run above, and that is what counts.
    let ignored = skips::ignored(project, &process::read(&mut list).unwrap_or_default());
    if let Some(tests) = &mut done.tests {
        tests.skipped += ignored.len() as u64;
    }
    done.skipped_tests.extend(ignored);
    Ok(done)
}

/// What the system tests read to find the programs they drive.
pub(crate) fn set_test_environment(project: &Project, command: &mut Command) {
    command
        .env("STARTALK_BIN", project.binary("debug", "startalk"))
        .env(
            "STARTALK_SERVER_BIN",
            project.binary("debug", "startalk-server"),
        )
        .env("STARTALK_CLI_BIN", project.binary("debug", "startalk-cli"))
        .env("STARTALK_NAV_BIN", project.binary("debug", "startalk-nav"))
        .env("STARTALK_PYTHON", python_interpreter(project))
        .env("STARTALK_SHOTS", shots(project))
        .env("TAURI_DRIVER", TAURI_DRIVER.path(project))
        .env("WEBKIT_DRIVER", "/usr/bin/WebKitWebDriver")
        // Tests never write into the source tree; `cargo xtask types` does.
        .env("TS_RS_EXPORT_DIR", types::fresh_folder(project));
}

/// Runs tests and counts them.
fn counted(command: &mut Command, runner: Runner) -> Result<Done> {
    let finished = process::run_and_keep(command)?;
    let tests = runner.counts(&finished.text);
    let failed_tests = runner.failures(&finished.text);
    let failed = tests.map_or(0, |tests| tests.failed);
    let last_words = match failed {
        0 => Vec::new(),
        _ => counts::last_words(&finished.text),
    };
    let outcome = match process::ensure_success(command, finished.status) {
        Err(_) if failed > 0 => Outcome::Failed(failed_sentence(failed)),
        Err(error) => Outcome::Failed(error.to_string()),
        // An unread summary would pass off any number of tests as run.
        Ok(()) if tests.is_none() => {
            Outcome::Failed("the test runner printed no summary".to_owned())
        }
        Ok(()) => Outcome::Passed,
    };
    Ok(Done {
        outcome,
        tests,
        failed_tests,
        last_words,
        skipped_tests: Vec::new(),
    })
}

fn failed_sentence(number: u64) -> String {
    match number {
        1 => "1 test failed".to_owned(),
        _ => format!("{number} tests failed"),
    }
}

/// For runners that count skipped tests but do not name them.
fn with_unnamed_skips(mut done: Done, reason: &str) -> Done {
    let number = done.tests.map_or(0, |tests| tests.skipped);
    if number > 0 {
        done.skipped_tests.push(SkippedTest {
            name: match number {
                1 => "1 test".to_owned(),
                _ => format!("{number} tests"),
            },
            reason: reason.to_owned(),
        });
    }
    done
}

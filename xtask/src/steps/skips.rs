//! Why a test did not run.
//!
//! Two ways lead here. A test marked `#[ignore = "why"]` never starts. A test that finds
//! out while running that it cannot do its work (a third-party program is not there)
//! appends a line `name<TAB>why` to the file named by `STARTALK_SKIP_LOG` and returns;
//! nextest reports it as passed, so it is taken off that number again.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::project::Project;
use crate::summary::SkippedTest;

/// Names the file that tests note their own skipping in.
pub(crate) const LOG_VARIABLE: &str = "STARTALK_SKIP_LOG";

/// The file of one run.
pub(super) struct Log(PathBuf);

impl Log {
    /// Begins with an empty file.
    pub(super) fn start(project: &Project) -> Result<Self> {
        let file = project.target().join("skipped-tests.txt");
        std::fs::write(&file, "")
            .with_context(|| format!("{} cannot be written", file.display()))?;
        Ok(Self(file))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn read(&self) -> Vec<SkippedTest> {
        parse_log(&std::fs::read_to_string(&self.0).unwrap_or_default())
    }
}

fn parse_log(text: &str) -> Vec<SkippedTest> {
    let mut tests: Vec<SkippedTest> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let (name, reason) = line.split_once('\t').unwrap_or((line, "no reason given"));
            SkippedTest {
                name: name.trim().to_owned(),
                reason: reason.trim().to_owned(),
            }
        })
        .collect();
    tests.sort_by(|a, b| a.name.cmp(&b.name));
    tests.dedup_by(|a, b| a.name == b.name);
    tests
}

/// The ignored tests that nextest lists (`crate::binary module::test`), with the reasons
/// that stand in their source.
pub(super) fn ignored(project: &Project, list: &str) -> Vec<SkippedTest> {
    let names: Vec<&str> = list.lines().filter(|line| line.contains(' ')).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let mut reasons = Vec::new();
    for folder in [
        "navigation",
        "xmpp-core",
        "engine",
        "server-lite",
        "src-tauri",
        "tests",
    ] {
        collect_reasons(&project.root().join(folder), &mut reasons);
    }
    names
        .into_iter()
        .map(|name| {
            let function = name.rsplit([':', ' ']).next().unwrap_or(name);
            let reason = reasons
                .iter()
                .find(|(of, _)| of == function)
                .map_or("no reason given", |(_, reason)| reason);
            SkippedTest {
                name: name.to_owned(),
                reason: reason.to_owned(),
            }
        })
        .collect()
}

fn collect_reasons(folder: &Path, reasons: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect_reasons(&path, reasons);
        } else if path.extension().is_some_and(|end| end == "rs")
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            reasons.extend(reasons_in(&text));
        }
    }
}

/// Pairs of function and reason: the `fn` that follows an `#[ignore = "…"]`.
fn reasons_in(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut reason = None;
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("#[ignore = \"") {
            reason = rest.strip_suffix("\"]").map(str::to_owned);
        } else if let Some((_, name)) = line.split_once("fn ")
            && let Some(reason) = reason.take()
        {
            let name = name.split('(').next().unwrap_or_default();
            found.push((name.to_owned(), reason));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_has_one_line_for_each_test() {
        let tests = parse_log("b\twhy b\na\twhy a\nb\twhy b\n\nc\n");
        let text: Vec<String> = tests
            .iter()
            .map(|test| format!("{}: {}", test.name, test.reason))
            .collect();
        assert_eq!(text, ["a: why a", "b: why b", "c: no reason given"]);
    }

    #[test]
    fn reasons_are_found_above_the_function() {
        let text = "#[test]\n#[ignore = \"takes an hour\"]\nasync fn long() {}\n\
                    #[test]\nfn short() {}\n";
        assert_eq!(
            reasons_in(text),
            [("long".to_owned(), "takes an hour".to_owned())]
        );
    }
}

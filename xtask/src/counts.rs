//! Reads from the output of the test runners how many tests passed, failed and were skipped.

use std::ops::AddAssign;

/// Numbers of tests by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// A runner whose summary is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runner {
    Nextest,
    Vitest,
    Doctest,
}

impl Runner {
    /// The counts in a run's output; `None` where it never came to a summary.
    pub(crate) fn counts(self, text: &str) -> Option<Counts> {
        let text = without_colours(text);
        match self {
            Self::Nextest => nextest(&text),
            Self::Vitest => vitest(&text),
            Self::Doctest => doctests(&text),
        }
    }

    /// The names of the failed tests, as the runner writes them.
    pub(crate) fn failures(self, text: &str) -> Vec<String> {
        let text = without_colours(text);
        let mut names: Vec<String> = match self {
            Self::Nextest => text
                .lines()
                .skip_while(|line| !is_nextest_summary(line))
                .skip(1)
                .filter_map(nextest_failure)
                .collect(),
            Self::Vitest => text
                .lines()
                .filter_map(|line| line.trim().strip_prefix("FAIL "))
                .map(|name| name.trim().to_owned())
                .collect(),
            Self::Doctest => text
                .lines()
                .filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"))
                .map(str::to_owned)
                .collect(),
        };
        names.sort();
        names.dedup();
        names
    }
}

/// Lines that are kept of what one test said, and of all of them.
const LINES_OF_ONE: usize = 16;
const LINES_OF_ALL: usize = 80;

/// What the tests that failed said as they did: where each panicked, and why. A log
/// may be cut where that stood, and its end is not.
pub(crate) fn last_words(text: &str) -> Vec<String> {
    let text = without_colours(text);
    let mut words = Vec::new();
    let mut left = 0;
    for line in text.lines().map(str::trim_end) {
        if line.contains(" panicked at ") {
            left = LINES_OF_ONE;
        } else if line.trim_start().starts_with("note: run with") {
            left = 0;
        }
        if left > 0 && !line.is_empty() && words.len() < LINES_OF_ALL {
            left -= 1;
            words.push(line.trim_start().to_owned());
        }
    }
    words
}

fn is_nextest_summary(line: &str) -> bool {
    line.trim_start().starts_with("Summary [")
}

/// `Summary [ 0.5s] 12 tests run: 10 passed (1 slow), 1 failed, 1 timed out, 3 skipped`.
/// Tests left out by a filter are among its skipped ones: they ran in another step, so
/// they are not taken from here.
fn nextest(text: &str) -> Option<Counts> {
    let line = text.lines().rfind(|line| is_nextest_summary(line))?;
    let (_, numbers) = line.split_once(" run: ")?;
    let mut counts = Counts::default();
    for (number, word) in numbered_words(&without_brackets(numbers), ',') {
        match word.as_str() {
            "passed" => counts.passed += number,
            "skipped" => {}
            // failed, timed out, exec failed: whatever else it says, the test is not fine.
            _ => counts.failed += number,
        }
    }
    Some(counts)
}

/// `FAIL [   0.132s] (2/2) crate::binary test::name`, or with TIMEOUT, SIGSEGV and so on.
fn nextest_failure(line: &str) -> Option<String> {
    let (word, rest) = line.trim_start().split_once(" [")?;
    let is_word = !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase() || c == '-');
    if !is_word || matches!(word, "PASS" | "SLOW" | "LEAK" | "SKIP") {
        return None;
    }
    let (_, name) = rest.split_once("] ")?;
    let name = match name.trim_start().strip_prefix('(') {
        Some(numbered) => numbered.split_once(") ")?.1,
        None => name,
    };
    Some(name.trim().to_owned())
}

/// `Tests  1 failed | 3 passed | 2 skipped (6)`.
fn vitest(text: &str) -> Option<Counts> {
    let line = text
        .lines()
        .map(str::trim)
        .rfind(|line| line.starts_with("Tests ") && line.ends_with(')'))?;
    let mut counts = Counts::default();
    let numbers = line.strip_prefix("Tests ")?;
    for (number, word) in numbered_words(&without_brackets(numbers), '|') {
        match word.as_str() {
            "passed" => counts.passed += number,
            "failed" => counts.failed += number,
            _ => counts.skipped += number,
        }
    }
    Some(counts)
}

/// One line for each crate: `test result: ok. 1 passed; 0 failed; 1 ignored; …`.
fn doctests(text: &str) -> Option<Counts> {
    let mut sum = None;
    for line in text.lines() {
        let Some((_, numbers)) = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        else {
            continue;
        };
        let counts = sum.get_or_insert_with(Counts::default);
        for (number, word) in numbered_words(numbers, ';') {
            match word.as_str() {
                "passed" => counts.passed += number,
                "failed" => counts.failed += number,
                "ignored" => counts.skipped += number,
                _ => {}
            }
        }
    }
    sum
}

/// `3 passed, 1 timed out` as (3, "passed"), (1, "timed out").
fn numbered_words(text: &str, separator: char) -> Vec<(u64, String)> {
    text.split(separator)
        .filter_map(|part| {
            let (number, word) = part.trim().split_once(' ')?;
            Some((number.parse().ok()?, word.trim().to_owned()))
        })
        .collect()
}

/// Drops `(…)`: `10 passed (1 slow, 1 leaky)` says nothing more about the outcome.
fn without_brackets(text: &str) -> String {
    let mut depth = 0_u32;
    text.chars()
        .filter(|&c| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => return depth == 0,
            }
            false
        })
        .collect()
}

/// Drops terminal colour sequences (`ESC [ … letter`).
pub(crate) fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            plain.push(c);
        } else if chars.next() == Some('[') {
            for c in chars.by_ref() {
                if c.is_ascii_alphabetic() {
                    break;
                }
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64, skipped: u64) -> Option<Counts> {
        Some(Counts {
            passed,
            failed,
            skipped,
        })
    }

    #[test]
    fn nextest_summaries() {
        let table = [
            (
                "     Summary [   0.133s] 2 tests run: 1 passed, 1 failed, 1 skipped\n",
                counts(1, 1, 0),
            ),
            (
                "     Summary [   0.007s] 1 test run: 1 passed, 0 skipped",
                counts(1, 0, 0),
            ),
            (
                "Summary [ 61.2s] 9 tests run: 5 passed (2 slow, 1 leaky), 1 failed, \
                 2 timed out, 1 exec failed, 3 skipped",
                counts(5, 4, 0),
            ),
            ("error: could not compile `engine`", None),
        ];
        for (text, expected) in table {
            assert_eq!(Runner::Nextest.counts(text), expected, "{text}");
        }
    }

    #[test]
    fn nextest_failures_are_named_once_and_only_after_the_summary() {
        let text = "        FAIL [   0.132s] (2/9) nx t::c\n\
                    \u{1b}[1m Summary\u{1b}[0m [   0.133s] 9 tests run: 6 passed, 3 failed\n\
                    \x20       FAIL [   0.132s] (2/9) nx t::c\n\
                    \x20    TIMEOUT [  60.132s] (3/9) nx::e2e_x w\n\
                    \x20     SIGSEGV [   0.1s] nx d\n\
                    \x20       SLOW [  60.132s] (4/9) nx t::e\n\
                    error: test run failed\n";
        assert_eq!(
            Runner::Nextest.failures(text),
            ["nx d", "nx t::c", "nx::e2e_x w"]
        );
    }

    #[test]
    fn what_a_failed_test_said_is_kept() {
        let text = "  stderr ───\n\n    thread 'a' panicked at tests/x.rs:9:5:\n    \
                    ejabberd: 1 of 90 failed:\n      typing (WebSocket)\n    note: run with `R=1`\n    noise\n    \
                    thread 'b' panicked at y.rs:1:1:\n\n    no\n";
        assert_eq!(
            last_words(text),
            [
                "thread 'a' panicked at tests/x.rs:9:5:",
                "ejabberd: 1 of 90 failed:",
                "typing (WebSocket)",
                "thread 'b' panicked at y.rs:1:1:",
                "no",
            ]
        );
    }

    #[test]
    fn vitest_summaries() {
        let table = [
            (
                "\u{1b}[2m Test Files \u{1b}[22m 2 passed (2)\n\u{1b}[2m      Tests \u{1b}[22m \
                 \u{1b}[1m\u{1b}[32m12 passed\u{1b}[39m\u{1b}[22m (12)\n   Duration  1.2s\n",
                counts(12, 0, 0),
            ),
            (
                " Test Files  1 failed | 1 passed (2)\n      Tests  1 failed | 3 passed | \
                 2 skipped | 1 todo (7)\n",
                counts(3, 1, 3),
            ),
            ("No test files found, exiting with code 1", None),
        ];
        for (text, expected) in table {
            assert_eq!(Runner::Vitest.counts(text), expected, "{text}");
        }
    }

    #[test]
    fn vitest_failures() {
        let text = " FAIL  src/a.test.ts > adds\n ✓ src/b.test.ts (3 tests)\n";
        assert_eq!(Runner::Vitest.failures(text), ["src/a.test.ts > adds"]);
    }

    #[test]
    fn doctest_results_are_summed_over_the_crates() {
        let text = "test src/lib.rs - f (line 4) ... ignored\n\
                    test src/lib.rs - g (line 9) ... FAILED\n\
                    test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out\n\
                    test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out\n";
        assert_eq!(Runner::Doctest.counts(text), counts(5, 1, 1));
        assert_eq!(Runner::Doctest.failures(text), ["src/lib.rs - g (line 9)"]);
        assert_eq!(Runner::Doctest.counts("nothing ran"), None);
    }
}

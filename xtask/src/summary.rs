//! The end of a test run: a table, the reasons, and one plain last line.

use std::time::Duration;

use crate::clock;
use crate::counts::Counts;
use crate::project::Project;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// Why, in a sentence.
    Failed(String),
    /// Why, in a sentence.
    Skipped(String),
}

/// A test that did not run, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SkippedTest {
    pub(crate) name: String,
    pub(crate) reason: String,
}

/// What one step came to.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) step: &'static str,
    pub(crate) outcome: Outcome,
    /// Present where the step ran tests that can be counted.
    pub(crate) tests: Option<Counts>,
    pub(crate) failed_tests: Vec<String>,
    /// What these said as they failed.
    pub(crate) last_words: Vec<String>,
    pub(crate) skipped_tests: Vec<SkippedTest>,
    pub(crate) time: Duration,
}

impl Report {
    /// A step that counts as one check.
    pub(crate) fn check(step: &'static str, outcome: Outcome, time: Duration) -> Self {
        Self {
            step,
            outcome,
            tests: None,
            failed_tests: Vec::new(),
            last_words: Vec::new(),
            skipped_tests: Vec::new(),
            time,
        }
    }

    /// What this step adds to the last line: its tests, or itself as one check.
    fn counts(&self) -> Counts {
        let mut counts = self.tests.unwrap_or_default();
        match self.outcome {
            Outcome::Passed if self.tests.is_none() => counts.passed = 1,
            Outcome::Skipped(_) if self.tests.is_none() => counts.skipped = 1,
            // A step that failed beside its tests (it did not compile, say) must show.
            Outcome::Failed(_) if counts.failed == 0 => counts.failed = 1,
            _ => {}
        }
        counts
    }

    fn word(&self, project: &Project) -> String {
        match self.outcome {
            Outcome::Passed => project.paint("32", "passed "),
            Outcome::Failed(_) => project.paint("31", "failed "),
            Outcome::Skipped(_) => project.paint("33", "skipped"),
        }
    }
}

/// The sum over all steps.
pub(crate) fn total(reports: &[Report]) -> Counts {
    let mut sum = Counts::default();
    for report in reports {
        sum += report.counts();
    }
    sum
}

/// The last line of a test run.
pub(crate) fn last_line(counts: Counts) -> String {
    format!(
        "{} passed, {} failed, {} skipped",
        counts.passed, counts.failed, counts.skipped
    )
}

/// Prints everything that a reader of the end alone needs to know.
pub(crate) fn print(project: &Project, reports: &[Report], time: Duration) {
    println!();
    for report in reports {
        let tests = report.tests.map(describe_tests).unwrap_or_default();
        println!(
            "  {:<12} {}  {:>8}  {tests}",
            report.step,
            report.word(project),
            clock::spell(report.time),
        );
    }
    print_reasons("Failed", &failures(reports));
    print_reasons("Skipped", &skips(reports));
    println!("\nTook {}.", clock::spell(time));
    println!("{}", last_line(total(reports)));
}

fn describe_tests(counts: Counts) -> String {
    let mut parts = vec![format!("{} passed", counts.passed)];
    if counts.failed > 0 {
        parts.push(format!("{} failed", counts.failed));
    }
    if counts.skipped > 0 {
        parts.push(format!("{} skipped", counts.skipped));
    }
    parts.join(", ")
}

fn failures(reports: &[Report]) -> Vec<String> {
    let mut lines = Vec::new();
    for report in reports {
        if let Outcome::Failed(why) = &report.outcome {
            lines.push(format!("{}: {why}", report.step));
        }
        lines.extend(report.failed_tests.iter().map(|name| format!("  {name}")));
        lines.extend(report.last_words.iter().map(|line| format!("    {line}")));
    }
    lines
}

fn skips(reports: &[Report]) -> Vec<String> {
    let mut lines = Vec::new();
    for report in reports {
        if let Outcome::Skipped(why) = &report.outcome {
            lines.push(format!("{}: {why}", report.step));
        }
        for test in &report.skipped_tests {
            lines.push(format!("{}: {}: {}", report.step, test.name, test.reason));
        }
    }
    lines
}

fn print_reasons(title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    println!("\n{title}:");
    for line in lines {
        println!("  {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcome: Outcome, tests: Option<Counts>) -> Report {
        Report {
            tests,
            ..Report::check("x", outcome, Duration::ZERO)
        }
    }

    fn tests(passed: u64, failed: u64, skipped: u64) -> Option<Counts> {
        Some(Counts {
            passed,
            failed,
            skipped,
        })
    }

    #[test]
    fn checks_count_as_one_and_tests_by_number() {
        let reports = [
            report(Outcome::Passed, None),
            report(Outcome::Skipped("offline".into()), None),
            report(Outcome::Passed, tests(10, 0, 1)),
            report(Outcome::Failed("two tests".into()), tests(3, 2, 0)),
        ];
        assert_eq!(last_line(total(&reports)), "14 passed, 2 failed, 2 skipped");
    }

    #[test]
    fn a_failed_step_is_never_lost() {
        let reports = [
            report(Outcome::Failed("does not compile".into()), None),
            report(Outcome::Failed("broke off".into()), tests(4, 0, 0)),
        ];
        assert_eq!(last_line(total(&reports)), "4 passed, 2 failed, 0 skipped");
    }

    #[test]
    fn a_run_without_tests_adds_nothing() {
        let reports = [report(Outcome::Passed, tests(0, 0, 0))];
        assert_eq!(last_line(total(&reports)), "0 passed, 0 failed, 0 skipped");
    }

    #[test]
    fn every_skip_says_why() {
        let mut with_test = report(Outcome::Passed, tests(1, 0, 1));
        with_test.skipped_tests.push(SkippedTest {
            name: "interop::profanity".into(),
            reason: "not installed".into(),
        });
        let lines = skips(&[report(Outcome::Skipped("offline".into()), None), with_test]);
        assert_eq!(
            lines,
            ["x: offline", "x: interop::profanity: not installed"]
        );
    }
}

//! `cargo xtask test`: install, run every step, go on after failures, sum up.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Error, Result, bail};

use crate::args::Args;
use crate::clock;
use crate::install::{self, Need};
use crate::project::Project;
use crate::steps::{self, STEPS, Step};
use crate::summary::{self, Outcome, Report};

/// The name of the step that comes before all others.
const INSTALL: &str = "install";

pub(crate) fn run(project: &Project, mut args: Args) -> Result<ExitCode> {
    let only = args.list("--only")?;
    let skip = args.list("--skip")?;
    let skip_install = args.flag("--skip-install");
    let list = args.flag("--list");
    args.finish()?;
    if list {
        for step in STEPS {
            println!("  {:<12} {}", step.name, step.about);
        }
        return Ok(ExitCode::SUCCESS);
    }
    run_steps(project, &select(&only, &skip)?, !skip_install)
}

/// Runs these steps, prints the summary, and says by the exit code whether all was well.
pub(crate) fn run_steps(
    project: &Project,
    chosen: &[&'static Step],
    install: bool,
) -> Result<ExitCode> {
    let start = Instant::now();
    let number = chosen.len() + usize::from(install);
    let mut progress = Progress {
        project,
        at: 0,
        number,
    };
    let mut reports = Vec::new();
    let mut not_installed = Vec::new();
    std::fs::create_dir_all(project.target())?;
    if install {
        progress.begin(INSTALL, "what the steps need");
        let begin = Instant::now();
        not_installed = install::ensure(project, &needs(chosen));
        let outcome = match install::describe_failures(&not_installed) {
            None => Outcome::Passed,
            Some(text) => Outcome::Failed(text),
        };
        let report = Report::check(INSTALL, outcome, begin.elapsed());
        progress.end(&report);
        reports.push(report);
    }
    for step in chosen {
        progress.begin(step.name, step.about);
        let begin = Instant::now();
        let mut report = match obstacle(step, &reports, &not_installed) {
            Some(reason) => Report::check(step.name, Outcome::Skipped(reason), begin.elapsed()),
            None => carry_out(project, step),
        };
        report.time = begin.elapsed();
        progress.end(&report);
        reports.push(report);
    }
    summary::print(project, &reports, start.elapsed());
    Ok(if summary::total(&reports).failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn carry_out(project: &Project, step: &Step) -> Report {
    let time = std::time::Duration::ZERO;
    match (step.run)(project) {
        Ok(done) => Report {
            step: step.name,
            outcome: done.outcome,
            tests: done.tests,
            failed_tests: done.failed_tests,
            last_words: done.last_words,
            skipped_tests: done.skipped_tests,
            time,
        },
        Err(error) => Report::check(step.name, Outcome::Failed(format!("{error:#}")), time),
    }
}

/// Why a step cannot be carried out, given what happened before it.
fn obstacle(step: &Step, before: &[Report], not_installed: &[(Need, Error)]) -> Option<String> {
    if let Some((need, _)) = not_installed
        .iter()
        .find(|(need, _)| step.needs.contains(need))
    {
        return Some(format!("could not install the {}", need.describe()));
    }
    let failed = before
        .iter()
        .find(|report| step.after.contains(&report.step) && report.outcome != Outcome::Passed)?;
    Some(format!(
        "needs the step `{}`, which did not pass",
        failed.step
    ))
}

/// The steps named, with those that must come along, in the order of the list.
pub(crate) fn select(only: &[String], skip: &[String]) -> Result<Vec<&'static Step>> {
    for name in only.iter().chain(skip) {
        if steps::find(name).is_none() {
            let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
            bail!("there is no step `{name}`; there are: {}", known.join(", "));
        }
    }
    let mut names: Vec<&str> = if only.is_empty() {
        STEPS.iter().map(|step| step.name).collect()
    } else {
        only.iter().map(String::as_str).collect()
    };
    // Whatever a step added here asks for is looked at in a later round.
    let mut at = 0;
    while let Some(step) = names.get(at).and_then(|name| steps::find(name)) {
        for name in step.with {
            if !names.contains(name) {
                names.push(name);
            }
        }
        at += 1;
    }
    Ok(STEPS
        .iter()
        .filter(|step| names.contains(&step.name))
        .filter(|step| !skip.iter().any(|name| name == step.name))
        .collect())
}

fn needs(chosen: &[&Step]) -> Vec<Need> {
    let mut needs: Vec<Need> = chosen
        .iter()
        .flat_map(|step| step.needs.iter().copied())
        .collect();
    needs.sort();
    needs.dedup();
    needs
}

/// The lines `[3/12] clippy …` around each step.
struct Progress<'a> {
    project: &'a Project,
    at: usize,
    number: usize,
}

impl Progress<'_> {
    fn begin(&mut self, name: &str, about: &str) {
        self.at += 1;
        let line = format!("[{}/{}] {name} …", self.at, self.number);
        println!("\n{} {about}", self.project.paint("1;36", &line));
    }

    fn end(&self, report: &Report) {
        let (colour, word) = match &report.outcome {
            Outcome::Passed => ("32", "passed".to_owned()),
            Outcome::Failed(why) => ("31", format!("FAILED: {why}")),
            Outcome::Skipped(why) => ("33", format!("skipped: {why}")),
        };
        let line = format!(
            "[{}/{}] {} {word} ({})",
            self.at,
            self.number,
            report.step,
            clock::spell(report.time)
        );
        println!("{}", self.project.paint(colour, &line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn names(only: &str, skip: &str) -> Vec<&'static str> {
        let words =
            |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
        select(&words(only), &words(skip))
            .unwrap()
            .iter()
            .map(|step| step.name)
            .collect()
    }

    #[test]
    fn a_step_brings_those_it_rests_on_in_order() {
        assert_eq!(names("format", ""), ["format"]);
        assert_eq!(
            names("e2e format", ""),
            ["format", "ui-build", "build", "e2e"]
        );
        assert_eq!(names("e2e", "build"), ["ui-build", "e2e"]);
        assert_eq!(names("", "").len(), STEPS.len());
        assert!(select(&["nonsense".to_owned()], &[]).is_err());
    }

    #[test]
    fn every_name_in_the_list_exists_and_comes_earlier() {
        for (at, step) in STEPS.iter().enumerate() {
            for name in step.with.iter().chain(step.after) {
                let other = STEPS.iter().position(|step| step.name == *name);
                assert!(
                    other.is_some_and(|other| other < at),
                    "{} {name}",
                    step.name
                );
            }
        }
    }

    #[test]
    fn a_failed_foundation_or_installation_skips_with_the_reason() {
        let e2e = steps::find("e2e").unwrap();
        let built = |outcome| [Report::check("build", outcome, Duration::ZERO)];
        let reason = obstacle(e2e, &built(Outcome::Failed("x".into())), &[]);
        assert!(reason.unwrap().contains("`build`"));
        assert_eq!(obstacle(e2e, &built(Outcome::Passed), &[]), None);
        let missing = [(Need::TauriDriver, Error::msg("offline"))];
        let reason = obstacle(e2e, &built(Outcome::Passed), &missing);
        assert!(reason.unwrap().contains("tauri-driver"));
        let format = steps::find("format").unwrap();
        assert_eq!(obstacle(format, &[], &missing), None);
    }
}

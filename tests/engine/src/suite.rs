//! Runs the scenarios on one server and says what came of each.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use navigation::Transport;
use tokio::sync::Semaphore;

use crate::lacks::{Lack, When, known};
use crate::scenarios::{Over, SCENARIOS, Scenario};
use crate::server::{Kind, Server};
use crate::world::World;

/// Scenarios that run at the same time: most of them wait for the server.
const AT_ONCE: usize = 6;
/// Longest time for one: an endless wait would say nothing.
const MOST: Duration = Duration::from_secs(150);
/// Room for the folders of all of it, in bytes.
const ENOUGH: u64 = 1 << 30;
/// Runs only scenarios whose names contain this.
const ONLY: &str = "STARTALK_SCENARIO";
/// Runs each so many times: what depends on the moment shows.
const TIMES: &str = "STARTALK_TIMES";

struct Done {
    scenario: &'static Scenario,
    transport: Transport,
    time: Duration,
    outcome: Result<()>,
}

/// Runs all of them against a fresh server of this kind.
///
/// # Panics
/// If one of them fails and is not known to, or does not fail and is known to.
pub async fn run(kind: Kind) {
    work_in_memory();
    // What a scenario does stays on one thread; the engines have the others.
    tokio::task::LocalSet::new().run_until(run_all(kind)).await;
}

/// What is killed here are processes, not machines: nothing has to be waited for
/// until it is on a disk, which takes most of the time of these servers.
fn work_in_memory() {
    let memory = Path::new("/dev/shm");
    if fs4::available_space(memory).is_ok_and(|bytes| bytes > ENOUGH) {
        // Said already where tests share a process.
        drop(tempfile::env::override_temp_dir(memory));
    }
}

async fn run_all(kind: Kind) {
    let server = tokio::task::spawn_blocking(move || Server::start(kind));
    let server = Arc::new(server.await.expect("starts"));
    let only = std::env::var(ONLY).unwrap_or_default();
    let times = std::env::var(TIMES)
        .ok()
        .and_then(|times| times.parse().ok());
    let chosen = || {
        let rounds = 0..times.unwrap_or(1_u32);
        let all = rounds.flat_map(|round| {
            let all = SCENARIOS.iter().enumerate();
            all.map(move |(number, scenario)| (format!("{number}x{round}"), scenario))
        });
        all.filter(|(_, scenario)| scenario.name.contains(&only))
    };
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = Vec::new();
    for (number, scenario) in chosen().filter(|(_, scenario)| scenario.over != Over::Alone) {
        for transport in scenario.over.transports() {
            let (server, room, number) = (Arc::clone(&server), Arc::clone(&room), number.clone());
            running.push(tokio::task::spawn_local(async move {
                let _turn = room.acquire_owned().await;
                carry_out(server, &number, scenario, *transport).await
            }));
        }
    }
    let mut done = Vec::new();
    for one in running {
        done.push(one.await.expect("caught"));
    }
    for (number, scenario) in chosen().filter(|(_, scenario)| scenario.over == Over::Alone) {
        let server = Arc::clone(&server);
        done.push(carry_out(server, &number, scenario, Transport::DirectTls).await);
    }
    assert!(!done.is_empty(), "no scenario of that name");
    report(kind, &done, &server);
}

async fn carry_out(
    server: Arc<Server>,
    number: &str,
    scenario: &'static Scenario,
    transport: Transport,
) -> Done {
    let begin = Instant::now();
    let label = format!("{number}{}", letter(transport));
    let outcome = match World::new(server, transport, label) {
        Err(error) => Err(error),
        // A task of its own, so that a panic ends only this one.
        Ok(world) => {
            let run = tokio::time::timeout(MOST, (scenario.run)(world));
            let task = tokio::task::spawn_local(run);
            match task.await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err(anyhow!("took longer than {MOST:?}")),
                Err(panic) => Err(anyhow!("{panic}")),
            }
        }
    };
    Done {
        scenario,
        transport,
        time: begin.elapsed(),
        outcome,
    }
}

fn letter(transport: Transport) -> char {
    match transport {
        Transport::StartTls => 's',
        Transport::DirectTls => 'd',
        Transport::WebSocket => 'w',
    }
}

fn way(done: &Done) -> &'static str {
    match (done.scenario.over, done.transport) {
        (Over::Alone, _) => "all at once",
        (_, Transport::StartTls) => "STARTTLS",
        (_, Transport::DirectTls) => "direct TLS",
        (_, Transport::WebSocket) => "WebSocket",
    }
}

/// What a run means, given what is known of the server.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    /// As expected: the server lacks it.
    Lacks(&'static str),
    Failed(String),
}

fn verdict(lack: Option<&'static Lack>, outcome: &Result<()>) -> Verdict {
    match (lack, outcome) {
        (None, Ok(())) => Verdict::Passed,
        (None, Err(error)) => Verdict::Failed(format!("{error:#}")),
        (Some(lack), Ok(())) if lack.when == When::AtTimes => Verdict::Passed,
        (Some(_), Ok(())) => {
            Verdict::Failed("works, though the server is said to lack it".to_owned())
        }
        (Some(lack), Err(error)) => {
            let text = format!("{error:#}");
            match text.contains(lack.says) {
                true => Verdict::Lacks(lack.why),
                false => Verdict::Failed(format!("is to fail by {:?}, but: {text}", lack.says)),
            }
        }
    }
}

fn report(kind: Kind, all: &[Done], server: &Server) {
    let mut failed = Vec::new();
    println!("{}:", kind.name());
    for done in all {
        let name = format!("{} ({})", done.scenario.name, way(done));
        let seconds = done.time.as_secs_f32();
        let said = match verdict(
            known(kind, done.scenario.name, done.transport),
            &done.outcome,
        ) {
            Verdict::Passed => "passed".to_owned(),
            Verdict::Lacks(why) => format!("LACKS: {why}"),
            Verdict::Failed(why) => {
                failed.push(format!("{name}\n    {why}"));
                format!("FAILED: {why}")
            }
        };
        println!("  {seconds:>5.1}s  {name}: {said}");
    }
    assert!(
        failed.is_empty(),
        "{}: {} of {} failed:\n  {}\nits log ends:\n{}",
        kind.name(),
        failed.len(),
        all.len(),
        failed.join("\n  "),
        last_lines(&server.said(), 15)
    );
}

fn last_lines(text: &str, number: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(number)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_has_to_fail_and_for_its_reason() {
        const ALWAYS: Lack = Lack {
            kind: Kind::Prosody,
            scenario: "x",
            over: None,
            when: When::Always,
            says: "no x",
            why: "it has none",
        };
        const AT_TIMES: Lack = Lack {
            when: When::AtTimes,
            ..ALWAYS
        };
        let lack = Some(&ALWAYS);
        let failed = |text: &'static str| Err(anyhow!(text));
        assert_eq!(verdict(None, &Ok(())), Verdict::Passed);
        assert_eq!(verdict(None, &failed("a")), Verdict::Failed("a".into()));
        assert_eq!(
            verdict(lack, &failed("there is no x")),
            Verdict::Lacks("it has none")
        );
        for outcome in [Ok(()), failed("something else")] {
            assert!(matches!(verdict(lack, &outcome), Verdict::Failed(_)));
        }
        assert_eq!(verdict(Some(&AT_TIMES), &Ok(())), Verdict::Passed);
        let other = verdict(Some(&AT_TIMES), &failed("something else"));
        assert!(matches!(other, Verdict::Failed(_)));
    }

    #[test]
    fn what_is_lacking_is_about_a_scenario() {
        for lack in crate::lacks::LACKS {
            let mut names = SCENARIOS.iter().map(|scenario| scenario.name);
            assert!(names.any(|name| name == lack.scenario), "{lack:?}");
        }
    }
}

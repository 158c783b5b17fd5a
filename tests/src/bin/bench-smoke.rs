//! `cargo xtask bench smoke`: how long from the start of the process to the
//! conversation list painted from the cache, and how much memory all processes
//! of the app take. Prints figures; decides nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench: prints its result, and a panic with its place is the report"
)]

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use system_tests::processes::{self, Guard};
use system_tests::window::{App, Desktop, KeyringKind, test_id};

const RUNS: usize = 7;
const MESSAGES: usize = 20;

#[tokio::main]
async fn main() {
    let desktop = Desktop::start(KeyringKind::Unlocked);
    seed(&desktop).await;
    let home = desktop.app_home("bench");

    let mut starts: Vec<Duration> = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..RUNS {
        let (start, bytes) = start_once(&desktop, &home);
        starts.push(start);
        memory.push(bytes);
    }
    starts.sort();
    memory.sort_unstable();
    let median = |n: usize| n / 2;
    println!(
        "start to list painted from the cache: median {} ms, best {} ms, worst {} ms of {RUNS}",
        starts[median(RUNS)].as_millis(),
        starts[0].as_millis(),
        starts[RUNS - 1].as_millis()
    );
    println!(
        "memory of all processes of the app, built-in server included (PSS): median {} MB",
        memory[median(RUNS)] / 1_000_000
    );
}

/// A team with one conversation, made through the window.
async fn seed(desktop: &Desktop) {
    let app = App::start(desktop, "bench", "en_US", &[]).await;
    app.wait_ready("welcome").await;
    app.click("welcome-start").await;
    app.fill("start-team", "Bench").await;
    app.fill("start-name", "Rosa").await;
    app.fill("start-password", "bench-password").await;
    app.click("start-advanced").await;
    app.fill("start-port", &processes::free_port().to_string())
        .await;
    app.click("start-submit").await;
    app.wait_ready("main").await;
    if app.count(&test_id("invite-link")).await == 0 {
        app.click("server-invite").await;
    }
    app.until("invite", async || {
        app.value("invite-link").await.starts_with("startalk:")
    })
    .await;
    let invite = app.value("invite-link").await;
    app.click("invite-close").await;

    let folder = tempfile::tempdir().expect("a folder");
    let colleague = system_tests::engine_in(folder.path()).await;
    let request = engine::api::Request::Join {
        input: invite,
        name: "Bob".to_owned(),
        password: "bench-password".to_owned(),
    };
    colleague.handle(request).await.expect("joins");
    app.click_css(&test_id("contact-row")).await;
    for n in 0..MESSAGES {
        app.type_into("composer", &format!("message {n} 消息\u{E007}"))
            .await;
    }
    app.until("messages delivered", async || {
        app.attributes(&test_id("message"), "data-state")
            .await
            .iter()
            .filter(|state| *state == "delivered")
            .count()
            == MESSAGES
    })
    .await;
    colleague.close().await;
    app.quit().await;
}

fn start_once(desktop: &Desktop, home: &Path) -> (Duration, u64) {
    let painted = home.join("painted");
    drop(std::fs::remove_file(&painted));
    let start = Instant::now();
    let process = Guard::spawn(
        desktop
            .command(processes::required("STARTALK_BIN"))
            .args(["--server-bind", "127.0.0.1", "--home"])
            .arg(home)
            .env("STARTALK_BENCH", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    while !painted.exists() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "nothing was painted"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    let elapsed = start.elapsed();
    // Memory at rest: what the first seconds need is given back by then.
    std::thread::sleep(Duration::from_secs(3));
    let bytes = processes::tree(process.id())
        .into_iter()
        .map(processes::proportional_memory)
        .sum();
    processes::signal(process.id(), "TERM");
    processes::wait_for_end(process.id(), Duration::from_secs(20));
    (elapsed, bytes)
}

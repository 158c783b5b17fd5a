//! `cargo xtask bench desktop`: the figures of the app in its window, with their aims.
//! Prints a table and writes it to a file; decides nothing. `docs/bench-desktop.md`
//! says what each figure is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench: prints its result, and a panic with its place is the report"
)]

mod bundle;
mod idle;
mod memory;
mod office;
mod starts;
mod table;
mod window;

use std::process::Stdio;

use server_tests::startalk::Startalk;
use system_tests::processes;
use system_tests::window::{App, Desktop, KeyringKind};

use crate::office::Office;
use crate::table::Table;

/// Whose app it is.
const USER: &str = "rosa";
/// Further accounts of hers.
const OTHERS: [&str; 2] = ["lin", "mei"];
/// Its folder on the desktop.
const NAME: &str = "bench";

/// How much is measured.
pub(crate) struct Plan {
    messages: u64,
    conversations: u64,
    starts: usize,
    /// Messages that are scrolled past.
    scrolled: u32,
    /// Of the hour in the office.
    minutes: u32,
    /// Seconds in which nothing happens.
    idle: u32,
}

impl Plan {
    fn with(messages: u64) -> Self {
        let is_small = messages < 200_000;
        Self {
            messages,
            conversations: if is_small { 50 } else { 500 },
            starts: if is_small { 3 } else { 9 },
            scrolled: if is_small { 1_000 } else { 10_000 },
            minutes: if is_small { 8 } else { 60 },
            idle: if is_small { 10 } else { 60 },
        }
    }
}

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let messages = match words.as_slice() {
        [] => 1_000_000,
        [word, number] if word == "--messages" => number.parse().expect("a number"),
        other => panic!("not understood: {other:?}"),
    };
    let plan = Plan::with(messages);
    let mut table = Table::default();
    bundle::measure(&mut table);

    let desktop = Desktop::start(KeyringKind::Unlocked);
    let names: Vec<&str> = office::NAMES
        .iter()
        .copied()
        .chain([USER])
        .chain(OTHERS)
        .collect();
    let server = Startalk::with(&names);
    let mut office = Office::open(server.target()).await;
    make_cache(
        &desktop,
        &server,
        NAME,
        USER,
        (plan.messages, plan.conversations),
    );

    starts::measure(&desktop, &plan, &mut table);
    let empty = memory::of_an_empty_window(&desktop).await;
    let app = App::start(&desktop, NAME, "zh_CN", &[]).await;
    app.wait_ready("main").await;
    window::switching(&app, &mut table).await;
    window::scrolling(&app, &plan, &mut table).await;
    app.quit().await;
    let app = App::start(&desktop, NAME, "zh_CN", &[]).await;
    app.wait_ready("main").await;
    memory::measure(&app, &mut office, empty, &plan, &mut table).await;
    app.shot("bench-desktop").await;
    app.quit().await;

    let app = App::start(&desktop, NAME, "zh_CN", &[]).await;
    app.wait_ready("main").await;
    memory::through_all(&app, &mut table).await;
    app.quit().await;

    let users = [USER, OTHERS[0], OTHERS[1]].join(",");
    make_cache(&desktop, &server, idle::NAME, &users, (2_000, 50));
    idle::measure(&desktop, &plan, &mut table).await;

    let text = table.print();
    println!("\n{text}");
    if let Some(path) = std::env::var_os("STARTALK_RESULT") {
        std::fs::write(path, text).expect("written");
    }
}

/// A profile with the cache, by the program that the engine's bench has for it.
fn make_cache(
    desktop: &Desktop,
    server: &Startalk,
    name: &str,
    users: &str,
    (messages, conversations): (u64, u64),
) {
    let home = desktop.app_home(name);
    let target = server.target().for_engine().expect("it has TLS");
    let status = desktop
        .command(processes::required("STARTALK_BENCH_ENGINE"))
        .arg("make")
        .arg(home.join("profile"))
        .arg(system_tests::navigation_link(&target))
        .args([users, office::ROOM])
        .args([messages.to_string(), conversations.to_string()])
        .stdin(Stdio::null())
        .status();
    assert!(status.is_ok_and(|status| status.success()), "no cache");
}

//! Memory of all processes of the app over an hour in a busy office, played quickly,
//! above what an empty window takes.

use std::time::{Duration, Instant};

use system_tests::processes::{proportional_memory, required, tree};
use system_tests::window::{App, Desktop, test_id};

use crate::Plan;
use crate::office::Office;
use crate::table::Table;

/// After this long nothing is still being drawn or given back.
const SETTLE: Duration = Duration::from_secs(4);
/// An hour's minute takes no less: what is scheduled by the clock has its turns.
const MINUTE: Duration = Duration::from_millis(1_800);
/// What is more between two quarters is growth, not the chance of when memory is
/// given back.
const STEADY_MB: f64 = 8.0;

/// What all processes of an app take, in MB.
async fn of(app: &App) -> f64 {
    tokio::time::sleep(SETTLE).await;
    let bytes: u64 = tree(app.process())
        .into_iter()
        .map(proportional_memory)
        .sum();
    f64::from(u32::try_from(bytes / 1_000).expect("less than 4 TB")) / 1_000.0
}

/// The same with nothing in the window, driven in the same way.
pub(crate) async fn of_an_empty_window(desktop: &Desktop) -> f64 {
    let empty = [("STARTALK_BENCH", "empty-window")];
    let program = required("STARTALK_BIN");
    let app = App::start_with(desktop, program, "empty", "zh_CN", &[], &empty).await;
    let megabytes = of(&app).await;
    app.kill();
    megabytes
}

pub(crate) async fn measure(
    app: &App,
    office: &mut Office,
    empty: f64,
    plan: &Plan,
    table: &mut Table,
) {
    let at_first = of(app).await;
    let mut quarters = Vec::new();
    for minute in 1..=plan.minutes {
        let began = Instant::now();
        let last = office.minute(minute);
        app.until("what was written is in the list", async || {
            app.texts(&test_id("conversation-row"))
                .await
                .iter()
                .any(|row| row.contains(&last))
        })
        .await;
        work(app, minute).await;
        if let Some(rest) = MINUTE.checked_sub(began.elapsed()) {
            tokio::time::sleep(rest).await;
        }
        if minute % (plan.minutes / 4) == 0 {
            quarters.push(of(app).await);
            eprintln!(
                "after minute {minute}: {:.0} MB",
                quarters[quarters.len() - 1]
            );
        }
    }
    let more = |megabytes: &f64| format!("{:.0}", megabytes - empty);
    let all: Vec<String> = quarters.iter().map(more).collect();
    table.row(
        "memory with the list painted, above an empty window",
        "MB",
        at_first - empty,
        None,
        format!("an empty window takes {empty:.0} MB"),
    );
    table.row(
        &format!(
            "memory after {} minutes, above an empty window",
            plan.minutes
        ),
        "MB",
        quarters[3] - empty,
        Some(80.0),
        format!("after each quarter: {}", all.join(", ")),
    );
    table.row(
        "growth from the second quarter to the fourth",
        "MB",
        quarters[3] - quarters[1],
        Some(STEADY_MB),
        "",
    );
}

/// What its user does in a minute: looks into a conversation, and answers now and then.
async fn work(app: &App, minute: u32) {
    let open = format!(
        "document.querySelectorAll('[data-testid=conversation-row]')[{}].click(); return 0",
        minute % 10
    );
    app.number(&open).await.expect("opened");
    app.wait_for(&test_id("composer")).await;
    if minute.is_multiple_of(2) {
        app.type_into("composer", &format!("好的 {minute}\u{E007}"))
            .await;
    }
}

/// Opens each conversation of the list from the top on; what came of it is read later.
const EACH: &str = "
    const state = { seen: 0, done: 0 };
    window.benchEach = state;
    const nav = document.querySelector('[data-testid=conversation-row]').closest('nav');
    const seen = new Set();
    const timeline = () => document.querySelector('[data-testid=timeline]');
    const frame = () => new Promise((next) => requestAnimationFrame(next));
    (async () => {
        for (let top = 0; ; top += 200) {
            nav.scrollTop = top;
            await frame();
            await frame();
            for (const row of nav.querySelectorAll('[data-conversation]')) {
                if (seen.has(row.dataset.conversation)) continue;
                seen.add(row.dataset.conversation);
                const before = timeline();
                row.click();
                for (let frames = 0; frames < 120; frames++) {
                    await frame();
                    const now = timeline();
                    if (now && now !== before && now.querySelector('.placed')) break;
                }
            }
            if (top > nav.scrollHeight) break;
        }
        nav.scrollTop = 0;
        await frame();
        state.seen = seen.size;
        state.done = 1;
    })();
    return 0;
";

/// All conversations one after the other, twice: what they took is given back, and what
/// the web view keeps of their texts and pictures it keeps once.
pub(crate) async fn through_all(app: &App, table: &mut Table) {
    let before = of(app).await;
    let seen = look_into_each(app).await;
    let after = of(app).await;
    look_into_each(app).await;
    let again = of(app).await;
    table.row(
        &format!("memory after a look into each of {seen} conversations"),
        "%",
        after / before * 100.0,
        Some(110.0),
        format!("of {before:.0} MB with the list painted, all processes"),
    );
    table.row(
        "growth by a second look into each",
        "MB",
        again - after,
        Some(STEADY_MB),
        "",
    );
}

/// Gives how many there are.
async fn look_into_each(app: &App) -> f64 {
    app.run(EACH, vec![]).await;
    let read = async |name: &str| app.number(&format!("return window.benchEach.{name}")).await;
    while read("done").await != Some(1.0) {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    read("seen").await.expect("the page answers")
}

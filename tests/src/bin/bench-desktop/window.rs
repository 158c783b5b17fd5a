//! Switching conversations, and scrolling, as the page itself sees them.

use std::time::Duration;

use system_tests::window::{App, test_id};

use crate::Plan;
use crate::table::Table;

/// Conversations that are switched between: those that the list shows.
const SWITCHED: u32 = 8;
/// Scrolled in each frame, in pixels: a wheel that is turned without a rest.
const STEP: u32 = 120;
/// A frame that took longer was late for people to see.
const LATE_MS: f64 = 50.0;

/// Clicks a row and gives the milliseconds until its messages were painted.
const SWITCH: &str = "
    const [index, done] = arguments;
    const find = () => document.querySelector('[data-testid=timeline]');
    // Of those in the cache: the office has not said a word yet.
    const row = document.querySelectorAll('[data-conversation$=\"@bench.invalid\"]')[index];
    const before = find();
    const began = performance.now();
    row.click();
    const look = () => {
        const now = find();
        const there = now && now !== before && now.querySelector('.placed [data-testid=message]');
        // The frame in which it is there is drawn after this callback.
        if (there) setTimeout(() => done(performance.now() - began));
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
";

/// Scrolls up until so many messages were in the view; what came of it is read later.
const SCROLL: &str = "
    const [target, step] = arguments;
    const view = document.querySelector('[data-testid=timeline]');
    const seen = new Set();
    const state = { seen: 0, longest: 0, late: 0, frames: 0, ms: 0, done: false };
    window.benchScroll = state;
    let last = null, began = performance.now(), moved = began;
    const frame = (now) => {
        if (last !== null) {
            state.frames += 1;
            state.longest = Math.max(state.longest, now - last);
            if (now - last > 50) state.late += 1;
        }
        last = now;
        if (state.frames % 8 === 0) {
            for (const row of view.querySelectorAll('[data-id]')) seen.add(row.dataset.id);
            if (seen.size > state.seen) moved = now;
            state.seen = seen.size;
        }
        state.ms = performance.now() - began;
        if (state.seen >= target || now - moved > 5000) { state.done = true; return; }
        view.scrollTop -= step;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    return 0;
";

pub(crate) async fn switching(app: &App, table: &mut Table) {
    app.until("the list has its rows", async || {
        app.count("[data-conversation$='@bench.invalid']").await > SWITCHED as usize
    })
    .await;
    // The first one is open from the start on: to another, without counting.
    switch(app, SWITCHED).await;
    for (what, aim) in [
        (
            "switch to a conversation not seen since the start",
            Some(50.0),
        ),
        ("switch to one seen before", Some(50.0)),
    ] {
        let mut times = Vec::new();
        for index in 0..SWITCHED {
            times.push(switch(app, index).await);
        }
        table.median(what, "ms", &times, aim);
    }
}

async fn switch(app: &App, index: u32) -> f64 {
    app.number_later(SWITCH, vec![index.into()]).await
}

/// In the conversation that has most messages.
pub(crate) async fn scrolling(app: &App, plan: &Plan, table: &mut Table) {
    let longest = "[data-conversation='person0@bench.invalid']";
    app.until("the longest conversation is in the list", async || {
        let down =
            "const nav = document.querySelector('[data-testid=conversation-row]').closest('nav');
                    nav.scrollTop += 400; return 0";
        app.count(longest).await > 0 || app.number(down).await.is_none()
    })
    .await;
    app.click_css(longest).await;
    app.until("its messages are there", async || {
        app.count(&format!(
            "{} .placed {}",
            test_id("timeline"),
            test_id("message")
        ))
        .await
            > 20
    })
    .await;
    app.run(SCROLL, vec![plan.scrolled.into(), STEP.into()])
        .await;
    while read(app, "done").await == 0.0 {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let [seen, late, frames, ms] = [
        read(app, "seen").await,
        read(app, "late").await,
        read(app, "frames").await,
        read(app, "ms").await,
    ];
    table.row(
        &format!("longest frame of scrolling past {seen} messages"),
        "ms",
        read(app, "longest").await,
        Some(LATE_MS),
        format!("{late} of {frames} frames above it; {:.0} s", ms / 1_000.0),
    );
}

async fn read(app: &App, name: &str) -> f64 {
    app.number(&format!("return Number(window.benchScroll.{name})"))
        .await
        .expect("the page answers")
}

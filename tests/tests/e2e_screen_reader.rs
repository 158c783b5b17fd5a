//! A real screen reader in the real window: what Orca says of what has the focus and of
//! what comes by itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic with its place is the report"
)]

use system_tests::window::{App, Desktop, KeyringKind, join_as, test_id};
use system_tests::world::World;

const PASSWORD: &str = "gehört-Geheimnis-4711";
/// More than any screen has.
const MOST_STOPS: usize = 40;

/// U112.
#[tokio::test(flavor = "multi_thread")]
async fn read_aloud() {
    let mut desktop = Desktop::start(KeyringKind::Unlocked);
    desktop.start_screen_reader();
    let world = World::start().await;
    let wang = world.join("Wang Fang").await;
    let invite = world.invite_link(Some("Wang Fang")).await;
    let app = App::start(&desktop, "reader", "en_US", &[&invite]).await;
    // What comes by itself, here whom the invite is from.
    app.wait_heard(&desktop, "notification Wang Fang invites you Team 团队")
        .await;
    join_as(&app, "Rosa", PASSWORD).await;
    app.wait_focused().await;

    app.press("ctrl+k");
    app.wait_heard(&desktop, "Go to a person, room or message dialog")
        .await;
    app.wait_heard(&desktop, "Search people, rooms, messages combo box.")
        .await;
    let offered = "notification Wang Fang, Team 团队";
    type_with_options(&app, &desktop, "switcher-input", ["w", "ang"], offered).await;
    app.press("Return");
    app.wait_focus("composer").await;
    let offered = "notification flag: Canada";
    type_with_options(&app, &desktop, "composer", [":ca", "t"], offered).await;
    app.press("Return");
    app.press("Return");

    // A message that comes is said while somebody is in the field, and is one sentence
    // when it is gone to.
    let rosa = wang.correspondent().await;
    wang.send_to(&rosa, "Lunch at noon?").await;
    app.wait_heard(&desktop, "notification Wang Fang: Lunch at noon?")
        .await;
    app.press("ctrl+Up");
    app.wait_heard(&desktop, ": Lunch at noon? article.").await;

    let chats = once_round(&app, &desktop, "Tab").await;
    for said in [
        "Send files push button.",
        "Rosa, Team 团队, Online",
        "Wang Fang, Online",
        // The row was there before the message.
        ": Lunch at noon? push button.",
    ] {
        assert_said(&chats, said);
    }
    app.press("ctrl+shift+f");
    app.wait_focus("search-input").await;
    once_round(&app, &desktop, "Tab").await;
    everything_else(&app, &desktop).await;
    drop(wang);
    app.quit().await;
}

/// What opens beside and above a conversation, and the other pages.
async fn everything_else(app: &App, desktop: &Desktop) {
    app.click("open-chats").await;
    app.click("composer").await;
    app.wait_focus("composer").await;
    app.press("ctrl+Up");
    app.wait_focus("message").await;
    app.press("shift+F10");
    app.wait_for("[role=menu]").await;
    app.wait_focus("menu-reply").await;
    while app.focused().await != "menu-details" {
        step(app, desktop, "Down").await;
    }
    app.press("Escape");
    app.press("Escape");
    app.wait_focus("composer").await;

    app.click("emoji-open").await;
    app.wait_focus("emoji-find").await;
    let emoji = once_round(app, desktop, "Tab").await;
    assert_said(&emoji, "Food and drink");
    app.press("Escape");
    app.wait_focus("emoji-open").await;

    app.press("ctrl+alt+i");
    app.wait_for(&test_id("details")).await;
    let details = once_round(app, desktop, "Tab").await;
    assert_said(&details, "Mute toggle button not pressed.");
    app.press("ctrl+alt+i");

    app.press("ctrl+shift+d");
    app.wait_for(&test_id("calendar")).await;
    app.wait_heard(desktop, "Go to a date dialog").await;
    for _ in 0..10 {
        step(app, desktop, "Left").await;
    }
    app.press("Escape");

    app.click("open-contacts").await;
    let contacts = once_round(app, desktop, "Tab").await;
    assert_said(&contacts, "Contacts tree");
    app.press("ctrl+shift+n");
    app.wait_heard(desktop, "Search people and departments combo box.")
        .await;
    let offered = "notification Wang Fang, Team 团队";
    type_with_options(app, desktop, "picker-search", ["w", "ang"], offered).await;
    app.press("Return");
    app.wait_heard(desktop, "notification Wang Fang, Team 团队, chosen")
        .await;
    app.press("Escape");

    app.press("ctrl+comma");
    app.click("settings-notifications").await;
    app.click("setting-quiet").await;
    app.click("quiet-day-0").await;
    for day in 1..=3 {
        step(app, desktop, "Tab").await;
        app.wait_focus(&format!("quiet-day-{day}")).await;
    }
}

/// Types into a field that offers something, which is said, and types on then, letter by
/// letter: a reader that takes an option for what has the focus takes the letters for
/// commands of its own.
async fn type_with_options(app: &App, desktop: &Desktop, field: &str, text: [&str; 2], said: &str) {
    let [first, rest] = text;
    app.type_keys_of(first);
    app.wait_heard(desktop, said).await;
    let mut typed = first.to_owned();
    for letter in rest.chars() {
        app.type_keys_of(&letter.to_string());
        typed.push(letter);
        app.until(&format!("{field} holds {typed:?}"), async || {
            app.value(field).await == typed
        })
        .await;
    }
}

/// Presses a key, and gives what is said of what has the focus then; nothing if it had it
/// before. None is silent, and none ends the page: WebKitGTK 2.50 does not survive the
/// questions of a reader about some kinds of elements (ARCHITECTURE.md, "Screen readers").
async fn step(app: &App, desktop: &Desktop, key: &str) -> Option<String> {
    const MOVED: &str = "return Number(document.activeElement !== window.stops.at(-1) \
        && document.activeElement !== document.body)";
    const AGAIN: &str = "const at = document.activeElement, again = window.stops.includes(at); \
        window.stops.push(at); return Number(again)";
    // Orca 43 takes the caret in a field of WebKitGTK for known when the focus comes.
    const IS_SILENT: &str = "return Number(document.activeElement.matches( \
        'textarea, input:not([type=checkbox], [type=radio])'))";
    app.run("window.stops ??= [document.activeElement]", vec![])
        .await;
    let page = app.page_process();
    let past = desktop.heard().len();
    app.press(key);
    app.until("the focus moves on", async || {
        app.page_process() != page || app.number(MOVED).await == Some(1.0)
    })
    .await;
    let stop = app.focused().await;
    assert_eq!(app.page_process(), page, "the page ended at {stop}");
    if app.number(AGAIN).await == Some(1.0) {
        return None;
    }
    if app.number(IS_SILENT).await != Some(1.0) {
        app.until(&format!("{stop:?} is said"), async || {
            let all = desktop.heard().split_off(past).join(" ");
            let is_said = all.replace("tab ", "").chars().any(char::is_alphanumeric);
            is_said || app.page_process() != page
        })
        .await;
    }
    assert_eq!(app.page_process(), page, "the page ended at {stop}");
    Some(desktop.heard().split_off(past).join(" "))
}

/// Goes on by a key until a stop comes again, and gives what was said of each.
async fn once_round(app: &App, desktop: &Desktop, key: &str) -> Vec<String> {
    app.run("window.stops = [document.activeElement]", vec![])
        .await;
    let mut said = Vec::new();
    while let Some(words) = step(app, desktop, key).await {
        said.push(words);
        assert!(said.len() < MOST_STOPS, "no end of {said:#?}");
    }
    said
}

fn assert_said(stops: &[String], what: &str) {
    assert!(stops.iter().any(|said| said.contains(what)), "{stops:#?}");
}

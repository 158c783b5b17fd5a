//! A real screen reader in the real window: what Orca says of what has the focus and of
//! what comes by itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic with its place is the report"
)]

use system_tests::window::{App, Desktop, KeyringKind, join_as};
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

    let chats = once_round(&app, &desktop).await;
    for said in [
        "Send files push button.",
        "Rosa, Team 团队, Online",
        "Wang Fang, Online",
    ] {
        assert!(chats.iter().any(|all| all.contains(said)), "{chats:#?}");
    }
    app.press("ctrl+shift+f");
    app.wait_focus("search-input").await;
    once_round(&app, &desktop).await;
    drop(wang);
    app.quit().await;
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

/// Goes from stop to stop by Tab until one comes again, and gives what was said of each.
/// None is silent, and none ends the page: WebKitGTK 2.50 does not survive the questions
/// of a reader about some kinds of elements (ARCHITECTURE.md, "Screen readers").
async fn once_round(app: &App, desktop: &Desktop) -> Vec<String> {
    let page = app.page_process();
    let mut said = Vec::new();
    let mut stops = Vec::new();
    for _ in 0..MOST_STOPS {
        let before = app.focused().await;
        let past = desktop.heard().len();
        app.press("Tab");
        app.until("the focus moves on", async || {
            app.page_process() != page || app.focused().await != before
        })
        .await;
        let stop = app.focused().await;
        if stops.contains(&stop) {
            return said;
        }
        // Orca 43 takes the caret in a field of WebKitGTK for known when the focus comes.
        if stop != "composer" {
            app.until(&format!("{stop} is said"), async || {
                let all = desktop.heard().split_off(past).join(" ");
                let is_said = all.replace("tab ", "").chars().any(char::is_alphanumeric);
                is_said || app.page_process() != page
            })
            .await;
            said.push(desktop.heard().split_off(past).join(" "));
        }
        assert_eq!(app.page_process(), page, "the page ended at {stop}");
        stops.push(stop);
    }
    panic!("no end of {stops:?}");
}

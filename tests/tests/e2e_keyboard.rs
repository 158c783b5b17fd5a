//! A day at work without a mouse, with a server elsewhere: joining, finding a person,
//! writing, searching, the server's going and coming back, another theme and language.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic with its place is the report"
)]

use engine::api::{DeliveryState, MessageView, Request, Response, WindowAnchor};
use system_tests::window::{App, Desktop, KeyringKind, test_id};
use system_tests::world::{PASSWORD as WANG, Person, World};

const PASSWORD: &str = "keyboard-secret-4711";
const SENT: &str = "hello from the keyboard";
const WAITING: &str = "written while the server is away";
const REPORT: &str = "周报 the weekly report is ready";

/// U08, U62, U64, U65, U91, U94, U111, U114.
#[tokio::test(flavor = "multi_thread")]
async fn everything_without_a_mouse() {
    assert_ne!(PASSWORD, WANG);
    let desktop = Desktop::start(KeyringKind::Unlocked);
    let mut world = World::start().await;
    let wang = world.join("Wang Fang").await;
    let invite = world.invite_link(Some("Wang Fang")).await;

    // Joining, with the link that was sent.
    let app = App::start(&desktop, "keyboard", "en_US", &[&invite]).await;
    app.wait_for(&test_id("join-preview")).await;
    app.tab_to("join-name").await;
    app.type_keys_of("Rosa");
    app.tab_to("join-password").await;
    app.type_keys_of(PASSWORD);
    app.until("all of it is typed", async || {
        app.value("join-password").await == PASSWORD
    })
    .await;
    app.press("Return");
    app.wait_ready("main").await;

    // U94: a person is found by the beginning of a name, and written to.
    app.press("ctrl+k");
    app.wait_focus("switcher-input").await;
    app.type_keys_of("wang");
    app.wait_offered("Wang Fang").await;
    app.shot("1-switcher").await;
    app.press("Return");
    app.wait_focus("composer").await;
    app.type_keys_of(SENT);
    app.press("Return");
    let rosa = wang.correspondent().await;
    wait_text(&wang, &rosa, SENT).await;
    wang.send_to(&rosa, REPORT).await;
    wait_last(&app, REPORT).await;

    // U91: a message is found by a word in it, and shown.
    app.press("ctrl+shift+f");
    app.wait_focus("search-input").await;
    app.type_keys_of("weekly");
    app.wait_for(&test_id("search-hit")).await;
    app.shot("2-search").await;
    let hit = app.texts(&test_id("search-hit")).await.join("");
    assert!(hit.contains("Wang Fang") && hit.contains("weekly"), "{hit}");
    app.press("Down");
    app.wait_focus("search-hit").await;
    app.press("Return");
    app.until("the message is shown", async || {
        app.texts(&test_id("message-text"))
            .await
            .iter()
            .any(|text| text == REPORT)
    })
    .await;

    // U64, U62, U65: the server goes; what is written waits, and goes out with it.
    world.stop_server().await;
    app.wait_for(&test_id("connection-banner")).await;
    app.press("ctrl+m");
    app.wait_focus("composer").await;
    app.type_keys_of(WAITING);
    app.press("Return");
    wait_state(&app, WAITING, &["waiting"]).await;
    app.shot("3-offline").await;
    world.start_server().await;
    app.until("the banner goes, or its button is there", async || {
        app.count(&test_id("connection-banner")).await == 0
            || app.count(&test_id("reconnect-now")).await > 0
    })
    .await;
    wait_text(&wang, &rosa, WAITING).await;
    wait_state(&app, WAITING, &["sent", "delivered", "read"]).await;
    app.wait_gone(&test_id("connection-banner")).await;
    let texts = app.texts(&test_id("message-text")).await;
    let copies = texts.iter().filter(|text| *text == WAITING).count();
    assert_eq!(copies, 1, "{texts:?}");

    // U111: what was opened by keys is left by Escape, and the focus is back.
    app.press("ctrl+slash");
    app.wait_for(&test_id("shortcut")).await;
    app.shot("4-shortcuts").await;
    app.press("Escape");
    app.wait_gone(&test_id("shortcut")).await;
    app.wait_focus("composer").await;

    // U08, U114: another theme and another language, at once.
    app.press("ctrl+comma");
    app.wait_for(&test_id("settings")).await;
    choose(&app, "language", "zh-CN").await;
    app.wait_for("html[lang='zh-CN']").await;
    choose(&app, "theme", "dark").await;
    app.wait_for("html[data-theme='dark']").await;
    app.shot("5-settings").await;
    app.press("ctrl+k");
    app.wait_focus("switcher-input").await;
    app.type_keys_of("wang");
    app.wait_for(&test_id("switcher-entry")).await;
    app.press("Return");
    app.wait_focus("composer").await;
    app.shot("6-dark").await;
    app.quit().await;
}

/// Goes to a group of choices, and on by the arrows.
async fn choose(app: &App, group: &str, value: &str) {
    app.tab_to(&format!("{group}-system")).await;
    let wanted = format!("{group}-{value}");
    loop {
        let before = app.focused().await;
        if before == wanted {
            return;
        }
        app.press("Right");
        app.until("the choice moves on", async || {
            app.focused().await != before
        })
        .await;
    }
}

async fn messages(person: &Person, conversation: &str) -> Vec<MessageView> {
    let request = Request::Messages {
        account: person.account(),
        conversation: conversation.to_owned(),
        anchor: WindowAnchor::Latest,
        limit: 20,
    };
    match person.ask(request).await {
        Response::Messages(window) => window.messages,
        other => panic!("{other:?}"),
    }
}

/// Waits until this has come, as the last message.
async fn wait_text(person: &Person, conversation: &str, text: &str) {
    person
        .until(text, async || {
            let all = messages(person, conversation).await;
            all.last().is_some_and(|last| {
                last.text == text && last.delivery != Some(DeliveryState::Waiting)
            })
        })
        .await;
}

async fn wait_last(app: &App, text: &str) {
    app.until(&format!("{text:?} is the last message"), async || {
        let texts = app.texts(&test_id("message-text")).await;
        texts.last().is_some_and(|last| last == text)
    })
    .await;
}

/// Waits until the message with this text has one of these states.
async fn wait_state(app: &App, text: &str, states: &[&str]) {
    app.until(&format!("{text:?} is {states:?}"), async || {
        let texts = app.texts(&test_id("message-text")).await;
        let found = app.attributes(&test_id("message"), "data-state").await;
        texts
            .iter()
            .position(|found| found == text)
            .and_then(|place| found.get(place).cloned())
            .is_some_and(|state| states.contains(&state.as_str()))
    })
    .await;
}

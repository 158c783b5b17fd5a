//! Two accounts on two servers at once in the real window, and a network that goes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic with its place is the report"
)]

use system_tests::window::{App, Desktop, KeyringKind, Session, join_as, test_id};
use system_tests::world::{Person, World};

const PASSWORD: &str = "accounts-Geheimnis-4711";

/// U65, U82, U107.
#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_and_a_network_that_goes() {
    let mut desktop = Desktop::start(KeyringKind::Unlocked);
    desktop.start_notifications();
    let session = Session::join(&desktop).await;
    let mut first = World::start().await;
    let wang = first.join("Wang Fang").await;
    let second = World::start().await;
    let zhang = second.join("Zhang Wei").await;

    let app = App::start(
        &desktop,
        "accounts",
        "en_US",
        &[&first.invite_link(None).await],
    )
    .await;
    join_as(&app, "Rosa", PASSWORD).await;
    app.click("contact-row").await;
    let rosa = at_domain_of(&wang);
    wang.send_to(&rosa, "from the first").await;
    wait_last(&app, "from the first").await;

    // U107: another account beside it.
    app.click("account-menu").await;
    app.click("menu-add-account").await;
    app.fill("join-input", &second.invite_link(None).await)
        .await;
    join_as(&app, "Rosa", PASSWORD).await;
    app.until("the other account is in the rail", async || {
        app.count(&test_id("rail-account")).await == 1
    })
    .await;
    app.shot("1-second").await;

    // One badge, one tray: what comes to the account that is not shown is counted.
    zhang.send_to(&at_domain_of(&zhang), "to the shown").await;
    wang.send_to(&rosa, "to the other").await;
    wang.send_to(&rosa, "and again").await;
    app.until("the rail counts for the other account", async || {
        let entries = app.texts(&test_id("rail-account")).await;
        entries.len() == 1 && entries[0].contains('2')
    })
    .await;
    session.wait_tooltip("Startalk: 3 unread messages").await;
    app.shot("2-counted").await;

    // Each has its own list; what is read in one is not in the other.
    app.press("ctrl+alt+Next");
    app.until("the first account is shown", async || {
        let rows = app.texts(&test_id("conversation-row")).await;
        rows.len() == 1 && rows[0].contains("Wang Fang")
    })
    .await;
    wait_last(&app, "and again").await;
    session.wait_tooltip("Startalk: 1 unread message").await;

    // U65: the network goes and is back: its server is tried at once. The other
    // account never noticed.
    first.stop_server().await;
    app.wait_for(&test_id("connection-banner")).await;
    app.type_into("composer", "written meanwhile").await;
    app.press("Return");
    first.start_server().await;
    app.until("the app has heard of the network", async || {
        session.network_is_back().await;
        app.log().contains("its network changed")
    })
    .await;
    app.wait_gone(&test_id("connection-banner")).await;
    wang.until("it has arrived", async || {
        let request = engine::api::Request::Messages {
            account: wang.account(),
            conversation: rosa.clone(),
            anchor: engine::api::WindowAnchor::Latest,
            limit: 5,
        };
        let engine::api::Response::Messages(window) = wang.ask(request).await else {
            return false;
        };
        let newest = window.messages.last();
        newest.is_some_and(|newest| newest.text == "written meanwhile")
    })
    .await;
    app.quit().await;
}

/// Rosa's address on the server of this person.
fn at_domain_of(person: &Person) -> String {
    let (_, domain) = person.address().split_once('@').unwrap();
    format!("rosa@{domain}")
}

async fn wait_last(app: &App, text: &str) {
    app.until(&format!("{text:?} is the last message"), async || {
        let texts = app.texts(&test_id("message-text")).await;
        texts.last().is_some_and(|last| last == text)
    })
    .await;
}

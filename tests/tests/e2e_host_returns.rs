//! Whoever has the team's server on this computer signs out and comes back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic with its place is the report"
)]

use engine::api::{ConnectionView, Request, Response};
use system_tests::window::{App, Colleague, Desktop, KeyringKind, start_team, test_id};

const PASSWORD: &str = "returns-Geheimnis-4711";

/// The server that is there goes on for everybody else, and is nobody's to replace.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_who_has_signed_out_comes_back_to_the_same_team() {
    let desktop = Desktop::start(KeyringKind::Unlocked);
    let app = App::start(&desktop, "returns", "en_US", &[]).await;
    let invite = start_team(&app, PASSWORD).await;
    let folder = tempfile::tempdir().unwrap();
    let colleague = Colleague::join(folder.path(), invite, "王芳", PASSWORD).await;
    colleague.send("before").await;
    app.wait_for(&test_id("conversation-row")).await;
    let saved = std::fs::read_to_string(app.home().join("server.json")).unwrap();

    app.click("open-settings").await;
    app.click("settings-account").await;
    app.click("sign-out").await;
    app.click("sign-out-submit").await;
    app.wait_ready("welcome").await;
    app.shot("1-welcome").await;
    app.click("welcome-start").await;
    app.wait_for(&test_id("start-name")).await;
    assert_eq!(app.count(&test_id("start-team")).await, 0);
    app.shot("2-back").await;
    app.fill("start-name", "Li Na").await;
    app.fill("start-password", "of somebody else").await;
    app.click("start-submit").await;
    app.wait_for(".box.wrong").await;
    app.shot("3-wrong").await;
    app.fill("start-password", PASSWORD).await;
    app.click("start-submit").await;
    app.wait_ready("main").await;

    // Nothing has happened to the others, and what they wrote is there.
    let overview = colleague.ask(Request::Overview).await;
    let Response::Overview(overview) = overview else {
        panic!("{overview:?}")
    };
    assert_eq!(overview.accounts[0].connection, ConnectionView::Online);
    colleague.send("after").await;
    app.until("what was said before and after is there", async || {
        app.texts(&test_id("message-text")).await == ["before", "after"]
    })
    .await;
    let now = std::fs::read_to_string(app.home().join("server.json")).unwrap();
    let of = |text: &str, key: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        value[key].clone()
    };
    for key in ["team_name", "port", "running"] {
        assert_eq!(of(&saved, key), of(&now, key), "{key}");
    }
    colleague.close().await;
    app.quit().await;
}

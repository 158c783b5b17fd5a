//! Displays that differ: Wayland without X, a session that says Wayland and has none,
//! no display at all.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic with its place is the report"
)]

use system_tests::processes;
use system_tests::window::{App, Colleague, Desktop, KeyringKind, start_team, test_id};

const PASSWORD: &str = "display-Geheimnis-4711";
const SAID: &str = "你好 from far";
const ANSWER: &str = "看到了 I see it";

#[tokio::test(flavor = "multi_thread")]
async fn a_team_begins_on_wayland() {
    let desktop = Desktop::start_wayland();
    let app = App::start(&desktop, "wayland", "zh_CN", &[]).await;
    let invite = start_team(&app, PASSWORD).await;
    let folder = tempfile::tempdir().unwrap();
    let colleague = Colleague::join(folder.path(), invite, "王芳", PASSWORD).await;
    colleague.send(SAID).await;
    app.click("conversation-row").await;
    wait_texts(&app, &[SAID]).await;
    app.type_into("composer", &format!("{ANSWER}\u{E007}"))
        .await;
    wait_texts(&app, &[SAID, ANSWER]).await;
    let picture = processes::required("STARTALK_SHOTS").join("wayland.png");
    desktop.screenshot(&picture);
    assert!(std::fs::metadata(&picture).unwrap().len() > 10_000);
    app.quit().await;

    // It comes back from its cache.
    let app = App::start(&desktop, "wayland", "zh_CN", &[]).await;
    app.wait_ready("main").await;
    app.click("conversation-row").await;
    wait_texts(&app, &[SAID, ANSWER]).await;
    app.quit().await;
    colleague.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_says_wayland_and_has_none_opens_on_x11() {
    let desktop = Desktop::start(KeyringKind::Unlocked);
    let stale = [
        ("WAYLAND_DISPLAY", "wayland-7"),
        ("XDG_SESSION_TYPE", "wayland"),
    ];
    let program = processes::required("STARTALK_BIN");
    let app = App::start_with(&desktop, program, "stale", "en_US", &[], &stale).await;
    app.wait_ready("welcome").await;
    app.quit().await;
}

#[test]
fn without_a_display_it_says_so_in_a_sentence() {
    let desktop = Desktop::start(KeyringKind::Absent);
    for (language, sentence) in [
        ("en_US.UTF-8", "There is no display to open a window on"),
        ("zh_CN.UTF-8", "没有可用的显示"),
    ] {
        let output = desktop
            .command("timeout")
            .arg("60")
            .arg(processes::required("STARTALK_BIN"))
            .arg("--home")
            .arg(desktop.app_home("blind"))
            .env_remove("DISPLAY")
            .env("WAYLAND_DISPLAY", "wayland-7")
            .env("LANG", language)
            .env("LC_ALL", language)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(sentence), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

async fn wait_texts(app: &App, expected: &[&str]) {
    app.until(&format!("the messages {expected:?}"), async || {
        app.texts(&test_id("message-text")).await == expected
    })
    .await;
}

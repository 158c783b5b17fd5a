//! What goes wrong in a first hour: each has one clear sentence, in the
//! language of the system, at the place where it belongs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a panic with its place is the report"
)]

use std::net::{Ipv4Addr, SocketAddr};

use system_tests::processes::{ClosedPort, free_port, required};
use system_tests::search::{files, files_with};
use system_tests::window::{App, Desktop, KeyringKind, test_id};

const PASSWORD: &str = "a-good-Passwort-1";

async fn start_server(app: &App, port: u16) {
    app.wait_ready("welcome").await;
    app.click("welcome-start").await;
    app.fill("start-team", "Team").await;
    app.fill("start-name", "Rosa").await;
    app.fill("start-password", PASSWORD).await;
    app.click("start-advanced").await;
    app.fill("start-port", &port.to_string()).await;
    app.click("start-submit").await;
}

/// Waits for a sentence at a field and gives it.
async fn field_error(app: &App) -> String {
    app.text(&test_id("field-error")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_addresses_that_lead_nowhere() {
    let desktop = Desktop::start(KeyringKind::Unlocked);
    // A server that is there, to be signed in to with a wrong password.
    let folder = tempfile::tempdir().unwrap();
    let server = server_lite::start(server_lite::Config {
        data_dir: folder.path().to_owned(),
        team_name: "Team".to_owned(),
        https: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        ..server_lite::Config::default()
    })
    .await
    .unwrap();
    server.create_account("Rosa", PASSWORD).await.unwrap();
    let (invite, _) = server
        .create_invite(None, std::time::Duration::from_secs(3600))
        .await
        .unwrap();
    let link = invite.to_link();

    for (language, app_name) in [("en_US", "links-en"), ("zh_CN", "links-zh")] {
        let app = App::start(&desktop, app_name, language, &[]).await;
        app.wait_ready("welcome").await;
        app.click("welcome-join").await;

        let mut sentences = Vec::new();
        for (input, shot) in [
            (link[..link.len() - 3].to_owned(), "damaged"),
            ("what is this?".to_owned(), "not-understood"),
        ] {
            app.fill("join-input", &input).await;
            sentences.push(field_error(&app).await);
            app.shot(shot).await;
            app.wait_gone(&test_id("join-preview")).await;
        }
        let closed = ClosedPort::take();
        for (input, shot) in [
            ("rosa@no-such-server.invalid".to_owned(), "unknown"),
            (closed.address(), "unreachable"),
            (
                format!("127.0.0.1:{}", server.https_addr().port()),
                "certificate",
            ),
        ] {
            app.fill("join-input", &input).await;
            app.wait_for(&test_id("join-preview")).await;
            app.fill("join-name", "rosa").await;
            app.fill("join-password", PASSWORD).await;
            app.click("join-submit").await;
            sentences.push(field_error(&app).await);
            app.shot(shot).await;
        }
        app.fill("join-input", &link).await;
        app.wait_for(&test_id("join-preview")).await;
        app.fill("join-name", "Rosa").await;
        app.fill("join-password", PASSWORD).await;
        app.click("join-submit").await;
        sentences.push(field_error(&app).await);
        app.shot("name-taken").await;

        let mut different = sentences.clone();
        different.sort();
        different.dedup();
        assert_eq!(
            different.len(),
            sentences.len(),
            "each its own sentence: {sentences:#?}"
        );
        for sentence in &sentences {
            let chinese = sentence
                .chars()
                .any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert_eq!(chinese, language == "zh_CN", "{sentence}");
        }
        app.quit().await;
    }

    // Signing in to an account that exists, with a navigation of its server.
    let navigation = system_tests::navigation_link(&server.target());
    let app = App::start(&desktop, "wrong-password", "zh_CN", &[]).await;
    app.wait_ready("welcome").await;
    app.click("welcome-join").await;
    app.fill("join-input", &navigation).await;
    app.wait_for(&test_id("join-preview")).await;
    app.fill("join-name", "rosa").await;
    app.fill("join-password", "wrong").await;
    app.click("join-submit").await;
    assert!(field_error(&app).await.contains("密码"));
    app.shot("field").await;
    app.fill("join-password", PASSWORD).await;
    app.click("join-submit").await;
    app.wait_ready("main").await;
    app.quit().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_said_at_the_port() {
    let desktop = Desktop::start(KeyringKind::Unlocked);
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let app = App::start(&desktop, "port", "zh_CN", &[]).await;
    start_server(&app, port).await;
    let sentence = field_error(&app).await;
    assert!(sentence.contains(&port.to_string()), "{sentence}");
    app.shot("in-use").await;
    // Another port, and it goes on from there.
    app.fill("start-port", &free_port().to_string()).await;
    app.click("start-submit").await;
    app.wait_ready("main").await;
    app.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_raises_the_first() {
    let desktop = Desktop::start(KeyringKind::Unlocked);
    let app = App::start(&desktop, "second", "zh_CN", &[]).await;
    app.wait_ready("welcome").await;
    let second = desktop
        .command(required("STARTALK_BIN"))
        .args([
            "--home",
            app.home().to_str().unwrap(),
            "startalk://join/damaged?c=x",
        ])
        .env("LANG", "zh_CN.UTF-8")
        .env("LC_ALL", "zh_CN.UTF-8")
        .output()
        .unwrap();
    assert!(second.status.success());
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("已经打开"), "{said}");
    // The link of the second start arrives in the first window.
    app.until("the link is in the join field", async || {
        app.value("join-input")
            .await
            .starts_with("startalk://join/damaged")
    })
    .await;
    field_error(&app).await;
    app.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_another_process_holds_is_left_alone() {
    let desktop = Desktop::start(KeyringKind::Unlocked);
    let home = desktop.app_home("held");
    // Held by something that does not answer, as a process that hangs.
    let engine = system_tests::engine_in(&home.join("profile")).await;
    let app = App::start(&desktop, "held", "zh_CN", &[]).await;
    app.wait_ready("problem").await;
    let sentence = app.text(&test_id("problem")).await;
    assert!(sentence.contains("正在使用"), "{sentence}");
    app.shot("fatal").await;
    app.quit().await;
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_the_password_is_asked_at_each_start() {
    let desktop = Desktop::start(KeyringKind::Absent);
    let app = App::start(&desktop, "no-keyring", "zh_CN", &[]).await;
    start_server(&app, free_port()).await;
    app.wait_ready("main").await;
    app.wait_for("[data-testid=\"notice\"][data-notice=\"keyring-unavailable\"]")
        .await;
    app.shot("1-said").await;
    app.quit().await;

    let app = App::start(&desktop, "no-keyring", "zh_CN", &[]).await;
    app.wait_ready("unlock").await;
    app.fill("unlock-password", "wrong password").await;
    app.click("unlock-submit").await;
    assert!(field_error(&app).await.contains("密码"));
    app.shot("2-wrong").await;
    app.fill("unlock-password", PASSWORD).await;
    app.click("unlock-submit").await;
    app.wait_ready("main").await;
    app.wait_gone(&test_id("connection-banner")).await;
    let home = app.home().to_owned();
    app.quit().await;
    assert_eq!(
        files_with(&home, PASSWORD),
        Vec::<std::path::PathBuf>::new()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_cache_is_kept_aside_and_said() {
    let desktop = Desktop::start(KeyringKind::Unlocked);
    let app = App::start(&desktop, "damaged", "zh_CN", &[]).await;
    start_server(&app, free_port()).await;
    app.wait_ready("main").await;
    let profile = app.profile();
    app.quit().await;
    let cache = files(&profile)
        .into_iter()
        .find(|path| path.file_name().is_some_and(|name| name == "cache.db"))
        .unwrap();
    std::fs::write(
        &cache,
        b"this is no database, but somebody may want it back",
    )
    .unwrap();

    let app = App::start(&desktop, "damaged", "zh_CN", &[]).await;
    app.wait_ready("main").await;
    let notice = app
        .text("[data-testid=\"notice\"][data-notice=\"cache-set-aside\"]")
        .await;
    assert!(notice.contains("cache.db.damaged"), "{notice}");
    app.shot("notice").await;
    app.wait_gone(&test_id("connection-banner")).await;
    app.quit().await;
    assert_eq!(files_with(&profile, "somebody may want it back").len(), 1);
}

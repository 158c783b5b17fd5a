//! What a desktop does with the app: tray, notifications, closing and coming
//! back, links, the place of the window, waking.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic with its place is the report"
)]

use std::process::Stdio;

use system_tests::processes;
use system_tests::window::{App, Colleague, Desktop, KeyringKind, Session, start_team, test_id};

const PASSWORD: &str = "desktop-Geheimnis-4711";

/// U03, U05, U06, U07, U65, U79, U80, U82, U83, U86.
#[tokio::test(flavor = "multi_thread")]
async fn the_app_lives_in_the_tray_and_is_called_back() {
    let mut desktop = Desktop::start(KeyringKind::Unlocked);
    desktop.start_notifications();
    let session = Session::join(&desktop).await;
    let app = App::start(&desktop, "tray", "en_US", &[]).await;
    let invite = start_team(&app, PASSWORD).await;
    session.wait_tooltip("Startalk").await;

    // A colleague, without a window.
    let folder = tempfile::tempdir().unwrap();
    let colleague = Colleague::join(folder.path(), invite, "王芳", PASSWORD).await;
    app.wait_for(&test_id("contact-row")).await;

    // U65: what the system says of waking is heard. It is said until it is: the app may
    // not listen yet.
    app.until("the app has heard that the computer woke", async || {
        session.wake().await;
        app.log().contains("the computer woke")
    })
    .await;

    // U07: closing hides, says so once, and the program goes on.
    app.close_window().await;
    session.wait_notifications(1).await;
    desktop.screenshot(&shot("desktop-1-hint.png"));
    session.click_notification().await;
    app.until("the window is back", async || app.is_shown())
        .await;
    session.wait_notifications(0).await;
    app.close_window().await;

    // U80, U82, U86: three messages are one notification, and the tray counts them.
    for text in ["第一", "second", "<b>third</b> & last"] {
        colleague.send(text).await;
    }
    session.wait_tooltip("Startalk: 3 unread messages").await;
    session.wait_notifications(1).await;
    desktop.screenshot(&shot("desktop-2-notification.png"));
    let menu = session.menu().await;
    assert!(menu.iter().any(|(_, line)| line == "王芳  (3)"), "{menu:?}");

    // U79: a click opens what it was about, with the window hidden.
    session.click_notification().await;
    app.until("the window is back", async || app.is_shown())
        .await;
    app.until("the conversation is open", async || {
        app.texts(&test_id("message-text")).await.len() == 3
    })
    .await;
    // U83: what was read is told no longer.
    session.wait_tooltip("Startalk").await;
    session.wait_notifications(0).await;

    // U29: what is being read is not told; what is not, is.
    app.wait_focused().await;
    colleague.send("fourth").await;
    app.until("the message is there", async || {
        app.texts(&test_id("message-text")).await.len() == 4
    })
    .await;
    assert_eq!(session.notifications().await, 0);

    // U86: the icon hides and shows. Hidden is what has the focus: anything else is
    // brought to the front first.
    app.wait_focused().await;
    session.click_tray().await;
    app.until("the icon hides the window", async || !app.is_shown())
        .await;
    session.click_tray().await;
    app.until("the icon shows the window", async || app.is_shown())
        .await;

    // So do the keys that the settings name.
    app.wait_focused().await;
    app.press("ctrl+alt+z");
    app.until("the keys hide the window", async || !app.is_shown())
        .await;
    app.press("ctrl+alt+z");
    app.until("the keys show the window", async || app.is_shown())
        .await;

    // U06: a second start raises the first with its link, which asks.
    app.close_window().await;
    second_start(&desktop, &app, "xmpp:somebody@example.com?message;body=hi");
    app.until("the window is back", async || app.is_shown())
        .await;
    let address = app.text(&test_id("link-address")).await;
    assert_eq!(address, "somebody@example.com");
    app.shot("3-link").await;
    app.click("link-cancel").await;
    app.wait_gone(&test_id("link-address")).await;

    // U05: the window comes back where it was.
    app.place(37, 61, 900, 640);
    let place = app.geometry();
    assert_eq!(place[2..], [900, 640]);

    // U07: "Quit" ends the program.
    session.choose("Quit Startalk").await;
    app.wait_for_end();
    colleague.close().await;
    drop(app);
    let app = App::start(&desktop, "tray", "en_US", &[]).await;
    app.wait_ready("main").await;
    assert_eq!(app.geometry(), place);
    page_is_killed(&desktop, &app).await;
    session.choose("Quit Startalk").await;
    app.wait_for_end();
}

/// U03: the process of the page ends, as with a crash of the graphics; the window is not
/// left white. The driver loses sight of the page with that, so what the display shows
/// has to tell.
async fn page_is_killed(desktop: &Desktop, app: &App) {
    app.until("the conversation is open", async || {
        app.texts(&test_id("message-text")).await.len() == 4
    })
    .await;
    app.shot("4-before").await;
    let (before, after) = (shot("tray-4-before.png"), shot("tray-5-page-again.png"));
    let page = app.page_process().unwrap();
    processes::signal(page, "KILL");
    app.until("the page is there again", async || {
        let again = app.page_process().is_some_and(|now| now != page);
        if again {
            app.picture(&after);
        }
        // The place of the caret, and who is online by now, may be another.
        again && desktop.difference(&before, &after) < 0.02
    })
    .await;
    assert!(app.log().contains("the process of the page has ended"));
    // The new one, too, keeps no more than it needs.
    let environment = processes::environment(app.page_process().unwrap());
    assert!(environment.contains(&"JSC_useGenerationalGC=0".to_owned()));
}

/// Starts the app once more on the same home; it hands its link on and ends.
fn second_start(desktop: &Desktop, app: &App, link: &str) {
    let status = desktop
        .command(processes::required("STARTALK_BIN"))
        .arg("--home")
        .arg(app.home())
        .arg(link)
        .stderr(Stdio::null())
        .status();
    assert!(status.is_ok_and(|status| status.success()));
}

fn shot(name: &str) -> std::path::PathBuf {
    processes::required("STARTALK_SHOTS").join(name)
}

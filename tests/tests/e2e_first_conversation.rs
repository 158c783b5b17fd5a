//! The story that the product exists for, in two real windows: one person
//! starts a server, another joins by its invite, they chat, both restart, the
//! server stops and comes back, nothing is lost or doubled.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic with its place is the report"
)]

use system_tests::processes::free_port;
use system_tests::search::files_with;
use system_tests::window::{App, Desktop, KeyringKind, test_id};

const HOST_PASSWORD: &str = "host-Geheimnis-4711";
const GUEST_PASSWORD: &str = "guest-秘密-0815";
const FIRST: &str = "你好,小王! 🎉 <b>not bold</b> & done";
const SECOND_LINE: &str = "第二行 second line";
const ANSWER: &str = "收到,谢谢! Got it 👍";
const WAITING: [&str; 3] = [
    "离线一 offline one",
    "离线二 offline two",
    "离线三 offline three",
];
/// In WebDriver's keyboard: Shift down, Enter, Shift up (by NULL), Enter.
const SHIFT_ENTER: &str = "\u{E008}\u{E007}\u{E000}";
const ENTER: &str = "\u{E007}";

#[tokio::test(flavor = "multi_thread")]
async fn two_people_chat_through_the_server_that_one_of_them_launched() {
    let desktop = Desktop::start(KeyringKind::Unlocked);

    // The host starts a server.
    let host = App::start(&desktop, "host", "en_US", &[]).await;
    host.wait_ready("welcome").await;
    host.shot("1-welcome").await;
    host.click("welcome-start").await;
    host.fill("start-team", "Sales 销售部").await;
    host.fill("start-name", "Li Na").await;
    host.fill("start-password", HOST_PASSWORD).await;
    host.click("start-advanced").await;
    host.fill("start-port", &free_port().to_string()).await;
    host.shot("2-start").await;
    host.click("start-submit").await;
    host.wait_ready("main").await;
    host.wait_for(&server_strip("running")).await;
    if host.count(&test_id("invite-link")).await == 0 {
        host.click("server-invite").await;
    }
    host.until("the invite link is there", async || {
        host.value("invite-link")
            .await
            .starts_with("startalk://join/")
    })
    .await;
    let invite = host.value("invite-link").await;
    host.shot("3-invite").await;
    host.click("invite-close").await;
    host.wait_gone(&test_id("invite-link")).await;

    // The guest joins, in Chinese.
    let guest = App::start(&desktop, "guest", "zh_CN", &[]).await;
    guest.wait_ready("welcome").await;
    guest.shot("1-welcome").await;
    guest.click("welcome-join").await;
    guest.fill("join-input", &invite).await;
    let preview = guest.text(&test_id("join-preview")).await;
    assert!(preview.contains("Sales 销售部"), "{preview}");
    assert!(preview.contains("Li Na"), "{preview}");
    guest.fill("join-name", "王芳").await;
    guest.fill("join-password", GUEST_PASSWORD).await;
    guest.shot("2-join").await;
    guest.click("join-submit").await;
    guest.wait_ready("main").await;

    // They see each other.
    let guest_address = contact_address(&host, "王芳").await;
    let host_address = contact_address(&guest, "Li Na").await;

    // Typing shows, then a message of two lines, with its states.
    open(&host, &guest_address).await;
    host.type_into("composer", FIRST).await;
    open(&guest, &host_address).await;
    guest.wait_for(&test_id("typing-indicator")).await;
    guest.shot("3-typing").await;
    host.type_into("composer", SHIFT_ENTER).await;
    host.type_into("composer", SECOND_LINE).await;
    host.type_into("composer", ENTER).await;
    let first = format!("{FIRST}\n{SECOND_LINE}");
    wait_texts(&guest, std::slice::from_ref(&first)).await;
    guest.wait_gone(&test_id("typing-indicator")).await;
    wait_state(&host, &first, &["delivered", "read"]).await;

    // The answer, and the first message is now read: its reader had it on the
    // screen in a window that was in front.
    guest.click("composer").await;
    guest.type_into("composer", ANSWER).await;
    guest.type_into("composer", ENTER).await;
    let mut all = vec![first.clone(), ANSWER.to_owned()];
    wait_texts(&host, &all).await;
    wait_texts(&guest, &all).await;
    wait_state(&host, &first, &["read"]).await;
    host.shot("4-chat").await;
    guest.shot("4-chat").await;

    // Both restart: no password is asked, everything is there, the server too.
    host.quit().await;
    guest.quit().await;
    let guest = App::start(&desktop, "guest", "zh_CN", &[]).await;
    guest.wait_ready("main").await;
    open(&guest, &host_address).await;
    wait_texts(&guest, &all).await;
    let host = App::start(&desktop, "host", "en_US", &[]).await;
    host.wait_ready("main").await;
    host.wait_for(&server_strip("running")).await;
    open(&host, &guest_address).await;
    wait_texts(&host, &all).await;
    guest.wait_gone(&test_id("connection-banner")).await;

    // The server stops; three messages wait, and survive a kill of the app.
    host.until("the guest is counted", async || {
        host.text(&test_id("server-strip")).await.contains('2')
    })
    .await;
    host.click("server-stop").await;
    host.click("confirm-submit").await;
    host.wait_for(&server_strip("stopped")).await;
    guest.wait_for(&test_id("connection-banner")).await;
    for text in WAITING {
        guest.type_into("composer", text).await;
        guest.type_into("composer", ENTER).await;
        all.push(text.to_owned());
        wait_texts(&guest, &all).await;
    }
    for text in WAITING {
        wait_state(&guest, text, &["waiting"]).await;
    }
    guest.shot("5-waiting").await;
    host.shot("5-stopped").await;
    guest.kill();
    let guest = App::start(&desktop, "guest", "zh_CN", &[]).await;
    guest.wait_ready("main").await;
    open(&guest, &host_address).await;
    wait_texts(&guest, &all).await;

    // It comes back: they arrive once, in order.
    host.click("server-start").await;
    host.wait_for(&server_strip("running")).await;
    wait_texts(&host, &all).await;
    for text in WAITING {
        wait_state(&guest, text, &["delivered", "read"]).await;
    }
    wait_texts(&guest, &all).await;
    host.shot("6-arrived").await;
    guest.shot("6-arrived").await;
    desktop.screenshot(&system_tests::processes::required("STARTALK_SHOTS").join("screen.png"));

    // The other theme and a change of language, at once; then a small window.
    host.click("open-settings").await;
    host.click("theme-dark").await;
    host.wait_for("html[data-theme='dark']").await;
    host.shot("7-settings-dark").await;
    host.click("language-zh-CN").await;
    host.wait_for("html[lang='zh-CN']").await;
    host.shot("8-settings-chinese").await;
    host.click("open-chats").await;
    host.shot("9-dark").await;
    guest.resize(800, 600).await;
    guest.shot("7-small").await;

    // Nothing that should be secret is on the disk.
    let (host_profile, guest_profile) = (host.profile(), guest.profile());
    let homes = [host.home().to_owned(), guest.home().to_owned()];
    host.quit().await;
    guest.quit().await;
    for profile in [host_profile, guest_profile] {
        for text in all.iter().flat_map(|text| text.lines()) {
            assert_eq!(
                files_with(&profile, text),
                Vec::<std::path::PathBuf>::new(),
                "{text}"
            );
        }
    }
    for home in homes {
        for password in [HOST_PASSWORD, GUEST_PASSWORD] {
            assert_eq!(
                files_with(&home, password),
                Vec::<std::path::PathBuf>::new()
            );
        }
    }
    // And the search would have found them: the server keeps the texts in clear.
    assert!(!files_with(&desktop.app_home("host").join("server"), ANSWER).is_empty());
    // The passwords are in the Secret Service.
    let stored = desktop
        .command("secret-tool")
        .args([
            "search",
            "--all",
            "--unlock",
            "service",
            "im.startalk.desktop",
        ])
        .output()
        .expect("secret-tool is installed");
    let stored = String::from_utf8_lossy(&stored.stdout).into_owned();
    for password in [HOST_PASSWORD, GUEST_PASSWORD] {
        assert!(stored.contains(password), "not in the keyring");
    }
}

fn server_strip(state: &str) -> String {
    format!("{}[data-state={state:?}]", test_id("server-strip"))
}

/// The address of the contact with this name, once it is in the list.
async fn contact_address(app: &App, name: &str) -> String {
    let rows = "[data-testid=\"contact-row\"], [data-testid=\"conversation-row\"]";
    let mut address = String::new();
    app.until(&format!("{name} is in the list"), async || {
        let names = app.texts(rows).await;
        let contacts = app.attributes(rows, "data-contact").await;
        let conversations = app.attributes(rows, "data-conversation").await;
        for ((text, contact), conversation) in names.iter().zip(contacts).zip(conversations) {
            if text.contains(name) {
                address = if contact.is_empty() {
                    conversation
                } else {
                    contact
                };
                return true;
            }
        }
        false
    })
    .await;
    address
}

/// Opens the conversation with this address.
async fn open(app: &App, address: &str) {
    let row = format!(
        "[data-testid=\"contact-row\"][data-contact={address:?}], \
         [data-testid=\"conversation-row\"][data-conversation={address:?}]"
    );
    app.click_css(&row).await;
    app.wait_for(&test_id("composer")).await;
}

/// Waits until exactly these texts are in the open conversation, in this order.
async fn wait_texts(app: &App, expected: &[String]) {
    app.until(&format!("the messages {expected:?}"), async || {
        app.texts(&test_id("message-text")).await == expected
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

//! What people put into a message beside words, in the real window: from the clipboard,
//! from the screen, from the microphone; and what they take out of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic with its place is the report"
)]

use std::path::{Path, PathBuf};

use engine::api::{AttachmentView, Request, Response, WindowAnchor};
use system_tests::processes::required;
use system_tests::window::{App, Desktop, KeyringKind, join_as, test_id};
use system_tests::world::{Person, World};

const PASSWORD: &str = "devices-Geheimnis-4711";
const TEXT: &str = "复制 this, please";

/// U34, U47, U54, U56, U77.
#[tokio::test(flavor = "multi_thread")]
async fn clipboard_screen_and_microphone() {
    let mut desktop = Desktop::start(KeyringKind::Unlocked);
    desktop.start_microphone();
    let world = World::start().await;
    let wang = world.join("Wang Fang").await;
    let invite = world.invite_link(Some("Wang Fang")).await;
    let app = App::start(&desktop, "devices", "en_US", &[&invite]).await;
    join_as(&app, "Rosa", PASSWORD).await;
    app.click("contact-row").await;
    app.wait_focus("composer").await;
    app.wait_focused().await;
    app.type_into("composer", TEXT).await;
    app.press("Return");
    app.wait_for(&test_id("message")).await;

    // U34: a message is copied as its bare text.
    app.press("ctrl+Up");
    app.press("ctrl+c");
    app.until("the text is on the clipboard", async || {
        String::from_utf8_lossy(&desktop.clipboard("UTF8_STRING")) == TEXT
    })
    .await;
    app.press("Escape");
    app.wait_focus("composer").await;

    // U47: a picture of another program is pasted, looked at, and sent.
    let picture = desktop.folder().join("picture.png");
    let drawn = desktop
        .command("convert")
        .args(["-size", "300x200", "xc:orange"])
        .arg(&picture)
        .status();
    assert!(drawn.is_ok_and(|status| status.success()));
    desktop.put_on_clipboard("image/png", &picture);
    app.until("the picture is on the clipboard", async || {
        String::from_utf8_lossy(&desktop.clipboard("TARGETS")).contains("image/png")
    })
    .await;
    app.press("ctrl+v");
    app.wait_for(&test_id("pending-files")).await;
    app.shot("1-pasted").await;
    app.click("send-files").await;
    let sent = received(&wang, 1).await;
    assert_eq!((sent.width, sent.height), (Some(300), Some(200)));

    // U47: so are files that a file manager has copied.
    let (list, report) = (
        desktop.folder().join("list"),
        desktop.folder().join("报告 1.txt"),
    );
    std::fs::write(&report, "hello").unwrap();
    let name = url_of(&report);
    std::fs::write(&list, format!("{name}\r\n")).unwrap();
    desktop.put_on_clipboard("text/uri-list", &list);
    app.until("the file is on the clipboard", async || {
        String::from_utf8_lossy(&desktop.clipboard("TARGETS")).contains("text/uri-list")
    })
    .await;
    app.wait_focus("composer").await;
    app.press("ctrl+v");
    app.wait_for(&test_id("pending-files")).await;
    app.click("send-files").await;
    let sent = received(&wang, 2).await;
    assert_eq!(
        (sent.name.as_str(), sent.size_bytes),
        ("报告 1.txt", Some(5))
    );

    // U54: the screen without our window, as a picture that is sent.
    app.click("screenshot-take").await;
    app.wait_for(&test_id("screenshot")).await;
    app.until("the picture is there", async || {
        app.count("[data-testid=screenshot-send]:enabled").await == 1
    })
    .await;
    app.shot("2-screen").await;
    app.click("screenshot-send").await;
    app.wait_for(&test_id("pending-files")).await;
    app.click("send-files").await;
    let sent = received(&wang, 3).await;
    assert_eq!((sent.width, sent.height), (Some(1280), Some(800)));

    // U56: a voice message, with levels while it is recorded, and sound in it.
    app.click("voice-record").await;
    let loud = "return [...document.querySelectorAll('[data-testid=voice-level] i')] \
                .filter((bar) => bar.offsetHeight > 5).length";
    app.until("the tone is heard", async || {
        app.number(loud).await.is_some_and(|bars| bars > 10.0)
    })
    .await;
    app.shot("3-recording").await;
    app.click("voice-stop").await;
    app.click("voice-send").await;
    let sent = received(&wang, 4).await;
    assert_eq!(sent.media_type.as_deref(), Some("audio/wav"));
    // A second of it, at least.
    assert!(
        sent.size_bytes.is_some_and(|size| size > 30_000),
        "{sent:?}"
    );
    app.shot("4-sent").await;

    // U77: a file is dragged out, to another program.
    let dropped = drag_out(&app, &mut desktop).await;
    assert_eq!(dropped.file_name().unwrap(), "报告 1.txt");
    assert!(dropped.starts_with(app.profile()), "{}", dropped.display());
    assert_eq!(std::fs::read_to_string(&dropped).unwrap(), "hello");
    // Not sent by that, and the window goes on.
    assert_eq!(app.count(&test_id("pending-files")).await, 0);
    app.click("composer").await;
    app.type_into("composer", "x").await;
    app.until("the pointer and the keys work", async || {
        app.value("composer").await == "x"
    })
    .await;
    app.quit().await;
    assert!(!dropped.exists(), "in clear only while the program runs");
}

/// Drags the one file in the conversation that is no picture and no sound to a program
/// beside the window; the file that this is given.
async fn drag_out(app: &App, desktop: &mut Desktop) -> PathBuf {
    app.place(0, 0, 900, 760);
    let said = desktop.start_drop_target(Path::new(env!("CARGO_BIN_EXE_drop-target")), 1000, 300);
    let said = || std::fs::read_to_string(&said).unwrap();
    app.run(
        "document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })",
        vec![test_id("message-file").into()],
    )
    .await;
    let [x, y] = app.middle_of(&test_id("message-file")).await;
    app.point(x, y);
    app.hold();
    // On the way, and then to and fro: the file comes to the pointer when it is ready.
    let mut step = 0;
    app.until("the file is over the other program", async || {
        step += 1;
        let way = (step * 20).min(100);
        let sway = step % 2 * 4;
        app.point(x + (1100 - x) * way / 100 + sway, y + (400 - y) * way / 100);
        said().contains("over")
    })
    .await;
    desktop.screenshot(&required("STARTALK_SHOTS").join("devices-5-dragged.png"));
    app.let_go();
    app.until("the file is dropped", async || said().contains("dropped"))
        .await;
    let said = said();
    let address = said.lines().find_map(|line| line.strip_prefix("dropped "));
    path_of(address.unwrap())
}

/// The other way round than [`url_of`].
fn path_of(address: &str) -> PathBuf {
    let escaped = address.strip_prefix("file://").unwrap();
    let mut bytes = Vec::new();
    let mut rest = escaped.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits: String = rest.by_ref().take(2).map(char::from).collect();
        bytes.push(u8::from_str_radix(&digits, 16).unwrap());
    }
    PathBuf::from(String::from_utf8(bytes).unwrap())
}

/// A file's name as file managers write it (RFC 8089).
fn url_of(path: &Path) -> String {
    let escaped = path.to_str().unwrap().bytes().map(|byte| match byte {
        b'/' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    format!("file://{}", escaped.collect::<String>())
}

/// The file of the newest message, as soon as there are so many with one.
async fn received(person: &Person, count: usize) -> AttachmentView {
    let mut found = None;
    person
        .until(&format!("{count} files"), async || {
            let request = Request::Conversations {
                account: person.account(),
            };
            let Response::Conversations(rows) = person.ask(request).await else {
                return false;
            };
            let Some(row) = rows.into_iter().next() else {
                return false;
            };
            let request = Request::Messages {
                account: person.account(),
                conversation: row.id,
                anchor: WindowAnchor::Latest,
                limit: 20,
            };
            let Response::Messages(window) = person.ask(request).await else {
                return false;
            };
            let files = window.messages.into_iter();
            let files: Vec<_> = files.flat_map(|message| message.attachments).collect();
            found = files.last().cloned();
            files.len() == count
        })
        .await;
    found.unwrap()
}

//! Files, people and rooms in the real window, on the built-in server, with a
//! colleague.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic with its place is the report"
)]

use engine::api::{
    FileRequest, FileSource, MessageWindow, Request, Response, RoomRequest, SaveTo, WindowAnchor,
};
use system_tests::window::{App, Colleague, Desktop, KeyringKind, start_team, test_id};

const PASSWORD: &str = "team-Geheimnis-4711";
const ENTER: &str = "\u{E007}";

/// U47, U70 (that it arrives), U71, U95, U98.
#[tokio::test(flavor = "multi_thread")]
async fn pictures_people_and_rooms() {
    let desktop = Desktop::start(KeyringKind::Unlocked);
    let app = App::start(&desktop, "team", "zh_CN", &[]).await;
    let invite = start_team(&app, PASSWORD).await;
    let folder = tempfile::tempdir().unwrap();
    let colleague = Colleague::join(folder.path(), invite, "王芳", PASSWORD).await;

    // A picture from the window, with words.
    app.click("contact-row").await;
    app.wait_for(&test_id("composer")).await;
    app.give_picture("attach-input", "照片 photo.png", 640, 400)
        .await;
    app.wait_for(&test_id("pending-files")).await;
    app.fill("caption", "看看这张图 look").await;
    app.shot("1-preview").await;
    app.click("send-files").await;
    let sent = colleague
        .until(newest(&colleague, &colleague.host), |answer| {
            messages(answer).messages.pop()
        })
        .await;
    assert_eq!(sent.text, "看看这张图 look");
    assert_eq!(sent.attachments[0].name, "照片 photo.png");
    assert_eq!(
        (sent.attachments[0].width, sent.attachments[0].height),
        (Some(640), Some(400))
    );
    let saved = colleague
        .ask(Request::Files(FileRequest::Save {
            account: colleague.account.clone(),
            message: sent.id,
            index: 0,
            to: SaveTo::Folder {
                path: folder.path().display().to_string(),
            },
        }))
        .await;
    let Response::Saved(picture) = saved else {
        panic!("not saved");
    };
    let bytes = std::fs::read(&picture).unwrap();
    assert!(bytes.starts_with(b"\x89PNG"), "{picture}");
    wait_pictures(&app, 1).await;

    // One for the window.
    colleague
        .ask(Request::Files(FileRequest::Send {
            account: colleague.account.clone(),
            conversation: colleague.host.clone(),
            source: FileSource::Path { path: picture },
            name: None,
            media_type: None,
            width: None,
            height: None,
            caption: String::new(),
            reply_to: None,
            mentions: Vec::new(),
        }))
        .await;
    wait_pictures(&app, 2).await;
    app.shot("2-pictures").await;
    app.click_css(&test_id("message-picture")).await;
    app.wait_for(&test_id("viewer")).await;
    app.shot("3-viewer").await;
    app.click("viewer-close").await;
    app.wait_gone(&test_id("viewer")).await;
    app.click("open-files").await;
    app.shot("4-files").await;

    // People, and a room with them.
    app.click("open-contacts").await;
    app.wait_for(&test_id("person-row")).await;
    app.shot("5-contacts").await;
    app.click("contacts-menu").await;
    app.click("menu-new-room").await;
    app.type_into("picker-search", "wangfang").await;
    app.wait_for(&test_id("picker-option")).await;
    app.type_into("picker-search", ENTER).await;
    app.wait_for(&test_id("picked")).await;
    app.click("new-room-next").await;
    app.fill("new-room-name", "周五 Friday").await;
    app.shot("6-new-room").await;
    app.click("new-room-create").await;
    app.wait_gone(&test_id("new-room")).await;
    app.wait_for(&test_id("composer")).await;
    app.type_into("composer", "大家好").await;
    app.type_into("composer", ENTER).await;

    let invitations = Request::Rooms(RoomRequest::Invitations {
        account: colleague.account.clone(),
    });
    let room = colleague
        .until(invitations, |answer| match answer {
            Response::Invitations(mut waiting) => waiting.pop().map(|one| one.room),
            _ => None,
        })
        .await;
    colleague
        .ask(Request::Rooms(RoomRequest::Join {
            account: colleague.account.clone(),
            room: room.clone(),
            nick: None,
            password: None,
        }))
        .await;
    colleague
        .until(newest(&colleague, &room), |answer| {
            let texts = messages(answer).messages;
            let said = texts.iter().find(|one| one.text == "大家好")?;
            // By the name that the person chose, not by that of the account.
            assert_eq!(said.author_name, "Li Na");
            Some(())
        })
        .await;
    colleague.send_to(&room, "收到 got it").await;
    app.until("the colleague is named in the room", async || {
        let said = app.texts(&test_id("message-text")).await;
        let page = app.text(&test_id("timeline")).await;
        said.last().is_some_and(|last| last == "收到 got it") && page.contains("王芳")
    })
    .await;
    app.click("toggle-details").await;
    app.wait_for(&test_id("members")).await;
    app.shot("7-room").await;
    app.click("open-settings").await;
    app.click("theme-dark").await;
    app.click("language-en").await;
    app.wait_for("html[lang='en'][data-theme='dark']").await;
    app.click("open-chats").await;
    app.shot("8-room-dark").await;
    app.click("open-contacts").await;
    app.shot("9-contacts-dark").await;
    colleague.close().await;
    app.quit().await;
}

fn newest(colleague: &Colleague, conversation: &str) -> Request {
    Request::Messages {
        account: colleague.account.clone(),
        conversation: conversation.to_owned(),
        anchor: WindowAnchor::Latest,
        limit: 20,
    }
}

fn messages(answer: Response) -> MessageWindow {
    match answer {
        Response::Messages(window) => window,
        other => panic!("no messages: {other:?}"),
    }
}

/// Waits until so many pictures are drawn.
async fn wait_pictures(app: &App, count: usize) {
    let drawn = "return [...document.querySelectorAll('[data-testid=message-picture] img')] \
                 .filter((img) => img.complete && img.naturalWidth > 0).length";
    app.until("the pictures are drawn", async || {
        app.number(drawn)
            .await
            .is_some_and(|drawn| drawn == count as f64)
    })
    .await;
}

//! Files that are sent: nothing lost, nothing twice, whatever happens on their way.

use startalk_engine::api::{
    DeliveryState, ErrorCode, FileRequest, FileSource, FileState, MessageKind, Request, Response,
    TransferState,
};
use xmpp_core::{Element, ns};

use crate::client::{BOB, Client};
use crate::peer::{DOMAIN, Server, body, within};
use crate::uploads::{PICTURE, asked_for_slot, give_slot, offer, refuse, reply, url};
use crate::web::Web;

const CREATED: &str = "201 Created";

async fn wait_failed(client: &Client, message: i64, code: ErrorCode) {
    client
        .wait_state(message, DeliveryState::Failed { code })
        .await;
}

fn oob(message: &Element) -> String {
    let x = message.get_child("x", ns::OOB).unwrap();
    x.get_child("url", ns::OOB).unwrap().text()
}

#[tokio::test]
async fn a_file_is_shown_at_once_and_goes_with_its_address_and_hash() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let id = client.send_file("a:b?.png", PICTURE, "look").await;
    let shown = client.messages().await.pop().unwrap();
    assert_eq!(
        (shown.kind, shown.text.as_str()),
        (MessageKind::File, "look")
    );
    assert_eq!(shown.delivery, Some(DeliveryState::Waiting));
    let file = &shown.attachments[0];
    assert_eq!((file.width, file.height), (Some(256), Some(16)));
    assert_eq!(file.name, "a_b_.png");
    assert_eq!(file.media_type.as_deref(), Some("image/png"));
    assert_eq!(file.size_bytes, Some(PICTURE.len() as u64));
    assert_eq!((file.state, &file.url), (FileState::Uploading, &None));
    // It can be looked at already.
    assert_eq!(client.bytes(id).await, PICTURE);
    let second = client.send_file("b.png", PICTURE, "").await;
    let row = client.conversation().await.unwrap();
    assert_eq!(row.preview, "b.png");
    // Its kind can be said in place of the name; of words there is none.
    assert_eq!(row.preview_media.as_deref(), Some("image/png"));
    let (account, message) = (client.account.clone(), second);
    client.files(FileRequest::Cancel { account, message }).await;
    let row = client.conversation().await.unwrap();
    assert_eq!((row.preview.as_str(), row.preview_media), ("look", None));

    offer(&mut peer, 1000).await;
    let asked = give_slot(&mut peer, &server, "1").await;
    assert_eq!(asked.attr("filename"), Some("a_b_.png"));
    assert_eq!(asked.attr("size"), Some(PICTURE.len().to_string().as_str()));
    assert_eq!(asked.attr("content-type"), Some("image/png"));
    // What is written behind it waits for it.
    client.send("behind").await;
    let mut put = Web::accept(&server).await;
    assert!(
        put.head.starts_with("PUT /files/1 HTTP/1.1"),
        "{}",
        put.head
    );
    assert_eq!(put.header("content-type"), Some("image/png"));
    assert_eq!(put.header("authorization"), Some("Basic YQ=="));
    assert!(put.header("host").unwrap().starts_with("127.0.0.1"));
    assert_eq!(put.body().await, PICTURE);
    put.answer(CREATED, b"").await;

    let message = peer.text().await;
    let url = url(&server, "1");
    assert_eq!(body(&message), format!("look\n{url}"));
    assert_eq!(oob(&message), url);
    let shared = message.get_child("file-sharing", ns::FILE_SHARING).unwrap();
    let said = shared.get_child("file", ns::FILE_METADATA).unwrap();
    let text = |name| said.get_child(name, ns::FILE_METADATA).map(Element::text);
    assert_eq!(text("size"), Some(PICTURE.len().to_string()));
    assert_eq!(text("width"), Some("256".to_owned()));
    let hash = said.get_child("hash", ns::HASHES).unwrap();
    assert_eq!(hash.text(), "L8l8swTugZcIL52lfyooOgAc/yMoHlRnG+IRqGLggS4=");
    assert_eq!(body(&peer.text().await), "behind");
    peer.acknowledge().await;
    client.wait_state(id, DeliveryState::Sent).await;
    let file = client.attachment(id).await;
    assert_eq!((file.state, file.url), (FileState::Here, Some(url)));
    assert_eq!(client.bytes(id).await, PICTURE);
    assert!(client.transfers().await.is_empty());
}

#[tokio::test]
async fn a_file_holds_up_its_own_conversation_alone() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    client.send_file("a", b"hello", "").await;
    offer(&mut peer, 1000).await;
    give_slot(&mut peer, &server, "1").await;
    let mut put = Web::accept(&server).await;
    put.read(5).await;
    client.send("behind").await;
    let elsewhere = Request::SendMessage {
        account: client.account.clone(),
        conversation: format!("eve@{DOMAIN}"),
        text: "elsewhere".to_owned(),
    };
    client.ask(elsewhere).await;
    assert_eq!(body(&peer.text().await), "elsewhere");
    put.answer(CREATED, b"").await;
    assert_eq!(body(&peer.text().await), url(&server, "1"));
    assert_eq!(body(&peer.text().await), "behind");
}

#[tokio::test]
async fn a_restart_in_the_middle_begins_anew_and_sends_once() {
    let server = Server::start();
    let (mut client, mut peer) = Client::start(&server).await;
    let bytes = vec![7; 300_000];
    let id = client.send_file("a", &bytes, "").await;
    offer(&mut peer, 1_000_000).await;
    give_slot(&mut peer, &server, "1").await;
    let mut put = Web::accept(&server).await;
    put.read(100_000).await;
    client
        .until("progress", async || {
            let all = client.transfers().await;
            all[0].state == TransferState::Running && all[0].done_bytes > 0
        })
        .await;
    client.engine.close().await;
    assert!(put.breaks_off().await);
    drop(peer);
    client.restart().await;
    assert_eq!(client.attachment(id).await.state, FileState::Uploading);
    let mut peer = server.session().await;
    offer(&mut peer, 1_000_000).await;
    give_slot(&mut peer, &server, "2").await;
    let mut put = Web::accept(&server).await;
    assert_eq!(put.body().await, bytes);
    put.answer(CREATED, b"").await;
    assert_eq!(body(&peer.text().await), url(&server, "2"));
    peer.acknowledge().await;
    client.wait_state(id, DeliveryState::Sent).await;
}

#[tokio::test]
async fn what_is_there_is_not_uploaded_again() {
    let server = Server::start();
    let (mut client, mut peer) = Client::start(&server).await;
    let id = client.send_file("a", b"hello", "").await;
    offer(&mut peer, 1000).await;
    give_slot(&mut peer, &server, "1").await;
    let mut put = Web::accept(&server).await;
    put.body().await;
    // The stream is gone, and the bytes go on.
    drop(peer);
    let silent = server.accept_tcp().await;
    put.answer(CREATED, b"").await;
    client.wait_file(id, FileState::Here).await;
    drop(silent);
    client.restart().await;
    let mut peer = server.session().await;
    // Nothing is asked before it.
    let message = loop {
        let stanza = peer.next().await.unwrap();
        assert!(!stanza.has_child("request", ns::HTTP_UPLOAD));
        if stanza.has_child("body", ns::CLIENT) {
            break stanza;
        }
    };
    assert_eq!(oob(&message), url(&server, "1"));
}

#[tokio::test]
async fn a_cut_is_followed_by_another_try_and_holds_nobody_up() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let id = client.send_file("a", &[1; 200_000], "file").await;
    offer(&mut peer, 1_000_000).await;
    give_slot(&mut peer, &server, "1").await;
    let mut put = Web::accept(&server).await;
    put.read(1000).await;
    drop(put);
    let again = asked_for_slot(&mut peer).await;
    client.send("behind").await;
    // It did not get through, so it is not waited for.
    assert_eq!(body(&peer.text().await), "behind");
    let url = url(&server, "2");
    let slot =
        format!("<slot xmlns='urn:xmpp:http:upload:0'><put url='{url}'/><get url='{url}'/></slot>");
    reply(&mut peer, &again, &slot).await;
    let mut put = Web::accept(&server).await;
    put.body().await;
    put.answer(CREATED, b"").await;
    assert_eq!(oob(&peer.text().await), url);
    peer.acknowledge().await;
    client.wait_state(id, DeliveryState::Sent).await;
    // As in the archive.
    assert_eq!(client.texts().await, ["behind", "file"]);
}

#[tokio::test]
async fn a_slot_that_ran_out_is_followed_by_another_but_not_for_ever() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let id = client.send_file("a", b"hello", "").await;
    offer(&mut peer, 1000).await;
    for slot in ["1", "2", "3"] {
        give_slot(&mut peer, &server, slot).await;
        let mut put = Web::accept(&server).await;
        put.body().await;
        put.answer("404 Not Found", b"").await;
    }
    wait_failed(&client, id, ErrorCode::FileRefused).await;
}

#[tokio::test]
async fn what_the_server_does_not_take_fails_and_can_be_tried_again() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let id = client.send_file("a", b"hello", "").await;
    for (status, code) in [
        ("413 Content Too Large", ErrorCode::FileTooLarge),
        ("507 Insufficient Storage", ErrorCode::FileQuota),
        // It is not sent after somebody who points elsewhere.
        (
            "307 Temporary Redirect\nLocation: https://127.0.0.1/",
            ErrorCode::FileRefused,
        ),
    ] {
        offer(&mut peer, 1000).await;
        give_slot(&mut peer, &server, "1").await;
        client.send("behind").await;
        let mut put = Web::accept(&server).await;
        put.body().await;
        put.answer(status, b"").await;
        wait_failed(&client, id, code).await;
        assert_eq!(body(&peer.text().await), "behind");
        let account = client.account.clone();
        client.files(FileRequest::RetryAll { account }).await;
    }
    offer(&mut peer, 1000).await;
    give_slot(&mut peer, &server, "2").await;
    let mut put = Web::accept(&server).await;
    assert_eq!(put.body().await, b"hello");
    put.answer(CREATED, b"").await;
    assert_eq!(oob(&peer.text().await), url(&server, "2"));
}

#[tokio::test]
async fn refused_slots_say_why() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let refusal = |detail: &str| format!("<error type='modify'>{detail}</error>");
    for (error, code) in [
        (
            refusal(
                "<not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
                 <file-too-large xmlns='urn:xmpp:http:upload:0'>\
                 <max-file-size>3</max-file-size></file-too-large>",
            ),
            ErrorCode::FileTooLarge,
        ),
        (
            refusal("<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"),
            ErrorCode::FileQuota,
        ),
        (
            refusal("<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"),
            ErrorCode::NotAllowed,
        ),
    ] {
        let id = client.send_file("a", b"hello", "").await;
        offer(&mut peer, 1000).await;
        let asked = asked_for_slot(&mut peer).await;
        refuse(&mut peer, &asked, &error).await;
        wait_failed(&client, id, code).await;
    }
    // What is too large is not even asked for.
    let id = client.send_file("a", b"hello", "").await;
    offer(&mut peer, 4).await;
    wait_failed(&client, id, ErrorCode::FileTooLarge).await;
    // An address in clear is none.
    let id = client.send_file("a", b"hello", "").await;
    offer(&mut peer, 1000).await;
    let asked = asked_for_slot(&mut peer).await;
    let slot = "<slot xmlns='urn:xmpp:http:upload:0'><put url='http://127.0.0.1/x'/>\
                <get url='https://127.0.0.1/x'/></slot>";
    reply(&mut peer, &asked, slot).await;
    wait_failed(&client, id, ErrorCode::FileAddressRefused).await;
    // And without a service there is nothing to be asked.
    let id = client.send_file("a", b"hello", "").await;
    for _ in 0..2 {
        let asked = peer.next().await.unwrap();
        reply(&mut peer, &asked, "").await;
    }
    wait_failed(&client, id, ErrorCode::FilesNotOffered).await;
}

#[tokio::test]
async fn paused_is_not_waited_for_and_cancelled_is_gone() {
    let server = Server::start();
    let (mut client, mut peer) = Client::start(&server).await;
    let id = client.send_file("a", &[3; 400_000], "").await;
    offer(&mut peer, 1_000_000).await;
    give_slot(&mut peer, &server, "1").await;
    let mut put = Web::accept(&server).await;
    put.read(10).await;
    client.send("behind").await;
    let (account, message) = (client.account.clone(), id);
    client.files(FileRequest::Pause { account, message }).await;
    assert!(put.breaks_off().await);
    assert_eq!(body(&peer.text().await), "behind");
    assert_eq!(client.attachment(id).await.state, FileState::Paused);
    assert_eq!(client.transfers().await[0].state, TransferState::Paused);

    let account = client.account.clone();
    client.files(FileRequest::Resume { account, message }).await;
    give_slot(&mut peer, &server, "2").await;
    let mut put = Web::accept(&server).await;
    put.read(10).await;
    let account = client.account.clone();
    client.files(FileRequest::Cancel { account, message }).await;
    assert!(put.breaks_off().await);
    assert_eq!(client.texts().await, ["behind"]);
    assert!(client.transfers().await.is_empty());
    let account = client.account.clone();
    let gone = Request::Files(FileRequest::Cancel { account, message });
    let refused = client.engine.handle(gone).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotFound);
    // No byte of it is left behind.
    client.restart().await;
    drop(peer);
    server.session().await;
    let folder = client.folder.path().join("accounts");
    let folder = folder.join(&client.account).join("cache.db-files");
    client
        .until("no files", async || {
            std::fs::read_dir(&folder).unwrap().count() == 0
        })
        .await;
}

#[tokio::test]
async fn a_file_by_its_path_is_what_it_was_or_nothing() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let path = client.folder.path().join("大文件.bin");
    let source = || FileSource::Path {
        path: path.display().to_string(),
    };
    let send = async || match client.files(client.file_from(source(), None, "")).await {
        Response::Message(id) => id,
        other => panic!("{other:?}"),
    };
    let refused = async || {
        let request = client.file_from(source(), None, "");
        let refused = client.engine.handle(Request::Files(request)).await;
        refused.unwrap_err().code
    };
    assert_eq!(refused().await, ErrorCode::FileNotReadable);
    std::fs::write(&path, b"").unwrap();
    assert_eq!(refused().await, ErrorCode::FileEmpty);
    // Small: a copy goes, whatever becomes of the original.
    std::fs::write(&path, b"hello").unwrap();
    send().await;
    std::fs::write(&path, b"other").unwrap();
    offer(&mut peer, 1 << 30).await;
    let asked = give_slot(&mut peer, &server, "1").await;
    assert_eq!(asked.attr("filename"), Some("大文件.bin"));
    let mut put = Web::accept(&server).await;
    assert_eq!(put.body().await, b"hello");
    put.answer(CREATED, b"").await;
    peer.text().await;

    // Large: it is read when it is its turn.
    let large = vec![9; 17 * 1024 * 1024];
    std::fs::write(&path, &large).unwrap();
    let id = send().await;
    give_slot(&mut peer, &server, "2").await;
    let mut put = Web::accept(&server).await;
    assert!(within("all of it", put.body()).await == large);
    put.answer(CREATED, b"").await;
    assert_eq!(oob(&peer.text().await), url(&server, "2"));
    peer.acknowledge().await;
    client.wait_state(id, DeliveryState::Sent).await;

    // One that changes on its way never arrives whole.
    let id = send().await;
    give_slot(&mut peer, &server, "3").await;
    let mut put = Web::accept(&server).await;
    put.read(1000).await;
    std::fs::File::options()
        .append(true)
        .open(&path)
        .and_then(|file| file.set_len(18 * 1024 * 1024))
        .unwrap();
    assert!(put.breaks_off().await);
    wait_failed(&client, id, ErrorCode::FileChanged).await;
    std::fs::remove_file(&path).unwrap();
    let (account, message) = (client.account.clone(), id);
    client.ask(Request::RetryMessage { account, message }).await;
    wait_failed(&client, id, ErrorCode::FileNotReadable).await;
    assert_eq!(client.attachment(id).await.state, FileState::Uploading);
    assert!(client.conversation().await.unwrap().id == BOB);
}

#[tokio::test]
async fn a_file_in_parts_is_sent_as_one() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let mut staged = client.engine.stage_file(&client.account).await.unwrap();
    staged.write(b"hel".to_vec()).await.unwrap();
    staged.write(b"lo".to_vec()).await.unwrap();
    let id = staged.finish().await.unwrap();
    let request = client.file_from(FileSource::Staged { id }, Some("a.txt"), "");
    client.files(request.clone()).await;
    let again = client.engine.handle(Request::Files(request)).await;
    assert_eq!(again.unwrap_err().code, ErrorCode::NotFound);
    offer(&mut peer, 1000).await;
    let asked = give_slot(&mut peer, &server, "1").await;
    assert_eq!(asked.attr("content-type"), Some("text/plain"));
    let mut put = Web::accept(&server).await;
    assert_eq!(put.body().await, b"hello");
    put.answer(CREATED, b"").await;
    peer.text().await;
}

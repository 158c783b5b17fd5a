//! Who gets a slot, and who does not.

use startalk_server_lite::FileTypes;
use xmpp_core::ns;

use super::{HELLO, ask, on_disk, put, slot, upload};
use crate::client::{Client, error_of, value};
use crate::server::Server;
use crate::web::{get, request};

#[tokio::test]
async fn clients_find_the_service_and_its_limit() {
    let server = Server::with(|config| config.files.max_file_bytes = 12_345).await;
    server.accounts(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let items = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
    let items = rosa.get("team.internal", items).await.unwrap();
    assert!(
        items
            .children()
            .any(|item| item.attr("jid") == Some("upload.team.internal"))
    );
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    for place in ["upload.team.internal", "team.internal"] {
        let info = rosa.get(place, info).await.unwrap();
        let has = |var| {
            info.children()
                .any(|feature| feature.attr("var") == Some(var))
        };
        assert!(has(ns::HTTP_UPLOAD) && has("http://jabber.org/protocol/disco#info"));
        let form = info.children().find(|child| {
            child.is("x", ns::DATA_FORMS)
                && child
                    .children()
                    .any(|field| value(field) == ns::HTTP_UPLOAD)
        });
        let max = form
            .unwrap()
            .children()
            .find(|field| field.attr("var") == Some("max-file-size"));
        assert_eq!(value(max.unwrap()), "12345");
        let identity = info.get_child("identity", ns::DISCO_INFO).unwrap();
        if place.starts_with("upload") {
            let said = (identity.attr("category"), identity.attr("type"));
            assert_eq!(said, (Some("store"), Some("file")));
            assert!(!has(ns::VERSION));
        }
    }
    for (to, payload, condition) in [
        (
            "upload.team.internal",
            "<ping xmlns='urn:xmpp:ping'/>",
            "service-unavailable",
        ),
        ("upload.team.internal/x", info, "service-unavailable"),
        ("rosa@upload.team.internal", info, "service-unavailable"),
        ("uploadteam.internal", info, "remote-server-not-found"),
        ("xupload.team.internal", info, "remote-server-not-found"),
        ("push.team.internal", info, "remote-server-not-found"),
    ] {
        assert_eq!(rosa.get(to, payload).await.unwrap_err(), condition, "{to}");
    }
    let to_self = format!(
        "<request xmlns='{}' filename='a' size='1'/>",
        ns::HTTP_UPLOAD
    );
    assert_eq!(
        rosa.get("", &to_self).await.unwrap_err(),
        "service-unavailable"
    );
    assert!(rosa.get("team.internal", &to_self).await.is_ok());
    assert_eq!(
        rosa.set("team.internal", &to_self).await.unwrap_err(),
        "bad-request"
    );
}

#[tokio::test]
async fn a_server_without_files_does_not_speak_of_them() {
    let server = Server::with(|config| config.files.enabled = false).await;
    server.accounts(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let items = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
    let items = rosa.get("team.internal", items).await.unwrap();
    let upload = Some("upload.team.internal");
    assert!(items.children().all(|item| item.attr("jid") != upload));
    let answer = ask(&mut rosa, "filename='a' size='1'", "").await;
    assert_eq!(error_of(&answer), "cancel remote-server-not-found");
    assert_eq!(put(&server, "/files/x/a", b"a").await, 404);
}

#[tokio::test]
async fn wishes_that_are_refused() {
    let server = Server::with(|config| {
        config.files.max_file_bytes = 1000;
        config.files.account_bytes = 20_000;
        config.files.types = FileTypes::Block(vec![".exe".to_owned(), "text/html".to_owned()]);
    })
    .await;
    server.accounts(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    for (attributes, expected) in [
        ("size='5'", "modify bad-request"),
        ("filename='' size='5'", "modify bad-request"),
        ("filename='..' size='5'", "modify bad-request"),
        ("filename='a'", "modify bad-request"),
        ("filename='a' size='0'", "modify bad-request"),
        ("filename='a' size='-5'", "modify bad-request"),
        ("filename='a' size='five'", "modify bad-request"),
        (
            "filename='a' size='99999999999999999999'",
            "modify bad-request",
        ),
        (
            "filename='a' size='5' content-type='text'",
            "modify bad-request",
        ),
        (
            "filename='a' size='5' content-type='text/plain&#13;&#10;x: y'",
            "modify bad-request",
        ),
        ("filename='a' size='1001'", "modify not-acceptable"),
        ("filename='a.EXE' size='5'", "modify not-acceptable"),
        (
            "filename='a' size='5' content-type='Text/HTML'",
            "modify not-acceptable",
        ),
    ] {
        let answer = ask(&mut rosa, attributes, "").await;
        assert_eq!(error_of(&answer), expected, "{attributes}");
        let error = answer.get_child("error", ns::CLIENT).unwrap();
        let detail = error.get_child("file-too-large", ns::HTTP_UPLOAD);
        let max = detail.map(|detail| detail.children().next().unwrap().text());
        let expected = attributes.contains("1001").then(|| "1000".to_owned());
        assert_eq!(max, expected, "{attributes}");
    }
    // Small files count as a block each, uploaded or not; so five are too many.
    for _ in 0..2 {
        upload(&server, &mut rosa, "a", "", b"hello").await;
        slot(&mut rosa, "a", 5, "").await;
    }
    let answer = ask(&mut rosa, "filename='a' size='5'", "").await;
    assert_eq!(error_of(&answer), "wait resource-constraint");
    // Others have their own room, also for the same bytes, which are there once.
    let mut bob = Client::online(&server, "bob", "desk").await;
    upload(&server, &mut bob, "b", "", b"hello").await;
    assert_eq!(on_disk(&server), [HELLO]);
}

#[tokio::test]
async fn the_room_of_the_server_is_for_all() {
    let server = Server::with(|config| config.files.total_bytes = 11_000).await;
    server.accounts(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    upload(&server, &mut rosa, "a", "", &[1; 6000]).await;
    let answer = ask(&mut bob, "filename='b' size='6000'", "").await;
    assert_eq!(error_of(&answer), "wait resource-constraint");
    slot(&mut bob, "b", 4000, "").await;
}

#[tokio::test]
async fn slots_that_expire_or_were_never_made_take_nothing() {
    let server = Server::with(|config| config.files.slot_seconds = 0).await;
    server.accounts(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let path = slot(&mut rosa, "a", 5, "").await;
    assert_eq!(put(&server, &path, b"hello").await, 404);
    for path in [
        "/files/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/a",
        "/files//a",
        "/files/../server.db",
        "/files/%2e%2e/server.db",
        "/files/..%2f..%2fserver.db/x",
        "/files/2c/f24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "/files/unfinished/x",
        "/files/%00/%00",
        "/files/%ff/%ff",
        "/files/a/b/c",
        "/files",
    ] {
        let status = put(&server, path, b"hello").await;
        assert!(matches!(status, 400 | 404), "PUT {path}: {status}");
        let got = get(&server, path).await;
        assert!(matches!(got.status(), 400 | 404), "GET {path}: {got:?}");
    }
    assert!(on_disk(&server).is_empty());
    for method in ["POST", "DELETE", "PATCH"] {
        let refused = request(&server, method, &path, &[], b"").await;
        assert_eq!(refused.status(), 405, "{method}");
    }
}

//! Files (XEP-0363): slots, uploads, downloads, quotas, and what is left on the
//! disk.

use std::path::PathBuf;

use startalk_server_lite::{Config, FileTypes, admin::Admin};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use xmpp_core::{Element, ns};

use crate::client::{Client, error_of, value, within};
use crate::server::{self, Server};
use crate::web::{Http, connect, get, raw, request};

/// The answer to a wish for a slot.
async fn ask(client: &mut Client, attributes: &str, inside: &str) -> Element {
    let iq = format!(
        "<iq type='get' id='slot' to='upload.team.internal'><request xmlns='{}' {attributes}>{inside}</request></iq>",
        ns::HTTP_UPLOAD
    );
    client.ask(&iq).await.1
}

/// The path of a new slot.
async fn slot(client: &mut Client, name: &str, size: usize, kind: &str) -> String {
    let kind = match kind {
        "" => String::new(),
        kind => format!("content-type='{kind}'"),
    };
    let answer = ask(
        client,
        &format!("filename='{name}' size='{size}' {kind}"),
        "",
    )
    .await;
    path(&answer)
}

fn path(answer: &Element) -> String {
    let slot = answer.get_child("slot", ns::HTTP_UPLOAD);
    let slot = slot.unwrap_or_else(|| panic!("{answer:?}"));
    let url = |name| {
        slot.get_child(name, ns::HTTP_UPLOAD)
            .unwrap()
            .attr("url")
            .unwrap()
    };
    let (put, get) = (url("put"), url("get"));
    assert_eq!(put, get);
    let (host, path) = put
        .strip_prefix("https://")
        .unwrap()
        .split_once('/')
        .unwrap();
    assert!(host.starts_with("127.0.0.1:"), "{host}");
    format!("/{path}")
}

async fn put(server: &Server, path: &str, body: &[u8]) -> u16 {
    request(server, "PUT", path, &[], body).await.status()
}

/// A slot that is filled at once.
async fn upload(
    server: &Server,
    client: &mut Client,
    name: &str,
    kind: &str,
    body: &[u8],
) -> String {
    let path = slot(client, name, body.len(), kind).await;
    assert_eq!(put(server, &path, body).await, 201);
    path
}

/// Everything in the folder of files, by name; folders without files not.
fn on_disk(server: &Server) -> Vec<String> {
    let folder = server.data().join("files");
    let mut found = Vec::new();
    for group in std::fs::read_dir(&folder).unwrap() {
        for file in std::fs::read_dir(group.unwrap().path()).unwrap() {
            let path: PathBuf = file.unwrap().path();
            let path = path.strip_prefix(&folder).unwrap();
            found.push(path.display().to_string());
        }
    }
    found.sort();
    found
}

/// Of `hello`.
const HELLO: &str = "2c/f24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

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
    assert_eq!(items.children().count(), 1);
    let answer = ask(&mut rosa, "filename='a' size='1'", "").await;
    assert_eq!(error_of(&answer), "cancel remote-server-not-found");
    assert_eq!(put(&server, "/files/x/a", b"a").await, 404);
}

#[tokio::test]
async fn a_file_goes_up_once_and_comes_down_as_it_was() {
    let server = Server::of(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let path = slot(&mut rosa, "très cool 报告.txt", 5, "text/plain").await;
    assert!(
        path.ends_with("/tr%C3%A8s%20cool%20%E6%8A%A5%E5%91%8A.txt"),
        "{path}"
    );
    let token = path.split('/').nth(2).unwrap();
    assert!(token.len() >= 26, "128 bits take 26 letters: {token}");
    assert_eq!(get(&server, &path).await.status(), 404, "not there yet");
    assert_eq!(put(&server, &path, b"hello").await, 201);
    assert_eq!(
        put(&server, &path, b"other").await,
        409,
        "a slot is for one file"
    );

    let got = get(&server, &path).await;
    assert_eq!((got.status(), got.text().as_str()), (200, "hello"));
    for (name, value) in [
        ("content-length", "5"),
        ("content-type", "text/plain; charset=utf-8"),
        (
            "content-disposition",
            "inline; filename=\"tr_s cool __.txt\"; \
             filename*=UTF-8''tr%C3%A8s%20cool%20%E6%8A%A5%E5%91%8A.txt",
        ),
        ("x-content-type-options", "nosniff"),
        (
            "content-security-policy",
            "default-src 'none'; sandbox; frame-ancestors 'none'",
        ),
        ("access-control-allow-origin", "*"),
        ("accept-ranges", "bytes"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    let head = request(&server, "HEAD", &path, &[], b"").await;
    assert_eq!((head.status(), head.body.len()), (200, 0));
    for name in [
        "content-length",
        "etag",
        "content-type",
        "content-disposition",
    ] {
        assert_eq!(head.header(name), got.header(name));
    }
    // The name in the link is for people only; the stored one counts.
    let renamed = get(&server, &format!("/files/{token}/setup.exe")).await;
    assert_eq!(
        renamed.header("content-disposition"),
        got.header("content-disposition")
    );
    assert_eq!(on_disk(&server), [HELLO]);
}

#[tokio::test]
async fn parts_and_what_is_known_already() {
    let server = Server::of(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    // More than one piece.
    let bytes: Vec<u8> = (0..300_000u32).map(|n| n.to_le_bytes()[0]).collect();
    let path = upload(&server, &mut rosa, "a.bin", "", &bytes).await;
    let ask = async |headers: &[&str]| request(&server, "GET", &path, headers, b"").await;
    let whole = ask(&[]).await;
    assert!(whole.body == bytes);
    assert_eq!(whole.header("content-type"), "application/octet-stream");
    assert!(
        whole
            .header("content-disposition")
            .starts_with("attachment;")
    );
    let etag = whole.header("etag");
    for (range, first, last) in [
        ("bytes=0-99", 0, 99),
        ("bytes=100000-250000", 100_000, 250_000),
        ("bytes=299999-", 299_999, 299_999),
        ("bytes=-10", 299_990, 299_999),
    ] {
        let got = ask(&[&format!("range: {range}")]).await;
        assert_eq!(got.status(), 206, "{range}");
        assert!(got.body == bytes[first..=last], "{range}");
        assert_eq!(
            got.header("content-range"),
            format!("bytes {first}-{last}/300000")
        );
    }
    let beyond = ask(&["range: bytes=300000-"]).await;
    assert_eq!((beyond.status(), beyond.body.len()), (416, 0));
    assert_eq!(beyond.header("content-range"), "bytes */300000");
    assert_eq!(ask(&["range: bytes=0-1,5-6"]).await.status(), 200);
    let known = ask(&[&format!("if-none-match: \"x\", {etag}")]).await;
    assert_eq!((known.status(), known.body.len()), (304, 0));
    assert_eq!(known.header("etag"), etag);
    assert_eq!(ask(&["if-none-match: \"x\""]).await.status(), 200);
    let same = ask(&["range: bytes=0-1", &format!("if-range: {etag}")]).await;
    assert_eq!(same.status(), 206);
    let other = ask(&["range: bytes=0-1", "if-range: \"x\""]).await;
    assert_eq!((other.status(), other.body.len()), (200, 300_000));
}

#[tokio::test]
async fn what_does_not_fit_the_slot_leaves_nothing() {
    let server = Server::of(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let path = slot(&mut rosa, "a.png", 5, "image/png").await;
    for body in [&b""[..], b"hell", b"hello!"] {
        assert_eq!(put(&server, &path, body).await, 400);
    }
    let head = format!("PUT {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n");
    for chunks in [
        "4\r\nhell\r\n0\r\n\r\n",
        "4\r\nhell\r\n4\r\no, y\r\n0\r\n\r\n",
    ] {
        assert_eq!(
            raw(&server, &chunked, chunks.as_bytes()).await.status(),
            400
        );
    }
    let html = request(
        &server,
        "PUT",
        &path,
        &["content-type: text/html"],
        b"hello",
    )
    .await;
    assert_eq!(html.status(), 400);
    // Cut off in the middle.
    let mut io = connect(&server).await;
    let half = format!("{head}content-length: 5\r\n\r\nhel");
    io.write_all(half.as_bytes()).await.unwrap();
    io.shutdown().await.unwrap();
    let mut rest = Vec::new();
    drop(within("the end", io.read_to_end(&mut rest)).await);
    assert!(!String::from_utf8_lossy(&rest).contains(" 201 "));
    assert!(on_disk(&server).is_empty(), "{:?}", on_disk(&server));
    assert_eq!(get(&server, &path).await.status(), 404);
    // The slot is still there for the file that it was made for.
    let chunks = b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
    assert_eq!(raw(&server, &chunked, chunks).await.status(), 201);
    assert_eq!(get(&server, &path).await.text(), "hello");
    assert_eq!(on_disk(&server), [HELLO]);
}

#[tokio::test]
async fn one_upload_at_a_time_has_a_slot() {
    let server = Server::of(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let path = slot(&mut rosa, "a", 5, "").await;
    let mut first = connect(&server).await;
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5\r\nconnection: close\r\n\r\n"
    );
    first.write_all(head.as_bytes()).await.unwrap();
    // The server says this when it begins to read.
    let mut goes_on = vec![0; 25];
    within("100", first.read_exact(&mut goes_on)).await.unwrap();
    assert_eq!(goes_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(put(&server, &path, b"hello").await, 409);
    first.write_all(b"hello").await.unwrap();
    let mut answer = Vec::new();
    within("an answer", first.read_to_end(&mut answer))
        .await
        .unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 201 "));
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
async fn nothing_that_was_uploaded_runs_in_a_browser() {
    let server = Server::of(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let script = b"<script>alert(1)</script>";
    for (name, kind, shown) in [
        ("a.html", "text/html", "attachment"),
        ("a.svg", "image/svg+xml", "attachment"),
        ("a.xhtml", "application/xhtml+xml", "attachment"),
        ("a.js", "text/javascript", "attachment"),
        ("a.pdf", "application/pdf", "attachment"),
        ("a.txt", "text/plain", "inline"),
        ("a.png", "image/png", "inline"),
    ] {
        let path = upload(&server, &mut rosa, name, kind, script).await;
        let got = get(&server, &path).await;
        assert!(
            got.header("content-security-policy").contains("sandbox"),
            "{name}"
        );
        assert_eq!(got.header("x-content-type-options"), "nosniff");
        assert!(got.header("content-type").starts_with(kind));
        assert!(
            got.header("content-disposition").starts_with(shown),
            "{name}"
        );
    }
    // A name cannot end the header that it stands in.
    let name = "a&#13;&#10;set-cookie: x=&quot;;y.txt";
    let path = upload(&server, &mut rosa, name, "text/plain", script).await;
    let got = get(&server, &path).await;
    assert_eq!(got.header("set-cookie"), "");
    assert_eq!(
        got.header("content-disposition"),
        "inline; filename=\"aset-cookie: x=_;y.txt\"; \
         filename*=UTF-8''aset-cookie%3A%20x%3D%22%3By.txt"
    );
}

#[tokio::test]
async fn web_clients_of_other_hosts_may_use_it() {
    let server = Server::of(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let path = slot(&mut rosa, "a", 5, "").await;
    let asked = [
        "origin: https://web.example",
        "access-control-request-method: PUT",
    ];
    let may: Http = request(&server, "OPTIONS", &path, &asked, b"").await;
    assert_eq!(may.status(), 204);
    assert_eq!(may.header("access-control-allow-origin"), "*");
    assert!(may.header("access-control-allow-methods").contains("PUT"));
    assert!(
        may.header("access-control-allow-headers")
            .contains("Content-Type")
    );
    for body in [&b"hell"[..], b"hello"] {
        let put = request(&server, "PUT", &path, &[asked[0]], body).await;
        assert_eq!(put.header("access-control-allow-origin"), "*", "{put:?}");
    }
}

async fn restart_with(server: &mut Server, change: impl FnOnce(&mut Config)) {
    server.stop().await;
    let mut config = server::config(server.data());
    change(&mut config);
    server.start_as(config).await;
}

#[tokio::test]
async fn files_outlive_the_server_and_go_with_their_owners() {
    let mut server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let shared = upload(&server, &mut rosa, "a", "", b"hello").await;
    let same = upload(&server, &mut bob, "b", "", b"hello").await;
    let own = upload(&server, &mut rosa, "c", "", b"only rosa's").await;
    assert_eq!(on_disk(&server).len(), 2);
    // What a crash may leave, and a stranger's file.
    let folder = server.data().join("files");
    std::fs::write(folder.join("unfinished/x"), "x").unwrap();
    std::fs::write(folder.join("2c").join("ab".repeat(31)), "x").unwrap();
    server.restart().await;
    assert_eq!(on_disk(&server).len(), 2);
    assert_eq!(get(&server, &shared).await.text(), "hello");
    let admin = Admin::open(&server.data()).unwrap();
    admin.remove_user("rosa").await.unwrap();
    admin.close().await;
    // The links end at once, the bytes when nobody has them any more.
    for (path, status) in [(&shared, 404), (&own, 404), (&same, 200)] {
        assert_eq!(get(&server, path).await.status(), status);
    }
    server.restart().await;
    // The sweep of the start runs before this is answered.
    let mut bob = Client::online(&server, "bob", "desk").await;
    slot(&mut bob, "a", 5, "").await;
    within("the sweep", async {
        while on_disk(&server) != [HELLO] {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(get(&server, &same).await.text(), "hello");
}

#[tokio::test]
async fn files_are_kept_as_long_as_configured() {
    let mut server = Server::with(|config| config.files.keep_days = Some(0)).await;
    server.accounts(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let path = slot(&mut rosa, "a", 5, "").await;
    assert_eq!(
        put(&server, &path, b"hello").await,
        404,
        "over before it began"
    );
    restart_with(&mut server, |config| config.files.keep_days = Some(30)).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let path = upload(&server, &mut rosa, "a", "", b"hello").await;
    assert_eq!(get(&server, &path).await.status(), 200);
    let purpose =
        |name: &str, rest: &str| format!("<{name} xmlns='{}' {rest}/>", ns::HTTP_UPLOAD_PURPOSE);
    let over = purpose("ephemeral", "expire-before='2020-01-01T00:00:00Z'");
    let path = self::path(&ask(&mut rosa, "filename='a' size='5'", &over).await);
    assert_eq!(put(&server, &path, b"hello").await, 404);
    let later = purpose("ephemeral", "expire-before='2999-01-01T00:00:00Z'");
    let path = self::path(&ask(&mut rosa, "filename='a' size='5'", &later).await);
    assert_eq!(put(&server, &path, b"hello").await, 201);
    let bad = ask(
        &mut rosa,
        "filename='a' size='5'",
        &purpose("ephemeral", ""),
    )
    .await;
    assert_eq!(error_of(&bad), "modify bad-request");
}

#[tokio::test]
async fn a_file_that_is_missing_is_an_error_and_can_be_sent_again() {
    let server = Server::of(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let path = upload(&server, &mut rosa, "a", "", b"hello").await;
    std::fs::remove_file(server.data().join("files").join(HELLO)).unwrap();
    assert_eq!(get(&server, &path).await.status(), 500);
    upload(&server, &mut rosa, "a", "", b"hello").await;
    assert_eq!(get(&server, &path).await.text(), "hello");
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_the_server_alone() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::of(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    upload(&server, &mut rosa, "a", "", b"hello").await;
    let mode = |path: &str| {
        let path = server.data().join("files").join(path);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode(""), mode("2c"), mode(HELLO)), (0o700, 0o700, 0o600));
}

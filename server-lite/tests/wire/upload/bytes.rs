//! The bytes on their way up and down, and what browsers are told of them.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{HELLO, on_disk, put, slot, upload};
use crate::client::{Client, within};
use crate::server::Server;
use crate::web::{Http, connect, get, raw, request};

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

//! The web side: discovery, pages, health and numbers.

use std::collections::HashMap;

use serde_json::Value;

use crate::client::Client;
use crate::server::Server;
use crate::web::{get, request};

#[tokio::test]
async fn where_the_server_is() {
    let server = Server::start().await;
    let xml = get(&server, "/.well-known/host-meta").await;
    assert_eq!(xml.status(), 200);
    assert_eq!(xml.header("access-control-allow-origin"), "*");
    assert_eq!(xml.header("content-type"), "application/xrd+xml");
    let link = "<Link rel='urn:xmpp:alt-connections:websocket' href='wss://team.example/ws'/>";
    assert!(xml.text().contains(link), "{}", xml.text());

    let json = get(&server, "/.well-known/host-meta.json").await;
    assert_eq!(json.header("access-control-allow-origin"), "*");
    let json: Value = serde_json::from_slice(&json.body).unwrap();
    assert_eq!(
        json["links"][0]["rel"],
        "urn:xmpp:alt-connections:websocket"
    );
    assert_eq!(json["links"][0]["href"], "wss://team.example/ws");
    assert_eq!(json["links"][1]["rel"], "urn:xmpp:alt-connections:tls");
    let port = server.handle().https_addr().port();
    assert_eq!(json["links"][1]["port"], port);
    assert_eq!(json["links"][1]["sni"], "team.internal");
    assert!(json["xmpp"]["public-key-pins-sha-256"][0].is_string());
}

#[tokio::test]
async fn behind_a_proxy_it_is_where_it_was_told() {
    let server = Server::with(|config| {
        config.public_url = Some("https://chat.example/".to_owned());
    })
    .await;
    let xml = get(&server, "/.well-known/host-meta").await.text();
    assert!(xml.contains("href='wss://chat.example/ws'"), "{xml}");
    server.accounts(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let slot = "<request xmlns='urn:xmpp:http:upload:0' filename='a' size='1'/>";
    let slot = rosa.get("upload.team.internal", slot).await.unwrap();
    let url = slot.children().next().unwrap().attr("url").unwrap();
    assert!(url.starts_with("https://chat.example/files/"), "{url}");
}

#[tokio::test]
async fn a_host_that_is_no_host_is_not_repeated() {
    let server = Server::start().await;
    let head =
        "GET /.well-known/host-meta HTTP/1.1\r\nhost: a'/><x b='\r\nconnection: close\r\n\r\n";
    let answer = crate::web::raw(&server, head, b"").await;
    assert!(!answer.text().contains("<x"), "{}", answer.text());
}

#[tokio::test]
async fn pages_are_the_same_for_everybody_and_run_nothing_of_others() {
    let server = Server::start().await;
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/invite", "text/html; charset=utf-8"),
        ("/invite/", "text/html; charset=utf-8"),
        ("/invite.js", "text/javascript; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
    ] {
        let page = get(&server, path).await;
        assert_eq!((page.status(), page.header("content-type")), (200, kind));
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
        assert!(!policy.contains("unsafe"));
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        // What the policy forbids is not there either.
        let text = page.text();
        for inline in [
            " style=", "<style", "onclick", "<script>", "http://", "https://",
        ] {
            assert!(!text.contains(inline), "{path} has {inline}");
        }
        let asked = get(&server, &format!("{path}?t=x")).await;
        assert_eq!(asked.text(), text);
    }
    let invite = get(&server, "/invite").await.text();
    assert!(invite.contains("您被邀请加入") && invite.contains("You are invited to"));
    for path in [
        "/nothing",
        "/invite/x",
        "/..",
        "/%2e%2e/server.db",
        "/server.db",
        "/data/server.db",
    ] {
        assert_eq!(get(&server, path).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn health_is_that_of_the_database() {
    let server = Server::start().await;
    let health = get(&server, "/health").await;
    assert_eq!((health.status(), health.text().as_str()), (200, "ok\n"));
    // Somebody holds the database for longer than a second.
    let path = server.data().join("server.db");
    let blocker = rusqlite::Connection::open(path).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let health = get(&server, "/health").await;
    assert_eq!(health.status(), 503);
    blocker.execute_batch("ROLLBACK").unwrap();
}

/// The numbers by name and labels.
pub(crate) async fn numbers(server: &Server) -> HashMap<String, u64> {
    let page = get(server, "/metrics").await;
    assert_eq!(page.status(), 200);
    assert_eq!(
        page.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = page.text();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            let name = name.strip_prefix("startalk_").unwrap();
            // Seconds have digits behind the point.
            (name.to_owned(), value.parse::<f64>().unwrap() as u64)
        })
        .collect()
}

#[tokio::test]
async fn numbers_say_what_happened() {
    let server = Server::of(&["rosa", "bob"]).await;
    let before = numbers(&server).await;
    assert_eq!(
        (before["sessions"], before["messages_stored_total"]),
        (0, 0)
    );
    let mut stranger = Client::direct(&server).await;
    stranger.open().await;
    stranger.auth("PLAIN", "AHJvc2EAd3Jvbmc=").await;
    stranger.element().await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    rosa.send("<message to='bob@team.internal' type='chat'><body>x</body></message>")
        .await;
    bob.text("x").await;
    rosa.sync().await;
    let after = numbers(&server).await;
    for (name, expected) in [
        ("sessions", 2),
        ("sessions_detached", 0),
        ("people_online", 2),
        ("session_queue_stanzas", 0),
        ("sign_ins_total", 2),
        ("sign_ins_failed_total", 1),
        ("messages_stored_total", 2),
        ("commits_failed_total", 0),
        ("uploads_total", 0),
    ] {
        assert_eq!(after[name], expected, "{name}");
    }
    assert!(after["stanzas_received_total{kind=\"message\"}"] >= 1);
    assert!(after["stanzas_sent_total{kind=\"message\"}"] >= 1);
    assert!(after["stanzas_received_total{kind=\"presence\"}"] >= 2);
    assert!(after["commit_jobs_count"] > before["commit_jobs_count"]);
    assert_eq!(
        after["commit_jobs_bucket{le=\"+Inf\"}"],
        after["commit_jobs_count"]
    );
    assert!(after["commit_jobs_sum"] >= after["commit_jobs_count"]);
    assert!(after["database_bytes"] > 10_000);
}

#[tokio::test]
async fn numbers_are_not_for_who_comes_through_a_proxy() {
    let server = Server::start().await;
    for header in [
        "x-forwarded-for: 203.0.113.1",
        "forwarded: for=203.0.113.1",
        "via: 1.1 x",
    ] {
        let refused = request(&server, "GET", "/metrics", &[header], b"").await;
        assert_eq!(refused.status(), 404, "{header}");
    }
}

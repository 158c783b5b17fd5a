//! What the administrator's programs ask: whether the server works, and its
//! numbers in the text format of Prometheus.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Connection;
use crate::data_dir;
use crate::metrics::{BATCHES, Stanzas};
use crate::server::Server;
use crate::store::status;

/// How long the database may take to answer.
const HEALTHY: Duration = Duration::from_secs(1);

/// Works only if both ways into the database work.
pub(super) async fn health(State(connection): State<Connection>) -> Response {
    let store = &connection.server.store;
    let asked = async { tokio::join!(store.read(status::answers), store.write(|_| Ok(()))) };
    let no_cache = [(header::CACHE_CONTROL, "no-store")];
    match tokio::time::timeout(HEALTHY, asked).await {
        Ok((Ok(()), Ok(()))) => (no_cache, "ok\n").into_response(),
        _ => {
            let text = "the database does not answer\n";
            (StatusCode::SERVICE_UNAVAILABLE, no_cache, text).into_response()
        }
    }
}

pub(super) async fn metrics(State(connection): State<Connection>, headers: HeaderMap) -> Response {
    let server = &connection.server;
    if !may_read(connection.peer, &server.config.metrics_from, &headers) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let stored = server
        .store
        .read(status::messages_stored)
        .await
        .unwrap_or(0);
    let path = data_dir::database(&server.config.data_dir);
    let mut log = path.clone().into_os_string();
    log.push("-wal");
    let mut bytes = 0;
    for path in [path.as_os_str(), log.as_os_str()] {
        bytes += tokio::fs::metadata(path).await.map_or(0, |file| file.len());
    }
    let text = text(server, stored, bytes);
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// This machine and who is named; but not who comes through a proxy on it.
fn may_read(peer: IpAddr, named: &[IpAddr], headers: &HeaderMap) -> bool {
    let peer = peer.to_canonical();
    let passed_on = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    let direct = !passed_on.iter().any(|name| headers.contains_key(*name));
    direct && (peer.is_loopback() || named.iter().any(|one| one.to_canonical() == peer))
}

fn text(server: &Server, stored: u64, database_bytes: u64) -> String {
    let metrics = &server.metrics;
    let load = server.router.load();
    let mut page = Page::default();
    page.gauge("sessions", "Bound sessions.", load.sessions);
    page.gauge(
        "sessions_detached",
        "Sessions whose connection is lost.",
        load.detached,
    );
    page.gauge("people_online", "People with a session.", load.people);
    page.gauge(
        "session_queue_stanzas",
        "Stanzas that wait for a session to take them.",
        load.queued,
    );
    page.gauge(
        "store_queue_jobs",
        "Jobs that wait for the writer.",
        server.store.waiting() as u64,
    );
    page.stanzas("received", "Stanzas of clients.", &metrics.received);
    page.stanzas("sent", "Stanzas to clients.", &metrics.sent);
    page.counter(
        "messages_stored_total",
        "Rows that the archive ever had: one for each end of a message.",
        stored,
    );
    page.counter("sign_ins_total", "Sign-ins.", metrics.sign_ins.get());
    page.counter(
        "sign_ins_failed_total",
        "Sign-ins with a wrong name or password.",
        metrics.sign_ins_failed.get(),
    );
    page.commits(server);
    page.counter("uploads_total", "Files uploaded.", metrics.uploads.get());
    page.counter(
        "upload_bytes_total",
        "Bytes uploaded.",
        metrics.upload_bytes.get(),
    );
    page.counter("downloads_total", "Downloads.", metrics.downloads.get());
    page.counter(
        "download_bytes_total",
        "Bytes downloaded.",
        metrics.download_bytes.get(),
    );
    page.counter("pushes_total", "Notifications sent.", metrics.pushes.get());
    page.counter(
        "pushes_failed_total",
        "Notifications that were given up.",
        metrics.pushes_failed.get(),
    );
    page.gauge("database_bytes", "Size of the database.", database_bytes);
    page.gauge(
        "uptime_seconds",
        "Since the start.",
        metrics.started.elapsed().as_secs(),
    );
    page.0
}

/// Lines of the text format.
#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.0.push_str(&format!("# HELP startalk_{name} {help}\n"));
        self.0.push_str(&format!("# TYPE startalk_{name} {kind}\n"));
    }

    fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        self.0.push_str(&format!("startalk_{name} {value}\n"));
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "gauge", help);
        self.line(name, value);
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "counter", help);
        self.line(name, value);
    }

    fn stanzas(&mut self, way: &str, help: &str, stanzas: &Stanzas) {
        let name = format!("stanzas_{way}_total");
        self.head(&name, "counter", help);
        for (kind, counter) in [
            ("message", &stanzas.messages),
            ("presence", &stanzas.presences),
            ("iq", &stanzas.requests),
        ] {
            self.line(&format!("{name}{{kind=\"{kind}\"}}"), counter.get());
        }
    }

    fn commits(&mut self, server: &Server) {
        let commits = &server.metrics.commits;
        let name = "commit_jobs";
        self.head(name, "histogram", "Jobs that shared a transaction.");
        let mut below = 0;
        let ends = BATCHES.iter().map(u64::to_string);
        let ends = ends.chain(["+Inf".to_owned()]);
        for (class, end) in commits.classes.iter().zip(ends) {
            below += class.get();
            self.line(&format!("{name}_bucket{{le=\"{end}\"}}"), below);
        }
        self.line(&format!("{name}_sum"), commits.jobs.get());
        self.line(&format!("{name}_count"), below);
        let micros = commits.micros.get();
        self.head("commit_seconds_total", "counter", "Time in transactions.");
        let seconds = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        self.line("commit_seconds_total", seconds);
        self.counter(
            "commits_failed_total",
            "Transactions that failed.",
            commits.failed.get(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_for_this_machine_and_who_is_named() {
        let none = HeaderMap::new();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let named = [address("10.0.0.1")];
        for (peer, allowed) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("::ffff:10.0.0.1", true),
            ("10.0.0.1", true),
            ("10.0.0.2", false),
            ("192.168.1.1", false),
        ] {
            assert_eq!(may_read(address(peer), &named, &none), allowed, "{peer}");
        }
        let mut proxied = HeaderMap::new();
        proxied.insert("x-forwarded-for", "127.0.0.1".parse().unwrap());
        assert!(!may_read(address("127.0.0.1"), &named, &proxied));
    }
}

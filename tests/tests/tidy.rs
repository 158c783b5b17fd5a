//! Rules of the source that a reader could check: who may import whom, where
//! SQL may stand, how long a file may be.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};

/// Longest Rust file, in lines without its unit tests. Past that a file usually
/// holds two ideas.
const MAX_LINES: usize = 450;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Our Rust sources below a folder, with their text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let base = root();
    system_tests::search::files(&base.join(folder))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let name = path.strip_prefix(&base).unwrap().display().to_string();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// The code of a file without its tests and comments.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]").unwrap_or(text.len());
    text.get(..end)
        .unwrap()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn forbid(folder: &str, words: &[&str], except: &[&str]) {
    let found: Vec<String> = sources(folder)
        .into_iter()
        // A file of this name holds unit tests, as `mod tests` does.
        .filter(|(name, _)| !name.ends_with("/tests.rs"))
        .filter(|(name, _)| !except.iter().any(|allowed| name.contains(allowed)))
        .flat_map(|(name, text)| {
            let code = code(&text);
            words
                .iter()
                .filter(|word| code.contains(**word))
                .map(|word| format!("{name}: {word}"))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn arrows_point_down() {
    forbid(
        "xmpp-core/src",
        &[
            "tokio",
            "rusqlite",
            "SystemTime",
            "Instant::now",
            "std::net",
        ],
        &[],
    );
    forbid(
        "navigation/src",
        &["tokio", "reqwest", " engine::", "server_lite", "tauri"],
        &[],
    );
    forbid("navigation/src", &["Timestamp::now"], &["bin/"]);
    forbid("engine/src", &["server_lite", "tauri::"], &[]);
    // The judge of the engine shares no server with anybody, and every run is
    // the same: no sockets, no clock, no chance.
    forbid(
        "tests/simulator/src",
        &["server_lite", "tokio::net", "SystemTime", "getrandom"],
        &[],
    );
    forbid(
        "server-lite/src",
        &["startalk_engine", "engine::api", "tauri::"],
        &[],
    );
    forbid(
        "src-tauri/src",
        &["rusqlite", "minidom", "xmpp_core", "xmpp_parsers"],
        &[],
    );
}

#[test]
fn sql_stands_in_the_store() {
    let sql = [
        "SELECT ",
        "INSERT INTO",
        "UPDATE accounts",
        "DELETE FROM",
        "CREATE TABLE",
    ];
    forbid("engine/src", &sql, &["src/store"]);
    forbid("server-lite/src", &sql, &["src/store"]);
}

#[test]
fn one_place_reads_the_clock() {
    forbid(
        "engine/src",
        &["Timestamp::now", "SystemTime::now"],
        &["clock.rs"],
    );
    forbid(
        "server-lite/src",
        &["Timestamp::now", "SystemTime::now"],
        &["clock.rs"],
    );
}

#[test]
fn files_hold_one_idea() {
    let folders = [
        "xmpp-core",
        "navigation",
        "engine",
        "server-lite",
        "src-tauri",
        "tests",
        "xtask",
    ];
    let long: Vec<String> = folders
        .iter()
        .flat_map(|folder| sources(folder))
        .map(|(name, text)| {
            let end = text.find("#[cfg(test)]").unwrap_or(text.len());
            let lines = text.get(..end).unwrap().lines().count();
            (name, lines)
        })
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(name, lines)| format!("{name}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn every_document_that_is_named_is_there() {
    for document in [
        "README.md",
        "README.zh-CN.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
    ] {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            if !link.contains("://") {
                assert!(root().join(link).exists(), "{document}: {link}");
            }
        }
    }
}

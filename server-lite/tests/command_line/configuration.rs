//! The configuration file, what is stronger, and what cannot be started.

use crate::client::Place;
use crate::program::{Desk, run};

#[test]
fn the_file_of_the_folder_counts_and_flags_count_more() {
    let desk = Desk::new();
    desk.file(
        "data/config.toml",
        "team = \"销售部\"\ndomain = \"sales.internal\"\nhttp = \"127.0.0.1:0\"\n",
    );
    let data = desk.text("data");
    let server = desk.serve_with("data", &[]);
    // Desk says --domain and --tcp itself.
    assert_eq!(server.domain(), "team.internal");
    assert_ne!(server.said("tcp"), "-");
    server.stop();
    assert_eq!(desk.ok(&["status"], "data")["team"], "销售部");
    assert_eq!(desk.ok(&["status"], "data")["domain"], "team.internal");
    // Now the file asks for another domain than the folder has.
    let said = run(&["serve", "--data", &data], "");
    let sentence = said.err.lines().last().unwrap();
    assert_eq!(said.code, 2, "{said:?}");
    assert!(sentence.contains("team.internal") && sentence.contains("sales.internal"));
}

#[test]
fn another_file_can_be_named() {
    let desk = Desk::new();
    desk.file("data/config.toml", "this is not read");
    let file = desk.file("other.toml", "team = \"Other\"\n");
    desk.serve_with("data", &["--config", &file]).stop();
    assert_eq!(desk.ok(&["status"], "data")["team"], "Other");
}

#[test]
fn what_is_wrong_in_it_is_one_sentence_with_its_line() {
    let desk = Desk::new();
    let data = desk.text("data");
    for (text, words) in [
        ("\nregistraton = \"open\"\n", &["line 2", "registraton"][..]),
        ("[limits]\nsessions = 3\n", &["line 2", "sessions"]),
        ("http = \"everywhere\"\n", &["line 1", "everywhere"]),
        ("[limits]\nidle_seconds = 0\n", &["line 2", "idle_seconds"]),
        ("team = Team\n", &["line 1"]),
    ] {
        let file = desk.file("config.toml", text);
        let said = run(&["serve", "--data", &data, "--config", &file], "");
        let sentence = said.refused(2);
        for word in words {
            assert!(sentence.contains(word), "{text}: {sentence}");
        }
        assert!(!desk.path("data").exists(), "nothing was begun");
    }
    let said = run(&["serve", "--data", &data, "--config", "/nowhere.toml"], "");
    assert!(said.refused(2).contains("/nowhere.toml"));
}

#[test]
fn two_servers_do_not_share_a_folder_or_a_port() {
    let desk = Desk::new();
    let first = desk.serve("data");
    let (data, other) = (desk.text("data"), desk.text("other"));
    let said = run(&["serve", "--data", &data, "--http", "127.0.0.1:0"], "");
    let sentence = said.refused(5);
    assert!(
        sentence.contains("another server is running on"),
        "{sentence}"
    );
    let http = first.said("https");
    let said = run(&["serve", "--data", &other, "--http", http], "");
    assert!(said.refused(5).contains("in use"), "{said:?}");
    assert!(
        !desk.path("other").exists(),
        "a port in use makes no folder"
    );
    first.stop();
    // A stopped server leaves nothing that keeps the next one out.
    desk.serve("data").stop();
}

#[test]
fn a_killed_server_keeps_nobody_out() {
    let desk = Desk::new();
    let first = desk.serve("data");
    let status = desk.ok(&["status"], "data");
    assert_eq!(status["running"]["pid"], first.id());
    assert_eq!(status["running"]["http"], first.said("https"));
    // Whoever signs a navigation document takes it from here.
    assert_eq!(status["running"]["pin"], first.said("pin"));
    let shown = desk.run(&["status"], "data").out;
    let pin = format!("pin of its key: {}", first.said("pin"));
    assert!(shown.lines().any(|line| line == pin), "{shown}");
    first.signal("KILL");
    first.wait();
    assert_eq!(
        desk.ok(&["status"], "data")["running"],
        serde_json::Value::Null
    );
    desk.serve("data").stop();
}

#[test]
fn what_is_no_folder_is_told_once() {
    let desk = Desk::new();
    let data = desk.file("plain", "a file");
    let said = run(&["serve", "--data", &data, "--http", "127.0.0.1:0"], "");
    let sentence = said.refused(1);
    assert_eq!(sentence.matches("os error").count(), 1, "{sentence}");
    assert!(sentence.contains(&data), "{sentence}");
}

#[test]
fn a_bad_domain_is_wrong_usage() {
    let desk = Desk::new();
    let data = desk.text("data");
    let args = [
        "serve",
        "--data",
        &data,
        "--http",
        "127.0.0.1:0",
        "--domain",
        "a b",
    ];
    let said = run(&args, "");
    assert!(said.refused(2).contains("cannot be a domain"), "{said:?}");
}

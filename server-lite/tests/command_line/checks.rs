//! `check`, and what a damaged folder does to the other commands.

use serde_json::Value;

use crate::client::Client;
use crate::program::Desk;

/// The kinds of what is found; the exit code has to be that of damage.
fn found(desk: &Desk) -> Vec<String> {
    let said = desk.run(&["check", "--json"], "data");
    assert_eq!(said.code, 6, "{said:?}");
    let checked: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(checked["ok"], false);
    let problems = checked["problems"].as_array().unwrap();
    let kind = |problem: &Value| problem["kind"].as_str().unwrap().to_owned();
    problems.iter().map(kind).collect()
}

fn change(desk: &Desk, sql: &str) {
    let db = rusqlite::Connection::open(desk.path("data/server.db")).unwrap();
    db.execute_batch(sql).unwrap();
}

#[tokio::test]
async fn a_sound_folder_is_good_while_the_server_runs() {
    let desk = Desk::with(&["rosa", "bob"]);
    let server = desk.serve("data");
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    rosa.send("<message to='bob@team.internal' type='chat'><body>hi</body></message>")
        .await;
    rosa.sync().await;
    let checked = desk.ok(&["check"], "data");
    assert_eq!(checked["ok"], true);
    assert_eq!(checked["accounts"], 2);
    assert_eq!(checked["messages"], 2);
    server.stop();
    let said = desk.run(&["check"], "data");
    assert_eq!(said.out, "good: 2 accounts, 0 rooms, 2 messages, 0 files\n");
}

#[test]
fn what_does_not_fit_together_is_found() {
    let insert = "INSERT INTO archive (owner, stanza_id, peer, outgoing, time_ms, xml) VALUES";
    let good = "<message xmlns=''jabber:client''/>";
    for (sql, kinds) in [
        (
            format!(
                "{insert} ('rosa', 'a', 'b@x', 0, 20, '{good}'), ('rosa', 'b', 'b@x', 0, 10, '{good}')"
            ),
            &["order"][..],
        ),
        (
            format!("{insert} ('nobody', 'a', 'b@x', 0, 1, '{good}')"),
            &["owner"],
        ),
        (
            format!("{insert} ('rosa', 'a', 'b@x', 0, 1, '<message')"),
            &["message"],
        ),
        (
            "PRAGMA foreign_keys = OFF; DELETE FROM accounts".to_owned(),
            &["reference", "reference"],
        ),
        (
            "DELETE FROM meta WHERE key = 'domain'".to_owned(),
            &["domain"],
        ),
        ("PRAGMA user_version = 9999".to_owned(), &["version"]),
    ] {
        let desk = Desk::with(&["rosa"]);
        change(&desk, &sql);
        assert_eq!(found(&desk), kinds, "{sql}");
    }
}

#[test]
fn a_key_that_is_gone_or_damaged_is_found() {
    let desk = Desk::with(&["rosa"]);
    let key = desk.path("data/keys/server.key.pem");
    std::fs::write(&key, "not a key").unwrap();
    assert_eq!(found(&desk), ["key"]);
    let said = desk.run(&["serve", "--http", "127.0.0.1:0"], "data");
    said.refused(6);
    std::fs::remove_file(&key).unwrap();
    assert_eq!(found(&desk), ["key"]);
}

#[test]
fn a_damaged_or_newer_database_is_reported_and_left_alone() {
    for newer in [false, true] {
        let desk = Desk::with(&["rosa"]);
        let path = desk.path("data/server.db");
        if newer {
            change(&desk, "PRAGMA user_version = 9999");
        } else {
            let mut bytes = std::fs::read(&path).unwrap();
            let length = bytes.len();
            bytes[4096..length / 2].fill(0x55);
            std::fs::write(&path, bytes).unwrap();
        }
        let before = std::fs::read(&path).unwrap();
        let backup = desk.text("team.backup");
        for args in [
            &["serve", "--http", "127.0.0.1:0"][..],
            &["user", "list"],
            &["status"],
            &["backup", &backup],
            &["export", &backup],
        ] {
            let said = desk.run(args, "data");
            let sentence = said.refused(6);
            assert!(sentence.contains("server.db"), "{args:?}: {sentence}");
        }
        let kinds = found(&desk);
        let kind = if newer { "version" } else { "database" };
        assert!(kinds.iter().all(|found| found == kind), "{kinds:?}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert!(!desk.path("team.backup").exists());
    }
}

#[test]
fn files_are_compared_with_what_was_uploaded() {
    let desk = Desk::with(&["rosa"]);
    // SHA-256 of three letters and of nothing.
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    change(
        &desk,
        &format!("INSERT INTO blobs (hash, size) VALUES (x'{abc}', 3), (x'{empty}', 0)"),
    );
    let place = |hash: &str| format!("data/files/{}/{}", &hash[..2], &hash[2..]);
    desk.file(&place(abc), "abc");
    desk.file(&place(empty), "");
    let checked = desk.ok(&["check"], "data");
    assert_eq!(
        (&checked["files"], &checked["orphans"]),
        (&2.into(), &serde_json::json!([]))
    );
    // Other bytes, other length, gone.
    for text in ["abd", "abcd"] {
        desk.file(&place(abc), text);
        assert_eq!(found(&desk), ["file"]);
    }
    std::fs::remove_file(desk.path(&place(abc))).unwrap();
    assert_eq!(found(&desk), ["file"]);
    desk.file(&place(abc), "abc");
    // What belongs to nobody is listed, and no damage.
    let other = desk.file(&place(&abc.replace("ba", "aa")), "x");
    let strange = desk.file("data/files/ba/strange", "x");
    let checked = desk.ok(&["check"], "data");
    assert_eq!(checked["orphans"], serde_json::json!([other, strange]));
}

#[test]
fn what_is_no_database_is_reported_too() {
    let desk = Desk::with(&[]);
    std::fs::write(desk.path("data/server.db"), vec![7; 8192]).unwrap();
    assert_eq!(found(&desk), ["database"]);
    desk.run(&["status"], "data").refused(6);
}

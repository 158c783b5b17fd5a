//! `backup` and `restore`.

use std::io::Write;

use crate::client::{Client, Place, bodies};
use crate::program::{Desk, tree};

async fn talk(desk: &Desk, server: &impl Place) {
    let mut rosa = Client::online(server, "rosa", "desk").await;
    for n in 0..20 {
        rosa.send(format!(
            "<message to='bob@team.internal' type='chat'><body>{n}</body></message>"
        ))
        .await;
    }
    rosa.sync().await;
    desk.file("data/files/ab/abcd", "a file");
    desk.file("data/files/under-way.part", "half a file");
    desk.file("data/files/unfinished/3", "half a file");
    desk.file("data/config.toml", "team = \"Team\"\n");
}

#[tokio::test]
async fn a_running_server_is_backed_up_and_comes_back() {
    let desk = Desk::with(&["rosa", "bob"]);
    let server = desk.serve("data");
    talk(&desk, &server).await;
    let file = desk.text("team.backup");
    let done = desk.ok(&["backup", &file], "data");
    assert_eq!(done["domain"], "team.internal");
    let names = names(&file);
    let expected = [
        "server.db",
        "config.toml",
        "files/ab/abcd",
        "keys/server.key.pem",
        "keys/tokens.key",
        "manifest.json",
    ];
    assert_eq!(names, expected);
    // All but the last.
    assert_eq!(done["files"], 5);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let pin = server.said("pin").to_owned();
    // What comes later is not in it.
    desk.ok(&["user", "add", "late"], "data");
    server.stop();

    let restored = desk.ok(&["restore", &file], "again");
    assert_eq!(restored["files"], 5);
    assert_eq!(restored["moved_aside"], serde_json::Value::Null);
    let kept = std::fs::read(desk.path("again/files/ab/abcd")).unwrap();
    assert_eq!(kept, b"a file");
    for name in ["keys/server.key.pem", "keys/tokens.key", "config.toml"] {
        let both = ["data", "again"].map(|folder| std::fs::read(desk.path(folder).join(name)));
        let [before, after] = both.map(Result::unwrap);
        assert_eq!(before, after, "{name}");
    }
    assert!(!desk.path("again/files/under-way.part").exists());
    assert!(!desk.path("again/files/unfinished").exists());
    assert_eq!(desk.ok(&["check"], "again")["ok"], true);
    assert_eq!(
        desk.ok(&["user", "list"], "again")
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let server = desk.serve("again");
    assert_eq!(server.said("pin"), pin, "the server is who it was");
    let mut bob = Client::session(&server, "bob", "desk").await;
    bob.send("<presence/>").await;
    let messages = bob.messages().await;
    let texts: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    assert_eq!(bodies(&messages), texts);
    server.stop();
    assert_eq!(left_overs(&desk), Vec::<String>::new());
}

/// Names in a backup, in their order.
fn names(file: &str) -> Vec<String> {
    let mut tar = tar::Archive::new(std::fs::File::open(file).unwrap());
    let entries = tar.entries().unwrap();
    entries
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect()
}

/// Names of what is hidden beside the folders.
fn left_overs(desk: &Desk) -> Vec<String> {
    std::fs::read_dir(desk.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.'))
        .collect()
}

#[test]
fn nothing_is_replaced_without_being_told() {
    let desk = Desk::with(&["rosa"]);
    let file = desk.file("team.backup", "something else");
    let said = desk.run(&["backup", &file], "data");
    assert!(said.refused(4).contains("is there already"));
    assert_eq!(std::fs::read(&file).unwrap(), b"something else");
    desk.ok(&["backup", &file, "--force"], "data");

    desk.file("full/letter", "mine");
    let said = desk.run(&["restore", &file], "full");
    assert!(said.refused(4).contains("is there already"));
    assert_eq!(
        tree(&desk.path("full")),
        [("letter".to_owned(), b"mine".to_vec())]
    );
    let done = desk.ok(&["restore", &file, "--force"], "full");
    let aside = std::path::PathBuf::from(done["moved_aside"].as_str().unwrap());
    assert_eq!(std::fs::read(aside.join("letter")).unwrap(), b"mine");
    assert_eq!(desk.ok(&["check"], "full")["ok"], true);
    // An empty folder is as good as none.
    std::fs::create_dir(desk.path("empty")).unwrap();
    desk.ok(&["restore", &file], "empty");
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let desk = Desk::with(&["rosa"]);
    let file = desk.text("nowhere/file");
    for args in [
        &["backup", &file][..],
        &["export", &file],
        &["export", &file, "--dialect", "prosody"],
    ] {
        let said = desk.run(args, "data");
        let folder = desk.text("nowhere");
        assert_eq!(said.refused(3), format!("the folder {folder} is not there"));
    }
}

#[test]
fn a_folder_in_use_is_not_taken_away() {
    let desk = Desk::with(&["rosa"]);
    let file = desk.text("team.backup");
    desk.ok(&["backup", &file], "data");
    let server = desk.serve("data");
    let said = desk.run(&["restore", &file, "--force"], "data");
    assert!(said.refused(5).contains("stop it first"), "{said:?}");
    assert_eq!(
        desk.ok(&["user", "list"], "data").as_array().unwrap().len(),
        1
    );
    server.stop();
}

#[test]
fn a_damaged_backup_touches_nothing() {
    let desk = Desk::with(&["rosa"]);
    let file = desk.text("team.backup");
    desk.ok(&["backup", &file], "data");
    let good = std::fs::read(&file).unwrap();
    let mut bad: Vec<(String, Vec<u8>)> = vec![
        ("nothing".into(), Vec::new()),
        ("text".into(), b"this is no backup at all".to_vec()),
        ("zeros".into(), vec![0; 4096]),
    ];
    // Broken off, and with a bit turned, all over the file.
    for part in 0..8 {
        let place = good.len() * part / 8 + 700;
        if place < good.len() - 1024 {
            bad.push((format!("cut at {place}"), good[..place].to_vec()));
            let mut turned = good.clone();
            turned[place] ^= 4;
            bad.push((format!("bit at {place}"), turned));
        }
    }
    let before = tree(&desk.path("data"));
    for (what, bytes) in bad {
        std::fs::write(desk.path("bad.backup"), bytes).unwrap();
        let file = desk.text("bad.backup");
        let said = desk.run(&["restore", &file], "fresh");
        assert!(
            said.refused(6).contains("nothing was changed"),
            "{what}: {said:?}"
        );
        assert!(!desk.path("fresh").exists(), "{what}");
        let said = desk.run(&["restore", &file, "--force"], "data");
        said.refused(6);
        assert_eq!(tree(&desk.path("data")), before, "{what}");
    }
    assert_eq!(left_overs(&desk), Vec::<String>::new());
    let said = desk.run(&["restore", &desk.text("no.backup")], "fresh");
    said.refused(3);
}

#[test]
fn a_hostile_backup_stays_in_its_place() {
    let desk = Desk::with(&["rosa"]);
    let header = |name: &str, kind: tar::EntryType, size: u64| {
        let mut header = tar::Header::new_gnu();
        // Not by set_path, which refuses such names.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o644);
        header.set_cksum();
        header
    };
    for (name, kind) in [
        ("../outside", tar::EntryType::Regular),
        ("/tmp/outside", tar::EntryType::Regular),
        ("keys/../../outside", tar::EntryType::Regular),
        ("link", tar::EntryType::Symlink),
        ("link", tar::EntryType::Link),
        ("device", tar::EntryType::Block),
    ] {
        let mut bytes = Vec::new();
        let size = if kind == tar::EntryType::Regular {
            4
        } else {
            0
        };
        bytes
            .write_all(header(name, kind, size).as_bytes())
            .unwrap();
        if size > 0 {
            bytes.extend(b"evil");
            bytes.resize(1024, 0);
        }
        bytes.extend([0; 1024]);
        std::fs::write(desk.path("bad.backup"), bytes).unwrap();
        let said = desk.run(&["restore", &desk.text("bad.backup")], "fresh");
        assert!(
            said.refused(6).contains("no place in a backup"),
            "{name}: {said:?}"
        );
        assert!(!desk.path("outside").exists() && !desk.path("fresh").exists());
    }
}

//! Archives that are larger than the memory: everything goes through in pieces.

#![cfg(target_os = "linux")]

use std::io::Write;
use std::process::Command;

use crate::program::Desk;

/// Kibibytes of memory that a command may have for its data.
const MEMORY: u32 = 40_000;
/// Messages, and letters of each.
const COUNT: usize = 800;
const LETTERS: usize = 60_000;

fn run_in_little_memory(args: &[&str]) -> serde_json::Value {
    let script = format!("ulimit -d {MEMORY}; exec \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_startalk-server")])
        .args(args)
        .arg("--json")
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {err}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn what_does_not_fit_into_memory_goes_in_and_out() {
    let desk = Desk::new();
    let data = desk.text("data");
    let path = desk.text("large.xml");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    let head = "<server-data xmlns='urn:xmpp:pie:0'><host jid='team.internal'>\
                <user name='rosa'><archive xmlns='urn:xmpp:pie:0#mam'>";
    file.write_all(head.as_bytes()).unwrap();
    let text = "x".repeat(LETTERS);
    for n in 0..COUNT {
        let result = format!(
            "<result xmlns='urn:xmpp:mam:2' id='i{n}'><forwarded xmlns='urn:xmpp:forward:0'>\
             <delay xmlns='urn:xmpp:delay' stamp='2024-01-01T00:00:00Z'/>\
             <message xmlns='jabber:client' from='bob@team.internal/x' to='rosa@team.internal' \
             type='chat'><body>{text}</body></message></forwarded></result>"
        );
        file.write_all(result.as_bytes()).unwrap();
    }
    file.write_all(b"</archive></user></host></server-data>")
        .unwrap();
    file.flush().unwrap();
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(size > u64::from(MEMORY) * 1024, "{size}");

    let done = run_in_little_memory(&["import", &path, "--data", &data]);
    assert_eq!(done["messages_added"], COUNT);
    let out = desk.text("out.xml");
    let done = run_in_little_memory(&["export", &out, "--data", &data]);
    assert_eq!(done["messages"], COUNT);
    let backup = desk.text("backup.tar");
    run_in_little_memory(&["backup", &backup, "--data", &data]);
    let again = desk.text("again");
    run_in_little_memory(&["restore", &backup, "--data", &again]);
    let done = run_in_little_memory(&["check", "--data", &again]);
    assert_eq!(done["messages"], COUNT);
}

//! `startalk-nav` as an administrator uses it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn nav(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_startalk-nav"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads no input may have closed it already.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    child.wait_with_output().unwrap()
}

fn ok(folder: &Path, arguments: &[&str], input: &str) -> String {
    let output = nav(folder, arguments, input);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

const PIN: &str = "glTDKakoUPbVOd03b0gW7idkUX2l4CNVFK9DMWRIDXo";

#[test]
fn from_key_to_link() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let made = ok(folder, &["keygen", "issuer.key"], "");
    let issuer = made
        .lines()
        .find_map(|line| line.strip_prefix("issuer "))
        .unwrap()
        .to_owned();
    let secret = std::fs::read_to_string(folder.join("issuer.key")).unwrap();
    assert!(!made.contains(secret.trim()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.join("issuer.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(
        nav(folder, &["keygen", "issuer.key"], "").status.code(),
        Some(1),
        "never overwrites"
    );

    let document = ok(
        folder,
        &[
            "new",
            "example.com",
            "--name",
            "示例公司",
            "--endpoint",
            "tls:chat.example.com:5223",
            "--pin",
            PIN,
        ],
        "",
    );
    let envelope = ok(folder, &["sign", "-", "--key", "issuer.key"], &document);
    std::fs::write(folder.join("nav.json"), &envelope).unwrap();
    let verified = ok(folder, &["verify", "nav.json", "--issuer", &issuer], "");
    assert!(verified.contains("示例公司"), "{verified}");

    let link = ok(folder, &["link", "nav.json"], "");
    let shown = ok(folder, &["show", link.trim()], "");
    assert!(
        shown.contains("tls:chat.example.com:5223") && shown.contains(PIN),
        "{shown}"
    );
    let short = ok(
        folder,
        &["link", "nav.json", "--url", "https://example.com/nav.json"],
        "",
    );
    assert!(ok(folder, &["show", "-"], &short).contains("https://example.com/nav.json"));
    assert!(ok(folder, &["qr", "-"], &short).lines().count() > 10);
    assert!(ok(folder, &["qr", "--svg", short.trim()], "").contains("<svg"));
    assert_eq!(
        nav(
            folder,
            &["link", "nav.json", "--url", "http://example.com/"],
            ""
        )
        .status
        .code(),
        Some(1)
    );
}

#[test]
fn refusals_have_their_exit_code_and_reason() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let golden = include_str!("golden/navigation-v1.json");
    for (arguments, input, code, said) in [
        (vec!["verify", "-", "--json"], golden, 0, "\"valid\":true"),
        (
            vec!["verify", "-", "--issuer", other],
            golden,
            1,
            "another key",
        ),
        (vec!["verify", "-"], "{}", 1, "malformed"),
        (vec!["show", "startalk://join/x"], "", 1, "damaged"),
        (
            vec!["show", "--json", "what is this"],
            "",
            1,
            "not-understood",
        ),
        (
            vec!["show", "--json", "alice@example.com"],
            "",
            0,
            "\"kind\":\"account\"",
        ),
        (vec!["new", "a..b"], "", 1, "not a domain"),
        (
            vec!["new", "a.b", "--endpoint", "http:a:1"],
            "",
            2,
            "not a transport",
        ),
        (
            vec!["new", "a.b", "--updates-up-to", "1.4"],
            "",
            2,
            "not a version",
        ),
        (
            vec!["new", "a.b", "--updates-url", "http://a.b/x.json"],
            "",
            2,
            "https://",
        ),
        (
            vec!["new", "a.b", "--updates-channel", "beta_1"],
            "",
            2,
            "not a channel",
        ),
        (vec!["verify", "missing.json"], "", 1, "missing.json"),
        (vec!["frobnicate"], "", 2, "frobnicate"),
    ] {
        let output = nav(folder, &arguments, input);
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        assert!(text.contains(said), "{arguments:?}: {text}");
    }
}

#[test]
fn a_link_that_the_app_would_refuse_is_not_given_out() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ok(folder, &["keygen", "issuer.key"], "");
    // As large as certificates of authorities may be; "MDAw" is 0x30, three times.
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        "MDAw".repeat(2_700)
    );
    std::fs::write(folder.join("ca.pem"), pem.repeat(2)).unwrap();
    let new = ["new", "example.com", "--ca", "ca.pem"];
    let document = ok(folder, &new, "");
    let envelope = ok(folder, &["sign", "-", "--key", "issuer.key"], &document);
    std::fs::write(folder.join("nav.json"), envelope).unwrap();
    let refused = nav(folder, &["link", "nav.json"], "");
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("too long"), "{said}");
    let url = "https://example.com/nav.json";
    ok(folder, &["link", "nav.json", "--url", url], "");
}

/// Whoever signs sees what they ask for, and a document that was written by hand is
/// checked as well.
#[test]
fn what_clients_are_asked_to_do_is_shown_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ok(folder, &["keygen", "issuer.key"], "");
    let asks = [
        ["--cache-days", "90"],
        ["--preview", "name"],
        ["--updates-url", "https://example.com/{channel}.json"],
        ["--updates-channel", "beta"],
        ["--updates-up-to", "v1.4.0"],
    ];
    let new: Vec<&str> = ["new", "example.com"]
        .into_iter()
        .chain(asks.into_iter().flatten())
        .collect();
    let document = ok(folder, &new, "");
    let envelope = ok(folder, &["sign", "-", "--key", "issuer.key"], &document);
    let shown = ok(folder, &["verify", "-"], &envelope);
    for line in [
        "messages stay on a device for 90 days",
        "notifications show who wrote, nothing more",
        "new versions are looked for at https://example.com/{channel}.json",
        "new versions of the channel beta",
        "new versions up to v1.4.0",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    let by_hand = document.replace("v1.4.0", "1.4");
    let refused = nav(folder, &["sign", "-", "--key", "issuer.key"], &by_hand);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("not a version"), "{said}");
}

/// As Windows writes files: with a byte order mark, or redirected as UTF-16.
#[test]
fn files_are_written_whole_and_read_with_their_mark() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ok(folder, &["keygen", "issuer.key"], "");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let new = [
        "new",
        "example.com",
        "--name",
        "示例公司",
        "--output",
        "doc.json",
    ];
    assert_eq!(ok(folder, &new, ""), "");
    let marked = ["\u{feff}".to_owned(), read("doc.json")].concat();
    std::fs::write(folder.join("doc.json"), marked).unwrap();
    let sign = [
        "sign",
        "doc.json",
        "--key",
        "issuer.key",
        "--output",
        "nav.json",
    ];
    assert_eq!(ok(folder, &sign, ""), "");
    assert!(ok(folder, &["verify", "nav.json"], "").contains("示例公司"));
    let link = ok(folder, &["link", "nav.json"], "");
    assert_eq!(
        ok(folder, &["link", "nav.json", "--output", "link.txt"], ""),
        ""
    );
    assert_eq!(read("link.txt"), link);
    let qr = ["qr", "--svg", link.trim(), "--output", "qr.svg"];
    assert_eq!(ok(folder, &qr, ""), "");
    assert!(read("qr.svg").contains("<svg"));
    let wide: Vec<u8> = std::iter::once(0xfeff)
        .chain(read("nav.json").encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    std::fs::write(folder.join("wide.json"), wide).unwrap();
    let refused = nav(folder, &["verify", "wide.json"], "");
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("UTF-16"), "{said}");
}

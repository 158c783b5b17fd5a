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

//! Programs that others wrote, told where our server is.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::peer::{Peer, Security};
use crate::startalk::{PASSWORD, Startalk};

/// Folder of the scripts.
#[must_use]
pub fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop")
}

/// A program named by the environment, or else by its name.
#[must_use]
pub fn named(variable: &str, name: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(|| PathBuf::from(name), PathBuf::from)
}

/// The server's certificate in a file, as seen behind the key that the server
/// itself named.
///
/// # Panics
/// If the server cannot be reached.
pub async fn certificate(server: &Startalk) -> PathBuf {
    let target = server.target();
    let connected = Peer::connect(target, Security::Direct).await;
    drop(connected.expect("the server is there"));
    let file = server.scratch().join("server.pem");
    std::fs::write(&file, target.trust.certificate_pem()).expect("written");
    file
}

/// Runs a Python script of `tests/interop/slixmpp`.
///
/// # Panics
/// If it fails.
pub async fn slixmpp(server: &Startalk, script: &str, arguments: &[&str]) {
    let mut command = Command::new(named("STARTALK_PYTHON", "python3"));
    command
        .arg(scripts().join("slixmpp").join(script))
        .args(arguments);
    succeeds(server, command).await;
}

/// Runs a script of `tests/interop/node`.
///
/// # Panics
/// If it fails.
pub async fn node(server: &Startalk, script: &str, arguments: &[&str]) {
    let mut command = Command::new("node");
    command
        .arg(scripts().join("node").join(script))
        .args(arguments);
    succeeds(server, command).await;
}

/// Runs a command that knows the server by its environment; what it said.
///
/// # Panics
/// If it fails.
pub async fn succeeds(server: &Startalk, mut command: Command) -> String {
    let certificate = certificate(server).await;
    let target = server.target();
    let tls = target.tls.expect("a port");
    command
        .env("XMPP_DOMAIN", &target.domain)
        .env("XMPP_PASSWORD", PASSWORD)
        .env("XMPP_TCP", target.tcp.port().to_string())
        .env("XMPP_HTTPS", tls.port().to_string())
        .env("XMPP_CA", &certificate)
        .env("NODE_EXTRA_CA_CERTS", &certificate);
    let shown = format!("{command:?}");
    let output = tokio::task::spawn_blocking(move || command.output().expect("it starts"));
    let output = output.await.expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{shown}\n{said}\n{}\n--- server:\n{}",
        String::from_utf8_lossy(&output.stderr),
        server.said()
    );
    said
}

//! Clients that we did not write: go-sendxmpp (Go) and profanity (C), both for
//! the terminal.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::large_futures,
    reason = "tests"
)]

use std::io::Write;
use std::process::{Command, Stdio};

use server_tests::interop::certificate;
use server_tests::peer::{Peer, Security, patiently};
use server_tests::process::Guard;
use server_tests::startalk::{PASSWORD, Startalk};
use xmpp_core::sasl::Mechanism;
use xmpp_core::{Element, ns};

const PEOPLE: [&str; 2] = ["alice", "bob"];

/// Somebody of ours who is there.
async fn online(server: &Startalk, user: &str) -> Peer {
    let scram = Mechanism::ScramSha256;
    let account = (user, PASSWORD);
    let session = Peer::session(server.target(), Security::Direct, scram, account, "desk");
    let mut peer = session.await.unwrap();
    peer.send("<presence/>").await.unwrap();
    peer
}

async fn until(peer: &mut Peer, what: &str, fits: impl Fn(&Element) -> bool) -> Element {
    let waiting = async {
        loop {
            let element = peer.element().await.unwrap();
            if fits(&element) {
                return element;
            }
        }
    };
    match patiently(waiting).await {
        Ok(element) => element,
        Err(_) => panic!("waited too long for {what}"),
    }
}

async fn text(peer: &mut Peer, wanted: &str) -> Element {
    until(peer, wanted, |element| {
        let body = element.get_child("body", ns::CLIENT);
        body.is_some_and(|body| body.text() == wanted)
    })
    .await
}

/// Until this person's client is there.
async fn appears(peer: &mut Peer, user: &str) -> String {
    let full = format!("{user}@localhost/");
    let presence = until(peer, user, |element| {
        element.is("presence", ns::CLIENT)
            && element.attr("type").is_none()
            && element
                .attr("from")
                .is_some_and(|from| from.starts_with(&full))
    });
    presence.await.attr("from").unwrap().to_owned()
}

fn go_sendxmpp(server: &Startalk, certificate: &std::path::Path, user: &str, direct: bool) -> Command {
    let target = server.target();
    let port = match direct {
        true => target.tls.unwrap().port(),
        false => target.tcp.port(),
    };
    let mut command = Command::new("go-sendxmpp");
    command
        .env("HOME", server.scratch())
        .env("SSL_CERT_FILE", certificate)
        .args(["-u", &format!("{user}@localhost"), "-p", PASSWORD])
        .args(["-j", &format!("localhost:{port}")]);
    if direct {
        command.arg("-t");
    }
    command
}

async fn go_sendxmpp_talks(direct: bool) {
    let server = Startalk::with(&PEOPLE);
    let certificate = certificate(&server).await;
    let mut bob = online(&server, "bob").await;

    let mut send = go_sendxmpp(&server, &certificate, "alice", direct)
        .arg("bob@localhost")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("go-sendxmpp starts");
    let mut stdin = send.stdin.take().unwrap();
    stdin.write_all("hello from Go 你好\n".as_bytes()).unwrap();
    drop(stdin);
    let output = tokio::task::spawn_blocking(move || send.wait_with_output().unwrap());
    let output = output.await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}\n{}", server.said());
    text(&mut bob, "hello from Go 你好").await;

    let mut listen = Guard::spawn(
        go_sendxmpp(&server, &certificate, "alice", direct)
            .arg("-l")
            .stdin(Stdio::null())
            .stdout(Stdio::piped()),
    );
    let mut lines = listen.lines().unwrap();
    let alice = appears(&mut bob, "alice").await;
    bob.send(&format!(
        "<message type='chat' to='{alice}'><body>hello terminal 终端</body></message>"
    ))
    .await
    .unwrap();
    let heard = tokio::task::spawn_blocking(move || lines.find(|line| line.contains("终端")));
    let heard = patiently(heard).await.unwrap().unwrap().unwrap();
    assert!(heard.contains("bob@localhost"), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn go_sendxmpp_talks_over_starttls() {
    go_sendxmpp_talks(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn go_sendxmpp_talks_over_direct_tls() {
    go_sendxmpp_talks(true).await;
}

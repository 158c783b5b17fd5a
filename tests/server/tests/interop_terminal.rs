//! Clients that we did not write, for the terminal: go-sendxmpp (Go) and
//! profanity (C).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::large_futures,
    reason = "tests"
)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use server_tests::interop::certificate;
use server_tests::peer::{PATIENCE, Peer, Security, patiently};
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

fn go_sendxmpp(server: &Startalk, certificate: &Path, user: &str, direct: bool) -> Command {
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

/// profanity in a terminal of its own, which ends with the test.
struct Terminal {
    socket: std::path::PathBuf,
}

impl Terminal {
    fn start(server: &Startalk) -> Self {
        let folder = server.scratch();
        let share = folder.join("share/profanity");
        std::fs::create_dir_all(&share).unwrap();
        std::fs::create_dir_all(folder.join("config/profanity")).unwrap();
        let port = server.target().tcp.port();
        // It goes past the certificate stores, but keeps the fingerprints that a
        // person has agreed to.
        let fingerprint = server.target().trust.certificate_sha1();
        let certificates = format!("[{fingerprint}]\nversion=3\n");
        let account = format!(
            "[alice@localhost]\nenabled=true\njid=alice@localhost\nserver=127.0.0.1\n\
             port={port}\nresource=term\npassword={PASSWORD}\ntls.policy=force\n\
             muc.service=conference.localhost\nmuc.nick=爱丽丝\n"
        );
        let profrc = "[connection]\naccount=alice@localhost\n";
        std::fs::write(share.join("tlscerts"), certificates).unwrap();
        std::fs::write(share.join("accounts"), account).unwrap();
        std::fs::write(folder.join("config/profanity/profrc"), profrc).unwrap();
        let terminal = Self {
            socket: folder.join("tmux"),
        };
        let started = terminal
            .tmux()
            .env("HOME", folder)
            .env("XDG_CONFIG_HOME", folder.join("config"))
            .env("XDG_DATA_HOME", folder.join("share"))
            .env("LC_ALL", "C.UTF-8")
            .args(["-f", "/dev/null", "new-session", "-d"])
            .args(["-x", "150", "-y", "40", "profanity"])
            .status();
        assert!(started.expect("tmux is there").success());
        terminal
    }

    fn tmux(&self) -> Command {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&self.socket);
        command
    }

    fn type_line(&self, line: &str) {
        for keys in [&["-l", line][..], &["Enter"]] {
            let sent = self.tmux().arg("send-keys").args(keys).status();
            assert!(sent.expect("tmux is there").success(), "{line}");
        }
    }

    fn screen(&self) -> String {
        let shown = self.tmux().args(["capture-pane", "-p"]).output();
        String::from_utf8_lossy(&shown.expect("tmux is there").stdout).into_owned()
    }

    async fn wait_for(&self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.screen().contains(text) {
            assert!(Instant::now() < end, "no {text} in\n{}", self.screen());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.tmux().arg("kill-server").status());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn profanity_talks_and_opens_a_room() {
    let server = Startalk::with(&PEOPLE);
    certificate(&server).await;
    let mut bob = online(&server, "bob").await;
    let terminal = Terminal::start(&server);
    let alice = appears(&mut bob, "alice").await;
    assert_eq!(alice, "alice@localhost/term");

    terminal.type_line("/msg bob@localhost hello from C 你好");
    text(&mut bob, "hello from C 你好").await;
    bob.send("<message type='chat' to='alice@localhost' id='t'><body>hello terminal 终端</body></message>")
        .await
        .unwrap();
    terminal.wait_for("hello terminal 终端").await;

    let room = "plans@conference.localhost";
    terminal.type_line(&format!("/join {room}"));
    terminal.wait_for("Room locked").await;
    terminal.type_line("/room accept");
    terminal.wait_for("unlocked").await;
    bob.send(&format!(
        "<presence to='{room}/Bob'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
    ))
    .await
    .unwrap();
    until(&mut bob, "the room", |element| {
        element.attr("from") == Some("plans@conference.localhost/Bob")
    })
    .await;
    terminal.type_line("hello room 大家好");
    let heard = text(&mut bob, "hello room 大家好").await;
    assert_eq!(
        heard.attr("from"),
        Some("plans@conference.localhost/爱丽丝")
    );
    bob.send(&format!(
        "<message type='groupchat' to='{room}'><body>welcome 欢迎</body></message>"
    ))
    .await
    .unwrap();
    terminal.wait_for("welcome 欢迎").await;
    terminal.type_line("/quit");
    until(&mut bob, "alice gone", |element| {
        element.attr("from") == Some(&alice) && element.attr("type") == Some("unavailable")
    })
    .await;
}

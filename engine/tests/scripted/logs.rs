//! What people write, and what they sign in with, is in no log, however much is
//! logged (U119).

use std::io::Write;
use std::sync::{Arc, Mutex};

use startalk_engine::api::Request;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::client::{BOB, Client};
use crate::peer::{PASSWORD, Server};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn u119_neither_texts_nor_secrets_are_logged() {
    let log = Log::default();
    // Of the whole process and of all libraries, but for the one that programs hold
    // back: it says whole frames.
    let filter = EnvFilter::new("trace,tungstenite=info,tokio_tungstenite=info");
    let mine = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(log.clone())
        .with_ansi(false)
        .try_init();
    assert!(mine.is_ok(), "another test of this process logs");
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.send(&format!(
        "<message from='{BOB}/x' to='rosa@team.internal' type='chat' id='b'>\
         <body>zq1-heard</body></message>"
    ))
    .await;
    client.wait_texts(&["zq1-heard"]).await;
    client.send("zq2-said").await;
    peer.text().await;
    // What is only being written, looked for, or cannot be read.
    for request in [
        Request::SetDraft {
            account: client.account.clone(),
            conversation: BOB.to_owned(),
            text: "zq3-draft".to_owned(),
        },
        Request::PreviewJoin {
            input: "startalk://join/#zq4-link".to_owned(),
        },
    ] {
        let shown = format!("{request:?}");
        assert!(!shown.contains("zq"), "{shown}");
        drop(client.engine.handle(request).await);
    }
    peer.send(&format!(
        "<message from='{BOB}/x' to='rosa@team.internal' type='chat' id='c'>\
         <replace xmlns='urn:xmpp:message-correct:0' id='nothing'/><body>zq5-odd</body></message>\
         <message from='{BOB}/x' to='rosa@team.internal' type='chat' id='d'>\
         <body>zq6-last</body></message>"
    ))
    .await;
    client
        .until("the last one", async || {
            client
                .texts()
                .await
                .last()
                .is_some_and(|text| text == "zq6-last")
        })
        .await;

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("startalk_engine"), "it does log: {text}");
    let marks: Vec<String> = (1..=6).map(|n| format!("zq{n}")).collect();
    for secret in marks.iter().map(String::as_str).chain([PASSWORD]) {
        let line = text.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}

//! The bridge of `startalk-cli`, as a page in a browser meets it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use futures_util::{SinkExt as _, StreamExt as _};
use navigation::{NavigationDocument, NavigationLink, SignedDocument, SigningKey};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::peer::{PASSWORD, Server, within};

const PAGE: &str = "http://127.0.0.1:5174/web.html";
pub(crate) const ORIGIN: &str = "http://127.0.0.1:5174";

/// A bridge that runs, and what it printed.
pub(crate) struct Bridge {
    child: Child,
    _profile: tempfile::TempDir,
    port: u16,
    pub(crate) token: String,
}

impl Bridge {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// In this environment.
    pub(crate) async fn start_with(environment: &[(&str, &Path)]) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_startalk-cli"))
            .arg("--profile")
            .arg(profile.path())
            .args(["bridge", "--page", PAGE])
            .env_clear()
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let first = tokio::task::spawn_blocking(move || stdout.lines().next());
        let line = within("an address", first).await.unwrap();
        let address = line.unwrap().unwrap();
        let (page, fragment) = address.split_once('#').unwrap();
        assert_eq!(page, PAGE);
        let (port, token) = fragment.split_once('&').unwrap();
        Self {
            child,
            _profile: profile,
            port: port.strip_prefix("bridge=").unwrap().parse().unwrap(),
            token: token.strip_prefix("token=").unwrap().to_owned(),
        }
    }

    pub(crate) async fn connect(
        &self,
        origin: Option<&str>,
    ) -> Result<WebSocketStream<TcpStream>, Error> {
        let address = format!("127.0.0.1:{}", self.port);
        let mut request = format!("ws://{address}/").into_client_request().unwrap();
        if let Some(origin) = origin {
            let headers = request.headers_mut();
            headers.insert("origin", origin.parse().unwrap());
        }
        let socket = TcpStream::connect(address).await.unwrap();
        let connected = within("a handshake", client_async(request, socket)).await;
        connected.map(|(stream, _)| stream)
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) async fn say(stream: &mut WebSocketStream<TcpStream>, value: Value) {
    stream.send(Message::text(value.to_string())).await.unwrap();
}

/// What it says next; `None` at the end.
pub(crate) async fn hear(stream: &mut WebSocketStream<TcpStream>) -> Option<Value> {
    loop {
        match within("a word", stream.next()).await? {
            Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

#[tokio::test]
async fn a_page_with_the_token_speaks_the_contract() {
    let bridge = Bridge::start().await;
    let mut page = bridge.connect(Some(ORIGIN)).await.unwrap();
    say(&mut page, json!({ "token": bridge.token })).await;
    say(
        &mut page,
        json!({ "id": 7, "request": { "type": "overview" } }),
    )
    .await;
    let answer = hear(&mut page).await.unwrap();
    assert_eq!(
        (&answer["type"], &answer["id"]),
        (&json!("answer"), &json!(7))
    );
    assert_eq!(answer["response"]["type"], "overview");
    assert_eq!(answer["response"]["value"]["accounts"], json!([]));

    let request = json!({ "type": "contacts", "account": "nobody" });
    say(&mut page, json!({ "id": 8, "request": request })).await;
    let refused = hear(&mut page).await.unwrap();
    assert_eq!(refused["type"], "refused");
    assert_eq!(refused["error"]["code"], "not-found");

    // A second page hears of what the first one does.
    let mut other = bridge.connect(Some(ORIGIN)).await.unwrap();
    say(&mut other, json!({ "token": bridge.token })).await;
    say(
        &mut other,
        json!({ "id": 1, "request": { "type": "overview" } }),
    )
    .await;
    assert_eq!(hear(&mut other).await.unwrap()["type"], "answer");
    let server = Server::start();
    let document = NavigationDocument::new(server.target(), jiff::Timestamp::now());
    let signed = SignedDocument::sign(&document, &SigningKey::from_seed(&[7; 32])).unwrap();
    let join = json!({
        "type": "join",
        "input": NavigationLink::Embedded(signed).to_link(),
        "name": "rosa",
        "password": PASSWORD,
    });
    say(&mut page, json!({ "id": 9, "request": join })).await;
    assert!(server.signed_in().await.closes_in_order().await);
    let mut heard = Vec::new();
    while !heard.contains(&json!("accounts-changed")) {
        let said = hear(&mut other).await.unwrap();
        assert_eq!(said["type"], "event");
        heard.push(said["event"]["type"].clone());
    }

    // What is no request ends the connection, and nothing of it is repeated.
    say(
        &mut page,
        json!({ "id": 10, "request": { "type": "of-mallory" } }),
    )
    .await;
    while hear(&mut page).await.is_some() {}
    say(
        &mut other,
        json!({ "id": 2, "request": { "type": "overview" } }),
    )
    .await;
    let answer = loop {
        let said = hear(&mut other).await.unwrap();
        if said["type"] == "answer" {
            break said;
        }
    };
    assert_eq!(answer["id"], 2);
}

#[tokio::test]
async fn nobody_else_is_answered() {
    let bridge = Bridge::start().await;
    for origin in [
        None,
        Some("http://127.0.0.1:5175"),
        Some("http://localhost:5174"),
        Some("https://mallory.example"),
        Some("null"),
    ] {
        match bridge.connect(origin).await {
            Err(Error::Http(refusal)) => assert_eq!(refusal.status(), 403, "{origin:?}"),
            other => panic!("{origin:?}: {other:?}"),
        }
    }
    for first in [
        json!({ "token": "guessed" }),
        json!({ "id": 1, "request": { "type": "overview" } }),
    ] {
        let mut page = bridge.connect(Some(ORIGIN)).await.unwrap();
        say(&mut page, first).await;
        assert_eq!(hear(&mut page).await, None);
    }
}

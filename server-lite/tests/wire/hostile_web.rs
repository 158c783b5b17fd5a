//! What harms in the frames of a WebSocket (RFC 7395, sections 3.3 and 3.7): the
//! same XML as on TCP, and what only frames can do wrong.

use tokio_tungstenite::tungstenite::Message;
use xmpp_core::ns;

use crate::client::Client;
use crate::hostile::{Case, broken};
use crate::server::Server;

fn case(what: &'static str, text: impl Into<String>) -> Case {
    Case {
        what,
        bytes: text.into().into_bytes(),
        condition: "not-well-formed",
    }
}

/// The cases of TCP that fit into a frame of text, in the words of RFC 7395:
/// each frame stands alone, so what is unfinished is not well-formed.
fn frames() -> Vec<Case> {
    let unfinished = ["too deep, never closed", "too large and never closed"];
    let mut all: Vec<Case> = broken()
        .into_iter()
        .filter(|case| std::str::from_utf8(&case.bytes).is_ok())
        .filter(|case| !unfinished.contains(&case.what))
        .collect();
    all.extend([
        case("nothing", ""),
        case("white space", " \n"),
        case("text", "hello"),
        case(
            "half an element",
            "<message to='rosa@team.internal'><body>x",
        ),
        case("the other half", "</body></message>"),
        case("two elements", "<presence/><presence/>"),
        case("text behind an element", "<presence/>x"),
        case("a TCP header", "<stream:stream xmlns:stream='urn:x'>"),
        case("a TCP footer", "</stream:stream>"),
        case("a byte order mark alone", "\u{feff}"),
    ]);
    all
}

async fn fault(mut client: Client, case: &Case) -> Option<String> {
    client.try_send(&case.bytes).await;
    // A frame that is let pass does not end the stream: this does.
    let close = format!("<close xmlns='{}'/>", ns::FRAMING);
    client.try_send(close.as_bytes()).await;
    let (before, condition) = client.end_with_all().await;
    let expected = condition.as_deref() == Some(case.condition);
    (!expected || !before.is_empty()).then(|| format!("{}: {condition:?} {before:?}", case.what))
}

#[tokio::test]
async fn broken_frames_before_the_sign_in() {
    let server = Server::of(&["rosa"]).await;
    let mut faults = Vec::new();
    for case in frames() {
        let mut client = Client::websocket(&server).await;
        client.open().await;
        faults.extend(fault(client, &case).await);
    }
    assert!(faults.is_empty(), "{faults:#?}");
    Client::prove_alive(&server, "rosa").await;
}

#[tokio::test]
async fn broken_frames_after_the_sign_in() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut faults = Vec::new();
    for case in frames() {
        let mut client = Client::websocket(&server).await;
        client.sign_in("rosa").await;
        client.bind("desk").await;
        faults.extend(fault(client, &case).await);
        assert!(bob.sync().await.is_empty(), "{}", case.what);
    }
    assert!(faults.is_empty(), "{faults:#?}");
    Client::prove_alive(&server, "rosa").await;
}

/// What no text frame may hold at all ends the WebSocket itself (RFC 6455,
/// sections 5.6 and 7.4.1).
#[tokio::test]
async fn frames_that_are_no_text_end_the_connection() {
    let server = Server::of(&["rosa"]).await;
    for bytes in [&b"<presence/>"[..], b"", b"\xff\xfe"] {
        let mut client = Client::websocket(&server).await;
        client.open().await;
        client.send_message(Message::binary(bytes.to_vec())).await;
        assert_eq!(client.end().await.as_deref(), Some("bad-format"));
    }
    Client::prove_alive(&server, "rosa").await;
}

/// A frame larger than any stanza may be is not read to its end.
#[tokio::test]
async fn a_frame_that_is_too_large_is_not_read() {
    let server = Server::of(&["rosa"]).await;
    let mut client = Client::websocket(&server).await;
    client.open().await;
    let large = format!("<message><body>{}</body></message>", "x".repeat(3 << 20));
    client.try_send(large.as_bytes()).await;
    let condition = client.end().await;
    assert!(
        matches!(condition.as_deref(), None | Some("policy-violation")),
        "{condition:?}"
    );
    Client::prove_alive(&server, "rosa").await;
}

//! What is well-formed and too much: before the sign-in, at once, and for what is
//! kept.

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use xmpp_core::ns;

use crate::client::{Client, condition};
use crate::rooms::open_room;
use crate::server::Server;

const ROOM: &str = "plan@conference.team.internal";
const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
const POLICY: &str = "policy-violation";

fn auth(mechanism: &str, inside: &str) -> String {
    format!("<auth xmlns='{SASL}' mechanism='{mechanism}'>{inside}</auth>")
}

/// What a stranger might send to fill the memory.
fn floods() -> Vec<String> {
    let long = "u".repeat(257);
    let elements = "<a/>".repeat(128);
    let text = "x".repeat(16 * 1024);
    vec![
        auth("SCRAM-SHA-256", &format!("<x xmlns='{long}'/>")),
        auth("SCRAM-SHA-256", &format!("<x xmlns:y='{long}'/>")),
        auth("SCRAM-SHA-256", &elements),
        auth("SCRAM-SHA-256", &text),
        format!(
            "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'>{elements}</authenticate>"
        ),
        format!("<iq type='get' id='1'><query xmlns='jabber:iq:register'>{elements}</query></iq>"),
        format!("<auth xmlns='{SASL}' mechanism='{text}'/>"),
    ]
}

#[tokio::test]
async fn strangers_may_say_little() {
    let server = Server::of(&["rosa"]).await;
    for web in [false, true] {
        for flood in floods() {
            let mut client = match web {
                false => Client::direct(&server).await,
                true => Client::websocket(&server).await,
            };
            client.open().await;
            client.try_send(flood.as_bytes()).await;
            let (before, condition) = client.end_with_all().await;
            let what = flood.get(..100).unwrap_or_default();
            assert!(before.is_empty(), "{what}: {before:?}");
            assert_eq!(condition.as_deref(), Some(POLICY), "{what}");
        }
    }
    // The same in the middle of an exchange.
    let mut client = Client::direct(&server).await;
    client.open().await;
    client.send(auth("PLAIN", "")).await;
    assert!(client.element().await.is("challenge", ns::SASL));
    let response = format!("<response xmlns='{SASL}'>{}</response>", "<a/>".repeat(128));
    client.send(response).await;
    assert_eq!(client.end().await.as_deref(), Some(POLICY));
    let mut client = Client::direct(&server).await;
    let header = client.header();
    let long = "u".repeat(257);
    client
        .send(header.replace(" to=", &format!(" xmlns:long='{long}' to=")))
        .await;
    client.expect_open().await;
    assert_eq!(client.end().await.as_deref(), Some(POLICY));
    Client::prove_alive(&server, "rosa").await;
}

#[tokio::test]
async fn whoever_has_signed_in_may_say_more_but_not_everything() {
    let server = Server::of(&["rosa"]).await;
    let whole = |count: usize, text: usize| {
        let (elements, text) = ("<a/>".repeat(count), "x".repeat(text));
        format!(
            "<message to='rosa@team.internal/desk' type='headline' id='much'>\
             <x xmlns='urn:example'>{elements}</x><y xmlns='urn:example'>{text}</y></message>"
        )
    };
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    rosa.send(whole(3_000, 100_000)).await;
    let much = rosa.sync().await;
    assert_eq!(much.len(), 1);
    for bad in [
        whole(4_000, 0),
        format!("<message><x xmlns='{}'/></message>", "u".repeat(257)),
    ] {
        let mut rosa = Client::session(&server, "rosa", "desk").await;
        rosa.try_send(bad.as_bytes()).await;
        assert_eq!(rosa.end().await.as_deref(), Some(POLICY));
    }
    Client::prove_alive(&server, "rosa").await;
}

#[tokio::test]
async fn what_is_kept_is_small() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    rosa.sync().await;
    open_room(&mut rosa, ROOM, "Rosa").await;
    let text = format!("<status>{}</status>", "x".repeat(16 * 1024));
    let many = format!("<x xmlns='urn:example'>{}</x>", "<a/>".repeat(200));
    for large in [&text, &many] {
        for to in ["", " to='bob@team.internal'", &format!(" to='{ROOM}/Rosa'")] {
            rosa.send(format!("<presence id='large'{to}>{large}</presence>"))
                .await;
            let refused = rosa.until(|it| it.attr("id") == Some("large")).await;
            assert_eq!(condition(&refused), POLICY, "{to}");
        }
    }
    assert!(bob.sync().await.is_empty());
    rosa.send("<presence><status>small</status></presence>")
        .await;
    rosa.sync().await;
    assert_eq!(bob.sync().await.len(), 1);
    let subject = "x".repeat(16 * 1024);
    rosa.send(format!(
        "<message to='{ROOM}' type='groupchat' id='subject'><subject>{subject}</subject></message>"
    ))
    .await;
    assert_eq!(rosa.error("subject").await, POLICY);
    let card = |size: usize| {
        let picture = "x".repeat(size);
        format!("<vCard xmlns='vcard-temp'><PHOTO><BINVAL>{picture}</BINVAL></PHOTO></vCard>")
    };
    assert_eq!(rosa.set(ROOM, &card(64 * 1024)).await.unwrap_err(), POLICY);
    rosa.set(ROOM, &card(60 * 1024)).await.unwrap();
}

#[tokio::test]
async fn presence_in_rooms_is_counted() {
    let server = Server::with(|config| config.limits.room_presences_per_minute = 3).await;
    server.accounts(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    open_room(&mut rosa, ROOM, "Rosa").await;
    let show =
        |id: &str| format!("<presence to='{ROOM}/Rosa' id='{id}'><show>dnd</show></presence>");
    for id in ["1", "2", "3"] {
        rosa.send(show(id)).await;
    }
    assert_eq!(rosa.error("3").await, "resource-constraint");
    // An end is always heard.
    rosa.send(format!("<presence to='{ROOM}/Rosa' type='unavailable'/>"))
        .await;
    rosa.until(|element| element.attr("type") == Some("unavailable"))
        .await;
}

#[tokio::test]
async fn what_a_stranger_sends_on_a_websocket_is_not_gathered() {
    let server = Server::of(&["rosa"]).await;
    let frame = format!("<auth xmlns='{SASL}'>{}</auth>", "x".repeat(400_000));
    let mut client = Client::websocket(&server).await;
    client.open().await;
    // It goes on, but nobody waits for that.
    let part = frame.as_bytes()[..100_000].to_vec();
    let part = Frame::message(part, OpCode::Data(Data::Text), false);
    client.send_message(Message::Frame(part)).await;
    assert_eq!(client.end().await.as_deref(), Some(POLICY));
    // Whoever has signed in may send frames of this size, and is told if they
    // are too large.
    let mut rosa = Client::websocket(&server).await;
    rosa.sign_in("rosa").await;
    rosa.bind("desk").await;
    for _ in 0..3 {
        let text = "x".repeat(200_000);
        rosa.send(format!(
            "<message xmlns='jabber:client' to='{}' type='headline'><body>{text}</body></message>",
            rosa.address
        ))
        .await;
        assert_eq!(rosa.sync().await.len(), 1);
    }
    rosa.try_send(frame.as_bytes()).await;
    assert_eq!(rosa.end().await.as_deref(), Some(POLICY));
}

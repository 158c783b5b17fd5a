//! Messages that are more than the server takes: one of them must not end each
//! connection, nor keep back what was written after it.

use std::sync::Arc;

use startalk_engine::MemorySecrets;
use startalk_engine::api::{DeliveryState, ErrorCode, MessageRequest, Request};
use xmpp_core::ns;

use crate::client::{BOB, Client, TIMEOUTS};
use crate::peer::{DOMAIN, PASSWORD, Peer, SASL, Server, body};

const TOO_LARGE: DeliveryState = DeliveryState::Failed {
    code: ErrorCode::MessageTooLarge,
};

/// Features of a server that says what it takes (XEP-0478).
const LIMITED: &str = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>\
    <sm xmlns='urn:xmpp:sm:3'/><limits xmlns='urn:xmpp:stream-limits:0'>\
    <max-bytes>20000</max-bytes></limits>";

#[tokio::test]
async fn what_is_more_than_the_server_says_fails_at_once_and_holds_nobody_up() {
    let server = Server::start();
    let client = Client::join(&server, Arc::new(MemorySecrets::default()), TIMEOUTS).await;
    let mut peer = server.accept().await;
    peer.open(SASL).await;
    assert!(peer.sasl(PASSWORD).await);
    peer.restart();
    peer.open(LIMITED).await;
    peer.begin(&[]).await;
    client.wait_online().await;
    // Its letters are fewer; each is written with four.
    let large = "<".repeat(6_000);
    let failed = client.send(&large).await;
    let small = client.send("small").await;
    assert_eq!(body(&peer.text().await), "small");
    peer.acknowledge().await;
    client.wait_state(failed, TOO_LARGE).await;
    client.wait_state(small, DeliveryState::Sent).await;

    // A correction is undone.
    let edit = MessageRequest::Edit {
        account: client.account.clone(),
        message: small,
        text: large.clone(),
        mentions: Vec::new(),
    };
    client.ask(Request::Message(edit)).await;
    client
        .until("the old words", async || {
            client.texts().await.pop().as_deref() == Some("small")
        })
        .await;
    client.send("after").await;
    assert_eq!(body(&peer.text().await), "after");
}

/// Ends the stream, as servers do over a stanza that is too large.
async fn throw_out(mut peer: Peer) {
    peer.acknowledges = false;
    peer.send(
        "<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
         </stream:error></stream:stream>",
    )
    .await;
    while peer.next().await.is_some() {}
}

/// The next connection, whose session does not go on.
async fn anew(server: &Server) -> Peer {
    let mut peer = server.signed_in().await;
    let resume = peer.next().await.unwrap();
    assert!(resume.is("resume", ns::SM), "{resume:?}");
    peer.send("<failed xmlns='urn:xmpp:sm:3'/>").await;
    peer.begin(&[]).await;
    peer
}

#[tokio::test]
async fn a_message_over_which_the_stream_ends_twice_is_given_up() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let large = "x".repeat(20_000);
    let failed = client.send(&large).await;
    client.send("small").await;
    assert_eq!(body(&peer.text().await), large);
    throw_out(peer).await;
    // It may have been something else.
    let mut peer = anew(&server).await;
    assert_eq!(client.state(failed).await, DeliveryState::Waiting);
    assert_eq!(body(&peer.text().await), large);
    throw_out(peer).await;
    // A session that goes on would begin with it.
    let mut peer = server.session().await;
    assert_eq!(body(&peer.text().await), "small");
    client.wait_state(failed, TOO_LARGE).await;
}

#[tokio::test]
async fn what_every_server_takes_is_never_given_up() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let small = client.send("small").await;
    for _ in 0..3 {
        assert_eq!(body(&peer.text().await), "small");
        throw_out(peer).await;
        peer = anew(&server).await;
    }
    assert_eq!(body(&peer.text().await), "small");
    peer.acknowledge().await;
    client.wait_state(small, DeliveryState::Sent).await;
}

#[tokio::test]
async fn what_is_longer_than_a_text_of_ours_may_be_is_not_sent_on() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let long = "x".repeat(64 * 1024 + 1);
    peer.send(&format!(
        "<message type='chat' from='{BOB}/x' to='rosa@{DOMAIN}' id='long'><body>{long}</body>\
         <origin-id xmlns='urn:xmpp:sid:0' id='long'/></message>"
    ))
    .await;
    client
        .until("Bob's", async || client.messages().await.len() == 1)
        .await;
    let message = client.messages().await[0].id;
    let forward = Request::Message(MessageRequest::Forward {
        account: client.account.clone(),
        message,
        conversation: format!("eve@{DOMAIN}"),
    });
    let refused = client.engine.handle(forward).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::MessageTooLong);
    assert_eq!(refused.values["limit"], "65536");
}

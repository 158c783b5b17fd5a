//! SASL 2, binding and tokens, word by word (XEP-0388, XEP-0386, XEP-0484).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use startalk_engine::api::{DeliveryState, ErrorCode, Request};
use startalk_engine::{Engine, MemorySecrets};
use xmpp_core::sasl::{
    BindingData, Mechanism, ScramHash, ScramServer, ScramVerifier, hashed_token,
};
use xmpp_core::{Element, ns};

use crate::client::{Client, TIMEOUTS, config, rosa};
use crate::peer::{DOMAIN, PASSWORD, Peer, Server, archived, from_bob, from_rosa};

const OFFER: &str = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
    <mechanism>PLAIN</mechanism></mechanisms>\
    <authentication xmlns='urn:xmpp:sasl:2'><mechanism>SCRAM-SHA-256</mechanism>\
    <mechanism>PLAIN</mechanism><inline>\
    <bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:carbons:2'/>\
    <feature var='urn:xmpp:sm:3'/></inline></bind><sm xmlns='urn:xmpp:sm:3'/>\
    <fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-NONE</mechanism>\
    <mechanism>HT-SHA-256-EXPR</mechanism></fast></inline></authentication>";
const FEATURES: &str = "<stream:features><csi xmlns='urn:xmpp:csi:0'/></stream:features>";

fn initial(authenticate: &Element) -> Vec<u8> {
    let response = authenticate.get_child("initial-response", ns::SASL2);
    STANDARD.decode(response.unwrap().text()).unwrap()
}

impl Peer {
    /// The client's `<authenticate/>`.
    async fn authenticate(&mut self) -> Element {
        self.open(OFFER).await;
        let element = self.next_raw().await.unwrap();
        assert!(element.is("authenticate", ns::SASL2), "{element:?}");
        element
    }

    /// SCRAM with the right password; then this.
    async fn scram2(&mut self, authenticate: &Element, inside: &str) {
        assert_eq!(authenticate.attr("mechanism"), Some("SCRAM-SHA-256"));
        let binding = BindingData::default();
        let data = initial(authenticate);
        let mechanism = Mechanism::ScramSha256;
        let mut scram = ScramServer::start(mechanism, &data, "fyko", &binding)
            .unwrap()
            .with_offer(&["SCRAM-SHA-256", "PLAIN"], &[]);
        let verifier = ScramVerifier::derive(ScramHash::Sha256, PASSWORD, b"pepper", 4096).unwrap();
        let challenge = STANDARD.encode(scram.challenge(verifier));
        self.send(&format!(
            "<challenge xmlns='urn:xmpp:sasl:2'>{challenge}</challenge>"
        ))
        .await;
        let response = self.next_raw().await.unwrap();
        assert!(response.is("response", ns::SASL2));
        let last = scram.finish(&STANDARD.decode(response.text()).unwrap());
        self.succeed(last.unwrap().as_bytes(), inside).await;
    }

    /// A token that is this one; then this.
    async fn token(&mut self, authenticate: &Element, token: &str, inside: &str) {
        assert_eq!(authenticate.attr("mechanism"), Some("HT-SHA-256-EXPR"));
        assert!(authenticate.has_child("fast", ns::FAST));
        let message = initial(authenticate);
        let (name, proof) = hashed_token::parse(&message).unwrap();
        assert_eq!(name, "rosa");
        assert!(
            hashed_token::is_proof(proof, token, &self.exporter),
            "{token}"
        );
        let proof = hashed_token::response(token, &self.exporter);
        self.succeed(&proof, inside).await;
    }

    async fn succeed(&mut self, data: &[u8], inside: &str) {
        let data = STANDARD.encode(data);
        self.send(&format!(
            "<success xmlns='urn:xmpp:sasl:2'><additional-data>{data}</additional-data>\
             <authorization-identifier>rosa@{DOMAIN}/Startalk~1</authorization-identifier>\
             {inside}</success>{FEATURES}"
        ))
        .await;
    }
}

fn bound(id: &str) -> String {
    format!(
        "<bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3' id='{id}' resume='true'/>\
         <metadata xmlns='urn:xmpp:mam:2'><end id='m-1' timestamp='2026-01-02T03:04:05Z'/>\
         </metadata></bound>"
    )
}

fn token(token: &str) -> String {
    format!("<token xmlns='urn:xmpp:fast:0' token='{token}' expiry='2030-01-01T00:00:00Z'/>")
}

/// Rosa, whose session was bound while she signed in, with a first token.
async fn start(server: &Server) -> (Client, Peer, String) {
    let prove = async {
        let mut peer = server.accept().await;
        let authenticate = peer.authenticate().await;
        // Only to see whether the password is right.
        for (name, namespace) in [("bind", ns::BIND2), ("request-token", ns::FAST)] {
            assert!(!authenticate.has_child(name, namespace));
        }
        peer.scram2(&authenticate, "").await;
        assert!(peer.closes_in_order().await);
    };
    let secrets = Arc::new(MemorySecrets::default());
    let client = Client::join_with(server, secrets, TIMEOUTS, prove).await;
    let mut peer = server.accept().await;
    let authenticate = peer.authenticate().await;
    let bind = authenticate.get_child("bind", ns::BIND2).unwrap();
    assert!(bind.has_child("enable", ns::SM) && bind.has_child("enable", ns::CARBONS));
    let wanted = authenticate.get_child("request-token", ns::FAST).unwrap();
    assert_eq!(wanted.attr("mechanism"), Some("HT-SHA-256-EXPR"));
    let agent = authenticate.get_child("user-agent", ns::SASL2).unwrap();
    let device = agent.attr("id").unwrap().to_owned();
    peer.scram2(
        &authenticate,
        &format!("{}{}", bound("s-1"), token("first")),
    )
    .await;
    peer.received = 0;
    // Bound already, acknowledgements and carbons on: what is left is to fetch.
    let roster = peer.next().await.unwrap();
    assert!(roster.has_child("query", ns::ROSTER), "{roster:?}");
    peer.result(&roster, "<query xmlns='jabber:iq:roster'/>")
        .await;
    peer.begin(&[]).await;
    client.wait_online().await;
    (client, peer, device)
}

#[tokio::test]
async fn one_round_trip_signs_in_resumes_and_brings_the_next_token() {
    let server = Server::start();
    let (mut client, mut peer, device) = start(&server).await;
    peer.send(&from_bob("hello")).await;
    client.wait_texts(&["hello"]).await;
    let (handled, received) = (peer.ask_handled().await, peer.received);
    drop(peer);

    // The token signs in and resumes in the same breath, and brings another one.
    let mut peer = server.accept().await;
    let authenticate = peer.authenticate().await;
    let agent = authenticate.get_child("user-agent", ns::SASL2).unwrap();
    assert_eq!(agent.attr("id"), Some(device.as_str()));
    let resume = authenticate.get_child("resume", ns::SM).unwrap();
    assert_eq!(resume.attr("previd"), Some("s-1"));
    assert_eq!(resume.attr("h").unwrap(), handled.to_string());
    let inside = format!(
        "<resumed xmlns='urn:xmpp:sm:3' h='{received}' previd='s-1'/>{}",
        token("second")
    );
    peer.token(&authenticate, "first", &inside).await;
    peer.received = received;
    client.wait_online().await;
    peer.send(&from_bob("again")).await;
    client.wait_texts(&["hello", "again"]).await;

    // It survives a restart, which has nothing to resume.
    client.engine.close().await;
    drop(peer);
    client.restart().await;
    let mut peer = server.accept().await;
    let authenticate = peer.authenticate().await;
    assert!(!authenticate.has_child("resume", ns::SM));
    peer.token(&authenticate, "second", &bound("s-2")).await;
    peer.received = 0;
    peer.begin(&[]).await;
    client.wait_online().await;
    let sent = client.send("still here").await;
    peer.text().await;
    peer.acknowledge().await;
    client.wait_state(sent, DeliveryState::Sent).await;

    // Whoever signs out leaves nothing that signs in.
    let sign_out = client.engine.handle(Request::SignOut {
        account: client.account.clone(),
        wipe: true,
    });
    let revoke = async {
        while peer.next().await.is_some() {}
        let mut peer = server.accept().await;
        let authenticate = peer.authenticate().await;
        let fast = authenticate.get_child("fast", ns::FAST).unwrap();
        assert_eq!(fast.attr("invalidate"), Some("true"));
        assert!(!authenticate.has_child("bind", ns::BIND2));
        peer.token(&authenticate, "second", "").await;
        assert!(peer.closes_in_order().await);
    };
    let (signed_out, ()) = tokio::join!(sign_out, revoke);
    signed_out.unwrap();
    client.engine.close().await;
}

#[tokio::test]
async fn what_crossed_a_text_that_was_on_its_way_is_put_in_order_after_it_too() {
    let server = Server::start();
    let (client, mut peer, _) = start(&server).await;
    peer.acknowledges = false;
    client.send("mine").await;
    let wire = peer.text().await.attr("id").unwrap().to_owned();
    let received = peer.received;
    drop(peer);
    let mut peer = server.accept().await;
    let authenticate = peer.authenticate().await;
    let inside = format!("<resumed xmlns='urn:xmpp:sm:3' h='{received}' previd='s-1'/>");
    peer.token(&authenticate, "first", &inside).await;
    peer.received = received;
    // It was said before ours, and could not be delivered.
    peer.send(&from_bob("theirs")).await;
    let query = peer.with("query", ns::MAM).await;
    let page = [
        archived("s-theirs", &from_bob("theirs")),
        archived("s-mine", &from_rosa(&wire, "mine")),
    ];
    peer.answer_archive(&query, &page, true).await;
    client.wait_texts(&["theirs", "mine"]).await;
}

#[tokio::test]
async fn a_token_that_is_refused_gives_way_to_the_password_at_once() {
    let server = Server::start();
    let (client, peer, _) = start(&server).await;
    drop(peer);
    let mut peer = server.accept().await;
    let authenticate = peer.authenticate().await;
    assert!(authenticate.has_child("fast", ns::FAST));
    let failure = "<failure xmlns='urn:xmpp:sasl:2'>\
        <not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>";
    peer.send(failure).await;
    // On the same stream, and the session is still asked for; it is gone.
    let authenticate = peer.next_raw().await.unwrap();
    assert!(authenticate.has_child("resume", ns::SM));
    assert!(authenticate.has_child("request-token", ns::FAST));
    let inside = format!(
        "<failed xmlns='urn:xmpp:sm:3' h='3'/>{}{}",
        bound("s-2"),
        token("fresh")
    );
    peer.scram2(&authenticate, &inside).await;
    peer.received = 0;
    peer.begin(&[]).await;
    client.wait_online().await;
    drop(peer);

    // A server that ends the stream over it is asked on another one.
    let mut peer = server.accept().await;
    peer.authenticate().await;
    peer.send(failure).await;
    drop(peer);
    let mut peer = server.accept().await;
    let authenticate = peer.authenticate().await;
    peer.scram2(&authenticate, &bound("s-3")).await;
    peer.received = 0;
    peer.begin(&[]).await;
    client.wait_online().await;
    client.engine.close().await;
}

#[tokio::test]
async fn a_server_that_proves_nothing_is_not_believed() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let secrets = Arc::new(MemorySecrets::default());
    let engine = Engine::open(config(folder.path(), secrets, TIMEOUTS))
        .await
        .unwrap();
    let lie = async {
        let mut peer = server.accept().await;
        peer.authenticate().await;
        peer.send(&format!(
            "<success xmlns='urn:xmpp:sasl:2'><authorization-identifier>rosa@{DOMAIN}\
             </authorization-identifier></success>{FEATURES}"
        ))
        .await;
        peer
    };
    let (refused, _peer) = tokio::join!(engine.add_account(rosa(&server, PASSWORD)), lie);
    assert_eq!(refused.unwrap_err().code, ErrorCode::CertificateNotTrusted);
    let more = async {
        let mut peer = server.accept().await;
        peer.authenticate().await;
        peer.send(
            "<continue xmlns='urn:xmpp:sasl:2'><tasks><task>TOTP-EXAMPLE</task></tasks></continue>",
        )
        .await;
        peer
    };
    let (refused, _peer) = tokio::join!(engine.add_account(rosa(&server, PASSWORD)), more);
    assert_eq!(refused.unwrap_err().code, ErrorCode::SignInNotSupported);
    engine.close().await;
}

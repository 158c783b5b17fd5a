use std::sync::Arc;
use std::time::Duration;

use startalk_engine::api::{ConnectionView, ErrorCode, Request};
use startalk_engine::{Engine, MemorySecrets, Timeouts};
use xmpp_core::ns;

use crate::client::{Client, TIMEOUTS, config, rosa};
use crate::peer::{PASSWORD, SASL, Server, within};
use crate::resumption::silence;

async fn engine(timeouts: Timeouts) -> (tempfile::TempDir, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), Arc::new(MemorySecrets::default()), timeouts);
    let engine = Engine::open(config).await.unwrap();
    (folder, engine)
}

#[tokio::test]
async fn a_session_begins_in_the_right_order() {
    let server = Server::start();
    let secrets = Arc::new(MemorySecrets::default());
    let client = Client::join(&server, secrets, TIMEOUTS).await;
    client.send("written before the first session").await;
    let mut peer = server.signed_in().await;
    let mut resource = None;
    let mut order = Vec::new();
    for _ in 0..10 {
        let element = peer.next().await.unwrap();
        let payload = element.children().next();
        order.push(
            payload
                .filter(|_| element.is("iq", ns::CLIENT) || element.has_ns(ns::SM))
                .map_or(element.name(), |child| child.name())
                .to_owned(),
        );
        if element.is("enable", ns::SM) {
            peer.send("<enabled xmlns='urn:xmpp:sm:3' id='s' resume='1'/>")
                .await;
        } else if element.has_child("query", ns::MAM) {
            // Nothing of the outbox before the archive was read to its end.
            assert_eq!(peer.ask_handled().await, 6, "what it asked for");
            peer.answer_archive(&element, &[], true).await;
        } else if element.is("iq", ns::CLIENT) {
            resource = resource.or_else(|| {
                let bind = element.get_child("bind", ns::BIND)?;
                Some(bind.get_child("resource", ns::BIND)?.text())
            });
            peer.result(&element, "").await;
        }
    }
    assert_eq!(order[..2], ["bind", "enable"]);
    // The roster, its delimiter, who is blocked, and carbons: at once. What was read and
    // decided: once we are there, and would be told of more.
    order[2..6].sort();
    assert_eq!(
        order[2..],
        [
            "blocklist",
            "enable",
            "query",
            "query",
            "presence",
            "pubsub",
            "pubsub",
            "query"
        ]
    );
    assert_eq!(peer.text().await.attr("to"), Some("bob@team.internal"));

    // The same resource each time: the server can tell that it is the same device.
    drop(peer);
    let mut peer = server.signed_in().await;
    let resume = peer.next().await.unwrap();
    assert!(resume.is("resume", ns::SM));
    peer.send("<failed xmlns='urn:xmpp:sm:3'/>").await;
    let bind = peer.with("bind", ns::BIND).await;
    let again = bind
        .get_child("bind", ns::BIND)
        .unwrap()
        .get_child("resource", ns::BIND);
    assert_eq!(again.unwrap().text(), resource.unwrap());
}

#[tokio::test]
async fn a_wrong_password_leaves_nothing_behind() {
    let server = Server::start();
    let (folder, engine) = engine(TIMEOUTS).await;
    let refuse = async {
        let mut peer = server.accept().await;
        peer.open(SASL).await;
        assert!(!peer.sasl("something else").await);
    };
    let (refused, ()) = tokio::join!(engine.add_account(rosa(&server, PASSWORD)), refuse);
    assert_eq!(refused.unwrap_err().code, ErrorCode::WrongPassword);
    engine.close().await;
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "only the lock: {files:?}");
}

#[tokio::test]
async fn a_password_that_was_changed_elsewhere_is_asked_for_and_not_tried_again() {
    let server = Server::start();
    let (client, peer) = Client::start(&server).await;
    drop(peer);
    let mut peer = server.accept().await;
    peer.open(SASL).await;
    assert!(!peer.sasl("the new one").await);
    client
        .until("offline", async || match client.connection().await {
            ConnectionView::Offline { error } => {
                assert_eq!(error.unwrap().code, ErrorCode::WrongPassword);
                true
            }
            _ => false,
        })
        .await;
    // A wrong password that is tried again and again locks the account.
    client.ask(Request::NetworkChanged).await;
    silence(Duration::from_secs(15 * 60)).await;
    // The next connection is the one that tries what the user types now.
    let unlock = client.engine.handle(Request::Unlock {
        account: client.account.clone(),
        password: "the new one".to_owned(),
    });
    let check = async {
        let mut peer = server.accept().await;
        peer.sign_in_with("the new one").await;
        peer
    };
    let (unlocked, check) = tokio::join!(unlock, check);
    unlocked.unwrap();
    assert!(check.closes_in_order().await);
    let mut peer = server.accept().await;
    peer.sign_in_with("the new one").await;
}

#[tokio::test]
async fn every_way_to_fail_has_its_code() {
    let server = Server::start();
    let short = Timeouts {
        connect: Duration::from_millis(300),
        ..TIMEOUTS
    };
    let (_folder, engine) = engine(short).await;
    let add = || engine.add_account(rosa(&server, PASSWORD));

    // Takes the connection and says nothing.
    let (refused, _silent) = tokio::join!(add(), server.accept_tcp());
    assert_eq!(refused.unwrap_err().code, ErrorCode::ServerUnreachable);

    // Proves who it is, then says nothing.
    let (refused, _silent) = tokio::join!(add(), server.accept());
    assert_eq!(refused.unwrap_err().code, ErrorCode::TimedOut);

    // Speaks something else.
    let web = async {
        let mut peer = server.accept().await;
        peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            .await;
        peer.next().await
    };
    let (refused, _) = tokio::join!(add(), web);
    assert_eq!(refused.unwrap_err().code, ErrorCode::NotAChatServer);

    // Offers only what we do not take.
    let odd = async {
        let mut peer = server.accept().await;
        peer.open(
            "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
             <mechanism>ANONYMOUS</mechanism><mechanism>DIGEST-MD5</mechanism></mechanisms>",
        )
        .await;
        peer
    };
    let (refused, _peer) = tokio::join!(add(), odd);
    assert_eq!(refused.unwrap_err().code, ErrorCode::SignInNotSupported);

    // Is another than it should be: not one word is said to it.
    let mut elsewhere = rosa(&server, PASSWORD);
    elsewhere.target.trust.spki_sha256 = vec![navigation::SpkiPin::from_der_spki(b"other")];
    let (refused, failed) = tokio::join!(engine.add_account(elsewhere), server.refused_tls());
    assert!(failed);
    assert_eq!(refused.unwrap_err().code, ErrorCode::CertificateKeyChanged);
    engine.close().await;
}

#[tokio::test]
async fn an_endpoint_that_hangs_does_not_keep_us_from_the_next() {
    let hangs = Server::start();
    let server = Server::start();
    let (_folder, engine) = engine(TIMEOUTS).await;
    let mut new = rosa(&server, PASSWORD);
    new.target
        .endpoints
        .insert(0, hangs.target().endpoints[0].clone());
    let (added, peer) = tokio::join!(engine.add_account(new), server.signed_in());
    assert!(added.is_ok());
    assert!(peer.closes_in_order().await);
    engine.close().await;
}

#[tokio::test]
async fn who_is_thrown_out_by_a_copy_of_itself_does_not_fight_back() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.send(
        "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
    )
    .await;
    client
        .until("offline", async || {
            matches!(
                client.connection().await,
                ConnectionView::Offline { error: Some(_) }
            )
        })
        .await;
    // The user may take it back.
    client
        .ask(Request::ReconnectNow {
            account: client.account.clone(),
        })
        .await;
    drop(server.signed_in().await);
}

#[tokio::test]
async fn the_engine_says_goodbye() {
    let server = Server::start();
    let (client, peer) = Client::start(&server).await;
    let ((), closed) = tokio::join!(client.engine.close(), peer.closes_in_order());
    assert!(closed);
    let profile = client.folder.path().to_owned();
    let reopened = Engine::open(config(&profile, Arc::clone(&client.secrets), TIMEOUTS)).await;
    within("the end", reopened.unwrap().close()).await;
}

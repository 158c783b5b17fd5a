//! Another password: at the server, and for what this device keeps.

use std::path::PathBuf;
use std::sync::Arc;

use startalk_engine::api::{ErrorCode, Request, Response};
use startalk_engine::secrets::{Secret, SecretKind, SecretsError};
use startalk_engine::{MemorySecrets, NoSecrets, Secrets};
use xmpp_core::{Element, ns};

use crate::client::{Client, TIMEOUTS};
use crate::peer::{PASSWORD, Peer, SASL, Server, from_bob};

const NEW: &str = "another staple 新";

/// Rosa without a keyring, online and with a message.
async fn rosa(server: &Server) -> (Client, Peer) {
    let client = Client::join(server, Arc::new(NoSecrets), TIMEOUTS).await;
    let mut peer = server.session().await;
    client.wait_online().await;
    peer.send(&from_bob("words of ours")).await;
    client.wait_texts(&["words of ours"]).await;
    (client, peer)
}

async fn change(client: &Client, current: &str, new: &str) -> Result<bool, ErrorCode> {
    let request = Request::ChangePassword {
        account: client.account.clone(),
        current: current.to_owned(),
        new: new.to_owned(),
    };
    assert!(!format!("{request:?}").contains(new) || new.is_empty());
    match client.engine.handle(request).await {
        Ok(Response::PasswordChanged(kept)) => Ok(kept),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.code),
    }
}

async fn unlock(client: &Client, password: &str) -> Result<(), ErrorCode> {
    let request = Request::Unlock {
        account: client.account.clone(),
        password: password.to_owned(),
    };
    let unlocked = client.engine.handle(request).await;
    unlocked.map(drop).map_err(|error| error.code)
}

/// What the server is asked for.
async fn asked(peer: &mut Peer) -> Element {
    let iq = peer.with("query", ns::REGISTER).await;
    assert_eq!(iq.attr("type"), Some("set"));
    let query = iq.get_child("query", ns::REGISTER).unwrap();
    let text = |name| query.get_child(name, ns::REGISTER).map(Element::text);
    assert_eq!(text("username").as_deref(), Some("rosa"));
    assert_eq!(text("password").as_deref(), Some(NEW));
    iq
}

/// Says yes.
async fn accept(peer: &mut Peer) {
    let iq = asked(peer).await;
    peer.result(&iq, "").await;
}

/// The next connection, whose password is not the one of this server.
async fn refuse(server: &Server, password: &str) {
    let mut peer = server.accept().await;
    peer.open(SASL).await;
    assert!(!peer.sasl(password).await);
}

fn file(client: &Client, name: &str) -> PathBuf {
    let accounts = client.folder.path().join("accounts");
    accounts.join(&client.account).join(name)
}

fn kept(client: &Client) -> Option<Secret> {
    let kept = client.secrets.get(&client.account, SecretKind::Password);
    kept.unwrap()
}

#[tokio::test]
async fn with_a_keyring_the_new_one_is_kept_there() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    // Typed with another kind of space it is the same one (RFC 4013).
    let typed = PASSWORD.replacen(' ', "\u{a0}", 1);
    let (changed, ()) = tokio::join!(change(&client, &typed, NEW), accept(&mut peer));
    assert_eq!(changed, Ok(true));
    assert_eq!(kept(&client).unwrap().as_slice(), NEW.as_bytes());
    // It is what the next connection signs in with.
    drop(peer);
    let mut peer = server.accept().await;
    peer.sign_in_with(NEW).await;
    client.engine.close().await;
}

#[tokio::test]
async fn without_a_keyring_the_new_one_opens_the_same_cache() {
    let server = Server::start();
    let (mut client, mut peer) = rosa(&server).await;
    let (changed, ()) = tokio::join!(change(&client, PASSWORD, NEW), accept(&mut peer));
    assert_eq!(changed, Ok(true));
    assert!(!file(&client, "cache.key-next").exists());
    client.restart().await;
    let (old, ()) = tokio::join!(unlock(&client, PASSWORD), refuse(&server, NEW));
    assert_eq!(old, Err(ErrorCode::WrongPassword));
    unlock(&client, NEW).await.unwrap();
    assert_eq!(client.texts().await, ["words of ours"]);
    assert_eq!(client.overview().await.notices, []);
    client.engine.close().await;
}

#[tokio::test]
async fn a_server_that_refuses_leaves_all_as_it_was() {
    let server = Server::start();
    let (mut client, mut peer) = rosa(&server).await;
    let stanzas = "urn:ietf:params:xml:ns:xmpp-stanzas";
    for (condition, times, code) in [
        ("not-allowed", 1, ErrorCode::NotAllowed),
        ("not-acceptable", 1, ErrorCode::PasswordTooWeak),
        // Asked for the account, then for the server.
        ("service-unavailable", 2, ErrorCode::NotSupported),
    ] {
        let answers = async {
            for _ in 0..times {
                let iq = asked(&mut peer).await;
                let from = match iq.attr("to") {
                    Some(to) => format!("from='{to}'"),
                    None => String::new(),
                };
                let id = iq.attr("id").unwrap();
                let error =
                    format!("<error type='cancel'><{condition} xmlns='{stanzas}'/></error>");
                let answer = format!("<iq type='error' id='{id}' {from}>{error}</iq>");
                peer.send(&answer).await;
            }
        };
        let (changed, ()) = tokio::join!(change(&client, PASSWORD, NEW), answers);
        assert_eq!(changed, Err(code), "{condition}");
        assert!(!file(&client, "cache.key-next").exists());
    }
    client.restart().await;
    unlock(&client, PASSWORD).await.unwrap();
    assert_eq!(client.texts().await, ["words of ours"]);
    client.engine.close().await;
}

#[tokio::test]
async fn who_does_not_know_the_password_does_not_change_it() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    for (current, new, code) in [
        ("a guess", NEW, ErrorCode::WrongPassword),
        ("", NEW, ErrorCode::WrongPassword),
        (PASSWORD, "", ErrorCode::PasswordTooWeak),
        (PASSWORD, "bell\u{7}", ErrorCode::PasswordTooWeak),
    ] {
        assert_eq!(change(&client, current, new).await, Err(code));
    }
    // The server has not heard of it.
    client.send("afterwards").await;
    loop {
        let stanza = peer.next().await.unwrap();
        assert!(!stanza.has_child("query", ns::REGISTER));
        if stanza.has_child("body", ns::CLIENT) {
            break;
        }
    }
    assert_eq!(kept(&client).unwrap().as_slice(), PASSWORD.as_bytes());
    client.engine.close().await;
}

#[tokio::test]
async fn while_the_answer_is_lost_either_opens_the_cache_and_a_sign_in_decides() {
    let server = Server::start();
    let (mut client, mut peer) = rosa(&server).await;
    let lost = async {
        asked(&mut peer).await;
        drop(server);
        drop(peer);
    };
    let (changed, ()) = tokio::join!(change(&client, PASSWORD, NEW), lost);
    assert_eq!(changed, Err(ErrorCode::TimedOut));
    for password in [PASSWORD, NEW] {
        client.restart().await;
        unlock(&client, password).await.unwrap();
        assert_eq!(client.texts().await, ["words of ours"]);
        assert!(file(&client, "cache.key-next").exists());
    }
    // The server is back, and has done it.
    let server = Server::start();
    let moved = client
        .engine
        .update_target(&client.account, server.target());
    moved.await.unwrap();
    let mut session = server.accept().await;
    session.sign_in_with(NEW).await;
    session.begin(&[]).await;
    let mut proof = server.accept().await;
    proof.sign_in_with(NEW).await;
    assert!(proof.closes_in_order().await);
    client
        .until("it is decided", async || {
            !file(&client, "cache.key-next").exists()
        })
        .await;
    client.restart().await;
    let (old, ()) = tokio::join!(unlock(&client, PASSWORD), refuse(&server, NEW));
    assert_eq!(old, Err(ErrorCode::WrongPassword));
    unlock(&client, NEW).await.unwrap();
    assert_eq!(client.texts().await, ["words of ours"]);
    client.engine.close().await;
}

#[tokio::test]
async fn a_server_that_ends_the_session_by_it_has_done_it() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let ends = async {
        asked(&mut peer).await;
        drop(peer);
        // The session comes back with the old one, and the new one is proven, in
        // whichever order.
        loop {
            let mut peer = server.accept().await;
            peer.open(SASL).await;
            if peer.sasl(NEW).await {
                peer.restart();
                peer.open("").await;
                assert!(peer.closes_in_order().await);
                return;
            }
        }
    };
    let (changed, ()) = tokio::join!(change(&client, PASSWORD, NEW), ends);
    assert_eq!(changed, Ok(true));
    assert_eq!(kept(&client).unwrap().as_slice(), NEW.as_bytes());
    client.engine.close().await;
}

/// A keyring that takes nothing new for a password that it has.
#[derive(Default)]
struct Full(MemorySecrets);

impl Secrets for Full {
    fn get(&self, account: &str, kind: SecretKind) -> Result<Option<Secret>, SecretsError> {
        self.0.get(account, kind)
    }

    fn set(&self, account: &str, kind: SecretKind, secret: &[u8]) -> Result<(), SecretsError> {
        match kind == SecretKind::Password && self.0.get(account, kind)?.is_some() {
            true => Err(SecretsError("full".to_owned())),
            false => self.0.set(account, kind, secret),
        }
    }

    fn delete(&self, account: &str, kind: SecretKind) -> Result<(), SecretsError> {
        self.0.delete(account, kind)
    }

    fn is_available(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn that_the_keyring_does_not_keep_it_is_said() {
    let server = Server::start();
    let client = Client::join(&server, Arc::new(Full::default()), TIMEOUTS).await;
    let mut peer = server.session().await;
    client.wait_online().await;
    let (changed, ()) = tokio::join!(change(&client, PASSWORD, NEW), accept(&mut peer));
    assert_eq!(changed, Ok(false));
    // In this run it is known.
    drop(peer);
    let mut peer = server.accept().await;
    peer.sign_in_with(NEW).await;
    client.engine.close().await;
}

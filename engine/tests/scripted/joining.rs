//! Making an account with an invite: what comes after it can fail when the invite is
//! spent already.

use std::sync::Arc;

use startalk_engine::api::ErrorCode;
use startalk_engine::{Engine, MemorySecrets, NewAccount, NewUser};
use xmpp_core::{Element, ns};

use crate::client::{TIMEOUTS, config};
use crate::peer::{PASSWORD, Peer, SASL, Server};

const TOKEN: &str = "k7m2qa";

async fn engine() -> (tempfile::TempDir, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), Arc::new(MemorySecrets::default()), TIMEOUTS);
    let engine = Engine::open(config).await.unwrap();
    (folder, engine)
}

/// Somebody with an invite, and a wish for a name.
fn invited(server: &Server) -> NewAccount {
    NewAccount {
        target: server.target(),
        user: NewUser::Register {
            display_name: "Rosa".to_owned(),
            token: TOKEN.to_owned(),
        },
        password: PASSWORD.to_owned(),
    }
}

/// The next connection, which shows its invite.
async fn shown(server: &Server) -> (Peer, Element) {
    let mut peer = server.accept().await;
    peer.open(SASL).await;
    let iq = peer.with("preauth", ns::PREAUTH).await;
    let preauth = iq.get_child("preauth", ns::PREAUTH).unwrap();
    assert_eq!(preauth.attr("token"), Some(TOKEN));
    (peer, iq)
}

/// The next connection, whose invite is good, and what it wants.
async fn registering(server: &Server) -> (Peer, Element) {
    let (mut peer, iq) = shown(server).await;
    peer.result(&iq, "").await;
    let query = peer.with("query", ns::REGISTER).await;
    (peer, query)
}

async fn refuse(mut peer: Peer, iq: &Element, condition: &str) {
    let id = iq.attr("id").unwrap();
    peer.send(&format!(
        "<iq type='error' id='{id}'><error type='cancel'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ))
    .await;
    assert!(peer.closes_in_order().await);
}

/// The next connection, with an invite that was good for one account.
async fn spent(server: &Server) {
    let (peer, iq) = shown(server).await;
    refuse(peer, &iq, "item-not-found").await;
}

/// The next connection, with a name that is somebody's.
async fn taken(server: &Server) {
    let (peer, iq) = registering(server).await;
    refuse(peer, &iq, "conflict").await;
}

/// The next connection, which sees whether the password is right: it is.
async fn proven(server: &Server) {
    let proof = server.signed_in().await;
    assert!(proof.closes_in_order().await);
}

/// Makes the account, and is gone before it can say so.
async fn made_unseen(server: &Server) {
    let (peer, _) = registering(server).await;
    drop(peer);
    // That it looks whether the account is there helps nobody.
    drop(server.accept_tcp().await);
}

#[tokio::test]
async fn an_account_that_was_made_is_kept_though_its_first_sign_in_is_lost() {
    let server = Server::start();
    let (_folder, engine) = engine().await;
    let talk = async {
        let (mut peer, query) = registering(&server).await;
        peer.result(&query, "").await;
        assert!(peer.closes_in_order().await);
        drop(server.accept_tcp().await);
    };
    let (added, ()) = tokio::join!(engine.add_account(invited(&server)), talk);
    added.unwrap();
    // Its own session comes as soon as that is possible.
    drop(server.signed_in().await);
    engine.close().await;
}

#[tokio::test]
async fn an_account_is_looked_for_when_the_answer_is_lost() {
    let server = Server::start();
    let (_folder, engine) = engine().await;
    let talk = async {
        let (peer, _) = registering(&server).await;
        drop(peer);
        proven(&server).await;
    };
    let (added, ()) = tokio::join!(engine.add_account(invited(&server)), talk);
    added.unwrap();
    drop(server.signed_in().await);
    engine.close().await;
}

#[tokio::test]
async fn whoever_tries_again_gets_the_account_that_the_first_try_has_made() {
    for is_for_one in [true, false] {
        let server = Server::start();
        let (_folder, engine) = engine().await;
        let join = || engine.add_account(invited(&server));
        let (lost, ()) = tokio::join!(join(), made_unseen(&server));
        assert_eq!(lost.unwrap_err().code, ErrorCode::ServerUnreachable);
        let talk = async {
            match is_for_one {
                true => spent(&server).await,
                false => taken(&server).await,
            }
            proven(&server).await;
        };
        let (added, ()) = tokio::join!(join(), talk);
        added.unwrap();
        drop(server.signed_in().await);
        engine.close().await;
    }
}

#[tokio::test]
async fn what_somebody_else_has_made_stays_theirs() {
    let server = Server::start();
    let (_folder, engine) = engine().await;
    let join = || engine.add_account(invited(&server));
    // Who never tried has nothing to find, whatever their password is.
    let (refused, ()) = tokio::join!(join(), taken(&server));
    assert_eq!(refused.unwrap_err().code, ErrorCode::NameTaken);
    // Nor where it is the invite that is spent: the password is tried nowhere.
    let (refused, ()) = tokio::join!(join(), spent(&server));
    assert_eq!(refused.unwrap_err().code, ErrorCode::InviteNotValid);
    engine.close().await;
}

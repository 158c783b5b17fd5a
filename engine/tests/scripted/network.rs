//! The way to the servers, as the user sets it while the program runs.

use std::sync::Arc;

use startalk_engine::api::{
    ApiError, ConnectionRequest, ConnectionView, ErrorCode, ProxyChoice, ProxyView, Request,
    Response,
};
use startalk_engine::secrets::{Secret, SecretKind, SecretsError};
use startalk_engine::{Engine, MemorySecrets, ProxyKind, Secrets};

use xmpp_core::ns;

use crate::client::{BOB, Client, TIMEOUTS, config, rosa};
use crate::peer::{PASSWORD, Server, from_bob};
use crate::proxy::{SECRET, ScriptedProxy, USER};

/// A keyring that does not answer.
struct NoKeyring;

fn silence<T>() -> Result<T, SecretsError> {
    Err(SecretsError("nobody answers".to_owned()))
}

impl Secrets for NoKeyring {
    fn get(&self, _: &str, _: SecretKind) -> Result<Option<Secret>, SecretsError> {
        silence()
    }

    fn set(&self, _: &str, _: SecretKind, _: &[u8]) -> Result<(), SecretsError> {
        silence()
    }

    fn delete(&self, _: &str, _: SecretKind) -> Result<(), SecretsError> {
        silence()
    }

    fn is_available(&self) -> bool {
        false
    }
}

async fn ask(engine: &Engine, request: ConnectionRequest) -> Result<Response, ApiError> {
    engine.handle(Request::Connection(request)).await
}

async fn proxy(engine: &Engine) -> ProxyView {
    match ask(engine, ConnectionRequest::Proxy).await.unwrap() {
        Response::Proxy(view) => view,
        other => panic!("{other:?}"),
    }
}

/// With a keyring a proxy and its password are there again after a restart; without
/// one the password lives as long as the program.
#[tokio::test]
async fn row_21_a_proxy_is_set_while_the_program_runs() {
    for has_keyring in [true, false] {
        let server = Server::start();
        let scripted = ScriptedProxy::start(ProxyKind::Http, true, server.port(), &[]).await;
        let secrets: Arc<dyn Secrets> = match has_keyring {
            true => Arc::new(MemorySecrets::default()),
            false => Arc::new(NoKeyring),
        };
        let folder = tempfile::tempdir().unwrap();
        let open = || Engine::open(config(folder.path(), Arc::clone(&secrets), TIMEOUTS));
        let engine = open().await.unwrap();
        assert_eq!(proxy(&engine).await.choice, ProxyChoice::System);

        let choice = ProxyChoice::Manual(scripted.manual(Some(USER)));
        let set = |choice: &ProxyChoice, password: Option<&str>| ConnectionRequest::SetProxy {
            proxy: choice.clone(),
            password: password.map(str::to_owned),
        };
        let mut new = rosa(&server, PASSWORD);
        new.target.endpoints[0].host = "chat.invalid".to_owned();
        let again = || startalk_engine::NewAccount {
            target: new.target.clone(),
            ..rosa(&server, PASSWORD)
        };
        ask(&engine, set(&choice, Some("wrong"))).await.unwrap();
        let refused = engine.add_account(again()).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::ProxyPassword);

        ask(&engine, set(&choice, Some(SECRET))).await.unwrap();
        // What is said again without a password keeps it.
        ask(&engine, set(&choice, None)).await.unwrap();
        let view = proxy(&engine).await;
        assert_eq!((&view.choice, view.has_password), (&choice, true));
        let prove = async {
            let peer = server.signed_in().await;
            assert!(peer.closes_in_order().await);
            server.session().await
        };
        let (added, _peer) = tokio::join!(engine.add_account(again()), prove);
        added.unwrap();
        engine.close().await;

        let kept = std::fs::read_to_string(folder.path().join("network.json")).unwrap();
        assert!(!kept.contains(SECRET), "{kept}");
        let engine = open().await.unwrap();
        let view = proxy(&engine).await;
        assert_eq!((&view.choice, view.has_password), (&choice, has_keyring));
        // Another proxy never sees the password of this one.
        let mut other = scripted.manual(Some(USER));
        other.host = "elsewhere.invalid".to_owned();
        ask(&engine, set(&ProxyChoice::Manual(other), None))
            .await
            .unwrap();
        assert!(!proxy(&engine).await.has_password);
        ask(&engine, set(&ProxyChoice::None, None)).await.unwrap();
        assert_eq!(proxy(&engine).await.choice, ProxyChoice::None);
        engine.close().await;
    }
}

#[tokio::test]
async fn what_can_be_no_proxy_is_not_taken() {
    let server = Server::start();
    let scripted = ScriptedProxy::start(ProxyKind::Socks5, true, server.port(), &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let secrets = Arc::new(MemorySecrets::default());
    let engine = Engine::open(config(folder.path(), secrets, TIMEOUTS))
        .await
        .unwrap();
    let good = scripted.manual(Some(USER));
    let too_long = "x".repeat(256);
    for (host, port, user, password) in [
        ("", 1, USER, None),
        ("a b", 1, USER, None),
        ("proxy", 0, USER, None),
        ("proxy", 1, "", None),
        ("proxy", 1, "a:b", None),
        ("proxy", 1, too_long.as_str(), None),
        ("proxy", 1, USER, Some(too_long.clone())),
    ] {
        let mut manual = good.clone();
        manual.host = host.to_owned();
        manual.port = port;
        manual.username = Some(user.to_owned());
        let request = ConnectionRequest::SetProxy {
            proxy: ProxyChoice::Manual(manual),
            password,
        };
        let refused = ask(&engine, request).await.unwrap_err();
        assert_eq!(
            refused.code,
            ErrorCode::InputNotUnderstood,
            "{host} {port} {user}"
        );
    }
    assert_eq!(proxy(&engine).await.choice, ProxyChoice::System);
    engine.close().await;
}

/// Whether a password or not: what is not shown cannot be trusted, and what is shown
/// is trusted by its fingerprint alone.
#[tokio::test]
async fn u106_a_new_key_is_trusted_by_who_knows_its_fingerprint() {
    let server = Server::start();
    let (mut client, peer) = Client::start(&server).await;
    let trust = |fingerprint: &str| ConnectionRequest::TrustKey {
        account: client.account.clone(),
        fingerprint: fingerprint.to_owned(),
    };
    let renewed = Server::start();
    let pin = renewed.target().trust.spki_sha256[0].to_string();
    // Nothing was shown yet.
    let refused = ask(&client.engine, trust(&pin)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotAllowed);

    let mut target = renewed.target();
    target.trust = server.target().trust;
    client
        .engine
        .update_target(&client.account, target)
        .await
        .unwrap();
    drop(peer);
    assert!(renewed.refused_tls().await);
    let shown = async || match client.connection().await {
        ConnectionView::Offline { error: Some(error) } => Some(error),
        _ => None,
    };
    client
        .until("the problem", async || shown().await.is_some())
        .await;
    let error = shown().await.unwrap();
    assert_eq!(error.code, ErrorCode::CertificateKeyChanged);
    assert_eq!(error.values.get("fingerprint"), Some(&pin));
    assert_eq!(error.values.get("subject").unwrap(), crate::peer::DOMAIN);

    let another = Server::start().target().trust.spki_sha256[0].to_string();
    for (typed, code) in [
        ("", ErrorCode::InputNotUnderstood),
        ("yes", ErrorCode::InputNotUnderstood),
        (another.as_str(), ErrorCode::CertificateKeyChanged),
    ] {
        let refused = ask(&client.engine, trust(typed)).await.unwrap_err();
        assert_eq!(refused.code, code, "{typed}");
    }
    let (first, second) = pin.split_at(20);
    let spaced = format!(" {first} {second}\n");
    let begin = async {
        let mut peer = renewed.signed_in().await;
        // It knows nothing of the session with the old key.
        assert!(peer.next().await.unwrap().is("resume", ns::SM));
        peer.send("<failed xmlns='urn:xmpp:sm:3'/>").await;
        peer.begin(&[]).await;
        peer
    };
    let (trusted, mut peer) = tokio::join!(ask(&client.engine, trust(&spaced)), begin);
    trusted.unwrap();
    client.wait_online().await;
    peer.send(&from_bob("hello")).await;
    client.wait_texts(&["hello"]).await;

    // It is the pin from now on.
    let (_, mut peer) = tokio::join!(client.restart(), renewed.session());
    client.wait_online().await;
    client.send("again").await;
    assert_eq!(peer.text().await.attr("to"), Some(BOB));
}

//! What people can see of their connection: how it is, whether it would come about,
//! and what whoever runs the server has set.

use std::num::NonZeroU32;

use navigation::{
    Endpoint, NavigationDocument, NavigationLink, Preview, SignedDocument, SigningKey, Transport,
};
use startalk_engine::api::{
    CheckStep, CheckView, ConnectionRequest, ConnectionStatusView, ErrorCode, ManagedSetting,
    ManagedSource, ManagedView, PreviewLimit, Request, Response, ValueOrigin, Way,
};
use startalk_engine::{Engine, MemorySecrets};
use xmpp_core::ns;

use crate::authority::Ca;
use crate::client::{Client, TIMEOUTS, config};
use crate::peer::{PASSWORD, Server};

async fn status(client: &Client) -> ConnectionStatusView {
    let account = client.account.clone();
    let request = ConnectionRequest::Status { account };
    match client.ask(Request::Connection(request)).await {
        Response::ConnectionStatus(view) => *view,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn u69_how_the_connection_is() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let answer = async {
        let ping = peer.with("ping", ns::PING).await;
        let (domain, id) = (crate::peer::DOMAIN, ping.attr("id").unwrap());
        peer.send(&format!("<iq type='result' from='{domain}' id='{id}'/>"))
            .await;
    };
    let (online, ()) = tokio::join!(status(&client), answer);
    assert_eq!(online.way, Some(Way::DirectTls));
    assert!(online.round_trip_ms.is_some());
    assert!(online.since_ms.is_some() && online.caught_up_ms >= online.since_ms);
    assert_eq!(online.waiting, 0);
    let certificate = online.certificate.unwrap();
    assert_eq!(certificate.subject, crate::peer::DOMAIN);
    assert!(certificate.self_signed);
    let pin = server.target().trust.spki_sha256[0].to_string();
    assert_eq!(certificate.fingerprint, pin);

    // Without a session nobody is asked, and what waits is counted.
    drop((peer, server));
    client
        .until("the loss", async || status(&client).await.way.is_none())
        .await;
    client.send("later").await;
    let offline = status(&client).await;
    assert_eq!((offline.round_trip_ms, offline.waiting), (None, 1));
    assert!(offline.certificate.is_some() && offline.caught_up_ms.is_some());
    client.engine.close().await;
}

async fn engine() -> (tempfile::TempDir, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let secrets = std::sync::Arc::new(MemorySecrets::default());
    let engine = Engine::open(config(folder.path(), secrets, TIMEOUTS)).await;
    (folder, engine.unwrap())
}

async fn check(engine: &Engine, input: &str) -> CheckView {
    let request = ConnectionRequest::Check {
        input: input.to_owned(),
    };
    match engine.handle(Request::Connection(request)).await.unwrap() {
        Response::Checked(view) => *view,
        other => panic!("{other:?}"),
    }
}

/// A link with all that is to be known of a server.
fn link(change: impl FnOnce(&mut NavigationDocument), server: &Server) -> String {
    let mut document = NavigationDocument::new(server.target(), jiff::Timestamp::now());
    change(&mut document);
    let key = SigningKey::from_seed(&[7; 32]);
    NavigationLink::Embedded(SignedDocument::sign(&document, &key).unwrap()).to_link()
}

#[tokio::test]
async fn u118_the_way_to_a_server_is_tried_without_an_account() {
    let (_folder, engine) = engine().await;
    let server = Server::start();
    let answer = async {
        let mut peer = server.accept().await;
        peer.open("").await;
        assert!(peer.closes_in_order().await, "and nobody has signed in");
    };
    let input = link(|_| {}, &server);
    let (fine, ()) = tokio::join!(check(&engine, &input), answer);
    assert_eq!((fine.code.as_str(), fine.failed), ("0-000-0", None));
    assert_eq!(fine.way, Some(Way::DirectTls));
    assert!(fine.certificate.is_some());
    assert_eq!(fine.domain.as_deref(), Some(crate::peer::DOMAIN));

    let nobody = link(
        |document| {
            document.target.endpoints = vec![Endpoint {
                transport: Transport::DirectTls,
                host: "127.0.0.1".to_owned(),
                port: 1,
                path: None,
            }];
        },
        &server,
    );
    let off = check(&engine, &nobody).await;
    assert_eq!(
        (off.code.as_str(), off.failed),
        ("3-302-7", Some(CheckStep::Reach))
    );

    let other = Ca::new("Company").trust();
    let input = link(|document| document.target.trust = other, &server);
    let (unproven, refused) = tokio::join!(check(&engine, &input), server.refused_tls());
    assert!(refused);
    assert_eq!(unproven.failed, Some(CheckStep::Certificate));
    let error = unproven.error.unwrap();
    assert_eq!(error.code, ErrorCode::CertificateNotTrusted);
    // Whose it is, for who has to judge.
    let pin = server.target().trust.spki_sha256[0].to_string();
    assert_eq!(error.values.get("subject").unwrap(), crate::peer::DOMAIN);
    assert_eq!(error.values.get("fingerprint"), Some(&pin));
    assert!(error.values.contains_key("valid-until-ms"));

    let nonsense = check(&engine, "what is it?").await;
    assert_eq!(nonsense.failed, Some(CheckStep::Address));
    assert_eq!(nonsense.domain, None);
    assert!(nonsense.code.starts_with("1-102-"), "{}", nonsense.code);
    engine.close().await;
}

async fn managed(engine: &Engine, account: &str) -> ManagedView {
    let request = ConnectionRequest::Managed {
        account: account.to_owned(),
    };
    match engine.handle(Request::Connection(request)).await.unwrap() {
        Response::Managed(view) => *view,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn u117_u84_what_whoever_runs_the_server_has_set() {
    let (folder, engine) = engine().await;
    let server = Server::start();
    let input = link(
        |document| {
            document.serial = 4;
            document.policy.cache_days = NonZeroU32::new(30);
            document.policy.preview = Some(Preview::Name);
        },
        &server,
    );
    let join = Request::Join {
        input,
        name: "rosa".to_owned(),
        password: PASSWORD.to_owned(),
    };
    let prove = async { assert!(server.signed_in().await.closes_in_order().await) };
    let (joined, ()) = tokio::join!(engine.handle(join), prove);
    let Response::Account(account) = joined.unwrap() else {
        panic!()
    };
    // It is there after a restart, too.
    engine.close().await;
    let secrets = std::sync::Arc::new(MemorySecrets::default());
    let engine = Engine::open(config(folder.path(), secrets, TIMEOUTS))
        .await
        .unwrap();
    let view = managed(&engine, &account).await;
    let ManagedSource::Navigation {
        url,
        issuer_fingerprint,
        serial,
        issued_at_ms,
        ..
    } = &view.source
    else {
        panic!("{view:?}")
    };
    assert_eq!((url, *serial), (&None, 4));
    let issuer = SigningKey::from_seed(&[7; 32]).issuer();
    assert_eq!(*issuer_fingerprint, issuer.fingerprint());
    assert!(*issued_at_ms > 0);
    let set: Vec<_> = view
        .values
        .iter()
        .filter(|value| value.origin == ValueOrigin::Navigation)
        .map(|value| &value.setting)
        .collect();
    assert!(
        set.contains(&&ManagedSetting::CacheDays(Some(30))),
        "{set:?}"
    );
    assert!(
        set.contains(&&ManagedSetting::Preview(PreviewLimit::Name)),
        "{set:?}"
    );
    let Response::Overview(overview) = engine.handle(Request::Overview).await.unwrap() else {
        panic!()
    };
    assert_eq!(overview.accounts[0].preview_limit, PreviewLimit::Name);
    let unknown = ConnectionRequest::Managed {
        account: "nobody".to_owned(),
    };
    let refused = engine.handle(Request::Connection(unknown)).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::NotFound);
    engine.close().await;
}

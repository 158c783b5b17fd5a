//! To web addresses: signed, tried again, and never to what is not public.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use startalk_server_lite::{PersonalWebhooks, Secret};

use super::{APP, enable, is_notification, say};
use crate::client::Client;
use crate::server::Server;
use crate::web::{Hook, Http};

/// What a hook was told, its signature checked.
fn told(request: &Http, secret: Option<&str>) -> Value {
    assert_eq!(request.first, "POST /hook HTTP/1.1");
    assert_eq!(request.header("content-type"), "application/json");
    let signature = secret.map_or(String::new(), |secret| {
        let mut hmac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        hmac.update(request.header("x-startalk-timestamp").as_bytes());
        hmac.update(b".");
        hmac.update(&request.body);
        format!("sha256={}", HEXLOWER.encode(&hmac.finalize().into_bytes()))
    });
    assert_eq!(request.header("x-startalk-signature"), signature);
    serde_json::from_slice(&request.body).unwrap()
}

#[tokio::test]
async fn web_addresses_of_the_configuration_hear_of_everybody() {
    let mut hook = Hook::start().await;
    // The first time it is ill, the second it wants to be elsewhere.
    hook.answers.extend([503, 200, 302]);
    let url = hook.url();
    let server = Server::with(|config| {
        config.push.webhooks = vec![url];
        config.push.secret = Some(Secret::new("north"));
        config.push.allow_private = true;
    })
    .await;
    server.accounts(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    say(&mut rosa, "bob@team.internal", "hello").await;
    for _ in 0..2 {
        let said = told(&hook.next().await, Some("north"));
        let fields: Vec<_> = said
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(fields, ["account", "event", "message_count", "time"]);
        assert_eq!(said["account"], "bob@team.internal");
        assert_eq!(said["message_count"], 1);
    }
    say(&mut rosa, "bob@team.internal", "more").await;
    assert_eq!(told(&hook.next().await, Some("north"))["message_count"], 2);
    // Not followed: the next that comes is about the next message.
    say(&mut rosa, "bob@team.internal", "and more").await;
    assert_eq!(told(&hook.next().await, Some("north"))["message_count"], 3);
}

#[tokio::test]
async fn people_set_web_addresses_of_their_own() {
    let mut hook = Hook::start().await;
    let server = Server::with(|config| {
        config.push.personal_webhooks = PersonalWebhooks::Any;
        config.push.with_sender = true;
        config.push.with_body = true;
        config.push.allow_private = true;
    })
    .await;
    server.accounts(&["rosa", "bob", "eve"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    let service = "push.team.internal";
    bob.set("", &enable(service, &hook.url(), "mine"))
        .await
        .unwrap();
    // Of others it hears nothing.
    say(&mut rosa, "eve@team.internal", "for eve").await;
    say(&mut rosa, "bob@team.internal", "for bob").await;
    let said = told(&hook.next().await, Some("mine"));
    assert_eq!(said["account"], "bob@team.internal");
    assert_eq!(
        (&said["sender"], &said["body"]),
        (&"rosa@team.internal".into(), &"for bob".into())
    );
    bob.set("", &enable(service, &hook.url(), ""))
        .await
        .unwrap();
    say(&mut rosa, "bob@team.internal", "unsigned").await;
    // An address that is gone is not told any more.
    hook.answers.push_back(410);
    assert_eq!(told(&hook.next().await, None)["body"], "unsigned");
    let mut second = Hook::start().await;
    bob.set("", &enable(service, &second.url(), ""))
        .await
        .unwrap();
    say(&mut rosa, "bob@team.internal", "last").await;
    assert_eq!(told(&second.next().await, None)["body"], "last");
}

#[tokio::test]
async fn addresses_of_this_machine_are_not_told_unless_allowed() {
    let mut hook = Hook::start().await;
    let url = hook.url();
    for url in [
        url.replace("http:", "https:"),
        url.clone(),
        "no address".to_owned(),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut config = crate::server::config(folder.path().to_owned());
        config.push.webhooks = vec![url.clone()];
        let started = startalk_server_lite::start(config).await;
        let error = started.unwrap_err().to_string();
        assert!(error.starts_with("push.webhooks: "), "{error}");
        assert!(!error.contains("hook\""), "{error}");
    }
    // What was set when it was allowed is not told when it is no more.
    let allow = |config: &mut startalk_server_lite::Config| {
        config.push.personal_webhooks = PersonalWebhooks::Any;
        config.push.allow_private = true;
    };
    let mut server = Server::with(allow).await;
    server.accounts(&["rosa", "bob", "app"]).await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    bob.set("", &enable("push.team.internal", &url, ""))
        .await
        .unwrap();
    bob.set("", &enable(APP, "n", "")).await.unwrap();
    server.stop().await;
    let any = |config: &mut startalk_server_lite::Config| {
        config.push.personal_webhooks = PersonalWebhooks::Any;
    };
    server.start_with(any).await;
    let mut app = Client::online(&server, "app", "service").await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    say(&mut rosa, "bob@team.internal", "quiet").await;
    // The app server comes after the web address in the list.
    is_notification(&mut app).await;
    server.stop().await;
    server.start_with(allow).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    say(&mut rosa, "bob@team.internal", "loud").await;
    assert_eq!(
        told(&hook.next().await, None)["message_count"],
        2,
        "the first it hears"
    );
}

//! Notifications for who is away (XEP-0357): to an account that is an app
//! server, and to web addresses.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use startalk_server_lite::{PersonalWebhooks, PushOptions, Secret};
use xmpp_core::{Element, ns};

use crate::client::{Client, value};
use crate::server::Server;
use crate::web::{Hook, Http};

fn enable(jid: &str, node: &str, secret: &str) -> String {
    let form = match secret {
        "" => String::new(),
        secret => format!(
            "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>{}</value></field>\
             <field var='secret'><value>{secret}</value></field></x>",
            ns::PUBSUB_PUBLISH_OPTIONS
        ),
    };
    let push = ns::PUSH;
    format!("<enable xmlns='{push}' jid='{jid}' node='{node}'>{form}</enable>")
}

fn disable(jid: &str, node: &str) -> String {
    let node = match node {
        "" => String::new(),
        node => format!("node='{node}'"),
    };
    format!("<disable xmlns='{}' jid='{jid}' {node}/>", ns::PUSH)
}

async fn say(client: &mut Client, to: &str, text: &str) {
    client
        .send(format!(
            "<message to='{to}' type='chat'><body>{text}</body></message>"
        ))
        .await;
}

const APP: &str = "app@team.internal";

/// The notification in a request to an app server: node, fields, secret.
fn published(iq: &Element) -> (String, Vec<(String, String)>, Option<String>) {
    assert_eq!((iq.name(), iq.attr("type")), ("iq", Some("set")));
    assert_eq!(iq.attr("from"), Some("team.internal"));
    let pubsub = iq.get_child("pubsub", ns::PUBSUB).unwrap();
    let publish = pubsub.get_child("publish", ns::PUBSUB).unwrap();
    let item = publish.get_child("item", ns::PUBSUB).unwrap();
    let notification = item.get_child("notification", ns::PUSH).unwrap();
    let form = notification.get_child("x", ns::DATA_FORMS).unwrap();
    let field = |field: &Element| (field.attr("var").unwrap().to_owned(), value(field));
    let fields: Vec<_> = form.children().map(field).collect();
    assert_eq!(fields[0].1, ns::PUSH_SUMMARY);
    let options = pubsub.get_child("publish-options", ns::PUBSUB);
    let secret = options.map(|options| {
        let form = options.get_child("x", ns::DATA_FORMS).unwrap();
        let field = form
            .children()
            .find(|field| field.attr("var") == Some("secret"));
        value(field.unwrap())
    });
    let node = publish.attr("node").unwrap_or_default().to_owned();
    (node, fields[1..].to_vec(), secret)
}

fn one(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

async fn is_notification(client: &mut Client) -> Element {
    client.until(|element| element.name() == "iq").await
}

#[tokio::test]
async fn an_account_that_is_an_app_server_is_told() {
    let server = Server::of(&["rosa", "bob", "app"]).await;
    let mut app = Client::online(&server, "app", "service").await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    bob.set("", &enable(APP, "the phone of bob", "s3cret"))
        .await
        .unwrap();
    // While he is there, nobody is told.
    say(&mut rosa, "bob@team.internal", "here").await;
    bob.text("here").await;
    bob.send("</stream:stream>").await;
    bob.end().await;
    rosa.send("<message to='bob@team.internal'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>").await;
    rosa.send("<message to='bob@team.internal' type='chat'><received xmlns='urn:xmpp:receipts' id='1'/></message>").await;
    say(&mut rosa, "bob@team.internal", "away").await;
    let first = is_notification(&mut app).await;
    let (node, fields, secret) = published(&first);
    assert_eq!(
        (node.as_str(), secret.as_deref()),
        ("the phone of bob", Some("s3cret"))
    );
    // Two wait, the receipt among them; who wrote and what is not said unless
    // it is configured.
    assert_eq!(fields, [one("message-count", "2")]);
    let id = first.attr("id").unwrap();
    app.send(format!("<iq type='result' id='{id}' to='team.internal'/>"))
        .await;
    say(&mut rosa, "bob@team.internal", "again").await;
    let (_, fields, _) = published(&is_notification(&mut app).await);
    assert_eq!(fields, [one("message-count", "3")]);
}

#[tokio::test]
async fn sender_and_text_are_said_if_configured() {
    let server = Server::with(|config| {
        config.push = PushOptions {
            with_sender: true,
            with_body: true,
            ..PushOptions::default()
        };
    })
    .await;
    server.accounts(&["rosa", "bob", "app"]).await;
    let mut app = Client::online(&server, "app", "service").await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    bob.set("", &enable(APP, "", "")).await.unwrap();
    // Connected, but not available: no message reaches him.
    say(&mut rosa, "bob@team.internal", "你好").await;
    let (node, fields, secret) = published(&is_notification(&mut app).await);
    assert_eq!((node.as_str(), secret), ("", None));
    let expected = [
        one("message-count", "1"),
        one("last-message-sender", "rosa@team.internal"),
        one("last-message-body", "你好"),
    ];
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn a_session_that_waits_to_be_resumed_is_away() {
    let server = Server::of(&["rosa", "bob", "app"]).await;
    let mut app = Client::online(&server, "app", "service").await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    bob.set("", &enable(APP, "n", "")).await.unwrap();
    bob.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        .await;
    bob.until(|element| element.is("enabled", ns::SM)).await;
    drop(bob);
    // The server sees that the connection is gone when it does.
    loop {
        say(&mut rosa, "bob@team.internal", "are you there?").await;
        rosa.sync().await;
        let told = app.sync().await;
        if told.iter().any(|element| element.name() == "iq") {
            break;
        }
    }
}

#[tokio::test]
async fn what_is_disabled_or_refused_is_not_told_any_more() {
    let server = Server::of(&["rosa", "bob", "app"]).await;
    let mut app = Client::online(&server, "app", "service").await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    for node in ["one", "two", "three"] {
        bob.set("", &enable(APP, node, "")).await.unwrap();
    }
    bob.set("", &enable(APP, "two", "again")).await.unwrap();
    let nodes = async |app: &mut Client, rosa: &mut Client, count: usize| {
        say(rosa, "bob@team.internal", "x").await;
        let mut told = Vec::new();
        for _ in 0..count {
            let iq = is_notification(app).await;
            told.push((published(&iq).0, iq.attr("id").unwrap().to_owned()));
        }
        told
    };
    let told = nodes(&mut app, &mut rosa, 3).await;
    let names: Vec<_> = told.iter().map(|(node, _)| node.as_str()).collect();
    assert_eq!(names, ["one", "two", "three"]);
    // An error to wait changes nothing; one from somebody else neither.
    let error = |id: &str, kind: &str| {
        format!(
            "<iq type='error' id='{id}' to='team.internal'><error type='{kind}'>\
             <item-not-found xmlns='{}'/></error></iq>",
            ns::STANZA_ERRORS
        )
    };
    app.send(error(&told[0].1, "wait")).await;
    rosa.send(error(&told[1].1, "cancel")).await;
    app.send(error(&told[2].1, "cancel")).await;
    app.sync().await;
    rosa.sync().await;
    let told = nodes(&mut app, &mut rosa, 2).await;
    let names: Vec<_> = told.iter().map(|(node, _)| node.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
    bob.set("", &disable(APP, "one")).await.unwrap();
    assert_eq!(nodes(&mut app, &mut rosa, 1).await[0].0, "two");
    bob.set("", &disable(APP, "")).await.unwrap();
    bob.set("", &enable(APP, "last", "")).await.unwrap();
    assert_eq!(nodes(&mut app, &mut rosa, 1).await[0].0, "last");
}

#[tokio::test]
async fn what_cannot_be_told_is_refused() {
    let server = Server::with(|config| {
        config.push.personal_webhooks = PersonalWebhooks::Hosts(vec!["hooks.example".to_owned()]);
    })
    .await;
    server.accounts(&["bob", "app"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let push = ns::PUSH;
    let wrong_form = enable(APP, "n", "s").replace(ns::PUBSUB_PUBLISH_OPTIONS, "urn:other");
    let service = "push.team.internal";
    for (payload, expected) in [
        (
            enable("app@elsewhere.example", "n", ""),
            "remote-server-not-found",
        ),
        (
            enable("push.elsewhere.example", "n", ""),
            "remote-server-not-found",
        ),
        (
            enable("nobody@team.internal", "n", ""),
            "service-unavailable",
        ),
        (enable("team.internal", "n", ""), "service-unavailable"),
        (
            enable("upload.team.internal", "n", ""),
            "service-unavailable",
        ),
        (enable("@@@", "n", ""), "jid-malformed"),
        (format!("<enable xmlns='{push}' node='n'/>"), "bad-request"),
        (format!("<disable xmlns='{push}'/>"), "bad-request"),
        (wrong_form, "bad-request"),
        (enable(APP, &"n".repeat(2000), ""), "not-acceptable"),
        (enable(APP, "n", &"s".repeat(20_000)), "not-acceptable"),
        (enable(service, "", ""), "not-allowed"),
        (enable(service, "http://hooks.example/x", ""), "not-allowed"),
        (
            enable(service, "https://elsewhere.example/x", ""),
            "not-allowed",
        ),
        (
            enable(service, "https://hooks.example@elsewhere.example/", ""),
            "not-allowed",
        ),
        (
            enable(service, "https://user:x@hooks.example/", ""),
            "not-allowed",
        ),
        (enable(service, "https://127.0.0.1/x", ""), "not-allowed"),
        (enable(service, "file:///etc/passwd", ""), "not-allowed"),
    ] {
        let refused = bob.set("", &payload).await;
        assert_eq!(refused.unwrap_err(), expected, "{payload}");
    }
    bob.set("", &enable(service, "https://HOOKS.example/x", ""))
        .await
        .unwrap();
    assert_eq!(
        bob.get("", &enable(APP, "n", "")).await.unwrap_err(),
        "bad-request"
    );
    let others = bob.set("app@team.internal", &enable(APP, "n", "")).await;
    assert_eq!(others.unwrap_err(), "service-unavailable");
    // Twenty are enough, and none of them twice.
    for n in 1..20 {
        bob.set("", &enable(APP, &n.to_string(), "")).await.unwrap();
    }
    let more = bob.set("", &enable(APP, "20", "")).await;
    assert_eq!(more.unwrap_err(), "resource-constraint");
    bob.set("", &enable(APP, "19", "")).await.unwrap();
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    let own = bob.get("bob@team.internal", info).await.unwrap();
    assert!(
        own.children()
            .any(|feature| feature.attr("var") == Some(push))
    );
    let there = bob.get(service, info).await.unwrap();
    let identity = there.get_child("identity", ns::DISCO_INFO).unwrap();
    assert_eq!(identity.attr("category"), Some("pubsub"));
}

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

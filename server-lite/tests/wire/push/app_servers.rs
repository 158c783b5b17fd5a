//! To an account that is an app server; and who may enable what.

use startalk_server_lite::{PersonalWebhooks, PushOptions};
use xmpp_core::ns;

use super::{APP, disable, enable, is_notification, one, published, say};
use crate::client::{Client, within};
use crate::lost::{lose, resumable};
use crate::rooms::open_room;
use crate::server::Server;

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
    // It goes into a connection from which nobody reads any more.
    say(&mut rosa, "bob@team.internal", "are you there?").await;
    rosa.sync().await;
    let told = app.sync().await;
    assert!(told.iter().all(|element| element.name() != "iq"));
    drop(bob);
    let (_, fields, _) = published(&is_notification(&mut app).await);
    assert_eq!(fields, [one("message-count", "1")]);
    // Once: what comes next is about the next.
    say(&mut rosa, "bob@team.internal", "and now?").await;
    let (_, fields, _) = published(&is_notification(&mut app).await);
    assert_eq!(fields, [one("message-count", "2")]);
}

#[tokio::test]
async fn a_message_is_told_of_once_however_often_its_connection_breaks() {
    let server = Server::of(&["rosa", "bob", "app"]).await;
    let mut app = Client::online(&server, "app", "service").await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let (mut bob, id) = resumable(&server, "phone").await;
    bob.set("", &enable(APP, "n", "")).await.unwrap();
    say(&mut rosa, "bob@team.internal", "are you there?").await;
    bob.text("are you there?").await;
    lose(bob).await;
    let (_, fields, _) = published(&is_notification(&mut app).await);
    assert_eq!(fields, [one("message-count", "1")]);
    for _ in 0..2 {
        // Nothing is acknowledged, so all comes again.
        let mut again = Client::websocket(&server).await;
        again.sign_in("bob").await;
        again
            .send(format!(
                "<resume xmlns='urn:xmpp:sm:3' h='0' previd='{id}'/>"
            ))
            .await;
        again.text("are you there?").await;
        lose(again).await;
    }
    say(&mut rosa, "bob@team.internal", "and now?").await;
    let (_, fields, _) = published(&is_notification(&mut app).await);
    assert_eq!(fields, [one("message-count", "2")]);
}

#[tokio::test]
async fn nobody_is_told_of_their_own_words_in_a_room() {
    let server = Server::with(|config| config.push.with_body = true).await;
    server.accounts(&["rosa", "bob", "app"]).await;
    let mut app = Client::online(&server, "app", "service").await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    bob.set("", &enable(APP, "n", "")).await.unwrap();
    let room = "room@conference.team.internal";
    open_room(&mut bob, room, "Bob").await;
    bob.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        .await;
    bob.until(|element| element.is("enabled", ns::SM)).await;
    say(&mut rosa, "bob@team.internal", "hers").await;
    bob.text("hers").await;
    bob.send(format!(
        "<message to='{room}' type='groupchat'><body>his</body></message>"
    ))
    .await;
    bob.text("his").await;
    drop(bob);
    let (_, fields, _) = published(&is_notification(&mut app).await);
    let expected = [one("message-count", "1"), one("last-message-body", "hers")];
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn rooms_reach_who_waits_to_be_resumed() {
    let server = Server::of(&["rosa", "bob", "app"]).await;
    let mut app = Client::online(&server, "app", "service").await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    bob.set("", &enable(APP, "n", "")).await.unwrap();
    bob.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        .await;
    bob.until(|element| element.is("enabled", ns::SM)).await;
    let room = "room@conference.team.internal";
    for client in [&mut rosa, &mut bob] {
        let nick = client.address.split('@').next().unwrap().to_owned();
        client
            .send(format!(
                "<presence to='{room}/{nick}'><x xmlns='{}'/></presence>",
                ns::MUC
            ))
            .await;
        client.sync().await;
        if nick == "rosa" {
            // A new room is locked until it is configured.
            let form = format!(
                "<query xmlns='{}'><x xmlns='jabber:x:data' type='submit'/></query>",
                ns::MUC_OWNER
            );
            client.set(room, &form).await.unwrap();
        }
    }
    drop(bob);
    within("a notification", async {
        loop {
            rosa.send(format!(
                "<message to='{room}' type='groupchat'><body>anybody?</body></message>"
            ))
            .await;
            rosa.sync().await;
            let told = app.sync().await;
            if let Some(iq) = told.iter().find(|element| element.name() == "iq") {
                assert_eq!(published(iq).1, [one("message-count", "1")]);
                break;
            }
        }
    })
    .await;
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

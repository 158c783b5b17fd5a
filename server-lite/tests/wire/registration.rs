//! Making, changing and removing one's own account (XEP-0077), in both framings
//! and both forms.

use std::time::Duration;

use startalk_server_lite::Registration;
use xmpp_core::{Element, ns};

use crate::client::{Client, error_of};
use crate::server::{PASSWORD, Server};

async fn open_server() -> Server {
    Server::with(|config| config.registration = Registration::Open).await
}

fn fields(username: &str, password: &str) -> String {
    format!(
        "<query xmlns='jabber:iq:register'><username>{username}</username><password>{password}</password></query>"
    )
}

fn form(username: &str, password: &str) -> String {
    format!(
        "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>\
         <field var='FORM_TYPE'><value>jabber:iq:register</value></field>\
         <field var='username'><value>{username}</value></field>\
         <field var='name'><value>李娜</value></field>\
         <field var='password'><value>{password}</value></field></x></query>"
    )
}

/// Asks before signing in; `ok`, or the error with its type.
pub(crate) async fn register(client: &mut Client, payload: &str) -> String {
    let iq = format!("<iq xmlns='jabber:client' type='set' id='r'>{payload}</iq>");
    let (_, answer) = client.ask(&iq).await;
    match answer.attr("type") {
        Some("result") => "ok".to_owned(),
        _ => error_of(&answer),
    }
}

fn offers(features: &Element, namespace: &str) -> bool {
    features.has_child("register", namespace)
}

#[tokio::test]
async fn who_may_make_an_account_is_said_in_the_features() {
    for (registration, open, invited) in [
        (Registration::Open, true, true),
        (Registration::Invite, false, true),
        (Registration::Closed, false, false),
    ] {
        let server = Server::with(|config| config.registration = registration).await;
        let mut client = Client::direct(&server).await;
        let features = client.open().await;
        assert_eq!(offers(&features, ns::REGISTER_FEATURE), open);
        assert_eq!(offers(&features, ns::IBR_TOKEN), invited);
        let answer = register(&mut client, &fields("rosa", PASSWORD)).await;
        let expected = match registration {
            Registration::Open => "ok",
            Registration::Invite => "auth forbidden",
            Registration::Closed => "cancel not-allowed",
        };
        assert_eq!(answer, expected);
    }
    // Without being told otherwise, strangers stay outside.
    let server = Server::start().await;
    let mut client = Client::direct(&server).await;
    let features = client.open().await;
    assert!(!offers(&features, ns::REGISTER_FEATURE));
}

#[tokio::test]
async fn with_fields_and_with_a_form_over_both_transports() {
    let server = open_server().await;
    let mut tcp = Client::direct(&server).await;
    let mut web = Client::websocket(&server).await;
    for (client, name, payload) in [
        (&mut tcp, "rosa", fields("Rosa", PASSWORD)),
        (&mut web, "bob", form("bob", PASSWORD)),
    ] {
        client.open().await;
        let get =
            "<iq xmlns='jabber:client' type='get' id='g'><query xmlns='jabber:iq:register'/></iq>";
        let (_, asked) = client.ask(get).await;
        let query = asked.get_child("query", ns::REGISTER).unwrap();
        for field in ["username", "password", "name", "instructions"] {
            assert!(query.has_child(field, ns::REGISTER), "{field}");
        }
        assert!(query.has_child("x", ns::DATA_FORMS));
        assert_eq!(register(client, &payload).await, "ok");
        // The same connection signs in with it.
        let plain = xmpp_core::sasl::Mechanism::Plain;
        let unbound = xmpp_core::sasl::ClientBinding::Unsupported;
        let done = client.exchange(plain, name, PASSWORD, unbound).await;
        assert!(done.is_success());
    }
}

#[tokio::test]
async fn names_and_passwords_that_are_refused() {
    let server = Server::with(|config| {
        config.registration = Registration::Open;
        config.limits.failures_per_minute = 1_000;
    })
    .await;
    server.accounts(&["alice"]).await;
    let mut client = Client::direct(&server).await;
    client.open().await;
    for (username, password, expected) in [
        ("alice", PASSWORD, "cancel conflict"),
        ("ALICE", PASSWORD, "cancel conflict"),
        // Cyrillic, a digit for a letter, a dot between.
        ("аlice", PASSWORD, "cancel conflict"),
        ("a1ice", PASSWORD, "cancel conflict"),
        ("ali.ce", PASSWORD, "cancel conflict"),
        ("admin", PASSWORD, "cancel conflict"),
        ("Postmaster", PASSWORD, "cancel conflict"),
        ("аdmin", PASSWORD, "cancel conflict"),
        ("a b", PASSWORD, "modify jid-malformed"),
        ("a@b", PASSWORD, "modify jid-malformed"),
        ("", PASSWORD, "modify not-acceptable"),
        ("carol", "", "modify not-acceptable"),
        ("carol", "short", "modify not-acceptable"),
    ] {
        for payload in [fields(username, password), form(username, password)] {
            assert_eq!(register(&mut client, &payload).await, expected, "{payload}");
        }
    }
    let other = form("carol", PASSWORD).replace("jabber:iq:register</value>", "urn:other</value>");
    assert_eq!(register(&mut client, &other).await, "modify bad-request");
}

#[tokio::test]
async fn an_address_makes_so_many_accounts_in_an_hour() {
    let server = Server::with(|config| {
        config.registration = Registration::Open;
        config.limits.registrations_per_hour = 2;
    })
    .await;
    for (name, expected) in [
        ("one", "ok"),
        // What is refused makes none.
        ("one", "cancel conflict"),
        ("two", "ok"),
        ("three", "wait resource-constraint"),
    ] {
        let mut client = Client::direct(&server).await;
        client.open().await;
        assert_eq!(
            register(&mut client, &fields(name, PASSWORD)).await,
            expected
        );
    }
}

#[tokio::test]
async fn whoever_fills_in_the_form_has_time_for_it() {
    // Shorter than the patience of a read, which is what makes this a test.
    let server = Server::with(|config| {
        config.registration = Registration::Open;
        config.limits.negotiation = Duration::from_secs(2);
    })
    .await;
    server.accounts(&["alice"]).await;
    let hour = Duration::from_secs(3600);
    let (invite, _) = server.handle().create_invite(None, hour).await.unwrap();
    let token = invite.token;
    let mut with_form = Client::direct(&server).await;
    with_form.open().await;
    let ask = "<iq type='get' id='f'><query xmlns='jabber:iq:register'/></iq>";
    with_form.ask(ask).await;
    let mut invited = Client::direct(&server).await;
    invited.open().await;
    let shown = format!("<preauth xmlns='urn:xmpp:pars:0' token='{token}'/>");
    assert_eq!(register(&mut invited, &shown).await, "ok");
    let mut guessing = Client::direct(&server).await;
    guessing.open().await;
    let guess = "<preauth xmlns='urn:xmpp:pars:0' token='guess'/>";
    assert_eq!(
        register(&mut guessing, guess).await,
        "cancel item-not-found"
    );
    // Whoever came last has no more time, so the others have had more.
    guessing.end().await;
    let made = register(&mut with_form, &form("rosa", PASSWORD)).await;
    assert_eq!(made, "ok");
    let made = register(&mut invited, &fields("bob", PASSWORD)).await;
    assert_eq!(made, "ok");
}

#[tokio::test]
async fn nobody_asks_for_names_without_end() {
    let server = Server::with(|config| {
        config.registration = Registration::Open;
        config.limits.failures_per_minute = 3;
    })
    .await;
    server.accounts(&["alice"]).await;
    let mut client = Client::direct(&server).await;
    client.open().await;
    for _ in 0..3 {
        let answer = register(&mut client, &fields("alice", PASSWORD)).await;
        assert_eq!(answer, "cancel conflict");
    }
    let answer = register(&mut client, &fields("free", PASSWORD)).await;
    assert_eq!(answer, "wait resource-constraint");
}

#[tokio::test]
async fn a_new_password_is_the_only_one_that_counts() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let said = alice
        .get("", "<query xmlns='jabber:iq:register'/>")
        .await
        .unwrap();
    assert!(said.has_child("registered", ns::REGISTER));
    assert_eq!(
        said.get_child("username", ns::REGISTER).unwrap().text(),
        "alice"
    );
    for (payload, condition) in [
        (fields("alice", "short"), "not-acceptable"),
        (fields("bob", "long enough"), "not-allowed"),
        (
            "<query xmlns='jabber:iq:register'><password>long enough</password></query>".to_owned(),
            "bad-request",
        ),
        (
            "<query xmlns='jabber:iq:register'/>".to_owned(),
            "bad-request",
        ),
    ] {
        assert_eq!(alice.set("", &payload).await.unwrap_err(), condition);
    }
    for (password, payload) in [
        ("another one", fields("alice", "another one")),
        ("and one more", form("alice", "and one more")),
    ] {
        alice.set("team.internal", &payload).await.unwrap();
        for (given, fits) in [(PASSWORD, false), (password, true)] {
            let mut client = Client::direct(&server).await;
            client.open().await;
            let plain = xmpp_core::sasl::Mechanism::Plain;
            let unbound = xmpp_core::sasl::ClientBinding::Unsupported;
            let done = client.exchange(plain, "alice", given, unbound).await;
            assert_eq!(done.is_success(), fits);
        }
    }
}

#[tokio::test]
async fn an_account_is_removed_by_its_owner_only_where_that_is_allowed() {
    let remove = "<query xmlns='jabber:iq:register'><remove/></query>";
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    assert_eq!(alice.set("", remove).await.unwrap_err(), "not-allowed");

    let server = Server::with(|config| config.allow_account_removal = true).await;
    server.accounts(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut phone = Client::online(&server, "bob", "phone").await;
    let more = "<query xmlns='jabber:iq:register'><remove/><username>bob</username></query>";
    assert_eq!(bob.set("", more).await.unwrap_err(), "bad-request");
    // Bob's rooms are not those of a later Bob.
    super::rooms::open_room(&mut bob, "his@conference.team.internal", "Bob").await;
    bob.send(format!("<iq type='set' id='gone'>{remove}</iq>"))
        .await;
    let (before, condition) = bob.end_with_all().await;
    assert!(before.iter().any(|element| {
        element.attr("id") == Some("gone") && element.attr("type") == Some("result")
    }));
    assert_eq!(condition.as_deref(), Some("not-authorized"));
    assert_eq!(phone.end().await.as_deref(), Some("not-authorized"));
    let mut again = Client::direct(&server).await;
    again.open().await;
    let plain = xmpp_core::sasl::Mechanism::Plain;
    let unbound = xmpp_core::sasl::ClientBinding::Unsupported;
    let done = again.exchange(plain, "bob", PASSWORD, unbound).await;
    assert_eq!(done.failure(), "not-authorized");
    alice
        .send("<message to='bob@team.internal' type='chat' id='m'><body>?</body></message>")
        .await;
    assert_eq!(alice.error("m").await, "service-unavailable");
    server.accounts(&["bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let form = "<query xmlns='http://jabber.org/protocol/muc#owner'/>";
    assert_eq!(
        bob.get("his@conference.team.internal", form)
            .await
            .unwrap_err(),
        "forbidden"
    );
}

#[tokio::test]
async fn other_requests_wait_for_the_sign_in() {
    let server = open_server().await;
    let mut client = Client::direct(&server).await;
    client.open().await;
    let iq = "<iq xmlns='jabber:client' type='get' id='v'><query xmlns='jabber:iq:version'/></iq>";
    let (_, answer) = client.ask(iq).await;
    assert_eq!(error_of(&answer), "auth not-authorized");
}

//! Service administration (XEP-0133).

use xmpp_core::ns;
use xmpp_core::sasl::{ClientBinding, Mechanism};

use crate::client::{Client, body, within};
use crate::commands::{begin, failure, run, submit, values};
use crate::server::{PASSWORD, Server};

fn node(name: &str) -> String {
    format!("http://jabber.org/protocol/admin#{name}")
}

async fn may_sign_in(server: &Server, user: &str, password: &str) -> bool {
    let mut client = Client::direct(server).await;
    client.open().await;
    let unbound = ClientBinding::Unsupported;
    let done = client
        .exchange(Mechanism::Plain, user, password, unbound)
        .await;
    done.is_success()
}

#[tokio::test]
async fn accounts_are_made_and_removed() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let add = node("add-user");
    let fields = |address: &'static str, password: &'static str, again: &'static str| {
        [
            ("accountjid", address),
            ("password", password),
            ("password-verify", again),
            ("given_name", "Carol"),
            ("surname", "李"),
        ]
    };
    for (fields, said) in [
        (fields("bob@team.internal", PASSWORD, PASSWORD), "taken"),
        (
            fields("x@example.org", PASSWORD, PASSWORD),
            "no account of this server",
        ),
        (fields("", PASSWORD, PASSWORD), "no address"),
        (fields("carol@team.internal", PASSWORD, "other"), "differ"),
        (fields("carol@team.internal", "short", "short"), "too short"),
    ] {
        let done = run(&mut alice, &add, &fields).await.unwrap();
        assert!(failure(&done).contains(said), "{said}: {done:?}");
    }
    let carol = fields("carol@team.internal", PASSWORD, PASSWORD);
    let done = run(&mut alice, &add, &carol).await.unwrap();
    assert!(!done.has_child("note", ns::COMMANDS));
    let mut carol = Client::online(&server, "carol", "desk").await;
    // An administrator may give names that nobody takes by themselves.
    let admin = fields("admin@team.internal", PASSWORD, PASSWORD);
    run(&mut alice, &add, &admin).await.unwrap();
    assert!(may_sign_in(&server, "admin", PASSWORD).await);

    let delete = node("delete-user");
    for (who, said) in [
        ("alice@team.internal|carol@team.internal", "your own"),
        ("nobody@team.internal", "no such account"),
        ("", "no account is named"),
    ] {
        let done = run(&mut alice, &delete, &[("accountjids", who)])
            .await
            .unwrap();
        assert!(failure(&done).contains(said), "{who}");
    }
    assert!(may_sign_in(&server, "carol", PASSWORD).await);
    let who = [("accountjids", "carol@team.internal|admin@team.internal")];
    run(&mut alice, &delete, &who).await.unwrap();
    assert_eq!(carol.end().await.as_deref(), Some("not-authorized"));
    assert!(!may_sign_in(&server, "carol", PASSWORD).await);
}

#[tokio::test]
async fn a_disabled_account_keeps_what_is_sent_to_it() {
    let mut server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    bob.sync().await;
    let who = [("accountjids", "bob@team.internal")];
    run(&mut alice, &node("disable-user"), &who).await.unwrap();
    assert_eq!(bob.end().await.as_deref(), Some("not-authorized"));
    assert!(!may_sign_in(&server, "bob", PASSWORD).await);
    let done = begin(&mut alice, &node("get-disabled-users-num"))
        .await
        .unwrap();
    assert_eq!(values(&done, "disabledusersnum"), ["1"]);
    let own = [("accountjids", "alice@team.internal")];
    let done = run(&mut alice, &node("disable-user"), &own).await.unwrap();
    assert!(failure(&done).contains("your own"));
    alice
        .send("<message to='bob@team.internal' type='chat' id='m'><body>waits</body></message>")
        .await;
    let heard = alice.sync().await;
    assert!(!heard.iter().any(|element| element.attr("id") == Some("m")));
    // Its name is nobody else's meanwhile.
    server.restart().await;
    assert!(
        server
            .handle()
            .create_account("bob", PASSWORD)
            .await
            .is_err()
    );
    let mut alice = Client::online(&server, "alice", "desk").await;
    run(&mut alice, &node("reenable-user"), &who).await.unwrap();
    let mut bob = Client::session(&server, "bob", "desk").await;
    bob.send("<presence/>").await;
    bob.text("waits").await;
}

#[tokio::test]
async fn sessions_end_one_or_all() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut desk = Client::online(&server, "bob", "desk").await;
    let mut phone = Client::online(&server, "bob", "phone").await;
    let stats = [("accountjid", "bob@team.internal")];
    let done = run(&mut alice, &node("user-stats"), &stats).await.unwrap();
    assert_eq!(values(&done, "onlineresources").len(), 2);
    let end = node("end-user-session");
    let one = [("accountjids", "bob@team.internal/phone")];
    run(&mut alice, &end, &one).await.unwrap();
    assert!(phone.end().await.is_some());
    desk.sync().await;
    let all = [("accountjids", "bob@team.internal")];
    run(&mut alice, &end, &all).await.unwrap();
    assert!(desk.end().await.is_some());
    assert!(may_sign_in(&server, "bob", PASSWORD).await);
}

#[tokio::test]
async fn a_new_password_ends_the_old_sessions() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let change = node("change-user-password");
    let fields = |password| [("accountjid", "bob@team.internal"), ("password", password)];
    let done = run(&mut alice, &change, &fields("short")).await.unwrap();
    assert!(failure(&done).contains("too short"));
    bob.sync().await;
    run(&mut alice, &change, &fields("long enough"))
        .await
        .unwrap();
    assert_eq!(bob.end().await.as_deref(), Some("not-authorized"));
    assert!(!may_sign_in(&server, "bob", PASSWORD).await);
    assert!(may_sign_in(&server, "bob", "long enough").await);
}

#[tokio::test]
async fn who_is_there_and_who_has_been() {
    let server = Server::of(&["alice", "bob", "carol", "dave"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    bob.send("<presence><show>away</show></presence>").await;
    bob.sync().await;
    let _silent = Client::session(&server, "carol", "desk").await;
    for (name, field, expected) in [
        ("get-registered-users-num", "registeredusersnum", "4"),
        ("get-online-users-num", "onlineusersnum", "2"),
        ("get-active-users-num", "activeusersnum", "1"),
        ("get-idle-users-num", "idleusersnum", "1"),
    ] {
        let done = begin(&mut alice, &node(name)).await.unwrap();
        assert_eq!(values(&done, field), [expected], "{name}");
    }
    for (name, field, max, expected) in [
        (
            "get-registered-users-list",
            "registereduserjids",
            "2",
            "alice bob",
        ),
        (
            "get-registered-users-list",
            "registereduserjids",
            "none",
            "alice bob carol dave",
        ),
        ("get-disabled-users-list", "disableduserjids", "25", ""),
        ("get-online-users-list", "onlineuserjids", "25", "alice bob"),
        ("get-active-users", "activeuserjids", "25", "alice"),
        ("get-idle-users", "idleuserjids", "25", "bob"),
    ] {
        let done = run(&mut alice, &node(name), &[("max_items", max)])
            .await
            .unwrap();
        let names: Vec<_> = values(&done, field)
            .iter()
            .map(|address| address.trim_end_matches("@team.internal").to_owned())
            .collect();
        assert_eq!(names.join(" "), expected, "{name}");
    }
    let done = run(
        &mut alice,
        &node("get-online-users-list"),
        &[("max_items", "many")],
    )
    .await;
    assert!(failure(&done.unwrap()).contains("number"));
    // A sign-in is written behind its session's back: until it is on disk, it is
    // not known.
    let who = [("accountjids", "bob@team.internal|dave@team.internal")];
    let times = within("a sign-in on disk", async {
        loop {
            let done = run(&mut alice, &node("get-user-lastlogin"), &who)
                .await
                .unwrap();
            let times = values(&done, "lastlogin");
            if times[0] != "never" {
                break times;
            }
        }
    })
    .await;
    assert!(times[0].ends_with('Z'));
    assert_eq!(times[1], "never");
}

#[tokio::test]
async fn words_for_everybody() {
    let server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let announce = node("announce");
    let done = run(&mut alice, &announce, &[("announcement", "")])
        .await
        .unwrap();
    assert!(failure(&done).contains("empty"));
    run(
        &mut alice,
        &announce,
        &[("announcement", "cake|in the kitchen")],
    )
    .await
    .unwrap();
    let heard = bob.text("cake\nin the kitchen").await;
    assert_eq!(heard.attr("from"), Some("team.internal"));
    assert_eq!(heard.attr("type"), Some("headline"));
    alice.text("cake\nin the kitchen").await;
}

#[tokio::test]
async fn the_message_of_the_day_is_seen_once() {
    let mut server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    run(&mut alice, &node("set-motd"), &[("motd", "be kind")])
        .await
        .unwrap();
    bob.text("be kind").await;
    alice.text("be kind").await;
    // What is changed is shown to those alone who have not seen it.
    let begun = begin(&mut alice, &node("edit-motd")).await.unwrap();
    assert_eq!(values(&begun, "motd"), ["be kind"]);
    submit(&mut alice, &begun, &[("motd", "be kinder")])
        .await
        .unwrap();
    server.restart().await;
    let said = async |user: &str| {
        let mut client = Client::session(&server, user, "desk").await;
        client.send("<presence/>").await;
        let heard = client.sync().await;
        heard.iter().filter_map(body).collect::<Vec<_>>()
    };
    assert!(said("bob").await.is_empty());
    assert_eq!(said("carol").await, ["be kinder"]);
    assert!(said("carol").await.is_empty());
    let mut alice = Client::online(&server, "alice", "desk").await;
    run(&mut alice, &node("set-motd"), &[("motd", "another")])
        .await
        .unwrap();
    assert_eq!(said("carol").await, ["another"]);
    let done = begin(&mut alice, &node("delete-motd")).await.unwrap();
    assert_eq!(done.attr("status"), Some("completed"));
    assert!(said("bob").await.is_empty());
}

#[tokio::test]
async fn administrators_name_each_other() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let edit = node("edit-admin");
    let begun = begin(&mut alice, &edit).await.unwrap();
    assert_eq!(values(&begun, "adminjids"), ["alice@team.internal"]);
    for (who, said) in [
        ("bob@team.internal", "leave yourself out"),
        ("alice@team.internal|nobody@team.internal", "no account"),
    ] {
        let done = run(&mut alice, &edit, &[("adminjids", who)]).await.unwrap();
        assert!(failure(&done).contains(said));
    }
    let both = [("adminjids", "alice@team.internal|bob@team.internal")];
    run(&mut alice, &edit, &both).await.unwrap();
    run(&mut bob, &edit, &[("adminjids", "bob@team.internal")])
        .await
        .unwrap();
    assert_eq!(begin(&mut alice, &edit).await.unwrap_err(), "forbidden");
}

#[tokio::test]
async fn the_server_stops_where_that_is_allowed() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let shutdown = node("shutdown");
    assert_eq!(begin(&mut alice, &shutdown).await.unwrap_err(), "forbidden");

    let server = Server::with(|config| config.allow_shutdown = true).await;
    server.accounts(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    assert_eq!(begin(&mut bob, &shutdown).await.unwrap_err(), "forbidden");
    let fields = |delay| [("delay", delay), ("announcement", "we stop")];
    let done = run(&mut alice, &shutdown, &fields("soon")).await.unwrap();
    assert!(failure(&done).contains("number"));
    run(&mut alice, &shutdown, &fields("0")).await.unwrap();
    bob.text("we stop").await;
    server.handle().stop_wanted().await;
}

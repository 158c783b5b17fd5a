//! Accounts that are removed, disabled or given another password: nothing of
//! what was theirs goes on, whoever signs in at the same moment.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use startalk_server_lite::admin::Admin;
use xmpp_core::sasl::{ClientBinding, Mechanism, ScramClient, ScramHash};
use xmpp_core::{Element, ns};

use crate::client::{Client, agent, bind2, condition, failure2, success};
use crate::commands::run;
use crate::server::{PASSWORD, Server};

const ROOM: &str = "plan@conference.team.internal";
const BOB: (&str, &str) = ("accountjids", "bob@team.internal");
const OWNER: &str = "<query xmlns='http://jabber.org/protocol/muc#owner'/>";
const BIND: &str = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
const TOKEN: &str = "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/>";

async fn command(admin: &mut Client, name: &str, fields: &[(&str, &str)]) {
    let node = format!("http://jabber.org/protocol/admin#{name}");
    let done = run(admin, &node, fields).await.unwrap();
    assert!(!done.has_child("note", ns::COMMANDS), "{done:?}");
}

/// The ways in which an account is not what it was.
const CHANGES: [&str; 5] = [
    "disable",
    "disable and enable",
    "remove",
    "renew",
    "password",
];

async fn change(admin: &mut Client, change: &str) {
    match change {
        "disable" => command(admin, "disable-user", &[BOB]).await,
        "disable and enable" => {
            command(admin, "disable-user", &[BOB]).await;
            command(admin, "reenable-user", &[BOB]).await;
        }
        "remove" => command(admin, "delete-user", &[BOB]).await,
        "renew" => {
            command(admin, "delete-user", &[BOB]).await;
            add_bob(admin).await;
        }
        _ => {
            let fields = [("accountjid", BOB.1), ("password", "another password")];
            command(admin, "change-user-password", &fields).await;
        }
    }
}

async fn add_bob(admin: &mut Client) {
    let fields = [
        ("accountjid", BOB.1),
        ("password", PASSWORD),
        ("password-verify", PASSWORD),
    ];
    command(admin, "add-user", &fields).await;
}

/// SASL 2 up to the challenge; gives what answers it.
async fn challenged(client: &mut Client, inside: &str) -> String {
    client.open().await;
    let unbound = ClientBinding::Unsupported;
    let mut scram = ScramClient::new(ScramHash::Sha256, "bob", PASSWORD, "fyko", unbound).unwrap();
    client
        .send_authenticate("SCRAM-SHA-256", scram.initial(), inside)
        .await;
    let challenge = client.element().await;
    let answer = scram.respond(&STANDARD.decode(challenge.text()).unwrap());
    format!(
        "<response xmlns='{}'>{}</response>",
        ns::SASL2,
        STANDARD.encode(answer.unwrap())
    )
}

#[tokio::test]
async fn who_is_changed_while_signing_in_begins_no_session() {
    for name in CHANGES {
        let server = Server::of(&["alice", "bob"]).await;
        let mut alice = Client::online(&server, "alice", "desk").await;
        let mut old = Client::direct(&server).await;
        old.sign_in("bob").await;
        let mut web = Client::websocket(&server).await;
        web.sign_in("bob").await;
        let mut bound = Client::direct(&server).await;
        let bind = challenged(&mut bound, &bind2("")).await;
        let mut unbound = Client::direct(&server).await;
        let proof = challenged(&mut unbound, &(agent("one") + TOKEN)).await;
        change(&mut alice, name).await;
        for client in [&mut old, &mut web] {
            client.send(BIND).await;
            let end = client.end().await;
            assert_eq!(end.as_deref(), Some("not-authorized"), "{name}");
        }
        bound.send(bind).await;
        let end = bound.end().await;
        assert_eq!(end.as_deref(), Some("not-authorized"), "{name}");
        // The password was right when it was asked for; that is all.
        unbound.send(proof).await;
        let done = success(unbound.element().await);
        assert!(!done.has_child("token", ns::FAST), "{name}");
        unbound.features().await;
        unbound.send(BIND).await;
        let end = unbound.end().await;
        assert_eq!(end.as_deref(), Some("not-authorized"), "{name}");
        assert!(
            alice
                .sync()
                .await
                .iter()
                .all(|told| told.attr("type") != Some("error"))
        );
    }
}

#[tokio::test]
async fn a_session_from_before_is_not_resumed() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    bob.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        .await;
    let id = bob.element().await.attr("id").unwrap().to_owned();
    let mut again = Client::direct(&server).await;
    again.sign_in("bob").await;
    drop(bob);
    change(&mut alice, "password").await;
    again
        .send(format!(
            "<resume xmlns='urn:xmpp:sm:3' h='0' previd='{id}'/>"
        ))
        .await;
    again.send(BIND).await;
    let (told, end) = again.end_with_all().await;
    assert!(
        told.iter().all(|told| !told.is("resumed", ns::SM)),
        "{told:?}"
    );
    // Or it was on its way to the session when that ended.
    assert!(end.is_none() || end.as_deref() == Some("not-authorized"));
}

#[tokio::test]
async fn a_new_password_leaves_only_the_session_that_set_it() {
    let server = Server::of(&["alice", "bob"]).await;
    let change = "<query xmlns='jabber:iq:register'><username>alice</username>\
                  <password>another password</password></query>";
    let mut desk = Client::session(&server, "alice", "desk").await;
    let mut phone = Client::session(&server, "alice", "phone").await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    desk.set("", change).await.unwrap();
    assert_eq!(phone.end().await.as_deref(), Some("not-authorized"));
    let fields = [
        ("accountjid", "alice@team.internal"),
        ("password", PASSWORD),
    ];
    command(&mut desk, "change-user-password", &fields).await;
    let mut phone = Client::session(&server, "alice", "phone").await;
    // The server looks at all accounts when the command line makes one.
    desk.get("", "<query xmlns='jabber:iq:roster'/>")
        .await
        .unwrap();
    let admin = Admin::open(&server.data()).unwrap();
    admin.add_user("Carol", None, PASSWORD).await.unwrap();
    admin.close().await;
    desk.until(|stanza| stanza.has_child("query", ns::ROSTER))
        .await;
    for client in [&mut desk, &mut phone, &mut bob] {
        client.sync().await;
    }
}

#[tokio::test]
async fn the_command_line_ends_sessions_too() {
    let server = Server::of(&["alice", "bob"]).await;
    let admin = Admin::open(&server.data()).unwrap();
    let mut alice = Client::session(&server, "alice", "desk").await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    let mut late = Client::direct(&server).await;
    late.sign_in("bob").await;
    admin.set_password("bob", "another password").await.unwrap();
    late.send(BIND).await;
    assert_eq!(late.end().await.as_deref(), Some("not-authorized"));
    assert_eq!(bob.end().await.as_deref(), Some("not-authorized"));
    // What is over before the server looks has happened all the same.
    admin.set_password("bob", PASSWORD).await.unwrap();
    for again in [false, true] {
        let mut bob = Client::session(&server, "bob", "desk").await;
        if again {
            admin.remove_user("bob").await.unwrap();
            admin.add_user("bob", None, PASSWORD).await.unwrap();
        } else {
            admin.set_disabled("bob", true).await.unwrap();
            admin.set_disabled("bob", false).await.unwrap();
        }
        assert_eq!(bob.end().await.as_deref(), Some("not-authorized"));
    }
    admin.close().await;
    alice.sync().await;
}

/// Rows of the archive that somebody owns.
fn rows(disk: &rusqlite::Connection, owner: &str) -> i64 {
    let query = "SELECT count(*) FROM archive WHERE owner = ?1";
    disk.query_row(query, [owner], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn who_is_removed_leaves_no_more_words() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    super::rooms::open_room(&mut alice, ROOM, "Alice").await;
    bob.send(format!(
        "<presence to='{ROOM}/Bob'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
    ))
    .await;
    bob.until(|told| told.has_child("subject", ns::CLIENT))
        .await;
    let disk = rusqlite::Connection::open(server.data().join("server.db")).unwrap();
    let body = "<body>late</body>";
    disk.execute_batch("PRAGMA foreign_keys = ON; BEGIN IMMEDIATE")
        .unwrap();
    disk.execute("DELETE FROM accounts WHERE localpart = 'bob'", [])
        .unwrap();
    bob.send(format!(
        "<message to='alice@team.internal' type='chat' id='a'>{body}</message>"
    ))
    .await;
    bob.send(format!(
        "<message to='{ROOM}/Alice' type='chat' id='b'>{body}</message>"
    ))
    .await;
    alice
        .send(format!(
            "<message to='{ROOM}/Bob' type='chat' id='c'>{body}</message>"
        ))
        .await;
    disk.execute_batch("COMMIT").unwrap();
    let answer = alice.until(|told| told.attr("id") == Some("c")).await;
    assert_eq!(condition(&answer), "item-not-found");
    let (told, end) = bob.end_with_all().await;
    assert_eq!(end.as_deref(), Some("not-authorized"));
    let refused = |told: &&Element| told.attr("type") == Some("error");
    let refused: Vec<_> = told.iter().filter(refused).map(condition).collect();
    assert_eq!(refused, ["service-unavailable", "item-not-found"]);
    assert_eq!((rows(&disk, "bob"), rows(&disk, "alice")), (0, 0));
}

#[tokio::test]
async fn rights_in_rooms_are_not_inherited_by_name() {
    let mut server = Server::of(&["alice", "bob"]).await;
    for command_line in [false, true] {
        let mut bob = Client::online(&server, "bob", "desk").await;
        super::rooms::open_room(&mut bob, ROOM, "Bob").await;
        bob.get(ROOM, OWNER).await.unwrap();
        let mut alice = Client::online(&server, "alice", "desk").await;
        command(&mut alice, "disable-user", &[BOB]).await;
        assert!(bob.end().await.is_some());
        if command_line {
            server.restart().await;
            alice = Client::online(&server, "alice", "desk").await;
            alice
                .get("", "<query xmlns='jabber:iq:roster'/>")
                .await
                .unwrap();
            let admin = Admin::open(&server.data()).unwrap();
            admin.remove_user("bob").await.unwrap();
            admin.add_user("bob", None, PASSWORD).await.unwrap();
            admin.close().await;
            alice
                .until(|told| told.has_child("query", ns::ROSTER))
                .await;
        } else {
            command(&mut alice, "delete-user", &[BOB]).await;
            add_bob(&mut alice).await;
        }
        let mut bob = Client::online(&server, "bob", "desk").await;
        assert_eq!(bob.get(ROOM, OWNER).await.unwrap_err(), "forbidden");
        // For the next round.
        let disk = rusqlite::Connection::open(server.data().join("server.db")).unwrap();
        disk.execute("DELETE FROM rooms", []).unwrap();
        server.restart().await;
    }
}

#[tokio::test]
async fn the_owner_learns_what_became_of_the_account_and_nobody_else_does() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    for (name, detail, right) in [
        ("disable", "account-disabled", "account-disabled"),
        ("remove", "account-removed", "not-authorized"),
    ] {
        if name == "remove" {
            command(&mut alice, "reenable-user", &[BOB]).await;
        }
        let mut bob = Client::session(&server, "bob", "desk").await;
        change(&mut alice, name).await;
        let error = bob.until(|element| element.is("error", ns::STREAM)).await;
        assert!(error.has_child("not-authorized", ns::STREAM_ERRORS));
        assert!(error.has_child(detail, ns::OWN_SESSION), "{error:?}");
        // Who does not know the password learns nothing of the account.
        for (password, condition) in [(PASSWORD, right), ("wrong", "not-authorized")] {
            for mechanism in [Mechanism::Plain, Mechanism::ScramSha256] {
                let mut client = Client::direct(&server).await;
                client.open().await;
                let unbound = ClientBinding::Unsupported;
                let answer = client
                    .authenticate_with(mechanism, "bob", password, unbound, "")
                    .await;
                assert_eq!(failure2(&answer), condition, "{name}: {mechanism:?}");
            }
        }
    }
}

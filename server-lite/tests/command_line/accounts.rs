//! `user` and `invite`, with the server running and without it.

use serde_json::json;

use crate::client::{Client, Place};
use crate::program::{Desk, run};
use crate::server::PASSWORD;

#[test]
fn accounts_come_and_go() {
    let desk = Desk::with(&[]);
    let made = desk.ok(&["user", "add", "Rosa Martín"], "data");
    assert_eq!(
        made,
        json!({ "user": "rosa.martín", "name": "Rosa Martín", "department": null, "manager": null, "administrator": false, "disabled": false })
    );
    let made = desk.ok(&["user", "add", "王芳", "--user", "wf"], "data");
    assert_eq!(
        made,
        json!({ "user": "wf", "name": "王芳", "department": null, "manager": null, "administrator": false, "disabled": false })
    );
    let moved = desk.ok(&["user", "department", "wf", "Sales/North"], "data");
    assert_eq!(moved, json!({}));
    let led = desk.ok(&["user", "manager", "wf", "rosa.martín"], "data");
    assert_eq!(led, json!({}));
    let circle = desk.run(&["user", "manager", "rosa.martín", "wf"], "data");
    assert_eq!(
        circle.refused(1),
        "nobody can be led by somebody whom they lead"
    );
    for args in [["user", "admin", "wf"], ["user", "disable", "wf"]] {
        assert_eq!(desk.ok(&args, "data"), json!({}));
    }
    let all = desk.ok(&["user", "list"], "data");
    assert_eq!(
        all,
        json!([
            { "user": "rosa.martín", "name": "Rosa Martín", "department": null, "manager": null, "administrator": false, "disabled": false },
            { "user": "wf", "name": "王芳", "department": "Sales::North", "manager": "rosa.martín", "administrator": true, "disabled": true }
        ])
    );
    for args in [
        &["user", "admin", "wf", "--off"][..],
        &["user", "enable", "wf"],
    ] {
        assert_eq!(desk.ok(args, "data"), json!({}));
    }
    let all = desk.ok(&["user", "list"], "data");
    assert_eq!(
        (&all[1]["administrator"], &all[1]["disabled"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(desk.ok(&["user", "passwd", "wf"], "data"), json!({}));
    assert_eq!(desk.ok(&["user", "remove", "wf"], "data"), json!({}));
    let said = desk.run(&["user", "list"], "data");
    assert_eq!(
        (said.code, said.out.as_str()),
        (0, "rosa.martín\tRosa Martín\n")
    );
}

#[test]
fn refusals_have_their_codes() {
    let desk = Desk::with(&["rosa"]);
    let taken = desk.run(&["user", "add", "ROSA"], "data");
    assert_eq!(taken.refused(4), "the name is taken");
    for args in [["user", "passwd", "nobody"], ["user", "remove", "nobody"]] {
        let missing = desk.run(&args, "data");
        assert_eq!(missing.refused(3), "there is no such account");
    }
    let missing = desk.run(&["invite", "revoke", "nothing"], "data");
    assert_eq!(missing.refused(3), "the invite is not valid");
    let nameless = desk.run(&["user", "add", "😀"], "data");
    assert_eq!(nameless.refused(1), "the name cannot be used");
    let data = desk.text("data");
    for (input, why) in [
        ("short\n", "the password is too short or cannot be used"),
        ("", "the password has to come on standard input"),
    ] {
        let refused = run(&["user", "add", "bob", "--data", &data], input);
        assert_eq!(refused.refused(1), why);
    }
    assert_eq!(
        desk.ok(&["user", "list"], "data").as_array().unwrap().len(),
        1
    );
}

#[test]
fn errors_are_json_when_answers_are() {
    let desk = Desk::with(&["rosa"]);
    let said = desk.run(&["user", "add", "rosa", "--json"], "data");
    assert_eq!((said.code, said.out.as_str()), (4, ""));
    let error: serde_json::Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!(error, json!({ "error": "the name is taken", "code": 4 }));
}

#[test]
fn a_folder_without_a_server_is_named() {
    let desk = Desk::new();
    for args in [
        &["user", "list"][..],
        &["invite", "list"],
        &["status"],
        &["check"],
        &["backup", "/dev/null/x"],
        &["export", "/dev/null/x"],
    ] {
        let said = desk.run(args, "nothing");
        assert!(said.refused(3).contains("nothing"), "{said:?}");
        assert!(!desk.path("nothing").exists(), "made for nothing");
    }
}

#[test]
fn usage_is_code_2() {
    for args in [
        &[][..],
        &["frobnicate"],
        &["user"],
        &["serve"],
        // What makes a folder does not take the present one for it.
        &["restore", "team.backup", "--force"],
        &["import", "team.xml"],
        &["status", "--so"],
    ] {
        let said = run(args, "");
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{args:?}");
        assert!(said.err.contains("Usage"), "{said:?}");
    }
    let help = run(&["--help"], "");
    assert_eq!(help.code, 0);
    assert!(help.out.contains("Exit codes"));
}

#[tokio::test]
async fn a_running_server_sees_what_is_done() {
    let desk = Desk::with(&["rosa"]);
    let server = desk.serve("data");
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    rosa.get("", "<query xmlns='jabber:iq:roster'/>")
        .await
        .unwrap();
    // Somebody new is announced.
    desk.ok(&["user", "add", "bob"], "data");
    let push = rosa
        .until(|element| element.attr("type") == Some("set"))
        .await;
    assert!(format!("{push:?}").contains("bob@team.internal"));
    let mut bob = Client::online(&server, "bob", "desk").await;
    // A new password counts at once.
    let data = desk.text("data");
    let other = "another password\n";
    assert_eq!(
        run(&["user", "passwd", "rosa", "--data", &data], other).code,
        0
    );
    let mut again = Client::direct(&server).await;
    again.open().await;
    let unbound = xmpp_core::sasl::ClientBinding::Unsupported;
    let plain = xmpp_core::sasl::Mechanism::Plain;
    let refused = again
        .exchange(plain, "rosa", PASSWORD, unbound.clone())
        .await;
    assert_eq!(refused.failure(), "not-authorized");
    let taken = again.exchange(plain, "rosa", other.trim(), unbound).await;
    assert!(taken.is_success());
    // Who is removed is sent away.
    desk.ok(&["user", "remove", "bob"], "data");
    assert_eq!(bob.end().await.as_deref(), Some("not-authorized"));
    server.stop();
}

/// It looks four times a second: three times every two seconds took four.
#[tokio::test]
async fn a_running_server_sees_it_soon() {
    let names = ["a1", "a2", "a3", "a4"];
    let desk = Desk::with(&names);
    let server = desk.serve("data");
    let mut clients = Vec::new();
    for name in names {
        clients.push(Client::online(&server, name, "desk").await);
    }
    let begun = std::time::Instant::now();
    for (name, mut client) in names.into_iter().zip(clients) {
        desk.ok(&["user", "remove", name], "data");
        assert_eq!(client.end().await.as_deref(), Some("not-authorized"));
    }
    let took = begun.elapsed();
    assert!(took < std::time::Duration::from_secs(5), "{took:?}");
    server.stop();
}

#[tokio::test]
async fn invites_are_made_listed_and_ended() {
    let desk = Desk::with(&["rosa"]);
    let server = desk.serve("data");
    let args = ["invite", "create", "--once", "--days", "2", "--by", "Rosa"];
    let made = desk.ok(&args, "data");
    let label = made["label"].as_str().unwrap();
    let link = navigation::Invite::parse(made["link"].as_str().unwrap()).unwrap();
    assert_eq!(link.target.domain, server.domain());
    assert_eq!(
        link.target.trust.spki_sha256[0].to_string(),
        server.said("pin")
    );
    assert!(link.token.starts_with(label));
    let listed = desk.ok(&["invite", "list"], "data");
    assert_eq!(
        listed,
        json!([{
            "label": label, "inviter": "Rosa", "uses_left": 1,
            "expires_ms": made["expires_ms"]
        }])
    );
    desk.ok(&["invite", "revoke", label], "data");
    assert_eq!(desk.ok(&["invite", "list"], "data"), json!([]));
    server.stop();
}

#[test]
fn an_invite_wants_a_server_that_has_run() {
    let desk = Desk::new();
    let file = desk.file(
        "team.xml",
        "<server-data xmlns='urn:xmpp:pie:0'><host jid='team.internal'/></server-data>",
    );
    desk.ok(&["import", &file], "fresh");
    let said = desk.run(&["invite", "create"], "fresh");
    assert!(said.refused(1).contains("start it once"), "{said:?}");
}

//! Invites: made by a command (XEP-0401), shown before an account is made
//! (XEP-0445), and what comes of them (XEP-0379).

use std::time::Duration;

use startalk_server_lite::Registration;
use xmpp_core::{Element, ns};

use crate::client::Client;
use crate::commands::{begin, failure, run, values};
use crate::registration::register;
use crate::server::{PASSWORD, Server};

const INVITE: &str = "urn:xmpp:invite#invite";
const CREATE: &str = "urn:xmpp:invite#create-account";

fn token(uri: &str) -> String {
    let (_, rest) = uri.split_once("preauth=").unwrap();
    rest.split(';').next().unwrap().to_owned()
}

fn uri(done: &Element) -> String {
    values(done, "uri").remove(0)
}

fn preauth(token: &str) -> String {
    format!("<preauth xmlns='urn:xmpp:pars:0' token='{token}'/>")
}

fn account(name: &str) -> String {
    format!(
        "<query xmlns='jabber:iq:register'><username>{name}</username><password>{PASSWORD}</password></query>"
    )
}

async fn stranger(server: &Server) -> Client {
    let mut client = Client::direct(server).await;
    client.open().await;
    client
}

#[tokio::test]
async fn a_colleague_invites_and_both_know_each_other() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    bob.get("", "<query xmlns='jabber:iq:roster'/>")
        .await
        .unwrap();
    let done = begin(&mut bob, INVITE).await.unwrap();
    assert_eq!(done.attr("status"), Some("completed"));
    assert_eq!(values(&done, "FORM_TYPE"), ["urn:xmpp:invite#invitation"]);
    let link = uri(&done);
    assert!(link.starts_with("xmpp:bob@team.internal?roster;preauth="));
    assert!(link.ends_with(";ibr=y"));
    let page = values(&done, "landing-url").remove(0);
    let ours = values(&done, "x-startalk-link").remove(0);
    assert_eq!(
        navigation::Invite::parse(&ours).unwrap().token,
        token(&link)
    );
    let (place, behind) = page.split_once('#').unwrap();
    assert!(place.starts_with("https://") && place.ends_with("/invite/"));
    assert_eq!(behind, ours);
    assert!(values(&done, "expire")[0].ends_with('Z'));

    let mut carol = stranger(&server).await;
    assert_eq!(register(&mut carol, &preauth(&token(&link))).await, "ok");
    assert_eq!(register(&mut carol, &account("carol")).await, "ok");
    let push = bob
        .until(|element| {
            element.attr("type") == Some("set") && element.has_child("query", ns::ROSTER)
        })
        .await;
    let text = String::from(&push);
    assert!(text.contains("carol@team.internal") && text.contains("both"));
    let mut carol = Client::online(&server, "carol", "desk").await;
    let roster = carol
        .get("", "<query xmlns='jabber:iq:roster'/>")
        .await
        .unwrap();
    assert!(String::from(&roster).contains("bob@team.internal"));
    // It makes one account.
    let mut other = stranger(&server).await;
    assert_eq!(
        register(&mut other, &preauth(&token(&link))).await,
        "cancel item-not-found"
    );
}

#[tokio::test]
async fn a_name_is_kept_for_whom_it_was_chosen() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    assert_eq!(begin(&mut bob, CREATE).await.unwrap_err(), "forbidden");
    for (name, said) in [("bob", "taken"), ("a b", "cannot be used")] {
        let done = run(&mut alice, CREATE, &[("username", name)])
            .await
            .unwrap();
        assert!(failure(&done).contains(said), "{name}");
    }
    // An administrator may choose a name that nobody takes by themselves.
    let done = run(&mut alice, CREATE, &[("username", "Support")])
        .await
        .unwrap();
    let link = uri(&done);
    assert!(link.starts_with("xmpp:support@team.internal?register;preauth="));
    assert!(!link.contains("ibr"));
    let again = run(&mut alice, CREATE, &[("username", "support")])
        .await
        .unwrap();
    assert!(failure(&again).contains("taken"));
    let open = uri(&run(&mut alice, CREATE, &[("username", "")]).await.unwrap());
    assert!(open.starts_with("xmpp:team.internal?register;preauth="));

    // Nobody else gets the name, whatever invite they have.
    let mut other = stranger(&server).await;
    assert_eq!(register(&mut other, &preauth(&token(&open))).await, "ok");
    assert_eq!(
        register(&mut other, &account("support")).await,
        "cancel conflict"
    );
    assert_eq!(register(&mut other, &account("carol")).await, "ok");

    let mut guest = stranger(&server).await;
    assert_eq!(register(&mut guest, &preauth(&token(&link))).await, "ok");
    let get =
        "<iq xmlns='jabber:client' type='get' id='g'><query xmlns='jabber:iq:register'/></iq>";
    let (_, form) = guest.ask(get).await;
    let query = form.get_child("query", ns::REGISTER).unwrap();
    assert_eq!(
        query.get_child("username", ns::REGISTER).unwrap().text(),
        "support"
    );
    assert_eq!(
        register(&mut guest, &account("dave")).await,
        "cancel conflict"
    );
    assert_eq!(register(&mut guest, &account("support")).await, "ok");
}

#[tokio::test]
async fn a_kept_name_is_kept_from_open_registration_too() {
    let server = Server::with(|config| config.registration = Registration::Open).await;
    server.accounts(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    run(&mut alice, CREATE, &[("username", "carol")])
        .await
        .unwrap();
    let mut other = stranger(&server).await;
    assert_eq!(
        register(&mut other, &account("carol")).await,
        "cancel conflict"
    );
}

#[tokio::test]
async fn what_is_no_invite() {
    let server = Server::of(&["alice"]).await;
    let (expired, _) = server
        .handle()
        .create_invite(None, Duration::ZERO)
        .await
        .unwrap();
    let mut client = stranger(&server).await;
    for wrong in ["", "guess", &expired.token] {
        assert_eq!(
            register(&mut client, &preauth(wrong)).await,
            "cancel item-not-found"
        );
    }
    assert_eq!(
        register(&mut client, &account("carol")).await,
        "auth forbidden"
    );
}

#[tokio::test]
async fn a_refused_name_costs_no_use() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let link = uri(&begin(&mut alice, INVITE).await.unwrap());
    for name in ["alice", "аlice", "root"] {
        let mut client = stranger(&server).await;
        assert_eq!(register(&mut client, &preauth(&token(&link))).await, "ok");
        assert_ne!(register(&mut client, &account(name)).await, "ok");
    }
    let mut client = stranger(&server).await;
    register(&mut client, &preauth(&token(&link))).await;
    assert_eq!(register(&mut client, &account("carol")).await, "ok");
}

#[tokio::test]
async fn who_may_invite_is_configured() {
    let server = Server::with(|config| config.members_may_invite = false).await;
    server.accounts(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    assert_eq!(begin(&mut bob, INVITE).await.unwrap_err(), "forbidden");
    begin(&mut alice, INVITE).await.unwrap();
    let server = Server::with(|config| config.registration = Registration::Closed).await;
    server.accounts(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    for node in [INVITE, CREATE] {
        assert_eq!(begin(&mut alice, node).await.unwrap_err(), "forbidden");
    }
}

async fn known(client: &mut Client) -> Vec<String> {
    let roster = client
        .get("", "<query xmlns='jabber:iq:roster'/>")
        .await
        .unwrap();
    let items = roster.children().map(|item| {
        let part = |name| item.attr(name).unwrap_or_default();
        format!("{} {}", part("jid"), part("subscription"))
    });
    items.collect()
}

#[tokio::test]
async fn where_everybody_keeps_a_roster_the_two_are_in_each_others() {
    let server = Server::with(|config| config.shared_roster = false).await;
    server.accounts(&["alice", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    known(&mut bob).await;
    let link = uri(&begin(&mut bob, INVITE).await.unwrap());
    let mut carol = stranger(&server).await;
    register(&mut carol, &preauth(&token(&link))).await;
    assert_eq!(register(&mut carol, &account("carol")).await, "ok");
    assert_eq!(known(&mut bob).await, ["carol@team.internal both"]);
    let mut carol = Client::online(&server, "carol", "desk").await;
    assert_eq!(known(&mut carol).await, ["bob@team.internal both"]);

    // Who has an account already shows the invite with the wish to subscribe.
    let mut alice = Client::online(&server, "alice", "desk").await;
    let link = uri(&begin(&mut bob, INVITE).await.unwrap());
    let subscribe = |to: &str, token: &str| {
        format!(
            "<presence to='{to}@team.internal' type='subscribe'>\
             <preauth xmlns='urn:xmpp:pars:0' token='{token}'/></presence>"
        )
    };
    // One that does not fit is a wish like any other.
    alice.send(subscribe("bob", "guess")).await;
    alice.sync().await;
    assert_eq!(known(&mut alice).await, ["bob@team.internal none"]);
    alice.send(subscribe("carol", &token(&link))).await;
    alice.sync().await;
    assert!(
        known(&mut alice)
            .await
            .contains(&"carol@team.internal none".to_owned())
    );
    alice.send(subscribe("bob", &token(&link))).await;
    alice.sync().await;
    assert!(
        known(&mut alice)
            .await
            .contains(&"bob@team.internal both".to_owned())
    );
    assert_eq!(
        known(&mut bob).await,
        ["alice@team.internal both", "carol@team.internal both"]
    );
}

#[tokio::test]
async fn whoever_was_disabled_does_not_come_back_by_an_invite_of_their_own() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let link = uri(&begin(&mut bob, INVITE).await.unwrap());
    let shown = preauth(&token(&link));
    let mut early = stranger(&server).await;
    assert_eq!(register(&mut early, &shown).await, "ok");
    let who = [("accountjids", "bob@team.internal")];
    let node = |name: &str| format!("http://jabber.org/protocol/admin#{name}");
    run(&mut alice, &node("disable-user"), &who).await.unwrap();
    let mut late = stranger(&server).await;
    assert_eq!(register(&mut late, &shown).await, "cancel item-not-found");
    // Nor with one that was shown before.
    let refused = register(&mut early, &account("bob2")).await;
    assert_eq!(refused, "cancel item-not-found");
    run(&mut alice, &node("reenable-user"), &who).await.unwrap();
    assert_eq!(register(&mut late, &shown).await, "ok");
    assert_eq!(register(&mut late, &account("carol")).await, "ok");
}

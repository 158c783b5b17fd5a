//! Subscriptions (RFC 6121, section 3), with a roster of one's own.

use startalk_server_lite::admin::Admin;
use xmpp_core::{Element, ns};

use crate::client::{Client, condition};
use crate::commands::run;
use crate::server::Server;

/// A server where nobody sees anybody until they have asked.
pub(crate) async fn classic(people: &[&str]) -> Server {
    let server = Server::with(|config| config.shared_roster = false).await;
    server.accounts(people).await;
    server
}

const ROSTER: &str = "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>";

/// An available session that hears of changes of its roster.
async fn online(server: &Server, user: &str, resource: &str) -> Client {
    let mut client = Client::session(server, user, resource).await;
    client.ask(ROSTER).await;
    client.send("<presence/>").await;
    client.sync().await;
    client
}

/// What a stanza says, in a word or two: `push bob both`, `bob subscribe`,
/// `bob/desk available`.
fn word(stanza: &Element) -> String {
    let short = |address: Option<&str>| address.unwrap_or("?").replace("@team.internal", "");
    if stanza.attr("type") == Some("error") {
        return condition(stanza);
    }
    if stanza.name() == "presence" {
        assert!(stanza.attr("to").is_some(), "{stanza:?}");
        let kind = stanza.attr("type").unwrap_or("available");
        return format!("{} {kind}", short(stanza.attr("from")));
    }
    let query = stanza.get_child("query", ns::ROSTER).expect("a push");
    let item = query.children().next().unwrap();
    let mut word = format!(
        "push {} {}",
        short(item.attr("jid")),
        item.attr("subscription").unwrap()
    );
    for (name, said) in [("ask", "ask"), ("approved", "approved")] {
        if item.attr(name).is_some() {
            word.push_str(&format!(" {said}"));
        }
    }
    word
}

/// Everything that a client was told, in words.
async fn heard(client: &mut Client) -> Vec<String> {
    client.sync().await.iter().map(word).collect()
}

/// The same, with what answers to requests have overtaken.
async fn told(client: &mut Client) -> Vec<String> {
    let to = &client.address;
    let last = format!("<message type='headline' to='{to}' id='told'/>");
    client.send(last).await;
    let is_last = |stanza: &Element| stanza.attr("id") == Some("told");
    let mut all = client.all_until(is_last).await;
    all.pop();
    all.iter().map(word).collect()
}

async fn say(client: &mut Client, kind: &str, to: &str) {
    client
        .send(format!("<presence type='{kind}' to='{to}@team.internal'/>"))
        .await;
}

/// The roster, as words of pushes.
async fn roster(client: &mut Client) -> Vec<String> {
    let (_, answer) = client.ask(ROSTER).await;
    let query = answer.get_child("query", ns::ROSTER).unwrap();
    query
        .children()
        .map(|item| {
            let pushed = xmpp_core::element::build("iq", ns::CLIENT)
                .child(xmpp_core::element::build("query", ns::ROSTER).child(item.clone()));
            word(&pushed.done()).replace("push ", "")
        })
        .collect()
}

/// Both are subscribed to each other, and have heard all of it.
async fn befriend(one: &mut Client, other: &mut Client) {
    let user = |client: &Client| client.address.split('@').next().unwrap().to_owned();
    let (first, second) = (user(one), user(other));
    say(one, "subscribe", &second).await;
    one.sync().await;
    say(other, "subscribed", &first).await;
    say(other, "subscribe", &first).await;
    other.sync().await;
    say(one, "subscribed", &second).await;
    one.sync().await;
    other.sync().await;
    assert_eq!(roster(one).await, [format!("{second} both")]);
    assert_eq!(roster(other).await, [format!("{first} both")]);
}

#[tokio::test]
async fn asking_granting_and_taking_back() {
    let server = classic(&["rosa", "bob"]).await;
    let mut rosa = online(&server, "rosa", "desk").await;
    let mut bob = online(&server, "bob", "desk").await;
    // Has not asked for the roster, but is there.
    let mut phone = Client::online(&server, "bob", "phone").await;
    bob.sync().await;
    assert!(heard(&mut rosa).await.is_empty(), "nobody sees anybody");

    say(&mut rosa, "subscribe", "bob").await;
    assert_eq!(heard(&mut rosa).await, ["push bob none ask"]);
    assert_eq!(heard(&mut bob).await, ["rosa subscribe"]);
    assert_eq!(heard(&mut phone).await, ["rosa subscribe"]);
    assert!(roster(&mut bob).await.is_empty(), "a request is no item");
    // Once is enough.
    say(&mut rosa, "subscribe", "bob").await;
    assert!(heard(&mut rosa).await.is_empty());
    assert!(heard(&mut bob).await.is_empty());

    say(&mut bob, "subscribed", "rosa").await;
    assert_eq!(heard(&mut bob).await, ["push rosa from"]);
    let mut shown = heard(&mut rosa).await;
    shown[2..].sort();
    let expected = [
        "bob subscribed",
        "push bob to",
        "bob/desk available",
        "bob/phone available",
    ];
    let mut first = shown[..2].to_vec();
    first.sort();
    assert_eq!([first, shown[2..].to_vec()].concat(), expected);
    phone.sync().await;
    // One way only.
    rosa.send("<presence><show>away</show></presence>").await;
    assert_eq!(heard(&mut rosa).await, ["rosa/desk available"]);
    assert!(heard(&mut bob).await.is_empty());
    bob.send("<presence><show>away</show></presence>").await;
    assert_eq!(heard(&mut bob).await, ["bob/desk available"]);
    assert_eq!(heard(&mut rosa).await, ["bob/desk available"]);
    assert_eq!(heard(&mut phone).await, ["bob/desk available"]);

    say(&mut bob, "unsubscribed", "rosa").await;
    assert_eq!(heard(&mut bob).await, ["push rosa none"]);
    let mut told = heard(&mut rosa).await;
    told.sort();
    let expected = [
        "bob unsubscribed",
        "bob/desk unavailable",
        "bob/phone unavailable",
        "push bob none",
    ];
    assert_eq!(told, expected);
    bob.send("<presence/>").await;
    bob.sync().await;
    assert!(heard(&mut rosa).await.is_empty());
}

#[tokio::test]
async fn who_no_longer_wants_to_see_somebody_says_so() {
    let server = classic(&["rosa", "bob"]).await;
    let mut rosa = online(&server, "rosa", "desk").await;
    let mut bob = online(&server, "bob", "desk").await;
    befriend(&mut rosa, &mut bob).await;
    say(&mut rosa, "unsubscribe", "bob").await;
    let mut told = heard(&mut rosa).await;
    told.sort();
    assert_eq!(told, ["bob/desk unavailable", "push bob from"]);
    let mut told = heard(&mut bob).await;
    told.sort();
    assert_eq!(told, ["push rosa to", "rosa unsubscribe"]);
    // A request can be taken back before it is answered.
    say(&mut rosa, "subscribe", "bob").await;
    say(&mut rosa, "unsubscribe", "bob").await;
    assert_eq!(
        heard(&mut rosa).await,
        ["push bob from ask", "push bob from"]
    );
    assert_eq!(
        heard(&mut bob).await,
        ["rosa subscribe", "rosa unsubscribe"]
    );
    say(&mut bob, "subscribed", "rosa").await;
    // Granted beforehand now, not shown to her.
    assert_eq!(heard(&mut bob).await, ["push rosa to approved"]);
    assert!(heard(&mut rosa).await.is_empty());
}

#[tokio::test]
async fn a_request_waits_until_it_is_answered() {
    let mut server = classic(&["rosa", "bob"]).await;
    let mut rosa = online(&server, "rosa", "desk").await;
    rosa.send(
        "<presence type='subscribe' to='bob@team.internal/anywhere' id='q'>\
         <status>我是罗莎</status><nick xmlns='http://jabber.org/protocol/nick'>R</nick></presence>",
    )
    .await;
    rosa.sync().await;
    let asks = |stanza: &Element| stanza.attr("type") == Some("subscribe");
    for resource in ["one", "two"] {
        let mut bob = Client::session(&server, "bob", resource).await;
        assert!(bob.sync().await.is_empty(), "not before he is available");
        bob.send("<presence/>").await;
        let got: Vec<_> = bob.sync().await.into_iter().filter(asks).collect();
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].attr("from"), Some("rosa@team.internal"));
        assert_eq!(got[0].attr("to"), Some("bob@team.internal"));
        assert_eq!(got[0].attr("id"), Some("q"));
        assert_eq!(
            got[0].get_child("status", ns::CLIENT).unwrap().text(),
            "我是罗莎"
        );
        assert!(got[0].has_child("nick", ns::NICK));
        // Only for the first presence of a session.
        bob.send("<presence/>").await;
        assert!(!bob.sync().await.iter().any(asks));
    }
    server.stop().await;
    server
        .start_with(|config| config.shared_roster = false)
        .await;
    let mut bob = online(&server, "bob", "three").await;
    say(&mut bob, "unsubscribed", "rosa").await;
    bob.sync().await;
    let mut bob = Client::session(&server, "bob", "four").await;
    bob.send("<presence/>").await;
    assert!(!bob.sync().await.iter().any(asks), "it is answered");
    let mut rosa = online(&server, "rosa", "desk").await;
    assert_eq!(roster(&mut rosa).await, ["bob none"]);
}

#[tokio::test]
async fn a_request_of_any_length_waits_in_little_room() {
    let server = classic(&["rosa", "bob"]).await;
    let mut rosa = online(&server, "rosa", "desk").await;
    let long = "长".repeat(20_000);
    rosa.send(format!(
        "<presence type='subscribe' to='bob@team.internal'><status>{long}</status></presence>"
    ))
    .await;
    rosa.sync().await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    bob.send("<presence/>").await;
    let got = bob.sync().await;
    let asked = got
        .iter()
        .find(|stanza| stanza.attr("type") == Some("subscribe"));
    assert!(asked.unwrap().children().next().is_none());
}

#[tokio::test]
async fn what_was_granted_beforehand_is_not_asked() {
    let server = classic(&["rosa", "bob"]).await;
    let mut bob = Client::direct(&server).await;
    let features = bob.sign_in("bob").await;
    assert!(features.has_child("sub", ns::PRE_APPROVAL));
    drop(bob);
    let mut bob = online(&server, "bob", "desk").await;
    let mut rosa = online(&server, "rosa", "desk").await;
    say(&mut bob, "subscribed", "rosa").await;
    assert_eq!(heard(&mut bob).await, ["push rosa none approved"]);
    assert!(heard(&mut rosa).await.is_empty());
    // Taken back, and granted again.
    say(&mut bob, "unsubscribed", "rosa").await;
    say(&mut bob, "subscribed", "rosa").await;
    assert_eq!(
        heard(&mut bob).await,
        ["push rosa none", "push rosa none approved"]
    );
    assert!(heard(&mut rosa).await.is_empty());
    say(&mut rosa, "subscribe", "bob").await;
    let told = heard(&mut rosa).await;
    assert_eq!(told[0], "push bob none ask");
    assert_eq!(told.last().unwrap(), "bob/desk available");
    assert!(told.contains(&"bob subscribed".to_owned()));
    assert!(told.contains(&"push bob to".to_owned()));
    assert_eq!(heard(&mut bob).await, ["push rosa from"]);
    // Granted once: the next request is asked.
    say(&mut rosa, "unsubscribe", "bob").await;
    say(&mut rosa, "subscribe", "bob").await;
    rosa.sync().await;
    assert_eq!(
        heard(&mut bob).await,
        ["rosa unsubscribe", "push rosa none", "rosa subscribe"]
    );
}

#[tokio::test]
async fn a_removed_item_ends_what_it_stood_for() {
    let server = classic(&["rosa", "bob"]).await;
    let mut rosa = online(&server, "rosa", "desk").await;
    let mut bob = online(&server, "bob", "desk").await;
    befriend(&mut rosa, &mut bob).await;
    let remove = "<iq type='set' id='s'><query xmlns='jabber:iq:roster'>\
                  <item jid='bob@team.internal' subscription='remove'/></query></iq>";
    let (mut told, answer) = rosa.ask(remove).await;
    assert_eq!(answer.attr("type"), Some("result"));
    told.extend(rosa.sync().await);
    let mut told: Vec<_> = told.iter().map(word).collect();
    told.sort();
    assert_eq!(told, ["bob/desk unavailable", "push bob remove"]);
    let mut told = heard(&mut bob).await;
    told.sort();
    let expected = [
        "push rosa none",
        "push rosa to",
        "rosa unsubscribe",
        "rosa unsubscribed",
        "rosa/desk unavailable",
    ];
    assert_eq!(told, expected);
    assert_eq!(roster(&mut bob).await, ["rosa none"]);
    assert!(roster(&mut rosa).await.is_empty());
    // So does one that was only asked for.
    say(&mut rosa, "subscribe", "bob").await;
    rosa.sync().await;
    rosa.ask(remove).await;
    bob.sync().await;
    let mut bob = Client::session(&server, "bob", "phone").await;
    bob.send("<presence/>").await;
    let words = heard(&mut bob).await;
    assert!(!words.contains(&"rosa subscribe".to_owned()), "{words:?}");
}

#[tokio::test]
async fn who_is_gone_is_gone_from_rosters() {
    let server = classic(&["rosa", "bob", "eve"]).await;
    let mut rosa = online(&server, "rosa", "desk").await;
    let mut bob = online(&server, "bob", "desk").await;
    befriend(&mut rosa, &mut bob).await;
    let mut eve = online(&server, "eve", "desk").await;
    let admin = Admin::open(&server.data()).unwrap();
    admin.remove_user("bob").await.unwrap();
    admin.close().await;
    assert_eq!(bob.end().await.as_deref(), Some("not-authorized"));
    let told = rosa
        .all_until(|stanza| stanza.has_child("query", ns::ROSTER))
        .await;
    let told: Vec<_> = told.iter().map(word).collect();
    assert_eq!(told, ["bob/desk unavailable", "push bob remove"]);
    assert!(roster(&mut rosa).await.is_empty());
    assert!(heard(&mut eve).await.is_empty());
    // Another person of that name is a stranger.
    server.accounts(&["bob"]).await;
    let mut bob = online(&server, "bob", "desk").await;
    assert!(roster(&mut bob).await.is_empty());
    assert!(heard(&mut rosa).await.is_empty());
}

#[tokio::test]
async fn who_is_disabled_for_a_while_keeps_friends_and_whoever_is_removed_does_not() {
    let server = classic(&["rosa", "bob"]).await;
    let mut rosa = online(&server, "rosa", "desk").await;
    let mut bob = online(&server, "bob", "desk").await;
    befriend(&mut rosa, &mut bob).await;
    let node = |name: &str| format!("http://jabber.org/protocol/admin#{name}");
    let who = [("accountjids", "bob@team.internal")];
    run(&mut rosa, &node("disable-user"), &who).await.unwrap();
    assert!(bob.end().await.is_some());
    let is_presence = |stanza: &Element| stanza.name() == "presence";
    let gone = rosa.until(is_presence).await;
    assert_eq!(word(&gone), "bob/desk unavailable");
    assert!(told(&mut rosa).await.is_empty());
    assert_eq!(roster(&mut rosa).await, ["bob both"]);
    run(&mut rosa, &node("reenable-user"), &who).await.unwrap();
    let mut bob = Client::session(&server, "bob", "desk").await;
    bob.send("<presence/>").await;
    assert!(
        heard(&mut bob)
            .await
            .contains(&"rosa/desk available".to_owned())
    );
    assert_eq!(told(&mut rosa).await, ["bob/desk available"]);
    run(&mut rosa, &node("disable-user"), &who).await.unwrap();
    assert!(bob.end().await.is_some());
    rosa.until(is_presence).await;
    run(&mut rosa, &node("delete-user"), &who).await.unwrap();
    assert_eq!(told(&mut rosa).await, ["push bob remove"]);
    server.accounts(&["bob"]).await;
    let mut bob = online(&server, "bob", "desk").await;
    assert!(heard(&mut bob).await.is_empty());
    assert!(told(&mut rosa).await.is_empty());
}

#[tokio::test]
async fn who_cannot_be_asked_is_said_or_not() {
    let server = classic(&["rosa"]).await;
    let mut rosa = online(&server, "rosa", "desk").await;
    for (to, expected) in [
        ("bob@elsewhere.example", &["remote-server-not-found"][..]),
        ("@@@", &["jid-malformed"]),
        ("team.internal", &[]),
        ("rosa@team.internal", &[]),
        ("rosa@team.internal/desk", &[]),
        // Who has an account is not for guessing: it waits for ever.
        ("nobody@team.internal", &["push nobody none ask"]),
    ] {
        rosa.send(format!("<presence type='subscribe' to='{to}' id='p'/>"))
            .await;
        assert_eq!(heard(&mut rosa).await, expected, "{to}");
    }
    // No answer comes to what was not asked.
    for kind in ["subscribed", "unsubscribed", "unsubscribe"] {
        rosa.send(format!(
            "<presence type='{kind}' to='a@elsewhere.example' id='p'/>"
        ))
        .await;
        assert_eq!(
            heard(&mut rosa).await,
            ["remote-server-not-found"],
            "{kind}"
        );
    }
}

#[tokio::test]
async fn colleagues_need_not_ask_and_cannot_leave() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = online(&server, "rosa", "desk").await;
    let mut bob = online(&server, "bob", "desk").await;
    assert_eq!(heard(&mut rosa).await, ["bob/desk available"]);
    for (kind, expected) in [
        ("subscribe", &["bob subscribed"][..]),
        ("subscribed", &[]),
        ("unsubscribe", &[]),
        ("unsubscribed", &[]),
    ] {
        say(&mut rosa, kind, "bob").await;
        assert_eq!(heard(&mut rosa).await, expected, "{kind}");
        assert!(heard(&mut bob).await.is_empty(), "{kind}");
    }
    say(&mut rosa, "subscribe", "nobody").await;
    assert!(heard(&mut rosa).await.is_empty());
    assert_eq!(roster(&mut rosa).await, ["bob both"]);
    bob.send("<presence><show>dnd</show></presence>").await;
    bob.sync().await;
    assert_eq!(heard(&mut rosa).await, ["bob/desk available"]);
}

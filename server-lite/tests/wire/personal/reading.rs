//! Asking for items, and subscribing by name (XEP-0060, sections 6.1 to 6.5).

use xmpp_core::{Element, ns};

use super::{ALICE, BOB, events, interested, items, options, owner, publication, publish, pubsub};
use crate::client::Client;
use crate::server::Server;

fn ids(answer: &Element) -> Vec<String> {
    let items = answer.get_child("items", ns::PUBSUB).unwrap();
    let ids = items
        .children()
        .map(|item| item.attr("id").unwrap().to_owned());
    ids.collect()
}

#[tokio::test]
async fn all_items_some_or_a_page() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let max = options(&[("max_items", "max")]);
    for id in ["1", "2", "3", "4", "5"] {
        publish(&mut alice, "urn:n", id, &max).await.unwrap();
    }
    let page = |set: &str| format!("<items node='urn:n'/><set xmlns='{}'>{set}</set>", ns::RSM);
    for (request, expected) in [
        (
            "<items node='urn:n'/>".to_owned(),
            &["1", "2", "3", "4", "5"][..],
        ),
        (
            "<items node='urn:n' max_items='2'/>".to_owned(),
            &["4", "5"],
        ),
        (
            "<items node='urn:n'><item id='4'/><item id='9'/><item id='2'/></items>".to_owned(),
            &["4", "2"],
        ),
        (page("<max>2</max>"), &["1", "2"]),
        (page("<max>2</max><after>2</after>"), &["3", "4"]),
        (page("<max>2</max><after>5</after>"), &[]),
        (page("<max>2</max><before/>"), &["4", "5"]),
        (page("<max>2</max><before>4</before>"), &["2", "3"]),
        (page("<max>0</max>"), &[]),
    ] {
        let answer = pubsub(&mut bob, "get", ALICE, &request).await.unwrap();
        assert_eq!(ids(&answer), expected, "{request}");
        if let Some(set) = answer.get_child("set", ns::RSM) {
            assert_eq!(set.get_child("count", ns::RSM).unwrap().text(), "5");
            let first = set.get_child("first", ns::RSM).map(Element::text);
            assert_eq!(first.as_deref(), expected.first().copied());
        } else {
            assert!(!request.contains("<set"));
        }
    }
    for (request, condition) in [
        ("<items/>".to_owned(), "bad-request nodeid-required"),
        ("<items node='urn:m'/>".to_owned(), "item-not-found"),
        (
            "<items node='urn:n' max_items='0'/>".to_owned(),
            "bad-request",
        ),
        (
            "<items node='urn:n' max_items='all'/>".to_owned(),
            "bad-request",
        ),
        (page("<max>two</max>"), "bad-request"),
        (page("<after>9</after>"), "item-not-found"),
        (
            "<default node='urn:n'/>".to_owned(),
            "feature-not-implemented unsupported",
        ),
    ] {
        let refused = pubsub(&mut bob, "get", ALICE, &request).await;
        assert_eq!(refused.unwrap_err(), condition, "{request}");
    }
}

#[tokio::test]
async fn an_answer_that_would_be_too_large_is_a_page() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let max = options(&[("max_items", "max")]);
    let large = format!("<a xmlns='urn:a'>{}</a>", "x".repeat(60_000));
    for id in ["1", "2", "3", "4", "5"] {
        let publication = publication("urn:n", id, &large, &max);
        pubsub(&mut alice, "set", "", &publication).await.unwrap();
    }
    let answer = pubsub(&mut alice, "get", "", "<items node='urn:n'/>")
        .await
        .unwrap();
    assert_eq!(ids(&answer), ["3", "4", "5"]);
    let set = answer
        .get_child("set", ns::RSM)
        .expect("that some are missing");
    let text = |name| set.get_child(name, ns::RSM).unwrap().text();
    assert_eq!(
        (text("first"), text("count")),
        ("3".to_owned(), "5".to_owned())
    );
    let rest = format!(
        "<items node='urn:n'/><set xmlns='{}'><before>3</before></set>",
        ns::RSM
    );
    let answer = pubsub(&mut alice, "get", "", &rest).await.unwrap();
    assert_eq!(ids(&answer), ["1", "2"]);
    let named =
        "<items node='urn:n'><item id='1'/><item id='2'/><item id='3'/><item id='4'/></items>";
    let answer = pubsub(&mut alice, "get", "", named).await.unwrap();
    assert_eq!(ids(&answer), ["1", "2", "3"]);
}

#[tokio::test]
async fn subscribers_hear_what_is_published() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut phone = Client::online(&server, "bob", "phone").await;
    publish(&mut alice, "urn:n", "1", "").await.unwrap();
    assert_eq!(events(&mut bob).await, Vec::<String>::new());
    let subscribe = |jid: &str| format!("<subscribe node='urn:n' jid='{jid}'/>");
    let answer = pubsub(&mut bob, "set", ALICE, &subscribe("bob@team.internal/desk")).await;
    assert!(String::from(&answer.unwrap()).contains("subscription='subscribed'"));
    // With the newest item (section 6.1.7).
    assert_eq!(events(&mut bob).await, ["alice urn:n +1 (late)"]);
    publish(&mut alice, "urn:n", "2", "").await.unwrap();
    assert_eq!(events(&mut bob).await, ["alice urn:n +2"]);
    assert_eq!(events(&mut phone).await, Vec::<String>::new());
    pubsub(&mut bob, "set", ALICE, &subscribe(BOB))
        .await
        .unwrap();
    assert_eq!(events(&mut bob).await, ["alice urn:n +2 (late)"]);
    assert_eq!(events(&mut phone).await, ["alice urn:n +2 (late)"]);
    publish(&mut alice, "urn:n", "3", "").await.unwrap();
    // Once, however often it is subscribed.
    assert_eq!(events(&mut bob).await, ["alice urn:n +3"]);
    assert_eq!(events(&mut phone).await, ["alice urn:n +3"]);

    let all = pubsub(&mut bob, "get", ALICE, "<subscriptions/>")
        .await
        .unwrap();
    let all = all.get_child("subscriptions", ns::PUBSUB).unwrap().clone();
    assert_eq!(all.children().count(), 2);
    let one = owner(&mut alice, "get", "<subscriptions node='urn:n'/>")
        .await
        .unwrap();
    assert_eq!(
        one.get_child("subscriptions", ns::PUBSUB_OWNER)
            .unwrap()
            .children()
            .count(),
        2
    );
    let unsubscribe = "<unsubscribe node='urn:n' jid='bob@team.internal/desk'/>";
    pubsub(&mut bob, "set", ALICE, unsubscribe).await.unwrap();
    let again = pubsub(&mut bob, "set", ALICE, unsubscribe).await;
    assert_eq!(again.unwrap_err(), "unexpected-request not-subscribed");
    let end = format!(
        "<subscriptions node='urn:n'><subscription jid='{BOB}' subscription='none'/></subscriptions>"
    );
    owner(&mut alice, "set", &end).await.unwrap();
    publish(&mut alice, "urn:n", "4", "").await.unwrap();
    assert_eq!(events(&mut bob).await, Vec::<String>::new());
    assert_eq!(events(&mut phone).await, Vec::<String>::new());
    assert_eq!(items(&mut bob, ALICE, "urn:n").await.unwrap(), ["4"]);
}

#[tokio::test]
async fn who_cannot_subscribe() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    publish(&mut alice, "urn:open", "1", "").await.unwrap();
    let whitelist = options(&[("access_model", "whitelist")]);
    publish(&mut alice, "urn:n", "1", &whitelist).await.unwrap();
    for (subscribe, condition) in [
        (
            "<subscribe node='urn:n' jid='bob@team.internal'/>",
            "not-allowed closed-node",
        ),
        (
            "<subscribe node='urn:m' jid='bob@team.internal'/>",
            "item-not-found",
        ),
        (
            "<subscribe node='urn:open' jid='alice@team.internal'/>",
            "bad-request invalid-jid",
        ),
        ("<subscribe node='urn:open'/>", "bad-request invalid-jid"),
        (
            "<subscribe jid='bob@team.internal'/>",
            "bad-request nodeid-required",
        ),
        (
            "<unsubscribe node='urn:m' jid='bob@team.internal'/>",
            "item-not-found",
        ),
        (
            "<unsubscribe node='urn:open' jid='alice@team.internal'/>",
            "bad-request invalid-jid",
        ),
    ] {
        let refused = pubsub(&mut bob, "set", ALICE, subscribe).await;
        assert_eq!(refused.unwrap_err(), condition, "{subscribe}");
    }
}

#[tokio::test]
async fn without_a_shared_roster_presence_decides() {
    let server = Server::with(|config| config.shared_roster = false).await;
    server.accounts(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    for (node, access) in [
        ("urn:n", "presence"),
        ("urn:roster", "roster"),
        ("urn:open", "open"),
    ] {
        let options = options(&[("access_model", access)]);
        publish(&mut alice, node, "1", &options).await.unwrap();
    }
    let stranger = items(&mut bob, ALICE, "urn:n").await;
    assert_eq!(
        stranger.unwrap_err(),
        "not-authorized presence-subscription-required"
    );
    let stranger = items(&mut bob, ALICE, "urn:roster").await;
    assert_eq!(stranger.unwrap_err(), "not-authorized not-in-roster-group");
    assert_eq!(items(&mut bob, ALICE, "urn:open").await.unwrap(), ["1"]);
    // Whoever is interested hears only of those whose presence they get.
    let mut carol = interested(&server, "carol", "desk", &["urn:n", "urn:roster"]).await;
    let mut waiting = interested(&server, "bob", "waiting", &["urn:n"]).await;
    assert_eq!(events(&mut waiting).await, Vec::<String>::new());
    bob.send(format!("<presence to='{ALICE}' type='subscribe'/>"))
        .await;
    bob.sync().await;
    alice
        .send(format!("<presence to='{BOB}' type='subscribed'/>"))
        .await;
    alice.sync().await;
    // At once, with what there is.
    assert_eq!(events(&mut waiting).await, ["alice urn:n +1 (late)"]);
    assert_eq!(items(&mut bob, ALICE, "urn:n").await.unwrap(), ["1"]);
    assert_eq!(items(&mut bob, ALICE, "urn:roster").await.unwrap(), ["1"]);
    let mut phone = interested(&server, "bob", "phone", &["urn:roster"]).await;
    assert_eq!(events(&mut phone).await, ["alice urn:roster +1 (late)"]);
    publish(&mut alice, "urn:roster", "2", "").await.unwrap();
    assert_eq!(events(&mut phone).await, ["alice urn:roster +2"]);
    assert_eq!(events(&mut carol).await, Vec::<String>::new());
    // No longer.
    alice
        .send(format!("<presence to='{BOB}' type='unsubscribed'/>"))
        .await;
    alice.sync().await;
    publish(&mut alice, "urn:roster", "3", "").await.unwrap();
    assert_eq!(events(&mut phone).await, Vec::<String>::new());
}

#[tokio::test]
async fn subscriptions_have_no_options() {
    const REFUSED: &str = "feature-not-implemented unsupported";
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    publish(&mut alice, "urn:n", "1", "").await.unwrap();
    let subscribe = format!("<subscribe node='urn:n' jid='{BOB}'/>");
    let submit = "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>\
                  <value>http://jabber.org/protocol/pubsub#subscribe_options</value></field>\
                  <field var='pubsub#deliver'><value>0</value></field></x>";
    let options = |form: &str| format!("<options node='urn:n' jid='{BOB}'>{form}</options>");
    // Whoever believed that they had them would wait for what does not come
    // (XEP-0060, section 6.3.7).
    let both = subscribe.clone() + &options(submit);
    let refused = pubsub(&mut bob, "set", ALICE, &both).await;
    assert_eq!(refused.unwrap_err(), REFUSED);
    let list = pubsub(&mut bob, "get", ALICE, "<subscriptions/>").await;
    let list = list.unwrap();
    let list = list.get_child("subscriptions", ns::PUBSUB).unwrap();
    assert_eq!(list.children().count(), 0, "nothing was done");
    pubsub(&mut bob, "set", ALICE, &subscribe).await.unwrap();
    for (kind, action) in [
        ("get", options("")),
        ("set", options(submit)),
        ("get", "<default node='urn:n'/>".to_owned()),
    ] {
        let refused = pubsub(&mut bob, kind, ALICE, &action).await;
        assert_eq!(refused.unwrap_err(), REFUSED, "{action}");
    }
}

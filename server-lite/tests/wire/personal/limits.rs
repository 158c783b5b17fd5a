//! What one account can keep has limits, which are refusals and nothing worse.

use xmpp_core::ns;

use super::{ask, form, items, options, owner, publication, publish, pubsub};
use crate::client::Client;
use crate::server::Server;

fn large(bytes: usize) -> String {
    format!("<a xmlns='urn:a'>{}</a>", "x".repeat(bytes))
}

#[tokio::test]
async fn nodes_and_bytes_of_an_account() {
    let server = Server::with(|config| {
        config.limits.personal_nodes = 3;
        config.limits.personal_bytes = 20_000;
        config.limits.personal_payload = 10_000;
    })
    .await;
    server.accounts(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let max = options(&[("max_items", "max")]);
    let mut publish_large = async |node: &str, id: &str, bytes: usize| {
        let publication = publication(node, id, &large(bytes), &max);
        pubsub(&mut alice, "set", "", &publication)
            .await
            .map(|_| ())
    };
    let too_big = publish_large("urn:n", "1", 10_001).await;
    assert_eq!(too_big.unwrap_err(), "not-acceptable payload-too-big");
    publish_large("urn:n", "1", 9_000).await.unwrap();
    let full = publish_large("urn:n", "2", 9_950).await;
    assert_eq!(full.unwrap_err(), "resource-constraint");
    // In place of what was there there is room.
    publish_large("urn:n", "1", 9_950).await.unwrap();
    publish_large("urn:m", "1", 5_000).await.unwrap();
    // What has no content counts too.
    for n in 0..100 {
        let done = publish_large("urn:m", &n.to_string(), 1).await;
        if let Err(error) = done {
            assert!(n > 0, "at once");
            assert_eq!(error, "resource-constraint");
            break;
        }
        assert!(n < 99, "no end");
    }
    // What was refused is not there.
    assert_eq!(items(&mut alice, "", "urn:n").await.unwrap(), ["1"]);
    owner(&mut alice, "set", "<purge node='urn:m'/>")
        .await
        .unwrap();
    publish(&mut alice, "urn:l", "1", "").await.unwrap();
    for action in ["<create node='urn:k'/>", "<create/>"] {
        let refused = pubsub(&mut alice, "set", "", action).await;
        assert_eq!(
            refused.unwrap_err(),
            "resource-constraint max-nodes-exceeded"
        );
    }
    let refused = publish(&mut alice, "urn:k", "1", "").await;
    assert_eq!(
        refused.unwrap_err(),
        "resource-constraint max-nodes-exceeded"
    );
    owner(&mut alice, "set", "<delete node='urn:n'/>")
        .await
        .unwrap();
    publish(&mut alice, "urn:k", "1", "").await.unwrap();
    // Others have their own room.
    let mut bob = Client::online(&server, "bob", "desk").await;
    publish(&mut bob, "urn:n", "1", "").await.unwrap();
}

#[tokio::test]
async fn people_of_a_node_and_words_about_it() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    publish(&mut alice, "urn:n", "1", "").await.unwrap();
    let people = |count: usize| -> String {
        let one = |n| format!("<affiliation jid='p{n}@x' affiliation='member'/>");
        let all: String = (0..count).map(one).collect();
        format!("<affiliations node='urn:n'>{all}</affiliations>")
    };
    let refused = owner(&mut alice, "set", &people(1_001)).await;
    assert_eq!(refused.unwrap_err(), "resource-constraint");
    owner(&mut alice, "set", &people(3)).await.unwrap();
    let all = owner(&mut alice, "get", "<affiliations node='urn:n'/>")
        .await
        .unwrap();
    let all = all
        .get_child("affiliations", ns::PUBSUB_OWNER)
        .unwrap()
        .clone();
    assert_eq!(all.children().count(), 4);
    let long = "x".repeat(1_001);
    for field in ["title", "description", "type"] {
        let form = form(ns::PUBSUB_NODE_CONFIG, &[(field, &long)]);
        let configure = format!("<configure node='urn:n'>{form}</configure>");
        let refused = owner(&mut alice, "set", &configure).await;
        assert_eq!(refused.unwrap_err(), "not-acceptable", "{field}");
    }
}

#[tokio::test]
async fn private_storage_and_vcards() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let stored = |name: usize, bytes: usize| {
        let text = "x".repeat(bytes);
        format!("<query xmlns='jabber:iq:private'><e{name} xmlns='urn:e'>{text}</e{name}></query>")
    };
    let mut refused = None;
    for n in 0..10 {
        if let Err(error) = ask(&mut alice, "set", "", &stored(n, 200_000)).await {
            refused = Some((n, error));
            break;
        }
    }
    assert_eq!(refused, Some((5, "resource-constraint".to_owned())));
    // In place of what is there.
    ask(&mut alice, "set", "", &stored(4, 100)).await.unwrap();
    let many: String = (0..201).map(|n| format!("<e{n} xmlns='urn:f'/>")).collect();
    let many = format!("<query xmlns='jabber:iq:private'>{many}</query>");
    assert_eq!(
        ask(&mut alice, "set", "", &many).await.unwrap_err(),
        "bad-request"
    );
    let note = format!(
        "<vCard xmlns='vcard-temp'><NOTE>{}</NOTE></vCard>",
        "x".repeat(70_000)
    );
    assert_eq!(
        ask(&mut alice, "set", "", &note).await.unwrap_err(),
        "resource-constraint"
    );
    Client::prove_alive(&server, "alice").await;
}

#[tokio::test]
async fn the_newest_items_leave_room_in_the_queue() {
    let server = Server::with(|config| config.limits.session_queue = 40).await;
    let names: Vec<String> = (0..15).map(|n| format!("user{n}")).collect();
    for name in &names {
        server.accounts(&[name]).await;
        let mut client = Client::online(&server, name, "desk").await;
        publish(&mut client, "urn:n", "1", "").await.unwrap();
    }
    let mut last = super::interested(&server, "user0", "phone", &["urn:n"]).await;
    let events = super::events(&mut last).await;
    // Her own first, then those that changed last.
    assert_eq!(events.len(), 10);
    assert_eq!(events[0], "user0 urn:n +1 (late)");
    assert_eq!(events[1], "user14 urn:n +1 (late)");
}

#[tokio::test]
async fn the_newest_items_have_a_limit_of_bytes() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let names: Vec<String> = (0..8).map(|n| format!("urn:n{n}")).collect();
    for name in &names {
        let item = publication(name, "1", &large(190_000), "");
        pubsub(&mut alice, "set", "", &item).await.unwrap();
    }
    publish(&mut alice, "urn:small", "1", "").await.unwrap();
    let names: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .chain(["urn:small"])
        .collect();
    let mut phone = super::interested(&server, "alice", "phone", &names).await;
    let events = super::events(&mut phone).await;
    // Five of them, and what still finds room.
    assert_eq!(events.len(), 6, "{events:?}");
    assert!(events.contains(&"alice urn:small +1 (late)".to_owned()));
}

#[tokio::test]
async fn people_and_subscriptions_take_room_too() {
    let server = Server::with(|config| config.limits.personal_bytes = 20_000).await;
    server.accounts(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut carol = Client::online(&server, "carol", "desk").await;
    publish(&mut alice, "urn:n", "1", "").await.unwrap();
    let one = |n| format!("<affiliation jid='p{n}@x' affiliation='member'/>");
    let all: String = (0..100).map(one).collect();
    let people = format!("<affiliations node='urn:n'>{all}</affiliations>");
    let refused = owner(&mut alice, "set", &people).await;
    assert_eq!(refused.unwrap_err(), "resource-constraint");
    // Others cannot fill up what she has.
    let mut subscribed = 0;
    for client in [&mut bob, &mut carol] {
        let bare = client.address.split('/').next().unwrap().to_owned();
        for n in 0..30 {
            let subscribe = format!("<subscribe node='urn:n' jid='{bare}/{n}'/>");
            match pubsub(client, "set", super::ALICE, &subscribe).await {
                Ok(_) => subscribed += 1,
                Err(error) => {
                    assert_eq!(error, "policy-violation too-many-subscriptions");
                    break;
                }
            }
        }
    }
    assert!((10..25).contains(&subscribed), "{subscribed}");
    publish(&mut alice, "urn:m", "1", "").await.unwrap();
}

#[tokio::test]
async fn one_person_subscribes_to_a_node_a_few_times() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    publish(&mut alice, "urn:n", "1", "").await.unwrap();
    let mut subscribe = async |n: u32| {
        let subscribe = format!("<subscribe node='urn:n' jid='bob@team.internal/{n}'/>");
        pubsub(&mut bob, "set", super::ALICE, &subscribe).await
    };
    for n in 0..20 {
        subscribe(n).await.unwrap();
    }
    let refused = subscribe(20).await;
    assert_eq!(
        refused.unwrap_err(),
        "policy-violation too-many-subscriptions"
    );
    // Once more is not one more.
    subscribe(7).await.unwrap();
}

//! Publishing and taking back (XEP-0060, sections 7.1 and 7.2; XEP-0163).

use xmpp_core::ns;

use super::{ALICE, BOB, items, options, owner, publication, publish, pubsub, tune};
use crate::client::Client;
use crate::server::Server;

const TUNE: &str = "http://jabber.org/protocol/tune";

#[tokio::test]
async fn a_node_is_made_on_the_way_and_keeps_what_it_is_told_to() {
    let mut server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    publish(&mut alice, TUNE, "1", "").await.unwrap();
    publish(&mut alice, TUNE, "2", "").await.unwrap();
    // By default the newest one.
    assert_eq!(items(&mut alice, "", TUNE).await.unwrap(), ["2"]);
    let max = options(&[("max_items", "3")]);
    for id in ["1", "2", "3", "1", "4"] {
        publish(&mut alice, "urn:three", id, &max).await.unwrap();
    }
    // What is published again is the newest.
    assert_eq!(
        items(&mut alice, "", "urn:three").await.unwrap(),
        ["3", "1", "4"]
    );
    server.restart().await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    assert_eq!(
        items(&mut bob, ALICE, "urn:three").await.unwrap(),
        ["3", "1", "4"]
    );
    let found = pubsub(&mut bob, "get", ALICE, &format!("<items node='{TUNE}'/>")).await;
    let item = found
        .unwrap()
        .get_child("items", ns::PUBSUB)
        .unwrap()
        .clone();
    let item = item.children().next().unwrap();
    assert_eq!(item.attr("publisher"), Some(ALICE));
    let tune = item.get_child("tune", TUNE).unwrap();
    assert_eq!(tune.get_child("title", TUNE).unwrap().text(), "2");
}

#[tokio::test]
async fn an_item_without_an_id_gets_one() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let item = format!(
        "<publish node='{TUNE}'><item>{}</item></publish>",
        tune("x")
    );
    let answer = pubsub(&mut alice, "set", "", &item).await.unwrap();
    let publish = answer.get_child("publish", ns::PUBSUB).unwrap();
    let id = publish.children().next().unwrap().attr("id").unwrap();
    assert_eq!(items(&mut alice, "", TUNE).await.unwrap(), [id]);
}

#[tokio::test]
async fn what_a_publisher_expects_has_to_be_so() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let private = [
        ("access_model", "whitelist"),
        ("max_items", "max"),
        ("send_last_published_item", "never"),
        ("persist_items", "true"),
    ];
    publish(&mut alice, "urn:n", "1", &options(&private))
        .await
        .unwrap();
    // As it was made, all of it or a part.
    publish(&mut alice, "urn:n", "2", &options(&private))
        .await
        .unwrap();
    publish(&mut alice, "urn:n", "3", &options(&private[..1]))
        .await
        .unwrap();
    publish(&mut alice, "urn:n", "4", "").await.unwrap();
    for wrong in [
        ("access_model", "open"),
        ("max_items", "7"),
        ("persist_items", "0"),
        // Not known: nobody is to believe that it is so.
        ("secret_sauce", "1"),
        ("access_model", "authorize"),
        ("item_expire", "60"),
    ] {
        let refused = publish(&mut alice, "urn:n", "5", &options(&[wrong])).await;
        assert_eq!(
            refused.unwrap_err(),
            "conflict precondition-not-met",
            "{wrong:?}"
        );
    }
    assert_eq!(
        items(&mut alice, "", "urn:n").await.unwrap(),
        ["1", "2", "3", "4"]
    );
    // A node is not made of what is not possible, nor of another form.
    for (wrong, condition) in [
        (options(&[("secret_sauce", "1")]), "not-acceptable"),
        (
            options(&[("access_model", "authorize")]),
            "not-acceptable unsupported-access-model",
        ),
        (options(&[("max_items", "1001")]), "not-acceptable"),
        (
            options(&[("max_items", "2")]).replace(ns::PUBSUB_PUBLISH_OPTIONS, "urn:other"),
            "bad-request",
        ),
        ("<publish-options/>".to_owned(), "bad-request"),
    ] {
        let refused = publish(&mut alice, "urn:new", "1", &wrong).await;
        assert_eq!(refused.unwrap_err(), condition, "{wrong}");
        assert_eq!(
            items(&mut alice, "", "urn:new").await.unwrap_err(),
            "item-not-found"
        );
    }
}

#[tokio::test]
async fn what_is_no_publication_is_refused() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let long = "x".repeat(1_001);
    for (wrong, condition) in [
        ("<publish><item/></publish>".to_owned(), "bad-request nodeid-required"),
        ("<publish node=''><item/></publish>".to_owned(), "bad-request nodeid-required"),
        (publication(&long, "1", &tune("x"), ""), "bad-request"),
        (publication("urn:n", &long, &tune("x"), ""), "bad-request"),
        ("<publish node='urn:n'/>".to_owned(), "bad-request item-required"),
        (publication("urn:n", "1", "", ""), "bad-request payload-required"),
        (publication("urn:n", "1", "<a xmlns='a'/><b xmlns='b'/>", ""), "bad-request invalid-payload"),
        (
            "<publish node='urn:n'><item><a xmlns='a'/></item><item><a xmlns='a'/></item></publish>".to_owned(),
            "not-allowed max-items-exceeded",
        ),
        ("<dance node='urn:n'/>".to_owned(), "bad-request"),
        (String::new(), "bad-request"),
        ("<options node='urn:n' jid='alice@team.internal'/>".to_owned(), "feature-not-implemented unsupported"),
    ] {
        let refused = pubsub(&mut alice, "set", "", &wrong).await;
        assert_eq!(refused.unwrap_err(), condition, "{wrong}");
    }
    // A get of what changes something, a set of what does not.
    let publication = publication("urn:n", "1", &tune("x"), "");
    assert_eq!(
        pubsub(&mut alice, "get", "", &publication)
            .await
            .unwrap_err(),
        "bad-request"
    );
    let get = "<items node='urn:n'/>";
    assert_eq!(
        pubsub(&mut alice, "set", "", get).await.unwrap_err(),
        "bad-request"
    );
    assert_eq!(
        items(&mut alice, "", "urn:n").await.unwrap_err(),
        "item-not-found"
    );
}

#[tokio::test]
async fn others_write_only_where_they_may() {
    let server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut carol = Client::online(&server, "carol", "desk").await;
    let by_bob = publication("urn:n", "b", &tune("b"), "");
    let by_carol = publication("urn:n", "b", &tune("c"), "");
    // Nobody makes a node for somebody else.
    assert_eq!(
        pubsub(&mut bob, "set", ALICE, &by_bob).await.unwrap_err(),
        "item-not-found"
    );
    let max = options(&[("max_items", "10")]);
    publish(&mut alice, "urn:n", "a", &max).await.unwrap();
    assert_eq!(
        pubsub(&mut bob, "set", ALICE, &by_bob).await.unwrap_err(),
        "forbidden"
    );
    let affiliations = |affiliation: &str| {
        format!(
            "<affiliations node='urn:n'><affiliation jid='{BOB}' affiliation='{affiliation}'/></affiliations>"
        )
    };
    owner(&mut alice, "set", &affiliations("publisher"))
        .await
        .unwrap();
    pubsub(&mut bob, "set", ALICE, &by_bob).await.unwrap();
    let over = publication("urn:n", "a", &tune("b"), "");
    assert_eq!(
        pubsub(&mut bob, "set", ALICE, &over).await.unwrap_err(),
        "forbidden"
    );

    let open = super::form(ns::PUBSUB_NODE_CONFIG, &[("publish_model", "open")]);
    let configure = format!("<configure node='urn:n'>{open}</configure>");
    owner(&mut alice, "set", &configure).await.unwrap();
    assert_eq!(
        pubsub(&mut carol, "set", ALICE, &by_carol)
            .await
            .unwrap_err(),
        "forbidden"
    );
    let own = publication("urn:n", "c", &tune("c"), "");
    pubsub(&mut carol, "set", ALICE, &own).await.unwrap();
    // Nobody takes back what somebody else has published; the owner may.
    let back = |id: &str| format!("<retract node='urn:n'><item id='{id}'/></retract>");
    assert_eq!(
        pubsub(&mut carol, "set", ALICE, &back("b"))
            .await
            .unwrap_err(),
        "forbidden"
    );
    pubsub(&mut carol, "set", ALICE, &back("c")).await.unwrap();
    owner(&mut alice, "set", &affiliations("outcast"))
        .await
        .unwrap();
    assert_eq!(
        pubsub(&mut bob, "set", ALICE, &back("b"))
            .await
            .unwrap_err(),
        "forbidden"
    );
    assert_eq!(
        items(&mut bob, ALICE, "urn:n").await.unwrap_err(),
        "forbidden"
    );
    pubsub(&mut alice, "set", "", &back("b")).await.unwrap();
    assert_eq!(items(&mut alice, "", "urn:n").await.unwrap(), ["a"]);
}

#[tokio::test]
async fn what_is_not_there_is_not_taken_back() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    publish(&mut alice, "urn:n", "1", "").await.unwrap();
    for (wrong, condition) in [
        ("<retract node='urn:n'/>", "bad-request item-required"),
        (
            "<retract><item id='1'/></retract>",
            "bad-request nodeid-required",
        ),
        (
            "<retract node='urn:m'><item id='1'/></retract>",
            "item-not-found",
        ),
        // All or nothing.
        (
            "<retract node='urn:n'><item id='1'/><item id='2'/></retract>",
            "item-not-found",
        ),
    ] {
        let refused = pubsub(&mut alice, "set", "", wrong).await;
        assert_eq!(refused.unwrap_err(), condition, "{wrong}");
    }
    assert_eq!(items(&mut alice, "", "urn:n").await.unwrap(), ["1"]);
    let back = "<retract node='urn:n'><item id='1'/></retract>";
    pubsub(&mut alice, "set", "", back).await.unwrap();
    assert!(items(&mut alice, "", "urn:n").await.unwrap().is_empty());
}

//! What the owner does with a node (XEP-0060, section 8).

use startalk_server_lite::admin::Admin;
use xmpp_core::{Element, ns};

use super::{ALICE, BOB, ask, form, items, options, owner, publish, pubsub};
use crate::client::Client;
use crate::server::Server;

fn config(fields: &[(&str, &str)]) -> String {
    form(ns::PUBSUB_NODE_CONFIG, fields)
}

fn field(form: &Element, name: &str) -> String {
    let form = form.get_child("x", ns::DATA_FORMS).unwrap();
    let field = form
        .children()
        .find(|field| field.attr("var") == Some(name))
        .unwrap_or_else(|| panic!("no {name}"));
    field.get_child("value", ns::DATA_FORMS).unwrap().text()
}

#[tokio::test]
async fn nodes_are_made_configured_emptied_and_removed() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let form = config(&[("max_items", "5"), ("title", "Five"), ("node_type", "leaf")]);
    let create = format!("<create node='urn:n'/><configure>{form}</configure>");
    pubsub(&mut alice, "set", "", &create).await.unwrap();
    assert_eq!(
        pubsub(&mut alice, "set", "", &create).await.unwrap_err(),
        "conflict"
    );
    let get = "<configure node='urn:n'/>";
    let answer = owner(&mut alice, "get", get).await.unwrap();
    let configure = answer.get_child("configure", ns::PUBSUB_OWNER).unwrap();
    assert_eq!(field(configure, "pubsub#max_items"), "5");
    assert_eq!(field(configure, "pubsub#title"), "Five");
    assert_eq!(field(configure, "pubsub#access_model"), "presence");
    for id in ["1", "2", "3"] {
        publish(&mut alice, "urn:n", id, "").await.unwrap();
    }
    // Fewer: the newest stay.
    let two = format!(
        "<configure node='urn:n'>{}</configure>",
        config(&[("max_items", "2")])
    );
    owner(&mut alice, "set", &two).await.unwrap();
    assert_eq!(items(&mut alice, "", "urn:n").await.unwrap(), ["2", "3"]);
    owner(&mut alice, "set", "<purge node='urn:n'/>")
        .await
        .unwrap();
    assert!(items(&mut alice, "", "urn:n").await.unwrap().is_empty());
    owner(&mut alice, "set", "<delete node='urn:n'/>")
        .await
        .unwrap();
    assert_eq!(
        items(&mut alice, "", "urn:n").await.unwrap_err(),
        "item-not-found"
    );

    // A node without a name, and one as it comes.
    let made = pubsub(&mut alice, "set", "", "<create/>").await.unwrap();
    let name = made
        .get_child("create", ns::PUBSUB)
        .unwrap()
        .attr("node")
        .unwrap();
    assert!(items(&mut alice, "", name).await.unwrap().is_empty());
    pubsub(&mut alice, "set", "", "<create node='urn:m'/><configure/>")
        .await
        .unwrap();
    let defaults = owner(&mut alice, "get", "<default/>").await.unwrap();
    let defaults = defaults.get_child("default", ns::PUBSUB_OWNER).unwrap();
    assert_eq!(field(defaults, "pubsub#max_items"), "1");
    let form = form_of(
        &owner(&mut alice, "get", "<configure node='urn:m'/>")
            .await
            .unwrap(),
    );
    // What the server shows may be sent back as it is.
    let back = String::from(&form)
        .replace("type=\"form\"", "type=\"submit\"")
        .replace("type='form'", "type='submit'");
    owner(
        &mut alice,
        "set",
        &format!("<configure node='urn:m'>{back}</configure>"),
    )
    .await
    .unwrap();
    let again = form_of(
        &owner(&mut alice, "get", "<configure node='urn:m'/>")
            .await
            .unwrap(),
    );
    assert_eq!(form, again);
}

fn form_of(answer: &Element) -> Element {
    let configure = answer.get_child("configure", ns::PUBSUB_OWNER).unwrap();
    configure.get_child("x", ns::DATA_FORMS).unwrap().clone()
}

#[tokio::test]
async fn what_owners_cannot_do() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    publish(&mut alice, "urn:n", "1", "").await.unwrap();
    for action in ["configure", "affiliations", "subscriptions"] {
        let get = |node: &str| format!("<{action} node='{node}'/>");
        let missing = owner(&mut alice, "get", &get("urn:m")).await;
        assert_eq!(missing.unwrap_err(), "item-not-found", "{action}");
        let unnamed = owner(&mut alice, "get", &format!("<{action}/>")).await;
        assert_eq!(
            unnamed.unwrap_err(),
            "bad-request nodeid-required",
            "{action}"
        );
        let payload = format!(
            "<pubsub xmlns='{}'>{}</pubsub>",
            ns::PUBSUB_OWNER,
            get("urn:n")
        );
        assert_eq!(
            ask(&mut bob, "get", ALICE, &payload).await.unwrap_err(),
            "forbidden"
        );
    }
    let mut wrong = vec![
        ("<delete node='urn:m'/>".to_owned(), "item-not-found"),
        ("<purge node='urn:m'/>".to_owned(), "item-not-found"),
        ("<delete/>".to_owned(), "bad-request nodeid-required"),
        ("<configure node='urn:n'/>".to_owned(), "bad-request"),
        ("<explode node='urn:n'/>".to_owned(), "bad-request"),
        (String::new(), "bad-request"),
        // There is one owner, and nobody else is anything that is not known.
        (affiliation(ALICE, "none"), "not-acceptable"),
        (affiliation(BOB, "owner"), "not-acceptable"),
        (affiliation(BOB, "king"), "not-acceptable"),
        (
            affiliation("bob@team.internal/desk", "member"),
            "not-acceptable",
        ),
        (affiliation("@", "member"), "bad-request invalid-jid"),
        (
            format!(
                "<subscriptions node='urn:n'><subscription jid='{BOB}' subscription='subscribed'/></subscriptions>"
            ),
            "not-acceptable",
        ),
    ];
    for field in [
        ("max_items", "0"),
        ("max_items", "-1"),
        ("persist_items", "maybe"),
        ("publish_model", "nobody"),
        ("send_last_published_item", "often"),
        ("colour", "red"),
        ("node_type", "collection"),
    ] {
        let form = config(&[field]);
        wrong.push((
            format!("<configure node='urn:n'>{form}</configure>"),
            "not-acceptable",
        ));
    }
    let good = config(&[("max_items", "2")]);
    for bad in [
        good.replace("submit", "result"),
        good.replace(ns::PUBSUB_NODE_CONFIG, "urn:other"),
    ] {
        wrong.push((
            format!("<configure node='urn:n'>{bad}</configure>"),
            "bad-request",
        ));
    }
    for (action, condition) in wrong {
        let refused = owner(&mut alice, "set", &action).await;
        assert_eq!(refused.unwrap_err(), condition, "{action}");
    }
    let cancelled = good.replace("submit", "cancel");
    owner(
        &mut alice,
        "set",
        &format!("<configure node='urn:n'>{cancelled}</configure>"),
    )
    .await
    .unwrap();
    // Nothing of it has changed anything.
    let now = owner(&mut alice, "get", "<configure node='urn:n'/>")
        .await
        .unwrap();
    assert_eq!(
        field(
            now.get_child("configure", ns::PUBSUB_OWNER).unwrap(),
            "pubsub#max_items"
        ),
        "1"
    );
    // A node of somebody else is not made.
    let create = "<create node='urn:x'/>";
    assert_eq!(
        pubsub(&mut bob, "set", ALICE, create).await.unwrap_err(),
        "forbidden"
    );
    // The server itself has no nodes.
    let asked = pubsub(&mut bob, "get", "team.internal", "<items node='urn:n'/>").await;
    assert_eq!(asked.unwrap_err(), "service-unavailable");
    let nobody = pubsub(
        &mut bob,
        "get",
        "nobody@team.internal",
        "<items node='urn:n'/>",
    )
    .await;
    assert_eq!(nobody.unwrap_err(), "service-unavailable");
}

fn affiliation(jid: &str, affiliation: &str) -> String {
    format!(
        "<affiliations node='urn:n'><affiliation jid='{jid}' affiliation='{affiliation}'/></affiliations>"
    )
}

#[tokio::test]
async fn affiliations_are_told_and_end_with_the_account() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let whitelist = options(&[("access_model", "whitelist")]);
    publish(&mut alice, "urn:n", "1", &whitelist).await.unwrap();
    assert_eq!(
        items(&mut bob, ALICE, "urn:n").await.unwrap_err(),
        "not-allowed closed-node"
    );
    owner(&mut alice, "set", &affiliation(BOB, "member"))
        .await
        .unwrap();
    assert_eq!(items(&mut bob, ALICE, "urn:n").await.unwrap(), ["1"]);
    let own = pubsub(&mut bob, "get", ALICE, "<affiliations/>")
        .await
        .unwrap();
    assert!(
        String::from(&own).contains("affiliation='member'"),
        "{}",
        String::from(&own)
    );
    let all = owner(&mut alice, "get", "<affiliations node='urn:n'/>")
        .await
        .unwrap();
    let all: Vec<_> = all
        .get_child("affiliations", ns::PUBSUB_OWNER)
        .unwrap()
        .children()
        .map(|one| (one.attr("jid").unwrap(), one.attr("affiliation").unwrap()))
        .collect();
    assert_eq!(all, [(ALICE, "owner"), (BOB, "member")]);
    // Whoever has the name next is somebody else.
    let admin = Admin::open(&server.data()).unwrap();
    admin.remove_user("bob").await.unwrap();
    admin.close().await;
    server.accounts(&["bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    assert_eq!(
        items(&mut bob, ALICE, "urn:n").await.unwrap_err(),
        "not-allowed closed-node"
    );
}

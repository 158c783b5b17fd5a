//! What there is to discover of an account (XEP-0030; XEP-0060, section 5;
//! XEP-0163, section 6.1).

use xmpp_core::{Element, ns};

use super::{ALICE, ask, options, publish};
use crate::client::Client;
use crate::server::Server;

fn query(what: &str, node: &str) -> String {
    let node = match node {
        "" => String::new(),
        node => format!("node='{node}'"),
    };
    format!("<query xmlns='{what}' {node}/>")
}

fn features(info: &Element) -> Vec<&str> {
    info.children()
        .filter(|child| child.is("feature", ns::DISCO_INFO))
        .map(|feature| feature.attr("var").unwrap())
        .collect()
}

#[tokio::test]
async fn an_account_says_what_it_can() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    for (client, to) in [(&mut alice, ""), (&mut bob, ALICE)] {
        let info = ask(client, "get", to, &query(ns::DISCO_INFO, ""))
            .await
            .unwrap();
        let identities: Vec<_> = info
            .children()
            .filter(|child| child.is("identity", ns::DISCO_INFO))
            .map(|one| (one.attr("category").unwrap(), one.attr("type").unwrap()))
            .collect();
        assert_eq!(identities, [("account", "registered"), ("pubsub", "pep")]);
        let features = features(&info);
        for feature in [
            ns::PUBSUB,
            "http://jabber.org/protocol/pubsub#publish-options",
            "http://jabber.org/protocol/pubsub#auto-create",
            "http://jabber.org/protocol/pubsub#config-node-max",
            "http://jabber.org/protocol/pubsub#persistent-items",
            "http://jabber.org/protocol/pubsub#filtered-notifications",
            ns::AVATAR_CONVERSION,
            ns::BOOKMARKS_COMPAT,
            ns::BOOKMARKS_COMPAT_PEP,
            ns::VCARD_TEMP,
        ] {
            assert!(features.contains(&feature), "{feature}");
        }
    }
}

#[tokio::test]
async fn nodes_and_items_for_those_who_may_read_them() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let three = options(&[("max_items", "3"), ("title", "Three")]);
    publish(&mut alice, "urn:n", "1", &three).await.unwrap();
    publish(&mut alice, "urn:n", "2", &three).await.unwrap();
    let own = options(&[("access_model", "whitelist")]);
    publish(&mut alice, "urn:own", "1", &own).await.unwrap();
    let items = query(ns::DISCO_ITEMS, "");
    let listed = |answer: &Element, attr: &str| -> Vec<String> {
        let one = |item: &Element| {
            assert_eq!(item.attr("jid"), Some(ALICE));
            item.attr(attr).unwrap().to_owned()
        };
        answer.children().map(one).collect()
    };
    let to_her = ask(&mut alice, "get", "", &items).await.unwrap();
    assert_eq!(listed(&to_her, "node"), ["urn:n", "urn:own"]);
    let to_him = ask(&mut bob, "get", ALICE, &items).await.unwrap();
    assert_eq!(listed(&to_him, "node"), ["urn:n"]);
    let of_node = ask(&mut bob, "get", ALICE, &query(ns::DISCO_ITEMS, "urn:n"))
        .await
        .unwrap();
    assert_eq!(listed(&of_node, "name"), ["1", "2"]);

    let info = ask(&mut bob, "get", ALICE, &query(ns::DISCO_INFO, "urn:n"))
        .await
        .unwrap();
    assert_eq!(info.attr("node"), Some("urn:n"));
    let identity = info.get_child("identity", ns::DISCO_INFO).unwrap();
    assert_eq!(
        (identity.attr("category"), identity.attr("type")),
        (Some("pubsub"), Some("leaf"))
    );
    assert!(features(&info).contains(&ns::PUBSUB));
    let form = info.get_child("x", ns::DATA_FORMS).expect("meta-data");
    let value = |name: &str| {
        let field = form
            .children()
            .find(|field| field.attr("var") == Some(name))
            .unwrap();
        field.get_child("value", ns::DATA_FORMS).unwrap().text()
    };
    assert_eq!(value("FORM_TYPE"), ns::PUBSUB_META_DATA);
    assert_eq!(value("pubsub#title"), "Three");
    assert_eq!(value("pubsub#max_items"), "3");
    assert_eq!(value("pubsub#owner"), ALICE);
    for what in [ns::DISCO_INFO, ns::DISCO_ITEMS] {
        let missing = ask(&mut bob, "get", ALICE, &query(what, "urn:m")).await;
        assert_eq!(missing.unwrap_err(), "item-not-found");
        let closed = ask(&mut bob, "get", ALICE, &query(what, "urn:own")).await;
        assert_eq!(closed.unwrap_err(), "not-allowed closed-node");
        let nobody = ask(
            &mut bob,
            "get",
            "nobody@team.internal",
            &query(what, "urn:n"),
        )
        .await;
        assert_eq!(nobody.unwrap_err(), "service-unavailable");
    }
}

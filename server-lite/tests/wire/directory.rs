//! Directory search (XEP-0055) over the team.

use xmpp_core::{Element, ns};

use crate::client::Client;
use crate::server::Server;

const PLACES: [&str; 2] = ["users.team.internal", "team.internal"];

async fn team() -> Server {
    let server = Server::of(&["Rosa Luxemburg", "Bob", "李娜", "李雷"]).await;
    for (user, path) in [("rosa.luxemburg", "Sales/North"), ("李娜", "研发/后端")] {
        server.handle().set_department(user, path).await.unwrap();
    }
    server
}

fn form(kind: &str, fields: &[(&str, &str)]) -> String {
    let fields: String = fields
        .iter()
        .map(|(name, value)| format!("<field var='{name}'><value>{value}</value></field>"))
        .collect();
    format!(
        "<query xmlns='jabber:iq:search'><x xmlns='jabber:x:data' type='{kind}'>\
         <field var='FORM_TYPE' type='hidden'><value>jabber:iq:search</value></field>\
         {fields}</x></query>"
    )
}

fn column(item: &Element, name: &str) -> String {
    let field = item
        .children()
        .find(|field| field.attr("var") == Some(name));
    let value = field.unwrap().get_child("value", ns::DATA_FORMS).unwrap();
    value.text()
}

/// User names that a form finds.
async fn find(client: &mut Client, to: &str, fields: &[(&str, &str)]) -> Vec<String> {
    let answer = client.set(to, &form("submit", fields)).await.unwrap();
    let table = answer.get_child("x", ns::DATA_FORMS).unwrap();
    assert_eq!(table.attr("type"), Some("result"));
    let reported = table.get_child("reported", ns::DATA_FORMS).unwrap();
    let columns: Vec<_> = reported
        .children()
        .filter_map(|field| field.attr("var"))
        .collect();
    assert_eq!(columns, ["jid", "user", "name", "department"]);
    let items = table
        .children()
        .filter(|child| child.is("item", ns::DATA_FORMS));
    items
        .map(|item| {
            let user = column(item, "user");
            assert_eq!(column(item, "jid"), format!("{user}@team.internal"));
            user
        })
        .collect()
}

#[tokio::test]
async fn the_directory_is_found_and_says_what_can_be_asked() {
    let server = team().await;
    let mut rosa = Client::session(&server, "bob", "desk").await;
    let items = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    let found = rosa.get("team.internal", items).await.unwrap();
    let addresses: Vec<_> = found
        .children()
        .filter_map(|item| item.attr("jid"))
        .collect();
    assert!(addresses.contains(&"users.team.internal"), "{addresses:?}");
    let said = rosa.get("users.team.internal", info).await.unwrap();
    let identity = said.get_child("identity", ns::DISCO_INFO).unwrap();
    assert_eq!(identity.attr("category"), Some("directory"));
    assert_eq!(identity.attr("type"), Some("user"));
    for place in PLACES {
        let said = rosa.get(place, info).await.unwrap();
        let mut features = said.children().filter_map(|feature| feature.attr("var"));
        assert!(features.any(|feature| feature == ns::SEARCH), "{place}");
        let query = "<query xmlns='jabber:iq:search'/>";
        let asked = rosa.get(place, query).await.unwrap();
        assert!(asked.has_child("instructions", ns::SEARCH));
        assert!(asked.has_child("nick", ns::SEARCH));
        let form = asked.get_child("x", ns::DATA_FORMS).unwrap();
        let names: Vec<_> = form
            .children()
            .filter_map(|field| field.attr("var"))
            .collect();
        assert_eq!(names, ["FORM_TYPE", "user", "name", "department"]);
    }
    assert!(
        rosa.get("users.team.internal", items)
            .await
            .unwrap()
            .children()
            .next()
            .is_none()
    );
}

#[tokio::test]
async fn parts_of_names_find_people() {
    let server = team().await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    let everybody = ["bob", "rosa.luxemburg", "李娜", "李雷"];
    for place in PLACES {
        for (fields, expected) in [
            (&[][..], &everybody[..]),
            (&[("name", "")], &everybody),
            (&[("name", "*")], &everybody),
            (&[("user", "lux")], &["rosa.luxemburg"]),
            (&[("name", "LUX")], &["rosa.luxemburg"]),
            (&[("name", "*osa*")], &["rosa.luxemburg"]),
            (&[("name", "李")], &["李娜", "李雷"]),
            (&[("name", "娜")], &["李娜"]),
            (&[("department", "north")], &["rosa.luxemburg"]),
            (&[("department", "Sales::North")], &["rosa.luxemburg"]),
            (&[("department", "后")], &["李娜"]),
            // All that is said has to fit.
            (&[("name", "李"), ("department", "研发")], &["李娜"]),
            (&[("name", "李"), ("user", "bob")], &[]),
            (&[("name", "%")], &[]),
            (&[("name", "_")], &[]),
            (&[("unknown", "x")], &everybody),
        ] {
            assert_eq!(find(&mut bob, place, fields).await, expected, "{fields:?}");
        }
        // Without a form.
        let legacy = |fields: &str| format!("<query xmlns='jabber:iq:search'>{fields}</query>");
        for (fields, expected) in [
            ("<nick>lux</nick>", &["rosa.luxemburg"][..]),
            ("<nick>娜</nick>", &["李娜"]),
            ("<first>rosa</first><last>lux</last>", &["rosa.luxemburg"]),
            ("<email>rosa@example.com</email>", &[]),
        ] {
            let answer = bob.set(place, &legacy(fields)).await.unwrap();
            let nicks: Vec<_> = answer
                .children()
                .map(|item| item.get_child("nick", ns::SEARCH).unwrap().text())
                .collect();
            assert_eq!(nicks, expected, "{fields}");
        }
    }
}

#[tokio::test]
async fn what_is_no_search_is_refused_and_results_have_a_limit() {
    let server = Server::with(|config| config.limits.search_results = 2).await;
    server.accounts(&["a1", "a2", "a3"]).await;
    let mut client = Client::session(&server, "a1", "desk").await;
    for place in PLACES {
        assert_eq!(
            find(&mut client, place, &[("user", "a")]).await,
            ["a1", "a2"]
        );
        let long = "x".repeat(257);
        let other = form("submit", &[]).replace(">jabber:iq:search<", ">urn:other<");
        for (payload, said) in [
            (form("submit", &[("name", &long)]), "not-acceptable"),
            (form("form", &[]), "bad-request"),
            (other, "bad-request"),
        ] {
            assert_eq!(
                client.set(place, &payload).await.unwrap_err(),
                said,
                "{payload}"
            );
        }
        let none = client.set(place, &form("cancel", &[])).await.unwrap();
        assert!(none.children().next().is_none());
    }
    for (to, payload, said) in [
        (
            "users.team.internal",
            "<x xmlns='urn:x'/>",
            "service-unavailable",
        ),
        ("users.team.internal", "", "bad-request"),
        (
            "a2@users.team.internal",
            "<query xmlns='jabber:iq:search'/>",
            "service-unavailable",
        ),
        (
            "a2@team.internal",
            "<query xmlns='jabber:iq:search'/>",
            "service-unavailable",
        ),
        (
            "users.team.internal",
            "<query xmlns='http://jabber.org/protocol/disco#info' node='x'/>",
            "service-unavailable",
        ),
    ] {
        assert_eq!(
            client.get(to, payload).await.unwrap_err(),
            said,
            "{to} {payload}"
        );
    }
}

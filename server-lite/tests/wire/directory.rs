//! Directory search (XEP-0055) over the team.

use startalk_server_lite::admin::Admin;
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
    assert_eq!(columns, ["jid", "user", "name", "department", "manager"]);
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
        let fields = ["FORM_TYPE", "user", "name", "department", "jid", "manager"];
        assert_eq!(names, fields);
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

/// The row that an address finds: who leads them.
async fn manager_of(client: &mut Client, address: &str) -> Option<String> {
    let query = form("submit", &[("jid", address)]);
    let answer = client.set("team.internal", &query).await.unwrap();
    let table = answer.get_child("x", ns::DATA_FORMS).unwrap();
    let mut items = table.children().filter(|child| child.name() == "item");
    let item = items.next()?;
    assert!(items.next().is_none());
    assert_eq!(column(item, "jid"), address);
    Some(column(item, "manager"))
}

#[tokio::test]
async fn u95_the_directory_says_who_leads_somebody() {
    let server = team().await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    let get = "<query xmlns='jabber:iq:roster'/>";
    bob.get("", get).await.unwrap();
    assert_eq!(
        manager_of(&mut bob, "李雷@team.internal").await.as_deref(),
        Some("")
    );
    assert_eq!(manager_of(&mut bob, "李@team.internal").await, None);
    assert_eq!(manager_of(&mut bob, "bob").await, None);
    let handle = server.handle();
    handle.set_manager("李雷", "李娜").await.unwrap();
    handle.set_manager("李娜", "rosa.luxemburg").await.unwrap();
    for (user, manager) in [
        ("李娜", "李娜"),
        ("rosa.luxemburg", "李雷"),
        ("李娜", "nobody"),
        ("nobody", "李娜"),
        ("李娜", "a@b"),
    ] {
        assert!(
            handle.set_manager(user, manager).await.is_err(),
            "{manager} leads {user}"
        );
    }
    let leads = Some("李娜@team.internal".to_owned());
    assert_eq!(manager_of(&mut bob, "李雷@team.internal").await, leads);
    // Whom somebody leads.
    for place in PLACES {
        for (manager, expected) in [
            ("李娜@team.internal", &["李雷"][..]),
            ("rosa.luxemburg@team.internal", &["李娜"]),
            ("李雷@team.internal", &[]),
            ("elsewhere.example", &[]),
        ] {
            assert_eq!(
                find(&mut bob, place, &[("manager", manager)]).await,
                expected
            );
        }
    }
    // Nobody's contact list has changed.
    assert!(bob.sync().await.is_empty());
    // By the command line, too; then with the account.
    let admin = Admin::open(&server.data()).unwrap();
    admin.set_manager("李雷", "").await.unwrap();
    admin.set_manager("bob", "rosa.luxemburg").await.unwrap();
    let all = admin.managers().await.unwrap();
    let led = |user: &str| (user.to_owned(), "rosa.luxemburg".to_owned());
    assert_eq!(all, [led("bob"), led("李娜")]);
    admin.remove_user("rosa.luxemburg").await.unwrap();
    assert_eq!(admin.managers().await.unwrap(), []);
    admin.close().await;
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

//! Rosters and requests that wait, out and in.

use xmpp_core::{Element, ns};

use crate::client::Client;
use crate::program::Desk;

/// Everybody keeps a roster of their own: Rosa and Bob see each other, Li has
/// asked Rosa, Bob is waited for by nobody.
async fn own_rosters(desk: &Desk) {
    desk.file("data/config.toml", "shared_roster = false\n");
    let server = desk.serve("data");
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut li = Client::online(&server, "li", "desk").await;
    let item = "<query xmlns='jabber:iq:roster'><item jid='bob@team.internal' name='B'>\
                <group>Work</group><group>Friends</group></item></query>";
    rosa.set("", item).await.unwrap();
    for kind in ["subscribe", "subscribed"] {
        rosa.send(format!("<presence to='bob@team.internal' type='{kind}'/>"))
            .await;
        rosa.sync().await;
        bob.send(format!("<presence to='rosa@team.internal' type='{kind}'/>"))
            .await;
        bob.sync().await;
    }
    li.send("<presence to='rosa@team.internal' type='subscribe'><status>hi</status></presence>")
        .await;
    li.sync().await;
    server.stop();
}

fn shown(roster: &Element) -> Vec<String> {
    let items = roster.children().map(|item| {
        let groups: Vec<_> = item.children().map(Element::text).collect();
        format!(
            "{} {} {} {} {}",
            item.attr("jid").unwrap(),
            item.attr("name").unwrap_or("-"),
            item.attr("subscription").unwrap(),
            item.attr("ask").unwrap_or("-"),
            groups.join("+")
        )
    });
    items.collect()
}

async fn roster(client: &mut Client) -> Vec<String> {
    let found = client.get("", "<query xmlns='jabber:iq:roster'/>").await;
    shown(&found.unwrap())
}

#[tokio::test]
async fn own_rosters_go_there_and_back() {
    let desk = Desk::with(&["rosa", "bob", "li"]);
    own_rosters(&desk).await;
    let [first, second] = ["first.xml", "second.xml"].map(|name| desk.text(name));
    desk.ok(&["export", &first], "data");
    desk.file("again/config.toml", "shared_roster = false\n");
    desk.serve("again").stop();
    desk.ok(&["import", &first], "again");
    desk.ok(&["export", &second], "again");
    let texts = [&first, &second].map(|path| std::fs::read_to_string(path).unwrap());
    assert_eq!(texts[0], texts[1]);
    assert!(texts[0].contains("type='subscribe'"));
}

#[tokio::test]
async fn other_servers_read_them_and_so_do_we() {
    let desk = Desk::with(&["rosa", "bob", "li"]);
    own_rosters(&desk).await;
    for dialect in ["ejabberd", "prosody"] {
        let file = desk.text(dialect);
        desk.ok(&["export", &file, "--dialect", dialect], "data");
        let again = format!("from-{dialect}");
        desk.file(&format!("{again}/config.toml"), "shared_roster = false\n");
        let server = desk.serve(&again);
        let files = match dialect {
            "ejabberd" => vec![file],
            _ => ["rosa", "bob", "li"]
                .map(|name| format!("{file}/{name}@team.internal.xml"))
                .to_vec(),
        };
        for file in files {
            desk.ok(&["import", &file], &again);
        }
        let mut rosa = Client::session(&server, "rosa", "desk").await;
        assert_eq!(
            roster(&mut rosa).await,
            ["bob@team.internal B both - Work+Friends"]
        );
        // The request of Li still waits.
        rosa.send("<presence/>").await;
        let asked = rosa
            .until(|element| element.attr("type") == Some("subscribe"))
            .await;
        assert_eq!(asked.attr("from"), Some("li@team.internal"));
        let mut li = Client::session(&server, "li", "desk").await;
        assert_eq!(
            roster(&mut li).await,
            ["rosa@team.internal - none subscribe "]
        );
        server.stop();
    }
}

#[tokio::test]
async fn a_running_server_knows_who_sees_whom() {
    let desk = Desk::with(&["rosa", "bob", "li"]);
    own_rosters(&desk).await;
    let file = desk.text("team.xml");
    desk.ok(&["export", &file], "data");
    desk.file("live/config.toml", "shared_roster = false\n");
    let server = desk.serve("live");
    desk.ok(&["import", &file], "live");
    let mut bob = Client::online(&server, "bob", "desk").await;
    let is_bob = |element: &Element| {
        let from = element.attr("from").unwrap_or_default();
        element.is("presence", ns::CLIENT) && from.starts_with("bob@")
    };
    // The server looks every two seconds; whoever comes now and then finds out.
    let mut seen = false;
    while !seen {
        let mut rosa = Client::session(&server, "rosa", "").await;
        rosa.send("<presence/>").await;
        seen = rosa.sync().await.iter().any(is_bob);
    }
    assert!(!bob.sync().await.is_empty());
    server.stop();
}

#[tokio::test]
async fn a_shared_roster_is_written_for_those_who_have_none() {
    let desk = Desk::with(&["rosa", "bob", "li"]);
    desk.ok(&["user", "department", "li", "Sales/North"], "data");
    let server = desk.serve("data");
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let item = "<query xmlns='jabber:iq:roster'><item jid='bob@team.internal' name='B'>\
                <group>Friends</group></item></query>";
    rosa.set("", item).await.unwrap();
    let here = roster(&mut rosa).await;
    server.stop();
    assert_eq!(
        here,
        [
            "bob@team.internal B both - Friends",
            "li@team.internal li both - Team::Sales::North"
        ]
    );
    let file = desk.text("team.xml");
    desk.ok(&["export", &file, "--dialect", "ejabberd"], "data");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text
        .strip_prefix("<?xml version='1.0' encoding='UTF-8'?>\n")
        .unwrap();
    let root = xmpp_core::element::parse(text.as_bytes()).unwrap();
    let host = root.get_child("host", ns::PIE).unwrap();
    let user = host
        .children()
        .find(|user| user.attr("name") == Some("rosa"));
    let query = user.unwrap().get_child("query", ns::ROSTER).unwrap();
    assert_eq!(shown(query), here);
}

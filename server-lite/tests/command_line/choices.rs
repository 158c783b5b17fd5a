//! Whom people block and what they want archived, out and in; messages that
//! wait and are for no archive.

use xmpp_core::{Element, ns};

use crate::client::{Client, Place, bodies, body};
use crate::program::Desk;

const PREFS: &str = "<prefs xmlns='urn:xmpp:mam:2' default='roster'>\
                     <always><jid>bob@team.internal</jid></always>\
                     <never><jid>li@team.internal</jid></never></prefs>";

/// Li blocks Rosa on one device and a whole domain, Rosa has said what she
/// wants archived, and one message of two waits for Bob and is for no archive.
async fn choose(server: &impl Place) {
    let mut li = Client::online(server, "li", "desk").await;
    let block = "<block xmlns='urn:xmpp:blocking'><item jid='rosa@team.internal'/>\
                 <item jid='Spam.Example'/></block>";
    li.set("", block).await.unwrap();
    let mut rosa = Client::online(server, "rosa", "desk").await;
    rosa.set("", PREFS).await.unwrap();
    for (text, hint) in [
        ("passes", "<no-permanent-store xmlns='urn:xmpp:hints'/>"),
        ("stays", ""),
    ] {
        rosa.send(format!(
            "<message to='bob@team.internal' type='chat'><body>{text}</body>{hint}</message>"
        ))
        .await;
    }
    rosa.sync().await;
}

async fn blocked(client: &mut Client) -> Vec<String> {
    let list = client.get("", "<blocklist xmlns='urn:xmpp:blocking'/>");
    let list = list.await.unwrap();
    let items = list.children().filter_map(|item| item.attr("jid"));
    items.map(str::to_owned).collect()
}

/// The standard and the addresses of both lists.
async fn preferences(client: &mut Client) -> (String, Vec<String>) {
    let prefs = client.get("", "<prefs xmlns='urn:xmpp:mam:2'/>");
    let prefs = prefs.await.unwrap();
    let addresses = prefs.children().flat_map(Element::children);
    (
        prefs.attr("default").unwrap().to_owned(),
        addresses.map(Element::text).collect(),
    )
}

/// What `choose` has chosen holds.
async fn holds(server: &impl Place) {
    let mut li = Client::online(server, "li", "desk").await;
    assert_eq!(
        blocked(&mut li).await,
        ["rosa@team.internal", "spam.example"]
    );
    let mut rosa = Client::online(server, "rosa", "desk").await;
    let kept = ["bob@team.internal", "li@team.internal"].map(str::to_owned);
    assert_eq!(
        preferences(&mut rosa).await,
        ("roster".to_owned(), kept.to_vec())
    );
    rosa.send("<message to='li@team.internal' type='chat'><body>hi</body></message>")
        .await;
    let answer = rosa.until(|element| element.is("message", ns::CLIENT));
    assert_eq!(answer.await.attr("type"), Some("error"));
}

#[tokio::test]
async fn they_go_there_and_back() {
    let desk = Desk::with(&["rosa", "bob", "li"]);
    let server = desk.serve("data");
    choose(&server).await;
    let [first, second] = ["first.xml", "second.xml"].map(|name| desk.text(name));
    let done = desk.ok(&["export", &first], "data");
    // One in two archives; the other in none.
    let status = desk.ok(&["status"], "data");
    assert_eq!(
        (&done["messages"], &status["messages"]),
        (&2.into(), &2.into())
    );
    assert_eq!(status["messages_waiting"], 2);
    server.stop();
    let done = desk.ok(&["import", &first], "again");
    assert_eq!(done["messages_added"], 2);
    assert_eq!(done["not_taken"], serde_json::json!([]));
    desk.ok(&["export", &second], "again");
    let texts = [&first, &second].map(|path| std::fs::read_to_string(path).unwrap());
    assert_eq!(texts[0], texts[1]);

    // All at the same time: what waits keeps its order.
    let mut parts = texts[0].split(" stamp='");
    let mut same = parts.next().unwrap().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('\'').unwrap();
        same.push_str(&format!(" stamp='2026-01-02T03:04:05.678Z'{rest}"));
    }
    let file = desk.file("same.xml", &same);
    desk.ok(&["import", &file], "same");
    let out = desk.text("out.xml");
    desk.ok(&["export", &out], "same");
    assert_eq!(std::fs::read_to_string(&out).unwrap(), same);

    let server = desk.serve("again");
    holds(&server).await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    bob.send("<presence/>").await;
    assert_eq!(bodies(&bob.messages().await), ["passes", "stays"]);
    let query = "<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>";
    let (page, _) = bob.ask(query).await;
    let found = page.iter().filter_map(|message| {
        let result = message.get_child("result", ns::MAM)?;
        let forwarded = result.get_child("forwarded", ns::FORWARD)?;
        body(forwarded.get_child("message", ns::CLIENT)?)
    });
    assert_eq!(found.collect::<Vec<_>>(), ["stays"]);
    server.stop();
}

#[tokio::test]
async fn a_running_server_sees_what_is_brought() {
    let desk = Desk::with(&["rosa", "bob", "li"]);
    let server = desk.serve("data");
    choose(&server).await;
    server.stop();
    let file = desk.text("team.xml");
    desk.ok(&["export", &file], "data");

    // Somebody has said something else there since: that stays.
    let server = desk.serve("again");
    desk.ok(&["user", "add", "bob"], "again");
    let mut bob = Client::online(&server, "bob", "desk").await;
    let own = "<prefs xmlns='urn:xmpp:mam:2' default='never'/>";
    bob.set("", own).await.unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let bobs = text.replacen("<user name='bob'>", &format!("<user name='bob'>{PREFS}"), 1);
    assert_ne!(bobs, text);
    let file = desk.file("more.xml", &bobs);
    desk.ok(&["import", &file], "again");
    assert_eq!(preferences(&mut bob).await.0, "never");
    // Read when the server looks at what was brought, without a start.
    let mut li = Client::online(&server, "li", "phone").await;
    while blocked(&mut li).await.is_empty() {
        li.sync().await;
    }
    holds(&server).await;
    server.stop();
}

#[tokio::test]
async fn other_servers_get_a_privacy_list() {
    let desk = Desk::with(&["rosa", "bob", "li"]);
    let server = desk.serve("data");
    choose(&server).await;
    server.stop();
    for dialect in ["ejabberd", "prosody"] {
        let path = desk.text(dialect);
        desk.ok(&["export", &path, "--dialect", dialect], "data");
        let file = match dialect {
            "prosody" => format!("{path}/li@team.internal.xml"),
            _ => path,
        };
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("<default name='blocked'/>"), "{text}");
        assert!(!text.contains("<prefs"));
        let again = format!("from-{dialect}");
        desk.ok(&["import", &file], &again);
        let server = desk.serve(&again);
        let mut li = Client::online(&server, "li", "desk").await;
        assert_eq!(
            blocked(&mut li).await,
            ["rosa@team.internal", "spam.example"]
        );
        server.stop();
    }
}

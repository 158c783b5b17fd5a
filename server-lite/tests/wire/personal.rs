//! What accounts publish for themselves and their colleagues: personal eventing
//! (XEP-0163, 0060), avatars, vCards, bookmarks, private storage.

mod avatars;
mod blocking;
mod bookmarks;
mod discovering;
mod eventing;
mod limits;
mod owning;
mod publishing;
mod reading;
mod vcards;

use xmpp_core::caps::{CapsHash, verification};
use xmpp_core::{Element, ns};

use crate::client::{Client, condition, parse};
use crate::server::Server;

const ALICE: &str = "alice@team.internal";
const BOB: &str = "bob@team.internal";

/// Asks, and gives the payload of the answer (an empty element where there is
/// none), or the condition of the error with that of XEP-0060.
async fn ask(client: &mut Client, kind: &str, to: &str, payload: &str) -> Result<Element, String> {
    let to = match to {
        "" => String::new(),
        to => format!("to='{to}'"),
    };
    let iq = format!("<iq xmlns='jabber:client' type='{kind}' id='ask' {to}>{payload}</iq>");
    let (_, answer) = client.ask(&iq).await;
    if answer.attr("type") == Some("result") {
        let empty = || Element::bare("nothing", ns::CLIENT);
        return Ok(answer.children().next().cloned().unwrap_or_else(empty));
    }
    let error = answer.get_child("error", ns::CLIENT).unwrap();
    let detail = error
        .children()
        .find(|child| child.has_ns(ns::PUBSUB_ERRORS))
        .map(|child| format!(" {}", child.name()));
    Err(condition(&answer) + &detail.unwrap_or_default())
}

/// A `<pubsub/>` request.
async fn pubsub(
    client: &mut Client,
    kind: &str,
    to: &str,
    actions: &str,
) -> Result<Element, String> {
    let payload = format!("<pubsub xmlns='{}'>{actions}</pubsub>", ns::PUBSUB);
    ask(client, kind, to, &payload).await
}

/// A `<pubsub/>` request that only an owner may make.
async fn owner(client: &mut Client, kind: &str, actions: &str) -> Result<Element, String> {
    let payload = format!("<pubsub xmlns='{}'>{actions}</pubsub>", ns::PUBSUB_OWNER);
    ask(client, kind, "", &payload).await
}

/// A form that is sent.
fn form(form_type: &str, fields: &[(&str, &str)]) -> String {
    let field = |(name, value): &(&str, &str)| {
        format!("<field var='pubsub#{name}'><value>{value}</value></field>")
    };
    let fields: String = fields.iter().map(field).collect();
    format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>\
         <value>{form_type}</value></field>{fields}</x>"
    )
}

/// What a publisher expects of a node.
fn options(fields: &[(&str, &str)]) -> String {
    let form = form(ns::PUBSUB_PUBLISH_OPTIONS, fields);
    format!("<publish-options>{form}</publish-options>")
}

fn publication(node: &str, id: &str, payload: &str, options: &str) -> String {
    format!("<publish node='{node}'><item id='{id}'>{payload}</item></publish>{options}")
}

/// A payload like any other.
fn tune(title: &str) -> String {
    format!("<tune xmlns='http://jabber.org/protocol/tune'><title>{title}</title></tune>")
}

async fn publish(client: &mut Client, node: &str, id: &str, options: &str) -> Result<(), String> {
    let publication = publication(node, id, &tune(id), options);
    pubsub(client, "set", "", &publication).await.map(|_| ())
}

/// The ids of the items of a node.
async fn items(client: &mut Client, to: &str, node: &str) -> Result<Vec<String>, String> {
    let items = format!("<items node='{node}'/>");
    let answer = pubsub(client, "get", to, &items).await?;
    let items = answer.get_child("items", ns::PUBSUB).unwrap();
    let ids = items
        .children()
        .map(|item| item.attr("id").unwrap().to_owned());
    Ok(ids.collect())
}

/// What a session was told by now: `alice tune +1`, `alice tune -1`, `alice tune
/// purge`; with `(late)` where it is said when that was.
async fn events(client: &mut Client) -> Vec<String> {
    let own = client.address.split('/').next().unwrap().to_owned();
    let messages = client.messages().await;
    for message in &messages {
        assert_eq!(message.attr("to"), Some(own.as_str()));
    }
    messages.iter().flat_map(told).collect()
}

fn told(message: &Element) -> Vec<String> {
    let event = message.get_child("event", ns::PUBSUB_EVENT).unwrap();
    assert_eq!(message.attr("type"), Some("headline"));
    let from = message
        .attr("from")
        .unwrap()
        .trim_end_matches("@team.internal");
    let what = event.children().next().unwrap();
    let node = what.attr("node").unwrap();
    let late = match message.has_child("delay", ns::DELAY) {
        true => " (late)",
        false => "",
    };
    if what.name() != "items" {
        return vec![format!("{from} {node} {}", what.name())];
    }
    let sign = |item: &Element| match item.name() {
        "item" => "+",
        "retract" => "-",
        other => panic!("{other}"),
    };
    let one = |item: &Element| {
        let id = item.attr("id").unwrap();
        format!("{from} {node} {}{id}{late}", sign(item))
    };
    what.children().map(one).collect()
}

/// What a client answers that is interested in these nodes, with its hash.
fn capabilities(nodes: &[&str]) -> (String, String) {
    let feature = |node: &&str| format!("<feature var='{node}+notify'/><feature var='{node}'/>");
    let features: String = nodes.iter().map(feature).collect();
    let query = format!(
        "<query xmlns='{}'><identity category='client' type='pc' name='Test'/>{features}</query>",
        ns::DISCO_INFO
    );
    let ver = verification(&parse(&query), CapsHash::Sha1).unwrap();
    (query, ver)
}

fn presence(ver: &str) -> String {
    format!(
        "<presence><c xmlns='{}' hash='sha-1' node='urn:test' ver='{ver}'/></presence>",
        ns::CAPS
    )
}

/// The questions of the server that came by now.
async fn questions(client: &mut Client) -> Vec<Element> {
    let mut all = client.sync().await;
    all.retain(|element| element.name() == "iq" && element.attr("type") == Some("get"));
    all
}

/// Answers a question of the server.
async fn answer(client: &mut Client, question: &Element, query: &str) {
    let id = question.attr("id").unwrap();
    let to = question.attr("from").unwrap();
    client
        .send(format!(
            "<iq type='result' id='{id}' to='{to}'>{query}</iq>"
        ))
        .await;
}

/// An available session that is interested in these nodes. If it is the first
/// with just these, it has not heard yet what it is told when it comes.
async fn interested(server: &Server, user: &str, resource: &str, nodes: &[&str]) -> Client {
    let mut client = Client::session(server, user, resource).await;
    let (query, ver) = capabilities(nodes);
    client.send(presence(&ver)).await;
    for question in questions(&mut client).await {
        let asked = question.get_child("query", ns::DISCO_INFO).unwrap();
        assert_eq!(asked.attr("node"), Some(format!("urn:test#{ver}").as_str()));
        answer(&mut client, &question, &query).await;
    }
    // What the answer leads to is done before anybody goes on: what is published
    // in between could be said twice, as news and as the newest.
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    client.get("", ping).await.unwrap();
    client
}

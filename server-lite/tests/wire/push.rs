//! Notifications for who is away (XEP-0357).

mod app_servers;
mod web_addresses;

use xmpp_core::{Element, ns};

use crate::client::{Client, value};

fn enable(jid: &str, node: &str, secret: &str) -> String {
    let form = match secret {
        "" => String::new(),
        secret => format!(
            "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>{}</value></field>\
             <field var='secret'><value>{secret}</value></field></x>",
            ns::PUBSUB_PUBLISH_OPTIONS
        ),
    };
    let push = ns::PUSH;
    format!("<enable xmlns='{push}' jid='{jid}' node='{node}'>{form}</enable>")
}

fn disable(jid: &str, node: &str) -> String {
    let node = match node {
        "" => String::new(),
        node => format!("node='{node}'"),
    };
    format!("<disable xmlns='{}' jid='{jid}' {node}/>", ns::PUSH)
}

async fn say(client: &mut Client, to: &str, text: &str) {
    client
        .send(format!(
            "<message to='{to}' type='chat'><body>{text}</body></message>"
        ))
        .await;
}

const APP: &str = "app@team.internal";

/// The notification in a request to an app server: node, fields, secret.
fn published(iq: &Element) -> (String, Vec<(String, String)>, Option<String>) {
    assert_eq!((iq.name(), iq.attr("type")), ("iq", Some("set")));
    assert_eq!(iq.attr("from"), Some("team.internal"));
    let pubsub = iq.get_child("pubsub", ns::PUBSUB).unwrap();
    let publish = pubsub.get_child("publish", ns::PUBSUB).unwrap();
    let item = publish.get_child("item", ns::PUBSUB).unwrap();
    let notification = item.get_child("notification", ns::PUSH).unwrap();
    let form = notification.get_child("x", ns::DATA_FORMS).unwrap();
    let field = |field: &Element| (field.attr("var").unwrap().to_owned(), value(field));
    let fields: Vec<_> = form.children().map(field).collect();
    assert_eq!(fields[0].1, ns::PUSH_SUMMARY);
    let options = pubsub.get_child("publish-options", ns::PUBSUB);
    let secret = options.map(|options| {
        let form = options.get_child("x", ns::DATA_FORMS).unwrap();
        let field = form
            .children()
            .find(|field| field.attr("var") == Some("secret"));
        value(field.unwrap())
    });
    let node = publish.attr("node").unwrap_or_default().to_owned();
    (node, fields[1..].to_vec(), secret)
}

fn one(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

async fn is_notification(client: &mut Client) -> Element {
    client.until(|element| element.name() == "iq").await
}

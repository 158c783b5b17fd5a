//! Ad-hoc commands (XEP-0050): the list, executing, cancelling, and every way to
//! get it wrong.

use xmpp_core::{Element, ns};

use crate::client::{Client, condition};
use crate::server::Server;

pub(crate) const SERVER: &str = "team.internal";
const NODE: &str = "http://jabber.org/protocol/commands";
const ADD: &str = "http://jabber.org/protocol/admin#add-user";
const FOR_EVERYBODY: [&str; 2] = ["urn:xmpp:invite#invite", "urn:startalk:session:0#end"];
const COUNT: &str = "http://jabber.org/protocol/admin#get-registered-users-num";

fn command(attributes: &str, payload: &str) -> String {
    format!("<command xmlns='{NODE}' {attributes}>{payload}</command>")
}

/// Begins a command.
pub(crate) async fn begin(client: &mut Client, node: &str) -> Result<Element, String> {
    let execute = command(&format!("node='{node}' action='execute'"), "");
    client.set(SERVER, &execute).await
}

/// Fills in the form of a command that was begun.
pub(crate) async fn submit(
    client: &mut Client,
    begun: &Element,
    fields: &[(&str, &str)],
) -> Result<Element, String> {
    let fields: String = fields
        .iter()
        .map(|(name, values)| {
            let values: String = values
                .split('|')
                .map(|value| format!("<value>{value}</value>"))
                .collect();
            format!("<field var='{name}'>{values}</field>")
        })
        .collect();
    let (node, id) = (
        begun.attr("node").unwrap(),
        begun.attr("sessionid").unwrap(),
    );
    let form = format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>");
    let payload = command(&format!("node='{node}' sessionid='{id}'"), &form);
    client.set(SERVER, &payload).await
}

/// Does a command from its beginning to its end.
pub(crate) async fn run(
    client: &mut Client,
    node: &str,
    fields: &[(&str, &str)],
) -> Result<Element, String> {
    let begun = begin(client, node).await?;
    assert_eq!(begun.attr("status"), Some("executing"), "{begun:?}");
    submit(client, &begun, fields).await
}

/// The note of a command that could not be done.
pub(crate) fn failure(done: &Element) -> String {
    assert_eq!(done.attr("status"), Some("completed"));
    let note = done.get_child("note", ns::COMMANDS).expect("a note");
    assert_eq!(note.attr("type"), Some("error"));
    note.text()
}

/// The values of a field of the result.
pub(crate) fn values(done: &Element, name: &str) -> Vec<String> {
    let form = done.get_child("x", ns::DATA_FORMS).expect("a form");
    let field = form
        .children()
        .find(|field| field.attr("var") == Some(name))
        .unwrap_or_else(|| panic!("no {name}"));
    field
        .children()
        .filter(|child| child.name() == "value")
        .map(Element::text)
        .collect()
}

async fn listed(client: &mut Client) -> Vec<String> {
    let query = format!("<query xmlns='{}' node='{NODE}'/>", ns::DISCO_ITEMS);
    let found = client.get(SERVER, &query).await.unwrap();
    let nodes = found.children().map(|item| {
        assert_eq!(item.attr("jid"), Some(SERVER));
        assert!(item.attr("name").is_some());
        item.attr("node").unwrap().to_owned()
    });
    nodes.collect()
}

#[tokio::test]
async fn everybody_sees_what_they_may_do() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    assert_eq!(listed(&mut bob).await, FOR_EVERYBODY);
    let all = listed(&mut alice).await;
    assert!(all.len() > 20 && all.contains(&ADD.to_owned()));
    assert!(
        !all.iter()
            .any(|node| node.contains("shutdown") || node.contains("get-user-password"))
    );
    let info = |node: &str| format!("<query xmlns='{}' node='{node}'/>", ns::DISCO_INFO);
    let said = String::from(&alice.get(SERVER, &info(ADD)).await.unwrap());
    assert!(said.contains("command-node") && said.contains("jabber:x:data"));
    let said = String::from(&bob.get(SERVER, &info(NODE)).await.unwrap());
    assert!(said.contains("command-list"));
    assert_eq!(bob.get(SERVER, &info(ADD)).await.unwrap_err(), "forbidden");
    assert_eq!(
        alice.get(SERVER, &info("none")).await.unwrap_err(),
        "item-not-found"
    );
    let said = bob
        .get(SERVER, &format!("<query xmlns='{}'/>", ns::DISCO_INFO))
        .await
        .unwrap();
    assert!(String::from(&said).contains(NODE));
}

#[tokio::test]
async fn who_administers_is_asked_again_every_time() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    for node in listed(&mut Client::online(&server, "alice", "desk").await).await {
        if !FOR_EVERYBODY.contains(&node.as_str()) {
            assert_eq!(
                begin(&mut bob, &node).await.unwrap_err(),
                "forbidden",
                "{node}"
            );
        }
    }
    server.handle().set_admin("bob", true).await.unwrap();
    let begun = begin(&mut bob, ADD).await.unwrap();
    server.handle().set_admin("bob", false).await.unwrap();
    let late = submit(&mut bob, &begun, &[("accountjid", "x@team.internal")]).await;
    assert_eq!(late.unwrap_err(), "forbidden");
    assert!(server.handle().set_admin("nobody", true).await.is_err());
}

#[tokio::test]
async fn one_form_and_its_ways_out() {
    let server = Server::of(&["alice", "bob"]).await;
    server.handle().set_admin("bob", true).await.unwrap();
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut other = Client::online(&server, "alice", "phone").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let done = begin(&mut alice, COUNT).await.unwrap();
    assert_eq!(done.attr("status"), Some("completed"));
    assert_eq!(values(&done, "registeredusersnum"), ["2"]);

    let begun = begin(&mut alice, ADD).await.unwrap();
    assert_eq!(begun.attr("status"), Some("executing"));
    let actions = begun.get_child("actions", ns::COMMANDS).unwrap();
    assert_eq!(actions.attr("execute"), Some("complete"));
    let id = begun.attr("sessionid").unwrap().to_owned();
    let with = |action: &str| {
        command(
            &format!("node='{ADD}' sessionid='{id}' action='{action}'"),
            "",
        )
    };
    // Nobody else goes on with it, not even another session.
    for client in [&mut other, &mut bob] {
        let refused = client.set(SERVER, &with("cancel")).await;
        assert_eq!(refused.unwrap_err(), "bad-request");
    }
    for (payload, expected) in [
        (with("next"), "bad-action"),
        (with("prev"), "bad-action"),
        (with("dance"), "malformed-action"),
        (with("complete"), "bad-payload"),
        (
            command(&format!("node='{COUNT}' sessionid='{id}'"), ""),
            "bad-sessionid",
        ),
        (
            command(&format!("node='{ADD}' sessionid='other'"), ""),
            "bad-sessionid",
        ),
        (
            command(&format!("node='{ADD}' action='complete'"), ""),
            "bad-action",
        ),
    ] {
        let iq = format!("<iq type='set' id='w' to='{SERVER}'>{payload}</iq>");
        let (_, answer) = alice.ask(&iq).await;
        assert_eq!(condition(&answer), "bad-request");
        let error = answer.get_child("error", ns::CLIENT).unwrap();
        assert!(
            error.has_child(expected, ns::COMMANDS),
            "{payload} {error:?}"
        );
    }
    let cancelled = alice.set(SERVER, &with("cancel")).await.unwrap();
    assert_eq!(cancelled.attr("status"), Some("canceled"));
    assert_eq!(
        alice.set(SERVER, &with("cancel")).await.unwrap_err(),
        "bad-request"
    );
    assert_eq!(
        begin(&mut alice, "no-such").await.unwrap_err(),
        "item-not-found"
    );
    assert_eq!(
        alice
            .set(SERVER, &format!("<command xmlns='{NODE}'/>"))
            .await
            .unwrap_err(),
        "bad-request"
    );
    let as_get = alice
        .get(SERVER, &command(&format!("node='{COUNT}'"), ""))
        .await;
    assert_eq!(as_get.unwrap_err(), "bad-request");
}

#[tokio::test]
async fn executions_that_are_begun_are_bounded() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut begun = Vec::new();
    for _ in 0..10 {
        begun.push(begin(&mut alice, ADD).await.unwrap());
    }
    assert_eq!(
        begin(&mut alice, ADD).await.unwrap_err(),
        "resource-constraint"
    );
    let id = begun[0].attr("sessionid").unwrap();
    let cancel = command(
        &format!("node='{ADD}' sessionid='{id}' action='cancel'"),
        "",
    );
    alice.set(SERVER, &cancel).await.unwrap();
    begin(&mut alice, ADD).await.unwrap();
}

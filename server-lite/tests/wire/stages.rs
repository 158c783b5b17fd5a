//! A command with more than one form (XEP-0050, sections 2.4.2 and 3.4): on, back,
//! to its end, and out of it at each of its stages.

use xmpp_core::{Element, ns};

use crate::client::{Client, condition};
use crate::commands::{SERVER, begin, failure, values};
use crate::server::Server;

const NODE: &str = "urn:startalk:admin:0#department";

/// An answer to the stage that is shown.
async fn act(
    client: &mut Client,
    shown: &Element,
    action: &str,
    field: Option<(&str, &str)>,
) -> Result<Element, String> {
    let id = shown.attr("sessionid").unwrap();
    let form = field.map(|(name, value)| {
        format!(
            "<x xmlns='jabber:x:data' type='submit'><field var='{name}'>\
             <value>{value}</value></field></x>"
        )
    });
    let node = shown.attr("node").unwrap();
    let iq = format!(
        "<iq type='set' id='act' to='{SERVER}'><command xmlns='{}' node='{node}' \
         sessionid='{id}' {action}>{}</command></iq>",
        ns::COMMANDS,
        form.unwrap_or_default()
    );
    let (_, answer) = client.ask(&iq).await;
    match answer.get_child("command", ns::COMMANDS) {
        Some(command) if answer.attr("type") == Some("result") => {
            assert_eq!(command.attr("sessionid"), Some(id));
            Ok(command.clone())
        }
        _ => {
            let error = answer.get_child("error", ns::CLIENT).unwrap();
            let mut details = error.children().filter(|child| child.has_ns(ns::COMMANDS));
            let detail = details.next().map_or("", Element::name);
            Err(format!("{} {detail}", condition(&answer)))
        }
    }
}

const PREV: &str = "action='prev'";
const NEXT: &str = "action='next'";
const COMPLETE: &str = "action='complete'";
const EXECUTE: &str = "action='execute'";
const BOB: Option<(&str, &str)> = Some(("accountjid", "bob@team.internal"));

/// What may be done now: the default, then all.
fn actions(shown: &Element) -> (Option<&str>, Vec<&str>) {
    assert_eq!(shown.attr("status"), Some("executing"), "{shown:?}");
    let actions = shown.get_child("actions", ns::COMMANDS).unwrap();
    let names = actions.children().map(Element::name).collect();
    (actions.attr("execute"), names)
}

/// The fields of the form that is shown.
fn fields(shown: &Element) -> Vec<&str> {
    let form = shown.get_child("x", ns::DATA_FORMS).unwrap();
    let named = form.children().filter(|child| child.name() == "field");
    named
        .filter_map(|field| field.attr("var"))
        .filter(|name| *name != "FORM_TYPE")
        .collect()
}

async fn department(server: &Server) -> String {
    let mut client = Client::online(server, "bob", "roster").await;
    let roster = client.get("", "<query xmlns='jabber:iq:roster'/>").await;
    let roster = roster.unwrap();
    let mut items = roster.children();
    let alice = items.find(|item| item.attr("jid") == Some("alice@team.internal"));
    let groups = alice.unwrap().children().map(Element::text);
    groups.collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn forth_and_back_and_to_the_end() {
    let server = Server::of(&["alice", "bob"]).await;
    server
        .handle()
        .set_department("alice", "Sales")
        .await
        .unwrap();
    let mut alice = Client::online(&server, "alice", "desk").await;
    let first = begin(&mut alice, NODE).await.unwrap();
    assert_eq!(actions(&first), (Some("next"), vec!["next"]));
    assert_eq!(fields(&first), ["accountjid"]);
    let second = act(&mut alice, &first, NEXT, BOB).await.unwrap();
    assert_eq!(
        actions(&second),
        (Some("complete"), vec!["prev", "complete"])
    );
    assert_eq!(values(&second, "department"), [""]);
    // What was typed on the page that is left is of no account.
    let typed = Some(("department", "Nowhere"));
    let back = act(&mut alice, &second, PREV, typed).await.unwrap();
    assert_eq!(actions(&back), (Some("next"), vec!["next"]));
    assert_eq!(fields(&back), ["accountjid"]);
    let herself = Some(("accountjid", "alice@team.internal"));
    // The default is what the server said it is.
    let second = act(&mut alice, &back, EXECUTE, herself).await.unwrap();
    assert_eq!(values(&second, "department"), ["Sales"]);
    let wanted = Some(("department", "Sales/North"));
    let done = act(&mut alice, &second, "", wanted).await.unwrap();
    assert_eq!(done.attr("status"), Some("completed"));
    assert!(!done.has_child("actions", ns::COMMANDS));
    assert!(department(&server).await.ends_with("Sales::North"));
    let late = act(&mut alice, &second, COMPLETE, wanted).await;
    assert_eq!(late.unwrap_err(), "bad-request bad-sessionid");
}

#[tokio::test]
async fn who_leads_somebody_is_said_in_stages_too() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let node = "urn:startalk:admin:0#manager";
    let herself = Some(("manager", "alice@team.internal"));
    for before in ["", "alice@team.internal"] {
        let first = begin(&mut alice, node).await.unwrap();
        let second = act(&mut alice, &first, NEXT, BOB).await.unwrap();
        assert_eq!(values(&second, "manager"), [before]);
        let done = act(&mut alice, &second, COMPLETE, herself).await.unwrap();
        assert_eq!(done.attr("status"), Some("completed"));
    }
    for bad in [
        "bob@team.internal",
        "nobody@team.internal",
        "x@elsewhere.example",
    ] {
        let first = begin(&mut alice, node).await.unwrap();
        let second = act(&mut alice, &first, NEXT, BOB).await.unwrap();
        let refused = act(&mut alice, &second, COMPLETE, Some(("manager", bad))).await;
        assert!(!failure(&refused.unwrap()).is_empty(), "{bad}");
    }
}

#[tokio::test]
async fn what_a_stage_does_not_know_changes_nothing() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let first = begin(&mut alice, NODE).await.unwrap();
    for (action, answer, expected) in [
        (PREV, None, "bad-request bad-action"),
        (COMPLETE, BOB, "bad-request bad-action"),
        (NEXT, None, "bad-request bad-payload"),
        ("action='dance'", BOB, "bad-request malformed-action"),
    ] {
        let refused = act(&mut alice, &first, action, answer).await;
        assert_eq!(refused.unwrap_err(), expected, "{action}");
    }
    // One who is not there: the same form again, with a word about it.
    let nobody = Some(("accountjid", "nobody@team.internal"));
    let again = act(&mut alice, &first, NEXT, nobody).await.unwrap();
    assert_eq!(actions(&again), (Some("next"), vec!["next"]));
    assert_eq!(fields(&again), ["accountjid"]);
    let note = again.get_child("note", ns::COMMANDS).unwrap();
    assert_eq!(note.attr("type"), Some("error"));
    assert!(note.text().contains("no such account"), "{}", note.text());
    // What would have to be kept has a limit.
    let long = "x".repeat(20_000);
    let refused = act(&mut alice, &first, NEXT, Some(("accountjid", &long))).await;
    assert_eq!(refused.unwrap_err(), "bad-request bad-payload");
    let second = act(&mut alice, &first, NEXT, BOB).await.unwrap();
    for (action, answer, expected) in [
        (NEXT, BOB, "bad-request bad-action"),
        (COMPLETE, None, "bad-request bad-payload"),
    ] {
        let refused = act(&mut alice, &second, action, answer).await;
        assert_eq!(refused.unwrap_err(), expected, "{action}");
    }
    let cancelled = act(&mut alice, &second, "action='cancel'", None).await;
    assert_eq!(cancelled.unwrap().attr("status"), Some("canceled"));
    // Nor does a department that cannot be one.
    let first = begin(&mut alice, NODE).await.unwrap();
    let second = act(&mut alice, &first, NEXT, BOB).await.unwrap();
    let bad = act(&mut alice, &second, COMPLETE, Some(("department", "a//b"))).await;
    assert!(!failure(&bad.unwrap()).is_empty());
}

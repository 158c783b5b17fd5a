//! The roster, requests to see presence, blocking, the directory.

use std::collections::BTreeMap;

use startalk_engine::api::{Event, PeopleRequest, Response, Subscription, SubscriptionRequestView};
use xmpp_core::{Element, ns};

use crate::client::{BOB, Client};
use crate::peer::{DOMAIN, Server, from_bob, within};

fn roster_push(ver: &str, item: &str) -> String {
    format!(
        "<iq type='set' id='push-{ver}'>\
         <query xmlns='jabber:iq:roster' ver='{ver}'>{item}</query></iq>"
    )
}

async fn requests(client: &Client) -> Vec<SubscriptionRequestView> {
    let account = client.account.clone();
    match client.people(PeopleRequest::Requests { account }).await {
        Response::SubscriptionRequests(all) => all,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_roster_is_fetched_once_and_then_what_changed() {
    let server = Server::start();
    let (mut client, mut peer) = Client::start(&server).await;
    let eve = "<item jid='eve@team.internal' name='Eve' subscription='to' ask='subscribe'>\
               <group>Sales::North</group><group>Friends</group></item>";
    peer.send(&roster_push("v2", eve)).await;
    peer.send(&roster_push(
        "v3",
        "<item jid='bob@team.internal' subscription='remove'/>",
    ))
    .await;
    client
        .until("Bob's removal", async || {
            client.contact(BOB).await.is_none()
        })
        .await;
    client.restart().await;
    let mut peer = server.signed_in().await;
    let mut versions = Vec::new();
    let query = peer
        .begin_answering(|iq| {
            let roster = iq.get_child("query", ns::ROSTER)?;
            versions.push(roster.attr("ver").map(str::to_owned));
            // Nothing has changed.
            Some(String::new())
        })
        .await;
    assert_eq!(versions, [Some("v3".to_owned())]);
    peer.answer_archive(&query, &[], true).await;
    client.wait_online().await;
    let all = client.contacts().await;
    assert_eq!(all.len(), 1);
    let eve = &all[0];
    assert_eq!((eve.name.as_str(), eve.asked), ("Eve", true));
    assert_eq!(eve.subscription, Subscription::To);
    assert_eq!(eve.groups, ["Sales::North", "Friends"]);
    assert_eq!(eve.departments, [vec!["Sales", "North"], vec!["Friends"]]);
}

#[tokio::test]
async fn nobody_else_changes_our_lists() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let eve = "<item jid='eve@team.internal' subscription='both'/>";
    for (n, payload) in [
        format!("<query xmlns='jabber:iq:roster' ver='x'>{eve}</query>"),
        format!("<block xmlns='urn:xmpp:blocking'><item jid='{BOB}'/></block>"),
    ]
    .iter()
    .enumerate()
    {
        peer.send(&format!(
            "<iq type='set' id='evil-{n}' from='mallory@{DOMAIN}/x'>{payload}</iq>"
        ))
        .await;
        let answer = peer.next().await.unwrap();
        assert_eq!(answer.attr("type"), Some("error"));
    }
    let all = client.contacts().await;
    assert_eq!(all.len(), 1);
    assert!(!all[0].blocked);
}

#[tokio::test]
async fn requests_of_strangers_wait_for_an_answer() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let mut events = client.engine.subscribe();
    let eve = "eve@team.internal";
    let ask =
        format!("<presence type='subscribe' from='{eve}'><status>It is me</status></presence>");
    peer.send(&ask).await;
    peer.send(&ask).await;
    within("an event", async {
        while !matches!(
            events.next().await,
            Some(Event::SubscriptionRequestsChanged { .. })
        ) {}
    })
    .await;
    // Both were heard: one that came behind the answer would be another request.
    peer.ask_handled().await;
    let waiting = requests(&client).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].text, "It is me");
    let account = client.account.clone();
    let accept = PeopleRequest::Accept {
        account: account.clone(),
        address: eve.to_owned(),
    };
    client.people(accept).await;
    for kind in ["subscribed", "subscribe"] {
        let answer = peer.next().await.unwrap();
        assert!(answer.is("presence", ns::CLIENT));
        assert_eq!(
            (answer.attr("type"), answer.attr("to")),
            (Some(kind), Some(eve))
        );
    }
    assert_eq!(requests(&client).await, []);

    // Who was asked by us is not asked again.
    let asked = format!("<item jid='{eve}' subscription='none' ask='subscribe'/>");
    peer.send(&roster_push("v", &asked)).await;
    client
        .until("Eve in the list", async || {
            client.contact(eve).await.is_some()
        })
        .await;
    peer.send(&ask).await;
    let answer = loop {
        let stanza = peer.next().await.unwrap();
        if stanza.is("presence", ns::CLIENT) {
            break stanza;
        }
    };
    assert_eq!(answer.attr("type"), Some("subscribed"));
    assert_eq!(requests(&client).await, []);

    // A stranger is turned away; another one has second thoughts.
    for from in ["max@team.internal", "moritz@team.internal"] {
        peer.send(&format!("<presence type='subscribe' from='{from}'/>"))
            .await;
    }
    client
        .until("two requests", async || requests(&client).await.len() == 2)
        .await;
    peer.send("<presence type='unsubscribe' from='moritz@team.internal'/>")
        .await;
    client
        .until("one request", async || requests(&client).await.len() == 1)
        .await;
    let decline = PeopleRequest::Decline {
        account,
        address: "max@team.internal".to_owned(),
    };
    client.people(decline).await;
    assert_eq!(
        peer.next().await.unwrap().attr("type"),
        Some("unsubscribed")
    );
    assert_eq!(requests(&client).await, []);
}

#[tokio::test]
async fn a_contact_is_added_and_changed() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let account = client.account.clone();
    let eve = "eve@team.internal";
    let add = PeopleRequest::Add {
        account: account.clone(),
        address: eve.to_owned(),
        name: " Eve ".to_owned(),
        groups: vec!["Sales".to_owned(), "Sales".to_owned()],
    };
    let serve = async {
        let set = peer.with("query", ns::ROSTER).await;
        let item = set.get_child("query", ns::ROSTER).unwrap();
        let item = item.get_child("item", ns::ROSTER).unwrap().clone();
        peer.result(&set, "").await;
        let asks = peer.next().await.unwrap();
        (item, asks)
    };
    let (_, (item, asks)) = tokio::join!(client.people(add), serve);
    assert_eq!(
        (item.attr("jid"), item.attr("name")),
        (Some(eve), Some("Eve"))
    );
    assert_eq!(
        item.children().map(Element::text).collect::<Vec<_>>(),
        ["Sales"]
    );
    assert_eq!(asks.attr("type"), Some("subscribe"));
    let approve = PeopleRequest::Approve {
        account: account.clone(),
        address: eve.to_owned(),
    };
    client.people(approve).await;
    assert_eq!(peer.next().await.unwrap().attr("type"), Some("subscribed"));
    // Who is not in the list cannot be renamed.
    let change = PeopleRequest::Change {
        account,
        address: "nobody@team.internal".to_owned(),
        name: "X".to_owned(),
        groups: Vec::new(),
    };
    let request = startalk_engine::api::Request::People(change);
    assert!(client.engine.handle(request).await.is_err());
}

#[tokio::test]
async fn u89_the_blocked_neither_notify_nor_type() {
    let server = Server::start();
    let (mut client, mut peer) = Client::start(&server).await;
    let account = client.account.clone();
    let block = PeopleRequest::Block {
        account: account.clone(),
        address: BOB.to_owned(),
    };
    let serve = async {
        let set = peer.with("block", ns::BLOCKING).await;
        peer.result(&set, "").await;
    };
    tokio::join!(client.people(block), serve);
    assert!(client.contact(BOB).await.unwrap().blocked);
    let typing = "<message type='chat' from='bob@team.internal/x'>\
                  <composing xmlns='http://jabber.org/protocol/chatstates'/></message>";
    peer.send(&from_bob("one")).await;
    peer.send(typing).await;
    peer.ask_handled().await;
    client.wait_texts(&["one"]).await;
    assert!(!client.conversation().await.unwrap().typing);
    // Another device thinks better of it.
    peer.send(&format!(
        "<iq type='set' id='u'><unblock xmlns='urn:xmpp:blocking'><item jid='{BOB}'/></unblock></iq>"
    ))
    .await;
    client
        .until("Bob is let in again", async || {
            !client.contact(BOB).await.unwrap().blocked
        })
        .await;
    peer.send(&from_bob("two")).await;
    assert_eq!(client.notified().await.1, "two", "nothing of the first");
    peer.send(typing).await;
    client
        .until("Bob types", async || {
            client.conversation().await.unwrap().typing
        })
        .await;
}

#[tokio::test]
async fn the_directory_is_a_service_of_the_server() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let account = client.account.clone();
    let form = "<query xmlns='jabber:iq:search'><nick/></query>";
    let serve = async {
        for _ in 0..4 {
            let iq = peer.next().await.unwrap();
            let to = iq.attr("to").unwrap().to_owned();
            let content = if iq.has_child("query", ns::SEARCH) {
                form.to_owned()
            } else if iq.has_child("query", ns::DISCO_ITEMS) {
                "<query xmlns='http://jabber.org/protocol/disco#items'>\
                 <item jid='people.team.internal'/></query>"
                    .to_owned()
            } else {
                let feature = match to.as_str() {
                    DOMAIN => "x",
                    _ => ns::SEARCH,
                };
                format!(
                    "<query xmlns='http://jabber.org/protocol/disco#info'>\
                     <feature var='{feature}'/></query>"
                )
            };
            let id = iq.attr("id").unwrap();
            peer.send(&format!(
                "<iq type='result' id='{id}' from='{to}'>{content}</iq>"
            ))
            .await;
        }
    };
    let ask = PeopleRequest::DirectoryForm {
        account: account.clone(),
    };
    let (answer, ()) = tokio::join!(client.people(ask), serve);
    let Response::DirectoryForm(form_view) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(form_view.service, "people.team.internal");
    let search = PeopleRequest::SearchDirectory {
        account,
        service: form_view.service,
        fields: BTreeMap::from([("nick".to_owned(), "Eve".to_owned())]),
    };
    let serve = async {
        for found in [
            form,
            "<query xmlns='jabber:iq:search'>\
            <item jid='eve@team.internal'><nick>Eve</nick></item></query>",
        ] {
            let iq = peer.with("query", ns::SEARCH).await;
            let id = iq.attr("id").unwrap();
            peer.send(&format!(
                "<iq type='result' id='{id}' from='people.team.internal'>{found}</iq>"
            ))
            .await;
        }
    };
    let (answer, ()) = tokio::join!(client.people(search), serve);
    let Response::Directory(found) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].name.as_str(), found[0].address.as_str()),
        ("Eve", "eve@team.internal")
    );
}

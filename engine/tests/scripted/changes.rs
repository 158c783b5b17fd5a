//! Edits, retractions, reactions, replies: in the words of the wire, and what
//! becomes of them when they are refused or the connection goes.

use startalk_engine::api::{
    DeliveryState, ErrorCode, MentionInput, MessageDetails, MessageRequest, MessageView, Request,
    Response,
};
use xmpp_core::{Element, ns};

use crate::client::{BOB, Client};
use crate::peer::{DOMAIN, Peer, Server, archived, body, from_bob, from_rosa};

impl Client {
    async fn about(&self, request: MessageRequest) -> Response {
        self.ask(Request::Message(request)).await
    }

    async fn edit(&self, message: i64, text: &str) {
        let account = self.account.clone();
        self.about(MessageRequest::Edit {
            account,
            message,
            text: text.to_owned(),
            mentions: Vec::new(),
        })
        .await;
    }

    async fn retract(&self, message: i64) {
        let account = self.account.clone();
        self.about(MessageRequest::Retract { account, message })
            .await;
    }

    async fn react(&self, message: i64, emojis: &[&str]) {
        let account = self.account.clone();
        let emojis = emojis.iter().map(|emoji| (*emoji).to_owned()).collect();
        self.about(MessageRequest::React {
            account,
            message,
            emojis,
        })
        .await;
    }

    async fn details(&self, message: i64) -> MessageDetails {
        let account = self.account.clone();
        match self
            .about(MessageRequest::Details { account, message })
            .await
        {
            Response::MessageDetails(details) => *details,
            other => panic!("{other:?}"),
        }
    }

    async fn last(&self) -> MessageView {
        self.messages().await.pop().unwrap()
    }
}

/// A stanza of Bob.
fn bob(id: &str, content: &str) -> String {
    format!(
        "<message type='chat' from='bob@{DOMAIN}/x' to='rosa@{DOMAIN}/desk' id='{id}'>{content}</message>"
    )
}

fn id_of(stanza: &Element, child: &str, namespace: &str) -> String {
    let child = stanza.get_child(child, namespace).expect(child);
    child.attr("id").unwrap().to_owned()
}

async fn refuse(peer: &mut Peer, id: &str, condition: &str) {
    peer.send(&format!(
        "<message type='error' from='{BOB}' to='rosa@{DOMAIN}/desk' id='{id}'><error type='cancel'>\
         {condition}</error></message>"
    ))
    .await;
}

#[tokio::test]
async fn a_message_is_answered_changed_and_taken_back() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.send(&from_bob("question")).await;
    client.wait_texts(&["question"]).await;
    let question = client.last().await.id;
    let request = MessageRequest::Send {
        account: client.account.clone(),
        conversation: BOB.to_owned(),
        text: "🎉 @Bob yes".to_owned(),
        reply_to: Some(question),
        mentions: vec![MentionInput {
            start: 3,
            end: 7,
            address: BOB.to_owned(),
        }],
    };
    let Response::Message(id) = client.about(request).await else {
        panic!("no message");
    };
    let sent = peer.text().await;
    let wire = sent.attr("id").unwrap().to_owned();
    assert_eq!(body(&sent), "> question\n🎉 @Bob yes");
    assert_eq!(id_of(&sent, "reply", ns::REPLY), "o-question");
    let fallback = sent.get_child("fallback", ns::FALLBACK).unwrap();
    assert_eq!(fallback.attr("for"), Some(ns::REPLY));
    let range = fallback.get_child("body", ns::FALLBACK).unwrap();
    assert_eq!(
        (range.attr("start"), range.attr("end")),
        (Some("0"), Some("11"))
    );
    let mention = sent.get_child("reference", ns::REFERENCES).unwrap();
    assert_eq!(
        (mention.attr("begin"), mention.attr("end")),
        (Some("13"), Some("17"))
    );
    let shown = client.last().await;
    assert_eq!(shown.text, "🎉 @Bob yes");
    let reply = shown.reply.unwrap();
    assert_eq!(
        (reply.message, reply.author_name.as_str()),
        (Some(question), "Bob")
    );
    assert_eq!((shown.mentions[0].start, shown.mentions[0].end), (3, 7));
    peer.acknowledge().await;
    client.wait_state(id, DeliveryState::Sent).await;

    client.edit(id, "no").await;
    let edit = peer.text().await;
    assert_eq!(
        (id_of(&edit, "replace", ns::CORRECTION), body(&edit)),
        (wire.clone(), "> question\nno".into())
    );
    assert_ne!(edit.attr("id"), Some(wire.as_str()));
    let details = client.details(id).await;
    assert!(details.message.edited_ms.is_some());
    assert_eq!(details.versions[0].text, "🎉 @Bob yes");

    client.react(question, &["👍", "👍", "🎉"]).await;
    let reactions = peer.with("reactions", ns::REACTIONS).await;
    assert_eq!(id_of(&reactions, "reactions", ns::REACTIONS), "o-question");
    let emojis = reactions.get_child("reactions", ns::REACTIONS).unwrap();
    assert_eq!(
        emojis.children().map(Element::text).collect::<String>(),
        "👍🎉"
    );
    client.react(question, &[]).await;
    let reactions = peer.with("reactions", ns::REACTIONS).await;
    let none = reactions.get_child("reactions", ns::REACTIONS).unwrap();
    assert_eq!(none.children().count(), 0);

    client.retract(id).await;
    let retraction = peer.with("retract", ns::RETRACT).await;
    assert_eq!(id_of(&retraction, "retract", ns::RETRACT), wire);
    assert!(retraction.has_child("store", ns::HINTS));
    let shown = client.last().await;
    assert_eq!((shown.text.as_str(), shown.retracted.is_some()), ("", true));
    assert!(client.details(id).await.versions.is_empty());
    peer.acknowledge().await;

    let theirs = Request::Message(MessageRequest::Retract {
        account: client.account.clone(),
        message: question,
    });
    let refused = client.engine.handle(theirs).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotAllowed);
}

#[tokio::test]
async fn what_others_say_about_messages() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let mine = client.send("mine").await;
    let wire = peer.text().await.attr("id").unwrap().to_owned();
    peer.acknowledge().await;
    peer.send(&from_bob("one")).await;
    for (id, content) in [
        (
            "e1",
            "<body>two</body><replace xmlns='urn:xmpp:message-correct:0' id='w-one'/>".to_owned(),
        ),
        // Not theirs to change.
        (
            "e2",
            format!("<body>forged</body><replace xmlns='urn:xmpp:message-correct:0' id='{wire}'/>"),
        ),
        (
            "e3",
            format!("<retract xmlns='urn:xmpp:message-retract:1' id='{wire}'/><body>x</body>"),
        ),
        (
            "r1",
            format!(
                "<reactions xmlns='urn:xmpp:reactions:0' id='{wire}'><reaction>👍</reaction></reactions>"
            ),
        ),
        (
            "m1",
            format!("<displayed xmlns='urn:xmpp:chat-markers:0' id='{wire}'/>"),
        ),
    ] {
        peer.send(&bob(id, &content)).await;
    }
    client.wait_state(mine, DeliveryState::Read).await;
    assert_eq!(client.texts().await, ["mine", "two"]);
    let details = client.details(mine).await;
    let reaction = &details.message.reactions[0];
    assert_eq!(
        (reaction.emoji.as_str(), reaction.count, reaction.mine),
        ("👍", 1, false)
    );
    assert_eq!(reaction.names, ["Bob"]);
    assert_eq!(details.deliveries[0].name, "Bob");
    assert!(details.deliveries[0].read_ms.is_some());
    assert_eq!(client.conversation().await.unwrap().unread, 1);
    peer.send(&bob(
        "e4",
        "<retract xmlns='urn:xmpp:message-retract:1' id='w-one'/>",
    ))
    .await;
    client.wait_texts(&["mine", ""]).await;
    assert_eq!(client.conversation().await.unwrap().unread, 0);
}

#[tokio::test]
async fn what_waits_is_changed_before_it_goes() {
    let server = Server::start();
    let (mut client, peer) = Client::start(&server).await;
    drop(peer);
    let silent = server.accept_tcp().await;
    let (one, two) = (client.send("one").await, client.send("two").await);
    client.edit(one, "one, better").await;
    client.retract(two).await;
    assert_eq!(client.texts().await, ["one, better"]);
    drop(silent);
    client.restart().await;
    let mut peer = server.session().await;
    let sent = peer.next().await.unwrap();
    assert_eq!(body(&sent), "one, better");
    assert!(!sent.has_child("replace", ns::CORRECTION));
    peer.acknowledge().await;
    client.wait_state(one, DeliveryState::Sent).await;
    client.send("next").await;
    assert_eq!(body(&peer.next().await.unwrap()), "next");
    assert_eq!(client.last().await.edited_ms, None);
}

/// Three messages are on their way when the connection ends; each is changed
/// before it is known which of them the server has: the first.
#[tokio::test]
async fn what_was_on_its_way_is_corrected_only_where_it_arrived() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.acknowledges = false;
    let ids = [
        client.send("one").await,
        client.send("two").await,
        client.send("three").await,
    ];
    let wire = peer.text().await.attr("id").unwrap().to_owned();
    peer.text().await;
    peer.text().await;
    client.edit(ids[0], "one!").await;
    assert_eq!(id_of(&peer.text().await, "replace", ns::CORRECTION), wire);
    drop(peer);
    let mut peer = server.signed_in().await;
    assert!(peer.next().await.unwrap().is("resume", ns::SM));
    client.edit(ids[1], "two!").await;
    client.retract(ids[2]).await;
    peer.send("<failed xmlns='urn:xmpp:sm:3'/>").await;
    peer.begin(&[archived("a1", &from_rosa(&wire, "one"))])
        .await;
    let again = peer.text().await;
    assert_eq!(body(&again), "two!");
    assert!(!again.has_child("replace", ns::CORRECTION));
    // The edit of the first may have been lost, too; it says the same again.
    let edit = peer.text().await;
    assert_eq!(
        (id_of(&edit, "replace", ns::CORRECTION), body(&edit)),
        (wire, "one!".into())
    );
    peer.acknowledge().await;
    client.wait_state(ids[1], DeliveryState::Sent).await;
    assert_eq!(client.texts().await, ["one!", "two!"]);
    client.send("next").await;
    assert_eq!(body(&peer.next().await.unwrap()), "next");
}

#[tokio::test]
async fn why_a_message_was_refused() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let stanzas = "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'";
    for (condition, code) in [
        (
            format!("<item-not-found {stanzas}/>"),
            ErrorCode::RecipientUnknown,
        ),
        (format!("<gone {stanzas}/>"), ErrorCode::RecipientGone),
        (format!("<forbidden {stanzas}/>"), ErrorCode::NotAllowed),
        (
            format!("<policy-violation {stanzas}/>"),
            ErrorCode::MessageTooLarge,
        ),
        (
            format!("<not-acceptable {stanzas}/><blocked xmlns='urn:xmpp:blocking:errors'/>"),
            ErrorCode::RecipientBlocked,
        ),
        (
            format!("<remote-server-timeout {stanzas}/>"),
            ErrorCode::RecipientUnavailable,
        ),
    ] {
        let id = client.send("hello").await;
        let wire = peer.text().await.attr("id").unwrap().to_owned();
        refuse(&mut peer, &wire, &condition).await;
        client.wait_state(id, DeliveryState::Failed { code }).await;
    }
    // An edit that is refused is undone.
    let id = client.send("good").await;
    peer.text().await;
    peer.acknowledge().await;
    client.wait_state(id, DeliveryState::Sent).await;
    client.edit(id, "better").await;
    let wire = peer.text().await.attr("id").unwrap().to_owned();
    refuse(&mut peer, &wire, &format!("<not-allowed {stanzas}/>")).await;
    client
        .until("undone", async || client.last().await.text == "good")
        .await;
    assert_eq!(client.state(id).await, DeliveryState::Sent);
}

/// The newest page has what is said, an older one about what.
#[tokio::test]
async fn history_in_pages_knows_what_was_said_about_it() {
    let server = Server::start();
    let secrets = std::sync::Arc::new(startalk_engine::MemorySecrets::default());
    let client = Client::join(&server, secrets, crate::client::TIMEOUTS).await;
    let mut peer = server.signed_in().await;
    let newest = peer.begin_until_archive().await;
    let correction = "<body>edited</body><replace xmlns='urn:xmpp:message-correct:0' id='w-old'/>";
    let reactions =
        "<reactions xmlns='urn:xmpp:reactions:0' id='w-old'><reaction>👍</reaction></reactions>";
    let page = [
        archived("a5", &bob("e1", correction)),
        archived("a6", &bob("r1", reactions)),
        archived(
            "a7",
            &bob(
                "r2",
                "<retract xmlns='urn:xmpp:message-retract:1' id='w-gone'/>",
            ),
        ),
    ];
    peer.answer_archive(&newest, &page, false).await;
    let older = peer.with("query", ns::MAM).await;
    let plain = |id: &str| bob(&format!("w-{id}"), &format!("<body>{id}</body>"));
    let page = [
        archived("a1", &plain("old")),
        archived("a2", &plain("gone")),
    ];
    peer.answer_archive(&older, &page, true).await;
    client.wait_texts(&["edited", ""]).await;
    let old = client.messages().await.remove(0);
    assert_eq!(
        (old.reactions[0].emoji.as_str(), old.edited_ms.is_some()),
        ("👍", true)
    );
}

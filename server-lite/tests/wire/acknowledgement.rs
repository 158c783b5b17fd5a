//! Stream management (XEP-0198).

use std::time::Duration;

use tokio_tungstenite::tungstenite::Message;
use xmpp_core::{Element, ns};

use crate::client::{Client, Place, TlsVersion, bodies, body, socket};
use crate::server::Server;

/// Switches it on; the id to resume with.
async fn enable(client: &mut Client) -> String {
    client
        .send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        .await;
    let enabled = client.element().await;
    assert!(enabled.is("enabled", ns::SM), "{enabled:?}");
    assert_eq!(enabled.attr("resume"), Some("true"));
    enabled.attr("id").unwrap().to_owned()
}

/// What the server has handled, with what came before it said so.
async fn handled(client: &mut Client) -> (Vec<Element>, u32) {
    client.send("<r xmlns='urn:xmpp:sm:3'/>").await;
    let mut before = Vec::new();
    loop {
        let element = client.element().await;
        if element.is("a", ns::SM) {
            return (before, element.attr("h").unwrap().parse().unwrap());
        }
        before.push(element);
    }
}

/// A connection up to where it can resume.
async fn returning(server: &impl Place, user: &str) -> Client {
    let mut client = Client::direct(server).await;
    let features = client.sign_in(user).await;
    assert!(features.has_child("sm", ns::SM));
    client
}

fn resume(id: &str, h: u32) -> String {
    format!("<resume xmlns='urn:xmpp:sm:3' h='{h}' previd='{id}'/>")
}

/// Resumes; with how much the server says it has handled.
async fn resumed(server: &impl Place, address: &str, id: &str, h: u32) -> (Client, u32) {
    let user = address.split('@').next().unwrap();
    let mut client = returning(server, user).await;
    client.send(resume(id, h)).await;
    let answer = client.element().await;
    assert!(answer.is("resumed", ns::SM), "{answer:?}");
    assert_eq!(answer.attr("previd"), Some(id));
    client.address = address.to_owned();
    (client, answer.attr("h").unwrap().parse().unwrap())
}

fn chat(to: &str, text: &str) -> String {
    format!("<message to='{to}@team.internal' type='chat'><body>{text}</body></message>")
}

/// Stanzas, without what stream management says between them.
fn stanzas(elements: Vec<Element>) -> Vec<Element> {
    elements
        .into_iter()
        .filter(|element| !element.has_ns(ns::SM))
        .collect()
}

#[tokio::test]
async fn what_is_handled_is_counted_and_nothing_else() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    enable(&mut rosa).await;
    assert_eq!(handled(&mut rosa).await.1, 0);
    rosa.send(" \n <active xmlns='urn:xmpp:csi:0'/><r xmlns='urn:xmpp:sm:3'/>")
        .await;
    assert_eq!(rosa.element().await.attr("h"), Some("0"));
    rosa.send(format!(
        "<presence/><iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>{}{}\
         <message to='nobody@team.internal'><body>x</body></message><iq type='result' id='2'/>",
        chat("bob", "one"),
        chat("rosa", "note"),
    ))
    .await;
    let (before, h) = handled(&mut rosa).await;
    assert_eq!(h, 6, "{before:?}");
    let mut before = stanzas(before);
    // Her own presence comes back when it comes.
    before.retain(|element| element.name() != "presence");
    let names: Vec<_> = before.iter().map(Element::name).collect();
    assert_eq!(names, ["iq", "message"], "{before:?}");
}

#[tokio::test]
async fn counting_begins_with_enabled() {
    let server = Server::of(&["rosa", "bob"]).await;
    for _ in 0..10 {
        let mut rosa = Client::session(&server, "rosa", "").await;
        // In one go, so that the message is not yet on disk when the counting begins.
        rosa.send(format!(
            "{}<enable xmlns='urn:xmpp:sm:3'/>{}",
            chat("bob", "before"),
            chat("bob", "after")
        ))
        .await;
        assert!(rosa.element().await.is("enabled", ns::SM));
        assert_eq!(handled(&mut rosa).await.1, 1);
    }
}

#[tokio::test]
async fn enabling_has_its_time() {
    let server = Server::of(&["rosa"]).await;
    let mut rosa = Client::direct(&server).await;
    rosa.sign_in("rosa").await;
    // Section 3: only after binding. It can be mended (section 6).
    rosa.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        .await;
    let failed = rosa.element().await;
    assert!(failed.is("failed", ns::SM), "{failed:?}");
    assert!(failed.has_child("unexpected-request", ns::STANZA_ERRORS));
    rosa.bind("desk").await;
    enable(&mut rosa).await;
    rosa.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        .await;
    let failed = rosa.element().await;
    assert!(
        failed.has_child("unexpected-request", ns::STANZA_ERRORS),
        "{failed:?}"
    );
    assert_eq!(handled(&mut rosa).await.1, 0);
}

#[tokio::test]
async fn a_resumed_session_gets_what_it_missed_once() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let id = enable(&mut rosa).await;
    rosa.send("<presence/>").await;
    // Bob's presence and her own are the first stanzas that Rosa has handled.
    for _ in 0..2 {
        while !rosa.element().await.is("presence", ns::CLIENT) {}
    }
    for text in ["one", "two", "three"] {
        bob.send(chat("rosa", text)).await;
    }
    bob.sync().await;
    let mut read = Vec::new();
    while read.len() < 3 {
        read.extend(stanzas(vec![rosa.element().await]));
    }
    assert_eq!(bodies(&read), ["one", "two", "three"]);
    // She acknowledges presences and "one", then is gone without a word.
    rosa.send("<a xmlns='urn:xmpp:sm:3' h='3'/>").await;
    let address = rosa.address.clone();
    let (again, _) = resumed(&server, &address, &id, 3).await;
    drop((rosa, again));
    bob.send(chat("rosa", "four")).await;
    assert!(bob.sync().await.is_empty(), "for Bob she never left");
    let (mut rosa, _) = resumed(&server, &address, &id, 3).await;
    let got = stanzas(rosa.sync().await);
    assert_eq!(bodies(&got), ["two", "three", "four"]);
    // Acknowledged now: neither here again, nor as something that waited.
    rosa.send("<a xmlns='urn:xmpp:sm:3' h='7'/>").await;
    assert!(stanzas(rosa.sync().await).is_empty());
    rosa.send("</stream:stream>").await;
    assert_eq!(rosa.end().await, None);
    let mut rosa = Client::session(&server, "rosa", "phone").await;
    rosa.send("<presence/>").await;
    assert!(rosa.messages().await.is_empty());
}

#[tokio::test]
async fn what_was_not_acknowledged_is_not_lost() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    enable(&mut rosa).await;
    rosa.send("<presence/>").await;
    rosa.sync().await;
    for text in ["one", "two"] {
        bob.send(chat("rosa", text)).await;
    }
    bob.sync().await;
    assert_eq!(bodies(&stanzas(rosa.sync().await)), ["one", "two"]);
    // Leaves in good order, but never said that it has them.
    rosa.send("</stream:stream>").await;
    rosa.end().await;
    let mut rosa = Client::session(&server, "rosa", "phone").await;
    rosa.send("<presence/>").await;
    assert_eq!(bodies(&rosa.messages().await), ["one", "two"]);
}

#[tokio::test]
async fn every_stanza_counts_once_wherever_the_connection_breaks() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    for round in 0..12 {
        let wire = socket(server.handle().https_addr()).await;
        // A reset instead of a goodbye: the server's next word cannot be written.
        wire.set_zero_linger().unwrap();
        let mut rosa = Client::over(wire, &server, TlsVersion::V13).await;
        rosa.sign_in("rosa").await;
        rosa.bind(&format!("desk-{round}")).await;
        let address = rosa.address.clone();
        let id = enable(&mut rosa).await;
        let ping = |n| format!("<iq type='get' id='p{n}'><ping xmlns='urn:xmpp:ping'/></iq>");
        let sent: Vec<String> = (0..40)
            .map(|n| match n % 2 {
                0 => ping(n),
                _ => chat("bob", &format!("{round}-{n}")),
            })
            .collect();
        rosa.send(sent.concat()).await;
        for _ in 0..round {
            rosa.element().await;
        }
        drop(rosa);
        let (mut rosa, h) = resumed(&server, &address, &id, 0).await;
        // As a client has to: what was not handled is sent again.
        rosa.send(sent[h as usize..].concat()).await;
        let answers = stanzas(rosa.sync().await);
        let ids: Vec<_> = answers
            .iter()
            .map(|answer| answer.attr("id").unwrap().to_owned())
            .collect();
        let expected: Vec<_> = (0..40).step_by(2).map(|n| format!("p{n}")).collect();
        assert_eq!(ids, expected, "round {round}, resumed at {h}");
        let expected: Vec<_> = (1..40).step_by(2).map(|n| format!("{round}-{n}")).collect();
        assert_eq!(
            bodies(&bob.messages().await),
            expected,
            "round {round}, resumed at {h}"
        );
        rosa.send("</stream:stream>").await;
        rosa.end().await;
    }
}

#[tokio::test]
async fn only_the_owner_resumes_and_whoever_cannot_may_bind() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let id = enable(&mut rosa).await;
    let mut bob = returning(&server, "bob").await;
    for wrong in [
        resume(&id, 0),
        resume("never-was", 0),
        resume("", 0),
        "<resume xmlns='urn:xmpp:sm:3'/>".to_owned(),
        format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='-1'/>"),
    ] {
        bob.send(&wrong).await;
        let failed = bob.element().await;
        assert!(failed.is("failed", ns::SM), "{wrong} {failed:?}");
        assert!(
            failed.has_child("item-not-found", ns::STANZA_ERRORS),
            "{failed:?}"
        );
    }
    bob.bind("desk").await;
    enable(&mut bob).await;
    assert_eq!(handled(&mut bob).await.1, 0);
    // Rosa's is as it was, and she takes it over while the old one still hangs.
    let address = rosa.address.clone();
    let (mut again, _) = resumed(&server, &address, &id, 0).await;
    assert_eq!(rosa.end().await.as_deref(), Some("conflict"));
    again.sync().await;
    // A session that can not be resumed has no id that others could find.
    let mut plain = Client::session(&server, "rosa", "phone").await;
    plain.send("<enable xmlns='urn:xmpp:sm:3'/>").await;
    let enabled = plain.element().await;
    assert_eq!((enabled.attr("id"), enabled.attr("resume")), (None, None));
}

#[tokio::test]
async fn whoever_acknowledges_too_much_is_out() {
    let server = Server::of(&["rosa"]).await;
    let too_high = |error: &Element| {
        assert!(error.is("error", ns::STREAM), "{error:?}");
        assert!(
            error.has_child("undefined-condition", ns::STREAM_ERRORS),
            "{error:?}"
        );
        // Section 4.
        let detail = error
            .get_child("handled-count-too-high", ns::SM)
            .expect("detail");
        assert_eq!(
            (detail.attr("h"), detail.attr("send-count")),
            (Some("7"), Some("1"))
        );
    };
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    enable(&mut rosa).await;
    rosa.sync().await;
    rosa.send("<a xmlns='urn:xmpp:sm:3' h='7'/>").await;
    let mut last = rosa.element().await;
    while last.is("r", ns::SM) {
        last = rosa.element().await;
    }
    too_high(&last);
    assert_eq!(rosa.end().await, None);
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let id = enable(&mut rosa).await;
    rosa.sync().await;
    drop(rosa);
    let mut rosa = returning(&server, "rosa").await;
    rosa.send(resume(&id, 7)).await;
    too_high(&rosa.element().await);
    assert_eq!(rosa.end().await, None);
    // That session is over.
    let mut rosa = returning(&server, "rosa").await;
    rosa.send(resume(&id, 1)).await;
    assert!(rosa.element().await.is("failed", ns::SM));
    for odd in [
        "<a xmlns='urn:xmpp:sm:3'/>",
        "<a xmlns='urn:xmpp:sm:3' h='x'/>",
        "<a xmlns='urn:xmpp:sm:3' h='-1'/>",
    ] {
        let mut rosa = Client::session(&server, "rosa", "desk").await;
        enable(&mut rosa).await;
        rosa.send(odd).await;
        assert!(rosa.end().await.is_some(), "{odd}");
    }
}

#[tokio::test]
async fn after_its_time_a_session_is_gone_and_its_messages_wait() {
    let server = Server::with(|config| config.limits.resumption = Duration::from_millis(1)).await;
    server.accounts(&["rosa", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let id = enable(&mut rosa).await;
    rosa.send("<presence/>").await;
    rosa.sync().await;
    bob.sync().await;
    bob.send(chat("rosa", "unread")).await;
    bob.sync().await;
    drop(rosa);
    let left = bob.element().await;
    assert_eq!(left.attr("from"), Some("rosa@team.internal/desk"));
    assert_eq!(left.attr("type"), Some("unavailable"));
    let mut rosa = returning(&server, "rosa").await;
    rosa.send(resume(&id, 0)).await;
    assert!(
        rosa.element()
            .await
            .has_child("item-not-found", ns::STANZA_ERRORS)
    );
    rosa.bind("desk").await;
    rosa.send("<presence/>").await;
    assert_eq!(bodies(&rosa.messages().await), ["unread"]);
}

/// RFC 7395, section 3.6: without a `<close/>` the connection is lost, and not more.
#[tokio::test]
async fn a_websocket_that_only_ends_can_be_resumed() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::websocket(&server).await;
    rosa.sign_in("rosa").await;
    rosa.bind("desk").await;
    rosa.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        .await;
    let id = rosa.element().await.attr("id").unwrap().to_owned();
    rosa.send_message(Message::Close(None)).await;
    assert_eq!(rosa.end().await, None);
    let mut bob = Client::online(&server, "bob", "desk").await;
    bob.send(format!(
        "<message to='{}' type='chat'><body>meanwhile</body></message>",
        rosa.address
    ))
    .await;
    bob.sync().await;
    let (mut again, _) = resumed(&server, &rosa.address, &id, 0).await;
    assert_eq!(bodies(&stanzas(again.sync().await)), ["meanwhile"]);
}

#[tokio::test]
async fn an_acknowledged_message_is_in_the_archive() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut reader = Client::session(&server, "rosa", "reader").await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    enable(&mut rosa).await;
    let mut expected = Vec::new();
    for round in 0..20 {
        let text = format!("text {round}");
        rosa.send(format!("{}<r xmlns='urn:xmpp:sm:3'/>", chat("bob", &text)))
            .await;
        let answer = rosa.element().await;
        assert_eq!(answer.attr("h"), Some((round + 1).to_string().as_str()));
        expected.push(text);
        let query = "<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>";
        let (results, _) = reader.ask(query).await;
        let found: Vec<_> = results
            .iter()
            .filter_map(|result| {
                let result = result.get_child("result", ns::MAM)?;
                let forwarded = result.get_child("forwarded", ns::FORWARD)?;
                body(forwarded.get_child("message", ns::CLIENT)?)
            })
            .collect();
        assert_eq!(found, expected);
    }
}

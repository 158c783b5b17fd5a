//! What a stanza may say of itself, and who answers it (RFC 6120, section 8;
//! XEP-0203, XEP-0359).

use xmpp_core::{Element, ns};

use crate::client::{Client, Read, bodies, error_of};
use crate::server::Server;

#[tokio::test]
async fn from_is_what_the_server_knows() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    bob.sync().await;
    for from in [
        "",
        "bob@team.internal/desk",
        "bob@team.internal",
        "team.internal",
        "rosa@team.internal",
        "rosa@team.internal/other",
        "admin@elsewhere.example",
        "@@@",
    ] {
        rosa.send(format!(
            "<message from='{from}' to='bob@team.internal' type='chat'><body>x</body></message>\
             <iq from='{from}' to='{}' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>\
             <presence from='{from}'><status>x</status></presence>\
             <presence from='{from}' to='bob@team.internal'/>",
            bob.address
        ))
        .await;
        rosa.sync().await;
        let got = bob.sync().await;
        let names: Vec<_> = got.iter().map(Element::name).collect();
        assert_eq!(names, ["message", "iq", "presence", "presence"], "{from}");
        for stanza in &got {
            assert_eq!(
                stanza.attr("from"),
                Some("rosa@team.internal/desk"),
                "{from}"
            );
        }
    }
}

#[tokio::test]
async fn what_only_the_server_may_say_is_taken_out() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    bob.sync().await;
    let id = |by: &str| format!("<stanza-id xmlns='urn:xmpp:sid:0' id='forged' by='{by}'/>");
    let delay = |from: &str| {
        format!("<delay xmlns='urn:xmpp:delay' stamp='2001-01-01T00:00:00Z' from='{from}'/>")
    };
    for forged in [
        id("bob@team.internal"),
        id("rosa@team.internal"),
        id("team.internal"),
        // The same addresses, written differently (RFC 7622).
        id("BOB@Team.Internal"),
        id("bob@team.internal."),
        id("bob@ｔｅａｍ.internal"),
        delay("team.internal"),
        delay("TEAM.internal"),
        delay("bob@team.internal"),
        "<stanza-id xmlns='urn:xmpp:sid:0' id='forged'/>".to_owned(),
        format!("{}{}", id("bob@team.internal"), id("bob@team.internal")),
    ] {
        rosa.send(format!(
            "<message to='bob@team.internal' type='chat'>{forged}<body>x</body>{forged}</message>"
        ))
        .await;
        rosa.sync().await;
        let got = bob.messages().await;
        assert_eq!(bodies(&got), ["x"]);
        let ids: Vec<_> = got[0]
            .children()
            .filter(|child| child.is("stanza-id", ns::STANZA_ID))
            .collect();
        assert_eq!(ids.len(), 1, "{forged}: {ids:?}");
        assert_eq!(ids[0].attr("by"), Some("bob@team.internal"), "{forged}");
        assert_ne!(ids[0].attr("id"), Some("forged"), "{forged}");
        assert!(!got[0].has_child("delay", ns::DELAY), "{forged}");
    }
    // What others may say stays: an id that a bridge gave, a name of one's own.
    let kept = format!(
        "{}<origin-id xmlns='urn:xmpp:sid:0' id='mine'/>{}",
        id("room@elsewhere.example"),
        delay("gateway.example")
    );
    rosa.send(format!(
        "<message to='bob@team.internal' type='chat'><body>x</body>{kept}</message>"
    ))
    .await;
    rosa.sync().await;
    let got = bob.messages().await;
    let names: Vec<_> = got[0].children().map(Element::name).collect();
    assert_eq!(
        names,
        ["body", "stanza-id", "origin-id", "delay", "stanza-id"]
    );
}

#[tokio::test]
async fn a_stanza_before_binding_is_refused() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    for stanza in [
        "<message to='bob@team.internal'><body>x</body></message>",
        "<presence/>",
        "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>",
        "<iq type='get' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
        "<r xmlns='urn:xmpp:sm:3'/>",
    ] {
        let mut rosa = Client::direct(&server).await;
        rosa.sign_in("rosa").await;
        rosa.send(stanza).await;
        let (before, condition) = rosa.end_with_all().await;
        assert!(before.is_empty(), "{stanza}: {before:?}");
        assert_eq!(condition.as_deref(), Some("not-authorized"), "{stanza}");
    }
    assert!(bob.sync().await.is_empty());
}

#[tokio::test]
async fn resources_are_normal_or_refused() {
    let server = Server::of(&["rosa"]).await;
    let mut rosa = Client::direct(&server).await;
    rosa.sign_in("rosa").await;
    let too_long = "x".repeat(1024);
    for bad in ["a\u{7f}b", &too_long] {
        let bind = format!(
            "<iq type='set' id='1'><bind xmlns='{}'><resource>{bad}</resource></bind></iq>",
            ns::BIND
        );
        let (_, answer) = rosa.ask(&bind).await;
        assert_eq!(error_of(&answer), "modify bad-request");
    }
    rosa.bind("").await;
    let made = rosa.address.split_once('/').unwrap().1.to_owned();
    assert!(made.len() >= 8, "{made}");
    let mut other = Client::session(&server, "rosa", "").await;
    assert_ne!(other.address, rosa.address);
    // A second binding is none.
    let bind = format!("<iq type='set' id='2'><bind xmlns='{}'/></iq>", ns::BIND);
    let (_, answer) = other.ask(&bind).await;
    assert_eq!(error_of(&answer), "cancel service-unavailable");
}

#[tokio::test]
async fn every_request_has_one_answer_and_answers_have_none() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    bob.sync().await;
    let bob_at = bob.address.clone();
    for (to, kind, payload, expected) in [
        // Nobody knows it (RFC 6120, section 8.4).
        (
            "",
            "get",
            "<q xmlns='urn:example'/>",
            "cancel service-unavailable",
        ),
        (
            "to='team.internal'",
            "set",
            "<q xmlns='urn:example'/>",
            "cancel service-unavailable",
        ),
        (
            "to='rosa@team.internal'",
            "get",
            "<q xmlns='urn:example'/>",
            "cancel service-unavailable",
        ),
        // Nobody is there (RFC 6121, section 8.5).
        (
            "to='nobody@team.internal'",
            "get",
            "<ping xmlns='urn:xmpp:ping'/>",
            "cancel service-unavailable",
        ),
        (
            "to='nobody@team.internal/x'",
            "get",
            "<ping xmlns='urn:xmpp:ping'/>",
            "cancel service-unavailable",
        ),
        (
            "to='bob@team.internal/gone'",
            "get",
            "<ping xmlns='urn:xmpp:ping'/>",
            "cancel service-unavailable",
        ),
        (
            "to='bob@team.internal'",
            "get",
            "<query xmlns='jabber:iq:roster'/>",
            "cancel service-unavailable",
        ),
        (
            "to='bob@team.internal'",
            "set",
            "<query xmlns='urn:xmpp:mam:2'/>",
            "cancel service-unavailable",
        ),
        (
            "to='elsewhere.example'",
            "get",
            "<ping xmlns='urn:xmpp:ping'/>",
            "cancel remote-server-not-found",
        ),
        (
            "to='@@@'",
            "get",
            "<ping xmlns='urn:xmpp:ping'/>",
            "modify jid-malformed",
        ),
        // Section 8.2.3.
        ("", "get", "", "modify bad-request"),
        (
            "",
            "nonsense",
            "<ping xmlns='urn:xmpp:ping'/>",
            "modify bad-request",
        ),
    ] {
        let iq = format!("<iq type='{kind}' id='same' {to}>{payload}</iq>");
        let (before, answer) = rosa.ask(&iq).await;
        assert_eq!(error_of(&answer), expected, "{iq}");
        assert!(before.is_empty(), "{iq}: {before:?}");
    }
    // Two requests with one id are two requests.
    let ping = "<iq type='get' id='same'><ping xmlns='urn:xmpp:ping'/></iq>";
    let time = "<iq type='get' id='same'><time xmlns='urn:xmpp:time'/></iq>";
    rosa.send(format!("{ping}{time}{ping}")).await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        let answer = rosa.element().await;
        assert_eq!(answer.attr("type"), Some("result"));
        answers.push(answer.children().count());
    }
    assert_eq!(answers, [0, 1, 0]);
    for to in [
        "",
        "to='team.internal'",
        "to='rosa@team.internal'",
        "to='nobody@team.internal'",
        "to='bob@team.internal/gone'",
        "to='elsewhere.example'",
        "to='@@@'",
    ] {
        for kind in ["result", "error"] {
            rosa.send(format!("<iq type='{kind}' id='never-asked' {to}/>"))
                .await;
        }
    }
    let odd = rosa.sync().await;
    assert!(odd.is_empty(), "{odd:?}");
    // Between two clients the server only carries.
    rosa.send(format!(
        "<iq type='get' id='q1' to='{bob_at}'><a xmlns='urn:a'/></iq>"
    ))
    .await;
    let asked = bob.element().await;
    assert_eq!(asked.attr("from"), Some("rosa@team.internal/desk"));
    assert_eq!(
        (asked.attr("id"), asked.attr("to")),
        (Some("q1"), Some(&*bob_at))
    );
    bob.send("<iq type='result' id='q1' to='rosa@team.internal/desk'/>")
        .await;
    let answer = rosa.element().await;
    assert_eq!(answer.attr("from"), Some(&*bob_at));
    assert_eq!(
        (answer.attr("id"), answer.attr("type")),
        (Some("q1"), Some("result"))
    );
}

#[tokio::test]
async fn before_the_sign_in_answers_are_not_answered_either() {
    let server = Server::start().await;
    let mut client = Client::direct(&server).await;
    client.open().await;
    client
        .send("<iq type='result' id='1'/><iq type='error' id='2'><error/></iq>")
        .await;
    client
        .send("<iq type='get' id='3'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await;
    let answer = client.element().await;
    assert_eq!(answer.attr("id"), Some("3"));
    assert_eq!(error_of(&answer), "auth not-authorized");
}

#[tokio::test]
async fn addresses_are_the_same_however_they_are_written() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let disco = |to: &str| {
        format!(
            "<iq type='get' id='d' to='{to}'><query xmlns='{}'/></iq>",
            ns::DISCO_INFO
        )
    };
    let (_, plain) = rosa.ask(&disco("team.internal")).await;
    let (_, upper) = rosa.ask(&disco("TEAM.Internal")).await;
    let identity = |answer: &Element| {
        let query = answer.get_child("query", ns::DISCO_INFO).unwrap();
        let identity = query.get_child("identity", ns::DISCO_INFO).unwrap();
        identity.attr("category").unwrap().to_owned()
    };
    assert_eq!(
        (identity(&plain).as_str(), identity(&upper).as_str()),
        ("server", "server")
    );
    let mut bob = Client::online(&server, "bob", "desk").await;
    rosa.send("<message to='BOB@TEAM.internal' type='chat'><body>x</body></message>")
        .await;
    rosa.sync().await;
    assert_eq!(bodies(&bob.messages().await), ["x"]);
    // A stream for another host is none, one for this host in capitals is.
    let mut client = Client::direct(&server).await;
    client.domain = "TEAM.INTERNAL".to_owned();
    let header = client.header();
    client.send(header).await;
    assert!(matches!(client.read().await, Read::Open(_)));
    assert!(client.element().await.is("features", ns::STREAM));
}

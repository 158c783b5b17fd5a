//! Copies for the other sessions of both ends (XEP-0280).

use xmpp_core::{Element, ns};

use crate::client::Client;
use crate::server::Server;

/// Session with copies switched on.
async fn copying(server: &Server, user: &str, resource: &str) -> Client {
    let mut client = Client::online(server, user, resource).await;
    let enable = format!("<enable xmlns='{}'/>", ns::CARBONS);
    client.set("", &enable).await.unwrap();
    client
}

/// What kind of copy it is, and what was copied.
fn copied(message: &Element) -> Option<(&'static str, Element)> {
    ["sent", "received"].into_iter().find_map(|direction| {
        let copy = message.get_child(direction, ns::CARBONS)?;
        let forwarded = copy.get_child("forwarded", ns::FORWARD)?;
        Some((
            direction,
            forwarded.get_child("message", ns::CLIENT)?.clone(),
        ))
    })
}

#[tokio::test]
async fn what_is_copied_to_whom() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = copying(&server, "rosa", "desk").await;
    let mut rosa_phone = copying(&server, "rosa", "web").await;
    let mut rosa_old = Client::online(&server, "rosa", "old").await;
    let mut bob = copying(&server, "bob", "desk").await;
    let mut bob_phone = copying(&server, "bob", "phone").await;
    for client in [
        &mut rosa,
        &mut rosa_phone,
        &mut rosa_old,
        &mut bob,
        &mut bob_phone,
    ] {
        client.sync().await;
    }
    let body = "<body>x</body>";
    let state = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
    let receipt = "<received xmlns='urn:xmpp:receipts' id='1'/>";
    let marker = "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>";
    let retract = "<retract xmlns='urn:xmpp:message-retract:1' id='1'/>";
    let private = "<body>x</body><private xmlns='urn:xmpp:carbons:2'/>";
    let no_copy = "<body>x</body><no-copy xmlns='urn:xmpp:hints'/>";
    let invite = "<x xmlns='jabber:x:conference' jid='r@conference.team.internal'/>";
    for (kind, content, is_copied) in [
        ("chat", body, true),
        ("normal", body, true),
        ("chat", state, true),
        ("chat", receipt, true),
        ("chat", marker, true),
        ("normal", marker, true),
        ("chat", retract, true),
        ("normal", invite, true),
        ("chat", private, false),
        ("chat", no_copy, false),
        ("headline", body, false),
        ("error", "<error type='cancel'/>", false),
        ("normal", "<x xmlns='urn:x'/>", false),
        ("chat", "<sent xmlns='urn:xmpp:carbons:2'/>", false),
    ] {
        rosa.send(format!(
            "<message type='{kind}' to='bob@team.internal/desk' id='c'>{content}</message>"
        ))
        .await;
        rosa.sync().await;
        let direct = bob.messages().await;
        assert_eq!(direct.len(), 1, "{content}");
        assert!(copied(&direct[0]).is_none_or(|_| content.contains("sent")));
        let sent = rosa_phone.messages().await;
        let received = bob_phone.messages().await;
        assert!(rosa_old.messages().await.is_empty());
        if !is_copied {
            assert!(sent.is_empty() && received.is_empty(), "{kind} {content}");
            continue;
        }
        for (copies, direction, at, own) in [
            (&sent, "sent", &rosa_phone.address, "rosa@team.internal"),
            (
                &received,
                "received",
                &bob_phone.address,
                "bob@team.internal",
            ),
        ] {
            let [copy] = &copies[..] else {
                panic!("{kind} {content}: {copies:?}")
            };
            assert_eq!(copy.attr("from"), Some(own));
            assert_eq!(copy.attr("to"), Some(at.as_str()));
            assert_eq!(copy.attr("type"), Some(kind));
            let (found, inner) = copied(copy).unwrap();
            assert_eq!(found, direction);
            assert_eq!(inner.attr("from"), Some("rosa@team.internal/desk"));
            assert_eq!(inner.attr("id"), Some("c"));
            // The id under which each archive has it.
            let by: Vec<_> = inner
                .children()
                .filter(|child| child.is("stanza-id", ns::STANZA_ID))
                .map(|id| id.attr("by").unwrap())
                .collect();
            let expected = if content == state { vec![] } else { vec![own] };
            assert_eq!(by, expected, "{content}");
        }
    }
    // To the bare address: whoever gets the message itself gets no copy.
    rosa.send("<message type='chat' to='bob@team.internal'><body>all</body></message>")
        .await;
    rosa.sync().await;
    for client in [&mut bob, &mut bob_phone] {
        let got = client.messages().await;
        assert_eq!(got.len(), 1);
        assert!(copied(&got[0]).is_none());
    }
    rosa_phone.messages().await;
    // Until it is switched off.
    let disable = format!("<disable xmlns='{}'/>", ns::CARBONS);
    rosa_phone.set("", &disable).await.unwrap();
    rosa.send("<message type='chat' to='bob@team.internal'><body>all</body></message>")
        .await;
    rosa.sync().await;
    assert!(rosa_phone.messages().await.is_empty());
}

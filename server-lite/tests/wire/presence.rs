//! Presence (RFC 6121, section 4): who hears of it, and of its end.

use xmpp_core::{Element, ns};

use crate::client::{Client, condition};
use crate::server::Server;

/// Who said what: `bob/desk available`.
fn word(stanza: &Element) -> String {
    if stanza.attr("type") == Some("error") {
        return condition(stanza);
    }
    let from = stanza.attr("from").unwrap_or("?");
    let kind = stanza.attr("type").unwrap_or("available");
    format!("{} {kind}", from.replace("@team.internal", ""))
}

async fn heard(client: &mut Client) -> Vec<String> {
    let all = client.sync().await;
    let presences = all
        .iter()
        .filter(|stanza| stanza.is("presence", ns::CLIENT));
    let own = client.address.split('/').next();
    presences
        .map(|presence| {
            // Each is addressed to who gets it.
            let to = presence.attr("to").and_then(|to| to.split('/').next());
            assert_eq!(to, own, "{presence:?}");
            word(presence)
        })
        .collect()
}

async fn scene(shared: bool) -> (Server, Client, Client) {
    let server = Server::with(|config| config.shared_roster = shared).await;
    server.accounts(&["rosa", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let rosa = Client::session(&server, "rosa", "desk").await;
    bob.sync().await;
    (server, rosa, bob)
}

#[tokio::test]
async fn a_session_that_comes_hears_of_all_others_and_they_of_it() {
    let (server, mut rosa, mut bob) = scene(true).await;
    let mut phone = Client::online(&server, "bob", "phone").await;
    assert_eq!(heard(&mut bob).await, ["bob/phone available"]);
    assert!(heard(&mut rosa).await.is_empty(), "she is not there yet");
    rosa.send("<presence><priority>5</priority><status>hi</status></presence>")
        .await;
    let mut told = heard(&mut rosa).await;
    told.sort();
    let expected = [
        "bob/desk available",
        "bob/phone available",
        "rosa/desk available",
    ];
    assert_eq!(told, expected);
    for client in [&mut bob, &mut phone] {
        let got = client.sync().await;
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].get_child("status", ns::CLIENT).unwrap().text(), "hi");
        assert_eq!(
            got[0].get_child("priority", ns::CLIENT).unwrap().text(),
            "5"
        );
    }
    // Once: later presences do not ask for those of others.
    rosa.send("<presence/>").await;
    assert_eq!(heard(&mut rosa).await, ["rosa/desk available"]);
    rosa.send("<presence type='unavailable'><status>bye</status></presence>")
        .await;
    assert_eq!(heard(&mut rosa).await, ["rosa/desk unavailable"]);
    let got = bob.sync().await;
    let last = got.last().unwrap();
    assert_eq!(word(last), "rosa/desk unavailable");
    assert_eq!(last.get_child("status", ns::CLIENT).unwrap().text(), "bye");
    // Twice is once, and the end of a session that is not there says nothing.
    rosa.send("<presence type='unavailable'/>").await;
    rosa.sync().await;
    rosa.send("</stream:stream>").await;
    rosa.end().await;
    assert!(heard(&mut bob).await.is_empty());
}

#[tokio::test]
async fn a_session_that_ends_or_is_replaced_is_unavailable() {
    let (server, mut rosa, mut bob) = scene(true).await;
    rosa.send("<presence/>").await;
    rosa.sync().await;
    assert_eq!(heard(&mut bob).await, ["rosa/desk available"]);
    let mut again = Client::session(&server, "rosa", "desk").await;
    assert_eq!(rosa.end().await.as_deref(), Some("conflict"));
    assert_eq!(heard(&mut bob).await, ["rosa/desk unavailable"]);
    again.send("<presence/>").await;
    again.sync().await;
    assert_eq!(heard(&mut bob).await, ["rosa/desk available"]);
    drop(again);
    bob.until(|stanza| word(stanza) == "rosa/desk unavailable")
        .await;
}

#[tokio::test]
async fn directed_presence_ends_with_the_session() {
    for shared in [false, true] {
        for end in ["unavailable", "close", "taken back"] {
            let (_server, mut rosa, mut bob) = scene(shared).await;
            // To one who is not subscribed, or before being available.
            for to in ["bob@team.internal", "bob@team.internal/desk"] {
                rosa.send(format!(
                    "<presence to='{to}'><status>psst</status></presence>"
                ))
                .await;
            }
            rosa.sync().await;
            let got = bob.sync().await;
            assert_eq!(got.len(), 2);
            assert_eq!(got[0].attr("to"), Some("bob@team.internal"));
            assert_eq!(
                got[0].get_child("status", ns::CLIENT).unwrap().text(),
                "psst"
            );
            match end {
                "unavailable" => rosa.send("<presence type='unavailable'/>").await,
                "close" => rosa.send("</stream:stream>").await,
                _ => {
                    for to in ["bob@team.internal", "bob@team.internal/desk"] {
                        rosa.send(format!("<presence type='unavailable' to='{to}'/>"))
                            .await;
                    }
                }
            }
            for _ in 0..2 {
                let gone = bob.element().await;
                assert_eq!(word(&gone), "rosa/desk unavailable", "{shared} {end}");
            }
            if end != "close" {
                rosa.sync().await;
                rosa.send("</stream:stream>").await;
            }
            rosa.end().await;
            assert!(heard(&mut bob).await.is_empty(), "{shared} {end}: once");
        }
    }
}

#[tokio::test]
async fn who_hears_of_the_end_anyway_hears_it_once() {
    let (_server, mut rosa, mut bob) = scene(true).await;
    rosa.send("<presence/><presence to='bob@team.internal'/>")
        .await;
    rosa.sync().await;
    let available = "rosa/desk available";
    assert_eq!(heard(&mut bob).await, [available, available]);
    rosa.send("<presence type='unavailable'/>").await;
    rosa.sync().await;
    assert_eq!(heard(&mut bob).await, ["rosa/desk unavailable"]);
}

#[tokio::test]
async fn directed_presence_finds_sessions() {
    let (server, mut rosa, mut bob) = scene(false).await;
    let mut phone = Client::session(&server, "bob", "phone").await;
    for (to, desk, at_phone) in [
        ("bob@team.internal", 1, 0),
        ("bob@team.internal/desk", 1, 0),
        // Connected, though not available (section 8.5.3.1).
        ("bob@team.internal/phone", 0, 1),
        ("bob@team.internal/gone", 0, 0),
        ("nobody@team.internal", 0, 0),
        ("team.internal", 0, 0),
    ] {
        rosa.send(format!("<presence to='{to}'/>")).await;
        assert!(rosa.sync().await.is_empty(), "{to}");
        assert_eq!(heard(&mut bob).await.len(), desk, "{to}");
        assert_eq!(heard(&mut phone).await.len(), at_phone, "{to}");
    }
    for (presence, said) in [
        (
            "<presence to='bob@elsewhere.example'/>",
            "remote-server-not-found",
        ),
        ("<presence to='@@@'/>", "jid-malformed"),
        (
            "<presence to='bob@team.internal' type='strange'/>",
            "bad-request",
        ),
        ("<presence type='strange'/>", "bad-request"),
        ("<presence type='subscribe'/>", "bad-request"),
        ("<presence type='probe'/>", "bad-request"),
    ] {
        rosa.send(presence).await;
        assert_eq!(heard(&mut rosa).await, [said], "{presence}");
        assert!(heard(&mut bob).await.is_empty(), "{presence}");
    }
}

#[tokio::test]
async fn a_probe_is_answered_to_who_may_see() {
    let (server, mut rosa, _bob) = scene(true).await;
    let mut phone = Client::session(&server, "bob", "phone").await;
    for (to, expected) in [
        ("bob@team.internal", "bob/desk available"),
        ("bob@team.internal/desk", "bob/desk available"),
        ("bob@team.internal/phone", "bob/phone unavailable"),
    ] {
        rosa.send(format!("<presence type='probe' to='{to}'/>"))
            .await;
        assert_eq!(heard(&mut rosa).await, [expected], "{to}");
    }
    assert!(phone.sync().await.is_empty());
    let (_server, mut rosa, mut bob) = scene(false).await;
    for to in ["bob@team.internal", "nobody@team.internal"] {
        rosa.send(format!("<presence type='probe' to='{to}'/>"))
            .await;
        let expected = format!("{} unsubscribed", to.replace("@team.internal", ""));
        assert_eq!(heard(&mut rosa).await, [expected], "{to}");
    }
    assert!(heard(&mut bob).await.is_empty());
}

#[tokio::test]
async fn presences_have_limits() {
    let server = Server::with(|config| {
        config.limits.presences_per_minute = 5;
        config.limits.directed_presences = 2;
    })
    .await;
    server.accounts(&["rosa", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    bob.sync().await;
    for (n, said) in [
        (0, None),
        (1, None),
        (1, None),
        (2, Some("resource-constraint")),
    ] {
        rosa.send(format!("<presence to='bob@team.internal/{n}'/>"))
            .await;
        assert_eq!(heard(&mut rosa).await.first().map(String::as_str), said);
    }
    rosa.send("<presence/><presence/>").await;
    let told = heard(&mut rosa).await;
    assert!(told.contains(&"rosa/desk available".to_owned()), "{told:?}");
    assert!(told.contains(&"resource-constraint".to_owned()), "{told:?}");
    assert_eq!(heard(&mut bob).await, ["rosa/desk available"]);
    // Another session has no more for itself.
    let mut phone = Client::session(&server, "rosa", "phone").await;
    phone.send("<presence/>").await;
    assert_eq!(heard(&mut phone).await, ["resource-constraint"]);
    assert!(heard(&mut bob).await.is_empty());
    // Its end is heard.
    rosa.send("<presence type='unavailable'/>").await;
    rosa.sync().await;
    assert_eq!(heard(&mut bob).await, ["rosa/desk unavailable"]);
}

//! Messages for who is away and reads no archive (XEP-0160, XEP-0203, XEP-0334).

use xmpp_core::ns;

use crate::archive::{Query, chat, everything, query};
use crate::client::{Client, bodies, body, error_of};
use crate::server::Server;

const BOB: &str = "bob@team.internal";

/// A client that comes, and what it is given.
async fn comes(server: &Server, resource: &str) -> (Client, Vec<String>) {
    let mut bob = Client::session(server, "bob", resource).await;
    bob.send("<presence/>").await;
    let got = bodies(&bob.messages().await);
    (bob, got)
}

#[tokio::test]
async fn what_waits_and_what_does_not() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let hint = |name: &str| format!("<{name} xmlns='urn:xmpp:hints'/>");
    for (to, kind, content, refused) in [
        (BOB, "chat", "<body>chat</body>".to_owned(), None),
        (
            "bob@team.internal/gone",
            "chat",
            "<body>full</body>".to_owned(),
            None,
        ),
        (BOB, "normal", "<body>normal</body>".to_owned(), None),
        (BOB, "headline", "<body>headline</body>".to_owned(), None),
        (
            BOB,
            "groupchat",
            "<body>groupchat</body>".to_owned(),
            Some("cancel service-unavailable"),
        ),
        (BOB, "error", "<body>error</body>".to_owned(), None),
        (
            BOB,
            "chat",
            "<composing xmlns='http://jabber.org/protocol/chatstates'/>".to_owned(),
            None,
        ),
        (
            BOB,
            "chat",
            format!("<body>no-store</body>{}", hint("no-store")),
            None,
        ),
        (
            BOB,
            "chat",
            format!("<body>passing</body>{}", hint("no-permanent-store")),
            None,
        ),
        (BOB, "chat", "<body>last</body>".to_owned(), None),
    ] {
        rosa.send(format!(
            "<message type='{kind}' to='{to}' id='m'>{content}</message>"
        ))
        .await;
        let answers: Vec<_> = rosa.sync().await.iter().map(error_of).collect();
        let refused: Vec<_> = refused.into_iter().collect();
        assert_eq!(answers, refused, "{content}");
    }
    let mut bob = Client::session(&server, "bob", "desk").await;
    bob.send("<presence><priority>-1</priority></presence>")
        .await;
    assert!(bob.messages().await.is_empty());
    bob.send("<presence/>").await;
    let got = bob.messages().await;
    let expected = ["chat", "full", "normal", "passing", "last"];
    assert_eq!(bodies(&got), expected);
    for message in &got {
        let delay = message.get_child("delay", ns::DELAY).unwrap();
        assert_eq!(delay.attr("from"), Some("team.internal"));
        let is_kept = body(message).as_deref() != Some("passing");
        assert_eq!(message.has_child("stanza-id", ns::STANZA_ID), is_kept);
    }
    // Once.
    bob.send("<presence><priority>1</priority></presence>")
        .await;
    assert!(bob.messages().await.is_empty());
    let (mut other, got) = comes(&server, "other").await;
    assert!(got.is_empty(), "{got:?}");
    assert_eq!(
        everything(&mut other).await.bodies(),
        ["chat", "full", "normal", "last"]
    );
}

#[tokio::test]
async fn who_reads_the_archive_gets_nothing_twice() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    chat(&mut rosa, BOB, "1", "<body>kept</body>").await;
    let passing = "<body>passing</body><no-permanent-store xmlns='urn:xmpp:hints'/>";
    chat(&mut rosa, BOB, "2", passing).await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    assert_eq!(everything(&mut bob).await.bodies(), ["kept"]);
    bob.send("<presence/>").await;
    // What no archive has comes nevertheless.
    assert_eq!(bodies(&bob.messages().await), ["passing"]);
    let (_, got) = comes(&server, "other").await;
    assert!(got.is_empty(), "{got:?}");
    // With him there, nothing new waits either.
    chat(&mut rosa, BOB, "3", "<body>live</body>").await;
    assert_eq!(bodies(&bob.messages().await), ["live"]);
    drop(bob);
}

#[tokio::test]
async fn what_named_a_session_does_not_come_again_when_it_shows_itself() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    chat(&mut rosa, BOB, "1", "<body>before</body>").await;
    for sm in [false, true] {
        let mut bob = Client::session(&server, "bob", "desk").await;
        if sm {
            bob.send("<enable xmlns='urn:xmpp:sm:3'/>").await;
            assert!(bob.element().await.is("enabled", ns::SM));
        }
        let to = bob.address.clone();
        chat(&mut rosa, &to, "2", "<body>named</body>").await;
        bob.send("<presence/>").await;
        let mut got = bodies(&bob.messages().await);
        got.sort();
        let expected = if sm {
            vec!["named"]
        } else {
            vec!["before", "named"]
        };
        assert_eq!(got, expected);
        if sm {
            bob.send("<a xmlns='urn:xmpp:sm:3' h='9'/>").await;
        }
    }
}

/// Reads messages, acknowledging them when asked to.
pub(crate) async fn read(bob: &mut Client, count: usize, h: &mut u32) -> Vec<String> {
    let mut got = Vec::new();
    while got.len() < count {
        let element = bob.element().await;
        if element.is("r", ns::SM) {
            bob.send(format!("<a xmlns='urn:xmpp:sm:3' h='{h}'/>"))
                .await;
            continue;
        }
        *h += 1;
        if let Some(text) = body(&element) {
            got.push(text);
        }
    }
    got
}

#[tokio::test]
async fn five_thousand_messages_come_once_and_in_order() {
    const WAITING: usize = 5_000;
    for sm in [true, false] {
        let server = Server::with(|config| config.limits.stanzas_per_second = 0).await;
        server.accounts(&["rosa", "bob"]).await;
        let mut rosa = Client::session(&server, "rosa", "desk").await;
        for chunk in 0..WAITING / 100 {
            let many: String = (0..100)
                .map(|n| {
                    let number = chunk * 100 + n;
                    format!("<message to='{BOB}' type='chat'><body>{number}</body></message>")
                })
                .collect();
            rosa.send(many).await;
        }
        rosa.sync().await;
        let mut bob = Client::session(&server, "bob", "desk").await;
        let mut h = 0;
        if sm {
            bob.send("<enable xmlns='urn:xmpp:sm:3'/>").await;
            assert!(bob.element().await.is("enabled", ns::SM));
        }
        bob.send("<presence/>").await;
        let first = read(&mut bob, 1, &mut h).await;
        // What comes meanwhile comes behind.
        chat(&mut rosa, BOB, "live", "<body>live</body>").await;
        let rest = read(&mut bob, WAITING, &mut h).await;
        let expected: Vec<String> = (0..WAITING)
            .map(|number| number.to_string())
            .chain(["live".to_owned()])
            .collect();
        let got = [first, rest].concat();
        let place = got
            .iter()
            .zip(&expected)
            .position(|(got, wanted)| got != wanted);
        assert_eq!(
            place,
            None,
            "{sm} {:?}",
            place.map(|place| &got[place.saturating_sub(3)..place + 4])
        );
        if sm {
            bob.send(format!("<a xmlns='urn:xmpp:sm:3' h='{h}'/>"))
                .await;
        }
        let more: Vec<_> = bob.messages().await;
        assert!(more.is_empty(), "{more:?}");
        let (_, again) = comes(&server, "other").await;
        assert!(again.is_empty(), "{}", again.len());
    }
}

#[tokio::test]
async fn no_more_than_a_thousand_wait_without_an_archive() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let one = format!(
        "<message to='{BOB}' type='chat' id='p'><body>x</body>\
         <no-permanent-store xmlns='urn:xmpp:hints'/></message>"
    );
    for _ in 0..10 {
        rosa.send(one.repeat(100)).await;
    }
    assert!(rosa.sync().await.is_empty());
    rosa.send(&one).await;
    let refused = rosa.sync().await;
    assert_eq!(refused.len(), 1);
    assert_eq!(error_of(&refused[0]), "cancel service-unavailable");
    let (_, got) = comes(&server, "desk").await;
    assert_eq!(got.len(), 1000);
    rosa.send(&one).await;
    assert!(rosa.sync().await.is_empty());
}

/// Rosa, Carl and Rosa have written to Bob.
async fn three_wait(server: &Server) -> Client {
    let mut rosa = Client::session(server, "rosa", "desk").await;
    let mut carl = Client::session(server, "carl", "desk").await;
    chat(&mut rosa, BOB, "1", "<body>one</body>").await;
    chat(&mut carl, BOB, "2", "<body>two</body>").await;
    chat(&mut rosa, BOB, "3", "<body>three</body>").await;
    Client::session(server, "bob", "desk").await
}

#[tokio::test]
async fn who_looks_for_one_conversation_gets_what_else_waits() {
    let with = &[("with", "rosa@team.internal")][..];
    let search = &[("{urn:xmpp:fulltext:0}fulltext", "one")][..];
    for (fields, set, rest) in [
        (with, "", &["two"][..]),
        (with, "<max>1</max><before/>", &["one", "two"]),
        (search, "", &["two", "three"]),
        (&[], "<max>0</max>", &["one", "two", "three"]),
        (with, "<max>0</max>", &["one", "two", "three"]),
    ] {
        let server = Server::of(&["rosa", "bob", "carl"]).await;
        let mut bob = three_wait(&server).await;
        let asked = Query {
            fields,
            set,
            ..Query::default()
        };
        query(&mut bob, asked).await.unwrap();
        bob.send("<presence/>").await;
        assert_eq!(bodies(&bob.messages().await), rest, "{fields:?} {set}");
        let (_, again) = comes(&server, "other").await;
        assert!(again.is_empty(), "{again:?}");
    }
}

#[tokio::test]
async fn what_was_not_read_goes_on_waiting() {
    for (set, rest) in [
        ("<max>1</max><before/>", &["one", "two"][..]),
        ("<max>1</max>", &["two", "three"]),
        ("<max>3</max>", &[]),
    ] {
        let server = Server::of(&["rosa", "bob", "carl"]).await;
        let mut bob = three_wait(&server).await;
        let asked = Query {
            set,
            ..Query::default()
        };
        query(&mut bob, asked).await.unwrap();
        // He goes on by himself, as far as he wants to.
        bob.send("<presence/>").await;
        assert!(bob.messages().await.is_empty(), "{set}");
        let (_, got) = comes(&server, "other").await;
        assert_eq!(got, rest, "{set}");
    }
}

#[tokio::test]
async fn who_goes_on_from_a_message_has_what_is_before_it() {
    let server = Server::of(&["rosa", "bob", "carl"]).await;
    let mut bob = three_wait(&server).await;
    let newest = Query {
        set: "<max>1</max><before/>",
        ..Query::default()
    };
    let newest = query(&mut bob, newest).await.unwrap();
    let set = format!("<after>{}</after>", newest.ids()[0]);
    let after = Query {
        set: &set,
        ..Query::default()
    };
    assert!(query(&mut bob, after).await.unwrap().ids().is_empty());
    let (_, got) = comes(&server, "other").await;
    assert!(got.is_empty(), "{got:?}");
}

#[tokio::test]
async fn a_presence_that_cannot_be_taken_is_refused_and_may_be_sent_again() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    chat(&mut rosa, BOB, "1", "<body>waits</body>").await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    let disk = rusqlite::Connection::open(server.data().join("server.db")).unwrap();
    disk.execute_batch("ALTER TABLE archive RENAME TO away")
        .unwrap();
    bob.send("<presence id='p'/>").await;
    let refused = bob.until(|element| element.attr("id") == Some("p")).await;
    assert_eq!(error_of(&refused), "cancel internal-server-error");
    disk.execute_batch("ALTER TABLE away RENAME TO archive")
        .unwrap();
    // It is the first again, and everything that goes with that happens.
    bob.send("<presence/>").await;
    assert_eq!(bodies(&bob.messages().await), ["waits"]);
    chat(&mut rosa, BOB, "2", "<body>reaches</body>").await;
    assert_eq!(bodies(&bob.messages().await), ["reaches"]);
}

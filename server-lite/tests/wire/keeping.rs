//! What goes into the archive and what does not (XEP-0313, XEP-0334, XEP-0359,
//! XEP-0441).

use xmpp_core::{Element, datetime, ns};

use crate::archive::{chat, everything};
use crate::client::{Client, bodies};
use crate::rooms::open_room;
use crate::server::Server;

#[tokio::test]
async fn what_is_kept_and_what_is_not() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let hint = |name: &str| format!("<{name} xmlns='urn:xmpp:hints'/>");
    for (kind, content) in [
        ("chat", "<body>kept</body>".to_owned()),
        ("normal", "<body>kept too</body>".to_owned()),
        (
            "chat",
            "<active xmlns='http://jabber.org/protocol/chatstates'/>".to_owned(),
        ),
        ("chat", format!("<body>secret</body>{}", hint("no-store"))),
        (
            "chat",
            format!("<body>off the record</body>{}", hint("no-permanent-store")),
        ),
        ("headline", "<body>news</body>".to_owned()),
        ("chat", format!("<x xmlns='urn:x'/>{}", hint("store"))),
        (
            "chat",
            "<received xmlns='urn:xmpp:receipts' id='1'/>".to_owned(),
        ),
        (
            "chat",
            "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>".to_owned(),
        ),
        (
            "chat",
            "<reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>👍</reaction></reactions>"
                .to_owned(),
        ),
        (
            "chat",
            "<body>> x\nyes</body><reply xmlns='urn:xmpp:reply:0' to='bob@team.internal' id='1'/>"
                .to_owned(),
        ),
        (
            "normal",
            "<x xmlns='jabber:x:conference' jid='r@conference.team.internal'/>".to_owned(),
        ),
    ] {
        rosa.send(format!(
            "<message type='{kind}' to='bob@team.internal'>{content}</message>"
        ))
        .await;
    }
    rosa.sync().await;
    for (user, resource) in [("rosa", "a"), ("bob", "b")] {
        let mut client = Client::session(&server, user, resource).await;
        let all = everything(&mut client).await;
        let names: Vec<_> = all
            .messages
            .iter()
            .map(|(_, message)| message.children().next().unwrap().name())
            .collect();
        let expected = [
            "body",
            "body",
            "x",
            "received",
            "displayed",
            "reactions",
            "body",
            "x",
        ];
        assert_eq!(names, expected, "{user}");
        assert_eq!(all.bodies()[..2], ["kept", "kept too"]);
    }
}

/// Sets preferences; they come back as they are now.
async fn prefer(client: &mut Client, default: &str, lists: &str) -> Result<Element, String> {
    let prefs = format!(
        "<prefs xmlns='{}' default='{default}'>{lists}</prefs>",
        ns::MAM
    );
    client.set("", &prefs).await
}

#[tokio::test]
async fn preferences_are_kept_and_followed() {
    let mut server = Server::of(&["rosa", "bob", "carl"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    let prefs = rosa
        .get("", "<prefs xmlns='urn:xmpp:mam:2'/>")
        .await
        .unwrap();
    assert_eq!(prefs.attr("default"), Some("always"));
    assert!(prefs.has_child("always", ns::MAM) && prefs.has_child("never", ns::MAM));
    for (default, lists, expected) in [
        ("sometimes", "", "bad-request"),
        ("always", "<always><jid>@@@</jid></always>", "jid-malformed"),
        ("always", "<always><name>a@b</name></always>", "bad-request"),
    ] {
        assert_eq!(
            prefer(&mut rosa, default, lists).await.unwrap_err(),
            expected
        );
    }
    let many: String = (0..501).map(|n| format!("<jid>a{n}@b</jid>")).collect();
    let many = prefer(&mut rosa, "never", &format!("<never>{many}</never>")).await;
    assert_eq!(many.unwrap_err(), "not-acceptable");

    let lists = "<always><jid>Carl@team.internal</jid></always>";
    let set = prefer(&mut rosa, "never", lists).await.unwrap();
    assert_eq!(set.attr("default"), Some("never"));
    let always = set.get_child("always", ns::MAM).unwrap();
    assert_eq!(
        always.children().next().unwrap().text(),
        "carl@team.internal"
    );
    for round in 0..2 {
        chat(&mut rosa, "bob@team.internal", "1", "<body>to bob</body>").await;
        chat(&mut rosa, "carl@team.internal", "2", "<body>to carl</body>").await;
        chat(&mut bob, "rosa@team.internal", "3", "<body>from bob</body>").await;
        // It reaches her all the same, without an id that her archive does not have.
        let got = rosa.messages().await;
        assert_eq!(bodies(&got), ["from bob"]);
        assert!(!got[0].has_child("stanza-id", ns::STANZA_ID));
        let kept = everything(&mut rosa).await.bodies();
        assert_eq!(kept, vec!["to carl"; round + 1]);
        let theirs = everything(&mut bob).await.bodies();
        assert_eq!(theirs.len(), (round + 1) * 2, "{theirs:?}");
        if round == 0 {
            server.restart().await;
            rosa = Client::online(&server, "rosa", "desk").await;
            bob = Client::session(&server, "bob", "desk").await;
        }
    }
    // While she is away it waits for her, archive or not.
    rosa.send("<presence type='unavailable'/>").await;
    rosa.sync().await;
    chat(&mut bob, "rosa@team.internal", "4", "<body>later</body>").await;
    let mut again = Client::session(&server, "rosa", "phone").await;
    assert_eq!(everything(&mut again).await.messages.len(), 2);
    again.send("<presence/>").await;
    assert_eq!(bodies(&again.messages().await), ["later"]);
    // The team is in the roster.
    prefer(
        &mut rosa,
        "roster",
        "<never><jid>carl@team.internal</jid></never>",
    )
    .await
    .unwrap();
    chat(&mut rosa, "bob@team.internal", "5", "<body>kept</body>").await;
    chat(
        &mut rosa,
        "carl@team.internal",
        "6",
        "<body>not kept</body>",
    )
    .await;
    let kept = everything(&mut rosa).await.bodies();
    assert_eq!(kept, ["to carl", "to carl", "kept"]);
}

#[tokio::test]
async fn private_messages_of_a_room_are_kept_by_whoever_wants_them() {
    const ROOM: &str = "plan@conference.team.internal";
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open_room(&mut bob, ROOM, "Bob").await;
    rosa.send(format!(
        "<presence to='{ROOM}/Rosa'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
    ))
    .await;
    rosa.until(|element| element.has_child("subject", ns::CLIENT))
        .await;
    let never = format!("<never><jid>{ROOM}</jid></never>");
    prefer(&mut rosa, "always", &never).await.unwrap();
    let whisper = |nick: &str, text: &str| {
        format!("<message to='{ROOM}/{nick}' type='chat'><body>{text}</body></message>")
    };
    bob.send(whisper("Rosa", "to rosa")).await;
    let heard = rosa.text("to rosa").await;
    assert!(!heard.has_child("stanza-id", ns::STANZA_ID));
    rosa.send(whisper("Bob", "to bob")).await;
    let heard = bob.text("to bob").await;
    assert!(heard.has_child("stanza-id", ns::STANZA_ID));
    assert!(everything(&mut rosa).await.messages.is_empty());
    let kept = everything(&mut bob).await.bodies();
    assert_eq!(kept, ["to rosa", "to bob"]);
}

#[tokio::test]
async fn an_origin_id_that_comes_twice_loses_nothing() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let origin = "<origin-id xmlns='urn:xmpp:sid:0' id='o1'/>";
    for text in ["one", "one", "two", "one"] {
        let content = format!("<body>{text}</body>{origin}");
        chat(&mut rosa, "bob@team.internal", "m", &content).await;
    }
    assert_eq!(bodies(&bob.messages().await), ["one", "two"]);
    assert_eq!(everything(&mut rosa).await.bodies(), ["one", "two"]);
    assert_eq!(everything(&mut bob).await.bodies(), ["one", "two"]);
}

#[tokio::test]
async fn of_what_is_more_than_an_archive_may_have_the_newest_stays() {
    let mut server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    for n in 0..20 {
        let text = format!("<body>{n} {}</body>", "x".repeat(1_000));
        chat(&mut rosa, "bob@team.internal", &n.to_string(), &text).await;
    }
    rosa.sync().await;
    server.stop().await;
    server
        .start_with(|config| config.limits.archive_bytes = 9_000)
        .await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    // It happens beside everything else.
    loop {
        let left = everything(&mut bob).await.bodies();
        assert!(left.last().is_some_and(|last| last.starts_with("19 ")));
        if left.len() < 10 {
            assert!(left.len() > 3, "{left:?}");
            break;
        }
    }
}

/// When the messages of an archive were said, in milliseconds, in their order.
async fn times(client: &mut Client) -> Vec<i64> {
    let query = "<iq type='set' id='all'><query xmlns='urn:xmpp:mam:2'/></iq>";
    let (results, _) = client.ask(query).await;
    let stamps = results.iter().map(|message| {
        let result = message.get_child("result", ns::MAM).unwrap();
        let forwarded = result.get_child("forwarded", ns::FORWARD).unwrap();
        let delay = forwarded.get_child("delay", ns::DELAY).unwrap();
        datetime::parse_ms(delay.attr("stamp").unwrap()).unwrap()
    });
    stamps.collect()
}

#[tokio::test]
async fn a_clock_that_was_ahead_once_does_not_date_all_that_follows() {
    let mut server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    chat(&mut rosa, "bob@team.internal", "1", "<body>one</body>").await;
    let before = times(&mut rosa).await;
    chat(&mut rosa, "bob@team.internal", "2", "<body>two</body>").await;
    server.stop().await;
    let path = server.data().join("server.db");
    let disk = rusqlite::Connection::open(path).unwrap();
    let year = 365 * 24 * 3600 * 1000_i64;
    let ahead = "UPDATE archive SET time_ms = time_ms + ?1 WHERE instr(xml, 'two') > 0";
    disk.execute(ahead, [year]).unwrap();
    drop(disk);
    server.start_again().await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    chat(&mut rosa, "bob@team.internal", "3", "<body>three</body>").await;
    assert_eq!(
        everything(&mut rosa).await.bodies(),
        ["one", "two", "three"]
    );
    let after = times(&mut rosa).await;
    assert_eq!(after[0], before[0]);
    assert!(after.is_sorted(), "{after:?}");
    assert!(after[2] < before[0] + year / 2, "{after:?}");
}

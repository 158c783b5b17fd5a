//! `export`: the standard form there and back, and what other servers get.

use std::process::Command;

use xmpp_core::sasl::{ClientBinding, Mechanism};
use xmpp_core::{Element, ns};

use crate::client::{Client, bodies};
use crate::program::{Desk, Process};
use crate::server::PASSWORD;

/// A team that has talked: to each other, in a room, to somebody who is away.
pub(crate) async fn team(desk: &Desk) -> Process {
    let server = desk.serve("data");
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    for (from, to) in [(&mut rosa, "bob"), (&mut bob, "rosa")] {
        let text = "a < b && \"c\" 'd' ]]> 中文 🎉";
        from.send(format!(
            "<message to='{to}@team.internal' type='chat' id='m1'>\
             <body>{}</body><origin-id xmlns='urn:xmpp:sid:0' id='o1'/></message>",
            text.replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
        ))
        .await;
        from.sync().await;
    }
    for n in 0..3 {
        rosa.send(format!(
            "<message to='li@team.internal' type='chat'><body>waits {n}</body></message>"
        ))
        .await;
    }
    rosa.set(
        "",
        "<query xmlns='jabber:iq:roster'><item jid='bob@team.internal' name='Bobby &amp; co'>\
         <group>Friends</group></item></query>",
    )
    .await
    .unwrap();
    let room = "room@conference.team.internal";
    rosa.send(format!(
        "<presence to='{room}/Rosa'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
    ))
    .await;
    rosa.sync().await;
    rosa.set(room, "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>")
        .await
        .unwrap();
    rosa.set(
        room,
        "<query xmlns='http://jabber.org/protocol/muc#admin'>\
         <item affiliation='member' jid='bob@team.internal'/></query>",
    )
    .await
    .unwrap();
    for body in [
        "<subject>Lunch</subject>",
        "<body>one</body>",
        "<body>two</body>",
    ] {
        rosa.send(format!(
            "<message to='{room}' type='groupchat'>{body}</message>"
        ))
        .await;
    }
    rosa.sync().await;
    server
}

fn lint(path: &str) -> Element {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text
        .strip_prefix("<?xml version='1.0' encoding='UTF-8'?>")
        .unwrap();
    xmpp_core::element::parse(text.trim().as_bytes()).unwrap()
}

fn user<'a>(root: &'a Element, name: &str) -> &'a Element {
    assert!(root.is("server-data", ns::PIE));
    let host = root.get_child("host", ns::PIE).unwrap();
    assert_eq!(host.attr("jid"), Some("team.internal"));
    let mut users = host.children().filter(|child| child.is("user", ns::PIE));
    users.find(|user| user.attr("name") == Some(name)).unwrap()
}

#[tokio::test]
async fn there_and_back_gives_the_same_file() {
    let desk = Desk::with(&["rosa", "bob", "li"]);
    let server = team(&desk).await;
    let (first, second) = (desk.text("first.xml"), desk.text("second.xml"));
    // From a running server, and it goes on.
    // Who leads him comes behind him in the file.
    desk.ok(&["user", "manager", "bob", "rosa"], "data");
    let done = desk.ok(&["export", &first], "data");
    assert_eq!(done["users"], 3);
    assert_eq!(done["rooms"], 1);
    // Two and two, three and three, and those of the room.
    assert_eq!(done["messages"], 13);
    server.stop();

    let done = desk.ok(&["import", &first], "again");
    assert_eq!(done["users_added"], 3);
    assert_eq!(done["rooms_added"], 1);
    assert_eq!(done["messages_added"], 13);
    assert_eq!(done["not_taken"], serde_json::json!([]));
    let users = desk.ok(&["user", "list"], "again");
    assert_eq!(users[0]["manager"], "rosa");
    desk.ok(&["export", &second], "again");
    let texts = [&first, &second].map(|path| std::fs::read_to_string(path).unwrap());
    assert_eq!(texts[0], texts[1]);
    assert_eq!(desk.ok(&["check"], "again")["ok"], true);

    // The old password, the messages that waited, the room with its past.
    let server = desk.serve("again");
    let mut li = Client::direct(&server).await;
    li.open().await;
    let mechanism = Mechanism::ScramSha256;
    let done = li
        .exchange(mechanism, "li", PASSWORD, ClientBinding::Unsupported)
        .await;
    assert!(done.is_success());
    li.restart();
    li.open().await;
    li.bind("phone").await;
    li.send("<presence/>").await;
    let waited = li.messages().await;
    assert_eq!(bodies(&waited), ["waits 0", "waits 1", "waits 2"]);
    li.send(
        "<presence to='room@conference.team.internal/Li'>\
         <x xmlns='http://jabber.org/protocol/muc'/></presence>",
    )
    .await;
    let mut past = li.messages().await;
    past.retain(|message| message.attr("type") == Some("groupchat"));
    assert_eq!(bodies(&past), ["one", "two", ""]);
    server.stop();
}

#[tokio::test]
async fn the_standard_form_is_that_of_the_specification() {
    let desk = Desk::with(&["rosa", "bob", "li"]);
    team(&desk).await.stop();
    let file = desk.text("team.xml");
    desk.ok(&["export", &file], "data");
    let root = lint(&file);
    let li = user(&root, "li");
    let kinds: Vec<_> = li
        .children()
        .filter(|child| child.is("scram-credentials", ns::PIE_SCRAM))
        .map(|child| child.attr("mechanism").unwrap())
        .collect();
    assert_eq!(kinds, ["SCRAM-SHA-1", "SCRAM-SHA-256"]);
    let roster = li.get_child("query", ns::ROSTER).unwrap();
    let people: Vec<_> = roster
        .children()
        .map(|item| item.attr("jid").unwrap())
        .collect();
    assert_eq!(people, ["bob@team.internal", "rosa@team.internal"]);
    let archive = li.get_child("archive", ns::PIE_ARCHIVE).unwrap();
    assert_eq!(archive.children().count(), 3);
    for result in archive.children() {
        assert!(result.is("result", ns::MAM) && result.attr("id").is_some());
        let forwarded = result.get_child("forwarded", ns::FORWARD).unwrap();
        assert!(forwarded.has_child("delay", ns::DELAY));
        assert!(forwarded.has_child("message", ns::CLIENT));
    }
    let waiting = li.get_child("offline-messages", ns::PIE).unwrap();
    assert_eq!(waiting.children().count(), 3);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn ejabberd_gets_what_it_can_read() {
    let desk = Desk::with(&["rosa", "bob", "li"]);
    team(&desk).await.stop();
    let file = desk.text("team.xml");
    desk.ok(&["export", &file, "--dialect", "ejabberd"], "data");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains(ns::EXPORT) && !text.contains(ns::PIE_ARCHIVE));
    let root = lint(&file);
    let li = user(&root, "li");
    let credentials: Vec<_> = li
        .children()
        .filter(|child| child.is("scram-credentials", ns::PIE_SCRAM))
        .collect();
    assert_eq!(credentials.len(), 1);
    assert_eq!(credentials[0].attr("mechanism"), Some("SCRAM-SHA-1"));
    // Base64 of base64 of twenty bytes.
    let key = credentials[0]
        .get_child("stored-key", ns::PIE_SCRAM)
        .unwrap()
        .text();
    assert_eq!(key.len(), 40);
    // And it comes back from there.
    desk.ok(&["import", &file], "again");
    let server = desk.serve("again");
    let mut li = Client::direct(&server).await;
    li.open().await;
    let mechanism = Mechanism::ScramSha1;
    let done = li
        .exchange(mechanism, "li", PASSWORD, ClientBinding::Unsupported)
        .await;
    assert!(done.is_success());
    server.stop();
}

#[tokio::test]
async fn prosody_gets_a_folder_of_users() {
    let desk = Desk::with(&["rosa", "bob", "li"]);
    team(&desk).await.stop();
    let folder = desk.text("prosody");
    desk.ok(&["export", &folder, "--dialect", "prosody"], "data");
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "bob@team.internal.xml",
            "li@team.internal.xml",
            "rosa@team.internal.xml"
        ]
    );
    let file = format!("{folder}/li@team.internal.xml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("> <") && !text.contains(">\n<"));
    assert!(!text.contains(ns::EXPORT));
    assert!(user(&lint(&file), "li").has_child("archive", ns::PIE_ARCHIVE));
    let said = desk.run(&["export", &folder, "--dialect", "prosody"], "data");
    assert!(said.refused(4).contains("is there already"));
}

#[test]
fn a_file_is_not_replaced_without_being_told() {
    let desk = Desk::with(&["rosa"]);
    let file = desk.file("team.xml", "something else");
    desk.run(&["export", &file], "data").refused(4);
    assert_eq!(std::fs::read(&file).unwrap(), b"something else");
    desk.ok(&["export", &file, "--force"], "data");
    assert!(std::fs::read_to_string(&file).unwrap().contains("rosa"));
}

#[test]
fn who_may_not_sign_in_may_not_elsewhere() {
    let desk = Desk::with(&["rosa"]);
    let db = rusqlite::Connection::open(desk.path("data/server.db")).unwrap();
    db.execute("UPDATE accounts SET disabled = 1", []).unwrap();
    drop(db);
    desk.ok(&["user", "admin", "rosa"], "data");
    let [first, second, other] = ["a.xml", "b.xml", "c.xml"].map(|name| desk.text(name));
    desk.ok(&["export", &first], "data");
    desk.ok(&["import", &first], "again");
    desk.ok(&["export", &second], "again");
    let same = Command::new("cmp")
        .args([&first, &second])
        .status()
        .unwrap();
    assert!(same.success());
    assert!(
        std::fs::read_to_string(&first)
            .unwrap()
            .contains("disabled")
    );
    desk.ok(&["export", &other, "--dialect", "ejabberd"], "data");
    assert!(
        !std::fs::read_to_string(&other)
            .unwrap()
            .contains("scram-credentials")
    );
}

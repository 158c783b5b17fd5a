//! Private storage, and bookmarks of rooms in all three places (XEP-0048, 0049,
//! 0402).

use xmpp_core::{Element, ns};

use super::{ALICE, ask, events, interested, items, options, publication, pubsub};
use crate::client::Client;
use crate::server::Server;

const PLAN: &str = "plan@conference.team.internal";
const LUNCH: &str = "lunch@conference.team.internal";

fn private(content: &str) -> String {
    format!("<query xmlns='jabber:iq:private'>{content}</query>")
}

const GET: &str = "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>";

/// The bookmarks as an older client reads them: address, name, whether it enters
/// by itself, nickname.
async fn older(client: &mut Client) -> Vec<(String, String, bool, String)> {
    let query = ask(client, "get", "", GET).await.unwrap();
    rooms(query.get_child("storage", ns::LEGACY_BOOKMARKS).unwrap())
}

fn rooms(storage: &Element) -> Vec<(String, String, bool, String)> {
    let room = |room: &Element| {
        let attr = |name| room.attr(name).unwrap_or_default().to_owned();
        let nick = room
            .get_child("nick", ns::LEGACY_BOOKMARKS)
            .map(Element::text);
        (
            attr("jid"),
            attr("name"),
            attr("autojoin") == "true",
            nick.unwrap_or_default(),
        )
    };
    let conferences = storage
        .children()
        .filter(|child| child.name() == "conference");
    conferences.map(room).collect()
}

fn room(jid: &str, name: &str, autojoin: bool, nick: &str) -> (String, String, bool, String) {
    (jid.to_owned(), name.to_owned(), autojoin, nick.to_owned())
}

async fn bookmark(client: &mut Client, jid: &str, conference: &str) {
    let options = options(&[
        ("persist_items", "true"),
        ("max_items", "max"),
        ("send_last_published_item", "never"),
        ("access_model", "whitelist"),
    ]);
    let item = publication(ns::BOOKMARKS, jid, conference, &options);
    pubsub(client, "set", "", &item).await.unwrap();
}

#[tokio::test]
async fn private_storage_is_private_and_stays() {
    let mut server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let empty = ask(&mut alice, "get", "", &private("<a xmlns='urn:a'/>"))
        .await
        .unwrap();
    let child = empty.get_child("a", "urn:a").expect("an empty one");
    assert!(child.children().next().is_none());
    // XEP-0083: what there is before anything was stored.
    let delimiter = private("<roster xmlns='roster:delimiter'/>");
    let found = ask(&mut alice, "get", "", &delimiter).await.unwrap();
    let found = found.get_child("roster", ns::ROSTER_DELIMITER).unwrap();
    assert_eq!(found.text(), "::");
    let both = "<a xmlns='urn:a'><b c='1'/></a><a xmlns='urn:b'>text</a>";
    ask(&mut alice, "set", "", &private(both)).await.unwrap();
    ask(
        &mut alice,
        "set",
        "",
        &private("<a xmlns='urn:b'>other</a>"),
    )
    .await
    .unwrap();
    for kind in ["get", "set"] {
        let refused = ask(&mut bob, kind, ALICE, &private(both)).await;
        assert_eq!(refused.unwrap_err(), "forbidden");
        for wrong in ["", "<a/>", "<a xmlns=''/>", "<a xmlns='urn:a'/><b/>"] {
            let refused = ask(&mut alice, kind, "", &private(wrong)).await;
            assert_eq!(refused.unwrap_err(), "bad-request", "{wrong}");
        }
    }
    server.restart().await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let asked = private("<a xmlns='urn:a'/><a xmlns='urn:b'/>");
    let read = ask(&mut alice, "get", "", &asked).await.unwrap();
    assert!(
        read.get_child("a", "urn:a")
            .unwrap()
            .has_child("b", "urn:a")
    );
    assert_eq!(read.get_child("a", "urn:b").unwrap().text(), "other");
}

#[tokio::test]
async fn older_clients_see_new_bookmarks_and_change_them() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut phone = interested(&server, "alice", "phone", &[ns::BOOKMARKS]).await;
    phone.sync().await;
    let plan = "<conference xmlns='urn:xmpp:bookmarks:1' name='Plan' autojoin='1'><nick>Ali</nick>\
                <extensions><pin xmlns='urn:pin'/></extensions></conference>";
    bookmark(&mut alice, PLAN, plan).await;
    bookmark(
        &mut alice,
        LUNCH,
        "<conference xmlns='urn:xmpp:bookmarks:1'/>",
    )
    .await;
    let expected = [room(PLAN, "Plan", true, "Ali"), room(LUNCH, "", false, "")];
    assert_eq!(older(&mut alice).await, expected);
    assert_eq!(events(&mut phone).await.len(), 2);

    // One is as it was, one is gone, one is new; and a page on the web.
    let list = private(&format!(
        "<storage xmlns='storage:bookmarks'>\
         <conference jid='{PLAN}' name='Plan' autojoin='true'><nick>Ali</nick></conference>\
         <conference jid='New@conference.team.internal'/>\
         <conference jid='@'/><conference/>\
         <url name='X' url='https://x.example/'/></storage>"
    ));
    ask(&mut alice, "set", "", &list).await.unwrap();
    let expected = [
        format!("alice {} +new@conference.team.internal", ns::BOOKMARKS),
        format!("alice {} -{LUNCH}", ns::BOOKMARKS),
    ];
    assert_eq!(events(&mut phone).await, expected);
    let query = ask(&mut alice, "get", "", GET).await.unwrap();
    let storage = query.get_child("storage", ns::LEGACY_BOOKMARKS).unwrap();
    assert!(storage.has_child("url", ns::LEGACY_BOOKMARKS));
    let new = room("new@conference.team.internal", "", false, "");
    assert_eq!(rooms(storage), [room(PLAN, "Plan", true, "Ali"), new]);
    // The same again is no news.
    ask(&mut alice, "set", "", &list).await.unwrap();
    assert!(events(&mut phone).await.is_empty());

    // What an older client knows nothing of stays when it changes the rest.
    let renamed = private(&format!(
        "<storage xmlns='storage:bookmarks'><conference jid='{PLAN}' name='Plans'/></storage>"
    ));
    ask(&mut alice, "set", "", &renamed).await.unwrap();
    let found = pubsub(
        &mut alice,
        "get",
        "",
        &format!("<items node='{}'/>", ns::BOOKMARKS),
    )
    .await;
    let found = String::from(&found.unwrap());
    assert!(
        found.contains("urn:pin") && found.contains("name='Plans'"),
        "{found}"
    );
    assert!(!found.contains("Ali"), "{found}");
    // Taken back in the new place, it is gone in the old one.
    let back = format!(
        "<retract node='{}'><item id='{PLAN}'/></retract>",
        ns::BOOKMARKS
    );
    pubsub(&mut alice, "set", "", &back).await.unwrap();
    assert!(older(&mut alice).await.is_empty());
}

#[tokio::test]
async fn bookmarks_that_begin_in_private_storage_are_for_the_account_alone() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = interested(&server, "bob", "desk", &[ns::BOOKMARKS]).await;
    let list = private(&format!(
        "<storage xmlns='storage:bookmarks'><conference jid='{PLAN}'/></storage>"
    ));
    ask(&mut alice, "set", "", &list).await.unwrap();
    assert_eq!(items(&mut alice, "", ns::BOOKMARKS).await.unwrap(), [PLAN]);
    let read = items(&mut bob, ALICE, ns::BOOKMARKS).await;
    assert_eq!(read.unwrap_err(), "not-allowed closed-node");
    assert!(events(&mut bob).await.is_empty());
    // As a client with publish-options finds it.
    bookmark(
        &mut alice,
        LUNCH,
        "<conference xmlns='urn:xmpp:bookmarks:1'/>",
    )
    .await;
    let many: String = (0..1_001)
        .map(|n| format!("<conference jid='r{n}@conference.team.internal'/>"))
        .collect();
    let many = private(&format!(
        "<storage xmlns='storage:bookmarks'>{many}</storage>"
    ));
    assert_eq!(
        ask(&mut alice, "set", "", &many).await.unwrap_err(),
        "not-acceptable"
    );
    assert_eq!(older(&mut alice).await.len(), 2);
}

#[tokio::test]
async fn the_node_of_older_clients_is_kept_in_step() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut phone = interested(&server, "alice", "phone", &[ns::LEGACY_BOOKMARKS]).await;
    phone.sync().await;
    // XEP-0048, section 3.1.
    let list = format!(
        "<storage xmlns='storage:bookmarks'><conference jid='{PLAN}' name='Plan'/>\
         <url name='X' url='https://x.example/'/></storage>"
    );
    let item = publication(ns::LEGACY_BOOKMARKS, "current", &list, "");
    pubsub(&mut alice, "set", "", &item).await.unwrap();
    assert_eq!(items(&mut alice, "", ns::BOOKMARKS).await.unwrap(), [PLAN]);
    assert_eq!(older(&mut alice).await, [room(PLAN, "Plan", false, "")]);
    bookmark(
        &mut alice,
        LUNCH,
        "<conference xmlns='urn:xmpp:bookmarks:1'/>",
    )
    .await;
    let messages = phone.messages().await;
    assert_eq!(messages.len(), 2);
    let last = String::from(messages.last().unwrap());
    assert!(
        last.contains(LUNCH) && last.contains(PLAN) && last.contains("<url"),
        "{last}"
    );
    // A change in private storage reaches it too.
    let none = private("<storage xmlns='storage:bookmarks'/>");
    ask(&mut alice, "set", "", &none).await.unwrap();
    let last = String::from(phone.messages().await.last().unwrap());
    assert!(
        !last.contains("<conference") && last.contains("<url"),
        "{last}"
    );
    for wrong in ["<a xmlns='urn:a'/>", "<storage xmlns='urn:a'/>"] {
        let item = publication(ns::LEGACY_BOOKMARKS, "current", wrong, "");
        let refused = pubsub(&mut alice, "set", "", &item).await;
        assert_eq!(refused.unwrap_err(), "bad-request invalid-payload");
    }
}

#[tokio::test]
async fn older_clients_see_as_many_rooms_as_find_room_and_take_no_other_away() {
    let server = Server::with(|config| config.limits.personal_payload = 2_000).await;
    server.accounts(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let list = format!("<storage xmlns='storage:bookmarks'><conference jid='{PLAN}'/></storage>");
    let item = publication(ns::LEGACY_BOOKMARKS, "current", &list, "");
    pubsub(&mut alice, "set", "", &item).await.unwrap();
    let name = "x".repeat(100);
    for n in 0..20 {
        let conference = format!("<conference xmlns='urn:xmpp:bookmarks:1' name='{name}'/>");
        bookmark(&mut alice, &format!("r{n}.{PLAN}"), &conference).await;
    }
    // One that is too large alone hides no other.
    let name = "x".repeat(1_900);
    let conference = format!("<conference xmlns='urn:xmpp:bookmarks:1' name='{name}'/>");
    bookmark(&mut alice, LUNCH, &conference).await;
    let legacy = format!("<items node='{}'/>", ns::LEGACY_BOOKMARKS);
    let legacy = pubsub(&mut alice, "get", "", &legacy).await.unwrap();
    let written = String::from(&legacy);
    assert!(written.len() < 2_300, "{}", written.len());
    let shown = older(&mut alice).await;
    assert!((3..20).contains(&shown.len()), "{}", shown.len());
    // The newest, the older of them first.
    assert_eq!(shown.last().unwrap().0, format!("r19.{PLAN}"));
    let none = private("<storage xmlns='storage:bookmarks'/>");
    ask(&mut alice, "set", "", &none).await.unwrap();
    let left = items(&mut alice, "", ns::BOOKMARKS).await.unwrap();
    assert_eq!(left.len(), 22 - shown.len());
    assert_eq!(left[0], PLAN);
}

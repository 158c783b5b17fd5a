//! Rooms: changes that meet. What is found to be allowed is written a moment
//! later, and must not undo what came between (XEP-0045, sections 7.10, 9, 10).

use crate::client::{Client, condition, within};
use crate::http::numbers;
use crate::server::Server;
use crate::web::get;

use super::entering_and_speaking::{enter, open};
use super::keeping_order::admin;

const ROOM: &str = "plan@conference.team.internal";

fn iq(id: &str, payload: &str) -> String {
    format!("<iq xmlns='jabber:client' type='set' id='{id}' to='{ROOM}'>{payload}</iq>")
}

fn make(user: &str, affiliation: &str) -> String {
    format!(
        "<query xmlns='http://jabber.org/protocol/muc#admin'>\
         <item jid='{user}@team.internal' affiliation='{affiliation}'/></query>"
    )
}

/// The form of an owner who names the others.
fn owners(named: &str) -> String {
    format!(
        "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>\
         <field var='muc#roomconfig_roomowners'><value>{named}@team.internal</value></field>\
         </x></query>"
    )
}

/// Holds the disk until all have said their word, one after the other: each is
/// checked before any is written. Gives the conditions of the answers.
async fn meet(server: &Server, words: &mut [(&mut Client, String)]) -> Vec<String> {
    for (_, payload) in words.iter_mut() {
        *payload = iq("met", payload);
    }
    meet_as_they_are(server, words).await
}

/// The same with whole stanzas, `met` being their id.
async fn meet_as_they_are(server: &Server, words: &mut [(&mut Client, String)]) -> Vec<String> {
    let disk = rusqlite::Connection::open(server.data().join("server.db")).unwrap();
    disk.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = async |jobs: u64| {
        within("jobs that wait for the disk", async {
            while numbers(server).await["store_queue_jobs"] < jobs {}
        })
        .await;
    };
    // By the time of this answer the writer holds a job, and takes no other.
    assert_eq!(get(server, "/health").await.status(), 503);
    let mut jobs = numbers(server).await["store_queue_jobs"];
    for (client, stanza) in words.iter_mut() {
        client.send(&*stanza).await;
        jobs += 1;
        waiting(jobs).await;
    }
    disk.execute_batch("COMMIT").unwrap();
    let mut answers = Vec::new();
    for (client, _) in words.iter_mut() {
        let answer = client
            .until(|element| element.attr("id") == Some("met"))
            .await;
        answers.push(condition(&answer));
    }
    answers
}

async fn listed(client: &mut Client, affiliation: &str) -> Vec<String> {
    let query = format!(
        "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='{affiliation}'/></query>"
    );
    let found = client.get(ROOM, &query).await.unwrap();
    let mut found: Vec<_> = found
        .children()
        .map(|item| item.attr("jid").unwrap().replace("@team.internal", ""))
        .collect();
    found.sort();
    found
}

async fn room() -> (Server, Client, Client) {
    let mut server = Server::of(&["alice", "bob", "carol"]).await;
    // So that nothing is left to be looked at because of new accounts.
    server.restart().await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    (server, alice, bob)
}

#[tokio::test]
async fn a_nickname_does_not_undo_a_ban() {
    let (server, mut alice, mut bob) = room().await;
    let nick = "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>\
                <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>\
                <field var='muc#register_roomnick'><value>Rob</value></field></x></query>";
    let words = &mut [
        (&mut alice, make("bob", "outcast")),
        (&mut bob, nick.to_owned()),
    ];
    assert_eq!(meet(&server, words).await, ["(none)", "conflict"]);
    assert_eq!(listed(&mut alice, "outcast").await, ["bob"]);
    assert_eq!(
        bob.set(ROOM, nick).await.unwrap_err(),
        "not-allowed",
        "later too"
    );
    admin(
        &mut alice,
        "<item jid='bob@team.internal' affiliation='none'/>",
    )
    .await
    .unwrap();
    bob.set(ROOM, nick).await.unwrap();
    // Nor does it take away what somebody is.
    admin(
        &mut alice,
        "<item jid='bob@team.internal' affiliation='admin'/>",
    )
    .await
    .unwrap();
    bob.set(ROOM, nick).await.unwrap();
    assert_eq!(listed(&mut alice, "admin").await, ["bob"]);
}

#[tokio::test]
async fn two_owners_who_step_down_together_leave_one() {
    for form in [false, true] {
        let (server, mut alice, mut bob) = room().await;
        admin(
            &mut alice,
            "<item jid='bob@team.internal' affiliation='owner'/>",
        )
        .await
        .unwrap();
        let (first, second) = match form {
            true => (owners("bob"), owners("alice")),
            false => (make("alice", "none"), make("bob", "none")),
        };
        let words = &mut [(&mut alice, first), (&mut bob, second)];
        assert_eq!(meet(&server, words).await, ["(none)", "conflict"]);
        assert_eq!(listed(&mut bob, "owner").await, ["bob"]);
    }
}

#[tokio::test]
async fn who_is_made_less_changes_nothing_more() {
    let (server, mut alice, mut bob) = room().await;
    admin(
        &mut alice,
        "<item jid='bob@team.internal' affiliation='admin'/>",
    )
    .await
    .unwrap();
    let words = &mut [
        (&mut alice, make("bob", "none")),
        (&mut bob, make("carol", "outcast")),
    ];
    assert_eq!(meet(&server, words).await, ["(none)", "conflict"]);
    assert!(listed(&mut alice, "outcast").await.is_empty());
}

#[tokio::test]
async fn nothing_is_said_in_a_room_that_is_destroyed_meanwhile() {
    let (server, mut alice, mut bob) = room().await;
    enter(&mut bob, "Bob").await;
    let destroy = "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>";
    let words = &mut [
        (&mut alice, iq("met", destroy)),
        (
            &mut bob,
            format!("<message id='met' type='groupchat' to='{ROOM}'><body>late</body></message>"),
        ),
    ];
    let answers = meet_as_they_are(&server, words).await;
    assert_eq!(answers, ["(none)", "item-not-found"]);
    // Whoever makes a room of that name finds nothing of the one before.
    let disk = rusqlite::Connection::open(server.data().join("server.db")).unwrap();
    let late = "SELECT count(*) FROM archive WHERE instr(xml, 'late') > 0";
    let count: i64 = disk.query_row(late, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 0);
}

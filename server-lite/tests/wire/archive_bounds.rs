//! The archive with large messages: pages end where they get too large, and
//! nothing is lost by that (XEP-0313, XEP-0059).

use xmpp_core::ns;

use crate::archive::{Answer, Query, chat, query};
use crate::client::{Client, bodies, body};
use crate::rooms::open_room;
use crate::server::Server;

const BOB: &str = "bob@team.internal";
const ROOM: &str = "plan@conference.team.internal";
/// Five of these fit a page of 1 MiB, six do not.
const LARGE: usize = 200 * 1024;

fn large(number: usize) -> String {
    format!("{number}{}", "x".repeat(LARGE))
}

/// The first letter of each.
fn numbers(bodies: &[String]) -> String {
    bodies
        .iter()
        .filter_map(|body| body.chars().next())
        .collect()
}

async fn page(client: &mut Client, to: &str, set: &str) -> Answer {
    let asked = Query {
        to,
        set,
        ..Query::default()
    };
    query(client, asked).await.unwrap()
}

async fn reads_all_in_pages(client: &mut Client, to: &str) {
    let first = page(client, to, "<max>250</max>").await;
    assert_eq!(numbers(&first.bodies()), "01234");
    assert_eq!(first.fin.attr("complete"), None);
    let last = first.ids().last().copied().unwrap().to_owned();
    let set = first.fin.get_child("set", ns::RSM).unwrap();
    assert_eq!(set.get_child("last", ns::RSM).unwrap().text(), last);
    assert_eq!(set.get_child("count", ns::RSM).unwrap().text(), "7");
    let rest = page(client, to, &format!("<max>250</max><after>{last}</after>")).await;
    assert_eq!(numbers(&rest.bodies()), "56");
    assert_eq!(rest.fin.attr("complete"), Some("true"));
    let newest = page(client, to, "<max>250</max><before/>").await;
    assert_eq!(numbers(&newest.bodies()), "23456");
    assert_eq!(newest.fin.attr("complete"), None);
    let set = newest.fin.get_child("set", ns::RSM).unwrap();
    let first = set.get_child("first", ns::RSM).unwrap();
    assert_eq!(first.attr("index"), None);
    let before = format!("<max>250</max><before>{}</before>", first.text());
    let oldest = page(client, to, &before).await;
    assert_eq!(numbers(&oldest.bodies()), "01");
    assert_eq!(oldest.fin.attr("complete"), Some("true"));
}

#[tokio::test]
async fn a_page_ends_where_it_gets_too_large() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    for number in 0..7 {
        let said = format!("<body>{}</body>", large(number));
        chat(&mut rosa, BOB, "m", &said).await;
    }
    reads_all_in_pages(&mut rosa, "").await;
    // What waits comes whole.
    let mut bob = Client::session(&server, "bob", "desk").await;
    bob.send("<presence/>").await;
    let mut got = Vec::new();
    while got.len() < 7 {
        got.extend(body(&bob.element().await));
    }
    assert_eq!(numbers(&got), "0123456");
    assert!(bob.messages().await.is_empty());
}

#[tokio::test]
async fn a_room_gives_no_larger_pages() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    open_room(&mut alice, ROOM, "Alice").await;
    for number in 0..7 {
        let text = large(number);
        alice
            .send(format!(
                "<message to='{ROOM}' type='groupchat'><body>{text}</body></message>"
            ))
            .await;
        alice.text(&text).await;
    }
    reads_all_in_pages(&mut alice, ROOM).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    bob.send(format!(
        "<presence to='{ROOM}/Bob'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
    ))
    .await;
    let seen = bob
        .all_until(|element| element.has_child("subject", ns::CLIENT))
        .await;
    assert_eq!(numbers(&bodies(&seen)), "23456");
}

//! Whoever reads slower than others write holds up nobody, and loses nothing that
//! it can come back for.

use std::time::Duration;

use tokio::net::TcpSocket;
use xmpp_core::{Element, ns};

use crate::client::{Client, Place, TlsVersion, bodies};
use crate::rooms::open_room;
use crate::server::Server;

const QUEUE: usize = 100;
/// More than the sockets between the two ends can hold, and the queue.
const MESSAGES: usize = 280;

/// Not for the archive: nothing but the queue can bring it.
fn note(to: &str, n: usize) -> String {
    let padding = "x".repeat(2_000);
    format!(
        "<message to='{to}' type='chat'><body>{n}</body><no-store xmlns='urn:xmpp:hints'/>\
         <x xmlns='urn:example'>{padding}</x></message>"
    )
}

async fn slow_server() -> Server {
    let server = Server::with(|config| config.limits.session_queue = QUEUE).await;
    server.accounts(&["rosa", "bob"]).await;
    server
}

/// A session whose socket takes little.
async fn reader(server: &Server, resource: &str) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    // The buffer of the other end is a multiple of this.
    socket2::SockRef::from(&socket).set_tcp_mss(536).unwrap();
    let socket = socket.connect(server.https()).await.unwrap();
    let mut rosa = Client::over(socket, server, TlsVersion::V13).await;
    rosa.sign_in("rosa").await;
    rosa.bind(resource).await;
    rosa
}

fn texts(elements: &[Element]) -> Vec<String> {
    let messages: Vec<_> = elements
        .iter()
        .filter(|element| element.has_child("body", ns::CLIENT))
        .cloned()
        .collect();
    bodies(&messages)
}

/// Rosa, back in the session of before.
async fn resume(server: &Server, id: &str, address: String) -> Client {
    let mut again = Client::direct(server).await;
    again.sign_in("rosa").await;
    take_over(again, id, address).await
}

async fn take_over(mut again: Client, id: &str, address: String) -> Client {
    again
        .send(format!(
            "<resume xmlns='urn:xmpp:sm:3' h='0' previd='{id}'/>"
        ))
        .await;
    let resumed = again.element().await;
    assert!(resumed.is("resumed", ns::SM), "{resumed:?}");
    again.address = address;
    again
}

#[tokio::test]
async fn a_slow_reader_is_detached_and_gets_everything_when_it_comes_back() {
    let server = slow_server().await;
    let mut rosa = reader(&server, "desk").await;
    rosa.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        .await;
    let enabled = rosa.element().await;
    let id = enabled.attr("id").unwrap().to_owned();
    let mut bob = Client::online(&server, "bob", "desk").await;
    // Rosa reads nothing from here on.
    for n in 0..MESSAGES {
        bob.send(note(&rosa.address, n)).await;
    }
    // Bob is not held up by her.
    bob.sync().await;
    let mut again = resume(&server, &id, rosa.address.clone()).await;
    let got = texts(&again.sync().await);
    let sent: Vec<_> = (0..MESSAGES).map(|n| n.to_string()).collect();
    assert_eq!(got, sent);
    // Her first connection was given up in the middle of something: it was not
    // she who ended it.
    let mut seen = 0;
    while let crate::client::Read::Element(_) = rosa.read().await {
        seen += 1;
    }
    assert!(seen < MESSAGES, "{seen}");
}

#[tokio::test]
async fn whoever_comes_back_is_heard_while_the_connection_before_takes_nothing() {
    // Less waits than should: nothing but her coming back ends what is stuck.
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = reader(&server, "desk").await;
    rosa.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        .await;
    let id = rosa.element().await.attr("id").unwrap().to_owned();
    let mut bob = Client::online(&server, "bob", "desk").await;
    for n in 0..MESSAGES {
        bob.send(note(&rosa.address, n)).await;
    }
    bob.sync().await;
    let mut again = Client::direct(&server).await;
    again.sign_in("rosa").await;
    let resumed = take_over(again, &id, rosa.address.clone());
    let mut again = tokio::time::timeout(Duration::from_secs(2), resumed)
        .await
        .expect("resumed at once");
    let got = texts(&again.sync().await);
    let sent: Vec<_> = (0..MESSAGES).map(|n| n.to_string()).collect();
    assert_eq!(got, sent);
}

#[tokio::test]
async fn whoever_waits_to_come_back_is_not_ended_by_what_passes() {
    let server = slow_server().await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    rosa.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        .await;
    let id = rosa.element().await.attr("id").unwrap().to_owned();
    let address = rosa.address.clone();
    drop(rosa);
    let mut bob = Client::online(&server, "bob", "desk").await;
    // More than is kept in all, nothing of it for the archive.
    for n in 0..5 * QUEUE {
        bob.send(note(&address, n)).await;
        bob.send("<presence><show>away</show></presence>").await;
        if n % 50 == 0 {
            bob.sync().await;
        }
    }
    bob.send(format!(
        "<message to='{address}' type='chat'><body>kept</body></message>"
    ))
    .await;
    bob.sync().await;
    let mut again = resume(&server, &id, address).await;
    let got = texts(&again.sync().await);
    assert_eq!(got.last().map(String::as_str), Some("kept"));
    assert!(got.len() <= 3 * QUEUE + 2, "{}", got.len());
}

#[tokio::test]
async fn what_is_not_acknowledged_is_bounded_in_bytes() {
    let server = Server::with(|config| config.limits.session_bytes = 20_000).await;
    server.accounts(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    rosa.send("<enable xmlns='urn:xmpp:sm:3'/>").await;
    assert!(rosa.element().await.is("enabled", ns::SM));
    let mut bob = Client::online(&server, "bob", "desk").await;
    for n in 0..40 {
        bob.send(note(&rosa.address, n)).await;
        bob.sync().await;
    }
    let (before, condition) = rosa.end_with_all().await;
    assert_eq!(condition.as_deref(), Some("resource-constraint"));
    let got = texts(&before).len();
    // Twice as much as should wait, whichever queue it is in.
    assert!((14..22).contains(&got), "{got}");
}

#[tokio::test]
async fn who_sends_too_fast_is_read_slowly_and_loses_nothing() {
    let server = Server::with(|config| {
        config.limits.stanzas_per_second = 50;
        config.limits.stanzas_burst = 20;
    })
    .await;
    server.accounts(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let start = std::time::Instant::now();
    for n in 0..80 {
        rosa.send(note("rosa@team.internal/desk", n)).await;
    }
    // Meanwhile others are served.
    Client::prove_alive(&server, "bob").await;
    let got = texts(&rosa.sync().await);
    let sent: Vec<_> = (0..80).map(|n| n.to_string()).collect();
    assert_eq!(got, sent);
    // Sixty of them had to wait for their turn.
    assert!(start.elapsed().as_millis() > 1_000, "{:?}", start.elapsed());
}

#[tokio::test]
async fn the_sessions_of_an_account_share_its_pace_and_searches_weigh_more() {
    let server = Server::with(|config| {
        config.limits.stanzas_per_second = 50;
        config.limits.stanzas_burst = 60;
    })
    .await;
    server.accounts(&["rosa", "bob"]).await;
    let mut desk = Client::session(&server, "rosa", "desk").await;
    let mut phone = Client::session(&server, "rosa", "phone").await;
    let start = std::time::Instant::now();
    for n in 0..50 {
        desk.send(note("rosa@team.internal/desk", n)).await;
        phone.send(note("rosa@team.internal/phone", n)).await;
    }
    assert_eq!(texts(&desk.sync().await).len(), 50);
    assert_eq!(texts(&phone.sync().await).len(), 50);
    assert!(start.elapsed().as_millis() > 600, "{:?}", start.elapsed());
    // Others have a pace of their own, of which each search takes much.
    let start = std::time::Instant::now();
    let mut bob = Client::session(&server, "bob", "desk").await;
    let search = "<query xmlns='urn:xmpp:mam:2'><x xmlns='jabber:x:data' type='submit'>\
         <field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>\
         <field var='{urn:xmpp:fulltext:0}fulltext'><value>word</value></field></x></query>";
    for _ in 0..10 {
        bob.set("", search).await.unwrap();
    }
    assert!(start.elapsed().as_millis() > 600, "{:?}", start.elapsed());
}

#[tokio::test]
async fn without_resumption_a_slow_reader_is_let_go_and_its_messages_wait() {
    let server = slow_server().await;
    let mut rosa = reader(&server, "desk").await;
    rosa.send("<presence/>").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    bob.send("<message to='rosa@team.internal' type='chat'><body>first</body></message>")
        .await;
    bob.sync().await;
    rosa.text("first").await;
    for n in 0..MESSAGES {
        bob.send(note(&rosa.address, n)).await;
    }
    bob.send("<message to='rosa@team.internal' type='chat'><body>last</body></message>")
        .await;
    // She is still there and reads nothing: everybody else sees her leave.
    bob.until(|element| element.attr("type") == Some("unavailable"))
        .await;
    bob.sync().await;
    drop(rosa);
    let mut rosa = Client::session(&server, "rosa", "phone").await;
    rosa.send("<presence/>").await;
    assert_eq!(bodies(&rosa.messages().await), ["last"]);
}

#[tokio::test]
async fn what_goes_to_many_is_paced_by_what_it_comes_to() {
    let server = Server::with(|config| {
        config.limits.fan_out_per_second = 200_000;
        config.limits.fan_out_burst = 100_000;
        // Each is counted before the next is read.
        config.limits.unwritten = 1;
    })
    .await;
    server.accounts(&["rosa", "bob"]).await;
    let room = "plan@conference.team.internal";
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    open_room(&mut rosa, room, "Rosa").await;
    let mut listeners = Vec::new();
    for n in 0..4 {
        let mut bob = Client::session(&server, "bob", &format!("desk{n}")).await;
        let enter = "<x xmlns='http://jabber.org/protocol/muc'/>";
        bob.send(format!("<presence to='{room}/Bob'>{enter}</presence>"))
            .await;
        bob.until(|element| element.has_child("subject", ns::CLIENT))
            .await;
        listeners.push(bob);
    }
    // Little by itself: forty messages of 2 KB, each for five.
    let start = std::time::Instant::now();
    for n in 0..40 {
        let one = note(room, n).replace("type='chat'", "type='groupchat'");
        rosa.send(one).await;
    }
    // Meanwhile others are served, and nobody misses anything.
    Client::prove_alive(&server, "bob").await;
    let sent: Vec<_> = (0..40).map(|n| n.to_string()).collect();
    assert_eq!(texts(&rosa.sync().await), sent);
    assert!(start.elapsed().as_millis() > 1_000, "{:?}", start.elapsed());
    for bob in &mut listeners {
        assert_eq!(texts(&bob.sync().await), sent);
    }
}

#[tokio::test]
async fn what_is_published_to_many_is_paced_too() {
    let server = Server::with(|config| {
        config.limits.fan_out_per_second = 200_000;
        config.limits.fan_out_burst = 100_000;
    })
    .await;
    server.accounts(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let subscribe = "<pubsub xmlns='http://jabber.org/protocol/pubsub'>\
         <subscribe node='urn:example:n' jid='rosa@team.internal'/></pubsub>";
    let publish = |n: u32| {
        let padding = "x".repeat(20_000);
        format!(
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:example:n'>\
             <item id='i{n}'><x xmlns='urn:example'>{padding}</x></item></publish></pubsub>"
        )
    };
    rosa.set("", &publish(0)).await.unwrap();
    rosa.set("", subscribe).await.unwrap();
    let start = std::time::Instant::now();
    for n in 1..=20 {
        rosa.set("", &publish(n)).await.unwrap();
    }
    assert!(start.elapsed().as_millis() > 1_000, "{:?}", start.elapsed());
}

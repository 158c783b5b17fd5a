//! Who is told, and when (XEP-0163, section 4.3; XEP-0115).

use xmpp_core::ns;

use super::{
    answer, capabilities, events, interested, items, options, owner, presence, publication,
    publish, pubsub, questions, tune,
};
use crate::client::Client;
use crate::server::Server;
use crate::subscriptions::classic;

const NOBODY: [&str; 0] = [];

#[tokio::test]
async fn whoever_is_interested_hears_it() {
    let server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = interested(&server, "alice", "desk", &["urn:n"]).await;
    let mut other = interested(&server, "alice", "phone", &["urn:n", "urn:other"]).await;
    let mut bob = interested(&server, "bob", "desk", &["urn:n"]).await;
    let mut carol = Client::online(&server, "carol", "desk").await;
    for client in [&mut alice, &mut other, &mut bob, &mut carol] {
        assert_eq!(events(client).await, NOBODY);
    }
    publish(&mut alice, "urn:n", "1", "").await.unwrap();
    let back = "<retract node='urn:n' notify='1'><item id='1'/></retract>";
    pubsub(&mut alice, "set", "", back).await.unwrap();
    owner(&mut alice, "set", "<purge node='urn:n'/>")
        .await
        .unwrap();
    let configure = format!(
        "<configure node='urn:n'>{}</configure>",
        super::form(ns::PUBSUB_NODE_CONFIG, &[("notify_config", "1")])
    );
    owner(&mut alice, "set", &configure).await.unwrap();
    owner(&mut alice, "set", "<delete node='urn:n'/>")
        .await
        .unwrap();
    publish(&mut alice, "urn:unheard", "1", "").await.unwrap();
    let expected = [
        "alice urn:n +1",
        "alice urn:n -1",
        "alice urn:n purge",
        "alice urn:n configuration",
        "alice urn:n delete",
    ];
    for client in [&mut other, &mut bob] {
        assert_eq!(events(client).await, expected);
    }
    assert_eq!(events(&mut carol).await, NOBODY);
}

#[tokio::test]
async fn the_payload_comes_along_unless_the_node_says_no() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = interested(
        &server,
        "bob",
        "desk",
        &["urn:n", "urn:bare", "urn:quiet", "urn:gone"],
    )
    .await;
    let bare = options(&[("deliver_payloads", "0")]);
    let quiet = options(&[("deliver_notifications", "0")]);
    let transient = options(&[("persist_items", "0"), ("deliver_payloads", "0")]);
    publish(&mut alice, "urn:n", "1", "").await.unwrap();
    publish(&mut alice, "urn:bare", "1", &bare).await.unwrap();
    publish(&mut alice, "urn:quiet", "1", &quiet).await.unwrap();
    publish(&mut alice, "urn:gone", "1", &transient)
        .await
        .unwrap();
    // Nothing but that something happened (section 7.1.2.3).
    pubsub(&mut alice, "set", "", "<publish node='urn:gone'/>")
        .await
        .unwrap();
    let messages = bob.messages().await;
    let with_payload: Vec<bool> = messages
        .iter()
        .map(|message| String::from(message).contains("<tune"))
        .collect();
    assert_eq!(with_payload, [true, false, false, false]);
    assert!(items(&mut alice, "", "urn:gone").await.unwrap().is_empty());
    assert_eq!(items(&mut alice, "", "urn:bare").await.unwrap(), ["1"]);
}

#[tokio::test]
async fn what_everybody_may_read_only_contacts_hear_of_unasked() {
    let server = classic(&["alice", "bob", "carol", "dave"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut carol = interested(&server, "carol", "desk", &["urn:n"]).await;
    carol
        .send("<presence type='subscribe' to='alice@team.internal'/>")
        .await;
    carol.sync().await;
    alice
        .send("<presence type='subscribed' to='carol@team.internal'/>")
        .await;
    alice.sync().await;
    let mut bob = interested(&server, "bob", "desk", &["urn:n"]).await;
    let mut dave = Client::online(&server, "dave", "desk").await;
    for client in [&mut carol, &mut bob] {
        assert_eq!(events(client).await, NOBODY);
    }
    let open = options(&[("access_model", "open")]);
    publish(&mut alice, "urn:n", "1", &open).await.unwrap();
    let subscribe = "<subscribe node='urn:n' jid='dave@team.internal'/>";
    pubsub(&mut dave, "set", "alice@team.internal", subscribe)
        .await
        .unwrap();
    dave.sync().await;
    publish(&mut alice, "urn:n", "2", "").await.unwrap();
    let both = ["alice urn:n +1", "alice urn:n +2"];
    assert_eq!(events(&mut carol).await, both);
    assert_eq!(events(&mut dave).await, ["alice urn:n +2"]);
    assert_eq!(events(&mut bob).await, NOBODY);
    // Who comes online now, alike.
    let newest: [(&str, &[&str]); 2] = [("carol", &["alice urn:n +2 (late)"]), ("bob", &[])];
    for (user, expected) in newest {
        let mut phone = Client::session(&server, user, "phone").await;
        phone.send(presence(&capabilities(&["urn:n"]).1)).await;
        assert_eq!(events(&mut phone).await, expected, "{user}");
    }
    let read = items(&mut bob, "alice@team.internal", "urn:n").await;
    assert_eq!(read.unwrap(), ["2"]);
}

#[tokio::test]
async fn who_comes_online_hears_the_newest() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let max = options(&[("max_items", "5")]);
    publish(&mut alice, "urn:n", "1", &max).await.unwrap();
    publish(&mut alice, "urn:n", "2", &max).await.unwrap();
    let never = options(&[("send_last_published_item", "never")]);
    publish(&mut alice, "urn:never", "1", &never).await.unwrap();
    let on_sub = options(&[("send_last_published_item", "on_sub")]);
    publish(&mut alice, "urn:sub", "1", &on_sub).await.unwrap();
    let own = options(&[("access_model", "whitelist")]);
    publish(&mut alice, "urn:own", "1", &own).await.unwrap();
    let nodes = ["urn:n", "urn:never", "urn:sub", "urn:own", "urn:missing"];
    let mut bob = interested(&server, "bob", "desk", &nodes).await;
    assert_eq!(events(&mut bob).await, ["alice urn:n +2 (late)"]);
    // Not with every presence, but after one was away.
    bob.send(presence(&capabilities(&nodes).1)).await;
    bob.send("<presence><show>away</show></presence>").await;
    assert_eq!(events(&mut bob).await, NOBODY);
    bob.send("<presence type='unavailable'/>").await;
    publish(&mut alice, "urn:n", "3", "").await.unwrap();
    assert_eq!(events(&mut bob).await, NOBODY);
    bob.send("<presence/>").await;
    assert_eq!(events(&mut bob).await, ["alice urn:n +3 (late)"]);
    // Her own too.
    let mut phone = interested(&server, "alice", "phone", &["urn:n", "urn:own"]).await;
    assert_eq!(
        events(&mut phone).await,
        ["alice urn:n +3 (late)", "alice urn:own +1 (late)"]
    );
    // New interests: the newest of those.
    let (query, ver) = capabilities(&["urn:n", "urn:more"]);
    publish(&mut alice, "urn:more", "1", "").await.unwrap();
    bob.send(presence(&ver)).await;
    let asked = questions(&mut bob).await;
    answer(&mut bob, &asked[0], &query).await;
    assert_eq!(events(&mut bob).await, ["alice urn:more +1 (late)"]);
}

#[tokio::test]
async fn a_client_is_asked_once_for_what_its_hash_stands_for() {
    let server = Server::of(&["alice", "bob"]).await;
    let (query, ver) = capabilities(&["urn:n"]);
    let mut first = Client::session(&server, "alice", "1").await;
    first.send(presence(&ver)).await;
    let asked = questions(&mut first).await;
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].attr("to"), Some("alice@team.internal/1"));
    // Not again while the question is under way.
    first.send(presence(&ver)).await;
    assert!(questions(&mut first).await.is_empty());
    answer(&mut first, &asked[0], &query).await;
    first.sync().await;
    let mut second = Client::session(&server, "bob", "2").await;
    second.send(presence(&ver)).await;
    assert!(questions(&mut second).await.is_empty());
    publish(&mut first, "urn:n", "1", "").await.unwrap();
    assert_eq!(events(&mut second).await, ["alice urn:n +1"]);
}

#[tokio::test]
async fn a_hash_that_does_not_fit_holds_for_nobody_else() {
    let server = Server::of(&["alice", "bob"]).await;
    let (_, ver) = capabilities(&["urn:n"]);
    let (poison, _) = capabilities(&["urn:poison"]);
    let mut mallory = Client::session(&server, "alice", "1").await;
    mallory.send(presence(&ver)).await;
    let asked = questions(&mut mallory).await;
    answer(&mut mallory, &asked[0], &poison).await;
    mallory.sync().await;
    // Somebody else with that hash is asked, and believed.
    let mut bob = interested(&server, "bob", "desk", &["urn:n"]).await;
    publish(&mut bob, "urn:poison", "1", "").await.unwrap();
    publish(&mut bob, "urn:n", "1", "").await.unwrap();
    assert_eq!(events(&mut bob).await, ["bob urn:n +1"]);
    // What it said itself holds for the session that said it.
    assert_eq!(events(&mut mallory).await, ["bob urn:poison +1"]);
    // A hash function that is not known here: the same.
    let mut odd = Client::session(&server, "alice", "2").await;
    odd.send(presence(&ver).replace("sha-1", "md5")).await;
    let asked = questions(&mut odd).await;
    answer(&mut odd, &asked[0], &capabilities(&["urn:odd"]).0).await;
    odd.sync().await;
    publish(&mut bob, "urn:odd", "1", "").await.unwrap();
    assert_eq!(events(&mut odd).await, ["bob urn:odd +1"]);
}

#[tokio::test]
async fn answers_that_nobody_asked_for_change_nothing() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    let (query, ver) = capabilities(&["urn:n"]);
    for id in ["caps-1", "caps-2", "caps-3", "x"] {
        bob.send(format!(
            "<iq type='result' id='{id}' to='team.internal'>{query}</iq>"
        ))
        .await;
    }
    bob.send(format!("<iq type='result' to='team.internal'>{query}</iq>"))
        .await;
    bob.send(presence(&ver)).await;
    let asked = questions(&mut bob).await;
    let id = asked[0].attr("id").unwrap();
    // Somebody else cannot answer for it.
    alice
        .send(format!(
            "<iq type='result' id='{id}' to='team.internal'>{query}</iq>"
        ))
        .await;
    alice.sync().await;
    publish(&mut alice, "urn:n", "1", "").await.unwrap();
    assert_eq!(events(&mut bob).await, NOBODY);
    // An error, and it is asked again when it shows the hash again.
    bob.send(format!("<iq type='error' id='{id}' to='team.internal'/>"))
        .await;
    bob.send(presence(&ver)).await;
    let asked = questions(&mut bob).await;
    answer(&mut bob, &asked[0], &query).await;
    assert_eq!(events(&mut bob).await, ["alice urn:n +1 (late)"]);
    // Capabilities that say nothing, or too much.
    for caps in [
        "<c xmlns='http://jabber.org/protocol/caps'/>".to_owned(),
        "<c xmlns='http://jabber.org/protocol/caps' node='n' ver=''/>".to_owned(),
        format!(
            "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='{}'/>",
            "v".repeat(5_000)
        ),
    ] {
        bob.send(format!("<presence>{caps}</presence>")).await;
        assert!(questions(&mut bob).await.is_empty(), "{caps}");
    }
    publish(&mut alice, "urn:n", "2", "").await.unwrap();
    assert_eq!(events(&mut bob).await, ["alice urn:n +2"]);
}

#[tokio::test]
async fn what_is_for_the_account_alone_stays_there() {
    let server = Server::of(&["alice", "bob"]).await;
    let nodes = [ns::DISPLAYED_SYNC, ns::BOOKMARKS, "urn:n"];
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut phone = interested(&server, "alice", "phone", &nodes).await;
    let mut bob = interested(&server, "bob", "desk", &nodes).await;
    phone.sync().await;
    bob.sync().await;
    // As XEP-0490 does, and as somebody does who forgets to say so.
    let mds = options(&[
        ("persist_items", "true"),
        ("max_items", "max"),
        ("send_last_published_item", "never"),
        ("access_model", "whitelist"),
    ]);
    let displayed = |id: &str| {
        format!(
            "<displayed xmlns='{}'><stanza-id xmlns='urn:xmpp:sid:0' by='alice@team.internal' id='{id}'/></displayed>",
            ns::DISPLAYED_SYNC
        )
    };
    for peer in [
        "bob@team.internal",
        "room@conference.team.internal",
        "bob@team.internal",
    ] {
        let publication = publication(ns::DISPLAYED_SYNC, peer, &displayed("x"), &mds);
        pubsub(&mut alice, "set", "", &publication).await.unwrap();
    }
    let room = "<conference xmlns='urn:xmpp:bookmarks:1'/>";
    let publication = publication(ns::BOOKMARKS, "room@conference.team.internal", room, "");
    pubsub(&mut alice, "set", "", &publication).await.unwrap();
    assert_eq!(events(&mut phone).await.len(), 4);
    assert_eq!(
        items(&mut phone, "", ns::DISPLAYED_SYNC).await.unwrap(),
        ["room@conference.team.internal", "bob@team.internal"]
    );
    // As if they were not there, and no word of them.
    assert_eq!(events(&mut bob).await, NOBODY);
    for node in [ns::DISPLAYED_SYNC, ns::BOOKMARKS] {
        let read = items(&mut bob, "alice@team.internal", node).await;
        assert_eq!(read.unwrap_err(), "not-allowed closed-node");
    }
}

#[tokio::test]
async fn keys_for_encryption_are_there_for_colleagues() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let open = options(&[("access_model", "open")]);
    let many = options(&[("access_model", "open"), ("max_items", "max")]);
    for (node, id, payload, options) in [
        (
            "eu.siacs.conversations.axolotl.devicelist",
            "current",
            "<list xmlns='eu.siacs.conversations.axolotl'><device id='1'/></list>",
            &open,
        ),
        (
            "eu.siacs.conversations.axolotl.bundles:1",
            "current",
            "<bundle xmlns='eu.siacs.conversations.axolotl'/>",
            &open,
        ),
        (
            "urn:xmpp:omemo:2:devices",
            "current",
            "<devices xmlns='urn:xmpp:omemo:2'/>",
            &open,
        ),
        (
            "urn:xmpp:omemo:2:bundles",
            "1",
            "<bundle xmlns='urn:xmpp:omemo:2'/>",
            &many,
        ),
        (
            "urn:xmpp:omemo:2:bundles",
            "2",
            "<bundle xmlns='urn:xmpp:omemo:2'/>",
            &many,
        ),
    ] {
        let publication = publication(node, id, payload, options);
        pubsub(&mut alice, "set", "", &publication).await.unwrap();
        let read = items(&mut bob, "alice@team.internal", node).await.unwrap();
        assert_eq!(read.last().map(String::as_str), Some(id), "{node}");
    }
    let bundles = items(&mut bob, "alice@team.internal", "urn:xmpp:omemo:2:bundles").await;
    assert_eq!(bundles.unwrap(), ["1", "2"]);
}

#[tokio::test]
async fn the_order_of_events_is_that_of_publications() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut bob = interested(&server, "bob", "desk", &["urn:n"]).await;
    bob.sync().await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut expected = Vec::new();
    for n in 0..50 {
        let publication = publication("urn:n", &n.to_string(), &tune("x"), "");
        alice
            .send(format!(
                "<iq type='set' id='p{n}'><pubsub xmlns='{}'>{publication}</pubsub></iq>",
                ns::PUBSUB
            ))
            .await;
        expected.push(format!("alice urn:n +{n}"));
    }
    alice.sync().await;
    assert_eq!(events(&mut bob).await, expected);
    // The other transport has it too.
    let mut web = Client::websocket(&server).await;
    web.sign_in("bob").await;
    web.bind("web").await;
    let subscribe = "<subscribe node='urn:n' jid='bob@team.internal/web'/>";
    pubsub(&mut web, "set", "alice@team.internal", subscribe)
        .await
        .unwrap();
    publish(&mut alice, "urn:n", "last", "").await.unwrap();
    assert_eq!(events(&mut web).await.last().unwrap(), "alice urn:n +last");
}

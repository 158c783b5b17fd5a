//! Between whom a block stands, nothing is published (XEP-0191).

use super::{ALICE, BOB, ask, capabilities, events, interested, items, options, presence, publish};
use crate::client::Client;
use crate::server::Server;

const NODE: &str = "urn:n";

#[tokio::test]
async fn a_block_parts_two_in_both_directions() {
    let server = Server::of(&["alice", "bob", "carol"]).await;
    let mut alice = Client::session(&server, "alice", "desk").await;
    let mut bob = Client::session(&server, "bob", "desk").await;
    let mut listeners = Vec::new();
    for user in ["alice", "bob", "carol"] {
        let mut listener = interested(&server, user, "phone", &[NODE]).await;
        listener.sync().await;
        listeners.push(listener);
    }
    let open = options(&[("access_model", "open")]);
    publish(&mut alice, NODE, "a1", &open).await.unwrap();
    publish(&mut bob, NODE, "b1", &open).await.unwrap();
    for listener in &mut listeners {
        let both = ["alice urn:n +a1", "bob urn:n +b1"];
        assert_eq!(events(listener).await, both);
    }
    let vcard = "<vCard xmlns='vcard-temp'/>";
    ask(&mut alice, "get", BOB, vcard).await.unwrap();
    let block = format!("<block xmlns='urn:xmpp:blocking'><item jid='{ALICE}'/></block>");
    ask(&mut bob, "set", "", &block).await.unwrap();

    publish(&mut alice, NODE, "a2", "").await.unwrap();
    publish(&mut bob, NODE, "b2", "").await.unwrap();
    let expected: [&[&str]; 3] = [
        &["alice urn:n +a2"],
        &["bob urn:n +b2"],
        &["alice urn:n +a2", "bob urn:n +b2"],
    ];
    for (listener, expected) in listeners.iter_mut().zip(expected) {
        assert_eq!(events(listener).await, expected);
    }
    // Nor does who comes online hear of the other.
    for user in ["alice", "bob"] {
        let mut tablet = Client::session(&server, user, "tablet").await;
        tablet.send(presence(&capabilities(&[NODE]).1)).await;
        let own = format!("{user} urn:n +{}2 (late)", &user[..1]);
        assert_eq!(events(&mut tablet).await, [own]);
    }
    // Neither reads anything of the other.
    let refused = |error: Option<String>, condition: &str| {
        let error = error.unwrap();
        assert!(error.starts_with(condition), "{error}");
    };
    let read = items(&mut alice, BOB, NODE).await;
    refused(read.err(), "service-unavailable");
    let read = ask(&mut alice, "get", BOB, vcard).await;
    refused(read.err(), "service-unavailable");
    let read = items(&mut bob, ALICE, NODE).await;
    refused(read.err(), "not-acceptable");
    let mut carol = Client::session(&server, "carol", "desk").await;
    assert_eq!(items(&mut carol, BOB, NODE).await.unwrap(), ["b2"]);

    let unblock = "<unblock xmlns='urn:xmpp:blocking'/>";
    ask(&mut bob, "set", "", unblock).await.unwrap();
    assert_eq!(items(&mut alice, BOB, NODE).await.unwrap(), ["b2"]);
}

//! A server with too little room on its disk refuses what it would have to
//! store, and goes on with the rest.

use crate::archive::{chat, everything};
use crate::client::{Client, body, error_of};
use crate::rooms::open_room;
use crate::server::Server;

const BOB: &str = "bob@team.internal";
const ROOM: &str = "plan@conference.team.internal";

#[tokio::test]
async fn what_has_to_be_stored_is_refused_and_may_be_tried_again() {
    let mut server = Server::with(|config| config.limits.min_free_bytes = u64::MAX).await;
    server.accounts(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open_room(&mut rosa, ROOM, "Rosa").await;
    for (to, kind) in [
        (BOB, "chat"),
        (ROOM, "groupchat"),
        (&format!("{ROOM}/Rosa"), "chat"),
    ] {
        rosa.send(format!(
            "<message to='{to}' type='{kind}' id='m'><body>x</body></message>"
        ))
        .await;
        let refused = rosa.until(|element| element.attr("id") == Some("m")).await;
        assert_eq!(error_of(&refused), "wait resource-constraint", "{to}");
    }
    // What is only passed on goes on.
    let passed = "<body>passed</body><no-store xmlns='urn:xmpp:hints'/>";
    chat(&mut rosa, BOB, "p", passed).await;
    let next = bob.until(|element| body(element).is_some()).await;
    assert_eq!(body(&next).as_deref(), Some("passed"));
    assert!(everything(&mut rosa).await.bodies().is_empty());
    server.stop().await;
    server
        .start_with(|config| config.limits.min_free_bytes = 0)
        .await;
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    chat(&mut rosa, BOB, "again", "<body>again</body>").await;
    assert_eq!(everything(&mut rosa).await.bodies(), ["again"]);
}

//! A server with too little room on its disk refuses what it would have to
//! store, and goes on with the rest.

use xmpp_core::ns;

use crate::archive::{chat, everything};
use crate::client::{Client, body, error_of};
use crate::rooms::open_room;
use crate::server::Server;
use crate::web::request;

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

#[tokio::test]
async fn no_file_is_taken_either() {
    let mut server = Server::with(|config| config.limits.min_free_bytes = u64::MAX).await;
    server.accounts(&["rosa"]).await;
    let wish = format!(
        "<iq type='get' id='s' to='upload.team.internal'>\
         <request xmlns='{}' filename='a.txt' size='5'/></iq>",
        ns::HTTP_UPLOAD
    );
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let (_, refused) = rosa.ask(&wish).await;
    assert_eq!(error_of(&refused), "wait resource-constraint");
    server.stop().await;
    server
        .start_with(|config| config.limits.min_free_bytes = 0)
        .await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let (_, answer) = rosa.ask(&wish).await;
    let slot = answer.get_child("slot", ns::HTTP_UPLOAD).expect("a slot");
    let url = slot.get_child("put", ns::HTTP_UPLOAD).unwrap().attr("url");
    let (_, path) = url
        .unwrap()
        .split_once("//")
        .unwrap()
        .1
        .split_once('/')
        .unwrap();
    let path = format!("/{path}");
    // A file that would leave too little is refused, too; the slot stays.
    for (min_free_bytes, status) in [(u64::MAX, 507), (0, 201)] {
        server.stop().await;
        server
            .start_with(|config| config.limits.min_free_bytes = min_free_bytes)
            .await;
        let put = request(&server, "PUT", &path, &[], b"hello").await;
        assert_eq!(put.status(), status);
    }
}

/// Where the server is reached is noted for the command line beside it, which can wait.
#[tokio::test]
async fn it_starts_though_it_cannot_note_where_it_is() {
    let mut server = Server::with(|_| {}).await;
    server.accounts(&["rosa"]).await;
    server.stop().await;
    let disk = rusqlite::Connection::open(server.data().join("server.db")).unwrap();
    disk.execute_batch(
        "CREATE TRIGGER full BEFORE INSERT ON meta WHEN new.key = 'target'
         BEGIN SELECT raise(ABORT, 'disk full'); END",
    )
    .unwrap();
    drop(disk);
    server.start_with(|_| {}).await;
    Client::session(&server, "rosa", "desk").await;
}

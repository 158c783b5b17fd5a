//! A cache that refuses something for a while, as one whose disk is full.

use std::time::Duration;

use rusqlite::Connection;
use startalk_engine::api::FileState;
use startalk_engine::secrets::SecretKind;

use crate::client::Client;
use crate::peer::{Server, body};
use crate::uploads::{PICTURE, asked_for_slot, give_slot, offer, refuse, url};
use crate::web::Web;

/// Refuses what a trigger says, until it is dropped.
pub(crate) struct Refusing(Connection);

impl Refusing {
    /// `what`: the statement, the table, and which rows.
    pub(crate) fn begin(client: &Client, what: &str) -> Self {
        let secrets = &client.secrets;
        let key = secrets.get(&client.account, SecretKind::CacheKey);
        let hex: String = key
            .unwrap()
            .unwrap()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let folder = client.folder.path().join("accounts").join(&client.account);
        let cache = Connection::open(folder.join("cache.db")).unwrap();
        cache
            .execute_batch(&format!("PRAGMA key = \"x'{hex}'\""))
            .unwrap();
        cache.busy_timeout(Duration::from_secs(10)).unwrap();
        cache
            .execute_batch(&format!(
                "CREATE TRIGGER refused BEFORE {what} BEGIN SELECT RAISE(ABORT, 'full'); END"
            ))
            .unwrap();
        Self(cache)
    }

    pub(crate) fn end(self) {
        self.0.execute_batch("DROP TRIGGER refused").unwrap();
    }
}

/// One thing that cannot be noted is no reason to upload nothing any more.
#[tokio::test]
async fn files_go_on_after_the_cache_has_refused_something() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let refusing = Refusing::begin(&client, "UPDATE OF tries ON uploads");
    let file = client.send_file("a.png", PICTURE, "").await;
    offer(&mut peer, 1000).await;
    let asked = asked_for_slot(&mut peer).await;
    let busy = "<error type='wait'>\
                <internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    refuse(&mut peer, &asked, busy).await;
    // That this has failed cannot be written down.
    give_slot(&mut peer, &server, "1").await;
    refusing.end();
    let mut put = Web::accept(&server).await;
    assert_eq!(put.body().await, PICTURE);
    put.answer("201 Created", b"").await;
    assert_eq!(body(&peer.text().await), url(&server, "1"));
    client.wait_file(file, FileState::Here).await;
}

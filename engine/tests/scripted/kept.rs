//! Signing out while the data stays, and signing in again.

use std::path::PathBuf;
use std::sync::Arc;

use startalk_engine::api::{ConnectionView, Notice, Request};
use startalk_engine::secrets::SecretKind;
use startalk_engine::{MemorySecrets, NewAccount, NoSecrets, Secrets};

use crate::client::{BOB, Client, TIMEOUTS, rosa};
use crate::peer::{PASSWORD, Server, body};

/// Rosa, who has no connection any more, a message that waits and a draft.
async fn rosa_with_something_to_say(secrets: Arc<dyn Secrets>) -> Client {
    let server = Server::start();
    let client = Client::join(&server, secrets, TIMEOUTS).await;
    let peer = server.session().await;
    client.wait_online().await;
    drop(peer);
    client
        .until("no connection", async || {
            client.connection().await != ConnectionView::Online
        })
        .await;
    client.send("waits").await;
    client
        .ask(Request::SetDraft {
            account: client.account.clone(),
            conversation: BOB.to_owned(),
            text: "half a thou".to_owned(),
        })
        .await;
    client
}

async fn sign_out(client: &Client, wipe: bool) {
    let account = client.account.clone();
    client.ask(Request::SignOut { account, wipe }).await;
    assert_eq!(client.overview().await.accounts, []);
}

/// Signs in again, where the server has this password.
async fn sign_in(client: &mut Client, server: &Server, password: &str) {
    let prove = async {
        let mut peer = server.accept().await;
        peer.sign_in_with(password).await;
        assert!(peer.closes_in_order().await);
    };
    let new: NewAccount = rosa(server, password);
    let (account, ()) = tokio::join!(client.engine.add_account(new), prove);
    client.account = account.unwrap();
}

fn files(client: &Client, name: &str) -> Vec<PathBuf> {
    let accounts = client.folder.path().join("accounts");
    let folders = std::fs::read_dir(accounts).unwrap().flatten();
    let mut found: Vec<PathBuf> = folders
        .flat_map(|folder| std::fs::read_dir(folder.path()).unwrap().flatten())
        .map(|entry| entry.path())
        .collect();
    found.retain(|path| {
        let own = path.file_name().unwrap().to_string_lossy();
        path.is_file() && own.starts_with(name) && !own.contains(".db-")
    });
    found
}

#[tokio::test]
async fn what_was_kept_is_there_again_and_what_waited_goes_out() {
    let keyrings: [Arc<dyn Secrets>; 2] = [Arc::new(MemorySecrets::default()), Arc::new(NoSecrets)];
    for secrets in keyrings {
        let mut client = rosa_with_something_to_say(secrets).await;
        let before = client.account.clone();
        sign_out(&client, false).await;
        // Also in another run of the program.
        client.restart().await;
        assert_eq!(client.overview().await.accounts, []);
        let server = Server::start();
        sign_in(&mut client, &server, PASSWORD).await;
        assert_eq!(client.account, before);
        assert_eq!(client.texts().await, ["waits"]);
        assert_eq!(client.conversation().await.unwrap().draft, "half a thou");
        let mut peer = server.session().await;
        assert_eq!(body(&peer.text().await), "waits");
        assert_eq!(client.overview().await.notices, []);
        client.engine.close().await;
    }
}

#[tokio::test]
async fn signing_out_again_takes_what_was_kept_along() {
    let secrets = Arc::new(MemorySecrets::default());
    let mut client = rosa_with_something_to_say(Arc::clone(&secrets) as _).await;
    let before = client.account.clone();
    sign_out(&client, false).await;
    let list = || std::fs::read_to_string(client.folder.path().join("accounts.json")).unwrap();
    assert!(list().contains(&before));
    let server = Server::start();
    sign_in(&mut client, &server, PASSWORD).await;
    sign_out(&client, true).await;
    assert_eq!(files(&client, "cache"), Vec::<PathBuf>::new());
    assert_eq!(secrets.get(&before, SecretKind::CacheKey).unwrap(), None);
    let list = std::fs::read_to_string(client.folder.path().join("accounts.json")).unwrap();
    assert!(!list.contains(&before), "{list}");
    // Whoever comes now begins anew.
    let server = Server::start();
    sign_in(&mut client, &server, PASSWORD).await;
    assert_ne!(client.account, before);
    assert_eq!(client.texts().await, Vec::<String>::new());
    client.engine.close().await;
}

#[tokio::test]
async fn what_was_kept_and_cannot_be_opened_is_set_aside() {
    let secrets = Arc::new(MemorySecrets::default());
    for (keyring, password) in [
        (Arc::clone(&secrets) as Arc<dyn Secrets>, PASSWORD),
        // Where there is none, the password opens it, which is another one now.
        (Arc::new(NoSecrets), "a new password"),
    ] {
        let mut client = rosa_with_something_to_say(keyring).await;
        sign_out(&client, false).await;
        secrets
            .delete(&client.account, SecretKind::CacheKey)
            .unwrap();
        let before = std::fs::read(&files(&client, "cache.db")[0]).unwrap();
        let server = Server::start();
        sign_in(&mut client, &server, password).await;
        let notices = client.overview().await.notices;
        let [Notice::CacheSetAside { path, .. }] = notices.as_slice() else {
            panic!("{notices:?}")
        };
        assert_eq!(std::fs::read(path).unwrap(), before);
        assert_eq!(client.texts().await, Vec::<String>::new());
        client.engine.close().await;
    }
}

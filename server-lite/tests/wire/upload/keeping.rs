//! What is on the disk, and for how long.

use startalk_server_lite::{Config, admin::Admin};
use xmpp_core::ns;

use super::{HELLO, ask, on_disk, put, slot, upload};
use crate::client::{Client, error_of, within};
use crate::server::Server;
use crate::web::get;

async fn restart_with(server: &mut Server, change: impl FnOnce(&mut Config)) {
    server.stop().await;
    server.start_with(change).await;
}

#[tokio::test]
async fn files_outlive_the_server_and_go_with_their_owners() {
    let mut server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let shared = upload(&server, &mut rosa, "a", "", b"hello").await;
    let same = upload(&server, &mut bob, "b", "", b"hello").await;
    let own = upload(&server, &mut rosa, "c", "", b"only rosa's").await;
    assert_eq!(on_disk(&server).len(), 2);
    // What a crash may leave, and a stranger's file.
    let folder = server.data().join("files");
    std::fs::write(folder.join("unfinished/x"), "x").unwrap();
    std::fs::write(folder.join("2c").join("ab".repeat(31)), "x").unwrap();
    server.restart().await;
    assert_eq!(on_disk(&server).len(), 2);
    assert_eq!(get(&server, &shared).await.text(), "hello");
    let admin = Admin::open(&server.data()).unwrap();
    admin.remove_user("rosa").await.unwrap();
    admin.close().await;
    // The links end at once, the bytes when nobody has them any more.
    for (path, status) in [(&shared, 404), (&own, 404), (&same, 200)] {
        assert_eq!(get(&server, path).await.status(), status);
    }
    server.restart().await;
    // The sweep of the start runs before this is answered.
    let mut bob = Client::online(&server, "bob", "desk").await;
    slot(&mut bob, "a", 5, "").await;
    within("the sweep", async {
        while on_disk(&server) != [HELLO] {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(get(&server, &same).await.text(), "hello");
}

#[tokio::test]
async fn files_are_kept_as_long_as_configured() {
    let mut server = Server::with(|config| config.files.keep_days = Some(0)).await;
    server.accounts(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let path = slot(&mut rosa, "a", 5, "").await;
    assert_eq!(
        put(&server, &path, b"hello").await,
        404,
        "over before it began"
    );
    restart_with(&mut server, |config| config.files.keep_days = Some(30)).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let path = upload(&server, &mut rosa, "a", "", b"hello").await;
    assert_eq!(get(&server, &path).await.status(), 200);
    let purpose =
        |name: &str, rest: &str| format!("<{name} xmlns='{}' {rest}/>", ns::HTTP_UPLOAD_PURPOSE);
    let over = purpose("ephemeral", "expire-before='2020-01-01T00:00:00Z'");
    let path = super::path(&ask(&mut rosa, "filename='a' size='5'", &over).await);
    assert_eq!(put(&server, &path, b"hello").await, 404);
    let later = purpose("ephemeral", "expire-before='2999-01-01T00:00:00Z'");
    let path = super::path(&ask(&mut rosa, "filename='a' size='5'", &later).await);
    assert_eq!(put(&server, &path, b"hello").await, 201);
    let bad = ask(
        &mut rosa,
        "filename='a' size='5'",
        &purpose("ephemeral", ""),
    )
    .await;
    assert_eq!(error_of(&bad), "modify bad-request");
}

#[tokio::test]
async fn a_file_that_is_missing_is_an_error_and_can_be_sent_again() {
    let server = Server::of(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let path = upload(&server, &mut rosa, "a", "", b"hello").await;
    std::fs::remove_file(server.data().join("files").join(HELLO)).unwrap();
    assert_eq!(get(&server, &path).await.status(), 500);
    upload(&server, &mut rosa, "a", "", b"hello").await;
    assert_eq!(get(&server, &path).await.text(), "hello");
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_the_server_alone() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::of(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    upload(&server, &mut rosa, "a", "", b"hello").await;
    let mode = |path: &str| {
        let path = server.data().join("files").join(path);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode(""), mode("2c"), mode(HELLO)), (0o700, 0o700, 0o600));
}

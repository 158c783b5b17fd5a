//! A client that we did not write: slixmpp, over STARTTLS.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::process::Command;

use system_tests::processes::required;
use system_tests::world::{PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn two_slixmpp_clients_and_one_of_ours_talk() {
    let world = World::start().await;
    let server = world.server();
    for name in ["Alice", "Bob"] {
        server.create_account(name, PASSWORD).await.unwrap();
    }
    let rosa = world.join("Rosa").await;
    let port = server.tcp_addr().unwrap().port();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/interop/slixmpp_chat.py");
    let mut command = Command::new(required("STARTALK_PYTHON"));
    command
        .arg(script)
        .args([server.domain(), &port.to_string(), PASSWORD]);
    let output = tokio::task::spawn_blocking(move || command.output().expect("python runs"))
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // What slixmpp sent to ours arrived in the encrypted cache.
    rosa.until("a message of slixmpp", async || {
        let request = engine::api::Request::Conversations {
            account: rosa.account(),
        };
        match rosa.ask(request).await {
            engine::api::Response::Conversations(all) => all
                .iter()
                .any(|row| row.name == "Alice" && row.preview == "hello 罗莎"),
            _ => false,
        }
    })
    .await;
}

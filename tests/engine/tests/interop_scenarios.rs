//! The same scenarios on three servers. `STARTALK_SCENARIO=receipt` runs only
//! those whose names contain that, `STARTALK_TIMES=30` each of them so often.

#![allow(clippy::large_futures, reason = "tests")]

use engine_tests::server::Kind;
use engine_tests::suite;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_lite() {
    suite::run(Kind::ServerLite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prosody() {
    suite::run(Kind::Prosody).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ejabberd() {
    suite::run(Kind::Ejabberd).await;
}

//! Clients that we did not write: @xmpp/client and stanza (JavaScript,
//! WebSocket above all).

use server_tests::interop::node;
use server_tests::startalk::Startalk;

const PEOPLE: [&str; 2] = ["alice", "bob"];

#[tokio::test(flavor = "multi_thread")]
async fn xmppjs_talks_and_resumes_over_websocket() {
    let server = Startalk::with(&PEOPLE);
    node(&server, "xmppjs.mjs", &["websocket"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn xmppjs_talks_and_resumes_over_starttls() {
    let server = Startalk::with(&PEOPLE);
    node(&server, "xmppjs.mjs", &["starttls"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stanza_talks_and_resumes_over_websocket() {
    let server = Startalk::with(&PEOPLE);
    node(&server, "stanza.mjs", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn xmppjs_signs_in_with_a_token_over_websocket() {
    let server = Startalk::with(&PEOPLE);
    node(&server, "xmppjs_fast.mjs", &["websocket"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn xmppjs_signs_in_with_a_token_over_starttls() {
    let server = Startalk::with(&PEOPLE);
    node(&server, "xmppjs_fast.mjs", &["starttls"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stanza_uploads_a_file() {
    let server = Startalk::with_arguments(&PEOPLE, &["--advertise", "localhost"]);
    node(&server, "upload.mjs", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn xmppjs_talks_and_resumes_over_direct_tls() {
    let server = Startalk::with(&PEOPLE);
    node(&server, "xmppjs.mjs", &["direct"]).await;
}

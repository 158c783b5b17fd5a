//! A client that we did not write: slixmpp (Python, TCP).

use server_tests::interop::slixmpp;
use server_tests::startalk::Startalk;

const PEOPLE: [&str; 2] = ["alice", "bob"];

#[tokio::test(flavor = "multi_thread")]
async fn slixmpp_talks_over_starttls() {
    let server = Startalk::with(&PEOPLE);
    slixmpp(&server, "chat.py", &["starttls"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slixmpp_talks_over_direct_tls() {
    let server = Startalk::with(&PEOPLE);
    slixmpp(&server, "chat.py", &["direct"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slixmpp_leads_a_room() {
    let server = Startalk::with(&PEOPLE);
    slixmpp(&server, "rooms.py", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slixmpp_shows_a_profile() {
    let server = Startalk::with(&PEOPLE);
    slixmpp(&server, "profile.py", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slixmpp_blocks() {
    let server = Startalk::with(&PEOPLE);
    slixmpp(&server, "blocking.py", &[]).await;
}

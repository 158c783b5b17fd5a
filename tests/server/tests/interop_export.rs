//! A team moves to another server: what we export, Debian's ejabberd and Prosody
//! take over by their own tools, and people sign in there with their old
//! passwords. What these do not take is in `docs/server.md`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::large_futures,
    reason = "tests"
)]

use server_tests::archive;
use server_tests::others::{Hash, Kind, Other, Storage};
use server_tests::peer::{Peer, Security, Target};
use server_tests::startalk::{PASSWORD, Startalk};
use xmpp_core::Element;
use xmpp_core::sasl::Mechanism;

const TEXTS: [&str; 3] = ["one 一", "two <&> 二", "three 三"];

/// A team with something to take along.
async fn team() -> Startalk {
    let server = Startalk::with(&["alice", "bob"]);
    let target = server.target();
    let mut alice = session(target, "alice", Mechanism::ScramSha256).await;
    let vcard = "<vCard xmlns='vcard-temp'><FN>Alice 爱丽丝</FN></vCard>";
    alice.ask("set", "", vcard).await.unwrap();
    let block = "<block xmlns='urn:xmpp:blocking'><item jid='spam.example'/></block>";
    alice.ask("set", "", block).await.unwrap();
    for text in TEXTS {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let message =
            format!("<message type='chat' to='bob@localhost'><body>{text}</body></message>");
        alice.send(&message).await.unwrap();
    }
    let own = archive::read(&mut alice, "", None, 10).await.unwrap();
    assert_eq!(own.len(), TEXTS.len());
    server
}

async fn session(target: &Target, user: &str, mechanism: Mechanism) -> Peer {
    let account = (user, PASSWORD);
    let session = Peer::session(target, Security::StartTls, mechanism, account, "desk");
    session
        .await
        .unwrap_or_else(|error| panic!("{user} {}: {error:#}", mechanism.as_str()))
}

/// What both of them take.
async fn accounts_are_there(other: &Other) {
    for user in ["alice", "bob"] {
        for mechanism in [Mechanism::ScramSha1, Mechanism::Plain] {
            session(other.target(), user, mechanism).await;
        }
        let wrong = (user, "another password");
        let plain = Mechanism::Plain;
        let refused = Peer::session(other.target(), Security::StartTls, plain, wrong, "desk");
        refused.await.expect_err("not the password");
    }
    let mut bob = session(other.target(), "bob", Mechanism::ScramSha1).await;
    let roster = bob
        .ask("get", "", "<query xmlns='jabber:iq:roster'/>")
        .await;
    let roster = roster.unwrap();
    let query = roster.get_child("query", "jabber:iq:roster").unwrap();
    let item = query
        .children()
        .find(|item| item.attr("jid") == Some("alice@localhost"))
        .unwrap_or_else(|| panic!("{query:?}"));
    assert_eq!(item.attr("subscription"), Some("both"));
    let vcard = bob
        .ask("get", "alice@localhost", "<vCard xmlns='vcard-temp'/>")
        .await
        .unwrap();
    let name = vcard
        .get_child("vCard", "vcard-temp")
        .and_then(|vcard| vcard.get_child("FN", "vcard-temp"));
    assert_eq!(name.map(Element::text).as_deref(), Some("Alice 爱丽丝"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ejabberd_takes_over_an_export() {
    let server = team().await;
    let file = server.scratch().join("team.xml");
    let path = file.to_str().unwrap();
    server.command(&["export", path, "--dialect", "ejabberd"], "");
    let mut other = Other::new(Kind::Ejabberd, Storage::Own, Hash::Sha1);
    other.start();
    other.import(&file);
    accounts_are_there(&other).await;
    let mut alice = session(other.target(), "alice", Mechanism::ScramSha1).await;
    let blocking = "urn:xmpp:blocking";
    let list = "<blocklist xmlns='urn:xmpp:blocking'/>";
    let list = alice.ask("get", "", list).await.unwrap();
    let list = list.get_child("blocklist", blocking).unwrap();
    let blocked: Vec<_> = list.children().map(|item| item.attr("jid")).collect();
    assert_eq!(blocked, [Some("spam.example")]);
    other.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn prosody_takes_over_an_export_with_its_archive() {
    let server = team().await;
    let folder = server.scratch().join("team");
    let path = folder.to_str().unwrap();
    server.command(&["export", path, "--dialect", "prosody"], "");
    let mut other = Other::new(Kind::Prosody, Storage::Own, Hash::Sha1);
    other.import(&folder);
    other.start();
    accounts_are_there(&other).await;
    for user in ["alice", "bob"] {
        let mut peer = session(other.target(), user, Mechanism::ScramSha1).await;
        let all = archive::read(&mut peer, "", None, 10).await.unwrap();
        let texts: Vec<&str> = all.iter().map(|message| message.text.as_str()).collect();
        assert_eq!(texts, TEXTS, "{user}");
    }
    other.stop();
}

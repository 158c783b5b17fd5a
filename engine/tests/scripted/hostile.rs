use startalk_engine::api::{PresenceShow, Request, Response};
use xmpp_core::ns;

use crate::client::{BOB, Client};
use crate::peer::{DOMAIN, Server, archived, from_bob, from_rosa};

#[tokio::test]
async fn words_put_into_others_mouths_are_ignored() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let id = client.send("mine").await;
    let wire = peer.text().await.attr("id").unwrap().to_owned();
    peer.acknowledge().await;
    let inner = |stanza: String| stanza.replacen("<message", "<message xmlns='jabber:client'", 1);
    let mallory = format!("mallory@{DOMAIN}");
    let forged = [
        // Copies, archive pages and contacts that only our own server may send.
        format!(
            "<message from='{mallory}/x'><received xmlns='urn:xmpp:carbons:2'>\
             <forwarded xmlns='urn:xmpp:forward:0'>{}</forwarded></received></message>",
            inner(from_bob("forged carbon"))
        ),
        format!(
            "<message from='{mallory}/x'><sent xmlns='urn:xmpp:carbons:2'>\
             <forwarded xmlns='urn:xmpp:forward:0'>{}</forwarded></sent></message>",
            inner(from_rosa("f1", "forged by me"))
        ),
        format!(
            "<message from='{mallory}'><result xmlns='urn:xmpp:mam:2' id='x' queryid='y'>\
             <forwarded xmlns='urn:xmpp:forward:0'>{}</forwarded></result></message>",
            inner(from_bob("forged archive"))
        ),
        // A page that nobody asked for, even from the right place.
        format!(
            "<message from='rosa@{DOMAIN}'><result xmlns='urn:xmpp:mam:2' id='x' queryid='y'>\
             <forwarded xmlns='urn:xmpp:forward:0'>{}</forwarded></result></message>",
            inner(from_bob("unasked archive"))
        ),
        format!(
            "<iq type='set' id='p1' from='{mallory}/x'><query xmlns='jabber:iq:roster'>\
             <item jid='{mallory}' name='Your boss' subscription='both'/></query></iq>"
        ),
        // Somebody else says that our message was read, or refused.
        format!(
            "<message from='{mallory}/x'><displayed xmlns='urn:xmpp:chat-markers:0' id='{wire}'/>\
             </message>"
        ),
        format!("<message type='error' from='{mallory}/x' id='{wire}'><error/></message>"),
    ];
    for stanza in &forged {
        peer.send(stanza).await;
    }
    peer.send(&from_bob("real")).await;
    client.wait_texts(&["mine", "real"]).await;
    assert_eq!(
        client.state(id).await,
        startalk_engine::api::DeliveryState::Sent
    );
    let Response::Contacts(contacts) = client
        .ask(Request::Contacts {
            account: client.account.clone(),
        })
        .await
    else {
        panic!("contacts")
    };
    let names: Vec<_> = contacts
        .iter()
        .map(|contact| contact.name.as_str())
        .collect();
    assert_eq!(names, ["Bob"]);
}

#[tokio::test]
async fn questions_get_an_answer_and_nonsense_gets_none() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    for odd in [
        "<iq type='result' id='never-asked'/>",
        "<iq type='error' id='q1'/>",
        "<iq/>",
        "<message/>",
        "<message from='@@@' type='chat'><body>x</body></message>",
        "<message from='bob@team.internal'><body/></message>",
        "<presence from='bob@team.internal' type='subscribed'/>",
        "<presence type='error'/>",
        "<unknown xmlns='jabber:client'/>",
        "<unknown xmlns='urn:example'/>",
        "<message from='rosa@team.internal'><received xmlns='urn:xmpp:carbons:2'/></message>",
        "<message from='rosa@team.internal'><result xmlns='urn:xmpp:mam:2'/></message>",
    ] {
        peer.send(odd).await;
    }
    peer.send("<iq type='get' id='1' from='team.internal'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await;
    let pong = peer.next().await.unwrap();
    assert_eq!(
        (pong.attr("id"), pong.attr("type"), pong.attr("to")),
        (Some("1"), Some("result"), Some("team.internal"))
    );
    peer.send("<iq type='get' id='2' from='bob@team.internal/x'><q xmlns='urn:example'/></iq>")
        .await;
    let refusal = peer.next().await.unwrap();
    assert_eq!(
        (refusal.attr("id"), refusal.attr("type")),
        (Some("2"), Some("error"))
    );
    peer.send(&from_bob("still here")).await;
    client
        .until("still here", async || {
            client.texts().await.iter().any(|text| text == "still here")
        })
        .await;
}

#[tokio::test]
async fn a_stream_that_cannot_be_read_is_left_and_begun_anew() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let huge = format!("<message><body>{}", "x".repeat(5 * 1024 * 1024));
    for (what, xml) in [
        (
            "a document type",
            "<!DOCTYPE x [<!ENTITY y 'z'>]><message/>".to_owned(),
        ),
        ("too large", huge),
        ("text between stanzas", "surprise".to_owned()),
    ] {
        // The client may leave in the middle of it.
        peer.try_send(&xml).await;
        println!("{what}");
        // Receipts of before may still be on their way.
        while peer.next().await.is_some() {}
        peer = server.signed_in().await;
        let resume = peer.next().await.unwrap();
        assert!(resume.is("resume", ns::SM), "{what}");
        peer.send("<failed xmlns='urn:xmpp:sm:3'/>").await;
        peer.begin(&[archived(&format!("a-{what}"), &from_bob(what))])
            .await;
        client
            .until(what, async || {
                client.texts().await.last().is_some_and(|text| text == what)
            })
            .await;
        client.wait_online().await;
    }
}

/// What a server lets through and we do not read. With each of them the connection
/// would end, and with the next one, to which the server gives it again, that, too.
fn unreadable() -> Vec<(&'static str, String)> {
    let attributes: String = (0..300).map(|n| format!("a{n}='' ")).collect();
    let namespace = "n".repeat(300);
    vec![
        ("tags", "<message><body></message></body>".to_owned()),
        ("prefix", "<message><x:y/></message>".to_owned()),
        (
            "deep",
            format!(
                "<message>{}{}</message>",
                "<a>".repeat(200),
                "</a>".repeat(200)
            ),
        ),
        ("wide", format!("<message><x {attributes}/></message>")),
        (
            "namespace",
            format!("<message><x xmlns='{namespace}'/></message>"),
        ),
        ("presence", "<presence><x:y/></presence>".to_owned()),
        ("iq", "<iq type='result' id='1'><x:y/></iq>".to_owned()),
    ]
}

#[tokio::test]
async fn what_cannot_be_read_counts_and_the_stream_goes_on() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let before = peer.ask_handled().await;
    let all = unreadable();
    for (what, xml) in &all {
        peer.send(xml).await;
        peer.send(&from_bob(what)).await;
        client
            .until(what, async || {
                client.texts().await.last().is_some_and(|text| text == what)
            })
            .await;
    }
    let sent = u32::try_from(all.len() * 2).unwrap();
    assert_eq!(peer.ask_handled().await, before + sent);
}

#[tokio::test]
async fn what_cannot_be_read_in_an_archive_hides_nothing_else() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    client.wait_online().await;
    drop(peer);
    peer = server.signed_in().await;
    let resume = peer.next().await.unwrap();
    assert!(resume.is("resume", ns::SM));
    peer.send("<failed xmlns='urn:xmpp:sm:3'/>").await;
    let mut page = Vec::new();
    for (what, xml) in unreadable() {
        if xml.starts_with("<message") {
            page.push(archived(&format!("x-{what}"), &xml));
            page.push(archived(&format!("a-{what}"), &from_bob(what)));
        }
    }
    peer.begin(&page).await;
    client
        .wait_texts(&["tags", "prefix", "deep", "wide", "namespace"])
        .await;
    client.wait_online().await;
}

#[tokio::test]
async fn a_long_attribute_is_read() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let long = format!("<x xmlns='urn:x' a='{}'/></message>", "x".repeat(20_000));
    peer.send(&from_bob("long").replace("</message>", &long))
        .await;
    client.wait_texts(&["long"]).await;
}

#[tokio::test]
async fn a_server_that_never_acknowledges_does_not_fill_our_memory() {
    let server = Server::start();
    let (_client, mut peer) = Client::start(&server).await;
    peer.acknowledges = false;
    let ping = "<iq type='get' id='1' from='team.internal'><ping xmlns='urn:xmpp:ping'/></iq>";
    let mut answers = 0;
    'end: for _ in 0..100 {
        peer.try_send(&ping.repeat(50)).await;
        for _ in 0..50 {
            match peer.next().await {
                Some(_) => answers += 1,
                None => break 'end,
            }
        }
    }
    assert!((1000..3000).contains(&answers), "{answers}");
}

#[tokio::test]
async fn who_is_there_is_known_only_while_connected() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    client.send("hello").await;
    peer.send(&format!(
        "<presence from='{BOB}/x'><show>dnd</show></presence>"
    ))
    .await;
    let presence = async || client.conversation().await.unwrap().presence;
    client
        .until("there", async || {
            presence().await == PresenceShow::DoNotDisturb
        })
        .await;
    drop(peer);
    client
        .until("unknown", async || {
            presence().await == PresenceShow::Offline
        })
        .await;
}

//! Presence, ours and others', and what programs can do.

use startalk_engine::api::{OwnPresenceView, OwnShow, PeopleRequest, PresenceShow, Request};
use xmpp_core::caps::{CapsHash, verification};
use xmpp_core::{Element, element, ns};

use crate::client::{BOB, Client};
use crate::peer::{Peer, Server};

/// The next of our presences.
async fn said(peer: &mut Peer) -> Element {
    loop {
        let stanza = peer.next().await.unwrap();
        if stanza.is("presence", ns::CLIENT) {
            return stanza;
        }
    }
}

fn text(presence: &Element, name: &str) -> Option<String> {
    presence.get_child(name, ns::CLIENT).map(Element::text)
}

#[tokio::test]
async fn ours_follows_the_wish_the_window_and_the_keyboard() {
    let server = Server::start();
    let (mut client, mut peer) = Client::start(&server).await;
    let set = |show, status: &str| PeopleRequest::SetPresence {
        account: client.account.clone(),
        presence: OwnPresenceView {
            show,
            status: status.to_owned(),
        },
    };
    client.people(set(OwnShow::Available, "here")).await;
    let presence = said(&mut peer).await;
    assert_eq!(text(&presence, "show"), None);
    assert_eq!(text(&presence, "status").as_deref(), Some("here"));
    let attention = |active| Request::Attention {
        active,
        idle_since_ms: Some(0),
    };
    client.ask(attention(false)).await;
    let presence = said(&mut peer).await;
    assert_eq!(text(&presence, "show").as_deref(), Some("away"));
    let idle = presence.get_child("idle", ns::IDLE).unwrap();
    assert!(
        idle.attr("since")
            .unwrap()
            .starts_with("1970-01-01T00:00:00")
    );
    assert!(peer.next().await.unwrap().is("inactive", ns::CSI));
    client.ask(attention(true)).await;
    assert!(peer.next().await.unwrap().is("active", ns::CSI));
    client.people(set(OwnShow::DoNotDisturb, "")).await;
    assert_eq!(text(&said(&mut peer).await, "show").as_deref(), Some("dnd"));
    // Kept, and said at the beginning of the next session.
    drop(peer);
    client.restart().await;
    let mut peer = server.signed_in().await;
    let mut first = None;
    loop {
        let element = peer.next().await.unwrap();
        if element.is("presence", ns::CLIENT) {
            first = Some(element);
        } else if element.is("enable", ns::SM) {
            peer.send("<enabled xmlns='urn:xmpp:sm:3'/>").await;
        } else if element.has_child("query", ns::MAM) {
            break;
        } else {
            peer.result(&element, "").await;
        }
    }
    assert_eq!(text(&first.unwrap(), "show").as_deref(), Some("dnd"));
}

#[tokio::test]
async fn we_say_goodbye() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let sign_out = Request::SignOut {
        account: client.account.clone(),
        wipe: true,
    };
    let goodbye = async {
        let presence = said(&mut peer).await;
        assert_eq!(presence.attr("type"), Some("unavailable"));
        assert!(peer.closes_in_order().await);
    };
    tokio::join!(client.ask(sign_out), goodbye);
}

#[tokio::test]
async fn theirs_is_shown_with_their_words() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.send(
        "<presence from='bob@team.internal/desk'><show>away</show><status> at lunch </status>\
         <idle xmlns='urn:xmpp:idle:1' since='1970-01-01T00:00:05Z'/></presence>",
    )
    .await;
    client
        .until("Bob is away", async || {
            client.contact(BOB).await.unwrap().presence == PresenceShow::Away
        })
        .await;
    let bob = client.contact(BOB).await.unwrap();
    assert_eq!(
        (bob.status.as_str(), bob.idle_since_ms),
        ("at lunch", Some(5_000))
    );
}

#[tokio::test]
async fn we_answer_what_we_can_do_and_only_friends_what_we_run() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let set = PeopleRequest::SetPresence {
        account: client.account.clone(),
        presence: OwnPresenceView::default(),
    };
    client.people(set.clone()).await;
    // The same again is not said again; something else is.
    let PeopleRequest::SetPresence { account, .. } = set else {
        unreachable!()
    };
    let presence = OwnPresenceView {
        status: "x".to_owned(),
        ..OwnPresenceView::default()
    };
    client
        .people(PeopleRequest::SetPresence { account, presence })
        .await;
    let presence = said(&mut peer).await;
    assert_eq!(text(&presence, "status").as_deref(), Some("x"));
    let caps = presence.get_child("c", ns::CAPS).unwrap();
    let (node, ver) = (caps.attr("node").unwrap(), caps.attr("ver").unwrap());
    let mallory = "mallory@team.internal/x";
    let bob = "bob@team.internal/x";
    let info = format!("<query xmlns='{}' node='{node}#{ver}'/>", ns::DISCO_INFO);
    let other = format!("<query xmlns='{}' node='other'/>", ns::DISCO_INFO);
    let version = format!("<query xmlns='{}'/>", ns::VERSION);
    let time = format!("<time xmlns='{}'/>", ns::TIME);
    for (from, payload, answered) in [
        (mallory, &info, true),
        (mallory, &other, false),
        (mallory, &version, false),
        (mallory, &time, false),
        (bob, &version, true),
        (bob, &time, true),
    ] {
        peer.send(&format!(
            "<iq type='get' id='1' from='{from}'>{payload}</iq>"
        ))
        .await;
        let answer = peer.next().await.unwrap();
        let kind = if answered { "result" } else { "error" };
        assert_eq!(answer.attr("type"), Some(kind), "{from} {payload}");
        if let Some(query) = answer.get_child("query", ns::DISCO_INFO)
            && answered
        {
            assert_eq!(verification(query, CapsHash::Sha1).as_deref(), Some(ver));
        }
    }
}

#[tokio::test]
async fn what_their_programs_can_do_is_asked_once_and_has_to_be_true() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let content = "<identity category='client' type='pc' name='X'/><feature var='urn:a'/>";
    let query = format!("<query xmlns='{}'>{content}</query>", ns::DISCO_INFO);
    let query = element::parse(query.as_bytes()).unwrap();
    let ver = verification(&query, CapsHash::Sha1).unwrap();
    let presence = |resource: &str, ver: &str| {
        format!(
            "<presence from='bob@team.internal/{resource}'>\
             <c xmlns='{}' hash='sha-1' node='urn:x' ver='{ver}'/></presence>",
            ns::CAPS
        )
    };
    // One that says what is not so, and another one that tells the truth.
    for (resource, ver) in [("liar", "bm90IHRydWU="), ("desk", &ver)] {
        peer.send(&presence(resource, ver)).await;
        let iq = peer.with("query", ns::DISCO_INFO).await;
        let to = format!("bob@team.internal/{resource}");
        assert_eq!(iq.attr("to"), Some(to.as_str()));
        let id = iq.attr("id").unwrap();
        peer.send(&format!(
            "<iq type='result' id='{id}' from='{to}'>\
             <query xmlns='{}'>{content}</query></iq>",
            ns::DISCO_INFO
        ))
        .await;
    }
    // Known by now: nobody is asked again.
    peer.send(&presence("phone", &ver)).await;
    peer.ask_handled().await;
    client.send("next").await;
    assert!(peer.next().await.unwrap().has_child("body", ns::CLIENT));
    let refuse = async {
        loop {
            let iq = peer.next().await.unwrap();
            let id = iq.attr("id").unwrap();
            peer.send(&format!("<iq type='result' id='{id}' from='{BOB}'/>"))
                .await;
        }
    };
    let profile = tokio::select! {
        profile = client.profile(BOB) => profile,
        () = refuse => unreachable!(),
    };
    assert_eq!(profile.features, ["urn:a"]);
    assert_eq!(profile.presence, PresenceShow::Online);
}

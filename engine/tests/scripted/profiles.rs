//! Names, pictures and cards that people publish.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use startalk_engine::api::{AvatarView, CardView, PeopleRequest, Response};
use xmpp_core::{Element, ns};

use crate::client::{BOB, Client};
use crate::peer::{DOMAIN, Peer, Server};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n rest";
const PNG_HASH: &str = "330b91706323846f9a28059239a247af21fcb1e2";

fn event(from: &str, node: &str, items: &str) -> String {
    format!(
        "<message type='headline' from='{from}' to='rosa@{DOMAIN}/desk'>\
         <event xmlns='http://jabber.org/protocol/pubsub#event'>\
         <items node='{node}'>{items}</items></event></message>"
    )
}

fn nick(from: &str, name: &str) -> String {
    let nick = format!(
        "<item id='x'><nick xmlns='{}'>{name}</nick></item>",
        ns::NICK
    );
    event(from, ns::NICK, &nick)
}

fn avatar(from: &str, hash: &str) -> String {
    let info = format!("<info id='{hash}' bytes='13' type='image/png'/>");
    let metadata = format!("<metadata xmlns='urn:xmpp:avatar:metadata'>{info}</metadata>");
    let item = format!("<item id='{hash}'>{metadata}</item>");
    event(from, ns::AVATAR_METADATA, &item)
}

async fn picture(client: &Client) -> Option<AvatarView> {
    let request = PeopleRequest::Avatar {
        account: client.account.clone(),
        address: BOB.to_owned(),
    };
    match client.people(request).await {
        Response::Avatar(found) => found,
        other => panic!("{other:?}"),
    }
}

/// Answers a question for a picture with these bytes.
async fn give(peer: &mut Peer, data: &[u8]) {
    let iq = peer.with("pubsub", ns::PUBSUB).await;
    assert_eq!(iq.attr("to"), Some(BOB));
    let (id, data) = (iq.attr("id").unwrap(), STANDARD.encode(data));
    peer.send(&format!(
        "<iq type='result' id='{id}' from='{BOB}'>\
         <pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:data'>\
         <item id='x'><data xmlns='urn:xmpp:avatar:data'>{data}</data></item>\
         </items></pubsub></iq>"
    ))
    .await;
}

#[tokio::test]
async fn strangers_change_nothing() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let mallory = "mallory@team.internal";
    peer.send(&nick(mallory, "Bob")).await;
    peer.send(&avatar(mallory, PNG_HASH)).await;
    peer.send(&format!(
        "<presence from='{mallory}/x'><x xmlns='vcard-temp:x:update'>\
         <photo>{PNG_HASH}</photo></x>\
         <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='v'/></presence>"
    ))
    .await;
    // Nobody says in Bob's name what Bob did not say.
    peer.send(&nick("bob@evil.example", "Evil")).await;
    peer.send(&nick(BOB, "Bobby")).await;
    client
        .until("Bob's name of his own", async || {
            client.contact(BOB).await.unwrap().name == "Bob"
                && nickname(&client, &mut peer).await == "Bobby"
        })
        .await;
    let request = PeopleRequest::Avatar {
        account: client.account.clone(),
        address: mallory.to_owned(),
    };
    assert_eq!(client.people(request).await, Response::Avatar(None));
    // None of it made us ask anybody anything.
    client.send("next").await;
    assert!(peer.next().await.unwrap().has_child("body", ns::CLIENT));
}

/// Bob's nickname; a question for his card is refused.
async fn nickname(client: &Client, peer: &mut Peer) -> String {
    let refuse = async {
        loop {
            let iq = peer.next().await.unwrap();
            let id = iq.attr("id").unwrap();
            peer.send(&format!(
                "<iq type='error' id='{id}' from='{BOB}'><error type='cancel'>\
                 <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
            ))
            .await;
        }
    };
    tokio::select! {
        profile = client.profile(BOB) => profile.nickname,
        () = refuse => unreachable!(),
    }
}

#[tokio::test]
async fn a_name_of_their_own_is_shown_where_we_gave_none() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    peer.send(
        "<iq type='set' id='p'><query xmlns='jabber:iq:roster'>\
         <item jid='eve@team.internal' subscription='both'/></query></iq>",
    )
    .await;
    peer.send(&nick("eve@team.internal", "Evelyn 伊芙")).await;
    let name = async || {
        client
            .contact("eve@team.internal")
            .await
            .map(|eve| eve.name)
    };
    client
        .until("Eve's own name", async || {
            name().await.as_deref() == Some("Evelyn 伊芙")
        })
        .await;
    let gone = "<retract id='x'/>";
    peer.send(&event("eve@team.internal", ns::NICK, gone)).await;
    client
        .until("no name", async || name().await.as_deref() == Some("eve"))
        .await;
}

#[tokio::test]
async fn pictures_are_fetched_once_and_have_to_be_what_their_hash_says() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    assert_eq!(picture(&client).await, None);
    peer.send(&avatar(BOB, PNG_HASH)).await;
    client
        .until("Bob has a picture", async || {
            client.contact(BOB).await.unwrap().avatar == PNG_HASH
        })
        .await;
    let (found, ()) = tokio::join!(
        picture(&client),
        give(&mut peer, b"\x89PNG\r\n\x1a\n other")
    );
    assert_eq!(found, None, "another picture");
    let (found, ()) = tokio::join!(picture(&client), give(&mut peer, PNG));
    let found = found.unwrap();
    assert_eq!(found.media_type, "image/png");
    assert_eq!(STANDARD.decode(&found.data).unwrap(), PNG);
    // From the cache, also without a connection.
    drop(peer);
    assert_eq!(picture(&client).await, Some(found));
}

#[tokio::test]
async fn our_picture_is_published_and_said() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let set = |data: &[u8]| PeopleRequest::SetAvatar {
        account: client.account.clone(),
        data: STANDARD.encode(data),
    };
    let svg = startalk_engine::api::Request::People(set(b"<svg/>"));
    assert!(client.engine.handle(svg).await.is_err());
    let serve = async {
        let mut nodes = Vec::new();
        loop {
            let stanza = peer.next().await.unwrap();
            if stanza.is("presence", ns::CLIENT) {
                return (nodes, stanza);
            }
            let publish = stanza
                .get_child("pubsub", ns::PUBSUB)
                .and_then(|pubsub| pubsub.get_child("publish", ns::PUBSUB));
            nodes.extend(publish.and_then(|publish| publish.attr("node").map(str::to_owned)));
            let content = if stanza.has_child("query", ns::DISCO_INFO) {
                "<query xmlns='http://jabber.org/protocol/disco#info'>\
                 <feature var='urn:xmpp:pep-vcard-conversion:0'/></query>"
            } else {
                ""
            };
            peer.result(&stanza, content).await;
        }
    };
    let (_, (nodes, presence)) = tokio::join!(client.people(set(PNG)), serve);
    assert_eq!(nodes, [ns::AVATAR_DATA, ns::AVATAR_METADATA]);
    let photo = presence
        .get_child("x", ns::VCARD_UPDATE)
        .and_then(|update| update.get_child("photo", ns::VCARD_UPDATE))
        .map(Element::text);
    assert_eq!(photo.as_deref(), Some(PNG_HASH));
}

/// What a request about us writes on the server, in order: nodes, those with options
/// marked, and cards of the older kind. The nodes are there already, perhaps, for
/// readers that somebody else has chosen.
async fn written(
    client: &Client,
    peer: &mut Peer,
    request: PeopleRequest,
    are_there: bool,
) -> Vec<String> {
    let mut written = Vec::new();
    let serve = async {
        loop {
            let iq = peer.next().await.unwrap();
            if !iq.is("iq", ns::CLIENT) {
                continue;
            }
            if iq.has_child("vCard", ns::VCARD_TEMP) && iq.attr("type") == Some("set") {
                written.push(ns::VCARD_TEMP.to_owned());
            }
            let pubsub = iq.get_child("pubsub", ns::PUBSUB);
            let publish = pubsub.and_then(|pubsub| pubsub.get_child("publish", ns::PUBSUB));
            let node = publish.and_then(|publish| publish.attr("node"));
            let has_options =
                pubsub.is_some_and(|pubsub| pubsub.has_child("publish-options", ns::PUBSUB));
            let mark = if has_options { " with options" } else { "" };
            written.extend(node.map(|node| format!("{node}{mark}")));
            if has_options && are_there {
                let id = iq.attr("id").unwrap();
                peer.send(&format!(
                    "<iq type='error' id='{id}'><error type='cancel'>\
                     <conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
                     <precondition-not-met xmlns='http://jabber.org/protocol/pubsub#errors'/>\
                     </error></iq>"
                ))
                .await;
            } else {
                peer.result(&iq, "").await;
            }
        }
    };
    tokio::select! {
        _ = client.people(request) => {}
        () = serve => unreachable!(),
    }
    written
}

fn with_options(node: &str) -> String {
    format!("{node} with options")
}

fn profile_of(client: &Client) -> PeopleRequest {
    PeopleRequest::SetProfile {
        account: client.account.clone(),
        nickname: "Rosie".to_owned(),
        card: CardView {
            full_name: "Rosa".to_owned(),
            department: "Sales".to_owned(),
            ..CardView::default()
        },
    }
}

/// A server that makes one card of the other would make the newer one for everybody,
/// and leave the department out (Prosody).
#[tokio::test]
async fn the_newer_card_is_written_before_and_after_the_older_one() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let request = profile_of(&client);
    assert_eq!(
        written(&client, &mut peer, request, false).await,
        [
            with_options(ns::NICK),
            with_options(ns::VCARD4_NODE),
            ns::VCARD_TEMP.to_owned(),
            with_options(ns::VCARD4_NODE),
        ]
    );
}

/// XEP-0060, section 7.1.5: older cards make nodes that everybody may read.
#[tokio::test]
async fn what_is_set_up_for_others_already_is_written_as_it_is() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let request = profile_of(&client);
    assert_eq!(
        written(&client, &mut peer, request, true).await,
        [
            with_options(ns::NICK),
            ns::NICK.to_owned(),
            with_options(ns::VCARD4_NODE),
            ns::VCARD4_NODE.to_owned(),
            ns::VCARD_TEMP.to_owned(),
            with_options(ns::VCARD4_NODE),
            ns::VCARD4_NODE.to_owned(),
        ]
    );
    let request = PeopleRequest::SetAvatar {
        account: client.account.clone(),
        data: STANDARD.encode(PNG),
    };
    assert_eq!(
        written(&client, &mut peer, request, true).await,
        [
            with_options(ns::AVATAR_DATA),
            ns::AVATAR_DATA.to_owned(),
            with_options(ns::AVATAR_METADATA),
            ns::AVATAR_METADATA.to_owned(),
            ns::VCARD_TEMP.to_owned(),
        ]
    );
}

//! Rooms, whose every word is written down here.

mod events;
mod keeping;
mod nature;
mod notices;
mod noting;
mod private;
mod wanted;

use startalk_engine::api::{
    ApiError, DeliveryState, ErrorCode, MessageKind, MessageView, Request, Response, RoomRequest,
    RoomState, RoomView, WindowAnchor,
};
use xmpp_core::{Element, ns};

use crate::client::Client;
use crate::peer::{DOMAIN, Peer, Server, within};

const ROOM: &str = "lounge@rooms.team.internal";
const USER: &str = "http://jabber.org/protocol/muc#user";

/// A bookmark, as an item of the node.
fn bookmark() -> String {
    format!(
        "<item id='{ROOM}'><conference xmlns='urn:xmpp:bookmarks:1' name='Lounge' \
         autojoin='true'><nick>Rosa</nick></conference></item>"
    )
}

fn request(client: &Client, make: impl FnOnce(String) -> RoomRequest) -> Request {
    Request::Rooms(make(client.account.clone()))
}

async fn room(client: &Client) -> RoomView {
    let get = request(client, |account| RoomRequest::Get {
        account,
        room: ROOM.to_owned(),
    });
    match client.engine.handle(get).await {
        Ok(Response::Room(room)) => *room,
        other => panic!("{other:?}"),
    }
}

async fn wait_room(client: &Client, state: RoomState) {
    client
        .until(&format!("{state:?}"), async || {
            room(client).await.state == state
        })
        .await;
}

fn join(client: &Client) -> impl Future<Output = Result<Response, ApiError>> + use<> {
    let engine = client.engine.clone();
    let join = request(client, |account| RoomRequest::Join {
        account,
        room: ROOM.to_owned(),
        nick: Some("Rosa".to_owned()),
        password: None,
    });
    async move { engine.handle(join).await }
}

async fn messages(client: &Client) -> Vec<MessageView> {
    let ask = Request::Messages {
        account: client.account.clone(),
        conversation: ROOM.to_owned(),
        anchor: WindowAnchor::Latest,
        limit: 100,
    };
    match client.ask(ask).await {
        Response::Messages(window) => window.messages,
        other => panic!("{other:?}"),
    }
}

async fn wait_texts(client: &Client, texts: &[&str]) {
    client
        .until(&format!("{texts:?}"), async || {
            let messages = messages(client).await;
            messages
                .iter()
                .filter(|one| one.kind != MessageKind::Event)
                .map(|one| one.text.as_str())
                .eq(texts.iter().copied())
        })
        .await;
}

async fn say(client: &Client, text: &str) -> i64 {
    let send = Request::SendMessage {
        account: client.account.clone(),
        conversation: ROOM.to_owned(),
        text: text.to_owned(),
    };
    match client.ask(send).await {
        Response::Message(id) => id,
        other => panic!("{other:?}"),
    }
}

/// An answer of whoever was asked.
async fn answer(peer: &mut Peer, iq: &Element, content: &str) {
    let (id, from) = (iq.attr("id").unwrap(), iq.attr("to").unwrap());
    peer.send(&format!(
        "<iq type='result' id='{id}' from='{from}'>{content}</iq>"
    ))
    .await;
}

async fn refuse(peer: &mut Peer, stanza: &Element, condition: &str) {
    let name = stanza.name();
    let id = stanza.attr("id").unwrap_or_default();
    let from = stanza.attr("to").unwrap();
    peer.send(&format!(
        "<{name} type='error' id='{id}' from='{from}' to='rosa@{DOMAIN}/desk'>\
         <error type='cancel'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>\
         </{name}>"
    ))
    .await;
}

/// Says what the room is like, when asked.
async fn tell(peer: &mut Peer, features: &[&str]) {
    let iq = peer.with("query", ns::DISCO_INFO).await;
    assert_eq!(iq.attr("to"), Some(ROOM));
    let features: String = features
        .iter()
        .map(|name| format!("<feature var='{name}'/>"))
        .collect();
    let identity = "<identity category='conference' type='text' name='Lounge'/>";
    answer(
        peer,
        &iq,
        &format!(
            "<query xmlns='http://jabber.org/protocol/disco#info'>{identity}{features}</query>"
        ),
    )
    .await;
}

fn presence(nick: &str, attributes: &str, item: &str, codes: &[u16]) -> String {
    let codes: String = codes
        .iter()
        .map(|code| format!("<status code='{code}'/>"))
        .collect();
    format!(
        "<presence from='{ROOM}/{nick}' to='rosa@{DOMAIN}/desk' {attributes}>\
         <x xmlns='{USER}'><item {item}/>{codes}</x></presence>"
    )
}

/// Lets us in; Bob is there.
async fn let_in(peer: &mut Peer) -> Element {
    let asked = peer.with("x", ns::MUC).await;
    let nick = asked
        .attr("to")
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let bob = format!("affiliation='member' role='participant' jid='bob@{DOMAIN}/x'");
    peer.send(&presence("Bob", "", &bob, &[])).await;
    let us = "affiliation='owner' role='moderator'";
    peer.send(&presence(&nick, "", us, &[100, 110])).await;
    asked
}

fn groupchat(nick: &str, id: &str, text: &str) -> String {
    format!(
        "<message type='groupchat' from='{ROOM}/{nick}' id='{id}'><body>{text}</body>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='s-{text}'/></message>"
    )
}

/// Gives the newest page of the room's archive: what Bob has said.
async fn give_archive(peer: &mut Peer, texts: &[&str]) {
    let said: Vec<_> = texts.iter().map(|text| ("Bob", "b", *text)).collect();
    give_page(peer, &said, true).await;
}

/// Gives a page of the room's archive: nickname, id and text of each.
async fn give_page(peer: &mut Peer, said: &[(&str, &str, &str)], complete: bool) {
    let iq = peer.with("query", ns::MAM).await;
    assert_eq!(iq.attr("to"), Some(ROOM));
    let query = iq.get_child("query", ns::MAM).unwrap();
    let query_id = query.attr("queryid").unwrap();
    for (nick, id, text) in said {
        let inner =
            groupchat(nick, id, text).replacen("<message", "<message xmlns='jabber:client'", 1);
        peer.send(&format!(
            "<message from='{ROOM}'><result xmlns='urn:xmpp:mam:2' id='s-{text}' \
             queryid='{query_id}'><forwarded xmlns='urn:xmpp:forward:0'>\
             <delay xmlns='urn:xmpp:delay' stamp='2026-01-02T03:04:05Z'/>{inner}\
             </forwarded></result></message>"
        ))
        .await;
    }
    let fin = format!("<fin xmlns='urn:xmpp:mam:2' complete='{complete}'/>");
    answer(peer, &iq, &fin).await;
}

/// A client whose bookmarks have the room, and that is let in; it is about to ask for
/// the archive.
async fn client_behind(server: &Server) -> (Client, Peer) {
    let secrets = std::sync::Arc::new(startalk_engine::MemorySecrets::default());
    let client = Client::join(server, secrets, crate::client::TIMEOUTS).await;
    let mut peer = server.signed_in().await;
    peer.bookmarks = Some(bookmark());
    peer.begin(&[]).await;
    client.wait_online().await;
    tell(&mut peer, &["urn:xmpp:mam:2"]).await;
    let_in(&mut peer).await;
    (client, peer)
}

/// The same, once it has joined.
async fn client_in_room(server: &Server) -> (Client, Peer) {
    let (client, mut peer) = client_behind(server).await;
    give_archive(&mut peer, &[]).await;
    wait_room(&client, RoomState::Joined).await;
    (client, peer)
}

#[tokio::test]
async fn a_room_is_joined_with_its_past_and_what_is_said_shows_once() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let joining = tokio::spawn(join(&client));
    tell(&mut peer, &["urn:xmpp:mam:2", "muc_membersonly"]).await;
    let asked = let_in(&mut peer).await;
    assert_eq!(asked.attr("to"), Some("lounge@rooms.team.internal/Rosa"));
    let history = asked.get_child("x", ns::MUC).unwrap();
    let history = history.get_child("history", ns::MUC).unwrap();
    assert_eq!(history.attr("maxchars"), Some("0"), "the archive has it");
    // What comes while the archive is read is newer than all of it.
    peer.send(&groupchat("Bob", "b", "live")).await;
    peer.send(&format!(
        "<message type='groupchat' from='{ROOM}/Bob'><subject>Lunch</subject></message>"
    ))
    .await;
    // The room is noted for all devices, beside reading.
    let (mut noted, mut read) = (false, false);
    while !(noted && read) {
        let iq = peer.next().await.unwrap();
        if iq.has_child("pubsub", ns::PUBSUB) {
            peer.result(&iq, "").await;
            noted = true;
        } else if iq.has_child("query", ns::MAM) {
            let query_id = iq
                .get_child("query", ns::MAM)
                .unwrap()
                .attr("queryid")
                .unwrap();
            let inner = groupchat("Bob", "b", "past").replacen(
                "<message",
                "<message xmlns='jabber:client'",
                1,
            );
            peer.send(&format!(
                "<message from='{ROOM}'><result xmlns='urn:xmpp:mam:2' id='s-past' \
                 queryid='{query_id}'><forwarded xmlns='urn:xmpp:forward:0'>\
                 <delay xmlns='urn:xmpp:delay' stamp='2026-01-02T03:04:05Z'/>{inner}\
                 </forwarded></result></message>"
            ))
            .await;
            answer(
                &mut peer,
                &iq,
                "<fin xmlns='urn:xmpp:mam:2' complete='true'/>",
            )
            .await;
            read = true;
        }
    }
    let joined = within("the answer", joining).await.unwrap().unwrap();
    assert!(matches!(joined, Response::Room(_)));
    wait_texts(&client, &["past", "live"]).await;
    client
        .until("the subject", async || {
            room(&client).await.subject == "Lunch"
        })
        .await;
    let view = room(&client).await;
    assert_eq!(
        (view.name.as_str(), view.subject.as_str()),
        ("Lounge", "Lunch")
    );
    assert!(view.features.members_only && view.occupants == 2);
    let bob = &messages(&client).await[1];
    assert_eq!(
        (bob.author.as_str(), bob.author_name.as_str()),
        ("bob@team.internal", "Bob")
    );

    peer.acknowledges = false;
    let id = say(&client, "mine").await;
    let message = peer.text().await;
    assert_eq!(message.attr("type"), Some("groupchat"));
    assert!(!message.has_child("request", ns::RECEIPTS));
    let wire = message.attr("id").unwrap().to_owned();
    peer.send(&groupchat("Rosa", &wire, "mine")).await;
    client
        .until("sent", async || {
            let all = messages(&client).await;
            all.iter()
                .any(|one| one.id == id && one.delivery == Some(DeliveryState::Sent))
        })
        .await;
    wait_texts(&client, &["past", "live", "mine"]).await;
}

#[tokio::test]
async fn refusals_say_why_and_a_taken_nickname_is_changed() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    for (condition, code) in [
        ("not-authorized", ErrorCode::RoomPassword),
        ("registration-required", ErrorCode::RoomMembersOnly),
        ("forbidden", ErrorCode::RoomBanned),
        ("service-unavailable", ErrorCode::RoomFull),
    ] {
        let joining = tokio::spawn(join(&client));
        tell(&mut peer, &[]).await;
        let asked = peer.with("x", ns::MUC).await;
        refuse(&mut peer, &asked, condition).await;
        let error = within("the answer", joining).await.unwrap().unwrap_err();
        assert_eq!(error.code, code, "{condition}");
    }
    let joining = tokio::spawn(join(&client));
    let iq = peer.with("query", ns::DISCO_INFO).await;
    refuse(&mut peer, &iq, "item-not-found").await;
    let error = within("the answer", joining).await.unwrap().unwrap_err();
    assert_eq!(error.code, ErrorCode::RoomUnknown);

    let joining = tokio::spawn(join(&client));
    tell(&mut peer, &[]).await;
    let asked = peer.with("x", ns::MUC).await;
    refuse(&mut peer, &asked, "conflict").await;
    let asked = let_in(&mut peer).await;
    assert_eq!(asked.attr("to"), Some("lounge@rooms.team.internal/Rosa 2"));
    let iq = peer.with("pubsub", ns::PUBSUB).await;
    peer.result(&iq, "").await;
    within("the answer", joining).await.unwrap().unwrap();
    assert_eq!(room(&client).await.nick, "Rosa 2");
}

/// Everybody in a room knows the ids of what we say: who is in it cannot refuse it, nor
/// have us say it again.
#[tokio::test]
async fn nobody_in_a_room_refuses_what_we_have_said_to_it() {
    let server = Server::start();
    let (client, mut peer) = client_in_room(&server).await;
    let id = say(&client, "mine").await;
    let wire = peer.text().await.attr("id").unwrap().to_owned();
    peer.send(&groupchat("Rosa", &wire, "mine")).await;
    wait_texts(&client, &["mine"]).await;
    for condition in ["policy-violation", "not-acceptable"] {
        peer.send(&format!(
            "<message type='error' id='{wire}' from='{ROOM}/Bob' to='rosa@{DOMAIN}/desk'>\
             <error type='cancel'>\
             <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
        ))
        .await;
    }
    peer.send(&groupchat("Bob", "b", "after it")).await;
    wait_texts(&client, &["mine", "after it"]).await;
    let mine = &messages(&client).await[0];
    assert_eq!((mine.id, &mine.delivery), (id, &Some(DeliveryState::Sent)));
    assert_eq!(room(&client).await.state, RoomState::Joined);
    // Not once more: what is said next is what comes next.
    say(&client, "next").await;
    assert_eq!(crate::peer::body(&peer.text().await), "next");
}

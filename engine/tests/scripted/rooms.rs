//! Rooms, whose every word is written down here.

use startalk_engine::api::{
    ApiError, DeliveryState, ErrorCode, LeftWhy, MessageView, Request, Response, RoomRequest,
    RoomState, RoomView, WindowAnchor,
};
use xmpp_core::{Element, ns};

use crate::client::Client;
use crate::peer::{DOMAIN, Peer, Server, body, within};

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
    peer.send(&presence(&nick, "", us, &[110])).await;
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
    let iq = peer.with("query", ns::MAM).await;
    assert_eq!(iq.attr("to"), Some(ROOM));
    let query_id = iq
        .get_child("query", ns::MAM)
        .unwrap()
        .attr("queryid")
        .unwrap();
    for text in texts {
        let inner =
            groupchat("Bob", "b", text).replacen("<message", "<message xmlns='jabber:client'", 1);
        peer.send(&format!(
            "<message from='{ROOM}'><result xmlns='urn:xmpp:mam:2' id='s-{text}' \
             queryid='{query_id}'><forwarded xmlns='urn:xmpp:forward:0'>\
             <delay xmlns='urn:xmpp:delay' stamp='2026-01-02T03:04:05Z'/>{inner}\
             </forwarded></result></message>"
        ))
        .await;
    }
    answer(peer, &iq, "<fin xmlns='urn:xmpp:mam:2' complete='true'/>").await;
}

/// A client whose bookmarks have the room, up to its being joined.
async fn client_in_room(server: &Server) -> (Client, Peer) {
    let secrets = std::sync::Arc::new(startalk_engine::MemorySecrets::default());
    let client = Client::join(server, secrets, crate::client::TIMEOUTS).await;
    let mut peer = server.signed_in().await;
    peer.bookmarks = Some(bookmark());
    peer.begin(&[]).await;
    client.wait_online().await;
    tell(&mut peer, &["urn:xmpp:mam:2"]).await;
    let_in(&mut peer).await;
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

#[tokio::test]
async fn whoever_is_put_out_does_not_come_back_by_itself() {
    let server = Server::start();
    let (mut client, mut peer) = client_in_room(&server).await;
    let us = "affiliation='none' role='none'";
    peer.send(&presence("Rosa", "type='unavailable'", us, &[110, 307]))
        .await;
    wait_room(&client, RoomState::Left).await;
    assert_eq!(room(&client).await.left.unwrap().why, LeftWhy::Kicked);
    client.restart().await;
    let mut peer = server.signed_in().await;
    peer.bookmarks = Some(bookmark());
    peer.begin(&[]).await;
    client.wait_online().await;
    client.send("next").await;
    assert_eq!(
        body(&peer.next().await.unwrap()),
        "next",
        "no presence to the room"
    );
    assert_eq!(room(&client).await.state, RoomState::Left);
}

#[tokio::test]
async fn after_a_resumption_a_room_that_has_lost_us_is_joined_again() {
    let server = Server::start();
    let (client, peer) = client_in_room(&server).await;
    let had = peer.received;
    drop(peer);
    let mut peer = server.signed_in().await;
    let resume = peer.next().await.unwrap();
    assert!(resume.is("resume", ns::SM));
    peer.received = had;
    peer.send(&format!(
        "<resumed xmlns='urn:xmpp:sm:3' previd='session-1' h='{had}'/>"
    ))
    .await;
    let ping = peer.with("ping", ns::PING).await;
    assert_eq!(ping.attr("to"), Some("lounge@rooms.team.internal/Rosa"));
    // Said into a room that does not have us any more.
    say(&client, "waits").await;
    let lost = peer.text().await;
    refuse(&mut peer, &ping, "not-acceptable").await;
    refuse(&mut peer, &lost, "not-acceptable").await;
    peer.with("x", ns::MUC).await;
    let us = "affiliation='owner' role='moderator'";
    peer.send(&presence("Rosa", "", us, &[110])).await;
    give_archive(&mut peer, &["missed"]).await;
    let again = peer.text().await;
    assert_eq!(again.attr("id"), lost.attr("id"));
    let reflected = groupchat("Rosa", lost.attr("id").unwrap(), "waits");
    peer.send(&reflected).await;
    wait_texts(&client, &["missed", "waits"]).await;
}

#[tokio::test]
async fn without_stream_management_the_room_says_what_has_arrived() {
    let server = Server::start();
    let secrets = std::sync::Arc::new(startalk_engine::MemorySecrets::default());
    let client = Client::join(&server, secrets, crate::client::TIMEOUTS).await;
    let mut peer = server.signed_in().await;
    peer.manages = false;
    peer.bookmarks = Some(bookmark());
    peer.begin(&[]).await;
    tell(&mut peer, &["urn:xmpp:mam:2"]).await;
    let_in(&mut peer).await;
    give_archive(&mut peer, &[]).await;
    client.wait_online().await;
    wait_room(&client, RoomState::Joined).await;
    let id = say(&client, "mine").await;
    let wire = peer.text().await.attr("id").unwrap().to_owned();
    let state = async || {
        let all = messages(&client).await;
        all.into_iter()
            .find(|one| one.id == id)
            .unwrap()
            .delivery
            .unwrap()
    };
    assert_eq!(state().await, DeliveryState::Waiting);
    drop(peer);
    // It did arrive.
    let mut peer = server.signed_in().await;
    peer.manages = false;
    peer.bookmarks = Some(bookmark());
    peer.begin(&[]).await;
    let_in(&mut peer).await;
    let iq = peer.with("query", ns::MAM).await;
    let query_id = iq
        .get_child("query", ns::MAM)
        .unwrap()
        .attr("queryid")
        .unwrap();
    let inner =
        groupchat("Rosa", &wire, "mine").replacen("<message", "<message xmlns='jabber:client'", 1);
    peer.send(&format!(
        "<message from='{ROOM}'><result xmlns='urn:xmpp:mam:2' id='s-mine' queryid='{query_id}'>\
         <forwarded xmlns='urn:xmpp:forward:0'>\
         <delay xmlns='urn:xmpp:delay' stamp='2026-01-02T03:04:05Z'/>{inner}</forwarded>\
         </result></message>"
    ))
    .await;
    answer(
        &mut peer,
        &iq,
        "<fin xmlns='urn:xmpp:mam:2' complete='true'/>",
    )
    .await;
    client
        .until("sent", async || state().await == DeliveryState::Sent)
        .await;
    wait_room(&client, RoomState::Joined).await;
    say(&client, "next").await;
    assert_eq!(body(&peer.text().await), "next", "nothing twice");
}

#[tokio::test]
async fn bookmarks_of_before_are_read_and_written_where_there_are_no_others() {
    let server = Server::start();
    let secrets = std::sync::Arc::new(startalk_engine::MemorySecrets::default());
    let client = Client::join(&server, secrets, crate::client::TIMEOUTS).await;
    let mut peer = server.signed_in().await;
    peer.bookmarks = None;
    peer.begin(&[]).await;
    let storage = |extra: &str| {
        format!(
            "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'>\
             <url url='https://a.example'/>{extra}</storage></query>"
        )
    };
    let old = format!("<conference jid='{ROOM}' autojoin='1'><nick>Rosa</nick></conference>");
    for _ in 0..3 {
        let iq = peer.next().await.unwrap();
        if iq.has_child("query", ns::PRIVATE) {
            peer.result(&iq, &storage(&old)).await;
        } else if iq.has_child("query", ns::DISCO_INFO) {
            peer.result(
                &iq,
                "<query xmlns='http://jabber.org/protocol/disco#info'/>",
            )
            .await;
        } else {
            peer.send(&format!(
                "<iq type='error' id='{}'><error type='cancel'><service-unavailable \
                 xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
                iq.attr("id").unwrap()
            ))
            .await;
        }
    }
    tell(&mut peer, &[]).await;
    let asked = let_in(&mut peer).await;
    assert_eq!(asked.attr("to"), Some("lounge@rooms.team.internal/Rosa"));
    wait_room(&client, RoomState::Joined).await;
    // What a room without an archive gives to whoever comes, again and again.
    let history = format!(
        "<message type='groupchat' from='{ROOM}/Bob' id='b1'><body>old</body>\
         <delay xmlns='urn:xmpp:delay' stamp='2026-01-02T03:04:05Z'/></message>"
    );
    peer.send(&history).await;
    peer.send(&history).await;
    peer.send(&groupchat("Bob", "b2", "new")).await;
    wait_texts(&client, &["old", "new"]).await;
    let engine = client.engine.clone();
    let leave = request(&client, |account| RoomRequest::Leave {
        account,
        room: ROOM.to_owned(),
        forget: false,
    });
    let leaving = tokio::spawn(async move { engine.handle(leave).await });
    let gone = peer.next().await.unwrap();
    assert_eq!(gone.attr("type"), Some("unavailable"));
    let iq = peer.with("query", ns::PRIVATE).await;
    peer.result(&iq, &storage(&old)).await;
    let iq = peer.with("query", ns::PRIVATE).await;
    let kept = iq.get_child("query", ns::PRIVATE).unwrap();
    let kept = kept.get_child("storage", ns::LEGACY_BOOKMARKS).unwrap();
    assert!(
        kept.has_child("url", ns::LEGACY_BOOKMARKS),
        "not ours to lose"
    );
    let conference = kept.get_child("conference", ns::LEGACY_BOOKMARKS).unwrap();
    assert_eq!(
        (conference.attr("jid"), conference.attr("autojoin")),
        (Some(ROOM), Some("false"))
    );
    peer.result(&iq, "").await;
    within("the answer", leaving).await.unwrap().unwrap();
    assert_eq!(room(&client).await.state, RoomState::NotJoined);
}

#[tokio::test]
async fn invitations_are_listed_until_they_are_answered() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let invitation = format!(
        "<message from='bob@{DOMAIN}/x' to='rosa@{DOMAIN}'><x xmlns='jabber:x:conference' \
         jid='{ROOM}' reason='tea'/></message>"
    );
    peer.send(&invitation).await;
    let open = async || {
        let ask = request(&client, |account| RoomRequest::Invitations { account });
        match client.ask(ask).await {
            Response::Invitations(all) => all,
            other => panic!("{other:?}"),
        }
    };
    client
        .until("an invitation", async || !open().await.is_empty())
        .await;
    let first = open().await.remove(0);
    assert_eq!(
        (first.room.as_str(), first.inviter_name.as_str()),
        (ROOM, "Bob")
    );
    client
        .ask(request(&client, |account| RoomRequest::Decline {
            account,
            room: ROOM.to_owned(),
        }))
        .await;
    assert_eq!(open().await, []);
}

//! The notice on top of a room, and who has closed it (U100).

use startalk_engine::api::NoticeReadersView;

use super::*;

const PERSON: &str = "affiliation='none' role='participant'";

fn notice(nick: &str, id: &str, text: &str) -> String {
    format!(
        "<message type='groupchat' from='{ROOM}/{nick}' id='x'><subject>{text}</subject>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='{id}'/></message>"
    )
}

fn closes(nick: &str, id: &str) -> String {
    format!(
        "<message type='groupchat' from='{ROOM}/{nick}' id='y-{nick}'>\
         <reactions xmlns='urn:xmpp:reactions:0' id='{id}'><reaction>✅</reaction></reactions>\
         <store xmlns='urn:xmpp:hints'/></message>"
    )
}

/// Asks who has read the notice; the room shows us none of its lists.
async fn readers(client: &Client, peer: &mut Peer) -> (Vec<String>, Vec<String>) {
    let ask = request(client, |account| RoomRequest::NoticeReaders {
        account,
        room: ROOM.to_owned(),
    });
    let engine = client.engine.clone();
    let asked = tokio::spawn(async move { engine.handle(ask).await });
    for _ in 0..4 {
        let iq = peer
            .with("query", "http://jabber.org/protocol/muc#admin")
            .await;
        refuse(peer, &iq, "forbidden").await;
    }
    match within("the answer", asked).await.unwrap() {
        Ok(Response::NoticeReaders(NoticeReadersView { closed, open })) => {
            let names = |all: Vec<startalk_engine::api::NoticeReaderView>| {
                all.into_iter().map(|one| one.name).collect()
            };
            (names(closed), names(open))
        }
        other => panic!("{other:?}"),
    }
}

async fn wait_notice(client: &Client, text: &str) {
    client
        .until(text, async || room(client).await.subject == text)
        .await;
}

#[tokio::test]
async fn u100_who_has_closed_the_notice_of_a_room_is_known() {
    let server = Server::start();
    let (client, mut peer) = client_in_room(&server).await;
    for nick in ["Carl", "Dora"] {
        peer.send(&presence(nick, "", PERSON, &[])).await;
    }
    // What crosses the notice on its way waits for it.
    peer.send(&closes("Dora", "n1")).await;
    peer.send(&notice("Bob", "n1", "Freeze")).await;
    wait_notice(&client, "Freeze").await;
    let view = room(&client).await;
    assert_eq!((view.notice_told, view.notice_closed), (true, false));
    // Bob has written it.
    let (closed, open) = readers(&client, &mut peer).await;
    assert_eq!(
        (closed, open),
        (vec!["Dora".to_owned()], vec!["Carl".to_owned()])
    );
    peer.send(&closes("Carl", "n1")).await;
    peer.send(&groupchat("Carl", "c", "seen")).await;
    wait_texts(&client, &["seen"]).await;
    let (closed, open) = readers(&client, &mut peer).await;
    assert_eq!(closed.len(), 2);
    assert!(open.is_empty(), "{open:?}");
    // It is no reaction to a message.
    assert!(
        messages(&client)
            .await
            .iter()
            .all(|one| one.reactions.is_empty())
    );

    // Another one is read anew.
    peer.send(&notice("Bob", "n2", "Thaw")).await;
    wait_notice(&client, "Thaw").await;
    let (closed, open) = readers(&client, &mut peer).await;
    assert!(closed.is_empty(), "{closed:?}");
    assert_eq!(open, ["Carl", "Dora"]);
}

#[tokio::test]
async fn u100_closing_is_told_to_the_room_and_to_our_other_devices() {
    let server = Server::start();
    let (client, mut peer) = client_in_room(&server).await;
    let close = || {
        request(&client, |account| RoomRequest::CloseNotice {
            account,
            room: ROOM.to_owned(),
        })
    };
    peer.send(&notice("Bob", "n1", "Freeze")).await;
    wait_notice(&client, "Freeze").await;
    assert!(matches!(client.ask(close()).await, Response::Done));
    assert!(room(&client).await.notice_closed);
    let told = peer.with("reactions", ns::REACTIONS).await;
    assert_eq!(
        (told.attr("to"), told.attr("id")),
        (Some(ROOM), Some("n-n1"))
    );
    let reactions = told.get_child("reactions", ns::REACTIONS).unwrap();
    assert_eq!(reactions.attr("id"), Some("n1"));
    assert_eq!(reactions.children().count(), 1);
    peer.send(&notice("Bob", "n2", "Thaw")).await;
    wait_notice(&client, "Thaw").await;
    assert!(!room(&client).await.notice_closed);
    // Another device of ours closes it.
    peer.send(&closes("Rosa", "n2")).await;
    client
        .until("closed", async || room(&client).await.notice_closed)
        .await;

    // A room that gives no ids learns nothing, but it stays closed.
    peer.send(&format!(
        "<message type='groupchat' from='{ROOM}/Bob'><subject>Lunch</subject></message>"
    ))
    .await;
    wait_notice(&client, "Lunch").await;
    let view = room(&client).await;
    assert_eq!((view.notice_told, view.notice_closed), (false, false));
    assert!(matches!(client.ask(close()).await, Response::Done));
    assert!(room(&client).await.notice_closed);
}

//! What happens in a room is among its messages (U99).

use startalk_engine::api::{RoomEventKind, RoomEventView};

use super::*;

async fn events(client: &Client) -> Vec<RoomEventView> {
    let messages = messages(client).await;
    messages.into_iter().filter_map(|one| one.event).collect()
}

/// Waits for so many, and gives what and whom they are about.
async fn wait_events(client: &Client, count: usize) -> Vec<(RoomEventKind, String)> {
    client
        .until(&format!("{count} events"), async || {
            events(client).await.len() >= count
        })
        .await;
    let events = events(client).await.into_iter();
    events.map(|event| (event.what, event.who)).collect()
}

const ANNA: &str = "affiliation='none' role='participant'";
const MEMBER: &str = "affiliation='member' role='participant'";

#[tokio::test]
async fn u99_what_happens_is_told_once_and_is_never_unread() {
    let server = Server::start();
    let (client, mut peer) = client_in_room(&server).await;
    peer.send(&groupchat("Bob", "b", "hello")).await;
    for said in [
        presence("Anna", "", ANNA, &[]),
        // Away, or a second device: no news.
        presence("Anna", "", ANNA, &[]),
        presence("Anna", "", MEMBER, &[]),
        presence(
            "Anna",
            "type='unavailable'",
            "affiliation='member' role='participant' nick='Ann'",
            &[303],
        ),
        presence("Ann", "", MEMBER, &[]),
        presence("Ann", "type='unavailable'", MEMBER, &[]),
        format!(
            "<presence from='{ROOM}/Bob' to='rosa@{DOMAIN}/desk' type='unavailable'>\
             <x xmlns='{USER}'><item affiliation='outcast' role='none'><actor nick='Rosa'/>\
             <reason>spam</reason></item><status code='301'/></x></presence>"
        ),
        format!("<message type='groupchat' from='{ROOM}/Carl'><subject>Lunch</subject></message>"),
        format!("<message type='groupchat' from='{ROOM}/Carl'><subject>Dinner</subject></message>"),
        groupchat("Carl", "c", "last"),
    ] {
        peer.send(&said).await;
    }
    wait_texts(&client, &["hello", "last"]).await;
    use RoomEventKind::{Banned, Joined, Left, MadeMember, Renamed, Subject};
    let wanted = [
        (Joined, "Anna"),
        (MadeMember, "Anna"),
        (Renamed, "Anna"),
        (Left, "Ann"),
        (Banned, "Bob"),
        // The first one may be what the room had before we came.
        (Subject, "Carl"),
    ];
    let found = wait_events(&client, wanted.len()).await;
    assert_eq!(found, wanted.map(|(what, who)| (what, who.to_owned())));
    let all = events(&client).await;
    assert_eq!(
        (all[2].text.as_str(), all[5].text.as_str()),
        ("Ann", "Dinner")
    );
    let banned = &all[4];
    assert_eq!(
        (banned.by.as_deref(), banned.text.as_str()),
        (Some("Rosa"), "spam")
    );
    // They lie where they happened, count for nothing, and are no preview.
    let kinds: Vec<_> = messages(&client).await.iter().map(|one| one.kind).collect();
    assert_eq!((kinds.len(), kinds[0]), (8, MessageKind::Text));
    assert_eq!(kinds[7], MessageKind::Text);
    let list = client
        .ask(Request::Conversations {
            account: client.account.clone(),
        })
        .await;
    let Response::Conversations(rows) = list else {
        panic!("{list:?}")
    };
    let row = rows.iter().find(|row| row.id == ROOM).unwrap();
    assert_eq!((row.unread, row.preview.as_str()), (2, "last"));
}

#[tokio::test]
async fn u99_who_is_there_when_we_come_again_is_no_news() {
    let server = Server::start();
    let (mut client, mut peer) = client_in_room(&server).await;
    peer.send(&presence("Anna", "", ANNA, &[])).await;
    assert_eq!(wait_events(&client, 1).await.len(), 1);
    tokio::join!(client.restart(), peer.closes_in_order());
    let mut peer = server.signed_in().await;
    peer.bookmarks = Some(bookmark());
    peer.begin(&[]).await;
    client.wait_online().await;
    // Anna has stayed, Dora is new: both were there before us.
    peer.send(&presence("Anna", "", ANNA, &[])).await;
    peer.send(&presence("Dora", "", ANNA, &[])).await;
    let_in(&mut peer).await;
    give_archive(&mut peer, &[]).await;
    wait_room(&client, RoomState::Joined).await;
    peer.send(&presence("Emil", "", ANNA, &[])).await;
    let found = wait_events(&client, 2).await;
    assert_eq!(found[1], (RoomEventKind::Joined, "Emil".to_owned()));
    assert_eq!(found.len(), 2);
}

#[tokio::test]
async fn u99_in_a_large_room_nobody_is_told_who_comes_and_goes() {
    let server = Server::start();
    let (client, mut peer) = client_in_room(&server).await;
    // With the two who are there, this makes as many as are told of.
    for number in 0..49 {
        peer.send(&presence(&format!("p{number}"), "", ANNA, &[]))
            .await;
    }
    let told = wait_events(&client, 49).await.len();
    assert_eq!(told, 49);
    for said in [
        presence("one too many", "", ANNA, &[]),
        presence("p1", "type='unavailable'", ANNA, &[]),
        presence("p2", "type='unavailable'", ANNA, &[307]),
    ] {
        peer.send(&said).await;
    }
    let found = wait_events(&client, 50).await;
    assert_eq!(found[49], (RoomEventKind::Kicked, "p2".to_owned()));
    assert_eq!(found.len(), 50);
}

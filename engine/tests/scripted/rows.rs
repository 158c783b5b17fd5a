//! Rows of the list, read one by one.

use startalk_engine::api::{
    ConversationFilter, ConversationRequest, Event, NotifyLevel, Request, Response,
};

use crate::archived::archived;
use crate::client::{BOB, Client};
use crate::lists::{about, hear, page, set_notify};
use crate::peer::{DOMAIN, Server, from_bob, within};

async fn rows(client: &Client, conversations: &[&str]) -> (Vec<String>, u32) {
    let request = ConversationRequest::Rows {
        account: client.account.clone(),
        conversations: conversations.iter().map(|&id| id.to_owned()).collect(),
    };
    match about(client, request).await {
        Response::ConversationPage(page) => (
            page.rows.into_iter().map(|row| row.id).collect(),
            page.total,
        ),
        other => panic!("{other:?}"),
    }
}

/// Whatever changes in one row, the list learns which.
#[tokio::test]
async fn each_change_of_a_row_names_it() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    hear(&client, &mut peer, "one").await;
    let mut events = client.engine.subscribe();
    let mut is_told = async |what: &str| {
        within(what, async {
            loop {
                match events.next().await.unwrap() {
                    Event::ConversationChanged { conversation, .. } if conversation == BOB => break,
                    Event::ConversationsChanged { .. } => panic!("{what}: not which"),
                    _ => {}
                }
            }
        })
        .await;
    };
    peer.send(&from_bob("two")).await;
    is_told("a message").await;
    peer.send(&format!(
        "<message type='chat' from='{BOB}/x'>\
         <composing xmlns='http://jabber.org/protocol/chatstates'/></message>"
    ))
    .await;
    is_told("somebody types").await;
    let last = client.messages().await[1].id;
    client.mark_displayed(last).await;
    is_told("it was read").await;
    let draft = Request::SetDraft {
        account: client.account.clone(),
        conversation: BOB.to_owned(),
        text: "and".to_owned(),
    };
    client.ask(draft).await;
    is_told("a draft").await;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    set_notify(&client, NotifyLevel::None, Some(now_ms + 700)).await;
    is_told("muted for a while").await;
    assert_eq!(
        client.conversation().await.unwrap().notify,
        NotifyLevel::None
    );
    is_told("not any more").await;
    assert_eq!(
        client.conversation().await.unwrap().notify,
        NotifyLevel::All
    );
}

#[tokio::test]
async fn rows_are_read_by_name_in_the_order_of_the_list() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    hear(&client, &mut peer, "one").await;
    let eve = format!("eve@{DOMAIN}");
    peer.send(&from_bob("hi").replace("bob@", "eve@")).await;
    client
        .until("eve", async || rows(&client, &[&eve]).await.1 == 2)
        .await;
    let both = rows(&client, &[BOB, &eve]).await;
    let list = page(&client, ConversationFilter::All).await;
    let order: Vec<String> = list.into_iter().map(|row| row.id).collect();
    assert_eq!(both, (order, 2));
    assert_eq!(
        rows(&client, &["nobody@x", "'", BOB]).await,
        (vec![BOB.to_owned()], 2)
    );
    assert_eq!(rows(&client, &[]).await, (Vec::new(), 2));
}

/// The newest page of the archive is read with each session, and when a text of ours has
/// crossed others: what was removed here is no news by that.
#[tokio::test]
async fn what_was_removed_stays_away_when_the_archive_is_read_again() {
    let server = Server::start();
    let (mut client, mut peer) = Client::start(&server).await;
    let kept = |text: &str| archived(&format!("s-{text}"), &from_bob(text));
    peer.send(&from_bob("old")).await;
    client.wait_texts(&["old"]).await;
    let remove = ConversationRequest::Remove {
        account: client.account.clone(),
        conversation: BOB.to_owned(),
    };
    about(&client, remove).await;
    assert_eq!(client.conversation().await, None);
    drop(peer);
    client.restart().await;
    let mut peer = server.signed_in().await;
    peer.begin(&[kept("old")]).await;
    client.wait_online().await;
    assert_eq!(client.conversation().await, None);

    // What nobody here has seen comes, alone.
    drop(peer);
    client.restart().await;
    let mut peer = server.signed_in().await;
    peer.begin(&[kept("old"), kept("new")]).await;
    client.wait_texts(&["new"]).await;
    assert_eq!(client.conversation().await.unwrap().unread, 1);
}

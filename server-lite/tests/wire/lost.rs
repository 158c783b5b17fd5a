//! Sessions that have lost their connection, and what becomes of them at the end
//! (XEP-0198).

use tokio_tungstenite::tungstenite::Message;
use xmpp_core::ns;

use crate::client::{Client, error_of};
use crate::rooms::open_room;
use crate::server::Server;

const BOB: &str = "bob@team.internal";

/// An available session of Bob's that can be resumed, and its id.
pub(crate) async fn resumable(server: &Server, resource: &str) -> (Client, String) {
    let mut bob = Client::websocket(server).await;
    bob.sign_in("bob").await;
    bob.bind(resource).await;
    bob.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        .await;
    let id = bob.element().await.attr("id").unwrap().to_owned();
    bob.send("<presence xmlns='jabber:client'/>").await;
    bob.sync().await;
    (bob, id)
}

/// Its connection ends without a word, and the server has seen that.
pub(crate) async fn lose(mut client: Client) {
    client.send_message(Message::Close(None)).await;
    assert_eq!(client.end().await, None);
}

#[tokio::test]
async fn lost_sessions_give_way_to_new_ones_the_longest_lost_first() {
    let server = Server::with(|config| config.limits.sessions_per_account = 2).await;
    server.accounts(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let (one, one_id) = resumable(&server, "one").await;
    let (two, two_id) = resumable(&server, "two").await;
    lose(two).await;
    lose(one).await;
    let mut three = Client::session(&server, "bob", "three").await;
    let left = rosa
        .until(|element| element.attr("type") == Some("unavailable"))
        .await;
    assert_eq!(left.attr("from"), Some("bob@team.internal/two"));
    let mut again = Client::direct(&server).await;
    again.sign_in("bob").await;
    for (id, answer) in [(two_id, "failed"), (one_id, "resumed")] {
        again
            .send(format!(
                "<resume xmlns='urn:xmpp:sm:3' h='0' previd='{id}'/>"
            ))
            .await;
        assert!(again.element().await.is(answer, ns::SM), "{answer}");
    }
    // Nobody gives way who is there.
    let mut four = Client::direct(&server).await;
    four.sign_in("bob").await;
    four.send(format!(
        "<iq type='set' id='bind'><bind xmlns='{}'/></iq>",
        ns::BIND
    ))
    .await;
    assert_eq!(four.end().await.as_deref(), Some("resource-constraint"));
    three.sync().await;
}

#[tokio::test]
async fn who_has_asked_a_session_that_ends_is_told_that_there_is_no_answer() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let room = "plan@conference.team.internal";
    open_room(&mut rosa, room, "Rosa").await;
    let (mut bob, _) = resumable(&server, "phone").await;
    bob.send(format!(
        "<presence xmlns='jabber:client' to='{room}/Bob'>\
         <x xmlns='http://jabber.org/protocol/muc'/></presence>"
    ))
    .await;
    bob.until(|element| element.has_child("subject", ns::CLIENT))
        .await;
    let (phone, in_room) = (format!("{BOB}/phone"), format!("{room}/Bob"));
    let ask = |to: &str, id: &str| {
        format!("<iq type='get' to='{to}' id='{id}'><ping xmlns='urn:xmpp:ping'/></iq>")
    };
    // He may have two of them, as far as anybody knows; the last one waits.
    rosa.send(ask(&phone, "1")).await;
    rosa.send(ask(&in_room, "2")).await;
    rosa.sync().await;
    lose(bob).await;
    rosa.send(ask(&phone, "3")).await;
    let before = rosa.sync().await;
    assert!(
        before.iter().all(|element| element.name() != "iq"),
        "{before:?}"
    );
    // Another one takes its place.
    let _phone = Client::session(&server, "bob", "phone").await;
    for (id, from) in [("1", &phone), ("2", &in_room), ("3", &phone)] {
        let answer = rosa.until(|element| element.name() == "iq").await;
        assert_eq!(error_of(&answer), "cancel service-unavailable");
        let said = (answer.attr("id"), answer.attr("from"));
        assert_eq!(said, (Some(id), Some(from.as_str())));
    }
}

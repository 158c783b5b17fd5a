//! Who may name everybody in a room (XEP-0513), and what names its notice.

use xmpp_core::{Element, ns};

use super::entering_and_speaking::{enter, open};
use crate::client::{Client, body};
use crate::server::Server;

const ROOM: &str = "plan@conference.team.internal";
const INFO: &str = "<query xmlns='http://jabber.org/protocol/disco#info'/>";

/// What the room says to everybody of who may name everybody.
async fn namers(client: &mut Client) -> Option<String> {
    let info = client.get(ROOM, INFO).await.unwrap();
    let form = info.get_child("x", ns::DATA_FORMS).unwrap();
    let field = form
        .children()
        .find(|field| field.attr("var") == Some("mentions#channel"));
    field?.get_child("value", ns::DATA_FORMS).map(Element::text)
}

async fn limit(owner: &mut Client, to: &str) -> Result<Element, String> {
    let form = format!(
        "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' \
         type='submit'><field var='mentions#channel'><value>{to}</value></field></x></query>"
    );
    owner.set(ROOM, &form).await
}

async fn name(client: &mut Client, text: &str, address: &str) {
    client
        .send(format!(
            "<message type='groupchat' to='{ROOM}' id='{text}'><body>{text}</body>\
             <reference xmlns='urn:xmpp:reference:0' type='mention' begin='0' end='3' \
             uri='xmpp:{address}'/></message>"
        ))
        .await;
}

#[tokio::test]
async fn u50_naming_everybody_may_be_for_moderators() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    enter(&mut bob, "Bob").await;
    assert_eq!(namers(&mut bob).await.as_deref(), Some("participants"));
    name(&mut bob, "free", ROOM).await;
    alice.text("free").await;
    assert_eq!(limit(&mut alice, "me").await.unwrap_err(), "not-acceptable");
    limit(&mut alice, "moderators").await.unwrap();
    assert_eq!(namers(&mut bob).await.as_deref(), Some("moderators"));
    for address in [ROOM.to_owned(), ROOM.replace('o', "%6F")] {
        name(&mut bob, "refused", &address).await;
        assert_eq!(bob.error("refused").await, "forbidden", "{address}");
    }
    name(&mut bob, "one", &format!("{ROOM}/Alice")).await;
    alice.text("one").await;
    name(&mut alice, "may", ROOM).await;
    bob.text("may").await;
}

#[tokio::test]
async fn u100_whoever_enters_learns_the_id_of_the_notice() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    open(&mut alice, "Alice").await;
    alice
        .send(format!(
            "<message to='{ROOM}' type='groupchat'><subject>Freeze</subject></message>"
        ))
        .await;
    let id = |message: &Element| {
        let id = message.get_child("stanza-id", ns::STANZA_ID).unwrap();
        assert_eq!(id.attr("by"), Some(ROOM));
        id.attr("id").unwrap().to_owned()
    };
    let is_notice = |element: &Element| element.has_child("subject", ns::CLIENT);
    let told = id(&alice.until(is_notice).await);
    let seen = enter(&mut bob, "Bob").await;
    assert_eq!(id(seen.last().unwrap()), told);
    // That somebody has closed it is kept for who asks later.
    bob.send(format!(
        "<message to='{ROOM}' type='groupchat' id='n'><reactions xmlns='urn:xmpp:reactions:0' \
         id='{told}'><reaction>✅</reaction></reactions><store xmlns='urn:xmpp:hints'/></message>"
    ))
    .await;
    let heard = alice
        .until(|element| element.has_child("reactions", ns::REACTIONS))
        .await;
    assert_eq!(body(&heard), None);
    assert_ne!(id(&heard), told);
}

//! Client state indication (XEP-0352): what can wait waits while nobody looks.

use xmpp_core::{Element, ns};

use crate::client::{Client, address, bind2, bodies};
use crate::server::Server;

const INACTIVE: &str = "<inactive xmlns='urn:xmpp:csi:0'/>";
const ACTIVE: &str = "<active xmlns='urn:xmpp:csi:0'/>";

fn state(to: &str, state: &str) -> String {
    format!(
        "<message to='{to}@team.internal' type='chat'>\
         <{state} xmlns='http://jabber.org/protocol/chatstates'/></message>"
    )
}

fn shows(elements: &[Element]) -> Vec<String> {
    elements
        .iter()
        .filter(|element| element.name() == "presence")
        .map(|presence| {
            presence
                .get_child("show", ns::CLIENT)
                .map_or_else(String::new, Element::text)
        })
        .collect()
}

/// Sends a request and gives all that stood before its answer.
async fn before_pong(client: &mut Client) -> Vec<Element> {
    let ping = "<iq type='get' id='ping'><ping xmlns='urn:xmpp:ping'/></iq>";
    client.ask(ping).await.0
}

#[tokio::test]
async fn noise_waits_and_comes_in_order_when_the_client_is_active() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "phone").await;
    rosa.send(INACTIVE).await;
    assert!(before_pong(&mut rosa).await.is_empty());
    let mut bob = Client::online(&server, "bob", "desk").await;
    for show in ["away", "dnd", "xa"] {
        bob.send(format!("<presence><show>{show}</show></presence>"))
            .await;
    }
    for one in ["composing", "paused", "active"] {
        bob.send(state("rosa", one)).await;
    }
    bob.sync().await;
    // Active, and then the answer (XEP-0352, section 5.1).
    rosa.send(ACTIVE).await;
    let released = before_pong(&mut rosa).await;
    assert_eq!(shows(&released), ["xa"], "only the newest of each sender");
    let states: Vec<_> = released
        .iter()
        .filter(|element| element.name() == "message")
        .flat_map(Element::children)
        .map(Element::name)
        .collect();
    assert_eq!(states, ["active"], "{released:?}");
    // From now on everything comes at once.
    bob.send("<presence/>").await;
    bob.sync().await;
    assert_eq!(shows(&rosa.sync().await), [""]);
}

#[tokio::test]
async fn what_is_important_takes_along_what_waited() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "phone").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    rosa.sync().await;
    rosa.send(INACTIVE).await;
    before_pong(&mut rosa).await;
    bob.send("<presence><show>away</show></presence>").await;
    bob.send("<message to='rosa@team.internal' type='chat'><body>hi</body></message>")
        .await;
    let presence = rosa.element().await;
    assert_eq!(shows(&[presence]), ["away"]);
    rosa.text("hi").await;
    // It is still inactive.
    bob.send("<presence><show>dnd</show></presence>").await;
    bob.sync().await;
    let (before, _) = rosa
        .ask(
            "<iq type='get' id='d' to='team.internal'>\
              <query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
        )
        .await;
    // An answer is important: what waited stands before it.
    assert_eq!(shows(&before), ["dnd"]);
}

#[tokio::test]
async fn what_waits_is_bounded() {
    let server = Server::with(|config| config.limits.held_back = 2).await;
    server.accounts(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "phone").await;
    rosa.send(INACTIVE).await;
    before_pong(&mut rosa).await;
    let mut others = Vec::new();
    for n in 0..3 {
        others.push(Client::online(&server, "bob", &format!("desk-{n}")).await);
    }
    // The third of them is one too many: all come, though nobody asked.
    for n in 0..3 {
        let presence = rosa.element().await;
        let from = format!("bob@team.internal/desk-{n}");
        assert_eq!(presence.attr("from"), Some(from.as_str()));
    }
}

#[tokio::test]
async fn a_session_may_begin_inactive_and_is_active_when_it_is_resumed() {
    let server = Server::of(&["rosa", "bob"]).await;
    let wish = bind2(&format!(
        "{INACTIVE}<enable xmlns='urn:xmpp:sm:3' resume='true'/>"
    ));
    let mut rosa = Client::direct(&server).await;
    let done = rosa.authenticate("rosa", &wish).await;
    rosa.address = address(&done);
    let bound = done.get_child("bound", ns::BIND2).unwrap();
    let id = bound
        .get_child("enabled", ns::SM)
        .unwrap()
        .attr("id")
        .unwrap();
    rosa.features().await;
    rosa.send("<presence/>").await;
    // Counts what it has handled: so that nothing of it is sent twice.
    rosa.send("<r xmlns='urn:xmpp:sm:3'/>").await;
    rosa.until(|element| element.is("a", ns::SM)).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    bob.send("<presence><show>away</show></presence>").await;
    bob.sync().await;
    let mut again = Client::websocket(&server).await;
    let resume = format!("<resume xmlns='urn:xmpp:sm:3' h='0' previd='{id}'/>");
    let done = again.authenticate("rosa", &resume).await;
    again.address = address(&done);
    again.features().await;
    let from_bob = |element: &Element| {
        element.name() == "presence" && element.attr("from") == Some("bob@team.internal/desk")
    };
    let away = again.until(from_bob).await;
    assert_eq!(shows(&[away]), ["away"], "the newest only");
    // Active: at once.
    bob.send("<presence><show>dnd</show></presence>").await;
    let dnd = again.until(from_bob).await;
    assert_eq!(shows(&[dnd]), ["dnd"]);
}

#[tokio::test]
async fn messages_are_never_held_back() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut rosa = Client::online(&server, "rosa", "phone").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    rosa.sync().await;
    rosa.send(INACTIVE).await;
    before_pong(&mut rosa).await;
    let sent: Vec<_> = (0..20).map(|n| format!("text {n}")).collect();
    for text in &sent {
        bob.send(state("rosa", "composing")).await;
        bob.send(format!(
            "<message to='rosa@team.internal' type='chat'><body>{text}</body></message>"
        ))
        .await;
    }
    bob.sync().await;
    let mut got = rosa.messages().await;
    got.retain(|message| message.has_child("body", ns::CLIENT));
    assert_eq!(bodies(&got), sent);
}

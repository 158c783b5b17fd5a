//! The clients of one's own account: seen and ended, in the protocol of Prosody's
//! `mod_client_management` and by a command.

use xmpp_core::sasl::TokenMechanism;
use xmpp_core::{Element, ns};

use crate::client::{Client, address, bind2, failure2, success};
use crate::commands::{begin, submit};
use crate::server::{PASSWORD, Server};

const LIST: &str = "<list xmlns='xmpp:prosody.im/protocol/manage-clients'/>";
const TOKEN: &str = "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/>";
const FAST: &str = "<fast xmlns='urn:xmpp:fast:0'/>";

fn agent(id: &str, device: &str) -> String {
    format!(
        "<user-agent id='{id}'><software>Startalk\n 1.0</software><device>{device}</device>\
         </user-agent>"
    )
}

/// A session of a client that says what it is, and its token.
async fn here(server: &Server, id: &str, device: &str) -> (Client, String) {
    let mut client = Client::direct(server).await;
    let wish = agent(id, device) + TOKEN + &bind2("<tag>T</tag>");
    let done = client.authenticate("rosa", &wish).await;
    client.address = address(&done);
    client.features().await;
    let token = done.get_child("token", ns::FAST).unwrap();
    (client, token.attr("token").unwrap().to_owned())
}

async fn list(client: &mut Client) -> Vec<Element> {
    let clients = client.get("", LIST).await.unwrap();
    assert!(clients.is("clients", ns::CLIENTS));
    clients.children().cloned().collect()
}

async fn revoke(client: &mut Client, id: &str) -> Result<Element, String> {
    let revoke = format!("<revoke xmlns='{}' id='{id}'/>", ns::CLIENTS);
    client.set("", &revoke).await
}

fn said(client: &Element, name: &str) -> String {
    let agent = client.get_child("user-agent", ns::CLIENTS).unwrap();
    let said = agent.get_child(name, ns::CLIENTS);
    said.map(Element::text).unwrap_or_default()
}

fn named<'a>(all: &'a [Element], device: &str) -> &'a Element {
    let found = all.iter().find(|client| said(client, "device") == device);
    found.unwrap_or_else(|| panic!("no {device}: {all:?}"))
}

fn id(client: &Element) -> String {
    client.attr("id").unwrap().to_owned()
}

fn session(client: &Element) -> &Element {
    client.get_child("session", ns::OWN_SESSION).unwrap()
}

/// Ends in good order.
async fn drop_it(mut client: Client) {
    client.send("</stream:stream>").await;
    client.end().await;
}

async fn by_token(server: &Server, id: &str, token: &str) -> Element {
    let mut client = Client::direct(server).await;
    client.open().await;
    let inside = agent(id, "Phone") + FAST + &bind2("");
    client
        .authenticate_by_token(TokenMechanism::Unbound, "rosa", token, &inside)
        .await
}

async fn by_password(server: &Server, id: &str) -> Element {
    let mut client = Client::direct(server).await;
    client.open().await;
    let inside = agent(id, "Phone") + &bind2("");
    let plain = xmpp_core::sasl::Mechanism::Plain;
    let unbound = xmpp_core::sasl::ClientBinding::Unsupported;
    client
        .authenticate_with(plain, "rosa", PASSWORD, unbound, &inside)
        .await
}

#[tokio::test]
async fn the_owner_sees_what_has_access_and_nobody_else_does() {
    let server = Server::of(&["rosa", "bob"]).await;
    let (mut desk, _) = here(&server, "one", "Desk").await;
    let (phone, _) = here(&server, "two", "Phone").await;
    let old = Client::session(&server, "rosa", "old").await;
    let all = list(&mut desk).await;
    assert_eq!(all.len(), 3, "{all:?}");
    let own = named(&all, "Desk");
    assert_eq!(own.attr("connected"), Some("true"));
    assert_eq!(said(own, "software"), "Startalk 1.0");
    assert_eq!(session(own).attr("this"), Some("true"));
    assert_eq!(session(own).attr("address"), Some("127.0.0.1"));
    let resource = desk.address.split_once('/').unwrap().1;
    assert_eq!(session(own).attr("resource"), Some(resource));
    assert!(
        own.get_child("auth", ns::CLIENTS)
            .unwrap()
            .has_child("fast", ns::CLIENTS)
    );
    let other = named(&all, "Phone");
    assert_eq!(session(other).attr("this"), None);
    // Of older clients there is at least the resource.
    let older = named(&all, "");
    assert_eq!(session(older).attr("resource"), Some("old"));
    for seen in ["first-seen", "last-seen"] {
        let seen = other.get_child(seen, ns::CLIENTS).unwrap().text();
        assert!(seen.ends_with('Z'), "{seen}");
    }
    // Who left is still in the list if it can come back by itself.
    drop_it(phone).await;
    drop_it(old).await;
    let mut left = list(&mut desk).await;
    while left.len() > 2 || named(&left, "Phone").attr("connected") == Some("true") {
        left = list(&mut desk).await;
    }
    let mut bob = Client::online(&server, "bob", "desk").await;
    assert!(list(&mut bob).await.len() == 1);
    let asked = bob.get("rosa@team.internal", LIST).await;
    assert_eq!(asked.unwrap_err(), "service-unavailable");
    // What the owner of another account cannot see, they cannot end either.
    let ended = revoke(&mut bob, &id(named(&left, "Phone"))).await;
    assert_eq!(ended.unwrap_err(), "item-not-found");
}

#[tokio::test]
async fn one_that_is_signed_out_comes_back_only_after_it_has_asked_a_person() {
    let server = Server::of(&["rosa"]).await;
    let (mut desk, _) = here(&server, "one", "Desk").await;
    let (mut phone, token) = here(&server, "two", "Phone").await;
    let all = list(&mut desk).await;
    revoke(&mut desk, &id(named(&all, "Phone"))).await.unwrap();
    assert_eq!(phone.end().await.as_deref(), Some("not-authorized"));
    assert_eq!(list(&mut desk).await.len(), 1);
    let again = revoke(&mut desk, &id(named(&all, "Phone"))).await;
    assert_eq!(again.unwrap_err(), "item-not-found");
    // Its token is worth nothing; the password that it has kept is refused once.
    assert_eq!(
        failure2(&by_token(&server, "two", &token).await),
        "not-authorized"
    );
    assert_eq!(
        failure2(&by_password(&server, "two").await),
        "credentials-expired"
    );
    success(by_password(&server, "two").await);
    // Nobody else felt anything of it.
    desk.sync().await;
}

#[tokio::test]
async fn one_that_is_away_is_signed_out_too_and_a_wrong_password_tells_nothing() {
    let mut server = Server::of(&["rosa"]).await;
    let (mut desk, _) = here(&server, "one", "Desk").await;
    let (phone, token) = here(&server, "two", "Phone").await;
    drop_it(phone).await;
    let mut all = list(&mut desk).await;
    while named(&all, "Phone").attr("connected") == Some("true") {
        all = list(&mut desk).await;
    }
    revoke(&mut desk, &id(named(&all, "Phone"))).await.unwrap();
    server.restart().await;
    assert_eq!(
        failure2(&by_token(&server, "two", &token).await),
        "not-authorized"
    );
    let mut stranger = Client::direct(&server).await;
    stranger.open().await;
    let plain = xmpp_core::sasl::Mechanism::Plain;
    let unbound = xmpp_core::sasl::ClientBinding::Unsupported;
    let inside = agent("two", "Phone");
    let wrong = stranger
        .authenticate_with(plain, "rosa", "wrong", unbound, &inside)
        .await;
    assert_eq!(failure2(&wrong), "not-authorized");
    assert_eq!(
        failure2(&by_password(&server, "two").await),
        "credentials-expired"
    );
}

#[tokio::test]
async fn an_older_client_is_ended_with_a_word_of_warning() {
    let server = Server::of(&["rosa"]).await;
    let (mut desk, _) = here(&server, "one", "Desk").await;
    let mut old = Client::session(&server, "rosa", "old").await;
    let all = list(&mut desk).await;
    let answer = {
        let id = id(named(&all, ""));
        desk.send(format!(
            "<iq type='set' id='end'><revoke xmlns='{}' id='{id}'/></iq>",
            ns::CLIENTS
        ))
        .await;
        desk.until(|element| element.attr("id") == Some("end"))
            .await
    };
    let error = answer.get_child("error", ns::CLIENT).unwrap();
    assert!(
        error.has_child("password-reset-required", ns::CLIENTS),
        "{answer:?}"
    );
    assert_eq!(old.end().await.as_deref(), Some("not-authorized"));
    for bad in ["session/x", "session/999999", "client/aaaa", ""] {
        let answer = revoke(&mut desk, bad).await;
        assert_eq!(answer.unwrap_err(), "item-not-found", "{bad}");
    }
    let wrong_way = desk.set("", LIST).await;
    assert_eq!(wrong_way.unwrap_err(), "bad-request");
}

#[tokio::test]
async fn a_command_does_the_same_for_any_client() {
    let server = Server::of(&["rosa"]).await;
    let (mut phone, _) = here(&server, "two", "Phone").await;
    let mut old = Client::session(&server, "rosa", "old").await;
    let begun = begin(&mut old, "urn:startalk:session:0#end").await.unwrap();
    let form = begun.get_child("x", ns::DATA_FORMS).unwrap();
    let field = form
        .children()
        .find(|field| field.attr("var") == Some("clients"))
        .unwrap();
    let options: Vec<(String, String)> = field
        .children()
        .filter(|child| child.name() == "option")
        .map(|option| {
            let label = option.attr("label").unwrap().to_owned();
            (label, option.children().next().unwrap().text())
        })
        .collect();
    assert_eq!(options.len(), 2, "{options:?}");
    let (label, id) = options
        .iter()
        .find(|(label, _)| label.contains("Phone"))
        .unwrap();
    assert!(
        label.contains("Startalk 1.0") && label.contains("connected"),
        "{label}"
    );
    let done = submit(&mut old, &begun, &[("clients", id)]).await.unwrap();
    assert_eq!(done.attr("status"), Some("completed"));
    assert_eq!(phone.end().await.as_deref(), Some("not-authorized"));
}

#[tokio::test]
async fn a_new_password_ends_them_all() {
    let server = Server::of(&["rosa"]).await;
    let (mut desk, _) = here(&server, "one", "Desk").await;
    let (mut phone, _) = here(&server, "two", "Phone").await;
    let change = "<query xmlns='jabber:iq:register'><username>rosa</username>\
                  <password>a new password</password></query>";
    desk.set("team.internal", change).await.unwrap();
    assert_eq!(phone.end().await.as_deref(), Some("not-authorized"));
    let left = list(&mut desk).await;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(session(&left[0]).attr("this"), Some("true"));
}

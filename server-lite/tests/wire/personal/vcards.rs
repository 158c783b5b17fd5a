//! vCards of either kind say the same (XEP-0054, XEP-0292).

use xmpp_core::Element;

use super::{ALICE, ask, events, interested, options, publication, pubsub};
use crate::client::Client;
use crate::server::Server;

const NODE: &str = "urn:xmpp:vcard4";
const GET: &str = "<vCard xmlns='vcard-temp'/>";
const OLDER: &str = "<FN>Alice 爱</FN><N><FAMILY>Li</FAMILY><GIVEN>Ai</GIVEN></N>\
    <NICKNAME>ai</NICKNAME><EMAIL><WORK/><INTERNET/><USERID>ai@example.org</USERID></EMAIL>\
    <TEL><HOME/><CELL/><NUMBER>+86 10 1</NUMBER></TEL>\
    <ORG><ORGNAME>Acme</ORGNAME><ORGUNIT>R&amp;D</ORGUNIT></ORG><TITLE>Chief</TITLE>\
    <URL>https://example.org/</URL><DESC>likes tea</DESC><BDAY>1990-02-03</BDAY>\
    <ADR><LOCALITY>Beijing</LOCALITY></ADR>";
const NEWER: &str = "<fn><text>Alice 爱</text></fn>\
    <n><surname>Li</surname><given>Ai</given></n><nickname><text>ai</text></nickname>\
    <email><parameters><type><text>work</text></type></parameters><text>ai@example.org</text></email>\
    <tel><parameters><type><text>home</text><text>cell</text></type></parameters><uri>tel:+86-10-1</uri></tel>\
    <org><text>Acme</text><text>R&amp;D</text></org><title><text>Chief</text></title>\
    <url><uri>https://example.org/</uri></url><note><text>likes tea</text></note>\
    <bday><date>1990-02-03</date></bday>";

async fn older(client: &mut Client) -> Element {
    ask(client, "get", ALICE, GET).await.unwrap()
}

async fn set_older(client: &mut Client, inside: &str) {
    let vcard = format!("<vCard xmlns='vcard-temp'>{inside}</vCard>");
    ask(client, "set", "", &vcard).await.unwrap();
}

async fn publish(client: &mut Client, inside: &str, options: &str) {
    let vcard = format!("<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'>{inside}</vcard>");
    let item = publication(NODE, "current", &vcard, options);
    pubsub(client, "set", "", &item).await.unwrap();
}

/// The newest vCard4 as text, without its name space.
async fn newer(client: &mut Client) -> String {
    let items = format!("<items node='{NODE}' max_items='1'/>");
    let found = pubsub(client, "get", ALICE, &items).await.unwrap();
    let items = found.children().next().unwrap();
    let item = items.children().next().expect("an item");
    let vcard = item.children().next().unwrap();
    assert!(vcard.is("vcard", "urn:ietf:params:xml:ns:vcard-4.0"));
    inside(vcard)
}

/// What is in an element, without name spaces and empty space.
fn inside(element: &Element) -> String {
    let mut text = String::new();
    for child in element.children() {
        let name = child.name();
        text += &match inside(child) {
            inside if inside.is_empty() && child.text().is_empty() => format!("<{name}/>"),
            inside if inside.is_empty() => {
                let said = child.text().replace('&', "&amp;");
                format!("<{name}>{said}</{name}>")
            }
            inside => format!("<{name}>{inside}</{name}>"),
        };
    }
    text
}

#[tokio::test]
async fn an_older_vcard_is_published_as_a_newer_one() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = interested(&server, "bob", "desk", &[NODE]).await;
    set_older(&mut alice, OLDER).await;
    assert_eq!(events(&mut bob).await, [format!("alice {NODE} +current")]);
    let uri = NEWER.replace("<uri>tel:+86-10-1</uri>", "<text>+86 10 1</text>");
    assert_eq!(newer(&mut bob).await, uri);
    // Once more the same is no news, and what only the older one has stays there.
    set_older(&mut alice, OLDER).await;
    assert!(events(&mut bob).await.is_empty());
    assert_eq!(inside(&older(&mut bob).await), OLDER.replace("    ", ""));
    // What the newer one has besides stays when the older one changes.
    publish(
        &mut alice,
        &format!("{NEWER}<role><text>boss</text></role>"),
        "",
    )
    .await;
    set_older(&mut alice, "<FN>Ali</FN><TITLE>Chief</TITLE>").await;
    let said = newer(&mut bob).await;
    assert!(said.contains("<role><text>boss</text></role>"), "{said}");
    assert!(said.contains("<title><text>Chief</text></title>"), "{said}");
    assert!(said.contains("<fn><text>Ali</text></fn>"), "{said}");
    assert!(
        !said.contains("nickname") && !said.contains("email"),
        "{said}"
    );
}

#[tokio::test]
async fn a_newer_vcard_is_seen_by_older_clients() {
    let mut server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    set_older(
        &mut alice,
        "<FN>Old</FN><ADR><LOCALITY>Beijing</LOCALITY></ADR>",
    )
    .await;
    publish(&mut alice, NEWER, "").await;
    for _ in 0..2 {
        let mut bob = Client::online(&server, "bob", "desk").await;
        let said = inside(&older(&mut bob).await);
        for part in [
            "<ADR><LOCALITY>Beijing</LOCALITY></ADR>",
            "<FN>Alice 爱</FN>",
            "<N><FAMILY>Li</FAMILY><GIVEN>Ai</GIVEN></N>",
            "<NICKNAME>ai</NICKNAME>",
            "<EMAIL><WORK/><INTERNET/><USERID>ai@example.org</USERID></EMAIL>",
            "<TEL><HOME/><CELL/><NUMBER>+86-10-1</NUMBER></TEL>",
            "<ORG><ORGNAME>Acme</ORGNAME><ORGUNIT>R&amp;D</ORGUNIT></ORG>",
            "<TITLE>Chief</TITLE>",
            "<URL>https://example.org/</URL>",
            "<NOTE>likes tea</NOTE>",
            "<BDAY>1990-02-03</BDAY>",
        ] {
            assert_eq!(said.matches(part).count(), 1, "{part} {said}");
        }
        assert!(!said.contains("Old"), "{said}");
        server.restart().await;
    }
}

/// The parts of an organisation go by their places (RFC 6350, section 6.6.4).
#[tokio::test]
async fn a_department_without_an_organisation_is_one_in_both() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    set_older(&mut alice, "<ORG><ORGUNIT>Sales</ORGUNIT></ORG>").await;
    let said = newer(&mut alice).await;
    assert_eq!(said, "<org><text/><text>Sales</text></org>");
    publish(&mut alice, "<org><text/><text>Web</text></org>", "").await;
    let said = inside(&older(&mut alice).await);
    assert_eq!(said, "<ORG><ORGNAME/><ORGUNIT>Web</ORGUNIT></ORG>");
}

#[tokio::test]
async fn who_may_not_read_the_newer_vcard_does_not_find_it_in_the_older_one() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let closed = options(&[("access_model", "whitelist")]);
    publish(&mut alice, NEWER, &closed).await;
    assert_eq!(inside(&older(&mut bob).await), "");
    assert!(inside(&older(&mut alice).await).contains("<FN>Alice 爱</FN>"));
    // Neither by setting the older one.
    set_older(
        &mut alice,
        "<FN>Secret</FN><ADR><LOCALITY>X</LOCALITY></ADR>",
    )
    .await;
    assert_eq!(
        inside(&older(&mut bob).await),
        "<ADR><LOCALITY>X</LOCALITY></ADR>"
    );
    assert!(newer(&mut alice).await.contains("Secret"));
}

//! vCards and avatars, which are the same picture (XEP-0054, 0084, 0153, 0398).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xmpp_core::{Element, ns};

use super::{
    ALICE, BOB, ask, events, form, interested, items, options, owner, publication, pubsub,
};
use crate::client::Client;
use crate::server::Server;

/// A picture and its SHA-1 (as `sha1sum` says).
const RED: (&[u8], &str) = (b"red", "78988010b890ce6f4d2136481f392787ec6d6106");
const BLUE: (&[u8], &str) = (b"blue", "4c9a82ce72ca2519f38d0af0abbb4cecb9fceca9");

fn vcard(name: &str, picture: &str) -> String {
    format!("<vCard xmlns='vcard-temp'><FN>{name}</FN>{picture}</vCard>")
}

fn photo(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    format!("<PHOTO><TYPE>image/png</TYPE><BINVAL>\n{text}\n</BINVAL></PHOTO>")
}

const GET: &str = "<vCard xmlns='vcard-temp'/>";

/// What a vCard says: name and picture.
fn said(vcard: &Element) -> (String, Option<Vec<u8>>) {
    let text = |element: &Element, name| element.get_child(name, ns::VCARD_TEMP).map(Element::text);
    let photo = vcard.get_child("PHOTO", ns::VCARD_TEMP);
    let data = photo.and_then(|photo| text(photo, "BINVAL"));
    let data = data.map(|data| STANDARD.decode(data).unwrap());
    (text(vcard, "FN").unwrap_or_default(), data)
}

async fn publish_avatar(client: &mut Client, picture: (&[u8], &str), options: &str) {
    let data = format!(
        "<data xmlns='{}'>{}</data>",
        ns::AVATAR_DATA,
        STANDARD.encode(picture.0)
    );
    let item = publication(ns::AVATAR_DATA, picture.1, &data, options);
    pubsub(client, "set", "", &item).await.unwrap();
    let metadata = format!(
        "<metadata xmlns='{}'><info id='other' bytes='1' type='image/png' url='https://x.example/'/>\
         <info id='{}' bytes='3' type='image/png'/></metadata>",
        ns::AVATAR_METADATA,
        picture.1
    );
    let item = publication(ns::AVATAR_METADATA, picture.1, &metadata, options);
    pubsub(client, "set", "", &item).await.unwrap();
}

/// What the presence of somebody shows by now; `None` if it shows nothing.
async fn shown(client: &mut Client, from: &str) -> Vec<Option<String>> {
    let all = client.sync().await;
    let hers = all
        .iter()
        .filter(|element| element.name() == "presence" && element.attr("from") == Some(from));
    hers.map(photo_of).collect()
}

fn photo_of(presence: &Element) -> Option<String> {
    let mut updates = presence
        .children()
        .filter(|child| child.is("x", ns::VCARD_UPDATE));
    let update = updates.next()?;
    assert!(updates.next().is_none(), "twice");
    Some(update.get_child("photo", ns::VCARD_UPDATE)?.text())
}

fn hash(picture: (&[u8], &str)) -> Option<String> {
    Some(picture.1.to_owned())
}

#[tokio::test]
async fn vcards_are_set_by_their_owner_and_read_by_all() {
    let mut server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let none = ask(&mut bob, "get", ALICE, GET).await.unwrap();
    assert!(none.is("vCard", ns::VCARD_TEMP) && none.children().next().is_none());
    ask(
        &mut alice,
        "set",
        "",
        &vcard("Alice", "<N><GIVEN>A</GIVEN></N>"),
    )
    .await
    .unwrap();
    let forged = ask(&mut bob, "set", ALICE, &vcard("Mallory", "")).await;
    assert_eq!(forged.unwrap_err(), "forbidden");
    let nobody = ask(&mut bob, "get", "nobody@team.internal", GET).await;
    assert_eq!(nobody.unwrap_err(), "service-unavailable");
    for picture in [
        "<PHOTO><BINVAL>!!!</BINVAL></PHOTO>",
        "<PHOTO><BINVAL>AAA</BINVAL></PHOTO>",
    ] {
        let refused = ask(&mut alice, "set", "", &vcard("Alice", picture)).await;
        assert_eq!(refused.unwrap_err(), "bad-request", "{picture}");
    }
    server.restart().await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let read = ask(&mut bob, "get", ALICE, GET).await.unwrap();
    assert_eq!(said(&read), ("Alice".to_owned(), None));
    assert!(String::from(&read).contains("GIVEN"));
}

#[tokio::test]
async fn a_published_avatar_is_in_the_vcard_and_in_presence() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let desk = "alice@team.internal/desk";
    ask(&mut alice, "set", "", &vcard("Alice", ""))
        .await
        .unwrap();
    assert!(shown(&mut bob, desk).await.is_empty());
    publish_avatar(&mut alice, RED, "").await;
    // Whoever sees her is told, once.
    assert_eq!(shown(&mut bob, desk).await, [hash(RED)]);
    let read = ask(&mut bob, "get", ALICE, GET).await.unwrap();
    assert_eq!(said(&read), ("Alice".to_owned(), Some(RED.0.to_vec())));
    // Every presence from now on has it, whatever it said itself.
    let x = "xmlns='vcard-temp:x:update'";
    for (presence, expected) in [
        ("<presence/>".to_owned(), RED.1),
        (format!("<presence><x {x}/></presence>"), RED.1),
        (
            format!("<presence><x {x}><photo>old</photo></x></presence>"),
            RED.1,
        ),
        (format!("<presence to='{BOB}'/>"), RED.1),
        (format!("<presence><x {x}><photo/></x></presence>"), ""),
    ] {
        alice.send(&presence).await;
        alice.sync().await;
        assert_eq!(
            shown(&mut bob, desk).await,
            [Some(expected.to_owned())],
            "{presence}"
        );
    }
    alice.send("<presence type='unavailable'/>").await;
    alice.sync().await;
    assert_eq!(shown(&mut bob, desk).await, [None]);
    // Rooms too.
    let room = "plan@conference.team.internal";
    alice
        .send(format!(
            "<presence to='{room}/A'><x xmlns='{}'/></presence>",
            ns::MUC
        ))
        .await;
    let entered = alice.sync().await;
    let own = entered.iter().find(|one| one.name() == "presence").unwrap();
    assert_eq!(photo_of(own), hash(RED));
    alice.send("<presence/>").await;
    alice.sync().await;
    bob.sync().await;

    // Another picture, and none.
    publish_avatar(&mut alice, BLUE, "").await;
    assert_eq!(shown(&mut bob, desk).await, [hash(BLUE)]);
    let metadata = format!("<metadata xmlns='{}'/>", ns::AVATAR_METADATA);
    let none = publication(ns::AVATAR_METADATA, "current", &metadata, "");
    pubsub(&mut alice, "set", "", &none).await.unwrap();
    assert_eq!(shown(&mut bob, desk).await, [Some(String::new())]);
    let read = ask(&mut bob, "get", ALICE, GET).await.unwrap();
    assert_eq!(said(&read), ("Alice".to_owned(), None));
    // The end of the node is the end of the picture.
    publish_avatar(&mut alice, RED, "").await;
    assert_eq!(shown(&mut bob, desk).await, [hash(RED)]);
    owner(
        &mut alice,
        "set",
        &format!("<purge node='{}'/>", ns::AVATAR_METADATA),
    )
    .await
    .unwrap();
    assert_eq!(shown(&mut bob, desk).await, [Some(String::new())]);
    // Who comes later sees it as well.
    let mut late = Client::session(&server, "bob", "late").await;
    late.send("<presence/>").await;
    assert_eq!(shown(&mut late, desk).await, [Some(String::new())]);
}

#[tokio::test]
async fn a_picture_in_the_vcard_is_published() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = interested(&server, "bob", "desk", &[ns::AVATAR_METADATA]).await;
    bob.sync().await;
    let set = vcard("Alice", &photo(RED.0));
    ask(&mut alice, "set", "", &set).await.unwrap();
    let all = bob.sync().await;
    let presence = all.iter().find(|one| one.name() == "presence").unwrap();
    assert_eq!(photo_of(presence), hash(RED));
    let event = all.iter().find(|one| one.name() == "message").unwrap();
    assert_eq!(
        super::told(event),
        [format!("alice {} +{}", ns::AVATAR_METADATA, RED.1)]
    );
    let text = String::from(event);
    assert!(
        text.contains("bytes='3'") && text.contains("type='image/png'"),
        "{text}"
    );
    let data = format!(
        "<items node='{}'><item id='{}'/></items>",
        ns::AVATAR_DATA,
        RED.1
    );
    let data = pubsub(&mut bob, "get", ALICE, &data).await.unwrap();
    assert!(String::from(&data).contains(&STANDARD.encode(RED.0)));
    // The same again is nothing new.
    ask(&mut alice, "set", "", &vcard("A.", &photo(RED.0)))
        .await
        .unwrap();
    assert!(bob.sync().await.is_empty());
    let read = ask(&mut bob, "get", ALICE, GET).await.unwrap();
    assert_eq!(said(&read), ("A.".to_owned(), Some(RED.0.to_vec())));
    // Without one it is gone.
    ask(&mut alice, "set", "", &vcard("Alice", ""))
        .await
        .unwrap();
    assert_eq!(
        events(&mut bob).await,
        [format!("alice {} +current", ns::AVATAR_METADATA)]
    );
    let read = ask(&mut bob, "get", ALICE, GET).await.unwrap();
    assert_eq!(said(&read), ("Alice".to_owned(), None));
}

#[tokio::test]
async fn a_picture_that_is_not_for_all_is_in_no_vcard_and_no_presence() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let desk = "alice@team.internal/desk";
    publish_avatar(&mut alice, RED, &options(&[("access_model", "whitelist")])).await;
    assert_eq!(shown(&mut bob, desk).await, [Some(String::new())]);
    assert_eq!(
        said(&ask(&mut bob, "get", ALICE, GET).await.unwrap()).1,
        None
    );
    assert_eq!(
        said(&ask(&mut alice, "get", "", GET).await.unwrap()).1,
        Some(RED.0.to_vec())
    );
    for node in [ns::AVATAR_DATA, ns::AVATAR_METADATA] {
        let open = form(ns::PUBSUB_NODE_CONFIG, &[("access_model", "open")]);
        let configure = format!("<configure node='{node}'>{open}</configure>");
        owner(&mut alice, "set", &configure).await.unwrap();
    }
    assert_eq!(shown(&mut bob, desk).await, [hash(RED)]);
    // An id that is not the hash is no picture.
    publish_avatar(&mut alice, (RED.0, BLUE.1), "").await;
    assert_eq!(shown(&mut bob, desk).await, [Some(String::new())]);
    assert_eq!(
        said(&ask(&mut bob, "get", ALICE, GET).await.unwrap()).1,
        None
    );
}

#[tokio::test]
async fn who_said_that_there_is_none_before_there_was_one_shows_it() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::session(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let desk = "alice@team.internal/desk";
    let none = "<presence><x xmlns='vcard-temp:x:update'><photo/></x></presence>";
    alice.send(none).await;
    alice.sync().await;
    assert_eq!(shown(&mut bob, desk).await, [Some(String::new())]);
    publish_avatar(&mut alice, RED, "").await;
    assert_eq!(shown(&mut bob, desk).await, [hash(RED)]);
    alice.send(none).await;
    alice.sync().await;
    assert_eq!(shown(&mut bob, desk).await, [hash(RED)]);
    // Said anew, now that there is one, it is meant.
    for presence in ["<presence/>", none] {
        alice.send(presence).await;
        alice.sync().await;
    }
    let expected = [hash(RED), Some(String::new())];
    assert_eq!(shown(&mut bob, desk).await, expected);
    publish_avatar(&mut alice, BLUE, "").await;
    assert!(shown(&mut bob, desk).await.is_empty());
}

#[tokio::test]
async fn nicknames_and_vcard4_are_nodes() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = interested(&server, "bob", "desk", &[ns::NICK]).await;
    bob.sync().await;
    let nick = format!("<nick xmlns='{}'>Ali</nick>", ns::NICK);
    let item = publication(ns::NICK, "current", &nick, "");
    pubsub(&mut alice, "set", "", &item).await.unwrap();
    assert_eq!(
        events(&mut bob).await,
        [format!("alice {} +current", ns::NICK)]
    );
    let vcard =
        "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>Alice</text></fn></vcard>";
    let item = publication(
        "urn:xmpp:vcard4",
        "current",
        vcard,
        &options(&[("access_model", "open")]),
    );
    pubsub(&mut alice, "set", "", &item).await.unwrap();
    assert_eq!(
        items(&mut bob, ALICE, "urn:xmpp:vcard4").await.unwrap(),
        ["current"]
    );
}

/// What the photo of somebody's newer vCard is, as its reader sees it.
async fn newer_photo(client: &mut Client) -> Option<String> {
    let wanted = "<items node='urn:xmpp:vcard4'/>";
    let found = pubsub(client, "get", ALICE, wanted).await.unwrap();
    let item = found.children().next()?.children().next()?;
    let vcard = item.get_child("vcard", ns::VCARD4)?;
    assert!(vcard.has_child("fn", ns::VCARD4));
    let photo = vcard.get_child("photo", ns::VCARD4)?;
    Some(photo.get_child("uri", ns::VCARD4)?.text())
}

#[tokio::test]
async fn a_newer_vcard_comes_with_the_picture_that_its_reader_may_see() {
    let server = Server::of(&["alice", "bob"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let vcard = |photo: &str| {
        let xmlns = ns::VCARD4;
        let vcard = format!("<vcard xmlns='{xmlns}'><fn><text>Alice</text></fn>{photo}</vcard>");
        let open = options(&[("access_model", "open")]);
        publication("urn:xmpp:vcard4", "current", &vcard, &open)
    };
    pubsub(&mut alice, "set", "", &vcard("")).await.unwrap();
    assert_eq!(newer_photo(&mut bob).await, None);
    publish_avatar(&mut alice, RED, "").await;
    let red = format!("data:image/png;base64,{}", STANDARD.encode(RED.0));
    assert_eq!(newer_photo(&mut bob).await, Some(red));
    // Her own client would publish it with the rest, and it is stored nowhere.
    assert_eq!(newer_photo(&mut alice).await, None);
    publish_avatar(&mut alice, BLUE, "").await;
    let blue = format!("data:image/png;base64,{}", STANDARD.encode(BLUE.0));
    assert_eq!(newer_photo(&mut bob).await, Some(blue));
    // One of its own goes before.
    let own = "<photo><uri>https://alice.example/</uri></photo>";
    pubsub(&mut alice, "set", "", &vcard(own)).await.unwrap();
    let seen = newer_photo(&mut bob).await;
    assert_eq!(seen.as_deref(), Some("https://alice.example/"));
    // Nobody else may see the picture.
    pubsub(&mut alice, "set", "", &vcard("")).await.unwrap();
    let form = form(ns::PUBSUB_NODE_CONFIG, &[("access_model", "whitelist")]);
    for node in [ns::AVATAR_METADATA, ns::AVATAR_DATA] {
        let configure = format!("<configure node='{node}'>{form}</configure>");
        owner(&mut alice, "set", &configure).await.unwrap();
    }
    assert_eq!(newer_photo(&mut bob).await, None);
}

#[tokio::test]
async fn metadata_that_name_a_wrong_picture_again_and_again_cost_nothing() {
    let server = Server::of(&["alice"]).await;
    let mut alice = Client::online(&server, "alice", "desk").await;
    let data = STANDARD.encode(vec![0; 130_000]);
    let data = format!("<data xmlns='{}'>{data}</data>", ns::AVATAR_DATA);
    let item = publication(ns::AVATAR_DATA, "a", &data, "");
    pubsub(&mut alice, "set", "", &item).await.unwrap();
    for (id, infos) in [("many", 3_900), ("few", 3)] {
        let infos = "<info id='a'/>".repeat(infos);
        let metadata = format!(
            "<metadata xmlns='{}'>{infos}</metadata>",
            ns::AVATAR_METADATA
        );
        let item = publication(ns::AVATAR_METADATA, id, &metadata, "");
        pubsub(&mut alice, "set", "", &item).await.unwrap();
        let vcard = ask(&mut alice, "get", ALICE, GET).await.unwrap();
        assert_eq!(said(&vcard).1, None);
    }
}

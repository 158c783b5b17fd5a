//! vCards, pictures, bookmarks, private storage and nodes, out and in.

use xmpp_core::{Element, ns};

use crate::client::Client;
use crate::program::Desk;

const PICTURE: &str = "iVBORw0KGgoAAAANSUhEUg==";

/// Rosa has stored one of everything, Bob nothing.
async fn filled(desk: &Desk) {
    let server = desk.serve("data");
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let vcard = format!(
        "<vCard xmlns='vcard-temp'><FN>Rosa M</FN><NOTE>a &lt; b</NOTE>\
         <PHOTO><TYPE>image/png</TYPE><BINVAL>{PICTURE}</BINVAL></PHOTO></vCard>"
    );
    rosa.set("", &vcard).await.unwrap();
    for stored in [
        "<exodus xmlns='exodus:prefs'><x>1</x></exodus>",
        "<storage xmlns='storage:bookmarks'><conference jid='room@conference.team.internal' \
         name='The room' autojoin='true'><nick>Ro</nick></conference>\
         <url name='page' url='https://example.org'/></storage>",
    ] {
        let query = format!("<query xmlns='jabber:iq:private'>{stored}</query>");
        rosa.set("", &query).await.unwrap();
    }
    for (node, id, payload, options) in [
        (
            "http://jabber.org/protocol/nick",
            "current",
            "<nick xmlns='http://jabber.org/protocol/nick'>Ro</nick>",
            "",
        ),
        (
            "urn:xmpp:omemo:2:devices",
            "current",
            "<devices xmlns='urn:xmpp:omemo:2'><device id='7'/></devices>",
            "<publish-options><x xmlns='jabber:x:data' type='submit'>\
             <field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#publish-options</value></field>\
             <field var='pubsub#access_model'><value>open</value></field></x></publish-options>",
        ),
    ] {
        let publish = format!(
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='{node}'>\
             <item id='{id}'>{payload}</item></publish>{options}</pubsub>"
        );
        rosa.set("", &publish).await.unwrap();
    }
    let affiliations = "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>\
        <affiliations node='http://jabber.org/protocol/nick'>\
        <affiliation jid='bob@team.internal' affiliation='publisher'/></affiliations></pubsub>";
    rosa.set("", affiliations).await.unwrap();
    server.stop();
}

async fn items(client: &mut Client, node: &str) -> Vec<String> {
    let query = format!(
        "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{node}'/></pubsub>"
    );
    let found = client.get("", &query).await.unwrap();
    let items = found.get_child("items", ns::PUBSUB).unwrap();
    items
        .children()
        .map(|item| item.attr("id").unwrap().to_owned())
        .collect()
}

/// The picture, the bookmark and the rest are where clients look for them.
async fn is_filled(client: &mut Client, with_nodes: bool) {
    let vcard = client.get("", "<vCard xmlns='vcard-temp'/>").await.unwrap();
    let text =
        |element: &Element, name: &str| element.get_child(name, ns::VCARD_TEMP).unwrap().text();
    assert_eq!(text(&vcard, "FN"), "Rosa M");
    assert_eq!(text(&vcard, "NOTE"), "a < b");
    let photo = vcard.get_child("PHOTO", ns::VCARD_TEMP).unwrap();
    assert_eq!(text(photo, "BINVAL"), PICTURE);
    let query = "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>";
    let private = client.get("", query).await.unwrap();
    let storage = private.get_child("storage", ns::LEGACY_BOOKMARKS).unwrap();
    let room = storage
        .get_child("conference", ns::LEGACY_BOOKMARKS)
        .unwrap();
    assert_eq!(room.attr("name"), Some("The room"));
    assert_eq!(
        room.get_child("nick", ns::LEGACY_BOOKMARKS).unwrap().text(),
        "Ro"
    );
    assert!(storage.has_child("url", ns::LEGACY_BOOKMARKS));
    let query = "<query xmlns='jabber:iq:private'><exodus xmlns='exodus:prefs'/></query>";
    let private = client.get("", query).await.unwrap();
    assert!(
        private
            .get_child("exodus", "exodus:prefs")
            .unwrap()
            .has_child("x", "exodus:prefs")
    );
    assert_eq!(
        items(client, ns::BOOKMARKS).await,
        ["room@conference.team.internal"]
    );
    assert_eq!(items(client, ns::AVATAR_METADATA).await.len(), 1);
    if with_nodes {
        assert_eq!(items(client, "urn:xmpp:omemo:2:devices").await, ["current"]);
    }
}

#[tokio::test]
async fn there_and_back_twice_gives_the_same_file() {
    let desk = Desk::with(&["rosa", "bob"]);
    filled(&desk).await;
    let [first, second] = ["first.xml", "second.xml"].map(|name| desk.text(name));
    desk.ok(&["export", &first], "data");
    for _ in 0..2 {
        let done = desk.ok(&["import", &first], "again");
        assert_eq!(done["not_taken"], serde_json::json!([]));
        desk.ok(&["export", &second, "--force"], "again");
        let texts = [&first, &second].map(|path| std::fs::read_to_string(path).unwrap());
        assert_eq!(texts[0], texts[1]);
    }
    let text = std::fs::read_to_string(&first).unwrap();
    assert!(text.contains("affiliation='publisher'") && text.contains("<value>open</value>"));
    let server = desk.serve("again");
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    is_filled(&mut rosa, true).await;
    server.stop();
}

#[tokio::test]
async fn the_forms_of_other_servers_have_it_where_they_look() {
    let desk = Desk::with(&["rosa", "bob"]);
    filled(&desk).await;
    for dialect in ["ejabberd", "prosody"] {
        let file = desk.text(dialect);
        desk.ok(&["export", &file, "--dialect", dialect], "data");
        let file = match dialect {
            "prosody" => format!("{file}/rosa@team.internal.xml"),
            _ => file,
        };
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(&format!("<BINVAL>{PICTURE}</BINVAL>")));
        assert_eq!(text.contains("<configure"), dialect == "prosody");
        let again = format!("from-{dialect}");
        desk.ok(&["import", &file], &again);
        let server = desk.serve(&again);
        let mut rosa = Client::session(&server, "rosa", "desk").await;
        is_filled(&mut rosa, dialect == "prosody").await;
        server.stop();
        // Without an element of ours, the vCard says the name.
        let users = desk.ok(&["user", "list"], &again);
        let names: Vec<_> = users
            .as_array()
            .unwrap()
            .iter()
            .map(|user| &user["name"])
            .collect();
        assert!(names.contains(&&serde_json::json!("Rosa M")), "{names:?}");
    }
}

#[tokio::test]
async fn what_is_there_is_newer() {
    let desk = Desk::with(&["rosa", "bob"]);
    filled(&desk).await;
    let file = desk.text("old.xml");
    desk.ok(&["export", &file], "data");
    let server = desk.serve("data");
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    rosa.set("", "<vCard xmlns='vcard-temp'><FN>New</FN></vCard>")
        .await
        .unwrap();
    let publish = "<pubsub xmlns='http://jabber.org/protocol/pubsub'>\
        <publish node='http://jabber.org/protocol/nick'><item id='other'>\
        <nick xmlns='http://jabber.org/protocol/nick'>New</nick></item></publish></pubsub>";
    rosa.set("", publish).await.unwrap();
    desk.ok(&["import", &file], "data");
    assert_eq!(
        items(&mut rosa, "http://jabber.org/protocol/nick").await,
        ["other"]
    );
    let vcard = rosa.get("", "<vCard xmlns='vcard-temp'/>").await.unwrap();
    assert_eq!(vcard.get_child("FN", ns::VCARD_TEMP).unwrap().text(), "New");
    server.stop();
}

#[tokio::test]
async fn options_that_are_not_known_protect_rather_than_open() {
    let desk = Desk::with(&[]);
    let form = |model: &str| {
        format!(
            "<x xmlns='jabber:x:data' type='submit'><field var='pubsub#access_model'><value>{model}</value>\
             </field><field var='pubsub#strange'><value>1</value></field>\
             <field var='pubsub#max_items'><value>7</value></field></x>"
        )
    };
    let nodes: String = ["open", "authorize"]
        .map(|model| format!("<configure node='urn:{model}'>{}</configure>", form(model)))
        .concat();
    let text = format!(
        "<server-data xmlns='urn:xmpp:pie:0'><host jid='team.internal'>\
         <user name='rosa' password='{}'>\
         <pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>{nodes}</pubsub>\
         <pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:open'><item id='a'/>\
         <item id='b'><x xmlns='urn:x'/></item><item/></items></pubsub></user></host></server-data>",
        crate::server::PASSWORD
    );
    let file = desk.file("e.xml", &text);
    desk.ok(&["import", &file], "data");
    let out = desk.text("out.xml");
    desk.ok(&["export", &out], "data");
    let text = std::fs::read_to_string(&out).unwrap();
    let of = |node: &str| {
        let start = text.find(&format!(
            "<configure xmlns='{}' node='{node}'",
            ns::PUBSUB_OWNER
        ));
        let rest = &text[start.unwrap()..];
        let end = rest.find("</configure>").unwrap();
        let place = rest[..end].find("pubsub#access_model").unwrap();
        let value = rest[place..].find("</field>").unwrap();
        rest[place..place + value].to_owned()
    };
    assert!(of("urn:open").contains("<value>open</value>"));
    assert!(of("urn:authorize").contains("<value>whitelist</value>"));
    let server = desk.serve("data");
    let mut rosa = Client::session(&server, "rosa", "desk").await;
    assert_eq!(items(&mut rosa, "urn:open").await, ["a", "b"]);
    server.stop();
}

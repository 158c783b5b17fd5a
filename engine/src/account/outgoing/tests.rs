use xmpp_core::element::write;

use super::*;
use crate::inbound::{self, Meaning};
use crate::store::messages::{
    Attachment, Extras, Kind, Mention, Message, Received, Reply, Said, State,
};

fn message(text: &str, extras: Extras) -> Message {
    Message {
        id: 1,
        conversation: "bob@team.internal".into(),
        position: 1,
        outgoing: true,
        author: "rosa@team.internal".into(),
        author_name: String::new(),
        text: text.into(),
        time_ms: 1,
        state: State::Waiting,
        wire_id: Some("w1".into()),
        origin_id: Some("w1".into()),
        stanza_id: Some("s1".into()),
        extras,
        edited_ms: None,
        retracted: None,
        event: None,
        quoted: None,
        reactions: Vec::new(),
    }
}

fn row(kind: OutboxKind, message: Message) -> OutboxRow {
    OutboxRow {
        id: 1,
        kind,
        conversation: "bob@team.internal".into(),
        room: false,
        wire_id: "x1".into(),
        message: Some(message),
        emojis: vec!["👍".into()],
    }
}

/// What Bob's program understands of what we send.
fn read(stanza: &Element) -> Vec<Meaning> {
    let bob = jid::BareJid::new("bob@team.internal").unwrap();
    let sent =
        write(stanza)
            .unwrap()
            .replacen("<message ", "<message from='rosa@team.internal/desk' ", 1);
    inbound::live(
        &bob,
        &xmpp_core::element::parse(sent.as_bytes()).unwrap(),
        5,
    )
}

fn received(stanza: &Element) -> Received {
    match read(stanza).into_iter().next() {
        Some(Meaning::Message(received)) => *received,
        other => panic!("{other:?}"),
    }
}

fn said(stanza: &Element) -> (String, Said) {
    match read(stanza).into_iter().next() {
        Some(Meaning::About(about)) => (about.target, about.said),
        other => panic!("{other:?}"),
    }
}

fn everything() -> Extras {
    Extras {
        kind: Kind::File,
        reply: Some(Reply {
            id: "q1".into(),
            author: Some("bob@team.internal".into()),
            excerpt: Some("你好 🎉\nsecond".into()),
        }),
        mentions: vec![Mention {
            begin: 2,
            end: 6,
            address: "bob@team.internal".into(),
            me: false,
        }],
        attachments: vec![Attachment {
            url: Some("https://files.team.internal/x/cat.jpg".into()),
            name: Some("cat.jpg".into()),
            media_type: Some("image/jpeg".into()),
            size_bytes: Some(7),
            width: Some(3),
            height: Some(2),
            sha256: Some("aGFzaA==".into()),
            description: Some("My cat".into()),
            ..Attachment::default()
        }],
        unstyled: true,
        ..Extras::default()
    }
}

#[test]
fn what_is_sent_is_what_is_read() {
    let sent = everything();
    let stanza = outbox_row(&row(
        OutboxKind::Message,
        message("🎉 @Bob *look*", sent.clone()),
    ));
    let body = stanza.get_child("body", ns::CLIENT).unwrap().text();
    assert_eq!(
        body,
        "> 你好 🎉\n> second\n🎉 @Bob *look*\nhttps://files.team.internal/x/cat.jpg"
    );
    let received = received(&stanza);
    assert_eq!(received.text, "🎉 @Bob *look*");
    assert_eq!(
        (received.wire_id.as_deref(), received.origin_id.as_deref()),
        (Some("x1"), Some("x1"))
    );
    let wanted = Extras {
        mentions: vec![Mention {
            me: true,
            ..sent.mentions[0].clone()
        }],
        mentions_me: true,
        ..sent
    };
    assert_eq!(received.extras, wanted);
    assert!(received.wants_receipt);
}

#[test]
fn a_file_alone_is_its_address_for_older_programs() {
    let extras = Extras {
        reply: None,
        mentions: Vec::new(),
        ..everything()
    };
    let stanza = outbox_row(&row(OutboxKind::Message, message("", extras)));
    let url = "https://files.team.internal/x/cat.jpg";
    assert_eq!(stanza.get_child("body", ns::CLIENT).unwrap().text(), url);
    let plain = stanza.get_child("x", ns::OOB).unwrap();
    assert_eq!(plain.get_child("url", ns::OOB).unwrap().text(), url);
    let received = received(&stanza);
    assert_eq!(
        (received.text.as_str(), received.extras.attachments.len()),
        ("", 1)
    );
}

#[test]
fn what_is_said_about_a_message_names_it() {
    let edit = outbox_row(&row(OutboxKind::Edit, message("new", Extras::default())));
    match said(&edit) {
        (target, Said::Edit(edit)) => {
            assert_eq!((target.as_str(), edit.text.as_str()), ("w1", "new"));
            assert_eq!(edit.wire_id.as_deref(), Some("x1"));
        }
        other => panic!("{other:?}"),
    }
    let plain = || message("", Extras::default());
    let react = outbox_row(&row(OutboxKind::React, plain()));
    assert_eq!(said(&react), ("w1".into(), Said::React(vec!["👍".into()])));
    assert!(react.has_child("store", ns::HINTS));
    let retract = outbox_row(&row(OutboxKind::Retract, plain()));
    assert_eq!(said(&retract), ("w1".into(), Said::Retract));
    // In a room by the room's id, but for corrections.
    for (kind, child, namespace, id) in [
        (OutboxKind::React, "reactions", ns::REACTIONS, "s1"),
        (OutboxKind::Retract, "retract", ns::RETRACT, "s1"),
        (OutboxKind::Edit, "replace", ns::CORRECTION, "w1"),
    ] {
        let row = OutboxRow {
            room: true,
            ..row(kind, plain())
        };
        let stanza = outbox_row(&row);
        assert_eq!(stanza.attr("type"), Some("groupchat"));
        assert!(!stanza.has_child("request", ns::RECEIPTS));
        assert_eq!(
            stanza.get_child(child, namespace).unwrap().attr("id"),
            Some(id)
        );
    }
}

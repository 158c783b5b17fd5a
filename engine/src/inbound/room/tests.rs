use super::presence::FromRoom;
use super::*;
use crate::api::{Affiliation, PresenceShow, Role};
use crate::store::messages::{Received, Said};
use xmpp_core::element::parse;

fn own() -> BareJid {
    BareJid::new("rosa@team.internal").unwrap()
}

fn seat() -> Seat {
    Seat {
        own: own(),
        room: BareJid::new("lounge@rooms.team.internal").unwrap(),
        nick: "Rosa".to_owned(),
        occupant_id: Some("me".to_owned()),
        by_id: HashMap::from([("b".to_owned(), "bob@team.internal".to_owned())]),
        by_nick: HashMap::from([("Cai".to_owned(), "cai@team.internal".to_owned())]),
    }
}

fn read(stanza: &str) -> RoomNews {
    live(&seat(), &parse(stanza.as_bytes()).unwrap(), 1000)
}

fn said(nick: &str, content: &str) -> String {
    format!(
        "<message type='groupchat' id='w' from='lounge@rooms.team.internal/{nick}'>\
         <body>hi</body>{content}</message>"
    )
}

fn message(news: &RoomNews) -> &Received {
    match news.meanings.as_slice() {
        [Meaning::Message(received), ..] => received,
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_speaks_is_what_the_room_says() {
    let id = |id: &str| format!("<occupant-id xmlns='urn:xmpp:occupant-id:0' id='{id}'/>");
    let forged = "<x xmlns='http://jabber.org/protocol/muc#user'>\
        <item jid='cai@team.internal/x'/></x>";
    for (nick, content, author, outgoing) in [
        ("Bobby", id("b"), "bob@team.internal", false),
        ("Cai", String::new(), "cai@team.internal", false),
        ("Rosa", id("me"), "rosa@team.internal", true),
        ("Rosa", String::new(), "rosa@team.internal", true),
        // Somebody else under our nickname.
        ("Rosa", id("x"), "lounge@rooms.team.internal/Rosa", false),
        (
            "Eve",
            forged.to_owned(),
            "lounge@rooms.team.internal/Eve",
            false,
        ),
    ] {
        let news = read(&said(nick, &content));
        let received = message(&news);
        assert_eq!(
            (received.author.as_str(), received.outgoing),
            (author, outgoing)
        );
        assert_eq!(received.author_name.as_deref(), Some(nick));
        assert_eq!(received.conversation, "lounge@rooms.team.internal");
    }
}

#[test]
fn our_own_words_are_known_by_their_id() {
    let stanza_id = "<stanza-id xmlns='urn:xmpp:sid:0' by='lounge@rooms.team.internal' id='s'/>\
        <stanza-id xmlns='urn:xmpp:sid:0' by='rosa@team.internal' id='forged'/>";
    let news = read(&said("Rosa", stanza_id));
    let received = message(&news);
    assert_eq!(received.origin_id.as_deref(), Some("w"));
    assert_eq!(received.stanza_id.as_deref(), Some("s"));
    let theirs = read(&said("Cai", ""));
    assert_eq!(message(&theirs).origin_id, None);
}

/// Else what another device of ours says would count as read up to there.
#[test]
fn a_device_that_says_by_itself_what_was_seen_says_so_in_rooms_too() {
    let markable = "<markable xmlns='urn:xmpp:chat-markers:0'/>";
    assert!(message(&read(&said("Rosa", markable))).markable);
    assert!(!message(&read(&said("Rosa", ""))).markable);
}

#[test]
fn the_archive_of_the_room_names_people() {
    let page = |from: &str| {
        format!(
            "<message from='{from}'><result xmlns='urn:xmpp:mam:2' id='a1' queryid='q'>\
             <forwarded xmlns='urn:xmpp:forward:0'>\
             <delay xmlns='urn:xmpp:delay' stamp='1970-01-01T00:00:07Z'/>{}\
             </forwarded></result></message>",
            said(
                "Old",
                "<x xmlns='http://jabber.org/protocol/muc#user'><item jid='dee@team.internal/p'/></x>"
            )
            .replacen("<message", "<message xmlns='jabber:client'", 1)
        )
    };
    let read = |from: &str| archived(&seat(), &parse(page(from).as_bytes()).unwrap(), 1);
    let found = read("lounge@rooms.team.internal");
    let [Meaning::Message(received)] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(received.author, "dee@team.internal");
    assert_eq!(
        (received.stanza_id.as_deref(), received.time_ms),
        (Some("a1"), 7000)
    );
    assert_eq!(read("rosa@team.internal"), []);
    assert_eq!(read("other@rooms.team.internal"), []);
}

#[test]
fn subjects_changes_and_service_messages() {
    let news = read(
        "<message type='groupchat' from='lounge@rooms.team.internal/Cai'>\
         <subject>Lunch</subject></message>",
    );
    assert_eq!(
        (news.subject.as_deref(), news.meanings.len()),
        (Some("Lunch"), 0)
    );
    let news = read(
        "<message type='groupchat' from='lounge@rooms.team.internal'><body>changed</body>\
         <x xmlns='http://jabber.org/protocol/muc#user'><status code='104'/></x></message>",
    );
    assert!(news.is_changed && news.meanings.is_empty());
    assert_eq!(
        read(&said("Cai", "").replace("lounge", "other")),
        RoomNews::default()
    );
}

#[test]
fn we_are_named_by_nickname_or_reference() {
    for (text, named) in [("@Rosa look", true), ("I met somebody", false)] {
        let stanza = said("Cai", "").replace("<body>hi", &format!("<body>{text}"));
        assert_eq!(message(&read(&stanza)).extras.mentions_me, named, "{text}");
    }
    for uri in [
        "xmpp:rosa@team.internal",
        "xmpp:lounge@rooms.team.internal/Rosa",
        "xmpp:lounge@rooms.team.internal",
    ] {
        let referred = said(
            "Cai",
            &format!("<reference xmlns='urn:xmpp:reference:0' type='mention' uri='{uri}'/>"),
        );
        assert!(message(&read(&referred)).extras.mentions_me, "{uri}");
    }
}

#[test]
fn only_the_room_itself_takes_messages_of_others_back() {
    let retraction = |from: &str| {
        format!(
            "<message type='groupchat' from='lounge@rooms.team.internal{from}'>\
             <retract xmlns='urn:xmpp:message-retract:1' id='s'>\
             <moderated xmlns='urn:xmpp:message-moderate:1'/></retract></message>"
        )
    };
    let news = read(&retraction(""));
    let [Meaning::About(about)] = news.meanings.as_slice() else {
        panic!("{news:?}")
    };
    assert!(about.room && about.target == "s");
    assert!(matches!(about.said, Said::Moderate { .. }));
    assert_eq!(read(&retraction("/Eve")).meanings, []);
}

#[test]
fn both_kinds_of_invitations() {
    let read = |stanza: &str| invitation(&own(), &parse(stanza.as_bytes()).unwrap(), 5, false);
    let direct = read(
        "<message from='bob@team.internal/x'><body>come</body>\
         <x xmlns='jabber:x:conference' jid='lounge@rooms' reason='tea' password='p'/></message>",
    )
    .unwrap();
    assert_eq!(
        (direct.room.as_str(), direct.inviter.as_str()),
        ("lounge@rooms", "bob@team.internal")
    );
    assert_eq!(
        (direct.reason.as_str(), direct.password.as_deref()),
        ("tea", Some("p"))
    );
    let mediated = read(
        "<message from='lounge@rooms'><x xmlns='http://jabber.org/protocol/muc#user'>\
         <invite from='bob@team.internal/x'><reason>tea</reason></invite></x></message>",
    )
    .unwrap();
    assert_eq!(
        (mediated.room.as_str(), mediated.mediated),
        ("lounge@rooms", true)
    );
    assert_eq!(mediated.inviter, "bob@team.internal");
    for odd in [
        "<message from='bob@team.internal/x'><x xmlns='jabber:x:conference' jid='rooms'/></message>",
        "<message from='rosa@team.internal/x'><x xmlns='jabber:x:conference' jid='a@b'/></message>",
        "<message from='bob@team.internal/x'><body>hi</body></message>",
    ] {
        assert_eq!(read(odd), None, "{odd}");
    }
}

#[test]
fn presence_says_who_is_there() {
    let stanza = parse(
        b"<presence from='lounge@rooms/Cai'><show>away</show>\
          <occupant-id xmlns='urn:xmpp:occupant-id:0' id='c'/>\
          <x xmlns='http://jabber.org/protocol/muc#user'>\
          <item affiliation='owner' role='moderator' jid='cai@team.internal/p'/>\
          <status code='110'/><status code='201'/></x></presence>",
    )
    .unwrap();
    let Some((room, FromRoom::Presence(presence))) = presence::read(&stanza) else {
        panic!("a presence")
    };
    assert_eq!(room.as_str(), "lounge@rooms");
    assert_eq!(presence.show, Some(PresenceShow::Away));
    assert_eq!(
        (
            presence.affiliation,
            presence.role,
            presence.address.as_deref()
        ),
        (
            Affiliation::Owner,
            Role::Moderator,
            Some("cai@team.internal")
        )
    );
    assert!(presence.says(110) && presence.says(201) && !presence.says(303));
}

use super::*;
use crate::store::messages::{Attachment, Extras, Kind, Mention, Retracted, Said};
use xmpp_core::element::parse;

fn own() -> BareJid {
    BareJid::new("rosa@team.internal").unwrap()
}

fn read_live(stanza: &str) -> Vec<Meaning> {
    live(&own(), &parse(stanza.as_bytes()).unwrap(), 1000)
}

fn text(meanings: &[Meaning]) -> &Received {
    match meanings {
        [Meaning::Message(received), ..] => received,
        other => panic!("{other:?}"),
    }
}

const BOB: &str = "<message type='chat' id='1' from='bob@team.internal/x' to='rosa@team.internal'>\
    <body>hi</body><origin-id xmlns='urn:xmpp:sid:0' id='o'/>\
    <stanza-id xmlns='urn:xmpp:sid:0' by='rosa@team.internal' id='s'/>\
    <request xmlns='urn:xmpp:receipts'/>\
    <active xmlns='http://jabber.org/protocol/chatstates'/></message>";

#[test]
fn a_message_with_all_that_belongs_to_it() {
    let meanings = read_live(BOB);
    let received = text(&meanings);
    assert_eq!(received.conversation, "bob@team.internal");
    assert_eq!(
        (received.outgoing, received.wants_receipt, received.time_ms),
        (false, true, 1000)
    );
    assert_eq!(received.stanza_id.as_deref(), Some("s"));
    assert_eq!(received.origin_id.as_deref(), Some("o"));
    assert_eq!(
        meanings[1],
        Meaning::Typing {
            conversation: "bob@team.internal".into(),
            typing: false
        }
    );
}

#[test]
fn carbons_count_from_ourselves_only() {
    let carbon = |from: &str, inner: &str| {
        format!(
            "<message from='{from}'><received xmlns='urn:xmpp:carbons:2'>\
             <forwarded xmlns='urn:xmpp:forward:0'>{}</forwarded></received></message>",
            inner.replace("<message", "<message xmlns='jabber:client'")
        )
    };
    assert_eq!(
        text(&read_live(&carbon("rosa@team.internal", BOB))).text,
        "hi"
    );
    assert_eq!(read_live(&carbon("mallory@team.internal", BOB)), []);
    assert_eq!(
        read_live(&carbon("rosa@team.internal/phone", "<message/>")),
        []
    );
}

/// XEP-0280, section 8: some servers leave it in.
#[test]
fn who_wants_no_copies_is_heard_all_the_same() {
    let private = BOB.replace("<body>", "<private xmlns='urn:xmpp:carbons:2'/><body>");
    assert_eq!(text(&read_live(&private)).text, "hi");
}

/// Each part costs as much as the text is long.
#[test]
fn a_text_of_nothing_but_parts_is_read_quickly() {
    let parts: String = (0..6_000)
        .map(|n| format!("<body start='{n}' end='110000'/>"))
        .collect();
    let names: String = (0..6_000)
        .map(|n| {
            format!(
                "<reference xmlns='urn:xmpp:reference:0' type='mention' begin='{n}' end='110000' \
                 uri='xmpp:a@b'/>"
            )
        })
        .collect();
    let stanza = format!(
        "<message type='chat' id='1' from='bob@team.internal/x' to='rosa@team.internal'>\
         <body>{}x</body><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>{parts}\
         </fallback>{names}</message>",
        " ".repeat(120_000)
    );
    let began = std::time::Instant::now();
    drop(read_live(&stanza));
    // A hundredth of a second or so; without a limit a hundred times as long.
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
}

#[test]
fn stanza_ids_of_others_are_ignored() {
    let forged = BOB.replace("by='rosa@team.internal'", "by='bob@team.internal'");
    assert_eq!(text(&read_live(&forged)).stanza_id, None);
}

/// What a stanza says about another message: who, about which, what.
fn said(stanza: &str) -> Option<(String, String, Said)> {
    match read_live(stanza).into_iter().next()? {
        Meaning::About(about) => Some((about.author.address, about.target, about.said)),
        _ => None,
    }
}

#[test]
fn receipts_markers_and_errors() {
    let stanza = |attributes: &str, content: &str| {
        format!("<message id='9' {attributes}>{content}</message>")
    };
    let bob = "from='bob@team.internal/x'";
    let us = "from='rosa@team.internal/phone' to='bob@team.internal'";
    let displayed = "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>";
    let received = "<received xmlns='urn:xmpp:receipts' id='1'/>";
    let about = |who: &str, what| Some((who.to_owned(), "1".to_owned(), what));
    let by_bob = |what| about("bob@team.internal", what);
    assert_eq!(said(&stanza(bob, received)), by_bob(Said::Delivered));
    assert_eq!(said(&stanza(bob, displayed)), by_bob(Said::Displayed));
    let by_us = about("rosa@team.internal", Said::Displayed);
    assert_eq!(said(&stanza(us, displayed)), by_us);
    assert_eq!(said(&stanza(us, received)), None);
    assert!(matches!(
        read_live(&stanza("type='error' from='bob@team.internal'", "<body>my own text</body>")).as_slice(),
        [Meaning::Refused { wire_id, .. }] if wire_id == "9"
    ));
    assert_eq!(
        said(&stanza(bob, "<received xmlns='urn:xmpp:receipts'/>")),
        None
    );
}

#[test]
fn old_typing_and_strange_senders_mean_nothing() {
    let delayed = BOB.replace(
        "<active",
        "<delay xmlns='urn:xmpp:delay' stamp='1970-01-01T00:00:05Z'/><composing",
    );
    let own = own();
    let at = |stanza: &str, now_ms| live(&own, &parse(stanza.as_bytes()).unwrap(), now_ms);
    let meanings = at(&delayed, 9000);
    assert_eq!(meanings.len(), 1);
    assert_eq!(text(&meanings).time_ms, 5000);
    assert_eq!(text(&at(&delayed, 3000)).time_ms, 3000, "no future");
    for odd in [
        "<message from='team.internal'><body>x</body></message>",
        "<message from='room@muc/x' type='groupchat'><body>x</body></message>",
        "<message/>",
    ] {
        assert_eq!(read_live(odd), [], "{odd}");
    }
}

#[test]
fn the_archive_gives_its_own_id_and_time() {
    let page = format!(
        "<message from='rosa@team.internal'><result xmlns='urn:xmpp:mam:2' id='a1' queryid='q'>\
         <forwarded xmlns='urn:xmpp:forward:0'>\
         <delay xmlns='urn:xmpp:delay' stamp='1970-01-01T00:00:07Z'/>{}</forwarded></result></message>",
        BOB.replace("<message", "<message xmlns='jabber:client'")
    );
    let read = archived(&own(), &parse(page.as_bytes()).unwrap(), 1).unwrap();
    assert_eq!(read.query_id.as_deref(), Some("q"));
    let received = text(&read.meanings);
    assert_eq!(
        (received.stanza_id.as_deref(), received.time_ms),
        (Some("a1"), 7000)
    );
    assert_eq!(read.meanings.len(), 1);
    let forged = page.replacen("rosa@", "mallory@", 1);
    assert_eq!(
        archived(&own(), &parse(forged.as_bytes()).unwrap(), 1)
            .unwrap()
            .meanings,
        []
    );
    assert_eq!(archived(&own(), &parse(BOB.as_bytes()).unwrap(), 1), None);
}

mod content;

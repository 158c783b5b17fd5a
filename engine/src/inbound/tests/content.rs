//! What messages say, in the words of many programs.

use super::*;
use crate::inbound::content::{Frame, meanings};

fn bob(content: &str) -> String {
    format!(
        "<message type='chat' id='m1' from='bob@team.internal/x' to='rosa@team.internal'>{content}</message>"
    )
}

fn received(content: &str) -> Received {
    let meanings = read_live(&bob(content));
    match meanings.into_iter().next() {
        Some(Meaning::Message(received)) => *received,
        other => panic!("{other:?}"),
    }
}

fn about(content: &str) -> Option<(String, Said)> {
    said(&bob(content)).map(|(_, target, said)| (target, said))
}

const FALLBACK: &str = "xmlns='urn:xmpp:fallback:0'";

#[test]
fn a_reply_is_shown_without_its_quotation() {
    let reply = |range: &str, body: &str| {
        let message = received(&format!(
            "<body>{body}</body><reply xmlns='urn:xmpp:reply:0' to='anna@team.internal/pad' id='q1'/>\
             <fallback {FALLBACK} for='urn:xmpp:reply:0'>{range}</fallback>"
        ));
        let reply = message.extras.reply.unwrap();
        assert_eq!(reply.id, "q1");
        assert_eq!(reply.author.as_deref(), Some("anna@team.internal"));
        (message.text, reply.excerpt)
    };
    // Counted in code points, not in bytes or UTF-16 units.
    let body = "&gt; 你好 🎉\n&gt; two\nYes! 🎉";
    let quote = Some("你好 🎉\ntwo".to_owned());
    let whole = |text: &str| text.to_owned();
    assert_eq!(
        reply("<body start='0' end='13'/>", body),
        (whole("Yes! 🎉"), quote.clone())
    );
    assert_eq!(
        reply("<body start='0' end='12'/>", body),
        (whole("Yes! 🎉"), quote)
    );
    // Ranges that make no sense leave the text as it is.
    for odd in [
        "<body start='9' end='3'/>",
        "<body start='x' end='3'/>",
        "",
        "<body/>",
    ] {
        assert!(reply(odd, body).0.starts_with("> 你好"), "{odd}");
    }
    let beyond = reply("<body start='13' end='99'/>", body).0;
    assert_eq!(beyond, "> 你好 🎉\n> two\n");
    // What stands in for something we do not understand is shown.
    let other = received(&format!(
        "<body>a b</body><fallback {FALLBACK} for='urn:example:0'/>"
    ));
    assert_eq!(other.text, "a b");
}

#[test]
fn reactions_and_corrections() {
    let reactions = "<reactions xmlns='urn:xmpp:reactions:0' id='t'><reaction>👍</reaction>\
        <reaction> 👍</reaction><reaction/><reaction>🎉</reaction></reactions>";
    let both = Said::React(vec!["👍".into(), "🎉".into()]);
    assert_eq!(about(reactions), Some(("t".into(), both.clone())));
    // With a stand-in, which is no message.
    let stand_in =
        format!("<fallback {FALLBACK} for='urn:xmpp:reactions:0'/><body>👍🎉</body>{reactions}");
    assert_eq!(about(&stand_in), Some(("t".into(), both)));
    assert_eq!(about("<reactions xmlns='urn:xmpp:reactions:0'/>"), None);
    let correction = "<body>better</body><replace xmlns='urn:xmpp:message-correct:0' id='t'/>\
        <origin-id xmlns='urn:xmpp:sid:0' id='o'/>";
    match about(correction) {
        Some((target, Said::Edit(edit))) => {
            assert_eq!((target.as_str(), edit.text.as_str()), ("t", "better"));
            assert_eq!(edit.wire_id.as_deref(), Some("m1"));
            assert_eq!(edit.origin_id.as_deref(), Some("o"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn retractions_as_they_are_and_as_they_were() {
    let now = format!(
        "<retract xmlns='urn:xmpp:message-retract:1' id='t'/>\
         <fallback {FALLBACK} for='urn:xmpp:message-retract:1'/><body>gone</body>"
    );
    let then = "<apply-to xmlns='urn:xmpp:fasten:0' id='t'>\
        <retract xmlns='urn:xmpp:message-retract:0'/></apply-to><body>gone</body>";
    for stanza in [now.as_str(), then] {
        assert_eq!(about(stanza), Some(("t".into(), Said::Retract)), "{stanza}");
    }
    // No moderator between two people.
    let moderated = "<retract xmlns='urn:xmpp:message-retract:1' id='t'>\
        <moderated xmlns='urn:xmpp:message-moderate:1' by='a@b'/></retract>";
    assert_eq!(about(moderated), None);
    // Something else is fastened to it.
    assert_eq!(about("<apply-to xmlns='urn:xmpp:fasten:0' id='t'/>"), None);
}

#[test]
fn marks_of_retractions_count_in_archives_only() {
    let inner = |mark: &str| {
        format!(
            "<message xmlns='jabber:client' type='chat' id='w' from='bob@team.internal/x' \
             to='rosa@team.internal'>{mark}</message>"
        )
    };
    let read = |mark: &str| {
        let page = format!(
            "<message from='rosa@team.internal'><result xmlns='urn:xmpp:mam:2' id='a1'>\
             <forwarded xmlns='urn:xmpp:forward:0'>{}</forwarded></result></message>",
            inner(mark)
        );
        archived(&own(), &parse(page.as_bytes()).unwrap(), 77)
            .unwrap()
            .meanings
    };
    for mark in [
        "<retracted xmlns='urn:xmpp:message-retract:1' stamp='1970-01-01T00:00:09Z' id='r'/>",
        "<retracted xmlns='urn:xmpp:message-retract:0' stamp='1970-01-01T00:00:09Z'/>",
        "<moderated xmlns='urn:xmpp:message-moderate:0' by='r@c/mod'><retracted \
         xmlns='urn:xmpp:message-retract:0' stamp='1970-01-01T00:00:09Z'/></moderated>",
    ] {
        let meanings = read(mark);
        let received = text(&meanings);
        let wanted = Retracted {
            time_ms: 9000,
            by: None,
        };
        assert_eq!(received.retracted.as_ref(), Some(&wanted), "{mark}");
        assert_eq!(
            (received.wire_id.as_deref(), received.stanza_id.as_deref()),
            (Some("w"), Some("a1"))
        );
        assert_eq!(read_live(&inner(mark)), [], "live it means nothing");
    }
}

#[test]
fn people_are_named() {
    let mention = |range: &str, uri: &str| {
        format!("<reference xmlns='urn:xmpp:reference:0' type='mention' {range} uri='{uri}'/>")
    };
    let named = |content: &str| {
        let extras = received(content).extras;
        let ranges: Vec<_> = extras
            .mentions
            .iter()
            .map(|one| (one.begin, one.end, one.me))
            .collect();
        (ranges, extras.mentions_me)
    };
    let anna = mention("begin='3' end='8'", "xmpp:anna@team.internal");
    assert_eq!(
        named(&format!("<body>🎉 @Anna!</body>{anna}")),
        (vec![(3, 8, false)], false)
    );
    let me = mention("begin='0' end='2'", "xmpp:ros%61@team.internal?message");
    assert_eq!(
        named(&format!("<body>罗莎?</body>{me}")),
        (vec![(0, 2, true)], true)
    );
    // Without a place, and with one that is not in the text.
    for range in [
        "",
        "begin='2' end='1'",
        "begin='1' end='9'",
        "begin='-1' end='1'",
    ] {
        let me = mention(range, "xmpp:rosa@team.internal");
        assert_eq!(
            named(&format!("<body>hey</body>{me}")),
            (vec![], true),
            "{range}"
        );
    }
    // By name alone.
    assert_eq!(
        named("<body>hi @Rosa, @rosa!</body>"),
        (vec![(3, 8, true), (10, 15, true)], true)
    );
    for other in ["@rosalind", "mail@rosa", "rosa", "@ros", "x@rosa.example"] {
        assert_eq!(
            named(&format!("<body>{other}</body>")),
            (vec![], false),
            "{other}"
        );
    }
    // Behind the quotation of a reply.
    let me = mention("begin='6' end='11'", "xmpp:rosa@team.internal");
    let reply = format!(
        "<body>&gt; hm\n\n@Rosa</body><reply xmlns='urn:xmpp:reply:0' id='q'/>{me}\
         <fallback {FALLBACK} for='urn:xmpp:reply:0'><body start='0' end='6'/></fallback>"
    );
    assert_eq!(named(&reply), (vec![(0, 5, true)], true));
}

const CAT: &str = "https://files.team.internal/x/%E7%8C%AB.jpg";

fn files(content: &str) -> (String, Vec<Attachment>) {
    let message = received(content);
    assert_eq!(message.extras.kind, Kind::File);
    (message.text, message.extras.attachments)
}

#[test]
fn files_in_the_words_of_three_specifications() {
    let plain = format!("<x xmlns='jabber:x:oob'><url>{CAT}</url></x>");
    let (text, found) = files(&format!("<body>{CAT}</body>{plain}"));
    assert_eq!((text.as_str(), found.len()), ("", 1));
    assert_eq!(found[0].name.as_deref(), Some("猫.jpg"));
    assert_eq!(found[0].url.as_deref(), Some(CAT));
    // With what the sender says of it, a caption, and both old and new.
    let described = |namespace: &str| {
        format!(
            "<file xmlns='{namespace}'><media-type>image/jpeg</media-type><name>a/../cat.jpg</name>\
             <size>3032449</size><width>4096</width><height>-1</height>\
             <hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>aGFzaA==</hash><desc>My cat</desc></file>"
        )
    };
    let shared = format!(
        "<file-sharing xmlns='urn:xmpp:sfs:0' disposition='inline'>{}<sources>\
         <url-data xmlns='http://jabber.org/protocol/url-data' target='ftp://x/y'/>\
         <url-data xmlns='http://jabber.org/protocol/url-data' target='{CAT}'/></sources></file-sharing>",
        described("urn:xmpp:file:metadata:0")
    );
    let sims = format!(
        "<reference xmlns='urn:xmpp:reference:0' type='data'><media-sharing xmlns='urn:xmpp:sims:1'>\
         {}<sources><reference xmlns='urn:xmpp:reference:0' type='data' uri='{CAT}'/></sources>\
         </media-sharing></reference>",
        described("urn:xmpp:jingle:apps:file-transfer:5")
    );
    for new in [shared.as_str(), &sims] {
        let stand_in = format!(
            "<fallback {FALLBACK} for='urn:xmpp:sfs:0'><body start='4' end='99'/></fallback>"
        );
        let (text, found) = files(&format!("<body>look\n{CAT}</body>{plain}{stand_in}{new}"));
        assert_eq!((text.as_str(), found.len()), ("look", 1));
        let file = &found[0];
        assert_eq!(file.name.as_deref(), Some("cat.jpg"));
        assert_eq!(file.media_type.as_deref(), Some("image/jpeg"));
        assert_eq!(
            (file.size_bytes, file.width, file.height),
            (Some(3_032_449), Some(4096), None)
        );
        assert_eq!(file.sha256.as_deref(), Some("aGFzaA=="));
        // Without a body.
        assert_eq!(files(new).0, "");
    }
}

#[test]
fn addresses_that_are_no_files_stay_text() {
    for url in [
        "aesgcm://x/y#00",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "x",
    ] {
        let message = received(&format!(
            "<body>{url}</body><x xmlns='jabber:x:oob'><url>{url}</url></x>"
        ));
        assert_eq!(message.extras, Extras::default(), "{url}");
        assert_eq!(message.text, url);
    }
}

#[test]
fn what_cannot_be_read_is_shown_by_its_stand_in() {
    let message = received(
        "<body>I sent you an OMEMO message.</body>\
         <encryption xmlns='urn:xmpp:eme:0' namespace='eu.siacs.conversations.axolotl'/>\
         <unstyled xmlns='urn:xmpp:styling:0'/>",
    );
    assert!(message.extras.encrypted && message.extras.unstyled);
    assert_eq!(message.text, "I sent you an OMEMO message.");
    assert_eq!(read_live(&bob("<body/>")), []);
}

/// In a room only the room itself moderates.
#[test]
fn moderation() {
    let frame = |is_service: bool| Frame {
        conversation: "r@c".into(),
        room: true,
        author: Author::default(),
        is_service,
        my_addresses: vec!["rosa@team.internal".into()],
        my_names: vec!["rosa".into()],
        stanza_id: Some("s".into()),
        time_ms: 5,
        is_delayed: false,
        is_archived: false,
    };
    let now = "<message><retract xmlns='urn:xmpp:message-retract:1' id='t'>\
        <moderated xmlns='urn:xmpp:message-moderate:1' by='r@c/Mod'/>\
        <reason>rude</reason></retract></message>";
    let then = "<message><apply-to xmlns='urn:xmpp:fasten:0' id='t'>\
        <moderated xmlns='urn:xmpp:message-moderate:0' by='r@c/Mod'>\
        <retract xmlns='urn:xmpp:message-retract:0'/></moderated></apply-to></message>";
    for stanza in [now, then] {
        let stanza = parse(stanza.as_bytes()).unwrap();
        match meanings(&frame(true), &stanza).as_slice() {
            [Meaning::About(about)] => {
                let by = Some("Mod".to_owned());
                assert_eq!(
                    (about.target.as_str(), &about.said),
                    ("t", &Said::Moderate { by })
                );
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(meanings(&frame(false), &stanza), []);
    }
}

#[test]
fn names_in_chinese_need_no_gap() {
    let mut frame = Frame {
        conversation: "bob@team.internal".into(),
        room: false,
        author: Author::default(),
        is_service: false,
        my_addresses: vec!["rosa@team.internal".into()],
        my_names: vec!["王伟".into()],
        stanza_id: None,
        time_ms: 5,
        is_delayed: false,
        is_archived: false,
    };
    let stanza = parse("<message><body>请@王伟看一下</body></message>".as_bytes()).unwrap();
    let read = meanings(&frame, &stanza);
    let wanted = Mention {
        begin: 1,
        end: 4,
        address: "rosa@team.internal".into(),
        me: true,
    };
    assert_eq!(text(&read).extras.mentions, [wanted]);
    frame.my_names.clear();
    assert_eq!(text(&meanings(&frame, &stanza)).extras.mentions, []);
}

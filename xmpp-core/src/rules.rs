//! Decisions on which both ends must agree, so that what one archives or copies
//! the other expects.

use minidom::Element;

use crate::{ns, uri};

/// The kind of a message (RFC 6121, section 5.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// One to one.
    Chat,
    /// An error that answers an earlier message.
    Error,
    /// To or from a room.
    Groupchat,
    /// A headline: transient.
    Headline,
    /// Outside a conversation; also what an unknown or missing type means.
    Normal,
}

impl MessageKind {
    /// The kind of this message.
    #[must_use]
    pub fn of(message: &Element) -> Self {
        match message.attr("type") {
            Some("chat") => Self::Chat,
            Some("error") => Self::Error,
            Some("groupchat") => Self::Groupchat,
            Some("headline") => Self::Headline,
            _ => Self::Normal,
        }
    }
}

fn has_hint(message: &Element, name: &str) -> bool {
    message.has_child(name, ns::HINTS)
}

/// Whether the message has content that a person or the state of a
/// conversation depends on: a text, a receipt, a displayed marker, a
/// correction, retraction or reaction, an invitation. Chat states alone are not.
#[must_use]
pub fn has_lasting_content(message: &Element) -> bool {
    const MARKS: &[(&str, &str)] = &[
        ("body", ns::CLIENT),
        ("received", ns::RECEIPTS),
        ("received", ns::MARKERS),
        ("displayed", ns::MARKERS),
        ("acknowledged", ns::MARKERS),
        ("replace", ns::CORRECTION),
        ("retract", ns::RETRACT),
        ("reactions", ns::REACTIONS),
        // Who is away when they are invited has to learn of it.
        ("x", ns::DIRECT_INVITE),
    ];
    MARKS
        .iter()
        .any(|(name, namespace)| message.has_child(*name, *namespace))
        || message.children().any(|child| child.name() == "encrypted")
}

/// How long a server keeps a message between two accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Keeping {
    /// In the archives of both ends.
    Archived,
    /// Until a client of the recipient has it.
    UntilDelivered,
    /// Not at all.
    Nothing,
}

/// What the rules say of a message that is not for a room (XEP-0160, section 3;
/// XEP-0313, section 6; XEP-0334). Of contradicting hints the one that keeps
/// less counts.
#[must_use]
pub fn keeping(message: &Element) -> Keeping {
    let lasts = match MessageKind::of(message) {
        MessageKind::Chat | MessageKind::Normal => {
            !has_hint(message, "no-store")
                && (has_hint(message, "store") || has_lasting_content(message))
        }
        // The hints of an error are those of what it answers.
        MessageKind::Error | MessageKind::Groupchat | MessageKind::Headline => false,
    };
    match (lasts, has_hint(message, "no-permanent-store")) {
        (false, _) => Keeping::Nothing,
        (true, true) => Keeping::UntilDelivered,
        (true, false) => Keeping::Archived,
    }
}

/// Whether a server puts the message into the archives of its two ends. Room
/// messages go into the room's archive instead.
#[must_use]
pub fn is_archived(message: &Element) -> bool {
    keeping(message) == Keeping::Archived
}

/// Whether this is what an archive keeps of a message that was retracted
/// (XEP-0424, section 4).
#[must_use]
pub fn is_retracted(message: &Element) -> bool {
    message.has_child("retracted", ns::RETRACT)
}

/// Whether two messages under one origin id are one message that was sent
/// twice (XEP-0359): they say the same, whatever the ways they came add to it.
#[must_use]
pub fn is_same_message(one: &Element, other: &Element) -> bool {
    fn said(message: &Element) -> impl Iterator<Item = &Element> {
        message.children().filter(|child| {
            ![ns::DELAY, ns::STANZA_ID, ns::OCCUPANT_ID, ns::MUC_USER]
                .iter()
                .any(|namespace| child.has_ns(*namespace))
        })
    }
    said(one).eq(said(other))
}

/// Whether a message goes into the archive of the room that it is said in
/// (XEP-0313, section 6; XEP-0334).
#[must_use]
pub fn is_archived_in_room(message: &Element) -> bool {
    if has_hint(message, "no-permanent-store") || has_hint(message, "no-store") {
        return false;
    }
    has_hint(message, "store") || has_lasting_content(message)
}

/// Whether a message of a room names the room itself, and so everybody in it
/// (XEP-0372).
#[must_use]
pub fn names_everybody(message: &Element, room: &str) -> bool {
    message
        .children()
        .filter(|child| {
            child.is("reference", ns::REFERENCES) && child.attr("type") == Some("mention")
        })
        .filter_map(|reference| uri::address(reference.attr("uri")?))
        .any(|address| address.as_str() == room)
}

/// Whether the other devices of an account get a copy (XEP-0280, section 6).
#[must_use]
pub fn is_carbon_copied(message: &Element) -> bool {
    if message.has_child("private", ns::CARBONS) || has_hint(message, "no-copy") {
        return false;
    }
    // A copy of a copy would never end.
    if message.has_child("sent", ns::CARBONS) || message.has_child("received", ns::CARBONS) {
        return false;
    }
    match MessageKind::of(message) {
        MessageKind::Chat => true,
        MessageKind::Normal => {
            has_lasting_content(message)
                || message
                    .children()
                    .any(|child| child.has_ns(ns::CHAT_STATES))
        }
        MessageKind::Error | MessageKind::Groupchat | MessageKind::Headline => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::parse;

    fn message(kind: &str, content: &str) -> Element {
        parse(format!("<message type='{kind}'>{content}</message>").as_bytes()).unwrap()
    }

    #[test]
    fn what_is_kept_and_how_long() {
        let body = "<body>hi</body>";
        let hint = |name: &str| format!("<{name} xmlns='urn:xmpp:hints'/>");
        let off_the_record = format!("{body}{}", hint("no-permanent-store"));
        let not_at_all = format!("{off_the_record}{}", hint("no-store"));
        for (kind, content, kept) in [
            ("chat", body.to_owned(), Keeping::Archived),
            ("chat", off_the_record.clone(), Keeping::UntilDelivered),
            ("normal", off_the_record.clone(), Keeping::UntilDelivered),
            ("headline", off_the_record, Keeping::Nothing),
            ("chat", not_at_all, Keeping::Nothing),
            ("chat", hint("no-permanent-store"), Keeping::Nothing),
            (
                "error",
                format!("{body}{}", hint("store")),
                Keeping::Nothing,
            ),
            (
                "normal",
                "<x xmlns='jabber:x:conference' jid='a@b'/>".to_owned(),
                Keeping::Archived,
            ),
        ] {
            assert_eq!(keeping(&message(kind, &content)), kept, "{kind} {content}");
        }
    }

    #[test]
    fn what_is_sent_again_is_the_same_message() {
        let first = message(
            "chat",
            "<body>hi</body><origin-id xmlns='urn:xmpp:sid:0' id='1'/>",
        );
        let again = "<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/><body>hi</body>";
        assert!(is_same_message(&first, &message("chat", again)));
        for other in ["<body>ho</body>", "", "<body>hi</body><x xmlns='y'/>"] {
            assert!(!is_same_message(&first, &message("chat", other)), "{other}");
        }
    }

    #[test]
    fn what_is_archived_and_copied() {
        let body = "<body>hi</body>";
        let state = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
        let receipt = "<received xmlns='urn:xmpp:receipts' id='1'/>";
        let marker = "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>";
        let no_store = "<no-store xmlns='urn:xmpp:hints'/>";
        let store = "<store xmlns='urn:xmpp:hints'/>";
        let no_copy = "<no-copy xmlns='urn:xmpp:hints'/>";
        let private = "<private xmlns='urn:xmpp:carbons:2'/>";
        for (kind, content, archived, copied) in [
            ("chat", body.to_owned(), true, true),
            ("normal", body.to_owned(), true, true),
            ("unheard-of", body.to_owned(), true, true),
            ("chat", state.to_owned(), false, true),
            ("normal", state.to_owned(), false, true),
            ("chat", receipt.to_owned(), true, true),
            ("chat", marker.to_owned(), true, true),
            ("chat", format!("{body}{no_store}"), false, true),
            ("chat", format!("{state}{store}"), true, true),
            ("chat", format!("{body}{no_copy}"), true, false),
            ("chat", format!("{body}{private}"), true, false),
            (
                "chat",
                "<received xmlns='urn:xmpp:carbons:2'/>".to_owned(),
                false,
                false,
            ),
            ("headline", body.to_owned(), false, false),
            ("groupchat", body.to_owned(), false, false),
            ("error", body.to_owned(), false, false),
            ("normal", "<x xmlns='y'/>".to_owned(), false, false),
        ] {
            let message = message(kind, &content);
            assert_eq!(
                is_archived(&message),
                archived,
                "archived: {kind} {content}"
            );
            assert_eq!(
                is_carbon_copied(&message),
                copied,
                "copied: {kind} {content}"
            );
        }
    }
}

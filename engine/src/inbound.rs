//! What a message stanza means. Pure: a stanza in, a closed list of meanings out.
//!
//! The typed payloads are those of xmpp-parsers, and stay in this file.

use jid::{BareJid, Jid};
use xmpp_core::stanza_error::StanzaError;
use xmpp_core::{Element, datetime, ns};
use xmpp_parsers::chatstates::ChatState;
use xmpp_parsers::{carbons, mam};

use crate::store::messages::Received;

/// One thing that a message stanza says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A text.
    Message(Received),
    /// The other side's device has a message of ours (XEP-0184).
    Receipt {
        conversation: String,
        wire_id: String,
    },
    /// The other side has seen a message of ours (XEP-0333).
    Displayed {
        conversation: String,
        wire_id: String,
    },
    /// We have seen a message, on another device.
    DisplayedByUs {
        conversation: String,
        wire_id: String,
    },
    /// The other side types, or stopped (XEP-0085).
    Typing { conversation: String, typing: bool },
    /// A message of ours was refused.
    Refused {
        conversation: String,
        wire_id: String,
        error: StanzaError,
    },
}

impl Meaning {
    /// Whether it is a text, and not about one.
    pub(crate) fn is_message(&self) -> bool {
        matches!(self, Self::Message(_))
    }
}

/// A message of a page of the archive (XEP-0313).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Archived {
    pub(crate) query_id: Option<String>,
    pub(crate) meanings: Vec<Meaning>,
}

/// How a stanza came.
#[derive(Debug, Clone, Copy)]
struct Path<'a> {
    /// Our own bare address.
    own: &'a BareJid,
    /// When it was sent, if it did not come at once.
    stamp_ms: Option<i64>,
    /// The archive's id of it, if it comes from there.
    archive_id: Option<&'a str>,
    now_ms: i64,
}

/// Reads a live message stanza.
pub(crate) fn live(own: &BareJid, stanza: &Element, now_ms: i64) -> Vec<Meaning> {
    let from_us = stanza
        .attr("from")
        .is_none_or(|from| BareJid::new(from).is_ok_and(|from| from == *own));
    // A copy of what another device sent or received: only our own account may
    // say so (XEP-0280, section 11; CVE-2017-5589 and its kin).
    if let Some(child) = stanza.children().find(|child| child.has_ns(ns::CARBONS)) {
        if !from_us {
            return Vec::new();
        }
        let inner = match child.name() {
            "sent" => carbons::Sent::try_from(child.clone())
                .ok()
                .map(|sent| sent.forwarded),
            "received" => carbons::Received::try_from(child.clone())
                .ok()
                .map(|received| received.forwarded),
            _ => None,
        };
        return inner.map_or_else(Vec::new, |forwarded| {
            let stamp_ms = forwarded
                .delay
                .map(|delay| delay.stamp.0.timestamp_millis());
            let inner = Element::from(forwarded.message);
            read(
                &Path {
                    own,
                    stamp_ms,
                    archive_id: None,
                    now_ms,
                },
                &inner,
            )
        });
    }
    let stamp_ms = stanza
        .get_child("delay", ns::DELAY)
        .and_then(|delay| delay.attr("stamp"))
        .and_then(datetime::parse_ms)
        // The sender may have written it: nothing comes from the future, and
        // stays on top of the list for ever.
        .map(|stamp_ms| stamp_ms.min(now_ms));
    read(
        &Path {
            own,
            stamp_ms,
            archive_id: None,
            now_ms,
        },
        stanza,
    )
}

/// Reads a message of the archive; `None` if the stanza is no such thing.
pub(crate) fn archived(own: &BareJid, stanza: &Element, now_ms: i64) -> Option<Archived> {
    let result = stanza.get_child("result", ns::MAM)?;
    let from_us = stanza
        .attr("from")
        .is_none_or(|from| BareJid::new(from).is_ok_and(|from| from == *own));
    let nothing = Archived {
        query_id: None,
        meanings: Vec::new(),
    };
    if !from_us {
        return Some(nothing);
    }
    let Ok(result) = mam::Result_::try_from(result.clone()) else {
        return Some(nothing);
    };
    let stamp_ms = result
        .forwarded
        .delay
        .map(|delay| delay.stamp.0.timestamp_millis());
    let inner = Element::from(result.forwarded.message);
    let path = Path {
        own,
        stamp_ms,
        archive_id: Some(&result.id),
        now_ms,
    };
    // What was typed then does not matter now.
    let meanings = read(&path, &inner)
        .into_iter()
        .filter(|meaning| !matches!(meaning, Meaning::Typing { .. }))
        .collect();
    Some(Archived {
        query_id: result.queryid.map(|id| id.0),
        meanings,
    })
}

fn read(path: &Path<'_>, stanza: &Element) -> Vec<Meaning> {
    let address = |name: &str| stanza.attr(name).and_then(|text| Jid::new(text).ok());
    let own = || Jid::from(path.own.clone());
    let from = address("from").unwrap_or_else(own).to_bare();
    let to = address("to").unwrap_or_else(own).to_bare();
    let outgoing = from == *path.own;
    let other = if outgoing { &to } else { &from };
    if other.node().is_none() {
        // Announcements of the server have no conversation (yet).
        return Vec::new();
    }
    let conversation = other.to_string();
    let id = stanza
        .attr("id")
        .filter(|id| !id.is_empty())
        .map(str::to_owned);

    match stanza.attr("type") {
        Some("error") => {
            return id
                .map(|wire_id| Meaning::Refused {
                    conversation,
                    wire_id,
                    error: StanzaError::from_stanza(stanza),
                })
                .into_iter()
                .collect();
        }
        // Rooms are not joined yet; headlines are not kept.
        Some("groupchat" | "headline") => return Vec::new(),
        _ => {}
    }

    let mut meanings = Vec::new();
    if let Some(body) = stanza.get_child("body", ns::CLIENT) {
        meanings.push(Meaning::Message(Received {
            conversation: conversation.clone(),
            outgoing,
            author: from.to_string(),
            text: body.text(),
            time_ms: path.stamp_ms.unwrap_or(path.now_ms),
            wire_id: id,
            origin_id: stanza
                .get_child("origin-id", ns::STANZA_ID)
                .and_then(|origin| origin.attr("id"))
                .map(str::to_owned),
            stanza_id: path
                .archive_id
                .map(str::to_owned)
                .or_else(|| stanza_id(stanza, path.own)),
            wants_receipt: !outgoing && stanza.has_child("request", ns::RECEIPTS),
        }));
    }
    for child in stanza.children() {
        let about = || {
            child
                .attr("id")
                .filter(|id| !id.is_empty())
                .map(str::to_owned)
        };
        let conversation = conversation.clone();
        let meaning = match (child.name(), child.ns().as_str()) {
            ("received", ns::RECEIPTS) if !outgoing => about().map(|wire_id| Meaning::Receipt {
                conversation,
                wire_id,
            }),
            ("displayed", ns::MARKERS) if outgoing => {
                about().map(|wire_id| Meaning::DisplayedByUs {
                    conversation,
                    wire_id,
                })
            }
            ("displayed", ns::MARKERS) => about().map(|wire_id| Meaning::Displayed {
                conversation,
                wire_id,
            }),
            (_, ns::CHAT_STATES) if !outgoing && path.stamp_ms.is_none() => {
                ChatState::try_from(child.clone())
                    .ok()
                    .map(|state| Meaning::Typing {
                        conversation,
                        typing: state == ChatState::Composing,
                    })
            }
            _ => None,
        };
        meanings.extend(meaning);
    }
    meanings
}

/// The id under which our own archive has it (XEP-0359): only what our own
/// server says under our own name counts.
fn stanza_id(stanza: &Element, own: &BareJid) -> Option<String> {
    stanza
        .children()
        .find(|child| {
            child.is("stanza-id", ns::STANZA_ID)
                && child.attr("by").is_some_and(|by| by == own.as_str())
        })
        .and_then(|child| child.attr("id"))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
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

    #[test]
    fn stanza_ids_of_others_are_ignored() {
        let forged = BOB.replace("by='rosa@team.internal'", "by='bob@team.internal'");
        assert_eq!(text(&read_live(&forged)).stanza_id, None);
    }

    #[test]
    fn receipts_markers_and_errors() {
        let stanza = |attributes: &str, content: &str| {
            read_live(&format!("<message id='9' {attributes}>{content}</message>"))
        };
        let bob = "from='bob@team.internal/x'";
        let conversation = || "bob@team.internal".to_owned();
        assert_eq!(
            stanza(bob, "<received xmlns='urn:xmpp:receipts' id='1'/>"),
            [Meaning::Receipt {
                conversation: conversation(),
                wire_id: "1".into()
            }]
        );
        assert_eq!(
            stanza(bob, "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>"),
            [Meaning::Displayed {
                conversation: conversation(),
                wire_id: "1".into()
            }]
        );
        assert_eq!(
            stanza(
                "from='rosa@team.internal/phone' to='bob@team.internal'",
                "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>"
            ),
            [Meaning::DisplayedByUs {
                conversation: conversation(),
                wire_id: "1".into()
            }]
        );
        assert!(matches!(
            stanza("type='error' from='bob@team.internal'", "<body>my own text</body>").as_slice(),
            [Meaning::Refused { wire_id, .. }] if wire_id == "9"
        ));
        assert_eq!(stanza(bob, "<received xmlns='urn:xmpp:receipts'/>"), []);
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
}

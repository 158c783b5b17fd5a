//! Client state indication (XEP-0352): while nobody looks at a client, what can
//! wait is held back, so that its device can sleep.
//!
//! Presence and chat states wait, of each sender only the newest; what others
//! publish (XEP-0163) waits in its order. Everything else is important: it goes
//! out at once, and what waited goes before it.

use xmpp_core::element;
use xmpp_core::{Element, ns};

use super::{Next, Session};
use crate::router::Outgoing;

/// What waits for the client to become active.
#[derive(Default)]
pub(super) struct Held {
    waiting: Vec<(Option<String>, Outgoing)>,
}

/// What becomes of a stanza.
#[derive(Debug, PartialEq, Eq)]
enum Weight {
    Important,
    /// Only the newest of its kind counts.
    Newest(String),
    Waits,
}

impl Held {
    /// Takes a stanza that can wait, as long as there is room; gives back one
    /// that can not.
    pub(super) fn take(
        &mut self,
        outgoing: Outgoing,
        own: &str,
        (max, max_bytes): (usize, usize),
    ) -> Option<Outgoing> {
        let key = match weigh(&outgoing, own) {
            Weight::Important => return Some(outgoing),
            Weight::Newest(key) => Some(key),
            Weight::Waits => None,
        };
        if key.is_some() {
            self.waiting.retain(|(other, _)| *other != key);
        }
        if self.waiting.len() >= max || self.bytes() + outgoing.size() > max_bytes {
            return Some(outgoing);
        }
        self.waiting.push((key, outgoing));
        None
    }

    /// What it takes.
    pub(super) fn bytes(&self) -> usize {
        self.waiting.iter().map(|(_, other)| other.size()).sum()
    }

    /// All that waits, in its order.
    pub(super) fn release(&mut self) -> Vec<Outgoing> {
        let waiting = std::mem::take(&mut self.waiting);
        waiting.into_iter().map(|(_, outgoing)| outgoing).collect()
    }
}

impl Session {
    /// Sends what was held back.
    pub(super) async fn release(&mut self) -> Next {
        let mut next = Next::Go;
        let waiting = self.held.as_mut().map(Held::release).unwrap_or_default();
        self.queue.release(waiting.iter().map(Outgoing::size).sum());
        for outgoing in waiting {
            next = self.pass(outgoing).await.or(next);
            if matches!(next, Next::End(_)) {
                break;
            }
        }
        next
    }

    /// XEP-0352. What follows from it is done before the next element is read.
    pub(super) async fn client_state(&mut self, element: &Element) -> Next {
        match element.name() {
            "inactive" => {
                self.held.get_or_insert_default();
                Next::Go
            }
            "active" => {
                let released = self.release().await;
                self.held = None;
                released
            }
            _ => Next::Go,
        }
    }
}

fn weigh(outgoing: &Outgoing, own: &str) -> Weight {
    let xml = &outgoing.xml;
    // Without reading it, most of what is important is known to be.
    let may_wait = xml.starts_with("<presence")
        || (xml.starts_with("<message")
            && !xml.contains("<body")
            && (xml.contains(ns::CHAT_STATES) || xml.contains(ns::PUBSUB_EVENT)));
    if !may_wait || outgoing.archived.is_some() {
        return Weight::Important;
    }
    match element::parse(xml.as_bytes()) {
        Ok(stanza) if stanza.name() == "presence" => presence(&stanza),
        Ok(stanza) => message(&stanza, own),
        Err(_) => Weight::Important,
    }
}

fn presence(presence: &Element) -> Weight {
    let news = matches!(presence.attr("type"), None | Some("unavailable"));
    // A room says with a status that something has happened to somebody.
    let happened = presence.get_child("x", ns::MUC_USER).is_some_and(|x| {
        x.has_child("status", ns::MUC_USER) || x.has_child("destroy", ns::MUC_USER)
    });
    match presence.attr("from") {
        Some(from) if news && !happened => Weight::Newest(format!("presence {from}")),
        _ => Weight::Important,
    }
}

fn message(message: &Element, own: &str) -> Weight {
    if let Some(carbon) = message.children().find(|child| child.has_ns(ns::CARBONS)) {
        let inner = carbon
            .get_child("forwarded", ns::FORWARD)
            .and_then(|forwarded| forwarded.get_child("message", ns::CLIENT));
        return match inner {
            Some(inner) if is_chat_state(inner) => newest(inner),
            _ => Weight::Important,
        };
    }
    if is_chat_state(message) {
        return newest(message);
    }
    let published = message.has_child("event", ns::PUBSUB_EVENT)
        && message.attr("type") != Some("error")
        // What the account's other clients say about it itself is news here.
        && message.attr("from").is_some_and(|from| from != own);
    match published {
        true => Weight::Waits,
        false => Weight::Important,
    }
}

fn newest(state: &Element) -> Weight {
    let address = |name| state.attr(name).unwrap_or_default();
    Weight::Newest(format!("state {} {}", address("from"), address("to")))
}

/// Whether a message says nothing but that somebody types, or no longer does.
fn is_chat_state(message: &Element) -> bool {
    let mut states = 0;
    let only = message.children().all(|child| {
        let state = child.has_ns(ns::CHAT_STATES);
        states += usize::from(state);
        state
            || child.has_ns(ns::HINTS)
            || child.has_ns(ns::STANZA_ID)
            || child.has_ns(ns::OCCUPANT_ID)
            || child.is("thread", ns::CLIENT)
    });
    only && states > 0 && message.attr("type") != Some("error")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "rosa@team.internal";

    fn outgoing(xml: &str) -> Outgoing {
        let element = element::parse(xml.as_bytes()).unwrap();
        Outgoing {
            xml: element::write(&element).unwrap().into(),
            archived: None,
        }
    }

    #[test]
    fn what_can_wait_waits_and_nothing_else() {
        let state = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
        let event = "<event xmlns='http://jabber.org/protocol/pubsub#event'/>";
        let user = |status: &str| {
            format!(
                "<presence from='r@c/n'><x xmlns='{}'>{status}</x></presence>",
                ns::MUC_USER
            )
        };
        for (xml, waits) in [
            ("<presence from='a@b/c'/>".to_owned(), true),
            (
                "<presence from='a@b/c' type='unavailable'/>".to_owned(),
                true,
            ),
            ("<presence from='a@b' type='subscribe'/>".to_owned(), false),
            ("<presence from='a@b' type='error'/>".to_owned(), false),
            (user("<item role='participant'/>"), true),
            (user("<status code='110'/>"), false),
            (user("<destroy/>"), false),
            (
                format!("<message from='a@b/c' type='chat'>{state}</message>"),
                true,
            ),
            (
                format!("<message from='a@b/c' type='error'>{state}</message>"),
                false,
            ),
            (
                format!("<message from='a@b/c'>{state}<body>hi</body></message>"),
                false,
            ),
            (
                format!("<message from='a@b/c'>{state}<x xmlns='urn:x'/></message>"),
                false,
            ),
            (
                "<message from='a@b/c'><received xmlns='urn:xmpp:receipts'/></message>".to_owned(),
                false,
            ),
            (format!("<message from='a@b'>{event}</message>"), true),
            (format!("<message from='{OWN}'>{event}</message>"), false),
            ("<iq from='a@b/c' type='get' id='1'/>".to_owned(), false),
            (
                format!(
                    "<message from='{OWN}'><sent xmlns='{}'><forwarded xmlns='{}'>\
                     <message xmlns='jabber:client' to='a@b'>{state}</message>\
                     </forwarded></sent></message>",
                    ns::CARBONS,
                    ns::FORWARD
                ),
                true,
            ),
        ] {
            let back = Held::default().take(outgoing(&xml), OWN, (10, 10_000));
            assert_eq!(back.is_none(), waits, "{xml}");
        }
    }

    #[test]
    fn the_newest_of_each_sender_stays_and_the_whole_is_bounded() {
        let mut held = Held::default();
        let presence = |from: &str, show: &str| {
            outgoing(&format!(
                "<presence from='a@b/{from}'><show>{show}</show></presence>"
            ))
        };
        for (from, show) in [("1", "away"), ("2", "dnd"), ("1", "xa"), ("3", "chat")] {
            assert!(held.take(presence(from, show), OWN, (3, 10_000)).is_none());
        }
        assert!(held.take(presence("4", "away"), OWN, (3, 10_000)).is_some());
        assert!(held.take(presence("2", "away"), OWN, (4, 100)).is_some());
        assert!(held.take(presence("2", "away"), OWN, (3, 10_000)).is_none());
        let shown: Vec<_> = held
            .release()
            .iter()
            .map(|outgoing| element::parse(outgoing.xml.as_bytes()).unwrap())
            .map(|presence| (presence.attr("from").unwrap().to_owned(), presence.text()))
            .collect();
        let froms: Vec<_> = shown.iter().map(|(from, _)| from.as_str()).collect();
        assert_eq!(froms, ["a@b/1", "a@b/3", "a@b/2"]);
        assert!(held.release().is_empty());
    }
}

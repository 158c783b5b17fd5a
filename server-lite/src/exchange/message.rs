//! Messages of an archive in an export: `<result/>` as a query gives it
//! (XEP-0227, section 4.11; XEP-0313), and messages that wait for their owner
//! (XEP-0227, section 4.5).

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};
use xmpp_core::{Element, datetime, element, ns};

use super::output::escaped;
use crate::clock;
use crate::session::origin_id;
use crate::store::exchange::WholeMessage;

/// Longest id that is taken over from another server.
const MAX_ID: usize = 256;

/// Whose archive it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner<'a> {
    /// Bare address of an account.
    Account(&'a str),
    /// A room, which knows who wrote what.
    Room {
        /// Bare address of who wrote it.
        by: &'a str,
    },
}

/// A message as an archive gives it. The message itself is as it is stored.
pub(super) fn result(message: &WholeMessage) -> String {
    format!(
        "<result xmlns='{}' id='{}'><forwarded xmlns='{}'>\
         <delay xmlns='{}' stamp='{}'/>{}</forwarded></result>",
        ns::MAM,
        escaped(&message.stanza_id),
        ns::FORWARD,
        ns::DELAY,
        datetime::format_ms(message.time_ms),
        message.xml
    )
}

/// A message that waits, with its time and the id that it has in the archive.
/// `None` if what is stored cannot be read.
pub(super) fn waiting(message: &WholeMessage, domain: &str, owner: &str) -> Option<Element> {
    let mut stanza = element::parse(message.xml.as_bytes()).ok()?;
    let delay = element::build("delay", ns::DELAY)
        .attr("from", domain)
        .attr("stamp", datetime::format_ms(message.time_ms));
    let id = element::build("stanza-id", ns::STANZA_ID)
        .attr("by", owner)
        .attr("id", &message.stanza_id);
    stanza.append_child(id.done());
    // What other servers and an import take as the same wish.
    if !message.kept && !is_passing(&stanza) {
        stanza.append_child(element::build("no-permanent-store", ns::HINTS).done());
    }
    stanza.append_child(delay.done());
    Some(stanza)
}

/// Whether a message may wait for its owner but is for no archive (XEP-0334).
fn is_passing(stanza: &Element) -> bool {
    let names = ["no-permanent-store", "no-store"];
    names.iter().any(|name| stanza.has_child(name, ns::HINTS))
}

/// Reads a `<result/>`.
pub(super) fn read_result(result: &Element, owner: Owner<'_>) -> Option<WholeMessage> {
    let forwarded = result.get_child("forwarded", ns::FORWARD)?;
    let time_ms = forwarded
        .get_child("delay", ns::DELAY)
        .and_then(|delay| delay.attr("stamp"))
        .and_then(datetime::parse_ms)?;
    let stanza = forwarded.get_child("message", ns::CLIENT)?;
    read(stanza, owner, result.attr("id"), Some(time_ms), time_ms)
}

/// Reads a message that waits for its owner; without a time of its own it gets
/// that of the import.
pub(super) fn read_waiting(stanza: &Element, owner: &str, now_ms: i64) -> Option<WholeMessage> {
    let mut stanza = stanza.clone();
    // What was added for the journey is no part of the message.
    let own =
        |child: &Element| child.is("stanza-id", ns::STANZA_ID) && child.attr("by") == Some(owner);
    let id = stanza.children().find(|child| own(child));
    let id = id.and_then(|child| child.attr("id")).map(str::to_owned);
    let mut time_ms = None;
    for node in stanza.take_nodes() {
        let child = node.as_element();
        if child.is_some_and(own) {
            continue;
        }
        let stamp = child
            .filter(|child| child.is("delay", ns::DELAY))
            .and_then(|delay| delay.attr("stamp"))
            .and_then(datetime::parse_ms);
        match stamp {
            Some(stamp) => time_ms = Some(stamp),
            None => stanza.append_node(node),
        }
    }
    let owner = Owner::Account(owner);
    let stamp_or_now = time_ms.unwrap_or(now_ms);
    let read = read(&stanza, owner, id.as_deref(), time_ms, stamp_or_now)?;
    (!read.outgoing).then_some(WholeMessage {
        undelivered: true,
        kept: !is_passing(&stanza),
        ..read
    })
}

fn read(
    stanza: &Element,
    owner: Owner<'_>,
    id: Option<&str>,
    stamp_ms: Option<i64>,
    time_ms: i64,
) -> Option<WholeMessage> {
    let bare = |name| {
        let address = stanza.attr(name).map(jid::Jid::new)?;
        Some(address.ok()?.to_bare().to_string())
    };
    let (peer, outgoing, archive) = match owner {
        Owner::Room { by } => (by.to_owned(), true, None),
        Owner::Account(owner) => {
            let from = bare("from").unwrap_or_else(|| owner.to_owned());
            match from == owner {
                true => (bare("to").unwrap_or(from), true, Some(owner)),
                false => (from, false, Some(owner)),
            }
        }
    };
    let xml = element::write(stanza).ok()?;
    let stanza_id = match id {
        Some(id) if !id.is_empty() && id.len() <= MAX_ID => id.to_owned(),
        _ => derived_id(archive.unwrap_or_default(), stamp_ms, &xml),
    };
    Some(WholeMessage {
        stanza_id,
        peer,
        outgoing,
        // What comes later is never earlier than what is there: with a time of the
        // future, all that anybody says from now on would have it.
        time_ms: time_ms.min(clock::now_ms()),
        origin_id: origin_id(stanza).filter(|_| outgoing),
        undelivered: false,
        kept: true,
        xml,
    })
}

/// An id for a message that has none of its own here: the same each time, so
/// that the same message is not taken in twice.
pub(super) fn derived_id(archive: &str, stamp_ms: Option<i64>, text: &str) -> String {
    let mut hash = Sha256::new();
    for part in [archive, &stamp_ms.unwrap_or_default().to_string(), text] {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let start: Vec<u8> = digest.iter().take(20).copied().collect();
    BASE32_NOPAD.encode(&start).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_was_said_in_the_future() {
        let before = clock::now_ms();
        for (stamp, is_moved) in [
            ("2999-12-31T23:59:59Z", true),
            ("2020-01-02T03:04:05Z", false),
        ] {
            let delay = format!("<delay xmlns='{}' stamp='{stamp}'/>", ns::DELAY);
            let message = |inside: &str| {
                format!(
                    "<message xmlns='jabber:client' from='bob@team.internal' \
                     to='rosa@team.internal'><body>x</body>{inside}</message>"
                )
            };
            let result = format!(
                "<result xmlns='{}' id='x'><forwarded xmlns='{}'>{delay}{}</forwarded></result>",
                ns::MAM,
                ns::FORWARD,
                message("")
            );
            let result = element::parse(result.as_bytes()).unwrap();
            let own = "rosa@team.internal";
            let archived = read_result(&result, Owner::Account(own)).unwrap();
            let waiting = element::parse(message(&delay).as_bytes()).unwrap();
            let waiting = read_waiting(&waiting, own, before).unwrap();
            for read in [archived, waiting] {
                assert!(read.time_ms <= clock::now_ms(), "{stamp}: {}", read.time_ms);
                assert_eq!(
                    read.time_ms >= before,
                    is_moved,
                    "{stamp}: {}",
                    read.time_ms
                );
            }
        }
    }
}

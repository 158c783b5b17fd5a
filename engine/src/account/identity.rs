//! Who we are to other programs: service discovery (XEP-0030), the hash of it
//! (XEP-0115), the version (XEP-0092) and the time (XEP-0202).

use xmpp_core::caps::{CapsHash, verification};
use xmpp_core::element::build;
use xmpp_core::{Element, datetime, ns};

use super::sync::pep;
use crate::clock;

/// Name of the program.
pub(super) const NAME: &str = "Startalk";
/// Its version.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Stands for the program in the hash's name (XEP-0115, section 4).
const NODE: &str = "urn:startalk:client";

/// What this program does; each with the module that does it.
const FEATURES: [&str; 14] = [
    ns::CAPS,
    ns::CHAT_STATES,
    ns::DIRECT_INVITE,
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::IDLE,
    ns::MARKERS,
    ns::MUC,
    ns::NICK,
    ns::PING,
    ns::RECEIPTS,
    ns::STANZA_ID,
    ns::TIME,
    ns::VERSION,
];

/// The answer to who asks what we can do.
fn info() -> Element {
    let notify = pep::Node::ALL
        .iter()
        .map(|node| format!("{}+notify", node.name()));
    let features = FEATURES.iter().map(|&feature| feature.to_owned());
    let feature = |var: String| build("feature", ns::DISCO_INFO).attr("var", var);
    let identity = build("identity", ns::DISCO_INFO)
        .attr("category", "client")
        .attr("type", "pc")
        .attr("name", NAME);
    build("query", ns::DISCO_INFO)
        .child(identity)
        .children(features.chain(notify).map(feature))
        .done()
}

/// What our presence says of what we can do.
pub(super) fn capabilities() -> Element {
    build("c", ns::CAPS)
        .attr("hash", "sha-1")
        .attr("node", NODE)
        .attr("ver", version_hash())
        .done()
}

fn version_hash() -> String {
    verification(&info(), CapsHash::Sha1).unwrap_or_default()
}

/// Answers `disco#info`; `None` for a node that we do not have.
pub(super) fn answer(query: &Element) -> Option<Element> {
    let mut info = info();
    if let Some(node) = query.attr("node").filter(|node| !node.is_empty()) {
        if node != format!("{NODE}#{}", version_hash()) {
            return None;
        }
        xmpp_core::element::set_attr(&mut info, "node", Some(node));
    }
    Some(info)
}

/// XEP-0092; the operating system is nobody's business.
pub(super) fn version() -> Element {
    build("query", ns::VERSION)
        .child(build("name", ns::VERSION).text(NAME))
        .child(build("version", ns::VERSION).text(VERSION))
        .done()
}

/// XEP-0202.
pub(super) fn time(now_ms: i64) -> Element {
    let offset = clock::utc_offset_s(now_ms);
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
    let zone = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
    build("time", ns::TIME)
        .child(build("tzo", ns::TIME).text(zone))
        .child(build("utc", ns::TIME).text(datetime::format_ms(now_ms)))
        .done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_stands_for_the_answer() {
        let sent = capabilities();
        let node = format!(
            "{}#{}",
            sent.attr("node").unwrap(),
            sent.attr("ver").unwrap()
        );
        let query = |node: &str| build("query", ns::DISCO_INFO).attr("node", node).done();
        let answered = answer(&query(&node)).unwrap();
        assert_eq!(
            verification(&answered, CapsHash::Sha1).as_deref(),
            sent.attr("ver")
        );
        assert!(answer(&build("query", ns::DISCO_INFO).done()).is_some());
        assert!(answer(&query("urn:startalk:client#other")).is_none());
    }

    #[test]
    fn the_time_has_its_zone() {
        let time = time(0);
        let text = |name| time.get_child(name, ns::TIME).unwrap().text();
        assert!(text("utc").starts_with("1970-01-01T00:00:00"));
        assert_eq!(text("tzo").len(), 6);
    }
}

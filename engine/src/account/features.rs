//! What this client can do, as others ask (XEP-0030) and as its presence says
//! (XEP-0115); and what it wants to be told of (XEP-0163).

use xmpp_core::caps::{CapsHash, verification};
use xmpp_core::element::build;
use xmpp_core::{Element, ns};

/// What stands for this program in the hash's `node`.
const NODE: &str = "https://startalk.im";

const FEATURES: &[&str] = &[
    ns::CAPS,
    ns::CHAT_STATES,
    ns::DIRECT_INVITE,
    ns::DISCO_INFO,
    ns::MARKERS,
    ns::MUC,
    ns::PING,
    ns::RECEIPTS,
];

/// Nodes of which every change is to be sent to us.
const NOTIFY: &[&str] = &[ns::BOOKMARKS];

/// `disco#info`.
pub(super) fn info(node: Option<&str>) -> Element {
    let identity = build("identity", ns::DISCO_INFO)
        .attr("category", "client")
        .attr("type", "pc")
        .attr("name", "Startalk");
    let feature = |var: String| build("feature", ns::DISCO_INFO).attr("var", var);
    build("query", ns::DISCO_INFO)
        .attr_opt("node", node)
        .child(identity)
        .children(FEATURES.iter().map(|name| feature((*name).to_owned())))
        .children(NOTIFY.iter().map(|name| feature(format!("{name}+notify"))))
        .done()
}

/// We are here.
pub(super) fn presence() -> Element {
    let ver = verification(&info(None), CapsHash::Sha1);
    let caps = ver.map(|ver| {
        build("c", ns::CAPS)
            .attr("hash", "sha-1")
            .attr("node", NODE)
            .attr("ver", ver)
    });
    build("presence", ns::CLIENT).children(caps).done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_has_the_hash_of_what_is_answered() {
        let presence = presence();
        let caps = presence.get_child("c", ns::CAPS).unwrap();
        let ver = verification(&info(Some("any")), CapsHash::Sha1).unwrap();
        assert_eq!(caps.attr("ver"), Some(ver.as_str()));
    }
}

//! XEP-0115: entity capabilities of the server, in its stream features.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xmpp_core::element::build;
use xmpp_core::{Element, ns};

use super::disco;

/// Name of the server in discovery.
pub(crate) const NAME: &str = "Startalk";
const NODE: &str = "https://startalk.im/server-lite";

/// The `<c/>` of the stream features.
pub(crate) fn element() -> Element {
    build("c", ns::CAPS)
        .attr("hash", "sha-1")
        .attr("node", NODE)
        .attr("ver", hash())
        .done()
}

/// The node under which clients ask for what the hash stands for.
pub(crate) fn node_with_hash() -> String {
    format!("{NODE}#{}", hash())
}

/// XEP-0115, section 5.1.
fn hash() -> String {
    let mut text = format!("server/im//{NAME}<");
    for feature in disco::server_features() {
        text.push_str(feature);
        text.push('<');
    }
    STANDARD.encode(<sha1::Sha1 as sha1::Digest>::digest(text.as_bytes()))
}

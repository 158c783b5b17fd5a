//! XEP-0115: entity capabilities of the server, in its stream features.

use xmpp_core::caps::{CapsHash, verification};
use xmpp_core::element::build;
use xmpp_core::{Element, ns};

use super::{Module, disco, whole};
use crate::server::Server;

pub(crate) const MODULE: Module = Module {
    specs: &[whole("XEP-0115", "Entity capabilities")],
    server_features: &[ns::CAPS],
    ..Module::NONE
};

/// Name of the server in discovery.
pub(crate) const NAME: &str = "Startalk";
const NODE: &str = "https://startalk.im/server-lite";

/// The `<c/>` of the stream features.
pub(crate) fn element(server: &Server) -> Element {
    build("c", ns::CAPS)
        .attr("hash", "sha-1")
        .attr("node", NODE)
        .attr("ver", hash(server))
        .done()
}

/// The node under which clients ask for what the hash stands for.
pub(crate) fn node_with_hash(server: &Server) -> String {
    format!("{NODE}#{}", hash(server))
}

fn hash(server: &Server) -> String {
    // Nothing stands in there twice, which a test sees.
    verification(&disco::server_info(server, None), CapsHash::Sha1).unwrap_or_default()
}

//! XEP-0030: service discovery, from the list of modules.

use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::{MODULES, Module, Place, Request, caps, ready};

const EVERYWHERE: &[Place] = &[Place::Server, Place::Own, Place::Others];

pub(crate) const INFO: Module = Module {
    name: "service discovery (XEP-0030)",
    server_features: &[ns::DISCO_INFO],
    account_features: &[ns::DISCO_INFO],
    payloads: &[("query", ns::DISCO_INFO)],
    places: EVERYWHERE,
    handle: |request| ready(info(request)),
};

pub(crate) const ITEMS: Module = Module {
    name: "service discovery, items (XEP-0030)",
    server_features: &[ns::DISCO_ITEMS],
    account_features: &[ns::DISCO_ITEMS],
    payloads: &[("query", ns::DISCO_ITEMS)],
    places: EVERYWHERE,
    handle: |request| ready(items(request)),
};

fn items(request: &Request<'_>) -> Result<Option<Element>, StanzaError> {
    let query = build("query", ns::DISCO_ITEMS);
    if request.payload.attr("node").is_some() || request.place != Place::Server {
        return Ok(Some(query.done()));
    }
    let rooms = build("item", ns::DISCO_ITEMS)
        .attr("jid", &request.server.rooms.domain)
        .attr("name", "Rooms");
    Ok(Some(query.child(rooms).done()))
}

fn info(request: &Request<'_>) -> Result<Option<Element>, StanzaError> {
    let node = request.payload.attr("node");
    if node.is_some_and(|node| node != caps::node_with_hash()) {
        return Err(Condition::ItemNotFound.into());
    }
    let query = build("query", ns::DISCO_INFO).attr_opt("node", node);
    let (identity, features) = if request.place == Place::Server {
        let identity = build("identity", ns::DISCO_INFO)
            .attr("category", "server")
            .attr("type", "im")
            .attr("name", caps::NAME);
        (identity, server_features())
    } else {
        let identity = build("identity", ns::DISCO_INFO)
            .attr("category", "account")
            .attr("type", "registered");
        (identity, account_features())
    };
    let features = features
        .into_iter()
        .map(|feature| build("feature", ns::DISCO_INFO).attr("var", feature));
    Ok(Some(query.child(identity).children(features).done()))
}

/// What the server can do.
pub(crate) fn server_features() -> Vec<&'static str> {
    sorted(MODULES.iter().flat_map(|module| module.server_features))
}

fn account_features() -> Vec<&'static str> {
    sorted(MODULES.iter().flat_map(|module| module.account_features))
}

fn sorted<'a>(features: impl Iterator<Item = &'a &'static str>) -> Vec<&'static str> {
    let mut features: Vec<_> = features.copied().collect();
    features.sort_unstable();
    features.dedup();
    features
}

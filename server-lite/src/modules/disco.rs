//! XEP-0030: service discovery, from the list of modules.

use xmpp_core::element::{Build, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::{Module, Place, Request, caps, enabled, search, whole};
use crate::server::Server;
use crate::services;
use crate::{commands, pep};

const EVERYWHERE: &[Place] = &[
    Place::Server,
    Place::Own,
    Place::Others,
    Place::Upload,
    Place::Push,
];

pub(crate) const INFO: Module = Module {
    specs: &[whole("XEP-0030", "Service discovery")],
    server_features: &[ns::DISCO_INFO],
    account_features: &[ns::DISCO_INFO],
    payloads: &[("query", ns::DISCO_INFO)],
    places: EVERYWHERE,
    handle: |request| match (request.place, request.payload.attr("node")) {
        (Place::Own | Place::Others, Some(_)) => {
            Box::pin(async { pep::node_info(request).await.into() })
        }
        _ => Box::pin(async { info(request).await.into() }),
    },
    ..Module::NONE
};

pub(crate) const ITEMS: Module = Module {
    server_features: &[ns::DISCO_ITEMS],
    account_features: &[ns::DISCO_ITEMS],
    payloads: &[("query", ns::DISCO_ITEMS)],
    places: EVERYWHERE,
    handle: |request| match request.place {
        Place::Own | Place::Others => Box::pin(async { pep::node_items(request).await.into() }),
        Place::Server | Place::Upload | Place::Push => {
            Box::pin(async { items(request).await.into() })
        }
    },
    ..Module::NONE
};

async fn items(request: &Request<'_>) -> Result<Option<Element>, StanzaError> {
    let node = request.payload.attr("node");
    let query = build("query", ns::DISCO_ITEMS);
    if node == Some(ns::COMMANDS) && request.place == Place::Server {
        let offered = commands::offered(request.server, request.user).await;
        let items = offered.into_iter().map(|(node, name)| {
            build("item", ns::DISCO_ITEMS)
                .attr("jid", request.server.domain())
                .attr("node", node)
                .attr("name", name)
        });
        return Ok(Some(query.attr_opt("node", node).children(items).done()));
    }
    if node.is_some() || request.place != Place::Server {
        return Ok(Some(query.done()));
    }
    let rooms = build("item", ns::DISCO_ITEMS)
        .attr("jid", &request.server.rooms.domain)
        .attr("name", "Rooms");
    let others = services::enabled(request.server).map(|service| {
        build("item", ns::DISCO_ITEMS)
            .attr("jid", service.domain(request.server))
            .attr("name", service.name)
    });
    Ok(Some(
        query
            .children([rooms, search::item(request.server)])
            .children(others)
            .done(),
    ))
}

async fn info(request: &Request<'_>) -> Result<Option<Element>, StanzaError> {
    let node = request.payload.attr("node");
    if request.place == Place::Server {
        if let Some(found) = command_info(request, node).await {
            return found.map(Some);
        }
        if node.is_some_and(|node| node != caps::node_with_hash(request.server)) {
            return Err(Condition::ItemNotFound.into());
        }
        return Ok(Some(server_info(request.server, node)));
    }
    if let Some(service) = services::of(request.place) {
        return match node {
            Some(_) => Err(Condition::ItemNotFound.into()),
            None => Ok(Some(service_info(request.server, service))),
        };
    }
    let identity = |category, kind| {
        build("identity", ns::DISCO_INFO)
            .attr("category", category)
            .attr("type", kind)
    };
    let identities = [identity("account", "registered"), identity("pubsub", "pep")];
    let said = sorted(enabled(request.server).flat_map(|module| module.account_features));
    let query = build("query", ns::DISCO_INFO).children(identities);
    Ok(Some(query.children(features(said)).done()))
}

/// What discovery of a service says: what the modules say that answer there.
fn service_info(server: &Server, service: &services::Service) -> Element {
    let (category, kind) = service.identity;
    let identity = build("identity", ns::DISCO_INFO)
        .attr("category", category)
        .attr("type", kind)
        .attr("name", service.name);
    let there = || enabled(server).filter(|module| module.places.contains(&service.place));
    let said = sorted(there().flat_map(|module| module.server_features));
    build("query", ns::DISCO_INFO)
        .child(identity)
        .children(features(said))
        .children(there().flat_map(|module| (module.forms)(server)))
        .done()
}

/// What there is to know of a command, or of the list of them (XEP-0050, section
/// 2); `None` if the node is none of those.
async fn command_info(
    request: &Request<'_>,
    node: Option<&str>,
) -> Option<Result<Element, StanzaError>> {
    let node = node?;
    let (kind, name) = match node {
        ns::COMMANDS => ("command-list", "Commands"),
        _ => match commands::name_of(request.server, request.user, node).await {
            Ok(name) => ("command-node", name),
            Err(error) if error.condition == Condition::ItemNotFound => return None,
            Err(error) => return Some(Err(error)),
        },
    };
    let identity = build("identity", ns::DISCO_INFO)
        .attr("category", "automation")
        .attr("type", kind)
        .attr("name", name);
    let query = build("query", ns::DISCO_INFO)
        .attr("node", node)
        .child(identity)
        .children(features(vec![ns::COMMANDS, ns::DATA_FORMS]));
    Some(Ok(query.done()))
}

/// What discovery of the server says.
pub(crate) fn server_info(server: &Server, node: Option<&str>) -> Element {
    let identity = build("identity", ns::DISCO_INFO)
        .attr("category", "server")
        .attr("type", "im")
        .attr("name", caps::NAME);
    let said = sorted(enabled(server).flat_map(|module| module.server_features));
    build("query", ns::DISCO_INFO)
        .attr_opt("node", node)
        .child(identity)
        .children(features(said))
        .children(enabled(server).flat_map(|module| (module.forms)(server)))
        .done()
}

fn features(said: Vec<&'static str>) -> impl Iterator<Item = Build> {
    let feature = |name| build("feature", ns::DISCO_INFO).attr("var", name);
    said.into_iter().map(feature)
}

fn sorted<'a>(features: impl Iterator<Item = &'a &'static str>) -> Vec<&'static str> {
    let mut features: Vec<_> = features.copied().collect();
    features.sort_unstable();
    features.dedup();
    features
}

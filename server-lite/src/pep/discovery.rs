//! What there is to discover of the nodes of an account (XEP-0060, sections 5.2
//! to 5.5).

use xmpp_core::element::{Build, build};
use xmpp_core::{Element, ns};

use super::access::Node;
use super::job::{find_readable, read};
use super::publish::node_name;
use super::{Answer, Asker};
use crate::modules::Request;
use crate::store::pep;

/// Bytes of one list.
const MAX_LIST: usize = 192 * 1024;

fn item(address: &str) -> Build {
    build("item", ns::DISCO_ITEMS).attr("jid", address)
}

/// As many as one answer can have.
fn listed(names: Vec<String>) -> impl Iterator<Item = String> {
    let mut room = MAX_LIST;
    names.into_iter().take_while(move |name| {
        room = room.saturating_sub(name.len() + 100);
        room > 0
    })
}

/// The nodes of an account that who asks may read, or the items of one.
pub(crate) async fn node_items(request: &Request<'_>) -> Answer {
    let asker = Asker::of(request);
    let owner = asker.owner.clone();
    let query = build("query", ns::DISCO_ITEMS);
    if request.payload.attr("node").is_some() {
        let name = node_name(request.payload)?;
        let wanted = name.clone();
        let ids = read(request.server, move |db| {
            let node = find_readable(db, &asker, &wanted)?;
            let sizes = pep::sizes(db, node.id)?;
            Ok(sizes.into_iter().map(|(id, _)| id).collect())
        })
        .await?;
        let items = listed(ids).map(|id| item(&owner).attr("name", id));
        return Ok(Some(query.attr("node", name).children(items).done()));
    }
    let names = read(request.server, move |db| {
        let mut names = Vec::new();
        for row in pep::nodes(db, &asker.account)? {
            let node = Node::load(db, &asker.server, &asker.account, row)?;
            if node.may_read(&asker.server, &asker.user).is_ok() {
                names.push(node.name);
            }
        }
        Ok(names)
    })
    .await?;
    let items = listed(names).map(|name| item(&owner).attr("node", name));
    Ok(Some(query.children(items).done()))
}

/// A node and its meta-data.
pub(crate) async fn node_info(request: &Request<'_>) -> Answer {
    let asker = Asker::of(request);
    let name = node_name(request.payload)?;
    let node = read(request.server, move |db| find_readable(db, &asker, &name)).await?;
    let identity = build("identity", ns::DISCO_INFO)
        .attr("category", "pubsub")
        .attr("type", "leaf");
    let feature = |name| build("feature", ns::DISCO_INFO).attr("var", name);
    let form = node.config.meta_data(&node.owner, node.subscribers.len());
    let info: Element = build("query", ns::DISCO_INFO)
        .attr("node", &node.name)
        .child(identity)
        .children([ns::DISCO_INFO, ns::DISCO_ITEMS, ns::PUBSUB].map(feature))
        .child(form)
        .done();
    Ok(Some(info))
}

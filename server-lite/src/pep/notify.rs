//! Telling who wants to know (XEP-0163, section 3; XEP-0060, section 7.1.2).

use std::sync::Arc;

use jid::Jid;
use rusqlite::Connection;
use tokio::time::Instant;
use xmpp_core::element::{self, Build, build};
use xmpp_core::{Element, datetime, ns};

use super::access::Node;
use super::config::SendLast;
use crate::roster::Audience;
use crate::router::{Entry, Outgoing, takes_messages};
use crate::server::Server;
use crate::store::pep::{self, ItemRow};

/// An item as it stands in answers and events.
pub(super) fn item(row: &ItemRow, namespace: &str, payload: bool) -> Build {
    let item = build("item", namespace)
        .attr("id", &row.item_id)
        .attr("publisher", &row.publisher);
    if !payload || row.payload.is_empty() {
        return item;
    }
    match element::parse(row.payload.as_bytes()) {
        Ok(payload) => item.child(payload),
        Err(error) => {
            tracing::error!(%error, "stored item not readable");
            item
        }
    }
}

/// An item that was published.
pub(super) fn published(node: &Node, row: Option<&ItemRow>) -> Element {
    let payload = node.config.payloads;
    let item = row.map(|row| item(row, ns::PUBSUB_EVENT, payload));
    items_event(node, item.into_iter())
}

/// Items that were taken back.
pub(super) fn retracted(node: &Node, ids: &[String]) -> Element {
    let items = ids
        .iter()
        .map(|id| build("retract", ns::PUBSUB_EVENT).attr("id", id));
    items_event(node, items)
}

fn items_event(node: &Node, items: impl Iterator<Item = Build>) -> Element {
    let items = build("items", ns::PUBSUB_EVENT)
        .attr("node", &node.name)
        .children(items);
    event(node, items)
}

/// Something that happened to the node as a whole: `purge`, `delete`.
pub(super) fn happened(node: &Node, what: &str) -> Element {
    event(node, build(what, ns::PUBSUB_EVENT).attr("node", &node.name))
}

/// Section 8.2.6.
pub(super) fn configured(node: &Node) -> Element {
    let form = node.config.payloads.then(|| node.config.form("result"));
    let configuration = build("configuration", ns::PUBSUB_EVENT)
        .attr("node", &node.name)
        .children(form);
    event(node, configuration)
}

fn event(node: &Node, content: Build) -> Element {
    build("message", ns::CLIENT)
        .attr("from", &node.owner)
        .attr("type", "headline")
        .child(build("event", ns::PUBSUB_EVENT).child(content))
        .done()
}

/// Sends an event to all who want it and may have it.
pub(super) fn send(server: &Server, node: &Node, event: &Element) {
    if !node.config.notifications {
        return;
    }
    let Some(outgoing) = Outgoing::of(event) else {
        return;
    };
    // Found out before the sessions are held: what holds them asks nobody else.
    let audience = server.audience(&node.account);
    let wanted = |user: &str, entry: &Entry| {
        let may_read = || node.may_be_read(&server.bare(user), || audience.has(user));
        wants(server, node, user, entry, || audience.has(user))
            && may_read().is_ok()
            && !server.parts(&node.account, &node.owner, user, &entry.resource)
    };
    let address = |user: &str| server.bare(user);
    let everybody = Audience::Everybody;
    let told = server.router.tell(&everybody, &outgoing, address, wanted);
    let pace = server.pace_of(&publisher(server, event).unwrap_or_else(|| node.account.clone()));
    pace.count_fan_out(told * outgoing.size(), Instant::now());
}

/// The account that has published what an event tells of: not always the one whose
/// node it is.
fn publisher(server: &Server, event: &Element) -> Option<String> {
    let items = event
        .get_child("event", ns::PUBSUB_EVENT)?
        .get_child("items", ns::PUBSUB_EVENT)?;
    let item = items.get_child("item", ns::PUBSUB_EVENT)?;
    let publisher = Jid::new(item.attr("publisher")?).ok()?;
    server.localpart(&publisher.to_bare())
}

/// Whether a session wants to hear of a node. Being interested is enough for those
/// who see the owner's presence, whoever may read it (XEP-0163, section 3); others
/// subscribe by name.
fn wants(server: &Server, node: &Node, user: &str, entry: &Entry, sees: impl Fn() -> bool) -> bool {
    let is_interested = entry.presence.is_some() && entry.personal.interests.contains(&node.name);
    if is_interested && sees() {
        return true;
    }
    if node.subscribers.is_empty() {
        return false;
    }
    let bare = server.bare(user);
    node.subscribers
        .iter()
        .any(|subscriber| match subscriber.strip_prefix(&bare) {
            Some("") => takes_messages(entry),
            Some(rest) => rest.strip_prefix('/') == Some(entry.resource.as_str()),
            None => false,
        })
}

/// Sends a session the newest item of all nodes of these names, now that it is
/// there (XEP-0163, section 4.3.4): those of one account, or of everybody whose
/// presence it gets.
pub(super) async fn send_newest(
    server: &Arc<Server>,
    user: &str,
    number: u64,
    names: Vec<String>,
    of: Option<String>,
) {
    if names.is_empty() {
        return;
    }
    let mut resource = None;
    server.router.update(user, number, |entry| {
        resource = Some(entry.resource.clone());
    });
    let Some(resource) = resource else {
        return;
    };
    let (shared, reader) = (Arc::clone(server), user.to_owned());
    let (told, to) = (Arc::clone(server), user.to_owned());
    let read = server
        .store
        .read(move |db| newest_of_all(db, &shared, (&reader, &resource), &names, of.as_deref()));
    let found = match read.await {
        Ok(found) if found.is_empty() => return,
        Ok(found) => found,
        Err(error) => {
            tracing::error!(%error, "newest items not read");
            return;
        }
    };
    // What takes time was done by a reader. The writer only looks whether that
    // is still the newest, and sends it before anything newer is told. What is
    // not is left out: the session, which was interested before all this began,
    // has been told what is newer. So it misses nothing and hears nothing older
    // after something newer; what was published just now it may hear twice.
    let sent = server.store.write_then(
        move |tx| {
            let mut events = Vec::new();
            for found in found {
                let newest = pep::newest_place(tx, found.node)?;
                if newest.is_some_and(|(place, _)| place == found.place) {
                    events.push(found.event);
                }
            }
            Ok(events)
        },
        move |events| {
            let own = told.bare(&to);
            for event in &events {
                told.router
                    .deliver(&to, &event.to(&own), |entry| entry.number == number);
            }
        },
    );
    if let Err(error) = sent.await {
        tracing::error!(%error, "newest items not sent");
    }
}

/// The newest item of a node, when it was read.
struct Found {
    node: i64,
    /// Changes with every publication.
    place: i64,
    event: Outgoing,
}

/// Bytes of the newest items that are sent at once.
const MAX_NEWEST: usize = 1 << 20;
/// Nodes that are looked at for that.
const MAX_NODES: usize = 2_000;

fn newest_of_all(
    db: &Connection,
    server: &Server,
    (user, resource): (&str, &str),
    names: &[String],
    of: Option<&str>,
) -> rusqlite::Result<Vec<Found>> {
    // Leaves room in the queue for everything else that a session begins with.
    let most = server.config.limits.session_queue / 4;
    let sources = server.sources(user);
    let (mut bytes, mut nodes_left) = (MAX_NEWEST, MAX_NODES);
    let mut events = Vec::new();
    for name in names {
        let nodes = match of {
            None => pep::nodes_named(db, name, user, nodes_left)?,
            Some(owner) => {
                let row = pep::node(db, owner, name)?;
                row.map(|row| (owner.to_owned(), row)).into_iter().collect()
            }
        };
        nodes_left = nodes_left.saturating_sub(nodes.len());
        for (owner, row) in nodes {
            if !sources.has(&owner) {
                continue;
            }
            if events.len() >= most {
                tracing::debug!("not all of the newest items sent");
                return Ok(events);
            }
            let Some((place, size)) = pep::newest_place(db, row.id)? else {
                continue;
            };
            let node = Node::load_for(db, server, &owner, row, user)?;
            let wanted = node.config.send_last == SendLast::OnSubAndPresence
                && node.config.notifications
                && size <= bytes
                && !server.parts(&owner, &node.owner, user, resource)
                && node.may_read(server, user).is_ok();
            if wanted && let Some(event) = newest(db, &node)? {
                bytes -= size;
                events.extend(Outgoing::of(&event).map(|event| Found {
                    node: node.id,
                    place,
                    event,
                }));
            }
        }
    }
    Ok(events)
}

/// The newest item, for who did not see it when it came (XEP-0060, section 6.1.7).
pub(super) fn newest(db: &Connection, node: &Node) -> rusqlite::Result<Option<Element>> {
    let rows = pep::newest_items(db, node.id, 1)?;
    Ok(rows.first().map(|row| {
        let mut event = published(node, Some(row));
        let delay = build("delay", ns::DELAY).attr("stamp", datetime::format_ms(row.time_ms));
        event.append_child(delay.done());
        event
    }))
}

/// Sends the newest item to somebody who has just subscribed.
pub(super) fn to_subscriber(server: &Server, subscriber: &str, event: &Element) {
    let Ok(address) = Jid::new(subscriber) else {
        return;
    };
    let (Some(user), Some(outgoing)) = (server.localpart(&address.to_bare()), Outgoing::of(event))
    else {
        return;
    };
    let outgoing = outgoing.to(&server.bare(&user));
    server.router.deliver(&user, &outgoing, |entry| {
        address.resource().map_or_else(
            || takes_messages(entry),
            |resource| resource.as_str() == entry.resource,
        )
    });
}

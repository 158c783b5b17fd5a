//! Publishing and taking back (XEP-0060, sections 7.1 and 7.2).

use rusqlite::Transaction;
use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::access::{Node, bad, full, of_pubsub};
use super::config::{Access, NodeConfig};
use super::job::{News, Refused, find};
use super::{Asker, avatar, bookmarks, notify, vcard4};
use crate::clock;
use crate::form::Filled;
use crate::server::Server;
use crate::store::pep::{self, ItemRow};

/// Bytes of the id of an item or the name of a node.
pub(super) const MAX_NAME: usize = 1_000;

/// A publication, checked as far as it can be without the database.
pub(super) struct Publication {
    node: String,
    row: Option<ItemRow>,
    options: Option<Filled>,
}

impl Publication {
    /// Reads `<publish/>` with its `<publish-options/>`.
    pub(super) fn read(
        asker: &Asker,
        publish: &Element,
        options: Option<&Element>,
    ) -> Result<Self, StanzaError> {
        let node = node_name(publish)?;
        let mut items = publish
            .children()
            .filter(|child| child.is("item", ns::PUBSUB));
        let row = items
            .next()
            .map(|item| read_item(asker, &node, item))
            .transpose()?;
        if items.next().is_some() {
            // Section 7.1.3.1: one at a time, so that it is clear what was refused.
            return Err(of_pubsub(Condition::NotAllowed, "max-items-exceeded"));
        }
        Ok(Self {
            node,
            row,
            options: options.map(read_options).transpose()?,
        })
    }

    /// Writes it; gives the name of the node and the id of the item.
    pub(super) fn write(
        self,
        tx: &Transaction<'_>,
        asker: &Asker,
        news: &mut News,
    ) -> Result<(String, Option<String>), Refused> {
        let node = match pep::node(tx, &asker.account, &self.node)? {
            Some(row) => {
                let node = Node::load(tx, &asker.server, &asker.account, row)?;
                node.may_publish(&asker.server, &asker.user)?;
                self.check(&node)?;
                node
            }
            // Only the owner's own are made on the way (XEP-0163, section 3).
            None if !asker.is_owner() => return Err(Condition::ItemNotFound.into()),
            None => {
                let mut config = NodeConfig::default_of(&self.node);
                if let Some(options) = &self.options {
                    config.apply(options)?;
                }
                make(tx, &asker.server, &asker.account, &self.node, config)?
            }
        };
        let Some(row) = self.row else {
            if node.config.payloads || node.config.persist {
                return Err(bad("item-required").into());
            }
            news.event(&node, notify::published(&node, None));
            return Ok((node.name, None));
        };
        if row.payload.is_empty() && node.config.payloads {
            return Err(bad("payload-required").into());
        }
        let other = pep::publisher(tx, node.id, &row.item_id)?;
        // Section 7.1.3.2: nobody writes over what somebody else has written.
        if other.is_some_and(|other| other != asker.bare) && !asker.is_owner() {
            return Err(Condition::Forbidden.into());
        }
        put(tx, &asker.server, &node, &row, news)?;
        if asker.is_owner() && node.name == ns::LEGACY_BOOKMARKS {
            bookmarks::from_older_node(tx, &asker.server, &node.account, &row.payload, news)?;
        } else if node.name != ns::AVATAR_DATA {
            // A picture is shown when its metadata say so (XEP-0084, section 4.2).
            follow(tx, &asker.server, &node, news)?;
        }
        within_quota(tx, &asker.server, &asker.account)?;
        Ok((node.name, Some(row.item_id)))
    }

    /// Section 7.1.5: what the publisher expects is as it is.
    fn check(&self, node: &Node) -> Result<(), StanzaError> {
        let Some(options) = &self.options else {
            return Ok(());
        };
        let mut expected = node.config.clone();
        if expected.apply(options).is_ok() && expected == node.config {
            Ok(())
        } else {
            Err(of_pubsub(Condition::Conflict, "precondition-not-met"))
        }
    }
}

fn read_item(asker: &Asker, node: &str, item: &Element) -> Result<ItemRow, StanzaError> {
    let item_id = match item.attr("id") {
        Some(id) if id.len() > MAX_NAME => {
            return Err(StanzaError::from(Condition::BadRequest).with_text("the id is too long"));
        }
        Some(id) if !id.is_empty() => id.to_owned(),
        _ => clock::random_id().map_err(|_| Condition::InternalServerError)?,
    };
    let mut payloads = item.children();
    let payload = payloads.next();
    if payloads.next().is_some() {
        return Err(bad("invalid-payload"));
    }
    let picture = payload.is_some_and(|payload| avatar::is_picture(node, &item_id, payload));
    let payload = payload
        .map(element::write)
        .transpose()
        .map_err(|_| bad("invalid-payload"))?
        .unwrap_or_default();
    not_too_big(&asker.server, &payload)?;
    Ok(ItemRow {
        item_id,
        publisher: asker.bare.clone(),
        time_ms: clock::now_ms(),
        payload,
        picture,
    })
}

fn not_too_big(server: &Server, payload: &str) -> Result<(), StanzaError> {
    if payload.len() > server.config.limits.personal_payload {
        return Err(of_pubsub(Condition::NotAcceptable, "payload-too-big"));
    }
    Ok(())
}

fn read_options(options: &Element) -> Result<Filled, StanzaError> {
    let form = options.get_child("x", ns::DATA_FORMS);
    let form = Filled::read(form.ok_or(Condition::BadRequest)?);
    if form.is_of_type(ns::PUBSUB_PUBLISH_OPTIONS) {
        Ok(form)
    } else {
        Err(Condition::BadRequest.into())
    }
}

/// Makes a node.
pub(super) fn make(
    tx: &Transaction<'_>,
    server: &Server,
    account: &str,
    name: &str,
    config: NodeConfig,
) -> Result<Node, Refused> {
    if pep::usage(tx, account)?.0 >= server.config.limits.personal_nodes {
        let detail = build("max-nodes-exceeded", ns::PUBSUB_ERRORS);
        return Err(full("too many nodes").with_detail(detail).into());
    }
    let row = pep::insert_node(tx, account, name, &config.to_json())?;
    Ok(Node::load(tx, server, account, row)?)
}

/// The node of that name. One that has to be made is for everybody, as what is in
/// a vCard is.
pub(super) fn find_or_open(
    tx: &Transaction<'_>,
    server: &Server,
    account: &str,
    name: &str,
) -> Result<Node, Refused> {
    if let Some(row) = pep::node(tx, account, name)? {
        return Ok(Node::load(tx, server, account, row)?);
    }
    let config = NodeConfig {
        access: Access::Open,
        ..NodeConfig::default()
    };
    make(tx, server, account, name, config)
}

/// Puts an item into a node and tells of it.
pub(super) fn put(
    tx: &Transaction<'_>,
    server: &Server,
    node: &Node,
    row: &ItemRow,
    news: &mut News,
) -> Result<(), Refused> {
    not_too_big(server, &row.payload)?;
    if node.config.persist {
        pep::put_item(tx, node.id, row)?;
        pep::keep_newest(tx, node.id, node.config.max_items)?;
    }
    news.event(node, notify::published(node, Some(row)));
    Ok(())
}

/// Refuses a change after which the account has too much.
pub(super) fn within_quota(
    tx: &Transaction<'_>,
    server: &Server,
    account: &str,
) -> Result<(), Refused> {
    if pep::usage(tx, account)?.1 > server.config.limits.personal_bytes {
        return Err(full("the account has no room for more items").into());
    }
    Ok(())
}

/// What else changes with a node.
pub(super) fn follow(
    tx: &Transaction<'_>,
    server: &Server,
    node: &Node,
    news: &mut News,
) -> Result<(), Refused> {
    match node.name.as_str() {
        ns::AVATAR_METADATA | ns::AVATAR_DATA => {
            news.avatar(&node.account, avatar::shown(tx, server, &node.account)?);
        }
        ns::VCARD4_NODE => vcard4::follow(tx, &node.account)?,
        ns::BOOKMARKS => bookmarks::to_older_node(tx, server, &node.account, news)?,
        _ => {}
    }
    Ok(())
}

/// Takes items back.
pub(super) fn retract(
    tx: &Transaction<'_>,
    asker: &Asker,
    name: &str,
    ids: &[String],
    tell: bool,
    news: &mut News,
) -> Result<(), Refused> {
    let node = find(tx, asker, name)?;
    if !asker.is_owner() {
        node.may_publish(&asker.server, &asker.user)?;
    }
    for id in ids {
        match pep::publisher(tx, node.id, id)? {
            None => return Err(Condition::ItemNotFound.into()),
            Some(publisher) if !asker.is_owner() && publisher != asker.bare => {
                return Err(Condition::Forbidden.into());
            }
            Some(_) => {}
        }
        pep::delete_item(tx, node.id, id)?;
    }
    if tell || node.config.notify_retract {
        news.event(&node, notify::retracted(&node, ids));
    }
    follow(tx, &asker.server, &node, news)
}

/// The `node` attribute, which has to be there.
pub(super) fn node_name(element: &Element) -> Result<String, StanzaError> {
    match element.attr("node") {
        Some(node) if !node.is_empty() && node.len() <= MAX_NAME => Ok(node.to_owned()),
        Some(node) if !node.is_empty() => {
            Err(StanzaError::from(Condition::BadRequest)
                .with_text("the name of the node is too long"))
        }
        _ => Err(bad("nodeid-required")),
    }
}

//! Nodes of personal eventing of an imported user (XEP-0227, section 4.10).

use std::collections::BTreeMap;

use jid::Jid;
use rusqlite::Transaction;
use xmpp_core::{Element, element, ns};

use super::Import;
use crate::clock;
use crate::exchange::ExchangeError;
use crate::exchange::reader::{Reader, Step, Tag};
use crate::pep::{MAX_ITEMS, NodeConfig, is_picture};
use crate::store::pep::{self, ItemRow};

/// Most nodes of one user, and longest name of one.
const MAX_NODES: usize = 1_000;
const MAX_NAME: usize = 1_000;
/// Most of who may do something with a node.
const MAX_LISTED: usize = 10_000;

/// A node that is there.
#[derive(Debug, Clone, Copy)]
struct Known {
    id: i64,
    /// Made by this import: what was there before stays as it is.
    is_new: bool,
}

/// The nodes of a user under way.
#[derive(Default)]
pub(super) struct Nodes {
    known: BTreeMap<String, Known>,
}

impl Nodes {
    /// A node by its name, made if there is none; nothing if there are too many.
    fn node(
        &mut self,
        tx: &Transaction<'_>,
        owner: &str,
        name: &str,
    ) -> Result<Option<Known>, ExchangeError> {
        if let Some(known) = self.known.get(name) {
            return Ok(Some(*known));
        }
        if name.is_empty() || name.len() > MAX_NAME {
            return Ok(None);
        }
        let known = match pep::node(tx, owner, name)? {
            Some(row) => Known {
                id: row.id,
                is_new: false,
            },
            None if pep::usage(tx, owner)?.0 >= MAX_NODES => return Ok(None),
            None => {
                let config = NodeConfig::default_of(name).to_json();
                let id = pep::insert_node(tx, owner, name, &config)?.id;
                Known { id, is_new: true }
            }
        };
        self.known.insert(name.to_owned(), known);
        Ok(Some(known))
    }

    /// Reads `<pubsub/>` of the owner: what nodes are, and who may what.
    pub(super) fn owner(
        &mut self,
        tx: &Transaction<'_>,
        owner: &str,
        import: &mut Import<'_>,
        reader: &mut Reader,
    ) -> Result<(), ExchangeError> {
        import.children(reader, |import, reader, tag| {
            let kind = match (tag.name.as_str(), tag.ns.as_str()) {
                (kind @ ("configure" | "affiliations" | "subscriptions"), ns::PUBSUB_OWNER) => kind,
                _ => return import.not_taken(reader, tag),
            };
            let name = tag.attr("node").unwrap_or_default().to_owned();
            let about = reader.element(tag)?;
            let Some(node) = self.node(tx, owner, &name)?.filter(|node| node.is_new) else {
                return Ok(());
            };
            match kind {
                "configure" => {
                    if let Some(form) = about.get_child("x", ns::DATA_FORMS) {
                        let config = NodeConfig::default_of(&name).with_known(form);
                        pep::set_config(tx, node.id, &config.to_json())?;
                    }
                }
                "affiliations" => {
                    for (jid, one) in people(&about, "affiliation") {
                        let is_known = matches!(
                            one.as_str(),
                            "owner" | "publisher" | "publish-only" | "member" | "outcast"
                        );
                        if is_known {
                            let bare = jid.to_bare().to_string();
                            pep::set_affiliation(tx, node.id, &bare, &one)?;
                        }
                    }
                }
                _ => {
                    for (jid, one) in people(&about, "subscription") {
                        if one == "subscribed" {
                            pep::subscribe(tx, node.id, jid.as_str())?;
                        }
                    }
                }
            }
            Ok(())
        })
    }

    /// Reads `<pubsub/>` with items.
    pub(super) fn items(
        &mut self,
        tx: &Transaction<'_>,
        owner: &str,
        import: &mut Import<'_>,
        reader: &mut Reader,
    ) -> Result<(), ExchangeError> {
        import.children(reader, |import, reader, tag| {
            match tag.is("items", ns::PUBSUB) {
                true => self.items_of(tx, owner, import, reader, tag),
                false => import.not_taken(reader, tag),
            }
        })
    }

    fn items_of(
        &mut self,
        tx: &Transaction<'_>,
        owner: &str,
        import: &mut Import<'_>,
        reader: &mut Reader,
        tag: &Tag,
    ) -> Result<(), ExchangeError> {
        let name = tag.attr("node").unwrap_or_default().to_owned();
        let Some(node) = self.node(tx, owner, &name)? else {
            return import.not_taken(reader, tag);
        };
        let address = format!("{owner}@{}", import.domain);
        loop {
            match reader.next()? {
                Step::Start(tag) if tag.is("item", ns::PUBSUB) => {
                    let item = reader.element(&tag)?;
                    if let Some(row) = row(&name, &item, &address) {
                        put(tx, node, &row)?;
                    }
                }
                Step::Start(tag) => import.not_taken(reader, &tag)?,
                Step::End => return Ok(()),
                Step::Eof => return Err(reader.bad("the file ends in the middle")),
            }
        }
    }

    /// Whether the user has a node, of this import or from before.
    pub(super) fn has(
        &self,
        tx: &Transaction<'_>,
        owner: &str,
        name: &str,
    ) -> Result<bool, ExchangeError> {
        Ok(self.known.contains_key(name) || pep::node(tx, owner, name)?.is_some())
    }

    /// Publishes what older specifications keep elsewhere.
    pub(super) fn publish(
        &mut self,
        tx: &Transaction<'_>,
        owner: &str,
        address: &str,
        name: &str,
        item: (&str, &Element),
    ) -> Result<(), ExchangeError> {
        let (id, payload) = item;
        let picture = is_picture(name, id, payload);
        if let (Some(node), Ok(payload)) = (self.node(tx, owner, name)?, element::write(payload)) {
            let row = ItemRow {
                item_id: id.to_owned(),
                publisher: address.to_owned(),
                time_ms: clock::now_ms(),
                payload,
                picture,
            };
            put(tx, node, &row)?;
        }
        Ok(())
    }
}

/// A node that was there keeps its items; it gets those that it lacks as long
/// as there is room for more.
fn put(tx: &Transaction<'_>, node: Known, row: &ItemRow) -> Result<(), ExchangeError> {
    let config = NodeConfig::from_json(&pep::config(tx, node.id)?);
    let max = config.max_items.min(MAX_ITEMS);
    if !node.is_new {
        let count = pep::sizes(tx, node.id)?.len();
        let has = pep::item(tx, node.id, &row.item_id)?.is_some();
        if has || count >= usize::try_from(max).unwrap_or(usize::MAX) {
            return Ok(());
        }
    }
    pep::put_item(tx, node.id, row)?;
    pep::keep_newest(tx, node.id, max)?;
    Ok(())
}

fn row(node: &str, item: &Element, owner: &str) -> Option<ItemRow> {
    let item_id = item.attr("id").filter(|id| id.len() <= MAX_NAME)?;
    let publisher = item.attr("publisher").map(Jid::new).and_then(Result::ok);
    let payload = item.children().next();
    let picture = payload.is_some_and(|payload| is_picture(node, item_id, payload));
    let payload = match payload {
        Some(payload) => element::write(payload).ok()?,
        None => String::new(),
    };
    Some(ItemRow {
        item_id: item_id.to_owned(),
        publisher: publisher.map_or_else(|| owner.to_owned(), |jid| jid.to_bare().to_string()),
        time_ms: clock::now_ms(),
        payload,
        picture,
    })
}

/// Addresses with what they are.
fn people(list: &Element, kind: &str) -> Vec<(Jid, String)> {
    let of_kind = list
        .children()
        .filter(|child| child.is(kind, ns::PUBSUB_OWNER));
    of_kind
        .filter_map(|one| {
            let jid = Jid::new(one.attr("jid")?).ok()?;
            Some((jid, one.attr(kind)?.to_owned()))
        })
        .take(MAX_LISTED)
        .collect()
}

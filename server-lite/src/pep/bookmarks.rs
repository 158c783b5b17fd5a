//! Bookmarks of rooms (XEP-0402). Older clients find and change them in private
//! storage, and in a node with a single item (XEP-0048): both are kept in step.
//!
//! The rooms are in the node of XEP-0402 only; private storage keeps the rest
//! and gets them when it is asked for.

use std::collections::BTreeMap;

use jid::BareJid;
use rusqlite::{Connection, Transaction};
use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::Condition;
use xmpp_core::{Element, ns};

use super::access::{Node, bad};
use super::config::{MAX_ITEMS, NodeConfig};
use super::job::{News, Refused};
use super::notify;
use super::publish::{make, put};
use crate::clock;
use crate::server::Server;
use crate::store::pep::{self, ItemRow};

/// What both kinds of bookmark say of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Room {
    name: Option<String>,
    autojoin: bool,
    nick: Option<String>,
    password: Option<String>,
}

impl Room {
    /// Reads a `<conference/>` of either name space.
    fn read(conference: &Element) -> Self {
        let namespace = conference.ns();
        let text = |name| {
            let child = conference.get_child(name, namespace.as_str());
            child.map(Element::text).filter(|text| !text.is_empty())
        };
        Self {
            name: conference.attr("name").map(str::to_owned),
            autojoin: matches!(conference.attr("autojoin"), Some("true" | "1")),
            nick: text("nick"),
            password: text("password"),
        }
    }

    fn write(&self, namespace: &str) -> element::Build {
        let text = |name, text: &Option<String>| {
            text.as_ref().map(|text| build(name, namespace).text(text))
        };
        build("conference", namespace)
            .attr_opt("name", self.name.as_ref())
            .attr("autojoin", if self.autojoin { "true" } else { "false" })
            .children(text("nick", &self.nick))
            .children(text("password", &self.password))
    }
}

/// Whether this is what older clients keep their bookmarks in.
pub(crate) fn is_storage(element: &Element) -> bool {
    element.is("storage", ns::LEGACY_BOOKMARKS)
}

fn is_room(element: &Element) -> bool {
    element.is("conference", ns::LEGACY_BOOKMARKS)
}

/// Takes the rooms out; what else there is (pages on the web) stays.
pub(crate) fn without_rooms(storage: &mut Element) {
    while storage
        .remove_child("conference", ns::LEGACY_BOOKMARKS)
        .is_some()
    {}
}

/// Bytes of the rooms that older clients are told: the newest, as many as find
/// room in one item beside what else is there. They are read in the writer, so
/// they must not be much. Those that older clients do not see they do not take
/// away either.
pub(super) fn most(server: &Server) -> usize {
    server.config.limits.personal_payload / 4 * 3
}

/// The newest rooms in a node that older clients can be told, with their
/// addresses.
fn rooms(db: &Connection, node: i64, bytes: usize) -> rusqlite::Result<Vec<(String, Element)>> {
    let room = |row: ItemRow| {
        let payload = element::parse(row.payload.as_bytes()).ok()?;
        let fits = payload.is("conference", ns::BOOKMARKS) && BareJid::new(&row.item_id).is_ok();
        fits.then_some((row.item_id, payload))
    };
    let rows = pep::newest_within(db, node, bytes)?;
    Ok(rows.into_iter().filter_map(room).collect())
}

/// The newest bookmarks of an account as older clients read them.
pub(crate) fn older(
    db: &Connection,
    account: &str,
    bytes: usize,
) -> rusqlite::Result<Vec<Element>> {
    let Some(node) = pep::node(db, account, ns::BOOKMARKS)? else {
        return Ok(Vec::new());
    };
    let older = |(address, room): (String, Element)| {
        let room = Room::read(&room).write(ns::LEGACY_BOOKMARKS);
        room.attr("jid", address).done()
    };
    let rooms = rooms(db, node.id, bytes)?;
    Ok(rooms.into_iter().map(older).collect())
}

/// What older clients have stored as the items of today's node: their ids, and
/// what is in them.
pub(crate) fn newer(storage: &Element) -> Vec<(String, Element)> {
    let rooms = storage.children().filter(|child| is_room(child));
    let newer = |room: &Element| {
        let address = BareJid::new(room.attr("jid")?).ok()?;
        Some((
            address.to_string(),
            Room::read(room).write(ns::BOOKMARKS).done(),
        ))
    };
    rooms.filter_map(newer).take(MAX_ITEMS as usize).collect()
}

/// Takes over a list that an older client has written: what is new or different
/// is published, what is missing is taken back, what is the same is left alone.
pub(super) fn from_older(
    tx: &Transaction<'_>,
    server: &Server,
    account: &str,
    storage: &Element,
    news: &mut News,
) -> Result<(), Refused> {
    let node = match pep::node(tx, account, ns::BOOKMARKS)? {
        Some(row) => Node::load(tx, server, account, row)?,
        None => {
            let config = NodeConfig::default_of(ns::BOOKMARKS);
            make(tx, server, account, ns::BOOKMARKS, config)?
        }
    };
    let mut before: BTreeMap<_, _> = rooms(tx, node.id, most(server))?.into_iter().collect();
    let listed: BTreeMap<String, Room> = storage
        .children()
        .filter(|child| is_room(child))
        .filter_map(|room| {
            let address = BareJid::new(room.attr("jid")?).ok()?;
            Some((address.to_string(), Room::read(room)))
        })
        .collect();
    if listed.len() > node.config.max_items as usize {
        return Err(Condition::NotAcceptable.into());
    }
    for (address, room) in listed {
        let old = before.remove(&address);
        if old.as_ref().is_some_and(|old| Room::read(old) == room) {
            continue;
        }
        // What older clients know nothing of stays.
        let others = old.iter().flat_map(Element::children).filter(|child| {
            !child.is("nick", ns::BOOKMARKS) && !child.is("password", ns::BOOKMARKS)
        });
        let payload = room.write(ns::BOOKMARKS).children(others.cloned()).done();
        put(tx, server, &node, &row(&node, address, &payload)?, news)?;
    }
    let gone: Vec<String> = before.into_keys().collect();
    for address in &gone {
        pep::delete_item(tx, node.id, address)?;
    }
    if !gone.is_empty() && node.config.notify_retract {
        news.event(&node, notify::retracted(&node, &gone));
    }
    Ok(())
}

fn row(node: &Node, item_id: String, payload: &Element) -> Result<ItemRow, Refused> {
    Ok(ItemRow {
        item_id,
        publisher: node.owner.clone(),
        time_ms: clock::now_ms(),
        payload: element::write(payload).map_err(|_| bad("invalid-payload"))?,
        picture: false,
    })
}

/// The older node has a new item.
pub(super) fn from_older_node(
    tx: &Transaction<'_>,
    server: &Server,
    account: &str,
    payload: &str,
    news: &mut News,
) -> Result<(), Refused> {
    match element::parse(payload.as_bytes()) {
        Ok(storage) if is_storage(&storage) => from_older(tx, server, account, &storage, news),
        _ => Err(bad("invalid-payload").into()),
    }
}

/// Brings the older node up to date, if the account has one.
pub(super) fn to_older_node(
    tx: &Transaction<'_>,
    server: &Server,
    account: &str,
    news: &mut News,
) -> Result<(), Refused> {
    let Some(found) = pep::node(tx, account, ns::LEGACY_BOOKMARKS)? else {
        return Ok(());
    };
    let node = Node::load(tx, server, account, found)?;
    let Some(newest) = pep::newest_items(tx, node.id, 1)?.pop() else {
        return Ok(());
    };
    let Ok(before) = element::parse(newest.payload.as_bytes()) else {
        return Ok(());
    };
    let rest = before.children().filter(|child| !is_room(child)).cloned();
    let storage = build("storage", ns::LEGACY_BOOKMARKS)
        .children(rest)
        .children(older(tx, account, most(server))?)
        .done();
    if storage == before {
        return Ok(());
    }
    let row = row(&node, newest.item_id, &storage)?;
    put(tx, server, &node, &row, news)
}

//! Which rooms we want to be in, on all devices: bookmarks (XEP-0402), and where
//! a server has no place for them those of before (XEP-0048 in XEP-0049).

use std::collections::HashMap;

use jid::{BareJid, ResourcePart};
use xmpp_core::element::{self, Build, build};
use xmpp_core::{Element, ns};

use super::discovery;
use crate::account::handle::{AskError, Handle};
use crate::account::sync::pep::{self, Readers};
use crate::account::{Shared, decisions};
use crate::connection::ConnectError;
use crate::store::StoreError;
use crate::store::rooms::{self, Room};

/// Bookmarks that are read.
const MAX_BOOKMARKS: usize = 2_000;
/// Largest extension that is kept, in bytes.
const MAX_EXTENSIONS: usize = 16 * 1024;

/// Where bookmarks are on this server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// XEP-0402.
    #[default]
    Node,
    /// XEP-0048, in private storage.
    Private,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bookmark {
    room: String,
    name: Option<String>,
    autojoin: bool,
    nick: Option<String>,
    password: Option<String>,
    extensions: Option<String>,
}

impl Bookmark {
    /// Reads a `<conference/>` of either kind.
    fn read(room: &str, conference: &Element) -> Option<Self> {
        let room = BareJid::new(room).ok()?;
        room.node()?;
        let namespace = conference.ns();
        let text = |name: &str| {
            let child = conference.get_child(name, namespace.as_str());
            child.map(Element::text).filter(|text| !text.is_empty())
        };
        let extensions = conference
            .get_child("extensions", ns::BOOKMARKS)
            .and_then(|extensions| element::write(extensions).ok())
            .filter(|xml| xml.len() <= MAX_EXTENSIONS);
        Some(Self {
            room: room.to_string(),
            name: conference
                .attr("name")
                .filter(|name| !name.trim().is_empty())
                .map(str::to_owned),
            autojoin: matches!(conference.attr("autojoin"), Some("true" | "1")),
            nick: text("nick"),
            password: text("password"),
            extensions,
        })
    }

    fn of(room: &Room) -> Self {
        Self {
            room: room.address.clone(),
            name: room.name.clone(),
            autojoin: room.autojoin,
            nick: Some(room.nick.clone()),
            password: room.password.clone(),
            extensions: room.extensions.clone(),
        }
    }

    fn write(&self, namespace: &str) -> Build {
        let text = |name, text: &Option<String>| {
            text.as_ref().map(|text| build(name, namespace).text(text))
        };
        build("conference", namespace)
            .attr_opt("name", self.name.as_ref())
            .attr("autojoin", if self.autojoin { "true" } else { "false" })
            .children(text("nick", &self.nick))
            .children(text("password", &self.password))
    }

    /// Takes over into what is known of the room.
    fn apply(&self, room: &mut Room, own_nick: &str) {
        room.bookmarked = true;
        room.autojoin = self.autojoin;
        if room.nick.is_empty() || self.nick.is_some() {
            room.nick = self.nick.clone().unwrap_or_else(|| own_nick.to_owned());
        }
        room.password.clone_from(&self.password);
        room.extensions.clone_from(&self.extensions);
        if room.name.is_none() {
            room.name.clone_from(&self.name);
        }
    }
}

/// Reads all bookmarks and notes what changed meanwhile.
pub(super) async fn fetch(shared: &Shared, handle: &Handle) -> Result<(), ConnectError> {
    let own = shared.address.to_string();
    let info = match discovery::info(handle, &own).await {
        Ok(info) => Some(info),
        Err(AskError::Refused(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let in_step = info
        .iter()
        .flat_map(discovery::features)
        .any(|feature| [ns::BOOKMARKS_COMPAT, ns::BOOKMARKS_COMPAT_PEP].contains(&feature));
    let node = build("items", ns::PUBSUB).attr("node", ns::BOOKMARKS);
    let query = build("pubsub", ns::PUBSUB).child(node).done();
    let (place, mut found) = match handle.ask("get", None, query).await {
        Ok(iq) => (Place::Node, read_items(&iq)),
        Err(AskError::Refused(error)) => {
            // None yet; or nowhere to put them.
            let has_nodes = in_step || info.as_ref().is_some_and(has_nodes);
            tracing::debug!(%error, has_nodes, "no bookmarks");
            let place = if has_nodes {
                Place::Node
            } else {
                Place::Private
            };
            (place, Vec::new())
        }
        Err(error) => return Err(error.into()),
    };
    shared.rooms.set_bookmarks(place);
    if !in_step {
        // Nobody else keeps the two in step: what is only in the old place counts
        // too.
        let known: Vec<String> = found.iter().map(|one| one.room.clone()).collect();
        match read_private(handle).await {
            Ok((old, _)) => found.extend(old.into_iter().filter(|one| !known.contains(&one.room))),
            Err(AskError::Refused(error)) => tracing::debug!(%error, "no bookmarks of before"),
            Err(error) => return Err(error.into()),
        }
    }
    take_all(shared, found).await?;
    for room in shared.store.read(rooms::all).await? {
        if (room.autojoin && !room.bookmarked) || (room.bookmarked && room.unnoted) {
            note(shared, handle, &room).await;
        }
    }
    Ok(())
}

/// Whether an account has nodes of its own (XEP-0163, section 6).
fn has_nodes(info: &Element) -> bool {
    info.children().any(|child| {
        child.is("identity", ns::DISCO_INFO)
            && child.attr("category") == Some("pubsub")
            && child.attr("type") == Some("pep")
    })
}

async fn take_all(shared: &Shared, found: Vec<Bookmark>) -> Result<(), StoreError> {
    let nick = own_nick(shared);
    shared
        .store
        .write(move |tx| {
            let mut by_room: HashMap<String, Bookmark> = found
                .into_iter()
                .map(|one| (one.room.clone(), one))
                .collect();
            for mut room in rooms::all(tx)? {
                match by_room.remove(&room.address) {
                    Some(bookmark) => {
                        decisions::take_bookmark(tx, &mut room, |room| {
                            bookmark.apply(room, &nick)
                        })?;
                        continue;
                    }
                    // Removed on another device.
                    None if room.bookmarked => {
                        room.bookmarked = false;
                        room.autojoin = false;
                    }
                    None => continue,
                }
                rooms::put(tx, &room)?;
            }
            for bookmark in by_room.into_values() {
                let mut room = Room {
                    address: bookmark.room.clone(),
                    ..Room::default()
                };
                decisions::take_bookmark(tx, &mut room, |room| bookmark.apply(room, &nick))?;
            }
            Ok(())
        })
        .await?;
    shared.conversations_changed();
    Ok(())
}

/// What we are called where nobody chose a name: the person's, if a nickname may be
/// so (RFC 7622, section 3.4).
pub(super) fn own_nick(shared: &Shared) -> String {
    if let Ok(name) = ResourcePart::new(shared.display_name.trim()) {
        return name.to_string();
    }
    shared
        .address
        .node()
        .map_or_else(|| shared.address.to_string(), ToString::to_string)
}

fn read_items(iq: &Element) -> Vec<Bookmark> {
    iq.get_child("pubsub", ns::PUBSUB)
        .and_then(|pubsub| pubsub.get_child("items", ns::PUBSUB))
        .into_iter()
        .flat_map(Element::children)
        .filter_map(read_item)
        .take(MAX_BOOKMARKS)
        .collect()
}

fn read_item(item: &Element) -> Option<Bookmark> {
    let conference = item.get_child("conference", ns::BOOKMARKS)?;
    Bookmark::read(item.attr("id")?, conference)
}

/// The bookmarks of before, and all that is stored with them.
async fn read_private(handle: &Handle) -> Result<(Vec<Bookmark>, Element), AskError> {
    let query = build("query", ns::PRIVATE)
        .child(build("storage", ns::LEGACY_BOOKMARKS))
        .done();
    let iq = handle.ask("get", None, query).await?;
    let storage = iq
        .get_child("query", ns::PRIVATE)
        .and_then(|query| query.get_child("storage", ns::LEGACY_BOOKMARKS))
        .cloned()
        .unwrap_or_else(|| build("storage", ns::LEGACY_BOOKMARKS).done());
    let bookmarks = storage
        .children()
        .filter(|child| child.is("conference", ns::LEGACY_BOOKMARKS))
        .filter_map(|conference| Bookmark::read(conference.attr("jid")?, conference))
        .take(MAX_BOOKMARKS)
        .collect();
    Ok((bookmarks, storage))
}

/// Bookmarks a room as it is in the cache; where that fails it is done with the
/// next session.
pub(super) async fn note(shared: &Shared, handle: &Handle, room: &Room) {
    let bookmark = Bookmark::of(room);
    let done = match shared.rooms.bookmarks() {
        Place::Node => publish(handle, &bookmark).await,
        Place::Private => store_private(handle, &bookmark.room, Some(&bookmark)).await,
    };
    if let Err(error) = done {
        tracing::info!(%error, "room not bookmarked");
        return;
    }
    let said = bookmark.extensions;
    let noted = shared
        .update_room(&room.address, move |room| {
            room.bookmarked = true;
            // More may have been said meanwhile.
            room.unnoted &= room.extensions != said;
        })
        .await;
    if let Err(error) = noted {
        tracing::error!(%error, "room not noted");
    }
}

/// XEP-0402, section 3.3: nobody else may read it, and nothing is dropped.
async fn publish(handle: &Handle, bookmark: &Bookmark) -> Result<(), AskError> {
    let extensions = bookmark
        .extensions
        .as_ref()
        .and_then(|xml| element::parse(xml.as_bytes()).ok());
    let payload = bookmark.write(ns::BOOKMARKS).children(extensions).done();
    let (node, id) = (ns::BOOKMARKS, &bookmark.room);
    pep::publish(handle, node, id, payload, Readers::Ourselves).await
}

/// Sets or removes one of the bookmarks of before; the others stay.
async fn store_private(
    handle: &Handle,
    room: &str,
    bookmark: Option<&Bookmark>,
) -> Result<(), AskError> {
    let (_, storage) = read_private(handle).await?;
    let others = storage
        .children()
        .filter(|child| {
            let is_it = child
                .attr("jid")
                .is_some_and(|jid| BareJid::new(jid).is_ok_and(|jid| jid.as_str() == room));
            !(child.is("conference", ns::LEGACY_BOOKMARKS) && is_it)
        })
        .cloned();
    let storage = build("storage", ns::LEGACY_BOOKMARKS)
        .children(others)
        .children(bookmark.map(|one| one.write(ns::LEGACY_BOOKMARKS).attr("jid", room)));
    let query = build("query", ns::PRIVATE).child(storage).done();
    handle.ask("set", None, query).await.map(drop)
}

/// Removes the bookmark of a room.
pub(super) async fn forget(shared: &Shared, handle: &Handle, room: &str) -> Result<(), AskError> {
    if shared.rooms.bookmarks() == Place::Private {
        return store_private(handle, room, None).await;
    }
    let retract = build("retract", ns::PUBSUB)
        .attr("node", ns::BOOKMARKS)
        .attr("notify", "true")
        .child(build("item", ns::PUBSUB).attr("id", room));
    let query = build("pubsub", ns::PUBSUB).child(retract).done();
    handle.ask("set", None, query).await.map(drop)
}

/// Another device changed a bookmark (XEP-0402, section 3.4); whether the message
/// is that.
pub(in crate::account) async fn pushed(
    shared: &Shared,
    stanza: &Element,
) -> Result<bool, StoreError> {
    let from_us = stanza
        .attr("from")
        .is_none_or(|from| BareJid::new(from).is_ok_and(|from| from == shared.address));
    let items = stanza
        .get_child("event", ns::PUBSUB_EVENT)
        .and_then(|event| event.get_child("items", ns::PUBSUB_EVENT))
        .filter(|items| from_us && items.attr("node") == Some(ns::BOOKMARKS));
    let Some(items) = items else {
        return Ok(false);
    };
    for child in items.children() {
        if child.is("retract", ns::PUBSUB_EVENT) {
            let Some(Ok(room)) = child.attr("id").map(BareJid::new) else {
                continue;
            };
            shared
                .update_room(room.as_str(), |room| {
                    room.bookmarked = false;
                    room.autojoin = false;
                })
                .await?;
            shared.rooms.order(|errands| {
                errands.leave.insert(room.to_string());
            });
        } else if let Some(bookmark) = read_item(child) {
            take_one(shared, bookmark).await?;
        }
    }
    Ok(true)
}

async fn take_one(shared: &Shared, bookmark: Bookmark) -> Result<(), StoreError> {
    let nick = own_nick(shared);
    let address = bookmark.room.clone();
    let room = shared
        .store
        .write(move |tx| {
            let mut room = rooms::get(tx, &bookmark.room)?.unwrap_or_else(|| Room {
                address: bookmark.room.clone(),
                ..Room::default()
            });
            // Our nickname there is what it is as long as we are in it.
            decisions::take_bookmark(tx, &mut room, |room| {
                let now = room.nick.clone();
                bookmark.apply(room, &nick);
                if !now.is_empty() {
                    room.nick = now;
                }
            })?;
            Ok(room)
        })
        .await?;
    shared.rooms.order(|errands| {
        if room.is_wanted() {
            let now = tokio::time::Instant::now();
            errands.join.entry(address.clone()).or_insert((now, 0));
        } else if !room.autojoin {
            errands.leave.insert(address.clone());
        }
    });
    shared.room_changed(&address);
    shared.conversations_changed();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp_core::element::parse;

    #[test]
    fn a_bookmark_keeps_what_others_put_into_it() {
        let item = parse(
            b"<item xmlns='http://jabber.org/protocol/pubsub' id='Lounge@rooms'>\
              <conference xmlns='urn:xmpp:bookmarks:1' name='Lounge' autojoin='1'>\
              <nick>Rosa</nick><extensions><x xmlns='urn:other' a='b'/></extensions>\
              </conference></item>",
        )
        .unwrap();
        let bookmark = read_item(&item).unwrap();
        assert_eq!(bookmark.room, "lounge@rooms");
        assert!(bookmark.autojoin && bookmark.password.is_none());
        let mut room = Room {
            address: bookmark.room.clone(),
            ..Room::default()
        };
        bookmark.apply(&mut room, "rosa");
        assert_eq!(
            (room.nick.as_str(), room.name.as_deref()),
            ("Rosa", Some("Lounge"))
        );
        let again = Bookmark::of(&room);
        let extensions = parse(again.extensions.unwrap().as_bytes()).unwrap();
        assert!(extensions.has_child("x", "urn:other"));
        let old = again.name.is_some() && again.autojoin;
        assert!(old);
    }

    #[test]
    fn those_of_before_are_read_alike() {
        let conference = parse(
            b"<conference xmlns='storage:bookmarks' jid='a@rooms' autojoin='true'>\
              <nick>R</nick><password>p</password></conference>",
        )
        .unwrap();
        let bookmark = Bookmark::read("a@rooms", &conference).unwrap();
        assert_eq!(bookmark.nick.as_deref(), Some("R"));
        assert_eq!(bookmark.password.as_deref(), Some("p"));
        assert!(Bookmark::read("rooms", &conference).is_none());
    }
}

//! Which rooms we want to be in, on all devices: bookmarks (XEP-0402), and where
//! a server has no place for them those of before (XEP-0048 in XEP-0049).

mod bookmark;

use std::collections::HashMap;

use jid::{BareJid, ResourcePart};
use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::discovery;
use crate::account::handle::{AskError, Handle};
use crate::account::sync::pep::{self, Readers};
use crate::account::{Shared, decisions};
use crate::connection::ConnectError;
use crate::store::StoreError;
use crate::store::rooms::{self, Room, wish};
use bookmark::{Bookmark, read_item, read_items};

/// Bookmarks that are read.
const MAX_BOOKMARKS: usize = 2_000;

/// Where bookmarks are on this server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// XEP-0402.
    #[default]
    Node,
    /// XEP-0048, in private storage.
    Private,
}

/// What a server says of the bookmarks.
struct Found {
    bookmarks: Vec<Bookmark>,
    /// Whether there are no others: a server that could not say it just now may have
    /// any.
    is_all: bool,
}

/// Reads all bookmarks and notes what changed meanwhile. Whether these were all: else
/// what is not among them is as it was, and has to be asked for again.
pub(super) async fn fetch(shared: &Shared, handle: &Handle) -> Result<bool, ConnectError> {
    let own = shared.address.to_string();
    let (info, is_silent) = match discovery::info(handle, &own).await {
        Ok(info) => (Some(info), false),
        Err(AskError::Refused(error)) => (None, !is_not_offered(&error)),
        Err(error) => return Err(error.into()),
    };
    let in_step = info
        .iter()
        .flat_map(discovery::features)
        .any(|feature| [ns::BOOKMARKS_COMPAT, ns::BOOKMARKS_COMPAT_PEP].contains(&feature));
    let may_have_nodes = in_step || is_silent || info.as_ref().is_some_and(has_nodes);
    let (place, mut found) = read_node(handle, may_have_nodes).await?;
    shared.rooms.set_bookmarks(place);
    // What is not known is not written over.
    let may_note = place == Place::Private || found.is_all;
    if !in_step {
        // Nobody else keeps the two in step: what is only in the old place counts
        // too.
        add_private(handle, &mut found).await?;
    }
    let is_all = found.is_all;
    take_all(shared, found).await?;
    if is_all {
        shared.rooms.set_bookmarks_read();
    }
    for room in shared.store.read(rooms::all).await? {
        let has_news = (room.autojoin && !room.bookmarked) || (room.bookmarked && room.unnoted);
        if has_news && may_note {
            note(shared, handle, &room).await;
        }
    }
    Ok(is_all)
}

/// The bookmarks in their node; and where others are to be put.
async fn read_node(handle: &Handle, may_have_nodes: bool) -> Result<(Place, Found), ConnectError> {
    let node = build("items", ns::PUBSUB).attr("node", ns::BOOKMARKS);
    let query = build("pubsub", ns::PUBSUB).child(node).done();
    let error = match handle.ask("get", None, query).await {
        Ok(iq) => {
            let (bookmarks, is_all) = (read_items(&iq), true);
            return Ok((Place::Node, Found { bookmarks, is_all }));
        }
        Err(AskError::Refused(error)) => error,
        Err(error) => return Err(error.into()),
    };
    // None yet; or nowhere to put them. All else passes, and says nothing of what is
    // there.
    let is_all =
        error.condition == Condition::ItemNotFound || (!may_have_nodes && is_not_offered(&error));
    tracing::info!(%error, may_have_nodes, is_all, "no bookmarks");
    let place = if may_have_nodes {
        Place::Node
    } else {
        Place::Private
    };
    let bookmarks = Vec::new();
    Ok((place, Found { bookmarks, is_all }))
}

/// Adds what is only among the bookmarks of before.
async fn add_private(handle: &Handle, found: &mut Found) -> Result<(), ConnectError> {
    let known: Vec<String> = found.bookmarks.iter().map(|one| one.room.clone()).collect();
    match read_private(handle).await {
        Ok((old, _)) => {
            let others = old.into_iter().filter(|one| !known.contains(&one.room));
            found.bookmarks.extend(others);
        }
        Err(AskError::Refused(error)) => {
            tracing::debug!(%error, "no bookmarks of before");
            found.is_all &= is_not_offered(&error);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// Whether a server has no such thing, rather than trouble with it.
fn is_not_offered(error: &StanzaError) -> bool {
    matches!(
        error.condition,
        Condition::ItemNotFound | Condition::ServiceUnavailable | Condition::FeatureNotImplemented
    )
}

/// Whether an account has nodes of its own (XEP-0163, section 6).
fn has_nodes(info: &Element) -> bool {
    info.children().any(|child| {
        child.is("identity", ns::DISCO_INFO)
            && child.attr("category") == Some("pubsub")
            && child.attr("type") == Some("pep")
    })
}

/// Takes over what was found. Rooms that we are not to be in any more are left.
async fn take_all(shared: &Shared, found: Found) -> Result<(), StoreError> {
    let nick = own_nick(shared);
    let given_up = shared
        .store
        .write(move |tx| {
            let mut given_up = Vec::new();
            let mut by_room: HashMap<String, Bookmark> = found
                .bookmarks
                .into_iter()
                .map(|one| (one.room.clone(), one))
                .collect();
            for mut room in rooms::all(tx)? {
                let was_wanted = room.autojoin;
                match by_room.remove(&room.address) {
                    Some(bookmark) => {
                        decisions::take_bookmark(tx, &mut room, |room| {
                            bookmark.apply(room, &nick)
                        })?;
                    }
                    // Removed on another device.
                    None if room.bookmarked && found.is_all => {
                        room.bookmarked = false;
                        // Unless it was joined here since: then it is noted again.
                        room.autojoin = wish::get(tx, &room.address)? == Some(true);
                        if !room.autojoin {
                            wish::forget(tx, &room.address)?;
                        }
                        rooms::put(tx, &room)?;
                    }
                    None => {}
                }
                if was_wanted && !room.autojoin {
                    given_up.push(room.address);
                }
            }
            for bookmark in by_room.into_values() {
                let mut room = Room {
                    address: bookmark.room.clone(),
                    ..Room::default()
                };
                decisions::take_bookmark(tx, &mut room, |room| bookmark.apply(room, &nick))?;
            }
            Ok(given_up)
        })
        .await?;
    shared.rooms.order(|errands| errands.leave.extend(given_up));
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
    let of = room.address.clone();
    let noted = shared.store.write(move |tx| {
        let is_said = wish::said(tx, &of, bookmark.autojoin)?;
        rooms::update(tx, &of, |room| {
            room.bookmarked = true;
            // More may have been said meanwhile.
            room.unnoted &= !is_said || room.extensions != bookmark.extensions;
        })
    });
    if let Err(error) = noted.await {
        tracing::error!(%error, "room not noted");
    }
    shared.room_changed(&room.address);
    shared.conversations_changed();
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
            let of = room.to_string();
            shared
                .store
                .write(move |tx| {
                    wish::forget(tx, &of)?;
                    rooms::update(tx, &of, |room| {
                        room.bookmarked = false;
                        room.autojoin = false;
                    })
                })
                .await?;
            shared.room_changed(room.as_str());
            shared.conversations_changed();
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

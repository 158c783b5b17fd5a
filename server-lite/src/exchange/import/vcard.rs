//! vCard and private storage of an imported user. What is kept in nodes here
//! (pictures, bookmarks) goes there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use rusqlite::Transaction;
use sha1::Digest;
use xmpp_core::element::{self, build};
use xmpp_core::{Element, names, ns};

use super::personal::Nodes;
use crate::exchange::ExchangeError;
use crate::pep::{is_older_storage, newer_bookmarks, without_rooms};
use crate::store::personal;

/// Bytes of a vCard without its picture, and of an element in private storage.
const MAX_BYTES: usize = 1 << 20;

/// Takes in a vCard; gives the name in it.
pub(super) fn vcard(
    tx: &Transaction<'_>,
    nodes: &mut Nodes,
    owner: (&str, &str),
    mut vcard: Element,
) -> Result<Option<String>, ExchangeError> {
    let (user, address) = owner;
    let name = vcard.get_child("FN", ns::VCARD_TEMP).map(Element::text);
    let name = name.as_deref().and_then(names::clean_display_name);
    let photo = vcard.get_child("PHOTO", ns::VCARD_TEMP).cloned();
    let picture = photo.as_ref().and_then(picture);
    if let Some((id, kind, size, data)) = &picture {
        while vcard.remove_child("PHOTO", ns::VCARD_TEMP).is_some() {}
        if !nodes.has(tx, user, ns::AVATAR_METADATA)? {
            let data = build("data", ns::AVATAR_DATA).text(data).done();
            nodes.publish(tx, user, address, ns::AVATAR_DATA, (id, &data))?;
            let info = build("info", ns::AVATAR_METADATA)
                .attr("id", id)
                .attr("bytes", size.to_string())
                .attr("type", kind);
            let metadata = build("metadata", ns::AVATAR_METADATA).child(info).done();
            nodes.publish(tx, user, address, ns::AVATAR_METADATA, (id, &metadata))?;
        }
    }
    if personal::vcard(tx, user)?.is_none()
        && let Ok(xml) = element::write(&vcard)
        && xml.len() <= MAX_BYTES
    {
        personal::set_vcard(tx, user, &xml)?;
    }
    Ok(name)
}

/// Id, type, size and base64 of a picture.
fn picture(photo: &Element) -> Option<(String, String, usize, String)> {
    let text = |name| photo.get_child(name, ns::VCARD_TEMP).map(Element::text);
    let data: String = text("BINVAL")?.split_whitespace().collect();
    let bytes = STANDARD
        .decode(&data)
        .ok()
        .filter(|bytes| !bytes.is_empty())?;
    let id = HEXLOWER.encode(&sha1::Sha1::digest(&bytes));
    let kind = text("TYPE").filter(|kind| !kind.is_empty() && kind.len() < 100);
    let kind = kind.unwrap_or_else(|| "image/png".to_owned());
    Some((id, kind, bytes.len(), data))
}

/// Takes in an element of private storage.
pub(super) fn private(
    tx: &Transaction<'_>,
    nodes: &mut Nodes,
    owner: (&str, &str),
    mut stored: Element,
) -> Result<(), ExchangeError> {
    let (user, address) = owner;
    if is_older_storage(&stored) {
        let rooms = newer_bookmarks(&stored);
        without_rooms(&mut stored);
        if !rooms.is_empty() && !nodes.has(tx, user, ns::BOOKMARKS)? {
            for (room, payload) in rooms {
                nodes.publish(tx, user, address, ns::BOOKMARKS, (&room, &payload))?;
            }
        }
    }
    let (name, namespace) = (stored.name().to_owned(), stored.ns());
    if personal::private(tx, user, &name, &namespace)?.is_none()
        && let Ok(xml) = element::write(&stored)
        && xml.len() <= MAX_BYTES
    {
        personal::set_private(tx, user, &name, &namespace, &xml)?;
    }
    Ok(())
}

//! Pictures: fetched when somebody looks at them, kept if they are what their
//! hash says (XEP-0084; XEP-0054 and 0153 for those who have nothing newer).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jid::BareJid;
use sha1::{Digest as _, Sha1};
use xmpp_core::element::build;
use xmpp_core::{Element, ns};

use super::{card, failed};
use crate::account::Shared;
use crate::account::handle::{AskError, Handle};
use crate::account::sync::pep::{self, Readers};
use crate::api::{ApiError, AvatarView, ErrorCode};
use crate::store::profiles::{self, AvatarFrom};

/// Bytes of somebody else's picture.
const MAX_BYTES: usize = 256 * 1024;
/// Bytes of ours: in base64 it has to fit into a stanza of 256 KiB.
const MAX_OWN_BYTES: usize = 128 * 1024;

/// The picture of a person, from the cache or else from the server.
pub(super) async fn get(
    shared: &Shared,
    address: &BareJid,
) -> Result<Option<AvatarView>, ApiError> {
    let of = address.to_string();
    let profile = shared
        .store
        .read(move |db| profiles::get(db, &of))
        .await
        .map_err(failed)?;
    let Some(hash) = profile.avatar.filter(|hash| !hash.is_empty()) else {
        return Ok(None);
    };
    if let Some(found) = cached(shared, &hash).await? {
        return Ok(Some(found));
    }
    let handle = shared.handle()?;
    let shard = usize::from(hash.bytes().fold(0, u8::wrapping_add)) % shared.people.avatars.len();
    let Some(lock) = shared.people.avatars.get(shard) else {
        return Ok(None);
    };
    let _one_at_a_time = lock.lock().await;
    if let Some(found) = cached(shared, &hash).await? {
        return Ok(Some(found));
    }
    let from = profile.avatar_from.unwrap_or(AvatarFrom::Card);
    let data = match fetch(&handle, shared, address, &hash, from).await {
        Ok(data) => data,
        // It has another one by now, or none: an event says so.
        Err(AskError::Refused(error)) => {
            tracing::info!(%error, "no such picture");
            None
        }
        Err(error) => return Err(error.into()),
    };
    let Some((media_type, data)) = data.and_then(|data| verified(data, &hash)) else {
        return Ok(None);
    };
    let view = view(&hash, media_type, &data);
    let now_ms = shared.clock.now_ms();
    shared
        .store
        .write(move |tx| profiles::keep_avatar(tx, &hash, media_type, &data, now_ms))
        .await
        .map_err(failed)?;
    Ok(Some(view))
}

fn view(hash: &str, media_type: &str, data: &[u8]) -> AvatarView {
    AvatarView {
        hash: hash.to_owned(),
        media_type: media_type.to_owned(),
        data: STANDARD.encode(data),
    }
}

async fn cached(shared: &Shared, hash: &str) -> Result<Option<AvatarView>, ApiError> {
    let (wanted, now_ms) = (hash.to_owned(), shared.clock.now_ms());
    let found = shared
        .store
        .read(move |db| profiles::avatar(db, &wanted, now_ms))
        .await
        .map_err(failed)?;
    let Some(found) = found else { return Ok(None) };
    if found.stale {
        let wanted = hash.to_owned();
        shared
            .store
            .write(move |tx| profiles::used(tx, &wanted, now_ms))
            .await
            .map_err(failed)?;
    }
    Ok(Some(view(hash, &found.media_type, &found.data)))
}

async fn fetch(
    handle: &Handle,
    shared: &Shared,
    address: &BareJid,
    hash: &str,
    from: AvatarFrom,
) -> Result<Option<Vec<u8>>, AskError> {
    // What is ours is asked of our own account.
    let of = (*address != shared.address).then_some(address.as_str());
    let text = match from {
        AvatarFrom::Pep => {
            let answer = pep::fetch(handle, of, ns::AVATAR_DATA, Some(hash)).await?;
            pep::items_of(&answer, ns::AVATAR_DATA)
                .iter()
                .filter_map(|item| item.payload)
                .find(|data| data.is("data", ns::AVATAR_DATA))
                .map(Element::text)
        }
        AvatarFrom::Card => {
            let query = build("vCard", ns::VCARD_TEMP).done();
            let answer = handle.ask("get", of, query).await?;
            answer
                .get_child("vCard", ns::VCARD_TEMP)
                .and_then(|card| card.get_child("PHOTO", ns::VCARD_TEMP))
                .and_then(|photo| photo.get_child("BINVAL", ns::VCARD_TEMP))
                .map(Element::text)
        }
    };
    Ok(text.and_then(|text| decoded(&text, MAX_BYTES)))
}

/// Base64 as it comes: with line breaks.
fn decoded(text: &str, limit: usize) -> Option<Vec<u8>> {
    if text.len() / 2 > limit {
        return None;
    }
    let text: String = text.split_whitespace().collect();
    STANDARD
        .decode(text)
        .ok()
        .filter(|data| data.len() <= limit)
}

/// The data with its media type, if it is what the hash says and a picture.
fn verified(data: Vec<u8>, hash: &str) -> Option<(&'static str, Vec<u8>)> {
    if hex(&data) != hash {
        tracing::info!("a picture is not what its hash says");
        return None;
    }
    Some((media_type(&data)?, data))
}

fn hex(data: &[u8]) -> String {
    let digest = Sha1::digest(data);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// By what the data is: what others say of it is not believed, and nothing that
/// could hold a script is a picture.
fn media_type(data: &[u8]) -> Option<&'static str> {
    match data {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        _ => None,
    }
}

/// Sets or removes our own picture.
pub(super) async fn set(shared: &Shared, text: &str) -> Result<(), ApiError> {
    let handle = shared.handle()?;
    let own = shared.address.to_string();
    if text.is_empty() {
        let nothing = build("metadata", ns::AVATAR_METADATA).done();
        publish(&handle, ns::AVATAR_METADATA, "current", nothing).await?;
        card::set_photo(shared, &handle, None).await?;
        return keep(shared, own, String::new(), None).await;
    }
    let not_a_picture = || ApiError::new(ErrorCode::PictureNotUsable).value("limit", MAX_OWN_BYTES);
    let data = decoded(text, MAX_OWN_BYTES).ok_or_else(not_a_picture)?;
    let media_type = media_type(&data).ok_or_else(not_a_picture)?;
    let hash = hex(&data);
    let encoded = STANDARD.encode(&data);
    // The data first: whoever is told of it can have it (XEP-0084, section 4.1).
    let payload = build("data", ns::AVATAR_DATA).text(&encoded).done();
    publish(&handle, ns::AVATAR_DATA, &hash, payload).await?;
    let info = build("info", ns::AVATAR_METADATA)
        .attr("id", &hash)
        .attr("bytes", data.len().to_string())
        .attr("type", media_type);
    let metadata = build("metadata", ns::AVATAR_METADATA).child(info).done();
    publish(&handle, ns::AVATAR_METADATA, &hash, metadata).await?;
    card::set_photo(shared, &handle, Some((media_type, &encoded))).await?;
    keep(shared, own, hash, Some((media_type, data))).await
}

async fn publish(handle: &Handle, node: &str, id: &str, payload: Element) -> Result<(), ApiError> {
    Ok(pep::publish(handle, node, id, payload, Readers::Contacts).await?)
}

async fn keep(
    shared: &Shared,
    own: String,
    hash: String,
    data: Option<(&'static str, Vec<u8>)>,
) -> Result<(), ApiError> {
    let now_ms = shared.clock.now_ms();
    let changed = shared.store.write(move |tx| {
        if let Some((media_type, data)) = data {
            profiles::keep_avatar(tx, &hash, media_type, &data, now_ms)?;
        }
        profiles::set_avatar(tx, &own, &hash, AvatarFrom::Pep)
    });
    if changed.await.map_err(failed)? {
        shared.people.presence_bell.notify_one();
        shared.profile_changed(shared.address.as_str());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n rest";

    #[test]
    fn only_pictures_that_are_what_their_hash_says() {
        let hash = hex(PNG);
        assert_eq!(
            verified(PNG.to_vec(), &hash),
            Some(("image/png", PNG.to_vec()))
        );
        assert_eq!(verified(PNG.to_vec(), &"0".repeat(40)), None);
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec();
        let hash = hex(&svg);
        assert_eq!(verified(svg, &hash), None);
    }

    #[test]
    fn base64_with_line_breaks_and_a_limit() {
        assert_eq!(decoded(" aGV\nsbG8= ", 5), Some(b"hello".to_vec()));
        assert_eq!(decoded("aGVsbG8=", 4), None);
        assert_eq!(decoded("?", 5), None);
    }
}

//! What people publish of themselves: how they want to be called (XEP-0172), and
//! which picture they have (XEP-0084, XEP-0153). The picture itself is fetched
//! when somebody looks at it: `account::people::avatar`.

use jid::BareJid;
use xmpp_core::element::clean_text;
use xmpp_core::{Element, ns};

use super::pep::Published;
use crate::account::Shared;
use crate::store::profiles::{self, AvatarFrom};
use crate::store::{StoreError, contacts, rooms};

/// Longest nickname, in characters.
const MAX_NICKNAME: usize = 100;

/// XEP-0172.
pub(super) async fn nickname(shared: &Shared, published: &Published<'_>) -> Result<(), StoreError> {
    let name = match published.items.last() {
        Some(item) => match item.payload {
            Some(nick) if nick.is("nick", ns::NICK) => nickname_of(&nick.text()),
            Some(_) => return Ok(()),
            None => String::new(),
        },
        None if published.emptied => String::new(),
        None => return Ok(()),
    };
    of_known(shared, published.by, move |tx, address| {
        profiles::set_nickname(tx, address, &name)
    })
    .await
}

/// A nickname as it is kept.
pub(in crate::account) fn nickname_of(text: &str) -> String {
    let text = clean_text(text);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MAX_NICKNAME).collect()
}

/// XEP-0084, section 4.2.
pub(super) async fn metadata(shared: &Shared, published: &Published<'_>) -> Result<(), StoreError> {
    let hash = match published.items.last() {
        Some(item) => match item.payload {
            Some(metadata) if metadata.is("metadata", ns::AVATAR_METADATA) => chosen(metadata),
            Some(_) => return Ok(()),
            None => String::new(),
        },
        None if published.emptied => String::new(),
        None => return Ok(()),
    };
    of_known(shared, published.by, move |tx, address| {
        profiles::set_avatar(tx, address, &hash, AvatarFrom::Pep)
    })
    .await
}

/// The picture that we can have: one that is in the node of the data. What is
/// only to be had over HTTP is not fetched: it would tell who looks.
fn chosen(metadata: &Element) -> String {
    metadata
        .children()
        .filter(|info| info.is("info", ns::AVATAR_METADATA) && info.attr("url").is_none())
        .filter_map(|info| hash_of(info.attr("id")?))
        .next()
        .unwrap_or_default()
}

/// A SHA-1 in hex, in small letters.
pub(in crate::account) fn hash_of(text: &str) -> Option<String> {
    let text = text.trim();
    let good = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    good.then(|| text.to_ascii_lowercase())
}

/// A hash, or that there is no picture.
fn hash_or_none(text: &str) -> Option<String> {
    match text.trim().is_empty() {
        true => Some(String::new()),
        false => hash_of(text),
    }
}

/// Which picture a room has, as it says when asked what it is like (XEP-0486,
/// section 3.1).
pub(in crate::account) async fn of_room(
    shared: &Shared,
    room: &str,
    said: &str,
) -> Result<(), StoreError> {
    let Some(hash) = hash_or_none(said) else {
        return Ok(());
    };
    let of = room.to_owned();
    let changed = shared
        .store
        .write(move |tx| profiles::set_avatar(tx, &of, &hash, AvatarFrom::Card));
    if changed.await? {
        shared.profile_changed(room);
    }
    Ok(())
}

/// XEP-0153, section 4.3: the picture of the card, in each presence.
pub(in crate::account) async fn announced(
    shared: &Shared,
    by: &BareJid,
    presence: &Element,
) -> Result<(), StoreError> {
    let photo = presence
        .get_child("x", ns::VCARD_UPDATE)
        .and_then(|update| update.get_child("photo", ns::VCARD_UPDATE));
    // Without one they do not say; an empty one says that there is none.
    let Some(photo) = photo.map(Element::text) else {
        return Ok(());
    };
    let Some(hash) = hash_or_none(&photo) else {
        return Ok(());
    };
    let (address, wanted) = (by.to_string(), hash.clone());
    let known = shared
        .store
        .read(move |db| {
            let profile = profiles::get(db, &address)?;
            Ok(profile.avatar == Some(wanted) || profile.avatar_from == Some(AvatarFrom::Pep))
        })
        .await?;
    if known {
        return Ok(());
    }
    of_known(shared, by, move |tx, address| {
        profiles::set_avatar(tx, address, &hash, AvatarFrom::Card)
    })
    .await
}

/// Changes what is known of ourselves, of a contact or a room; of strangers nothing is
/// kept, whatever they send.
async fn of_known(
    shared: &Shared,
    address: &BareJid,
    change: impl FnOnce(&rusqlite::Transaction<'_>, &str) -> rusqlite::Result<bool> + Send + 'static,
) -> Result<(), StoreError> {
    let (own, of) = (*address == shared.address, address.to_string());
    let changed = shared
        .store
        .write(move |tx| {
            if !own && contacts::get(tx, &of)?.is_none() && !rooms::is_there(tx, &of)? {
                return Ok(false);
            }
            change(tx, &of)
        })
        .await?;
    if changed {
        if own {
            // Our presence says which picture we have.
            shared.people.presence_bell.notify_one();
        }
        shared.profile_changed(address.as_str());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp_core::element::parse;

    #[test]
    fn pictures_elsewhere_are_not_chosen() {
        let hash = "A".repeat(40);
        let metadata = |infos: &str| {
            let xml = format!("<metadata xmlns='urn:xmpp:avatar:metadata'>{infos}</metadata>");
            chosen(&parse(xml.as_bytes()).unwrap())
        };
        let here = format!("<info id='{hash}' bytes='10' type='image/png'/>");
        let elsewhere = here.replace("bytes", "url='https://x.example/a' bytes");
        assert_eq!(metadata(&format!("{elsewhere}{here}")), "a".repeat(40));
        assert_eq!(metadata(&elsewhere), "");
        assert_eq!(metadata("<info id='../../x' bytes='1'/>"), "");
        assert_eq!(metadata(""), "");
    }

    #[test]
    fn nicknames_are_one_short_line() {
        assert_eq!(nickname_of(" a\n b\u{0} "), "a b");
        assert_eq!(nickname_of(&"长".repeat(1000)).chars().count(), 100);
    }
}

//! Avatars (XEP-0084), which older clients find in the vCard and of which the
//! presence says the hash (XEP-0153, XEP-0398).
//!
//! The picture is in the nodes of XEP-0084 only. A vCard gets it when it is
//! asked for, and gives it away when it is set.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use rusqlite::{Connection, Transaction};
use sha1::Digest;
use xmpp_core::element::{self, build};
use xmpp_core::{Element, ns};

use super::Asker;
use super::access::Node;
use super::config::Access;
use super::job::{News, Refused};
use super::publish::{find_or_open, put};
use crate::clock;
use crate::router::Outgoing;
use crate::server::Server;
use crate::session;
use crate::store::pep::{self, ItemRow};

/// What a presence shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Nothing: there was never a picture.
    Nothing,
    /// That there is none (any more).
    None,
    /// SHA-1 of the picture, in hexadecimal digits.
    Hash(String),
}

/// A picture.
pub(super) struct Picture {
    pub(super) id: String,
    pub(super) kind: String,
    /// In base64.
    pub(super) data: String,
    /// Its size, without base64.
    bytes: usize,
}

impl Picture {
    /// From what a client calls the picture; `None` if it is not one.
    pub(super) fn read(kind: Option<String>, base64: &str) -> Option<Self> {
        let data: String = base64.split_whitespace().collect();
        let bytes = STANDARD.decode(&data).ok()?;
        if bytes.is_empty() {
            return None;
        }
        let kind = kind.unwrap_or_else(|| sniffed(&bytes).to_owned());
        let id = HEXLOWER.encode(&sha1::Sha1::digest(&bytes));
        let bytes = bytes.len();
        Some(Self {
            id,
            kind,
            data,
            bytes,
        })
    }
}

/// The type of a picture without a word about it.
fn sniffed(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xff, 0xd8, ..] => "image/jpeg",
        [b'G', b'I', b'F', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', ..] => "image/webp",
        _ => "image/png",
    }
}

/// Whether an item of a node is a picture and its id the SHA-1 of it. It takes
/// reading all of the picture, so it is found out before a publication is
/// written, never in the writer.
pub(crate) fn is_picture(node: &str, item_id: &str, data: &Element) -> bool {
    node == ns::AVATAR_DATA
        && Picture::read(None, &data.text())
            .is_some_and(|picture| picture.id.eq_ignore_ascii_case(item_id))
}

/// What an account shows.
pub(super) struct Current {
    /// SHA-1, in small letters.
    pub(super) hash: String,
    item_id: String,
    kind: Option<String>,
    /// Metadata first.
    pub(super) nodes: [Node; 2],
}

impl Current {
    /// Reads the picture itself.
    pub(super) fn picture(self, db: &Connection) -> rusqlite::Result<Option<Picture>> {
        let [_, data] = &self.nodes;
        let row = pep::item(db, data.id, &self.item_id)?;
        let data = row.and_then(|row| element::parse(row.payload.as_bytes()).ok());
        Ok(data.and_then(|data| Picture::read(self.kind, &data.text())))
    }
}

/// Pictures of one metadata that are looked for.
const MAX_INFOS: usize = 4;
/// Bytes of metadata that are read; a picture takes some two hundred.
const MAX_METADATA: usize = 16 * 1024;

/// The picture of an account. One that is not what its id says is none.
pub(super) fn current(
    db: &Connection,
    server: &Server,
    account: &str,
) -> rusqlite::Result<Option<Current>> {
    let load = |name| -> rusqlite::Result<Option<Node>> {
        let row = pep::node(db, account, name)?;
        row.map(|row| Node::load(db, server, account, row))
            .transpose()
    };
    let Some(metadata) = load(ns::AVATAR_METADATA)? else {
        return Ok(None);
    };
    let Some(data) = load(ns::AVATAR_DATA)? else {
        return Ok(None);
    };
    let newest = pep::newest_items(db, metadata.id, 1)?;
    let parsed = newest
        .first()
        .filter(|row| row.payload.len() <= MAX_METADATA)
        .and_then(|row| element::parse(row.payload.as_bytes()).ok());
    // Of several, the one that is not somewhere else.
    let infos = parsed.iter().flat_map(Element::children);
    let infos = infos.filter(|info| info.is("info", ns::AVATAR_METADATA));
    for info in infos.take(MAX_INFOS) {
        let (Some(id), None) = (info.attr("id"), info.attr("url")) else {
            continue;
        };
        if pep::has_picture(db, data.id, id)? {
            return Ok(Some(Current {
                hash: id.to_ascii_lowercase(),
                item_id: id.to_owned(),
                kind: info.attr("type").map(str::to_owned),
                nodes: [metadata, data],
            }));
        }
    }
    Ok(None)
}

/// The picture of an account for who asks, if they may see it.
pub(super) fn readable(db: &Connection, asker: &Asker) -> rusqlite::Result<Option<Picture>> {
    let Some(current) = current(db, &asker.server, &asker.account)? else {
        return Ok(None);
    };
    let may = |node: &Node| node.may_read(&asker.server, &asker.user).is_ok();
    match current.nodes.iter().all(may) {
        true => current.picture(db),
        false => Ok(None),
    }
}

/// What the presence of an account shows to all who see it.
pub(super) fn shown(db: &Connection, server: &Server, account: &str) -> rusqlite::Result<Shown> {
    if pep::node(db, account, ns::AVATAR_METADATA)?.is_none() {
        return Ok(Shown::Nothing);
    }
    let open = |nodes: &[Node; 2]| {
        nodes
            .iter()
            .all(|node| node.config.access != Access::Whitelist)
    };
    Ok(match current(db, server, account)? {
        Some(current) if open(&current.nodes) => Shown::Hash(current.hash),
        _ => Shown::None,
    })
}

/// Publishes a picture for an account, or that there is none.
pub(super) fn publish(
    tx: &Transaction<'_>,
    asker: &Asker,
    picture: Option<Picture>,
    news: &mut News,
) -> Result<(), Refused> {
    let (server, account) = (&asker.server, asker.account.as_str());
    let before = current(tx, server, account)?.map(|current| current.hash);
    if before == picture.as_ref().map(|picture| picture.id.clone()) {
        return Ok(());
    }
    let node = |name| find_or_open(tx, server, account, name);
    let row = |item_id: &str, payload: Element, picture| -> Result<ItemRow, Refused> {
        Ok(ItemRow {
            item_id: item_id.to_owned(),
            publisher: asker.owner.clone(),
            time_ms: clock::now_ms(),
            payload: element::write(&payload).map_err(|_| super::bad("invalid-payload"))?,
            picture,
        })
    };
    let (id, metadata) = match &picture {
        None => ("current", build("metadata", ns::AVATAR_METADATA)),
        Some(picture) => {
            let data = build("data", ns::AVATAR_DATA).text(&picture.data);
            // Its id is made of it.
            let item = row(&picture.id, data.done(), true)?;
            put(tx, server, &node(ns::AVATAR_DATA)?, &item, news)?;
            let info = build("info", ns::AVATAR_METADATA)
                .attr("id", &picture.id)
                .attr("type", &picture.kind)
                .attr("bytes", picture.bytes.to_string());
            let metadata = build("metadata", ns::AVATAR_METADATA).child(info);
            (picture.id.as_str(), metadata)
        }
    };
    let item = row(id, metadata.done(), false)?;
    put(tx, server, &node(ns::AVATAR_METADATA)?, &item, news)?;
    news.avatar(account, shown(tx, server, account)?);
    Ok(())
}

/// Puts the hash into an available presence of a session (XEP-0398, section 4).
pub(crate) async fn stamp(server: &Arc<Server>, user: &str, number: u64, presence: &mut Element) {
    let mut known = None;
    server.router.update(user, number, |entry| {
        known.clone_from(&entry.personal.avatar);
    });
    let shown = match known {
        Some(shown) => shown,
        None => load(server, user, number).await,
    };
    let empty = says_empty(presence);
    let mut hides = empty && matches!(shown, Shown::Hash(_));
    server.router.update(user, number, |entry| {
        let before = &mut entry.personal.hides_avatar;
        // Who has said so since there was none may not know better.
        hides = empty && before.unwrap_or(hides);
        if presence.attr("to").is_none() {
            *before = empty.then_some(hides);
        }
    });
    if !hides {
        show(presence, &shown);
    }
}

/// Reads what a session shows, for the first time.
async fn load(server: &Arc<Server>, user: &str, number: u64) -> Shown {
    let (shared, account) = (Arc::clone(server), user.to_owned());
    let read = server
        .store
        .read(move |db| shown(db, &shared, &account))
        .await;
    let mut shown = read.unwrap_or_else(|error| {
        tracing::error!(%error, "avatar not read");
        Shown::Nothing
    });
    server.router.update(user, number, |entry| {
        // What came meanwhile is newer.
        shown = entry.personal.avatar.get_or_insert(shown.clone()).clone();
    });
    shown
}

/// Whether a client says that there is no picture, or that it shows none.
fn says_empty(presence: &Element) -> bool {
    let said = presence.get_child("x", ns::VCARD_UPDATE);
    let photo = said.and_then(|x| x.get_child("photo", ns::VCARD_UPDATE));
    photo.is_some_and(|photo| photo.text().trim().is_empty())
}

fn show(presence: &mut Element, shown: &Shown) {
    let hash = match shown {
        Shown::Nothing => return,
        Shown::None => "",
        Shown::Hash(hash) => hash,
    };
    while presence.remove_child("x", ns::VCARD_UPDATE).is_some() {}
    let photo = build("photo", ns::VCARD_UPDATE);
    let photo = match hash {
        "" => photo,
        hash => photo.text(hash),
    };
    let update = build("x", ns::VCARD_UPDATE).child(photo);
    presence.append_child(update.done());
}

/// Whoever sees an account sees its new picture.
pub(super) fn tell(server: &Server, account: &str, shown: &Shown) {
    let mut changed = Vec::new();
    server.router.update_all(account, |entry| {
        // A session that has not shown any yet reads it when it does.
        let Some(before) = &mut entry.personal.avatar else {
            return;
        };
        if before == shown {
            return;
        }
        before.clone_from(shown);
        if entry.personal.hides_avatar == Some(true) {
            return;
        }
        if let Some((presence, _)) = &mut entry.presence {
            show(presence, shown);
            let address = format!("{}/{}", server.bare(account), entry.resource);
            changed.extend(Outgoing::of(presence).map(|presence| (address, presence)));
        }
    });
    for (address, presence) in changed {
        session::broadcast_presence(server, account, &address, &presence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp_core::element::parse;

    #[test]
    fn a_presence_shows_the_hash_once() {
        let hash = Shown::Hash("aa".to_owned());
        let x = "x xmlns='vcard-temp:x:update'";
        for (said, shown, expected) in [
            ("", &hash, "<photo>aa</photo>"),
            (&format!("<{x}/>"), &hash, "<photo>aa</photo>"),
            (
                &format!("<{x}><photo>bb</photo></x>"),
                &hash,
                "<photo>aa</photo>",
            ),
            (
                &format!("<{x}><photo>bb</photo></x>"),
                &Shown::None,
                "<photo/>",
            ),
            ("", &Shown::None, "<photo/>"),
            ("", &Shown::Nothing, ""),
        ] {
            let presence = format!("<presence>{said}</presence>");
            let mut presence = parse(presence.as_bytes()).unwrap();
            show(&mut presence, shown);
            let written = element::write(&presence).unwrap();
            let count = written.matches("<photo").count();
            assert_eq!(count, usize::from(!expected.is_empty()), "{written}");
            assert_eq!(says_empty(&presence), expected == "<photo/>");
            assert!(written.contains(expected), "{written}");
        }
    }
}

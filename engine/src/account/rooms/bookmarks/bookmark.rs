//! What one bookmark says, in the words of XEP-0402 or of XEP-0048.

use jid::BareJid;
use xmpp_core::element::{self, Build, build};
use xmpp_core::{Element, ns};

use super::MAX_BOOKMARKS;
use crate::store::rooms::Room;

/// Largest extension that is kept, in bytes.
const MAX_EXTENSIONS: usize = 16 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bookmark {
    pub(super) room: String,
    pub(super) name: Option<String>,
    pub(super) autojoin: bool,
    pub(super) nick: Option<String>,
    pub(super) password: Option<String>,
    pub(super) extensions: Option<String>,
}

impl Bookmark {
    /// Reads a `<conference/>` of either kind.
    pub(super) fn read(room: &str, conference: &Element) -> Option<Self> {
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

    pub(super) fn of(room: &Room) -> Self {
        Self {
            room: room.address.clone(),
            name: room.name.clone(),
            autojoin: room.autojoin,
            nick: Some(room.nick.clone()),
            password: room.password.clone(),
            extensions: room.extensions.clone(),
        }
    }

    pub(super) fn write(&self, namespace: &str) -> Build {
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
    pub(super) fn apply(&self, room: &mut Room, own_nick: &str) {
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

pub(super) fn read_items(iq: &Element) -> Vec<Bookmark> {
    iq.get_child("pubsub", ns::PUBSUB)
        .and_then(|pubsub| pubsub.get_child("items", ns::PUBSUB))
        .into_iter()
        .flat_map(Element::children)
        .filter_map(read_item)
        .take(MAX_BOOKMARKS)
        .collect()
}

pub(super) fn read_item(item: &Element) -> Option<Bookmark> {
    let conference = item.get_child("conference", ns::BOOKMARKS)?;
    Bookmark::read(item.attr("id")?, conference)
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

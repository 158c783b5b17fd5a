//! What there is to discover (XEP-0045, section 6; XEP-0030).

use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::Sender;
use super::affiliation::Affiliation;
use super::room::Room;
use crate::form::Form;
use crate::server::Server;

/// The node that tells one's reserved nickname (section 7.12).
const OWN_NICK: &str = "x-roomuser-item";

fn identity(name: &str) -> element::Build {
    build("identity", ns::DISCO_INFO)
        .attr("category", "conference")
        .attr("type", "text")
        .attr("name", name)
}

fn features(features: &[&str]) -> Vec<element::Build> {
    features
        .iter()
        .map(|feature| build("feature", ns::DISCO_INFO).attr("var", feature))
        .collect()
}

/// The service.
pub(super) fn service(payload: &Element) -> Result<Element, StanzaError> {
    if payload.attr("node").is_some() {
        return Err(Condition::ItemNotFound.into());
    }
    let all = [
        ns::DISCO_INFO,
        ns::DISCO_ITEMS,
        ns::MUC,
        ns::MUC_UNIQUE,
        ns::OCCUPANT_ID,
        ns::MUC_SELF_PING,
        ns::PING,
    ];
    Ok(build("query", ns::DISCO_INFO)
        .child(identity("Rooms"))
        .children(features(&all))
        .done())
}

fn may_see(room: &Room, user: &str) -> bool {
    let affiliation = room.affiliation(user);
    match affiliation {
        Affiliation::Outcast => false,
        Affiliation::None => room.config.public && !room.locked,
        Affiliation::Member | Affiliation::Admin | Affiliation::Owner => true,
    }
}

fn title(room: &Room) -> &str {
    match room.config.title.as_str() {
        "" => &room.name,
        title => title,
    }
}

/// The rooms that somebody may see (section 6.3).
pub(super) fn rooms(server: &Server, sender: &Sender) -> Element {
    let user = sender.user();
    let mut items: Vec<(String, String)> = server.rooms.all(|rooms| {
        rooms
            .values()
            .filter(|room| may_see(room, &user))
            .map(|room| (room.address.clone(), title(room).to_owned()))
            .collect()
    });
    items.sort();
    build("query", ns::DISCO_ITEMS)
        .children(items.iter().map(|(address, title)| {
            build("item", ns::DISCO_ITEMS)
                .attr("jid", address)
                .attr("name", title)
        }))
        .done()
}

/// A room (section 6.4).
pub(super) fn room(
    server: &Server,
    sender: &Sender,
    name: &str,
    payload: &Element,
) -> Result<Option<Element>, StanzaError> {
    let user = sender.user();
    server.rooms.ask(name, |room| {
        // A hidden room answers those who know its address.
        if room.affiliation(&user) == Affiliation::Outcast {
            return Err(Condition::Forbidden.into());
        }
        let query = build("query", ns::DISCO_INFO).attr_opt("node", payload.attr("node"));
        match payload.attr("node") {
            Some(OWN_NICK) => {
                let nick = room
                    .people
                    .get(&user)
                    .and_then(|person| person.nick.clone());
                let identity = nick.map(|nick| identity(&nick));
                return Ok(Some(query.children(identity).done()));
            }
            Some(_) => return Err(Condition::ItemNotFound.into()),
            None => {}
        }
        let line = "text-single";
        let subject = room
            .subject
            .as_ref()
            .and_then(|message| message.get_child("subject", ns::CLIENT))
            .map(Element::text)
            .unwrap_or_default();
        let mut form = Form::new("result", ns::MUC_ROOM_INFO)
            .field(
                "muc#roominfo_description",
                line,
                None,
                [&room.config.description],
            )
            .field("muc#roominfo_lang", line, None, [&room.config.language])
            .field("muc#roominfo_subject", line, None, [subject])
            .field(
                "muc#roominfo_occupants",
                line,
                None,
                [room.occupants.len().to_string()],
            )
            .field(
                "muc#maxhistoryfetch",
                line,
                None,
                [room.config.history.to_string()],
            )
            .boolean(
                "muc#roomconfig_changesubject",
                "Everybody with voice may change the subject",
                room.config.change_subject,
            );
        if let Some(hash) = room.vcard.as_ref().and_then(photo_hash) {
            form = form.field("muc#roominfo_avatarhash", "text-multi", None, [hash]);
        }
        Ok(Some(
            query
                .child(identity(title(room)))
                .children(features(&room.config.features()))
                .child(form.done())
                .done(),
        ))
    })
}

/// XEP-0153: SHA-1 of the picture, in hexadecimal digits.
fn photo_hash(vcard: &Element) -> Option<String> {
    use base64::Engine;
    use sha1::Digest;
    let photo = vcard.get_child("PHOTO", ns::VCARD_TEMP)?;
    let text: String = photo
        .get_child("BINVAL", ns::VCARD_TEMP)?
        .text()
        .split_whitespace()
        .collect();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(text)
        .ok()?;
    Some(data_encoding::HEXLOWER.encode(&sha1::Sha1::digest(bytes)))
}

/// Who is in a room, for those who are in it too (section 6.5).
pub(super) fn occupants(
    server: &Server,
    sender: &Sender,
    name: &str,
) -> Result<Option<Element>, StanzaError> {
    server.rooms.ask(name, |room| {
        let query = build("query", ns::DISCO_ITEMS);
        if room.occupant(&sender.address).is_none() {
            return Ok(Some(query.done()));
        }
        let items = room.occupants.iter().map(|occupant| {
            build("item", ns::DISCO_ITEMS).attr("jid", room.address_of(&occupant.nick))
        });
        Ok(Some(query.children(items).done()))
    })
}

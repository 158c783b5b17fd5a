//! What there is to discover (XEP-0045, section 6; XEP-0030).

use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::affiliation::Affiliation;
use super::config::NAMES_EVERYBODY;
use super::room::Room;
use super::{Sender, archive};
use crate::form::Form;
use crate::people;
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
        ns::MUC_STABLE_ID,
        ns::OCCUPANT_ID,
        ns::MUC_SELF_PING,
        ns::PING,
        ns::RSM,
        ns::VCARD_TEMP,
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
        Affiliation::None => room.config.public && !room.config.locked,
        Affiliation::Member | Affiliation::Admin | Affiliation::Owner => true,
    }
}

fn title(room: &Room) -> &str {
    match room.config.title.as_str() {
        "" => &room.name,
        title => title,
    }
}

/// The rooms that somebody may see (section 6.3), in pages if they ask for them
/// (XEP-0059).
pub(super) async fn rooms(
    server: &Server,
    sender: &Sender,
    payload: &Element,
) -> Result<Element, StanzaError> {
    let user = sender.user();
    let name = sender.address.node().map(|node| node.as_str());
    // The administrators of the server can end any room, so they find it.
    let is_admin = people::is_admin(server, name.unwrap_or_default()).await;
    let mut items: Vec<(String, String)> = server.rooms.all(|rooms| {
        rooms
            .values()
            .filter(|room| is_admin || may_see(room, &user))
            .map(|room| (room.address.clone(), title(room).to_owned()))
            .collect()
    });
    items.sort();
    let query = build("query", ns::DISCO_ITEMS);
    let shown = |items: &[(String, String)]| -> Vec<element::Build> {
        let item = |(address, title): &(String, String)| {
            build("item", ns::DISCO_ITEMS)
                .attr("jid", address)
                .attr("name", title)
        };
        items.iter().map(item).collect()
    };
    let Some(set) = payload.get_child("set", ns::RSM) else {
        return Ok(query.children(shown(&items)).done());
    };
    let text = |name: &str| set.get_child(name, ns::RSM).map(Element::text);
    let max: usize = match text("max") {
        Some(max) => max
            .trim()
            .parse()
            .map_err(|_| StanzaError::from(Condition::BadRequest))?,
        None => items.len(),
    };
    // A place in the order, whether the room is still there or not.
    let place = |name: &str| items.partition_point(|(address, _)| address.as_str() < name);
    let (start, end) = match (text("after"), text("before")) {
        (_, Some(before)) => {
            let end = match before.as_str() {
                "" => items.len(),
                before => place(before),
            };
            (end.saturating_sub(max), end)
        }
        (Some(after), None) => {
            let start = items.partition_point(|(address, _)| *address <= after);
            (start, start.saturating_add(max))
        }
        (None, None) => (0, max),
    };
    let page = items.get(start..end.min(items.len())).unwrap_or_default();
    let mut answer = build("set", ns::RSM);
    if let (Some(first), Some(last)) = (page.first(), page.last()) {
        let index = start.to_string();
        answer = answer
            .child(build("first", ns::RSM).attr("index", index).text(&first.0))
            .child(build("last", ns::RSM).text(&last.0));
    }
    let answer = answer.child(build("count", ns::RSM).text(items.len().to_string()));
    Ok(query.children(shown(page)).child(answer).done())
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
        let mut form = Form::new("result", ns::MUC_ROOM_INFO)
            .field(
                "muc#roominfo_description",
                line,
                None,
                [&room.config.description],
            )
            .field("muc#roominfo_lang", line, None, [&room.config.language])
            .boolean(
                "muc#roominfo_subjectmod",
                "Everybody with voice may change the subject",
                room.config.change_subject,
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
        // What goes on inside is for those who may look inside.
        if archive::may_read(room, sender, None).is_ok() {
            let count = room.occupants.len().to_string();
            form = form
                .field("muc#roominfo_subject", line, None, [subject(room)])
                .field("muc#roominfo_occupants", line, None, [count]);
        }
        form = form.field(
            NAMES_EVERYBODY,
            line,
            None,
            [room.config.who_names_everybody()],
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

fn subject(room: &Room) -> String {
    let subject = room
        .subject
        .as_ref()
        .and_then(|message| message.get_child("subject", ns::CLIENT));
    subject.map(Element::text).unwrap_or_default()
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
        if room.occupant(sender).is_none() {
            return Ok(Some(query.done()));
        }
        let items = room.occupants.iter().map(|occupant| {
            build("item", ns::DISCO_ITEMS).attr("jid", room.address_of(&occupant.nick))
        });
        Ok(Some(query.children(items).done()))
    })
}

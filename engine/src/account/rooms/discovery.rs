//! What rooms there are, and what a room is like (XEP-0030; XEP-0045, section 6).

use xmpp_core::element::build;
use xmpp_core::{Element, ns};

use super::settings;
use crate::account::Shared;
use crate::account::handle::{AskError, Handle};
use crate::account::sync::profiles;
use crate::api::{ApiError, ErrorCode, FoundRoom, FoundRooms};
use crate::store::rooms::Room;

/// Most rooms of a page.
const MAX_PAGE: u32 = 200;
/// Services of a server that are asked what they are.
const MAX_SERVICES: usize = 50;
/// Features that are kept of a room.
const MAX_FEATURES: usize = 200;
/// Longest name and description, in characters.
const LONGEST: usize = 2000;

pub(in crate::account) async fn info(handle: &Handle, of: &str) -> Result<Element, AskError> {
    let query = build("query", ns::DISCO_INFO).done();
    let iq = handle.ask("get", Some(of), query).await?;
    Ok(iq
        .get_child("query", ns::DISCO_INFO)
        .cloned()
        .unwrap_or_else(|| build("query", ns::DISCO_INFO).done()))
}

pub(in crate::account) fn features(info: &Element) -> impl Iterator<Item = &str> {
    info.children()
        .filter(|child| child.is("feature", ns::DISCO_INFO))
        .filter_map(|feature| feature.attr("var"))
}

/// Learns what a room is like, and notes it if the room is in the cache.
pub(super) async fn look(
    shared: &Shared,
    handle: &Handle,
    room: &mut Room,
) -> Result<(), AskError> {
    let info = info(handle, &room.address).await?;
    read_info(room, &info);
    let found = room.clone();
    let noted = shared
        .update_room(&room.address, move |room| {
            room.name = found.name;
            room.description = found.description;
            room.features = found.features;
            room.limits_everyone = found.limits_everyone;
        })
        .await;
    if let Err(error) = noted {
        tracing::error!(%error, "room not noted");
    }
    let picture = settings::form_of(&info, ns::MUC_ROOM_INFO)
        .and_then(|form| settings::value(form, "muc#roominfo_avatarhash"));
    if let Some(hash) = picture
        && let Err(error) = profiles::of_room(shared, &room.address, &hash).await
    {
        tracing::error!(%error, "picture of a room not noted");
    }
    Ok(())
}

fn read_info(room: &mut Room, info: &Element) {
    let short = |text: &str| text.trim().chars().take(LONGEST).collect::<String>();
    let local = room
        .address
        .split('@')
        .next()
        .unwrap_or_default()
        .to_owned();
    let identity = info.children().find(|child| {
        child.is("identity", ns::DISCO_INFO) && child.attr("category") == Some("conference")
    });
    let name = identity
        .and_then(|identity| identity.attr("name"))
        .map(short);
    // COMPAT: some services say the beginning of the address where there is no
    // name; then the one of the bookmark is better.
    if let Some(name) = name.filter(|name| !name.is_empty() && *name != local) {
        room.name = Some(name);
    }
    room.features = features(info)
        .take(MAX_FEATURES)
        .map(str::to_owned)
        .collect();
    if let Some(form) = settings::form_of(info, ns::MUC_ROOM_INFO) {
        room.description =
            settings::value(form, "muc#roominfo_description").map(|text| short(&text));
        // XEP-0513, section 3.5: participants, moderators, or none.
        room.limits_everyone = settings::value(form, settings::NAMES_EVERYBODY)
            .is_some_and(|who| who != "participants");
    }
}

/// Where rooms are, on our own server.
pub(super) async fn service(shared: &Shared, handle: &Handle) -> Result<String, ApiError> {
    if let Some(service) = shared.rooms.service() {
        return Ok(service);
    }
    let domain = shared.address.domain().to_string();
    let query = build("query", ns::DISCO_ITEMS).done();
    let iq = handle.ask("get", Some(&domain), query).await?;
    let services: Vec<String> = items(&iq)
        .filter_map(|item| item.attr("jid"))
        .map(str::to_owned)
        .collect();
    let asked = services
        .into_iter()
        .take(MAX_SERVICES)
        .map(|service| async move { (info(handle, &service).await, service) });
    for (answer, service) in futures_util::future::join_all(asked).await {
        // One that does not answer has no rooms now.
        let Ok(info) = answer else { continue };
        let is_text = info.children().any(|child| {
            child.is("identity", ns::DISCO_INFO)
                && child.attr("category") == Some("conference")
                && child.attr("type").is_none_or(|kind| kind == "text")
        });
        if is_text && features(&info).any(|feature| feature == ns::MUC) {
            shared.rooms.set_service(&service);
            return Ok(service);
        }
    }
    Err(ErrorCode::RoomsNotOffered.into())
}

/// A page of the public rooms of a service.
pub(super) async fn discover(
    shared: &Shared,
    handle: &Handle,
    service: Option<String>,
    after: Option<String>,
    limit: u32,
) -> Result<FoundRooms, ApiError> {
    let service = match service {
        Some(service) => service,
        None => self::service(shared, handle).await?,
    };
    let mut set = build("set", ns::RSM)
        .child(build("max", ns::RSM).text(limit.clamp(1, MAX_PAGE).to_string()));
    if let Some(after) = &after {
        set = set.child(build("after", ns::RSM).text(after));
    }
    let query = build("query", ns::DISCO_ITEMS).child(set).done();
    let iq = handle.ask("get", Some(&service), query).await?;
    let rooms: Vec<FoundRoom> = items(&iq)
        .filter_map(|item| {
            let address = jid::BareJid::new(item.attr("jid")?).ok()?;
            let local = address.node()?.to_string();
            let name = item
                .attr("name")
                .map(str::trim)
                .filter(|name| !name.is_empty());
            Some(FoundRoom {
                name: name.unwrap_or(&local).chars().take(LONGEST).collect(),
                joined: shared.rooms.stage(address.as_str()).is_some(),
                address: address.to_string(),
            })
        })
        .collect();
    let set = iq
        .get_child("query", ns::DISCO_ITEMS)
        .and_then(|query| query.get_child("set", ns::RSM));
    // XEP-0059, section 2.6: a service that pages says where the page ended.
    let last = set
        .and_then(|set| set.get_child("last", ns::RSM))
        .map(Element::text);
    let number =
        |name: &str| set.and_then(|set| set.get_child(name, ns::RSM)?.text().parse::<usize>().ok());
    let first = set.and_then(|set| {
        set.get_child("first", ns::RSM)?
            .attr("index")?
            .parse::<usize>()
            .ok()
    });
    let is_end = match (first, number("count")) {
        (Some(first), Some(count)) => first + rooms.len() >= count,
        _ => rooms.is_empty(),
    };
    Ok(FoundRooms {
        service,
        next: last.filter(|last| !is_end && after.as_ref() != Some(last)),
        rooms,
    })
}

pub(in crate::account) fn items(iq: &Element) -> impl Iterator<Item = &Element> {
    iq.get_child("query", ns::DISCO_ITEMS)
        .into_iter()
        .flat_map(Element::children)
        .filter(|child| child.is("item", ns::DISCO_ITEMS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp_core::element::parse;

    #[test]
    fn what_a_room_says_of_itself() {
        let info = parse(
            b"<query xmlns='http://jabber.org/protocol/disco#info'>\
              <identity category='conference' type='text' name='Lounge'/>\
              <feature var='urn:xmpp:mam:2'/><feature var='muc_hidden'/>\
              <x xmlns='jabber:x:data' type='result'>\
              <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roominfo</value></field>\
              <field var='muc#roominfo_description'><value>Tea</value></field></x></query>",
        )
        .unwrap();
        let mut room = Room {
            address: "lounge@rooms".to_owned(),
            name: Some("Old".to_owned()),
            ..Room::default()
        };
        read_info(&mut room, &info);
        assert_eq!(room.name.as_deref(), Some("Lounge"));
        assert_eq!(room.description.as_deref(), Some("Tea"));
        assert!(room.has_archive() && room.has("muc_hidden"));
        let mut same = Room {
            address: "Lounge@rooms".to_owned(),
            name: Some("Noted".to_owned()),
            ..Room::default()
        };
        read_info(&mut same, &info);
        assert_eq!(
            same.name.as_deref(),
            Some("Noted"),
            "only the address again"
        );
    }
}

//! Setting up and destroying a room (XEP-0045, section 10).

use std::sync::Arc;

use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::affiliation::{Affiliation, Role};
use super::config::{MAX_TEXT, ROOM_ADMINS, ROOM_OWNERS, RoomConfig};
use super::post::Post;
use super::room::{Room, status};
use super::showing::{Change, View};
use super::{Rooms, Sender, admin, reason};
use crate::clock;
use crate::people;
use crate::router::Router;
use crate::server::Server;
use crate::store::rooms::{self as rows, Grave};

fn is_owner(room: &Room, sender: &Sender) -> Result<(), StanzaError> {
    match room.affiliation(&sender.user()) {
        Affiliation::Owner => Ok(()),
        _ => Err(Condition::Forbidden.into()),
    }
}

/// The form of the configuration (section 10.2).
pub(super) fn form(
    server: &Server,
    sender: &Sender,
    name: &str,
) -> Result<Option<Element>, StanzaError> {
    server.rooms.ask(name, |room| {
        is_owner(room, sender)?;
        let named = |wanted: Affiliation| {
            let all = room.people.iter();
            let mut all: Vec<&str> = all
                .filter(|(_, person)| person.affiliation == wanted)
                .map(|(user, _)| user.as_str())
                .collect();
            all.sort_unstable();
            all
        };
        let form = room
            .config
            .form(&named(Affiliation::Owner), &named(Affiliation::Admin));
        let query = build("query", ns::MUC_OWNER).child(form);
        Ok(Some(query.done()))
    })
}

/// Takes the form, or destroys the room.
pub(super) async fn submit(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
    payload: &Element,
) -> Result<(), StanzaError> {
    if let Some(wish) = payload.get_child("destroy", ns::MUC_OWNER) {
        // What nobody looks after any more, the administrators of the server can end.
        let user = sender.address.node().map(|node| node.as_str());
        let is_admin = people::is_admin(server, user.unwrap_or_default()).await;
        let was_known = server.rooms.ask(name, |room| {
            if !is_admin {
                is_owner(room, sender)?;
            }
            Ok(!room.config.locked)
        })?;
        return destroy(server, sender, name, wish, was_known).await;
    }
    let form = payload
        .get_child("x", ns::DATA_FORMS)
        .ok_or(Condition::BadRequest)?;
    if form.attr("type") == Some("cancel") {
        // Who does not want to set up a new room does not want it (section 10.1.3).
        let is_new = server.rooms.ask(name, |room| {
            is_owner(room, sender)?;
            Ok(room.config.locked)
        })?;
        let nothing = build("destroy", ns::MUC_OWNER).done();
        return match is_new {
            true => destroy(server, sender, name, &nothing, false).await,
            false => Ok(()),
        };
    }
    let filled = crate::form::Filled::read(form);
    let (config, seen, people) = server.rooms.ask(name, |room| {
        is_owner(room, sender)?;
        let mut config = room.config.changed(&filled)?;
        config.locked = false;
        let mut people = Vec::new();
        for (field, list) in [
            (ROOM_ADMINS, Affiliation::Admin),
            (ROOM_OWNERS, Affiliation::Owner),
        ] {
            if let Some(named) = filled.all(field) {
                admin::whole_list(room, list, named, &mut people)?;
            }
        }
        admin::owners_remain(room, &people)?;
        Ok((config, admin::seen(room, sender, &people), people))
    })?;
    // All of it or nothing (section 10.2).
    admin::make(server, sender, name, seen, people, Some(config)).await
}

/// Section 10.2.1: who is there learns what changed about their privacy, and
/// who may not be there any more goes.
pub(super) fn configured(room: &mut Room, post: Post<'_>, config: RoomConfig) {
    let was_locked = room.config.locked;
    let old = std::mem::replace(&mut room.config, config);
    let new = &room.config;
    let mut codes = Vec::new();
    if old.archived != new.archived {
        codes.push(if new.archived { 170 } else { 171 });
    }
    if old.non_anonymous != new.non_anonymous {
        codes.push(if new.non_anonymous { 172 } else { 173 });
    }
    let private = RoomConfig {
        archived: new.archived,
        non_anonymous: new.non_anonymous,
        ..old
    };
    if private != *new {
        codes.push(104);
    }
    if !codes.is_empty() && !was_locked {
        let user = build("x", ns::MUC_USER).children(codes.iter().map(status));
        let message = build("message", ns::CLIENT)
            .attr("from", &room.address)
            .attr("type", "groupchat")
            .child(user);
        post.all(message.done(), room.sessions());
    }
    if room.config.members_only {
        while let Some(place) = room
            .occupants
            .iter()
            .position(|occupant| room.affiliation(&occupant.user) < Affiliation::Member)
        {
            room.remove(post, place, &Change::with_codes(&[322]));
        }
    }
}

/// Section 10.9.
async fn destroy(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
    wish: &Element,
    was_known: bool,
) -> Result<(), StanzaError> {
    // Again from its parts, in the name space in which the others hear of it.
    let venue = match wish.attr("jid") {
        Some(venue) => Some(
            jid::BareJid::new(venue)
                .map_err(|_| StanzaError::from(Condition::JidMalformed))?
                .to_string(),
        ),
        None => None,
    };
    let reason = reason(wish.get_child("reason", ns::MUC_OWNER));
    let password = wish.get_child("password", ns::MUC_OWNER).map(Element::text);
    let password = password.filter(|text| text.chars().count() <= MAX_TEXT);
    let part = |name: &str, text: &Option<String>| {
        text.as_ref()
            .map(|text| build(name, ns::MUC_USER).text(text))
    };
    let farewell = build("destroy", ns::MUC_USER)
        .attr_opt("jid", venue.as_deref())
        .children(part("reason", &reason))
        .children(part("password", &password))
        .done();
    let (rooms, router) = (Arc::clone(&server.rooms), Arc::clone(&server.router));
    let (row, key) = (name.to_owned(), name.to_owned());
    let address = format!("{name}@{}", rooms.domain);
    // Whoever comes later learns where it went.
    let grave = was_known.then(|| Grave {
        by: sender.user(),
        venue,
        reason,
    });
    server
        .store
        .write_then(
            move |tx| {
                rows::remove(tx, &row, &address)?;
                match &grave {
                    Some(grave) => rows::bury(tx, &row, grave, clock::now_ms()),
                    None => Ok(()),
                }
            },
            move |()| dissolve(&rooms, &router, &key, &farewell),
        )
        .await
        .map_err(|error| {
            tracing::error!(%error, "room not destroyed");
            Condition::InternalServerError.into()
        })
}

fn dissolve(rooms: &Rooms, router: &Router, name: &str, farewell: &Element) {
    let Some(mut room) = rooms.all(|rooms| rooms.remove(name)) else {
        return;
    };
    room.people.clear();
    let change = Change {
        destroy: Some(farewell),
        ..Change::default()
    };
    for occupant in &mut room.occupants {
        occupant.role = Role::None;
    }
    for occupant in &room.occupants {
        for seat in &occupant.seats {
            // Each hears it of themselves alone.
            let gone = room.presence(occupant, seat, View::Own, false, &change);
            Post(router).one(seat, gone);
        }
    }
}

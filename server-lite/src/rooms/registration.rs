//! A nickname of one's own (XEP-0045, section 7.10; XEP-0077). Whoever may enter
//! may reserve one; it makes nobody a member of a members-only room.

use std::sync::Arc;

use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::Sender;
use super::affiliation::Affiliation;
use crate::form::{Filled, Form};
use crate::server::Server;
use crate::store::rooms as rows;

/// Longest nickname, in characters.
const MAX_NICK: usize = 64;
const NICK: &str = "muc#register_roomnick";

/// Answers the form, and takes it filled in.
pub(super) async fn answer(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
    payload: &Element,
    is_set: bool,
) -> Result<Option<Element>, StanzaError> {
    let user = sender.user();
    let (affiliation, own) = server.rooms.ask(name, |room| {
        let affiliation = room.affiliation(&user);
        if affiliation == Affiliation::Outcast
            || room.config.members_only && affiliation == Affiliation::None
        {
            return Err(Condition::NotAllowed.into());
        }
        Ok((affiliation, room.people.get(&user).cloned()))
    })?;
    if !is_set {
        let nick = own.and_then(|person| person.nick);
        let form = Form::new("form", ns::MUC_REGISTER)
            .title("A nickname of your own")
            .field(NICK, "text-single", Some("Nickname"), nick.as_deref());
        let registered = nick.into_iter().flat_map(|nick| {
            let nick = build("username", ns::REGISTER).text(nick);
            [build("registered", ns::REGISTER), nick]
        });
        return Ok(Some(
            build("query", ns::REGISTER)
                .children(registered)
                .child(form.done())
                .done(),
        ));
    }
    let nick = if payload.has_child("remove", ns::REGISTER) {
        None
    } else {
        let form = payload
            .get_child("x", ns::DATA_FORMS)
            .map(Filled::read)
            .filter(|form| form.is_of_type(ns::MUC_REGISTER))
            .ok_or(Condition::BadRequest)?;
        let nick = form.first(NICK).unwrap_or_default().trim().to_owned();
        if nick.is_empty()
            || nick.chars().count() > MAX_NICK
            || jid::ResourcePart::new(&nick).is_err()
        {
            return Err(Condition::NotAcceptable.into());
        }
        Some(nick)
    };
    if let Some(nick) = &nick {
        server.rooms.ask(name, |room| {
            let used = room
                .by_nick(nick)
                .and_then(|place| room.occupants.get(place))
                .is_some_and(|occupant| occupant.user != user);
            match used || room.is_reserved(nick, &user) {
                true => Err(Condition::Conflict.into()),
                false => Ok(()),
            }
        })?;
    }
    reserve(server, name, (user, affiliation), nick).await?;
    Ok(None)
}

/// Writes the nickname and nothing else: what somebody is to the room may be
/// changed at the same moment. Whoever is not any more what they were when they
/// asked has to ask again.
async fn reserve(
    server: &Arc<Server>,
    name: &str,
    seen: (String, Affiliation),
    nick: Option<String>,
) -> Result<(), StanzaError> {
    let rooms = Arc::clone(&server.rooms);
    let (row, key, user) = (name.to_owned(), name.to_owned(), seen.0.clone());
    let written = nick.clone();
    let reserved = server.store.write_then(
        move |tx| {
            let (user, affiliation) = &seen;
            let may = rows::affiliation(tx, &row, user)? == affiliation.as_str();
            Ok(may && rows::set_nick(tx, &row, user, written.as_deref())?)
        },
        move |may| {
            rooms.with(&key, |room| {
                if may {
                    room.set_nick(&user, nick);
                }
                may
            })
        },
    );
    match reserved.await {
        Ok(Some(true)) => Ok(()),
        Ok(Some(false)) => Err(Condition::Conflict.into()),
        Ok(None) => Err(Condition::ItemNotFound.into()),
        Err(error) => {
            tracing::error!(%error, "nickname not written");
            Err(Condition::InternalServerError.into())
        }
    }
}

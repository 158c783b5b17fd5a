//! A nickname of one's own (XEP-0045, section 7.10; XEP-0077). Whoever may enter
//! may reserve one; it makes nobody a member of a members-only room.

use std::sync::Arc;

use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::affiliation::Affiliation;
use super::room::Person;
use super::{Sender, set_people};
use crate::form::{Filled, Form};
use crate::server::Server;

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
    let own = server.rooms.ask(name, |room| {
        let affiliation = room.affiliation(&user);
        if affiliation == Affiliation::Outcast
            || room.config.members_only && affiliation == Affiliation::None
        {
            return Err(Condition::NotAllowed.into());
        }
        Ok(room.people.get(&user).cloned())
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
    let person = Person {
        nick,
        ..own.unwrap_or(Person::new(Affiliation::None))
    };
    set_people(server, name, vec![(user, person)], |_, _| ()).await?;
    Ok(None)
}

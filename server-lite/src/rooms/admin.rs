//! Roles and affiliations: who is what, and making them something else
//! (XEP-0045, sections 8 and 9).

use std::sync::Arc;

use jid::FullJid;
use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::affiliation::{Affiliation, Role};
use super::config::RoomConfig;
use super::owner::configured;
use super::post::Post;
use super::room::{Person, Room};
use super::showing::Change;
use super::{MAX_NICK, Seen, Sender, invitations, reason, set_people};
use crate::server::Server;

/// Most changes in one request: everybody in the room hears of each.
const MAX_ITEMS: usize = 100;

fn items(payload: &Element) -> impl Iterator<Item = &Element> {
    payload
        .children()
        .filter(|child| child.is("item", ns::MUC_ADMIN))
}

/// The people with an affiliation, or the occupants with a role.
pub(super) fn list(
    server: &Server,
    sender: &Sender,
    name: &str,
    payload: &Element,
) -> Result<Option<Element>, StanzaError> {
    let item = items(payload).next().ok_or(Condition::BadRequest)?;
    server.rooms.ask(name, |room| {
        let own = room.affiliation(&sender.user());
        let occupant = room.occupant(sender);
        let query = build("query", ns::MUC_ADMIN);
        if let Some(wanted) = item.attr("role") {
            let wanted = Role::from_name(wanted).ok_or(Condition::BadRequest)?;
            if occupant.is_none_or(|occupant| occupant.role != Role::Moderator) {
                return Err(Condition::Forbidden.into());
            }
            let found = room.occupants.iter().filter(|other| other.role == wanted);
            let found = found.map(|other| {
                let address = other.seats.last().map(|seat| seat.address.as_str());
                build("item", ns::MUC_ADMIN)
                    .attr("role", wanted.as_str())
                    .attr("affiliation", room.affiliation(&other.user).as_str())
                    .attr("nick", &other.nick)
                    .attr_opt("jid", address)
            });
            return Ok(Some(query.children(found).done()));
        }
        let wanted = item
            .attr("affiliation")
            .and_then(Affiliation::from_name)
            .ok_or(Condition::BadRequest)?;
        // Where everybody sees everybody, everybody who belongs there may ask.
        let belongs = occupant.is_some() || own >= Affiliation::Member;
        let may_read = |role| room.config.list_roles.contains(&role);
        let is_plain = room.config.non_anonymous
            && wanted != Affiliation::Outcast
            && occupant.is_none_or(|occupant| may_read(occupant.role));
        if own < Affiliation::Admin && !(is_plain && belongs) {
            return Err(Condition::Forbidden.into());
        }
        let mut found: Vec<_> = room
            .people
            .iter()
            .filter(|(_, person)| person.affiliation == wanted)
            .collect();
        found.sort_by_key(|(address, _)| address.as_str());
        let found = found.into_iter().map(|(address, person)| {
            let item = build("item", ns::MUC_ADMIN)
                .attr("affiliation", wanted.as_str())
                .attr("jid", address)
                .attr_opt("nick", person.nick.as_deref());
            match &person.reason {
                Some(reason) => item.child(build("reason", ns::MUC_ADMIN).text(reason)),
                None => item,
            }
        });
        Ok(Some(query.children(found).done()))
    })
}

/// One change that was found to be allowed.
pub(super) enum Wanted {
    Role {
        nick: String,
        role: Role,
        reason: Option<String>,
    },
    Affiliation {
        user: String,
        person: Person,
    },
}

/// Changes roles and affiliations: all of them, or none.
pub(super) async fn change(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
    payload: &Element,
) -> Result<(), StanzaError> {
    let (seen, wanted) = server.rooms.ask(name, |room| {
        let wanted: Vec<Wanted> = items(payload)
            .take(MAX_ITEMS + 1)
            .map(|item| check(room, sender, item))
            .collect::<Result<_, StanzaError>>()?;
        if wanted.is_empty() || wanted.len() > MAX_ITEMS {
            return Err(Condition::BadRequest.into());
        }
        owners_remain(room, &wanted)?;
        Ok((seen(room, sender, &wanted), wanted))
    })?;
    make(server, sender, name, seen, wanted, None).await
}

/// What those are now who change something, and whom they change.
pub(super) fn seen(room: &Room, sender: &Sender, wanted: &[Wanted]) -> Seen {
    let targets = wanted.iter().filter_map(|change| match change {
        Wanted::Affiliation { user, .. } => Some(user.clone()),
        Wanted::Role { .. } => None,
    });
    std::iter::once(sender.user())
        .chain(targets)
        .map(|user| (user.clone(), room.affiliation(&user)))
        .collect()
}

/// Makes changes that were found to be allowed, with a configuration that the
/// room has from then on.
pub(super) async fn make(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
    seen: Seen,
    wanted: Vec<Wanted>,
    config: Option<RoomConfig>,
) -> Result<(), StanzaError> {
    let (actor, guests) = server.rooms.ask(name, |room| {
        let actor = room.occupant(sender).map(|own| own.nick.clone());
        let config = config.as_ref().unwrap_or(&room.config);
        Ok((actor, guests(room, &wanted, config.members_only)))
    })?;
    let mut people = Vec::new();
    let mut roles = Vec::new();
    for change in wanted {
        match change {
            Wanted::Affiliation { user, person } => people.push((user, person)),
            Wanted::Role { nick, role, reason } => roles.push((nick, role, reason)),
        }
    }
    let is_written = config.is_some() || !people.is_empty();
    let (affected, changed) = (people.clone(), config.clone());
    let by = sender.address.clone();
    let then = move |room: &mut Room, post: Post<'_>| {
        if let Some(changed) = changed {
            configured(room, post, changed);
        }
        let actor = actor.as_deref();
        for (user, person) in &affected {
            affiliation_changed(room, post, user, person, (&by, actor));
        }
        for (nick, role, reason) in &roles {
            set_role(room, post, nick, *role, actor, reason.as_deref());
        }
    };
    if !is_written {
        let post = Post(&server.router);
        return server.rooms.ask(name, |room| {
            then(room, post);
            Ok(())
        });
    }
    set_people(server, name, seen, people, config, then).await?;
    for (guest, reason) in guests {
        // They are members whether they could be told or not.
        if let Err(error) = invitations::welcome(server, sender, name, &guest, reason).await {
            tracing::debug!(%error, "new member not told");
        }
    }
    Ok(())
}

/// Those who may enter a members-only room from now on, and are to hear of it
/// (section 9.5).
fn guests(room: &Room, wanted: &[Wanted], members_only: bool) -> Vec<(String, Option<String>)> {
    let is_new = |user: &str| {
        room.affiliation(user) == Affiliation::None
            && !room.occupants.iter().any(|other| other.user == *user)
    };
    let named = wanted.iter().filter_map(|change| match change {
        Wanted::Affiliation { user, person }
            if members_only && person.affiliation >= Affiliation::Member && is_new(user) =>
        {
            Some((user.clone(), person.reason.clone()))
        }
        _ => None,
    });
    named.collect()
}

/// The changes that make these people, and nobody else, owners or admins: a
/// form names them all (section 10.2).
pub(super) fn whole_list(
    room: &Room,
    list: Affiliation,
    named: &[String],
    wanted: &mut Vec<Wanted>,
) -> Result<(), StanzaError> {
    let mut all = Vec::new();
    for address in named.iter().filter(|address| !address.trim().is_empty()) {
        let address = jid::Jid::new(address.trim())
            .map_err(|_| StanzaError::from(Condition::NotAcceptable))?;
        all.push(address.to_bare().to_string());
    }
    let change = |user: &str, affiliation| Wanted::Affiliation {
        user: user.to_owned(),
        person: Person {
            affiliation,
            reason: None,
            nick: room.people.get(user).and_then(|person| person.nick.clone()),
        },
    };
    let gone = room
        .people
        .iter()
        .filter(|(user, person)| person.affiliation == list && !all.contains(user));
    wanted.extend(gone.map(|(user, _)| change(user, Affiliation::Member)));
    let new = all.iter().filter(|user| room.affiliation(user) != list);
    wanted.extend(new.map(|user| change(user, list)));
    match wanted.len() {
        ..=MAX_ITEMS => Ok(()),
        _ => Err(StanzaError::from(Condition::NotAcceptable).with_text("too many changes at once")),
    }
}

fn check(room: &Room, sender: &Sender, item: &Element) -> Result<Wanted, StanzaError> {
    let reason = reason(item.get_child("reason", ns::MUC_ADMIN));
    let by_nick = |nick: &str| {
        room.by_nick(nick)
            .and_then(|place| room.occupants.get(place))
            .ok_or_else(|| StanzaError::from(Condition::ItemNotFound))
    };
    if item.attr("role").is_some() && item.attr("affiliation").is_some() {
        // Section 14.4.
        return Err(Condition::BadRequest.into());
    }
    if let Some(role) = item.attr("role") {
        let role = Role::from_name(role).ok_or(Condition::BadRequest)?;
        let own = room
            .occupant(sender)
            .filter(|own| own.role == Role::Moderator)
            .ok_or(Condition::Forbidden)?;
        let nick = item.attr("nick").ok_or(Condition::BadRequest)?;
        let other = by_nick(nick)?;
        if !room.standing(own).may_set_role(room.standing(other), role) {
            return Err(Condition::NotAllowed.into());
        }
        return Ok(Wanted::Role {
            nick: other.nick.clone(),
            role,
            reason,
        });
    }
    let to = item
        .attr("affiliation")
        .and_then(Affiliation::from_name)
        .ok_or(Condition::BadRequest)?;
    let user = match (item.attr("jid"), item.attr("nick")) {
        (Some(address), _) => jid::Jid::new(address)
            .map_err(|_| StanzaError::from(Condition::JidMalformed))?
            .to_bare()
            .to_string(),
        (None, Some(nick)) => by_nick(nick)?.user.clone(),
        (None, None) => return Err(Condition::BadRequest.into()),
    };
    let own = room.affiliation(&sender.user());
    // Who owns and who keeps order is for owners to say.
    if own < Affiliation::Admin || own == Affiliation::Admin && to >= Affiliation::Admin {
        return Err(Condition::Forbidden.into());
    }
    if to == Affiliation::Outcast && user == sender.user() {
        return Err(Condition::Conflict.into());
    }
    if !own.may_change(room.affiliation(&user), to) {
        return Err(Condition::NotAllowed.into());
    }
    let nick = match item.attr("jid").and(item.attr("nick")) {
        // Nothing takes a reserved nickname back (section 9.5).
        Some("") => None,
        Some(nick) if nick.chars().count() > MAX_NICK || jid::ResourcePart::new(nick).is_err() => {
            return Err(Condition::NotAcceptable.into());
        }
        Some(nick) if to >= Affiliation::Member && !room.is_reserved(nick, &user) => {
            Some(nick.to_owned())
        }
        _ => room
            .people
            .get(&user)
            .and_then(|person| person.nick.clone())
            .filter(|_| to > Affiliation::Outcast),
    };
    Ok(Wanted::Affiliation {
        user,
        person: Person {
            affiliation: to,
            nick,
            reason,
        },
    })
}

/// Section 10.5: a room is never without an owner.
pub(super) fn owners_remain(room: &Room, wanted: &[Wanted]) -> Result<(), StanzaError> {
    let after = |user: &str, now: Affiliation| {
        wanted
            .iter()
            .rev()
            .find_map(|change| match change {
                Wanted::Affiliation { user: who, person } if who == user => {
                    Some(person.affiliation)
                }
                _ => None,
            })
            .unwrap_or(now)
    };
    let made = wanted.iter().any(|change| {
        matches!(change, Wanted::Affiliation { user, person }
            if person.affiliation == Affiliation::Owner
                && after(user, Affiliation::None) == Affiliation::Owner)
    });
    let kept = room.people.iter().any(|(user, person)| {
        person.affiliation == Affiliation::Owner
            && after(user, Affiliation::Owner) == Affiliation::Owner
    });
    match made || kept {
        true => Ok(()),
        false => Err(Condition::Conflict.into()),
    }
}

/// What a new affiliation means for the sessions of somebody in the room. Who has
/// changed it is known by address, and by nickname if that is to be shown.
pub(super) fn affiliation_changed(
    room: &mut Room,
    post: Post<'_>,
    user: &str,
    person: &Person,
    (by, actor): (&FullJid, Option<&str>),
) {
    let change = |codes| Change {
        codes,
        actor,
        reason: person.reason.as_deref(),
        ..Change::default()
    };
    let mut found = false;
    while let Some(place) = room.occupants.iter().position(|occupant| {
        let must_go = person.affiliation == Affiliation::Outcast
            || room.config.members_only && person.affiliation == Affiliation::None;
        must_go && occupant.user == user
    }) {
        found = true;
        let codes: &[u16] = match person.affiliation {
            Affiliation::Outcast => &[301],
            _ => &[321],
        };
        room.remove(post, place, &change(codes));
    }
    for place in 0..room.occupants.len() {
        let moderated = room.config.moderated;
        let Some(occupant) = room.occupants.get_mut(place) else {
            break;
        };
        if occupant.user != user {
            continue;
        }
        found = true;
        let first = person.affiliation.first_role(moderated);
        let role = match occupant.role {
            // Voice that was given stays.
            Role::Participant if first == Role::Visitor => Role::Participant,
            _ => first,
        };
        room.set_role(post, place, role, &change(&[]));
    }
    if !found {
        post.tell_away(room, user, person.affiliation, by);
    }
    if !found && room.config.non_anonymous {
        // Section 9.3: those who are there learn of one who is not.
        let item = build("item", ns::MUC_USER)
            .attr("affiliation", person.affiliation.as_str())
            .attr("role", Role::None.as_str())
            .attr("jid", user);
        let message = build("message", ns::CLIENT)
            .attr("from", &room.address)
            .child(build("x", ns::MUC_USER).child(item));
        post.all(message.done(), room.sessions());
    }
}

fn set_role(
    room: &mut Room,
    post: Post<'_>,
    nick: &str,
    role: Role,
    actor: Option<&str>,
    reason: Option<&str>,
) {
    let Some(place) = room.by_nick(nick) else {
        return;
    };
    let change = |codes| Change {
        codes,
        actor,
        reason,
        ..Change::default()
    };
    if role == Role::None {
        room.remove(post, place, &change(&[307]));
        return;
    }
    room.set_role(post, place, role, &change(&[]));
}

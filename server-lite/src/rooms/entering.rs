//! Presence in rooms: entering, another nickname, leaving (XEP-0045, sections
//! 7.2, 7.6, 7.7 and 7.14).

use std::sync::Arc;

use jid::{Jid, ResourceRef};
use xmpp_core::element::{self, set_attr};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, datetime, ns};

use super::affiliation::Affiliation;
use super::archive::{self, Wanted};
use super::config::RoomConfig;
use super::post::Post;
use super::room::{Change, Occupant, Person, Room, Seat};
use super::{MAX_ROOMS, Sender, forget};
use crate::clock;
use crate::server::Server;
use crate::store::rooms::{self as rows, AffiliationRow, RoomRow};

/// Longest nickname, in characters.
const MAX_NICK: usize = 64;
/// How often the history is read again because messages came meanwhile. After
/// that somebody who enters a very busy room may miss one of them there, and
/// finds it in the archive.
const READ_AGAIN: usize = 5;

/// Takes a presence for a room; gives what its sender is answered.
pub(crate) async fn presence(
    server: &Arc<Server>,
    sender: &Sender,
    to: &Jid,
    presence: Element,
) -> Vec<Element> {
    match taken(server, sender, to, &presence).await {
        Ok(()) => Vec::new(),
        Err(error) => error.reply_to(&presence).into_iter().collect(),
    }
}

async fn taken(
    server: &Arc<Server>,
    sender: &Sender,
    to: &Jid,
    presence: &Element,
) -> Result<(), StanzaError> {
    let Some(name) = to.node().map(|node| node.as_str().to_owned()) else {
        return Err(Condition::JidMalformed.into());
    };
    match presence.attr("type") {
        Some("unavailable") => {
            let (rooms, address) = (&server.rooms, &sender.address);
            if rooms.leave(&server.router, &name, address, presence) {
                forget(server, vec![name]).await;
            }
            return Ok(());
        }
        None => {}
        // Nobody subscribes to a room; an error is not for it.
        Some(_) => return Ok(()),
    }
    let nick = to.resource().ok_or(Condition::JidMalformed)?;
    let nick = valid_nick(nick)?;
    let seat = Seat {
        address: sender.address.clone(),
        presence: for_others(presence),
    };
    let Some(enter) = presence.get_child("x", ns::MUC) else {
        return update(server, &name, &nick, seat);
    };
    let is_new = create_if_missing(server, sender, &name).await?;
    let password = enter.get_child("password", ns::MUC).map(Element::text);
    let wanted = Wanted::read(enter, clock::now_ms());
    enter_room(server, &name, &nick, seat, password, &wanted, is_new).await
}

fn valid_nick(nick: &ResourceRef) -> Result<String, StanzaError> {
    let text = nick.as_str();
    if text.trim() != text || text.is_empty() {
        return Err(Condition::JidMalformed.into());
    }
    if text.chars().count() > MAX_NICK {
        let refused = StanzaError::from(Condition::NotAcceptable);
        return Err(refused.with_text("the nickname is too long"));
    }
    Ok(text.to_owned())
}

/// What the others get of a presence: not what is between the client and the
/// room, nor what only a room may say.
fn for_others(presence: &Element) -> Element {
    let mut shown = presence.clone();
    for node in shown.take_nodes() {
        let dropped = node.as_element().is_none_or(|child| {
            child.has_ns(ns::MUC)
                || child.has_ns(ns::MUC_USER)
                || child.has_ns(ns::OCCUPANT_ID)
                || child.has_ns(ns::DELAY)
        });
        if !dropped {
            shown.append_node(node);
        }
    }
    shown
}

/// Makes the room, with its owner, if there is none; whether it did.
async fn create_if_missing(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
) -> Result<bool, StanzaError> {
    let (exists, count) = server
        .rooms
        .all(|rooms| (rooms.contains_key(name), rooms.len()));
    if exists {
        return Ok(false);
    }
    if count >= MAX_ROOMS {
        return Err(Condition::ResourceConstraint.into());
    }
    let internal = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "room not made");
        StanzaError::from(Condition::InternalServerError)
    };
    let config = RoomConfig::default();
    let row = RoomRow {
        name: name.to_owned(),
        config: serde_json::to_string(&config).map_err(|error| internal(&error))?,
        subject: None,
        vcard: None,
        secret: clock::random_secret().map_err(|error| internal(&error))?,
    };
    let owner = AffiliationRow {
        member: sender.user(),
        affiliation: Affiliation::Owner.as_str().to_owned(),
        nick: None,
        reason: None,
    };
    let rooms = Arc::clone(&server.rooms);
    let (written, owner_row) = (row.clone(), owner.clone());
    server
        .store
        .write_then(
            move |tx| {
                let made = rows::insert(tx, &written, clock::now_ms())?;
                if made {
                    rows::set_affiliation(tx, &written.name, &owner_row)?;
                }
                Ok(made)
            },
            move |made| {
                if made {
                    let mut room = super::read(&rooms.domain, row, vec![owner]);
                    room.locked = true;
                    rooms.all(|all| all.insert(room.name.clone(), room));
                }
                made
            },
        )
        .await
        .map_err(|error| internal(&error))
}

/// Enters, or enters again, which shows everything once more.
async fn enter_room(
    server: &Arc<Server>,
    name: &str,
    nick: &str,
    seat: Seat,
    password: Option<String>,
    wanted: &Wanted,
    is_new: bool,
) -> Result<(), StanzaError> {
    let user = seat.address.to_bare().to_string();
    for again in (0..=READ_AGAIN).rev() {
        let seen = server.rooms.ask(name, |room| {
            may_enter(room, nick, &user, &seat, password.as_deref())?;
            Ok((room.messages, room.address.clone(), room.config.history))
        })?;
        let (messages, address, default) = seen;
        let history = archive::last(server, &address, wanted, default).await?;
        let entered = server.rooms.ask(name, |room| {
            if room.messages != messages && again > 0 {
                return Ok(false);
            }
            may_enter(room, nick, &user, &seat, password.as_deref())?;
            seat_down(
                room,
                Post(&server.router),
                nick,
                &user,
                seat.clone(),
                is_new,
            );
            let post = Post(&server.router);
            for message in &history {
                post.one(&seat.address, message.clone());
            }
            post.one(&seat.address, subject(room));
            Ok(true)
        })?;
        if entered {
            return Ok(());
        }
    }
    Ok(())
}

/// Sections 7.2.4 to 7.2.10.
fn may_enter(
    room: &Room,
    nick: &str,
    user: &str,
    seat: &Seat,
    password: Option<&str>,
) -> Result<(), StanzaError> {
    let affiliation = room.affiliation(user);
    if affiliation == Affiliation::Outcast {
        return Err(Condition::Forbidden.into());
    }
    if room.locked && affiliation != Affiliation::Owner {
        return Err(Condition::ItemNotFound.into());
    }
    if room.config.members_only && affiliation < Affiliation::Member {
        return Err(Condition::RegistrationRequired.into());
    }
    let taken = room
        .by_nick(nick)
        .and_then(|place| room.occupants.get(place))
        .is_some_and(|occupant| occupant.user != user);
    if taken || room.is_reserved(nick, user) {
        return Err(Condition::Conflict.into());
    }
    if room.seat_of(&seat.address).is_some() {
        return Ok(());
    }
    let is_owner = affiliation == Affiliation::Owner;
    if let Some(expected) = &room.config.password
        && !is_owner
        && !same(expected, password.unwrap_or_default())
    {
        return Err(Condition::NotAuthorized.into());
    }
    let max = usize::try_from(room.config.max_occupants).unwrap_or(usize::MAX);
    if room.occupants.len() >= max && affiliation < Affiliation::Admin {
        return Err(Condition::ServiceUnavailable.into());
    }
    Ok(())
}

/// Compares without telling by the time how much was right.
fn same(one: &str, other: &str) -> bool {
    use sha2::Digest;
    sha2::Sha256::digest(one) == sha2::Sha256::digest(other)
}

fn seat_down(room: &mut Room, post: Post<'_>, nick: &str, user: &str, seat: Seat, is_new: bool) {
    // Entering again under another name is a change of it.
    if let Some(place) = room.seat_of(&seat.address)
        && room
            .occupants
            .get(place)
            .is_some_and(|own| own.nick != nick)
    {
        rename(room, post, place, nick);
    }
    let address = seat.address.clone();
    let place = match room.by_nick(nick) {
        Some(place) => {
            if let Some(own) = room.occupants.get_mut(place) {
                own.seats.retain(|seat| seat.address != address);
                own.seats.push(seat);
            }
            place
        }
        None => {
            let affiliation = room.affiliation(user);
            room.occupants.push(Occupant {
                nick: nick.to_owned(),
                user: user.to_owned(),
                role: affiliation.first_role(room.config.moderated),
                seats: vec![seat],
            });
            room.occupants.len() - 1
        }
    };
    let Some(own) = room.occupants.get(place) else {
        return;
    };
    let is_first_seat = own.seats.len() == 1;
    // The others first, then oneself (section 7.2.2).
    for other in room.occupants.iter().filter(|other| other.nick != own.nick) {
        if let Some(seat) = other.seats.last() {
            let seen = room.presence(other, seat, own, true, &Change::default());
            post.one(&address, seen);
        }
    }
    let mut codes = Vec::new();
    if room.config.non_anonymous {
        codes.push(100);
    }
    if room.config.archived {
        codes.push(170);
    }
    if is_new {
        codes.push(201);
    }
    for other in room.occupants.iter().filter(|_| is_first_seat) {
        for session in other.seats.iter().filter(|seat| seat.address != address) {
            if let Some(seat) = own.seats.last() {
                let seen = room.presence(own, seat, other, true, &Change::default());
                post.one(&session.address, seen);
            }
        }
    }
    if let Some(seat) = own.seats.last() {
        let change = Change {
            own_codes: &codes,
            ..Change::default()
        };
        post.one(&address, room.presence(own, seat, own, true, &change));
    }
}

/// Another nickname (section 7.6): one presence takes leave, another enters.
fn rename(room: &mut Room, post: Post<'_>, place: usize, nick: &str) {
    let Some(old) = room.occupants.get(place).cloned() else {
        return;
    };
    let change = Change {
        codes: &[303],
        new_nick: Some(nick),
        ..Change::default()
    };
    for viewer in &room.occupants {
        for session in &viewer.seats {
            if let Some(seat) = old.seats.last() {
                let gone = room.presence(&old, seat, viewer, false, &change);
                post.one(&session.address, gone);
            }
        }
    }
    if let Some(occupant) = room.occupants.get_mut(place) {
        nick.clone_into(&mut occupant.nick);
    }
    room.announce(post, place, &Change::default());
}

/// A presence of somebody who is there: new status, or a new nickname.
fn update(server: &Arc<Server>, name: &str, nick: &str, seat: Seat) -> Result<(), StanzaError> {
    let user = seat.address.to_bare().to_string();
    server.rooms.ask(name, |room| {
        let post = Post(&server.router);
        // Who is not in the room, but thinks so, has to hear it (XEP-0410).
        let not_there = || StanzaError::from(Condition::NotAcceptable);
        let place = room.seat_of(&seat.address).ok_or_else(not_there)?;
        let is_renamed = room
            .occupants
            .get(place)
            .is_some_and(|own| own.nick != nick);
        if is_renamed {
            let taken = room.by_nick(nick).is_some_and(|other| other != place);
            if taken || room.is_reserved(nick, &user) {
                return Err(Condition::Conflict.into());
            }
        }
        if let Some(own) = room.occupants.get_mut(place) {
            own.seats.retain(|old| old.address != seat.address);
            own.seats.push(seat);
        }
        if is_renamed {
            rename(room, post, place, nick);
        } else {
            room.announce(post, place, &Change::default());
        }
        Ok(())
    })
}

/// The subject, which ends what somebody who enters is sent (section 7.2.15).
fn subject(room: &Room) -> Element {
    let mut subject = room.subject.clone().unwrap_or_else(|| {
        element::build("message", ns::CLIENT)
            .attr("type", "groupchat")
            .child(element::build("subject", ns::CLIENT))
            .done()
    });
    if subject.attr("from").is_none() {
        set_attr(&mut subject, "from", Some(&room.address));
    }
    subject
}

/// What a stored message looks like to somebody who was not there (XEP-0203).
pub(super) fn delayed(room: &str, mut message: Element, stanza_id: &str, time_ms: i64) -> Element {
    let id = element::build("stanza-id", ns::STANZA_ID)
        .attr("by", room)
        .attr("id", stanza_id);
    let delay = element::build("delay", ns::DELAY)
        .attr("from", room)
        .attr("stamp", datetime::format_ms(time_ms));
    message.append_child(id.done());
    message.append_child(delay.done());
    message
}

impl Person {
    /// Somebody with an affiliation and nothing else.
    pub(super) fn new(affiliation: Affiliation) -> Self {
        Self {
            affiliation,
            nick: None,
            reason: None,
        }
    }
}

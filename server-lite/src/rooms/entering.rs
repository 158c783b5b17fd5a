//! Presence in rooms: entering and leaving (XEP-0045, sections 7.2 and 7.14).

use std::sync::Arc;
use std::time::Instant;

use jid::{Jid, ResourceRef};
use xmpp_core::element::{self, set_attr};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, datetime, ns};

use super::affiliation::Affiliation;
use super::archive::{self, Wanted};
use super::creating::create_if_missing;
use super::nickname::{rename, update};
use super::post::Post;
use super::room::{Occupant, Room, Seat};
use super::showing::Change;
use super::{MAX_NICK, Sender, forget, refusal};
use crate::clock;
use crate::server::Server;

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
        Ok(answer) => answer.into_iter().collect(),
        Err(error) => refusal(&error, &presence).into_iter().collect(),
    }
}

async fn taken(
    server: &Arc<Server>,
    sender: &Sender,
    to: &Jid,
    presence: &Element,
) -> Result<Option<Element>, StanzaError> {
    let Some(name) = to.node().map(|node| node.as_str().to_owned()) else {
        return Err(Condition::JidMalformed.into());
    };
    match presence.attr("type") {
        Some("unavailable") => {
            let (rooms, session) = (&server.rooms, sender.number);
            if rooms.leave(&server.router, &name, session, presence) {
                forget(server, vec![name]).await;
            }
            return Ok(None);
        }
        None => {}
        // Nobody subscribes to a room; an error is not for it.
        Some(_) => return Ok(None),
    }
    let nick = to.resource().ok_or(Condition::JidMalformed)?;
    let nick = valid_nick(nick)?;
    let seat = Seat::new(sender, for_others(presence));
    let id = presence.attr("id");
    let Some(enter) = presence.get_child("x", ns::MUC) else {
        return update(server, sender, &name, &nick, seat, id);
    };
    let joins = server.config.limits.joins_per_minute;
    if !server.rooms.may_join(&sender.user(), joins, Instant::now()) {
        let refused = StanzaError::from(Condition::ResourceConstraint);
        return Err(refused.with_text("too many rooms at once"));
    }
    let is_new = create_if_missing(server, sender, &name).await?;
    let password = enter.get_child("password", ns::MUC).map(Element::text);
    let wanted = Wanted::read(enter, clock::now_ms());
    let wish = Wish {
        nick,
        user: sender.user(),
        seat,
        password,
        is_new,
        id: id.map(str::to_owned),
    };
    enter_room(server, &name, &wish, &wanted).await?;
    Ok(None)
}

/// Who wants to enter, and how.
struct Wish {
    nick: String,
    user: String,
    seat: Seat,
    password: Option<String>,
    /// They have just made the room.
    is_new: bool,
    id: Option<String>,
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
    set_attr(&mut shown, "id", None);
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

/// Enters, or enters again, which shows everything once more.
async fn enter_room(
    server: &Arc<Server>,
    name: &str,
    wish: &Wish,
    wanted: &Wanted,
) -> Result<(), StanzaError> {
    for again in (0..=READ_AGAIN).rev() {
        let seen = server.rooms.ask(name, |room| {
            may_enter(room, wish)?;
            Ok((room.messages, room.address.clone(), room.config.history))
        })?;
        let (messages, address, default) = seen;
        let history = archive::last(server, &address, wanted, default).await?;
        let entered = server.rooms.ask(name, |room| {
            if room.messages != messages && again > 0 {
                return Ok(false);
            }
            may_enter(room, wish)?;
            let post = Post(&server.router);
            seat_down(room, post, wish);
            for message in &history {
                post.written(message.shown(room), std::iter::once(&wish.seat));
            }
            post.one(&wish.seat, subject(room));
            Ok(true)
        })?;
        if entered {
            return Ok(());
        }
    }
    Ok(())
}

/// Sections 7.2.4 to 7.2.10.
fn may_enter(room: &Room, wish: &Wish) -> Result<(), StanzaError> {
    let (nick, user) = (wish.nick.as_str(), wish.user.as_str());
    let affiliation = room.affiliation(user);
    if affiliation == Affiliation::Outcast {
        return Err(Condition::Forbidden.into());
    }
    if room.config.locked && affiliation != Affiliation::Owner {
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
    if room.seat_of(wish.seat.number).is_some() {
        return Ok(());
    }
    let is_owner = affiliation == Affiliation::Owner;
    if let Some(expected) = &room.config.password
        && !is_owner
        && !same(expected, wish.password.as_deref().unwrap_or_default())
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

fn seat_down(room: &mut Room, post: Post<'_>, wish: &Wish) {
    let (nick, user) = (wish.nick.as_str(), wish.user.as_str());
    let (session, address) = (wish.seat.number, &wish.seat.address);
    // A session that had this address before is over, even if it does not know yet.
    let ghosts: Vec<u64> = room
        .sessions()
        .filter(|seat| seat.address == *address && seat.number != session)
        .map(|seat| seat.number)
        .collect();
    for ghost in ghosts {
        room.leave(post, ghost, None);
    }
    // Entering again under another name is a change of it, or joins one's
    // other sessions there.
    if let Some(place) = room.seat_of(session)
        && room
            .occupants
            .get(place)
            .is_some_and(|own| own.nick != nick)
    {
        match room.by_nick(nick) {
            Some(other) if other != place => room.leave(post, session, None),
            _ => rename(room, post, place, nick, &Change::default()),
        }
    }
    let place = match room.by_nick(nick) {
        Some(place) => {
            if let Some(own) = room.occupants.get_mut(place) {
                own.seats.retain(|seat| seat.number != session);
                own.seats.push(wish.seat.clone());
            }
            place
        }
        None => {
            let affiliation = room.affiliation(user);
            room.occupants.push(Occupant {
                nick: nick.to_owned(),
                user: user.to_owned(),
                role: affiliation.first_role(room.config.moderated),
                seats: vec![wish.seat.clone()],
            });
            room.occupants.len() - 1
        }
    };
    let Some(own) = room.occupants.get(place) else {
        return;
    };
    // The others first, then oneself (section 7.2.2).
    let newcomer = Occupant {
        seats: vec![wish.seat.clone()],
        ..own.clone()
    };
    let others = || room.occupants.iter().filter(|other| other.nick != own.nick);
    for other in others() {
        if let Some(seat) = other.seats.last() {
            let to = std::iter::once(&newcomer);
            room.show(post, other, seat, true, &Change::default(), to);
        }
    }
    let seat = &wish.seat;
    room.show(post, own, seat, true, &Change::default(), others());
    let codes = [
        (room.config.non_anonymous, 100),
        (room.config.archived, 170),
        (wish.is_new, 201),
        (own.nick != nick, 210),
    ];
    let codes: Vec<u16> = codes.iter().filter(|(is, _)| *is).map(|it| it.1).collect();
    let change = Change {
        own_codes: &codes,
        own_id: wish.id.as_deref(),
        ..Change::default()
    };
    let to = std::iter::once(&newcomer);
    room.show(post, own, seat, true, &change, to);
}

/// The subject, which ends what somebody who enters is sent (section 7.2.15).
fn subject(room: &Room) -> Element {
    if let Some(subject) = &room.subject {
        return archive::shown(room, subject);
    }
    element::build("message", ns::CLIENT)
        .attr("type", "groupchat")
        .attr("from", &room.address)
        .child(element::build("subject", ns::CLIENT))
        .done()
}

/// What a message of the past looks like to somebody who was not there (XEP-0203).
pub(super) fn delayed(room: &str, mut message: Element, time_ms: i64) -> Element {
    let delay = element::build("delay", ns::DELAY)
        .attr("from", room)
        .attr("stamp", datetime::format_ms(time_ms));
    message.append_child(delay.done());
    message
}

/// Under which id the archive of a room has a message (XEP-0359).
pub(super) fn stanza_id_of(room: &str, id: &str) -> Element {
    element::build("stanza-id", ns::STANZA_ID)
        .attr("by", room)
        .attr("id", id)
        .done()
}

//! Presence of somebody who is there: another status or another nickname
//! (XEP-0045, sections 7.6 and 7.7).

use std::sync::Arc;

use xmpp_core::Element;
use xmpp_core::element::build;
use xmpp_core::ns;
use xmpp_core::stanza_error::{Condition, StanzaError};

use super::Sender;
use super::post::Post;
use super::room::{Room, Seat, status};
use super::showing::Change;
use crate::server::Server;

/// Takes the presence; gives what its sender is told if it is not there.
pub(super) fn update(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
    nick: &str,
    seat: Seat,
    id: Option<&str>,
) -> Result<Option<Element>, StanzaError> {
    let told = || Some(not_there(server, name, nick));
    let user = sender.user();
    let done = server.rooms.with(name, |room| {
        let post = Post(&server.router);
        let Some(place) = room.seat_of(sender.number) else {
            return Ok(told());
        };
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
            own.seats.retain(|old| old.number != seat.number);
            own.seats.push(seat);
        }
        let change = Change {
            own_id: id,
            ..Change::default()
        };
        if is_renamed {
            rename(room, post, place, nick, &change);
        } else {
            room.announce(post, place, &change);
        }
        Ok(None)
    });
    done.unwrap_or_else(|| Ok(told()))
}

/// A client that sends presence to a room it is not in believes that it is, and
/// has to learn better (section 7.2.17).
fn not_there(server: &Server, name: &str, nick: &str) -> Element {
    let item = build("item", ns::MUC_USER)
        .attr("affiliation", "none")
        .attr("role", "none")
        .child(build("reason", ns::MUC_USER).text("You are not in the room."));
    let user = build("x", ns::MUC_USER)
        .child(item)
        .children([110, 307, 333].iter().map(status));
    build("presence", ns::CLIENT)
        .attr("from", format!("{name}@{}/{nick}", server.rooms.domain))
        .attr("type", "unavailable")
        .child(user)
        .done()
}

/// Another nickname: one presence takes leave, another enters.
pub(super) fn rename(
    room: &mut Room,
    post: Post<'_>,
    place: usize,
    nick: &str,
    change: &Change<'_>,
) {
    let Some(old) = room.occupants.get(place).cloned() else {
        return;
    };
    let farewell = Change {
        codes: &[303],
        new_nick: Some(nick),
        ..Change::default()
    };
    if let Some(seat) = old.seats.last() {
        room.show(post, &old, seat, false, &farewell, room.occupants.iter());
    }
    if let Some(occupant) = room.occupants.get_mut(place) {
        nick.clone_into(&mut occupant.nick);
    }
    room.announce(post, place, change);
}

//! Requests that pass from one occupant to another through the room, and the
//! ping to oneself (XEP-0045, sections 6.6 and 17.4; XEP-0410).
//!
//! Answers find their way back by the id: the room puts a mark of the asking
//! session before it, so that of several sessions under one nickname the right
//! one hears it, and nothing has to be remembered.

use std::sync::Arc;

use xmpp_core::element::set_attr;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::Sender;
use super::post::Post;
use super::room::{Room, Seat};
use crate::modules::{self, Place, Request};
use crate::server::Server;
use crate::session::reply;

/// Length of the mark, in characters.
const MARK: usize = 12;

/// What to do with a request, decided while the room is at hand.
enum Way {
    Answered(Option<Element>),
    /// The account of who is meant answers, not one of its sessions: what it is
    /// asked for.
    Account(String, Element),
}

/// What an account answers for an occupant: its card and nothing else, for
/// whatever else it says tells whose the nickname is.
fn card(iq: &Element) -> Option<Element> {
    let mut payloads = iq.children();
    let card = payloads
        .next()
        .filter(|payload| payload.is("vCard", ns::VCARD_TEMP));
    match payloads.next() {
        None => card.cloned(),
        Some(_) => None,
    }
}

/// Takes a request to somebody in the room, or the answer to one.
pub(super) async fn to_occupant(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
    nick: &str,
    iq: &Element,
) -> Result<Option<Element>, StanzaError> {
    let is_get = iq.attr("type") == Some("get");
    let is_ping = is_get && iq.has_child("ping", ns::PING);
    let way = server.rooms.with(name, |room| {
        let Some(asker) = room.occupant(sender) else {
            let is_disco = iq
                .children()
                .any(|child| child.has_ns(ns::DISCO_INFO) || child.has_ns(ns::DISCO_ITEMS));
            return Err(match is_disco {
                true => Condition::BadRequest.into(),
                false => Condition::NotAcceptable.into(),
            });
        };
        let other = room
            .by_nick(nick)
            .and_then(|place| room.occupants.get(place))
            .ok_or(Condition::ItemNotFound)?;
        if is_ping && other.nick == asker.nick {
            return Ok(Way::Answered(Some(reply(iq, Ok(None)))));
        }
        if let Some(card) = card(iq).filter(|_| is_get) {
            return Ok(Way::Account(other.user.clone(), card));
        }
        let mut forwarded = iq.clone();
        set_attr(&mut forwarded, "from", Some(&room.address_of(&asker.nick)));
        let id = iq.attr("id").unwrap_or_default();
        let seat = match iq.attr("type") {
            Some("get" | "set") => {
                let own = asker
                    .seats
                    .iter()
                    .find(|seat| seat.number == sender.number)
                    .ok_or(Condition::NotAcceptable)?;
                let marked = format!("{}{id}", mark(room, own));
                set_attr(&mut forwarded, "id", Some(&marked));
                other.seats.last()
            }
            _ => {
                // An answer to nobody here is dropped.
                let (marked, rest) = id.split_at_checked(MARK).unwrap_or_default();
                set_attr(&mut forwarded, "id", Some(rest));
                other.seats.iter().find(|seat| mark(room, seat) == marked)
            }
        };
        if let Some(seat) = seat {
            Post(&server.router).one(seat, forwarded);
        }
        Ok(Way::Answered(None))
    });
    match way {
        // Who asks whether it is still there is not, where there is no room.
        None if is_ping => Err(Condition::NotAcceptable.into()),
        None => Err(Condition::ItemNotFound.into()),
        Some(Ok(Way::Answered(answer))) => Ok(answer),
        Some(Ok(Way::Account(user, card))) => Ok(account(server, sender, &user, iq, &card).await),
        Some(Err(error)) => Err(error),
    }
}

fn mark(room: &Room, seat: &Seat) -> String {
    let mut mark = room.hashed(&format!("{}\0{}", seat.number, seat.address));
    mark.truncate(MARK);
    mark
}

async fn account(
    server: &Arc<Server>,
    sender: &Sender,
    user: &str,
    iq: &Element,
    payload: &Element,
) -> Option<Element> {
    let asker = sender.address.node()?.as_str();
    let asked = user.split('@').next().unwrap_or_default();
    let request = Request {
        server,
        user: asker,
        address: &sender.address,
        number: sender.number,
        payload,
        is_set: false,
        place: if asker == asked {
            Place::Own
        } else {
            Place::Others
        },
        asked,
    };
    let outcome = modules::handle(&request).await;
    Some(reply(iq, outcome.answer))
}

//! Private messages in rooms (XEP-0045, section 7.5).

use std::sync::Arc;

use xmpp_core::element::{self, build};
use xmpp_core::rules;
use xmpp_core::stanza_error::Condition;
use xmpp_core::{Element, ns};

use super::Sender;
use super::affiliation::Role;
use super::config::PrivateMessages;
use super::messages::{Refusal, from_occupant, not_there};
use super::post::Post;
use crate::clock;
use crate::disk;
use crate::router::Outgoing;
use crate::server::Server;
use crate::session::{Effect, origin_id};
use crate::store::accounts;
use crate::store::archive::{self, NewMessage, Stored};

/// The localpart of one of ours.
fn local(address: &str) -> &str {
    address.split('@').next().unwrap_or_default()
}

/// What the other sessions of the speaker get (XEP-0280, section 8): they may be
/// in the room or not.
fn carbon(sender: &Sender, message: &Element) -> Option<Outgoing> {
    let own = sender.user();
    let forwarded = build("forwarded", ns::FORWARD).child(message.clone());
    let copy = build("message", ns::CLIENT)
        .attr("from", &own)
        .attr("to", &own)
        .attr("type", message.attr("type").unwrap_or("normal"))
        .child(build("sent", ns::CARBONS).child(forwarded));
    Outgoing::of(&copy.done())
}

/// A message to one person in the room (section 7.5). It is kept in the archives
/// of both, as far as they want it.
pub(super) async fn whisper(
    server: &Arc<Server>,
    sender: &Sender,
    name: String,
    nick: &str,
    message: &Element,
) -> Result<Effect, Refusal> {
    let (shown, [address, from, at], listener) = server.rooms.ask(&name, |room| {
        let speaker = room.occupant(sender).ok_or_else(not_there)?;
        let may = match room.config.private_messages {
            PrivateMessages::Anyone => true,
            PrivateMessages::Participants => speaker.role >= Role::Participant,
            PrivateMessages::Moderators => speaker.role >= Role::Moderator,
            PrivateMessages::None => false,
        };
        if !may {
            return Err(Condition::Forbidden.into());
        }
        let place = room.by_nick(nick).ok_or(Condition::ItemNotFound)?;
        let listener = room.occupants.get(place).ok_or(Condition::ItemNotFound)?;
        let mut shown = from_occupant(room, speaker, message);
        shown.append_child(build("x", ns::MUC_USER).done());
        let [from, at] = [speaker, listener].map(|one| room.address_of(&one.nick));
        let addresses = [room.address.clone(), from, at];
        Ok((shown, addresses, listener.user.clone()))
    })?;
    let speaks = local(&sender.user()).to_owned();
    let listens = local(&listener).to_owned();
    // Somebody in a room, or a whole room, can be blocked (XEP-0191).
    if server.blocks(&listens, &from) {
        return Err(Condition::ServiceUnavailable.into());
    }
    let received_xml = element::write(&shown);
    let (rooms, router, nick) = (
        Arc::clone(&server.rooms),
        Arc::clone(&server.router),
        nick.to_owned(),
    );
    let to = listener.clone();
    let copy = rules::is_carbon_copied(message)
        .then(|| carbon(sender, message))
        .flatten();
    let (own, session) = (sender.user(), sender.number);
    let deliver = move |stanza_id: Option<&str>| {
        if let Some(copy) = &copy {
            router.deliver(local(&own), copy, |entry| {
                entry.carbons && entry.number != session
            });
        }
        let mut shown = shown.clone();
        if let Some(id) = stanza_id {
            let id = build("stanza-id", ns::STANZA_ID)
                .attr("by", &to)
                .attr("id", id);
            shown.append_child(id.done());
        }
        rooms.with(&name, |room| {
            let place = room.by_nick(&nick);
            let listener = place.and_then(|place| room.occupants.get(place));
            // The nickname may be somebody else's by now.
            if let Some(listener) = listener.filter(|listener| listener.user == to) {
                Post(&router).all(shown, listener.seats.iter());
            }
        });
    };
    if !rules::is_archived(message) {
        return Ok(Effect::Deliver(Box::new(move || deliver(None))));
    }
    if server.disk.is_short() {
        return Err(disk::refused().into());
    }
    let (Ok(sent_id), Ok(received_id), Ok(sent_xml), Ok(received_xml)) = (
        clock::archive_id(),
        clock::archive_id(),
        element::write(message),
        received_xml,
    ) else {
        return Err(Refusal::NotWritten);
    };
    let sent = NewMessage {
        owner: speaks,
        stanza_id: sent_id,
        peer: address,
        outgoing: true,
        origin_id: origin_id(message),
        undelivered: false,
        xml: sent_xml,
    };
    let received = NewMessage {
        owner: listens,
        stanza_id: received_id,
        outgoing: false,
        origin_id: None,
        xml: received_xml,
        ..sent.clone()
    };
    // XEP-0441, as with any other message.
    let keeps_sent = server.archives(&sent.owner, &at);
    // One archive, one copy.
    let to_self = sent.owner == received.owner;
    let keeps_received = !to_self && server.archives(&received.owner, &from);
    let shown_id = match to_self {
        true => keeps_sent.then(|| sent.stanza_id.clone()),
        false => keeps_received.then(|| received.stanza_id.clone()),
    };
    let write = move |tx: &rusqlite::Transaction<'_>| {
        // Whoever gets the name of somebody who is gone gets no words of theirs.
        if !accounts::exists(tx, &sent.owner)? || !accounts::exists(tx, &received.owner)? {
            return Ok(None);
        }
        let now_ms = clock::now_ms();
        if keeps_sent && archive::insert(tx, &sent, now_ms)? == Stored::Repeated {
            return Ok(Some(false));
        }
        if keeps_received {
            archive::insert(tx, &received, now_ms)?;
        }
        Ok(Some(true))
    };
    let then = move |is_new: Option<bool>| {
        if is_new == Some(true) {
            deliver(shown_id.as_deref());
        }
        is_new.is_some()
    };
    match server.store.write_then(write, then).await? {
        true => Ok(Effect::Nothing),
        false => Err(Condition::ItemNotFound.into()),
    }
}

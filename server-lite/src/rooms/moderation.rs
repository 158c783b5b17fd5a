//! Messages that are taken back, by who said them (XEP-0424) or by a moderator
//! (XEP-0425). The archive keeps the place, not the words.

use std::sync::Arc;

use rusqlite::Transaction;
use xmpp_core::element::{self, Build, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, datetime, ns};

use super::Sender;
use super::affiliation::Role;
use super::post::Post;
use crate::clock;
use crate::retraction;
use crate::server::Server;
use crate::store::archive::{self, Kept, NewMessage};

/// The archive id of what a message takes back.
pub(super) fn retracted_id(message: &Element) -> Option<String> {
    message
        .get_child("retract", ns::RETRACT)
        .and_then(|retract| retract.attr("id"))
        .map(str::to_owned)
}

/// Takes a message, with what corrected it, out of the archive if `peer` has sent
/// it; the mark says by which retraction.
pub(super) fn bury_own(
    tx: &Transaction<'_>,
    owner: &str,
    stanza_id: &str,
    peer: &str,
    mark: &Element,
) -> rusqlite::Result<()> {
    match archive::find(tx, owner, stanza_id)? {
        Some(found) if found.peer == peer => {
            for correction in retraction::corrections(tx, owner, &found)? {
                retraction::bury(tx, &correction, mark)?;
            }
            retraction::bury(tx, &found, mark)
        }
        _ => Ok(()),
    }
}

/// Leaves who said it and when, and that it is gone.
fn bury(tx: &Transaction<'_>, found: &Kept, marks: &[Element]) -> rusqlite::Result<()> {
    let Ok(mut stanza) = element::parse(found.xml.as_bytes()) else {
        return Ok(());
    };
    for node in stanza.take_nodes() {
        let stays = node
            .as_element()
            .is_some_and(|child| child.has_ns(ns::OCCUPANT_ID) || child.has_ns(ns::MUC_USER));
        if stays {
            stanza.append_node(node);
        }
    }
    for mark in marks {
        stanza.append_child(mark.clone());
    }
    match element::write(&stanza) {
        Ok(xml) => archive::replace(tx, found.id, &xml),
        Err(_) => Ok(()),
    }
}

/// The reason that a moderator gives, and whether it is to be taken back: as the
/// specification has it now, or COMPAT as it was when Debian's clients were made.
fn wish(request: &Element) -> (Option<String>, bool) {
    let (asked, namespace, retract) = match request.get_child("moderate", ns::MODERATION_0) {
        Some(old) => (old, ns::MODERATION_0, ns::RETRACT_0),
        None => (request, ns::MODERATION, ns::RETRACT),
    };
    let reason = asked.get_child("reason", namespace).map(Element::text);
    (reason, asked.has_child("retract", retract))
}

/// A moderator takes back what somebody said (XEP-0425, section 4).
pub(super) async fn moderate(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
    request: &Element,
) -> Result<(), StanzaError> {
    let id = request.attr("id").ok_or(Condition::BadRequest)?.to_owned();
    let (reason, wants_it) = wish(request);
    if !wants_it {
        return Err(Condition::FeatureNotImplemented.into());
    }
    let (address, by, by_id) = server.rooms.ask(name, |room| {
        let moderator = room
            .occupant(sender)
            .filter(|occupant| occupant.role == Role::Moderator)
            .ok_or(Condition::Forbidden)?;
        Ok((
            room.address.clone(),
            room.address_of(&moderator.nick),
            room.occupant_id(&moderator.user),
        ))
    })?;
    let old_reason = reason
        .as_deref()
        .map(|reason| build("reason", ns::MODERATION_0).text(reason));
    let reason = reason.map(|reason| build("reason", ns::RETRACT).text(reason));
    let old = |done: Build| {
        build("moderated", ns::MODERATION_0)
            .attr("by", &by)
            .child(done)
            .children(old_reason.clone())
    };
    let moderated = build("moderated", ns::MODERATION)
        .attr("by", &by)
        .child(by_id);
    let retract = build("retract", ns::RETRACT)
        .attr("id", &id)
        .child(moderated.clone())
        .children(reason.clone());
    let internal = |_| StanzaError::from(Condition::InternalServerError);
    let stanza_id = clock::random_id().map_err(internal)?;
    let announced = build("message", ns::CLIENT)
        .attr("from", &address)
        .attr("type", "groupchat")
        .attr("id", &stanza_id)
        .child(retract)
        .child(
            build("apply-to", ns::FASTEN)
                .attr("id", &id)
                .child(old(build("retract", ns::RETRACT_0))),
        )
        .done();
    let xml = element::write(&announced)
        .map_err(|_| StanzaError::from(Condition::InternalServerError))?;
    let stamp = datetime::format_ms(clock::now_ms());
    let marks = vec![
        build("retracted", ns::RETRACT)
            .attr("stamp", &stamp)
            .attr("id", &stanza_id)
            .child(moderated)
            .children(reason)
            .done(),
        old(build("retracted", ns::RETRACT_0).attr("stamp", &stamp)).done(),
    ];
    let new = NewMessage {
        owner: address.clone(),
        stanza_id: stanza_id.clone(),
        peer: address.clone(),
        outgoing: true,
        origin_id: None,
        undelivered: false,
        xml,
    };
    let write = move |tx: &Transaction<'_>| {
        let Some(found) = archive::find(tx, &new.owner, &id)? else {
            return Ok(false);
        };
        for correction in retraction::corrections(tx, &new.owner, &found)? {
            bury(tx, &correction, &marks)?;
        }
        bury(tx, &found, &marks)?;
        archive::insert(tx, &new, clock::now_ms())?;
        Ok(true)
    };
    let (rooms, router, key) = (
        Arc::clone(&server.rooms),
        Arc::clone(&server.router),
        name.to_owned(),
    );
    let deliver = move |found: bool| {
        if found {
            let mut shown = announced;
            let id = build("stanza-id", ns::STANZA_ID)
                .attr("by", &address)
                .attr("id", &stanza_id);
            shown.append_child(id.done());
            rooms.with(&key, |room| {
                room.messages += 1;
                Post(&router).all(shown, room.sessions());
            });
        }
        found
    };
    match server.store.write_then(write, deliver).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Condition::ItemNotFound.into()),
        Err(error) => {
            tracing::error!(%error, "message not moderated");
            Err(Condition::InternalServerError.into())
        }
    }
}

//! Requests to the service, to a room, and to somebody in it (XEP-0045, sections
//! 6, 9 and 10).

use std::sync::Arc;

use jid::Jid;
use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, element, ns};

use super::affiliation::Affiliation;
use super::post::Post;
use super::room::status;
use super::{Sender, admin, archive, disco, moderation, owner, passing, refusal, registration};
use crate::clock;
use crate::kept;
use crate::router::Outgoing;
use crate::server::Server;
use crate::session::reply;
use crate::store::rooms as rows;

/// Largest vCard of a room, in bytes.
const MAX_VCARD: usize = 64 * 1024;

/// What comes before the answer, as text, and the answer.
type Answer = Result<(Vec<String>, Option<Element>), StanzaError>;

/// Takes a request, or the answer to one; gives what its sender is sent.
pub(crate) async fn iq(
    server: &Arc<Server>,
    sender: &Sender,
    to: &Jid,
    iq: &Element,
) -> Vec<Outgoing> {
    let written = |answer: Option<Element>| answer.iter().filter_map(Outgoing::of).collect();
    let name = to.node().map(|node| node.as_str().to_owned());
    if let (Some(name), Some(nick)) = (&name, to.resource()) {
        return match passing::to_occupant(server, sender, name, nick.as_str(), iq).await {
            Ok(answer) => written(answer),
            Err(error) => written(refusal(&error, iq)),
        };
    }
    let is_set = match iq.attr("type") {
        Some("get") => false,
        Some("set") => true,
        _ => return Vec::new(),
    };
    let Some(payload) = iq.children().next().filter(|_| iq.attr("id").is_some()) else {
        let refusal = StanzaError::from(Condition::BadRequest);
        return written(refusal.reply_to(iq));
    };
    let answer = match &name {
        Some(name) => room(server, sender, name, payload, is_set).await,
        None => {
            let answer = service(server, sender, payload, is_set).await;
            answer.map(|answer| (Vec::new(), answer))
        }
    };
    match answer {
        Ok((before, answer)) => {
            let before = before.into_iter().map(Outgoing::from);
            before.chain(Outgoing::of(&reply(iq, Ok(answer)))).collect()
        }
        Err(error) => written(Some(reply(iq, Err(error)))),
    }
}

async fn service(
    server: &Server,
    sender: &Sender,
    payload: &Element,
    is_set: bool,
) -> Result<Option<Element>, StanzaError> {
    if is_set {
        return Err(Condition::ServiceUnavailable.into());
    }
    match (payload.name(), payload.ns().as_str()) {
        ("query", ns::DISCO_INFO) => disco::service(payload).map(Some),
        ("query", ns::DISCO_ITEMS) => disco::rooms(server, sender, payload).await.map(Some),
        ("unique", ns::MUC_UNIQUE) => {
            let name = clock::random_id()
                .map_err(|_| StanzaError::from(Condition::InternalServerError))?;
            Ok(Some(build("unique", ns::MUC_UNIQUE).text(name).done()))
        }
        ("ping", ns::PING) => Ok(None),
        _ => Err(Condition::ServiceUnavailable.into()),
    }
}

async fn room(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
    payload: &Element,
    is_set: bool,
) -> Answer {
    let only = |answer: Result<Option<Element>, StanzaError>| answer.map(|it| (Vec::new(), it));
    match (payload.name(), payload.ns().as_str(), is_set) {
        ("query", ns::DISCO_INFO, false) => only(disco::room(server, sender, name, payload)),
        ("query", ns::DISCO_ITEMS, false) => only(disco::occupants(server, sender, name)),
        ("query", ns::MUC_ADMIN, false) => only(admin::list(server, sender, name, payload)),
        ("query", ns::MUC_ADMIN, true) => only(
            admin::change(server, sender, name, payload)
                .await
                .map(|()| None),
        ),
        ("query", ns::MUC_OWNER, false) => only(owner::form(server, sender, name)),
        ("query", ns::MUC_OWNER, true) => only(
            owner::submit(server, sender, name, payload)
                .await
                .map(|()| None),
        ),
        ("query", ns::REGISTER, _) => {
            only(registration::answer(server, sender, name, payload, is_set).await)
        }
        ("query" | "metadata", ns::MAM, _) => {
            archive::answer(server, sender, name, payload, is_set).await
        }
        ("moderate", ns::MODERATION, true) | ("apply-to", ns::FASTEN, true) => only(
            moderation::moderate(server, sender, name, payload)
                .await
                .map(|()| None),
        ),
        ("vCard", ns::VCARD_TEMP, false) => only(server.rooms.ask(name, |room| {
            let empty = || build("vCard", ns::VCARD_TEMP).done();
            Ok(Some(room.vcard.clone().unwrap_or_else(empty)))
        })),
        ("vCard", ns::VCARD_TEMP, true) => only(
            set_vcard(server, sender, name, payload)
                .await
                .map(|()| None),
        ),
        ("ping", ns::PING, false) => only(server.rooms.ask(name, |_| Ok(None))),
        _ => Err(Condition::ServiceUnavailable.into()),
    }
}

/// The picture and card of a room (XEP-0486), which its owner sets.
async fn set_vcard(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
    vcard: &Element,
) -> Result<(), StanzaError> {
    server
        .rooms
        .ask(name, |room| match room.affiliation(&sender.user()) {
            Affiliation::Owner => Ok(()),
            _ => Err(Condition::Forbidden.into()),
        })?;
    let xml = element::write(vcard).map_err(|_| StanzaError::from(Condition::BadRequest))?;
    kept::check(vcard, MAX_VCARD)?;
    let (rooms, router) = (Arc::clone(&server.rooms), Arc::clone(&server.router));
    let (key, row, vcard) = (name.to_owned(), name.to_owned(), vcard.clone());
    server
        .store
        .write_then(
            move |tx| rows::set_vcard(tx, &row, Some(&xml)),
            move |()| {
                rooms.with(&key, |room| {
                    room.vcard = Some(vcard);
                    // Section 10.2, "configuration change not about privacy".
                    let user = build("x", ns::MUC_USER).child(status(&104));
                    let message = build("message", ns::CLIENT)
                        .attr("from", &room.address)
                        .attr("type", "groupchat")
                        .child(user);
                    Post(&router).all(message.done(), room.sessions());
                });
            },
        )
        .await
        .map_err(|error| {
            tracing::error!(%error, "card of a room not written");
            Condition::InternalServerError.into()
        })
}

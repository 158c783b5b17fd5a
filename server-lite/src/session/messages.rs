//! Messages: checked, stored, then routed (RFC 6121, sections 5 and 8; XEP-0313,
//! XEP-0280, XEP-0359).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jid::{FullJid, Jid};
use xmpp_core::element::{self, build, set_attr};
use xmpp_core::rules::{self, MessageKind};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, datetime, ns};

use super::delivery::{CopyIds, Delivery, Recipient, outgoing, with_stanza_id};
use crate::clock;
use crate::rooms;
use crate::router::Outgoing;
use crate::server::Server;
use crate::store::accounts;
use crate::store::archive::{self, NewMessage, Stored};

/// A message that needs nothing more from the disk.
pub(crate) enum Handled {
    /// Do this, then count it.
    Done(Effect),
    /// The disk refused.
    NotWritten,
}

/// What follows from a message.
pub(crate) enum Effect {
    /// Nothing more.
    Nothing,
    /// An error for the sender.
    Refuse(Element),
    /// Deliver it: it is not stored, but comes after those that are.
    Deliver(Box<dyn FnOnce() + Send>),
}

/// A message on its way to the disk.
pub(crate) type Work = Pin<Box<dyn Future<Output = Handled> + Send>>;

/// Takes a message of a client. The future ends when it is on disk.
pub(super) fn accept(
    server: &Arc<Server>,
    session: u64,
    user: &str,
    from: &FullJid,
    mut message: Element,
) -> Work {
    let ready = |effect| -> Work { Box::pin(std::future::ready(Handled::Done(effect))) };
    stamp(server, from, &mut message);
    if let Some(Ok(to)) = message.attr("to").map(Jid::new)
        && to.domain().as_str() == server.rooms.domain
    {
        let sender = rooms::Sender {
            address: from.clone(),
            number: session,
        };
        return rooms::message(server, sender, &to, message);
    }
    match address(server, user, &message) {
        Ok(Some((recipient, resource))) => {
            let user = user.to_owned();
            let server = Arc::clone(server);
            Box::pin(store(server, session, user, message, recipient, resource))
        }
        Ok(None) => ready(Effect::Nothing),
        Err(error) => ready(
            error
                .reply_to(&message)
                .map_or(Effect::Nothing, Effect::Refuse),
        ),
    }
}

/// Sets who it is from, and removes what only we may say (XEP-0359, section 6).
fn stamp(server: &Server, from: &FullJid, message: &mut Element) {
    set_attr(message, "from", Some(from.as_str()));
    for node in message.take_nodes() {
        let forged = node.as_element().is_some_and(|child| {
            let by = if child.is("stanza-id", ns::STANZA_ID) {
                child.attr("by").unwrap_or_default()
            } else if child.is("delay", ns::DELAY) {
                match child.attr("from") {
                    Some(from) => from,
                    None => return false,
                }
            } else {
                return false;
            };
            speaks_for_us(server, by)
        });
        if !forged {
            message.append_node(node);
        }
    }
}

/// Whether this is an address of ours, however it is written, or none at all.
fn speaks_for_us(server: &Server, address: &str) -> bool {
    Jid::new(address.trim_end_matches('.')).map_or(true, |by| {
        let domain = by.domain().as_str();
        domain == server.domain() || domain == server.rooms.domain
    })
}

/// Where it goes: localpart and, if it is meant for one session, its resource.
fn address(
    server: &Server,
    user: &str,
    message: &Element,
) -> Result<Option<(String, Option<String>)>, StanzaError> {
    let Some(to) = message.attr("to") else {
        // To oneself (RFC 6121, section 8.1.1.1).
        return Ok(Some((user.to_owned(), None)));
    };
    let to = Jid::new(to).map_err(|_| StanzaError::from(Condition::JidMalformed))?;
    if to.domain().as_str() != server.domain() {
        return Err(Condition::RemoteServerNotFound.into());
    }
    let Some(node) = to.node() else {
        // The server itself has nothing to say.
        return Ok(None);
    };
    let resource = to.resource().map(|resource| resource.as_str().to_owned());
    match MessageKind::of(message) {
        MessageKind::Groupchat => Err(Condition::ServiceUnavailable.into()),
        MessageKind::Error if resource.is_none() => Ok(None),
        _ => Ok(Some((node.as_str().to_owned(), resource))),
    }
}

async fn store(
    server: Arc<Server>,
    session: u64,
    user: String,
    message: Element,
    recipient: String,
    resource: Option<String>,
) -> Handled {
    let to = Recipient {
        user: recipient,
        resource,
    };
    if !rules::is_archived(&message) {
        let delivery = Delivery::new(&server, session, &user, to, &message, None);
        return Handled::Done(delivery.map_or(Effect::Nothing, |delivery| {
            Effect::Deliver(Box::new(move || delivery.deliver(&server.router, None)))
        }));
    }
    let to_self = to.user == user;
    let Ok(ids) = CopyIds::new(to_self) else {
        return Handled::NotWritten;
    };
    let recipient = to.user.clone();
    let notice = (!to_self)
        .then(|| {
            server
                .push
                .notice(&recipient, &server.bare(&user), &message)
        })
        .flatten();
    let (Ok(xml), Some(delivery)) = (
        element::write(&message),
        Delivery::new(&server, session, &user, to, &message, Some(&ids)),
    ) else {
        return Handled::NotWritten;
    };
    let sent = NewMessage {
        owner: user.clone(),
        stanza_id: ids.sender,
        peer: server.bare(&recipient),
        outgoing: true,
        origin_id: origin_id(&message),
        undelivered: false,
        xml: xml.clone(),
    };
    let received = NewMessage {
        owner: recipient,
        stanza_id: ids.recipient,
        peer: server.bare(&user),
        outgoing: false,
        origin_id: None,
        undelivered: true,
        xml,
    };
    let write = move |tx: &rusqlite::Transaction<'_>| {
        if !accounts::exists(tx, &received.owner)? {
            return Ok(Outcome::Unknown);
        }
        let now_ms = clock::now_ms();
        match archive::insert(tx, &sent, now_ms)? {
            Stored::Repeated => Ok(Outcome::Repeated),
            // One archive, one copy.
            Stored::New { id, .. } if to_self => Ok(Outcome::Stored(id)),
            Stored::New { .. } => match archive::insert(tx, &received, now_ms)? {
                Stored::New { id, .. } => Ok(Outcome::Stored(id)),
                Stored::Repeated => Ok(Outcome::Repeated),
            },
        }
    };
    // Delivered in the order of the archive: a client that has seen a message
    // may take it that it has seen all before it.
    let shared = Arc::clone(&server);
    let deliver = move |outcome| {
        if let Outcome::Stored(row) = outcome {
            delivery.deliver(&shared.router, Some(row));
            shared.push.missed(&shared.router, notice);
        }
        outcome
    };
    match server.store.write_then(write, deliver).await {
        // Of a repeated one, the first was delivered; this one only needs its
        // acknowledgement.
        Ok(Outcome::Stored(_) | Outcome::Repeated) => Handled::Done(Effect::Nothing),
        Ok(Outcome::Unknown) => {
            let refusal = StanzaError::from(Condition::ServiceUnavailable).reply_to(&message);
            Handled::Done(refusal.map_or(Effect::Nothing, Effect::Refuse))
        }
        Err(error) => {
            tracing::error!(%error, "message not stored");
            Handled::NotWritten
        }
    }
}

#[derive(Clone, Copy)]
enum Outcome {
    Stored(i64),
    Repeated,
    Unknown,
}

pub(crate) fn origin_id(message: &Element) -> Option<String> {
    message
        .get_child("origin-id", ns::STANZA_ID)
        .and_then(|origin| origin.attr("id"))
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
}

/// What waited for a client that does not read its archive (XEP-0160, XEP-0203).
pub(super) async fn undelivered(server: &Server, user: &str) -> Vec<Outgoing> {
    let owner = user.to_owned();
    let waiting = match server
        .store
        .read(move |db| archive::undelivered(db, &owner))
        .await
    {
        Ok(waiting) => waiting,
        Err(error) => {
            tracing::error!(%error, "waiting messages not read");
            return Vec::new();
        }
    };
    let by = server.bare(user);
    waiting
        .into_iter()
        .filter_map(|message| {
            let stanza = element::parse(message.xml.as_bytes()).ok()?;
            let mut stanza = with_stanza_id(&stanza, &by, Some(&message.stanza_id));
            let delay = build("delay", ns::DELAY)
                .attr("from", server.domain())
                .attr("stamp", datetime::format_ms(message.time_ms));
            stanza.append_child(delay.done());
            outgoing(&stanza, Some(message.id))
        })
        .collect()
}

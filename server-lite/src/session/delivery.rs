//! A message on its way to sessions (RFC 6121, section 8.5; XEP-0280, XEP-0359).
//!
//! Everything is written out beforehand, so that delivery itself, which happens
//! in the order of the archive, is a matter of queues.

use std::sync::Arc;

use jid::BareJid;
use xmpp_core::element::{self, build};
use xmpp_core::rules::{self, MessageKind};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use crate::clock::{self, RandomError};
use crate::router::{Entry, Outgoing, Router, takes_messages};
use crate::server::Server;
use crate::store::accounts;
use crate::store::archive::{self, NewMessage, Stored};

/// Ids of one message in the archives of both ends.
pub(super) struct CopyIds {
    pub(super) sender: String,
    pub(super) recipient: String,
}

impl CopyIds {
    pub(super) fn new(to_self: bool) -> Result<Self, RandomError> {
        let sender = clock::random_id()?;
        let recipient = match to_self {
            true => sender.clone(),
            false => clock::random_id()?,
        };
        Ok(Self { sender, recipient })
    }
}

/// Whom a message is for.
pub(super) struct Recipient {
    pub(super) user: String,
    pub(super) resource: Option<String>,
}

/// A message, written out for all who get it.
pub(crate) struct Delivery {
    to: Recipient,
    /// Who sends, and by which session.
    user: String,
    session: u64,
    kind: MessageKind,
    message: Outgoing,
    /// Copies for the other sessions of the recipient, and of the sender.
    received: Option<Outgoing>,
    sent: Option<Outgoing>,
}

impl Delivery {
    /// `None` if it cannot be written as XML.
    pub(super) fn new(
        server: &Server,
        session: u64,
        user: &str,
        to: Recipient,
        message: &Element,
        ids: Option<&CopyIds>,
    ) -> Option<Box<Self>> {
        let (own, by) = (server.bare(user), server.bare(&to.user));
        let received = with_stanza_id(message, &by, ids.map(|ids| ids.recipient.as_str()));
        let sent = with_stanza_id(message, &own, ids.map(|ids| ids.sender.as_str()));
        let copied = rules::is_carbon_copied(message);
        Some(Box::new(Self {
            kind: MessageKind::of(message),
            message: outgoing(&received, None)?,
            received: copied.then(|| carbon("received", &by, &received)).flatten(),
            sent: (copied && to.user != user)
                .then(|| carbon("sent", &own, &sent))
                .flatten(),
            to,
            user: user.to_owned(),
            session,
        }))
    }

    /// Puts it into the queues; `row` is that of the recipient's copy.
    pub(super) fn deliver(mut self, router: &Router, row: Option<i64>) {
        self.message.archived = row;
        let (user, number) = (self.to.user.as_str(), self.session);
        let resource = self.to.resource.as_deref();
        let exact = resource.is_some_and(|resource| router.has_resource(user, resource));
        let is_named = |entry: &Entry| resource == Some(entry.resource.as_str());
        let taken = if exact {
            router.deliver(user, &self.message, is_named)
        } else if self.kind == MessageKind::Error
            || (resource.is_some() && self.kind == MessageKind::Headline)
        {
            0
        } else {
            // To the bare address, or to a session that is gone (RFC 6121, 8.5.3.2.1).
            router.deliver(user, &self.message, |entry| {
                takes_messages(entry) && entry.number != number
            })
        };
        tracing::trace!(taken, stored = row.is_some(), "message routed");
        if let Some(copy) = &self.received {
            router.deliver(user, copy, |entry| {
                let has_it = if exact {
                    is_named(entry)
                } else {
                    takes_messages(entry)
                };
                entry.carbons && !has_it && entry.number != number
            });
        }
        if let Some(copy) = &self.sent {
            router.deliver(&self.user, copy, |entry| {
                entry.carbons && entry.number != number
            });
        }
    }
}

/// A message of the server itself to somebody, here or away: stored like any
/// other, under `peer`.
pub(crate) async fn notify(
    server: &Arc<Server>,
    to: &BareJid,
    peer: &str,
    message: Element,
) -> Result<(), StanzaError> {
    let internal = || StanzaError::from(Condition::InternalServerError);
    let owner = server.localpart(to).ok_or(Condition::ItemNotFound)?;
    let stanza_id = clock::random_id().map_err(|_| internal())?;
    let xml = element::write(&message).map_err(|_| internal())?;
    let shown = with_stanza_id(&message, to.as_str(), Some(&stanza_id));
    let mut shown = outgoing(&shown, None).ok_or_else(internal)?;
    let new = NewMessage {
        owner: owner.clone(),
        stanza_id,
        peer: peer.to_owned(),
        outgoing: false,
        origin_id: None,
        undelivered: true,
        xml,
    };
    let notice = server.push.notice(&owner, peer, &message);
    let shared = Arc::clone(server);
    let written = server.store.write_then(
        move |tx| {
            if !accounts::exists(tx, &new.owner)? {
                return Ok(None);
            }
            archive::insert(tx, &new, clock::now_ms()).map(Some)
        },
        move |stored| match stored {
            Some(Stored::New { id, .. }) => {
                shown.archived = Some(id);
                shared.router.deliver(&owner, &shown, takes_messages);
                shared.push.missed(&shared.router, notice);
                true
            }
            Some(Stored::Repeated) => true,
            None => false,
        },
    );
    match written.await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Condition::ItemNotFound.into()),
        Err(error) => {
            tracing::error!(%error, "message not stored");
            Err(internal())
        }
    }
}

/// A stanza as the queues hold it.
pub(super) fn outgoing(element: &Element, archived: Option<i64>) -> Option<Outgoing> {
    match element::write(element) {
        Ok(xml) => Some(Outgoing {
            xml: xml.into(),
            archived,
        }),
        Err(error) => {
            tracing::error!(%error, "message could not be written");
            None
        }
    }
}

/// XEP-0359: the id under which the archive of `by` has it.
pub(super) fn with_stanza_id(message: &Element, by: &str, id: Option<&str>) -> Element {
    let mut message = message.clone();
    if let Some(id) = id {
        let stanza_id = build("stanza-id", ns::STANZA_ID)
            .attr("by", by)
            .attr("id", id);
        message.append_child(stanza_id.done());
    }
    message
}

/// XEP-0280, sections 7 and 8. The address it goes to is filled in by the
/// session's own stream: a carbon needs none of its own to be understood.
fn carbon(direction: &str, own: &str, message: &Element) -> Option<Outgoing> {
    let forwarded = build("forwarded", ns::FORWARD).child(message.clone());
    let copy = build("message", ns::CLIENT)
        .attr("from", own)
        .attr("to", own)
        .attr("type", message.attr("type").unwrap_or("normal"))
        .child(build(direction, ns::CARBONS).child(forwarded))
        .done();
    outgoing(&copy, None)
}

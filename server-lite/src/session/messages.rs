//! Messages: checked, stored, then routed (RFC 6121, sections 5 and 8; XEP-0313,
//! XEP-0280, XEP-0359).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jid::{BareJid, FullJid, Jid};
use xmpp_core::element::{self, build, set_attr};
use xmpp_core::rules::{self, MessageKind};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, datetime, ns};

use crate::clock;
use crate::router::{Entry, Outgoing, takes_messages};
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
    /// Nothing.
    Nothing,
    /// An error for the sender.
    Refuse(Element),
    /// Deliver it.
    Route(Box<Route>),
}

/// A message on its way.
pub(crate) struct Route {
    message: Element,
    sender: BareJid,
    recipient: String,
    resource: Option<String>,
    /// Archive ids of the sender's and the recipient's copy, and the row of the latter.
    stored: Option<StoredCopies>,
}

struct StoredCopies {
    sender_id: String,
    recipient_id: String,
    row: i64,
}

type Work = Pin<Box<dyn Future<Output = Handled> + Send>>;

/// Takes a message of a client. The future ends when it is on disk.
pub(super) fn accept(
    server: &Arc<Server>,
    user: &str,
    from: &FullJid,
    mut message: Element,
) -> Work {
    let ready = |effect| -> Work { Box::pin(std::future::ready(Handled::Done(effect))) };
    stamp(server, user, from, &mut message);
    match address(server, user, &message) {
        Ok(Some((recipient, resource))) => {
            let work = store(
                Arc::clone(server),
                user.to_owned(),
                from.to_bare(),
                message,
                recipient,
                resource,
            );
            Box::pin(work)
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
fn stamp(server: &Server, user: &str, from: &FullJid, message: &mut Element) {
    set_attr(message, "from", Some(from.as_str()));
    let domain = server.domain().to_owned();
    let own = server.bare(user);
    let nodes = message.take_nodes();
    for node in nodes {
        let forged = node.as_element().is_some_and(|child| {
            child.is("stanza-id", ns::STANZA_ID)
                && child
                    .attr("by")
                    .is_none_or(|by| by == own || by.ends_with(&domain))
                || child.is("delay", ns::DELAY) && child.attr("from").is_some_and(|by| by == domain)
        });
        if !forged {
            message.append_node(node);
        }
    }
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
    user: String,
    sender: BareJid,
    message: Element,
    recipient: String,
    resource: Option<String>,
) -> Handled {
    let archived = rules::is_archived(&message);
    let route = |message, stored| {
        Handled::Done(Effect::Route(Box::new(Route {
            message,
            sender: sender.clone(),
            recipient: recipient.clone(),
            resource: resource.clone(),
            stored,
        })))
    };
    if !archived {
        return route(message, None);
    }
    let (Ok(sender_id), Ok(recipient_id), Ok(xml)) = (
        clock::random_id(),
        clock::random_id(),
        element::write(&message),
    ) else {
        return Handled::NotWritten;
    };
    let to_self = recipient == user;
    let sent = NewMessage {
        owner: user.clone(),
        stanza_id: sender_id.clone(),
        peer: server.bare(&recipient),
        outgoing: true,
        origin_id: origin_id(&message),
        undelivered: false,
        xml: xml.clone(),
    };
    let received = NewMessage {
        owner: recipient.clone(),
        stanza_id: recipient_id.clone(),
        peer: server.bare(&user),
        outgoing: false,
        origin_id: None,
        undelivered: true,
        xml,
    };
    let outcome = server
        .store
        .write(move |tx| {
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
        })
        .await;
    match outcome {
        Ok(Outcome::Stored(row)) => {
            let recipient_id = if to_self {
                sender_id.clone()
            } else {
                recipient_id
            };
            route(
                message,
                Some(StoredCopies {
                    sender_id,
                    recipient_id,
                    row,
                }),
            )
        }
        // The first copy was routed; this one only needs its acknowledgement.
        Ok(Outcome::Repeated) => Handled::Done(Effect::Nothing),
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

enum Outcome {
    Stored(i64),
    Repeated,
    Unknown,
}

fn origin_id(message: &Element) -> Option<String> {
    message
        .get_child("origin-id", ns::STANZA_ID)
        .and_then(|origin| origin.attr("id"))
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
}

impl Effect {
    /// Does it; gives what the sender itself has to be told.
    pub(super) fn apply(self, server: &Server, user: &str, number: u64) -> Vec<Element> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Refuse(error) => vec![error],
            Self::Route(route) => {
                route.deliver(server, user, number);
                Vec::new()
            }
        }
    }
}

impl Route {
    fn deliver(&self, server: &Server, user: &str, number: u64) {
        let row = self.stored.as_ref().map(|stored| stored.row);
        let by = server.bare(&self.recipient);
        let id = self
            .stored
            .as_ref()
            .map(|stored| stored.recipient_id.as_str());
        let message = with_stanza_id(&self.message, &by, id);
        let Some(outgoing) = outgoing(&message, row) else {
            return;
        };

        let resource = self.resource.as_deref();
        let exact =
            resource.is_some_and(|resource| server.router.has_resource(&self.recipient, resource));
        let kind = MessageKind::of(&message);
        let taken = if exact {
            server.router.deliver(&self.recipient, &outgoing, |entry| {
                resource == Some(entry.resource.as_str())
            })
        } else if kind == MessageKind::Error
            || (resource.is_some() && kind == MessageKind::Headline)
        {
            0
        } else {
            // To the bare address, or to a session that is gone (RFC 6121, 8.5.3.2.1).
            server.router.deliver(&self.recipient, &outgoing, |entry| {
                takes_messages(entry) && entry.number != number
            })
        };
        tracing::trace!(taken, stored = row.is_some(), "message routed");
        if !rules::is_carbon_copied(&self.message) {
            return;
        }
        // Copies for the other sessions of both ends (XEP-0280).
        let has_it = |entry: &Entry| match exact {
            true => resource == Some(entry.resource.as_str()),
            false => takes_messages(entry),
        };
        if let Some(copy) = carbon("received", &by, &message) {
            server.router.deliver(&self.recipient, &copy, |entry| {
                entry.carbons && !has_it(entry) && entry.number != number
            });
        }
        if self.recipient != user {
            let own = self.sender.to_string();
            let id = self.stored.as_ref().map(|stored| stored.sender_id.as_str());
            let sent = with_stanza_id(&self.message, &own, id);
            if let Some(copy) = carbon("sent", &own, &sent) {
                server
                    .router
                    .deliver(user, &copy, |entry| entry.carbons && entry.number != number);
            }
        }
    }
}

fn outgoing(element: &Element, archived: Option<i64>) -> Option<Outgoing> {
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
fn with_stanza_id(message: &Element, by: &str, id: Option<&str>) -> Element {
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

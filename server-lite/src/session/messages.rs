//! Messages: checked, stored, then routed (RFC 6121, sections 5 and 8; XEP-0313,
//! XEP-0280, XEP-0359).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jid::{FullJid, Jid};
use rusqlite::Transaction;
use xmpp_core::element::{self, build, set_attr};
use xmpp_core::rules::{self, Keeping, MessageKind};
use xmpp_core::stanza_error::{Condition, ErrorType, StanzaError};
use xmpp_core::{Element, ns};

use super::delivery::Letter;
use crate::clock;
use crate::disk;
use crate::retraction;
use crate::rooms;
use crate::server::Server;
use crate::store::Store;
use crate::store::accounts;
use crate::store::archive::{self, Row, Stored};

/// Most messages that wait for somebody and are in no archive (XEP-0160,
/// section 2).
const MAX_PASSING: u64 = 1_000;
/// Most bytes of these, and of those of one sender: nobody takes the room of all
/// others.
const MAX_PASSING_BYTES: u64 = 4 << 20;
const MAX_PASSING_BYTES_OF_ONE: u64 = 2 << 20;

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
    stamp(server, from, &mut message);
    let to = match message.attr("to").map(Jid::new) {
        None => None,
        Some(Ok(to)) => Some(to),
        Some(Err(_)) => return done(refused(Condition::JidMalformed, &message)),
    };
    if let Some(to) = &to {
        if server.blocks(user, to.as_str()) {
            return done(refused(blocked(), &message));
        }
        if to.domain().as_str() == server.rooms.domain {
            let sender = rooms::Sender {
                address: from.clone(),
                number: session,
            };
            return rooms::message(server, sender, to, message);
        }
    }
    let (recipient, resource) = match address(server, user, to.as_ref(), &message) {
        Ok(Some(address)) => address,
        Ok(None) => return done(Effect::Nothing),
        Err(error) => return done(refused(error, &message)),
    };
    if server.blocks(&recipient, from.as_str()) {
        return done(refused(Condition::ServiceUnavailable, &message));
    }
    let target = to.as_ref().map(Jid::as_str);
    send(
        server, session, user, from, target, message, recipient, resource,
    )
}

fn done(effect: Effect) -> Work {
    Box::pin(std::future::ready(Handled::Done(effect)))
}

fn refused(error: impl Into<StanzaError>, message: &Element) -> Effect {
    let refusal = error.into().reply_to(message);
    refusal.map_or(Effect::Nothing, Effect::Refuse)
}

/// The error for whoever writes to somebody they block (XEP-0191, section 3.3).
pub(super) fn blocked() -> StanzaError {
    let mut error = StanzaError::from(Condition::NotAcceptable);
    error.kind = ErrorType::Cancel;
    error.with_detail(build("blocked", ns::BLOCKING_ERRORS))
}

/// Sets who it is from, and removes what only we may say (XEP-0359, section 6).
fn stamp(server: &Server, from: &FullJid, message: &mut Element) {
    set_attr(message, "from", Some(from.as_str()));
    let is_forged = |child: &Element| {
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
    };
    if !message.children().any(is_forged) {
        return;
    }
    for node in message.take_nodes() {
        if !node.as_element().is_some_and(is_forged) {
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
    to: Option<&Jid>,
    message: &Element,
) -> Result<Option<(String, Option<String>)>, StanzaError> {
    let Some(to) = to else {
        // To oneself (RFC 6121, section 8.1.1.1).
        return Ok(Some((user.to_owned(), None)));
    };
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

#[allow(clippy::too_many_arguments, reason = "all of one message")]
fn send(
    server: &Arc<Server>,
    session: u64,
    user: &str,
    from: &FullJid,
    target: Option<&str>,
    message: Element,
    recipient: String,
    resource: Option<String>,
) -> Work {
    let Ok(xml) = element::write(&message) else {
        return Box::pin(std::future::ready(Handled::NotWritten));
    };
    let (own, theirs) = (server.bare(user), server.bare(&recipient));
    let keeping = rules::keeping(&message);
    let target = target.unwrap_or(&own).to_owned();
    let to_self = recipient == user;
    let mut letter = Letter {
        kind: MessageKind::of(&message),
        is_copied: rules::is_carbon_copied(&message),
        user: user.to_owned(),
        session,
        sender_id: None,
        recipient_id: None,
        recipient,
        resource,
        own,
        theirs,
        xml,
    };
    let server = Arc::clone(server);
    if keeping == Keeping::Nothing {
        return done(Effect::Deliver(Box::new(move || {
            letter.deliver(&server.router, None);
        })));
    }
    if server.disk.is_short() {
        return done(refused(disk::refused(), &message));
    }
    if keeping == Keeping::Archived {
        let (Ok(sender_id), Ok(recipient_id)) = (clock::archive_id(), clock::archive_id()) else {
            return Box::pin(std::future::ready(Handled::NotWritten));
        };
        let sender_keeps = server.archives(user, &target);
        letter.sender_id = sender_keeps.then_some(sender_id);
        letter.recipient_id = match to_self {
            // One archive, one copy.
            true => letter.sender_id.clone(),
            false => server
                .archives(&letter.recipient, from.as_str())
                .then_some(recipient_id),
        };
    }
    let notice = (!to_self)
        .then(|| {
            let push = &server.push;
            push.notice(&letter.recipient, &letter.own, &message)
        })
        .flatten();
    let retraction = retraction::retracted_id(&message)
        .map(|id| (id.to_owned(), retraction::mark(message.attr("id"))));
    let named = letter.resource.as_deref();
    let named = named.and_then(|named| server.router.reads_archive(&letter.recipient, named));
    let undelivered = match named {
        // It goes to this session alone, whoever reads the archive besides.
        Some(reads_archive) => !reads_archive,
        // One's own words wait for none of one's sessions.
        None => !to_self && !server.router.has_reader(&letter.recipient),
    };
    let origin_id = origin_id(&message);
    let letter = Arc::new(letter);
    let (kept, disk) = (Arc::clone(&letter), server.store.clone());
    let write = move |tx: &Transaction<'_>| {
        let outcome = store(tx, &disk, &kept, origin_id.as_deref(), undelivered)?;
        if let (Outcome::Stored(_), Some((id, mark))) = (outcome, &retraction) {
            for (owner, peer, outgoing) in [
                (&kept.user, &kept.theirs, true),
                (&kept.recipient, &kept.own, false),
            ] {
                retraction::bury_by_message_id(tx, owner, peer, outgoing, id, mark)?;
            }
        }
        Ok(outcome)
    };
    // Delivered in the order of the archive: a client that has seen a message
    // may take it that it has seen all before it.
    let shared = Arc::clone(&server);
    let deliver = move |outcome| {
        if let Outcome::Stored(row) = outcome {
            letter.deliver(&shared.router, Some(row));
            shared.push.missed(&shared.router, notice);
        }
        outcome
    };
    Box::pin(async move {
        match server.store.write_then(write, deliver).await {
            // Of a repeated one, the first was delivered; this one only needs
            // its acknowledgement.
            Ok(Outcome::Stored(_) | Outcome::Repeated) => Handled::Done(Effect::Nothing),
            Ok(Outcome::Unknown | Outcome::Full) => {
                Handled::Done(refused(Condition::ServiceUnavailable, &message))
            }
            Err(error) if disk::is_full(&error) => {
                Handled::Done(refused(disk::refused(), &message))
            }
            Err(error) => {
                tracing::error!(%error, "message not stored");
                Handled::NotWritten
            }
        }
    })
}

#[derive(Clone, Copy)]
enum Outcome {
    /// The row of the recipient's copy.
    Stored(i64),
    Repeated,
    /// There is no such account.
    Unknown,
    /// Too much waits for the recipient.
    Full,
}

/// Writes the copies of both ends.
fn store(
    tx: &Transaction<'_>,
    disk: &Store,
    letter: &Letter,
    origin_id: Option<&str>,
    undelivered: bool,
) -> rusqlite::Result<Outcome> {
    // What somebody says whose account is gone meanwhile must not be in the
    // archive of the next of that name.
    if !accounts::exists(tx, &letter.recipient)? || !accounts::exists(tx, &letter.user)? {
        return Ok(Outcome::Unknown);
    }
    let now_ms = clock::now_ms();
    if let Some(stanza_id) = &letter.sender_id {
        let sent = Row {
            owner: &letter.user,
            stanza_id,
            peer: &letter.theirs,
            outgoing: true,
            origin_id,
            undelivered: undelivered && letter.user == letter.recipient,
            xml: &letter.xml,
        };
        match archive::insert_row(tx, sent, now_ms)? {
            Stored::Repeated => return Ok(Outcome::Repeated),
            Stored::New { id } if letter.user == letter.recipient => {
                return Ok(Outcome::Stored(id));
            }
            Stored::New { .. } => {}
        }
    }
    let received = Row {
        owner: &letter.recipient,
        stanza_id: letter.recipient_id.as_deref().unwrap_or_default(),
        peer: &letter.own,
        outgoing: false,
        origin_id: None,
        undelivered,
        xml: &letter.xml,
    };
    if letter.recipient_id.is_some() {
        return Ok(match archive::insert_row(tx, received, now_ms)? {
            Stored::New { id } => Outcome::Stored(id),
            Stored::Repeated => Outcome::Repeated,
        });
    }
    if !has_room(tx, letter)? {
        // Unless some of them only have to be crossed out.
        disk.settle_delivered(tx)?;
        if !has_room(tx, letter)? {
            return Ok(Outcome::Full);
        }
    }
    archive::insert_passing(tx, received, now_ms).map(Outcome::Stored)
}

/// Whether a message may wait for its recipient that is in no archive.
fn has_room(tx: &Transaction<'_>, letter: &Letter) -> rusqlite::Result<bool> {
    let passing = archive::passing(tx, &letter.recipient, &letter.own)?;
    let bytes = letter.xml.len() as u64;
    Ok(passing.count < MAX_PASSING
        && passing.bytes.saturating_add(bytes) <= MAX_PASSING_BYTES
        && passing.bytes_of_peer.saturating_add(bytes) <= MAX_PASSING_BYTES_OF_ONE)
}

pub(crate) fn origin_id(message: &Element) -> Option<String> {
    message
        .get_child("origin-id", ns::STANZA_ID)
        .and_then(|origin| origin.attr("id"))
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
}

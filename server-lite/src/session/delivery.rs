//! A message on its way to sessions (RFC 6121, section 8.5; XEP-0280, XEP-0359).
//!
//! It is written out once. What differs from session to session is put around
//! that text, and only for those that are there to get it.

use std::sync::Arc;

use jid::BareJid;
use xmpp_core::element;
use xmpp_core::rules::MessageKind;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::written::{escaped, with_child};
use xmpp_core::{Element, datetime, ns};

use crate::clock;
use crate::disk;
use crate::router::{Entry, Outgoing, Router, send, takes_messages};
use crate::server::Server;
use crate::store::accounts;
use crate::store::archive::{self, NewMessage, Stored};

/// A message from one account to another.
pub(crate) struct Letter {
    /// Who sends, and by which session.
    pub(super) user: String,
    pub(super) session: u64,
    pub(super) recipient: String,
    pub(super) resource: Option<String>,
    /// Bare addresses of both.
    pub(super) own: String,
    pub(super) theirs: String,
    pub(super) kind: MessageKind,
    /// Whether other sessions of both get copies.
    pub(super) is_copied: bool,
    /// Ids in the archives of both, where they have it.
    pub(super) sender_id: Option<String>,
    pub(super) recipient_id: Option<String>,
    /// As it came, with the address of its sender.
    pub(super) xml: String,
}

impl Letter {
    /// Puts it into the queues; `row` is that of the recipient's copy.
    pub(super) fn deliver(&self, router: &Router, row: Option<i64>) {
        let resource = self.resource.as_deref();
        let is_named = |entry: &Entry| resource == Some(entry.resource.as_str());
        router.with_sessions(&self.recipient, |entries| {
            let exact = resource.is_some() && entries.iter().any(is_named);
            // To nobody else than who is named (RFC 6121, 8.5.3.2.1).
            let only_named = self.kind == MessageKind::Error
                || (resource.is_some() && self.kind == MessageKind::Headline);
            let mut message: Option<Outgoing> = None;
            let mut inner: Option<String> = None;
            for entry in entries {
                let is_other = entry.number != self.session;
                let takes = match exact {
                    true => is_named(entry),
                    false => !only_named && is_other && takes_messages(entry),
                };
                if takes {
                    let message = message.get_or_insert_with(|| Outgoing {
                        xml: self.as_received().into(),
                        archived: row,
                    });
                    send(entry, message);
                } else if self.is_copied
                    && entry.carbons
                    && is_other
                    && (exact || !takes_messages(entry))
                {
                    let text = inner.get_or_insert_with(|| self.as_received());
                    let copy = self.carbon("received", &self.theirs, entry, text);
                    send(entry, &copy);
                }
            }
        });
        if !self.is_copied || self.recipient == self.user {
            return;
        }
        router.with_sessions(&self.user, |entries| {
            let mut inner: Option<String> = None;
            for entry in entries {
                if entry.carbons && entry.number != self.session {
                    let text = inner.get_or_insert_with(|| self.as_sent());
                    send(entry, &self.carbon("sent", &self.own, entry, text));
                }
            }
        });
    }

    fn as_received(&self) -> String {
        with_stanza_id(&self.xml, &self.theirs, self.recipient_id.as_deref())
    }

    fn as_sent(&self) -> String {
        with_stanza_id(&self.xml, &self.own, self.sender_id.as_deref())
    }

    /// XEP-0280, sections 7 and 8.
    fn carbon(&self, direction: &str, own: &str, entry: &Entry, message: &str) -> Outgoing {
        let kind = match self.kind {
            MessageKind::Chat => "chat",
            _ => "normal",
        };
        let (own, resource) = (escaped(own), escaped(&entry.resource));
        let xml = [
            "<message xmlns='",
            ns::CLIENT,
            "' from='",
            &own,
            "' to='",
            &own,
            "/",
            &resource,
            "' type='",
            kind,
            "'><",
            direction,
            " xmlns='",
            ns::CARBONS,
            "'><forwarded xmlns='",
            ns::FORWARD,
            "'>",
            message,
            "</forwarded></",
            direction,
            "></message>",
        ]
        .concat();
        Outgoing {
            xml: xml.into(),
            archived: None,
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
    if server.blocks(&owner, peer) {
        return Err(Condition::ServiceUnavailable.into());
    }
    let keeps = server.archives(&owner, peer);
    let stanza_id = clock::archive_id().map_err(|_| internal())?;
    let xml = element::write(&message).map_err(|_| internal())?;
    let shown = with_stanza_id(&xml, to.as_str(), keeps.then_some(&stanza_id));
    let mut shown = Outgoing {
        xml: shown.into(),
        archived: None,
    };
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
            let now_ms = clock::now_ms();
            match keeps {
                true => archive::insert(tx, &new, now_ms).map(Some),
                false => {
                    let id = archive::insert_passing(tx, new.row(), now_ms)?;
                    Ok(Some(Stored::New { id }))
                }
            }
        },
        move |stored| match stored {
            Some(Stored::New { id }) => {
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
        Err(error) if disk::is_full(&error) => Err(disk::refused()),
        Err(error) => {
            tracing::error!(%error, "message not stored");
            Err(internal())
        }
    }
}

/// XEP-0359: the id under which the archive of `by` has it.
fn with_stanza_id(xml: &str, by: &str, id: Option<impl AsRef<str>>) -> String {
    let Some(id) = id else {
        return xml.to_owned();
    };
    let by = escaped(by);
    with_child(
        xml,
        &[
            "<stanza-id xmlns='",
            ns::STANZA_ID,
            "' by='",
            &by,
            "' id='",
            id.as_ref(),
            "'/>",
        ]
        .concat(),
    )
}

/// A message that waited (XEP-0160, XEP-0203); the id is empty where no archive
/// has it.
pub(super) fn delayed(message: &archive::ArchivedMessage, owner: &str, domain: &str) -> Outgoing {
    let id = Some(message.stanza_id.as_str()).filter(|id| !id.is_empty());
    let delay = format!(
        "<delay xmlns='{}' from='{}' stamp='{}'/>",
        ns::DELAY,
        escaped(domain),
        datetime::format_ms(message.time_ms)
    );
    Outgoing {
        xml: with_child(&with_stanza_id(&message.xml, owner, id), &delay).into(),
        archived: Some(message.id),
    }
}

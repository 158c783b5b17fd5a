//! How a session begins: a resource is bound (RFC 6120, section 7), or bound and
//! furnished in one step while signing in (XEP-0386).

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use futures_util::stream::FuturesOrdered;
use jid::FullJid;
use rusqlite::Transaction;
use tokio::sync::watch;
use tokio::time::Instant;
use xmpp_core::element::{Build, build};
use xmpp_core::stream::StreamCondition;
use xmpp_core::{Element, datetime, ns};

use super::place::Place;
use super::{Held, Session};
use crate::clock;
use crate::mailbox::mailbox;
use crate::people;
use crate::pep::Personal;
use crate::router::{self, Entry, Origin};
use crate::server::Server;
use crate::session::Account;
use crate::session::clients::Client;
use crate::session::presence::{self, Said};
use crate::session::register::reply;
use crate::session::tokens::ClientId;
use crate::store::binding::{self, Extent};
use crate::store::clients;
use crate::store::generations;
use crate::transport::Transport;

/// Connections that want to go on with a session at the same time.
const RESUMING: usize = 4;
/// Longest tag of a client in its resource, in bytes.
const MAX_TAG: usize = 128;

impl Session {
    /// A session without a connection, and what the router has to know of it.
    fn new(
        server: &Arc<Server>,
        Account { user, generation }: Account,
        resource: String,
        client: Option<ClientId>,
        peer: IpAddr,
    ) -> Option<(Self, Entry)> {
        let address = FullJid::new(&format!("{}/{resource}", server.bare(&user))).ok()?;
        let limits = &server.config.limits;
        let (queue_in, queue) = router::queue(limits.session_queue, limits.session_bytes);
        let pace = server.pace_of(&user);
        let (resume_in, resume) = mailbox(RESUMING);
        let (end_in, end) = watch::channel(None);
        let number = server.session_number();
        let entry = Entry {
            resource,
            client,
            origin: Origin {
                peer,
                since_ms: clock::now_ms(),
            },
            queue: queue_in,
            resume: resume_in,
            end: end_in,
            resumption_id: None,
            presence: None,
            written: None,
            carbons: false,
            lost: None,
            wants_roster: false,
            wants_blocklist: false,
            reads_archive: false,
            personal: Personal::default(),
            generation,
            number,
        };
        let session = Self {
            place: Place::new(server, &user, number),
            server: Arc::clone(server),
            user,
            address,
            number,
            transport: None,
            queue,
            resume,
            end,
            sm: None,
            held: None,
            unwritten: FuturesOrdered::new(),
            unwritten_bytes: VecDeque::new(),
            reads_archive: false,
            backlog: crate::session::backlog::Backlog::default(),
            takes_messages: false,
            was_available: false,
            presences: Said::default(),
            heard: Instant::now(),
            asked: false,
            lost: None,
            noting: None,
            in_a_row: 0,
            pace,
            written: Vec::new(),
            goes_on: false,
        };
        Some((session, entry))
    }

    /// Enters the session in the router, if its owner would still be let in: an
    /// account that was removed, disabled or given another password since the
    /// sign-in begins none. What changes it later finds the session there.
    ///
    /// `job` reads what the client is told, as it is in the very moment in which
    /// the session begins to receive: nothing falls between the two. It gives
    /// nothing for who is not let in.
    fn enter<T, J>(
        &self,
        entry: Entry,
        job: J,
    ) -> impl Future<Output = Result<T, StreamCondition>> + Send + use<T, J>
    where
        T: Send + 'static,
        J: FnOnce(&Transaction<'_>) -> rusqlite::Result<Option<T>> + Send + 'static,
    {
        let server = Arc::clone(&self.server);
        let (owner, user) = (self.user.clone(), self.user.clone());
        let (address, generation) = (self.address.clone(), entry.generation);
        let max = server.config.limits.sessions_per_account;
        let store = server.store.clone();
        async move {
            let entered = store.write_then(
                move |tx| match generations::is_current(tx, &owner, generation)? {
                    true => job(tx),
                    false => Ok(None),
                },
                move |read| {
                    let read = read.ok_or(StreamCondition::NotAuthorized)?;
                    if entry.queue.is_closed() {
                        // It was cut off while it waited for the disk.
                        return Err(StreamCondition::InternalServerError);
                    }
                    presence::take_over(&server, &user, &address);
                    match server.router.add(&user, entry, max) {
                        true => Ok(read),
                        false => Err(StreamCondition::ResourceConstraint),
                    }
                },
            );
            entered.await.unwrap_or_else(|error| {
                tracing::error!(%error, "session not begun");
                Err(StreamCondition::InternalServerError)
            })
        }
    }

    /// Binds a resource and registers the session (RFC 6120, section 7). `None`
    /// if the account has too many or may not sign in any more, or if the
    /// connection ended meanwhile.
    pub(in crate::session) async fn bind(
        server: &Arc<Server>,
        transport: Transport,
        account: Account,
        resource: String,
        iq: &Element,
    ) -> Option<Self> {
        let (session, entry) = Self::new(server, account, resource, None, transport.peer)?;
        if let Err(condition) = session.enter(entry, |_| Ok(Some(()))).await {
            transport.close(Some(condition.into())).await;
            return None;
        }
        people::signed_in(server, &session.user);
        let bound = build("bind", ns::BIND)
            .child(build("jid", ns::BIND).text(session.address.to_string()))
            .done();
        match xmpp_core::element::write(&reply(iq, Ok(Some(bound)))) {
            Ok(xml) => session.connect(transport, &[xml]).await,
            Err(_) => {
                session.finish();
                None
            }
        }
    }

    /// Binds a resource of the server's making, with the features that the
    /// client wants; gives the session with its `<bound/>`, or why there is none.
    pub(in crate::session) async fn bind2(
        server: &Arc<Server>,
        account: Account,
        client: Option<Client>,
        peer: IpAddr,
        wanted: &Element,
    ) -> Result<(Self, Element), StreamCondition> {
        let tag = wanted.get_child("tag", ns::BIND2).map(Element::text);
        let tag = tag.unwrap_or_default();
        let id = client.as_ref().map(|client| client.id);
        let made = tagged_resource(server, &account.user, id.as_ref(), &tag)
            .and_then(|resource| Self::new(server, account, resource, id, peer));
        let (mut session, mut entry) = made.ok_or(StreamCondition::InternalServerError)?;
        entry.carbons = wanted.has_child("enable", ns::CARBONS);
        entry.reads_archive = true;
        let owner = session.user.clone();
        let max = server.config.limits.tokens_per_account;
        let row = client.map(|client| client.row(&entry));
        let extent = session
            .enter(entry, move |tx| {
                if let Some(row) = &row {
                    // Signed out since it has proven who it is.
                    if clients::is_ended(tx, &owner, &row.client)? {
                        return Ok(None);
                    }
                    clients::seen(tx, &owner, row, max)?;
                }
                binding::begin(tx, &owner).map(Some)
            })
            .await?;
        people::signed_in(server, &session.user);
        session.reads_archive = true;
        if wanted.has_child("inactive", ns::CSI) {
            session.held = Some(Held::default());
        }
        let mut bound = build("bound", ns::BIND2).child(metadata(extent));
        if let Some(enable) = wanted.get_child("enable", ns::SM) {
            bound = bound.child(session.enable_now(enable));
        }
        Ok((session, bound.done()))
    }

    /// Gives a session its connection, with the first elements on it. `None` if
    /// they could not be sent.
    pub(in crate::session) async fn connect(
        self,
        mut transport: Transport,
        words: &[String],
    ) -> Option<Self> {
        for word in words {
            if transport.send(word).await.is_err() {
                self.finish();
                return None;
            }
        }
        Some(Self {
            transport: Some(transport),
            heard: Instant::now(),
            ..self
        })
    }
}

/// The resource that was asked for, or one of our own (RFC 6120, 7.6 and 7.7).
pub(in crate::session) fn resource(wanted: Option<&str>) -> Option<String> {
    match wanted {
        Some(wanted) if !wanted.is_empty() => jid::ResourcePart::new(wanted)
            .ok()
            .map(|part| part.as_str().to_owned()),
        _ => clock::random_id().ok(),
    }
}

/// `tag/x7k2…`: what the client calls itself, and something that stays the same
/// for this client if it has an id (XEP-0386, section 4.2.1).
fn tagged_resource(
    server: &Server,
    user: &str,
    client: Option<&ClientId>,
    tag: &str,
) -> Option<String> {
    let own = match client {
        Some(client) => server.token_key.resource(user, client, tag),
        None => clock::random_id().ok()?,
    };
    if tag.is_empty() || tag.len() > MAX_TAG {
        return Some(own);
    }
    let tagged = format!("{tag}/{own}");
    let part = jid::ResourcePart::new(&tagged).map(|part| part.as_str().to_owned());
    Some(part.unwrap_or(own))
}

/// XEP-0313, section 5: where the archive begins and ends.
fn metadata(extent: Extent) -> Build {
    let end = |name, (id, time_ms): (String, i64)| {
        build(name, ns::MAM)
            .attr("id", id)
            .attr("timestamp", datetime::format_ms(time_ms))
    };
    let metadata = build("metadata", ns::MAM);
    match extent {
        Some((first, last)) => metadata.child(end("start", first)).child(end("end", last)),
        None => metadata,
    }
}

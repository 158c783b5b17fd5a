//! One change: decided and written in one job of the store; what others have to
//! hear of it is told once it is on disk, in the order of the disk.

use std::sync::Arc;

use rusqlite::{Connection, Transaction};
use xmpp_core::Element;
use xmpp_core::stanza_error::{Condition, StanzaError};

use super::access::Node;
use super::{Asker, avatar, notify};
use crate::server::Server;
use crate::store::pep;

/// Why a job has not done what it was asked for.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It must not be.
    By(StanzaError),
    /// The database does not do it.
    Store(rusqlite::Error),
}

impl From<StanzaError> for Refused {
    fn from(error: StanzaError) -> Self {
        Self::By(error)
    }
}

impl From<Condition> for Refused {
    fn from(condition: Condition) -> Self {
        Self::By(condition.into())
    }
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

/// What follows from a change.
#[derive(Default)]
pub(crate) struct News {
    events: Vec<(Node, Element)>,
    /// For one address.
    direct: Vec<(String, Element)>,
    avatar: Option<(String, avatar::Shown)>,
}

impl News {
    /// Those who want it and may have it are told.
    pub(super) fn event(&mut self, node: &Node, event: Element) {
        self.events.push((node.clone(), event));
    }

    /// Somebody who has just subscribed is told.
    pub(super) fn direct(&mut self, subscriber: &str, event: Element) {
        self.direct.push((subscriber.to_owned(), event));
    }

    /// The account may have another picture.
    pub(super) fn avatar(&mut self, account: &str, shown: avatar::Shown) {
        self.avatar = Some((account.to_owned(), shown));
    }

    fn tell(self, server: &Server) {
        for (node, event) in &self.events {
            notify::send(server, node, event);
        }
        for (subscriber, event) in &self.direct {
            notify::to_subscriber(server, subscriber, event);
        }
        if let Some((account, shown)) = self.avatar {
            avatar::tell(server, &account, &shown);
        }
    }
}

/// Runs a job that changes something. One that refuses has changed nothing.
pub(super) async fn change<T: Send + 'static>(
    server: &Arc<Server>,
    job: impl FnOnce(&Transaction<'_>, &mut News) -> Result<T, Refused> + Send + 'static,
) -> Result<T, StanzaError> {
    let shared = Arc::clone(server);
    let written = server.store.write_then(
        move |tx| {
            let mut news = News::default();
            let done = pep::or_undo(tx, |tx| job(tx, &mut news))?;
            match done {
                Ok(value) => Ok(Ok((value, news))),
                Err(Refused::By(error)) => Ok(Err(error)),
                Err(Refused::Store(error)) => Err(error),
            }
        },
        move |done: Result<(T, News), StanzaError>| {
            done.map(|(value, news)| {
                news.tell(&shared);
                value
            })
        },
    );
    written.await.map_err(|error| {
        tracing::error!(%error, "node not written");
        StanzaError::from(Condition::InternalServerError)
    })?
}

/// Runs a query that may refuse.
pub(super) async fn read<T: Send + 'static>(
    server: &Server,
    query: impl FnOnce(&Connection) -> Result<T, Refused> + Send + 'static,
) -> Result<T, StanzaError> {
    let found = server.store.read(move |db| match query(db) {
        Ok(value) => Ok(Ok(value)),
        Err(Refused::By(error)) => Ok(Err(error)),
        Err(Refused::Store(error)) => Err(error),
    });
    found.await.map_err(|error| {
        tracing::error!(%error, "node not read");
        StanzaError::from(Condition::InternalServerError)
    })?
}

/// The node of that name, or `item-not-found`.
pub(super) fn find(db: &Connection, asker: &Asker, name: &str) -> Result<Node, Refused> {
    match pep::node(db, &asker.account, name)? {
        Some(row) => Ok(Node::load(db, &asker.server, &asker.account, row)?),
        None => Err(Condition::ItemNotFound.into()),
    }
}

/// As [`find`], if who asks may read it.
pub(super) fn find_readable(db: &Connection, asker: &Asker, name: &str) -> Result<Node, Refused> {
    let node = find(db, asker, name)?;
    node.may_read(&asker.server, &asker.user)?;
    Ok(node)
}

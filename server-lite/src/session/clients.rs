//! What clients say of themselves when they sign in (XEP-0388, section 2.3.1),
//! and what becomes of one that its owner has signed out.

use xmpp_core::element::clean_text;
use xmpp_core::{Element, ns};

use super::auth::Failure;
use super::tokens::ClientId;
use crate::clock;
use crate::router::Entry;
use crate::server::Server;
use crate::store::clients::{self, ClientRow};

/// Longest name of a program or of a device, in characters.
const MAX_NAME: usize = 100;

/// What a client is called, for its owner to recognise.
#[derive(Debug, Clone, Default)]
pub(super) struct Agent {
    software: String,
    device: String,
}

impl Agent {
    /// Reads a `<user-agent/>`.
    pub(super) fn read(agent: &Element) -> Self {
        let text = |name| {
            let text = agent.get_child(name, ns::SASL2).map(Element::text);
            let text = clean_text(&text.unwrap_or_default());
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            line.chars().take(MAX_NAME).collect()
        };
        Self {
            software: text("software"),
            device: text("device"),
        }
    }
}

/// A client that has said which one it is.
pub(super) struct Client {
    pub(super) id: ClientId,
    pub(super) agent: Agent,
}

impl Client {
    /// As it is kept, now that it has a session.
    pub(super) fn row(self, entry: &Entry) -> ClientRow {
        ClientRow {
            client: self.id.to_vec(),
            software: self.agent.software,
            device: self.agent.device,
            address: entry.origin.peer.to_canonical().to_string(),
            first_ms: entry.origin.since_ms,
            last_ms: entry.origin.since_ms,
            has_token: false,
        }
    }
}

/// A client that was signed out comes with the right password, which it may
/// simply have kept: it is refused this once, so that it asks a person for it.
pub(super) async fn refuse_once(
    server: &Server,
    user: &str,
    client: ClientId,
) -> Result<(), Failure> {
    let failed = |error: crate::StoreError| {
        tracing::error!(%error, "client not looked up");
        Failure::Temporary
    };
    let owner = user.to_owned();
    let read = server
        .store
        .read(move |db| clients::is_ended(db, &owner, &client));
    if !read.await.map_err(failed)? {
        return Ok(());
    }
    let owner = user.to_owned();
    let told = server
        .store
        .write(move |tx| clients::told(tx, &owner, &client));
    told.await.map_err(failed)?;
    Err(Failure::Expired)
}

/// A session of a client is over. Nobody waits for the note of it.
pub(super) fn left(server: &Server, user: &str, client: ClientId) {
    let (store, user, now_ms) = (server.store.clone(), user.to_owned(), clock::now_ms());
    server.tasks.spawn(async move {
        let noted = store.write(move |tx| clients::left(tx, &user, &client, now_ms));
        if let Err(error) = noted.await {
            tracing::debug!(%error, "end of a client not noted");
        }
    });
}

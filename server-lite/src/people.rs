//! What happens with an account as a whole: made, disabled, removed, signed in.

use std::sync::Arc;

use xmpp_core::element::{self, build};
use xmpp_core::ns;

use crate::accounts::{self, AccountError};
use crate::clock;
use crate::roster::{self, state::Kind};
use crate::router::Outgoing;
use crate::server::Server;
use crate::store::accounts as rows;
use crate::store::{StoreError, invites, people};

/// Whether somebody administers the server. In doubt they do not.
pub(crate) async fn is_admin(server: &Server, user: &str) -> bool {
    let user = user.to_owned();
    let found = server.store.read(move |db| people::is_admin(db, &user));
    found.await.unwrap_or_else(|error| {
        tracing::error!(%error, "administrators not read");
        false
    })
}

/// Two people get to know each other by an invite (XEP-0401, section 4.5). In a
/// shared roster they do already.
pub(crate) async fn acquaint(server: &Arc<Server>, inviter: &str, newcomer: &str) {
    if server.rosters.shared || inviter == newcomer {
        return;
    }
    for (from, to, kind) in [
        (newcomer, inviter, Kind::Subscribe),
        (inviter, newcomer, Kind::Subscribed),
        (inviter, newcomer, Kind::Subscribe),
        (newcomer, inviter, Kind::Subscribed),
    ] {
        let stanza = build("presence", ns::CLIENT)
            .attr("type", kind.as_str())
            .attr("from", server.bare(from))
            .attr("to", server.bare(to))
            .done();
        if let Err(error) = roster::subscription(server, from, to, kind, &stanza).await {
            tracing::warn!(%error, "the two did not get to know each other");
            return;
        }
    }
}

/// Whether a token is from an invite of somebody, which is spent with that
/// (XEP-0379, section 3.4).
pub(crate) async fn welcomed(server: &Server, inviter: &str, token: &str) -> bool {
    let (inviter, token) = (inviter.to_owned(), token.to_owned());
    let write = move |tx: &rusqlite::Transaction<'_>| {
        if !invites::is_valid(tx, &token, clock::now_ms())? {
            return Ok(false);
        }
        let purpose = invites::purpose(tx, &token)?.unwrap_or_default();
        let is_theirs = purpose.inviter == Some(inviter) && purpose.localpart.is_none();
        Ok(is_theirs && invites::spend(tx, &token)?)
    };
    server.store.write(write).await.unwrap_or_else(|error| {
        tracing::error!(%error, "invite not read");
        false
    })
}

/// Removes an account with all that is its own, and ends its sessions.
pub(crate) async fn remove(server: &Arc<Server>, user: &str) -> Result<(), AccountError> {
    let name = user.to_owned();
    // A later account of that name is another person from this moment on.
    match server
        .change(user, move |tx| rows::remove(tx, &name))
        .await?
    {
        true => Ok(()),
        false => Err(AccountError::NotFound),
    }
}

/// Changes a password. Who does not know it has no business with the sessions
/// of the account: they end, but for the one (by its number) that has set it.
pub(crate) async fn set_password(
    server: &Arc<Server>,
    user: &str,
    password: &str,
    by: u64,
) -> Result<(), AccountError> {
    let (router, name) = (Arc::clone(&server.router), user.to_owned());
    let then = move |generation| router.renew(&name, generation, by);
    accounts::change_password(&server.store, user, password, then).await
}

/// Keeps somebody from signing in, or lets them again. What is sent to them
/// meanwhile waits.
pub(crate) async fn set_disabled(
    server: &Arc<Server>,
    user: &str,
    disabled: bool,
) -> Result<(), AccountError> {
    let name = user.to_owned();
    let write = move |tx: &rusqlite::Transaction<'_>| people::set_disabled(tx, &name, disabled);
    // Whoever may not sign in is no colleague meanwhile, and has no sessions.
    match server.change(user, write).await? {
        true => Ok(()),
        false => Err(AccountError::NotFound),
    }
}

/// Notes that somebody has signed in. Nobody waits for it.
pub(crate) fn signed_in(server: &Arc<Server>, user: &str) {
    let (store, user) = (server.store.clone(), user.to_owned());
    server.tasks.spawn(async move {
        let now_ms = clock::now_ms();
        let noted = store.write(move |tx| people::signed_in(tx, &user, now_ms));
        if let Err(error) = noted.await {
            tracing::debug!(%error, "sign-in not noted");
        }
    });
}

/// The message of the day.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Motd {
    pub(crate) id: String,
    pub(crate) text: String,
}

/// Where the message of the day is kept.
const MOTD: &str = "motd";

/// Reads the message of the day.
pub(crate) async fn motd(store: &crate::store::Store) -> Result<Option<Motd>, StoreError> {
    let json = store.read(|db| rows::meta(db, MOTD)).await?;
    Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
}

/// Sets, changes or removes the message of the day.
pub(crate) async fn set_motd(server: &Server, motd: Option<Motd>) -> Result<(), StoreError> {
    let json = serde_json::to_string(&motd).unwrap_or_default();
    server
        .store
        .write(move |tx| rows::set_meta(tx, MOTD, &json))
        .await?;
    server.commands.set_motd(motd);
    Ok(())
}

/// Shows the message of the day to somebody who has become available, once.
pub(crate) async fn greet(server: &Arc<Server>, user: &str) {
    let Some(motd) = server.commands.motd() else {
        return;
    };
    let (name, id) = (user.to_owned(), motd.id);
    let write = move |tx: &rusqlite::Transaction<'_>| people::sees_motd(tx, &name, &id);
    match server.store.write(write).await {
        Ok(true) => announce(server, user, &motd.text),
        Ok(false) => {}
        Err(error) => tracing::warn!(%error, "message of the day not noted"),
    }
}

/// A word of the server to all sessions of somebody.
pub(crate) fn announce(server: &Server, user: &str, text: &str) {
    let message = build("message", ns::CLIENT)
        .attr("type", "headline")
        .attr("from", server.domain())
        .attr("to", server.bare(user))
        .child(build("body", ns::CLIENT).text(text))
        .done();
    if let Ok(xml) = element::write(&message) {
        let outgoing = Outgoing {
            xml: xml.into(),
            archived: None,
        };
        server
            .router
            .deliver(user, &outgoing, |entry| entry.presence.is_some());
    }
}

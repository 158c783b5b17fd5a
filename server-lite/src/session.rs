//! The life of one client connection: negotiation, then a bound session that
//! may outlive several connections (XEP-0198).

mod auth;
mod backlog;
mod bound;
mod clients;
mod delivery;
mod messages;
mod negotiation;
mod offer;
mod patience;
mod presence;
mod register;
mod sasl2;
mod stanzas;
mod tokens;

use std::sync::Arc;

use xmpp_core::element::build;
use xmpp_core::ns;
use xmpp_core::stream::{StreamCondition, StreamError};

pub(crate) use self::auth::Account;
use self::bound::Session;
pub(crate) use self::delivery::notify;
pub(crate) use self::messages::{Effect, Handled, Work, origin_id};
use self::patience::Patience;
pub(crate) use self::presence::broadcast as broadcast_presence;
pub(crate) use self::register::reply;
use self::sasl2::Success;
pub(crate) use self::tokens::{ClientId, TokenKey};
use crate::server::Server;
use crate::transport::{Transport, TransportError};

/// Why a session has to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SessionEnd {
    /// Another connection took the same resource.
    Replaced,
    /// It reads slower than others write to it, and cannot be resumed.
    TooSlow,
    /// The account has another password, or is a later one of the same name.
    AccountChanged,
    /// The account is gone.
    AccountRemoved,
    /// Nobody may sign in to the account for now.
    AccountDisabled,
    /// Its owner has signed it out, from elsewhere.
    SignedOut,
    /// The server is being stopped.
    Shutdown,
}

impl SessionEnd {
    fn stream_error(&self) -> StreamError {
        let condition = match self {
            Self::Replaced => StreamCondition::Conflict,
            Self::TooSlow => StreamCondition::ResourceConstraint,
            Self::AccountChanged
            | Self::AccountRemoved
            | Self::AccountDisabled
            | Self::SignedOut => StreamCondition::NotAuthorized,
            Self::Shutdown => StreamCondition::SystemShutdown,
        };
        // There are no conditions for these, and a person should know which it is.
        let (name, text) = match self {
            Self::AccountRemoved => ("account-removed", "the account was removed"),
            Self::AccountDisabled => ("account-disabled", "the account was disabled"),
            Self::SignedOut => ("signed-out", "signed out from another device"),
            _ => return condition.into(),
        };
        StreamError {
            text: Some(text.to_owned()),
            detail: Some(Box::new(build(name, ns::OWN_SESSION).done())),
            ..condition.into()
        }
    }
}

/// A connection that wants to go on with a session.
pub(crate) struct ResumeRequest {
    /// The new connection, negotiated up to here.
    pub(crate) transport: Transport,
    /// How many of our stanzas the client has handled.
    pub(crate) h: u32,
    /// What is to be said if the client resumes while it signs in (XEP-0388).
    success: Option<Success>,
}

/// Serves one connection until it ends.
pub(crate) async fn serve(server: Arc<Server>, transport: Box<Transport>) {
    // How a session begins takes more room than the session itself, and is over soon.
    let Some(session) = Box::pin(begin(&server, *transport)).await else {
        return;
    };
    if server.stopping.is_cancelled() {
        // It came after all others were told.
        server
            .router
            .end(Some(&session.user), &SessionEnd::Shutdown);
    }
    session.run().await;
}

/// Negotiates; the session that came of it, if there is a new one.
async fn begin(server: &Arc<Server>, transport: Transport) -> Option<Box<Session>> {
    let patience = Patience::new(server.config.limits.negotiation);
    let peer = transport.peer;
    tokio::select! {
        biased;
        negotiated = negotiation::run(server, transport, &patience) => match negotiated {
            Ok(session) => return session.map(Box::new),
            Err(error) => tracing::debug!(%peer, %error, "connection ended before a session"),
        },
        () = patience.over() => tracing::debug!(%peer, "connection took too long to sign in"),
        // Who has no session yet has nothing to lose.
        () = server.stopping.cancelled() => {}
    }
    None
}

/// Says what was wrong with a stream and ends it.
async fn refuse(
    server: &Server,
    mut transport: Transport,
    error: TransportError,
) -> TransportError {
    if let TransportError::Bad(stream_error) = &error {
        // The error stands in a stream, even if the client's header was what is
        // wrong (RFC 6120, section 4.9.1.2).
        if !transport.is_open()
            && let Err(error) = transport.open(&server.header()).await
        {
            return error;
        }
        let stream_error = stream_error.clone();
        transport.close(Some(stream_error)).await;
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of the future that a function gives.
    fn size<A, B, F: Future>(_: fn(A, B) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_session_at_rest_is_small() {
        // Each connection has them as long as it lasts (`docs/bench-server.md`);
        // what needs more room is boxed while it is done.
        assert!(size(serve) <= 2 * 1024, "{}", size(serve));
        assert!(size_of::<Session>() <= 1024, "{}", size_of::<Session>());
    }
}

//! The features of the protocol, in one list: what a client can ask, what
//! service discovery says, and what the documentation lists come from it, so
//! that a feature cannot be half there.

mod archive;
pub(crate) mod caps;
mod carbons;
mod disco;
mod password;
mod ping;
mod roster;
mod session;
mod time;
mod version;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jid::FullJid;
use xmpp_core::Element;
use xmpp_core::stanza_error::{Condition, StanzaError};

use crate::server::Server;

/// A request to the server or to the client's own account.
pub(crate) struct Request<'a> {
    pub(crate) server: &'a Arc<Server>,
    /// Localpart of who asks.
    pub(crate) user: &'a str,
    pub(crate) address: &'a FullJid,
    /// Number of the session.
    pub(crate) number: u64,
    /// The child of the `<iq/>`.
    pub(crate) payload: &'a Element,
    /// `set` rather than `get`.
    pub(crate) is_set: bool,
    /// To the domain rather than to the account.
    pub(crate) to_server: bool,
}

/// What a module answers.
pub(crate) struct Outcome {
    /// Stanzas that come before the answer.
    pub(crate) before: Vec<Element>,
    /// The payload of the result, or an error.
    pub(crate) answer: Result<Option<Element>, StanzaError>,
    /// The client reads its archive itself from now on.
    pub(crate) reads_archive: bool,
}

impl From<Result<Option<Element>, StanzaError>> for Outcome {
    fn from(answer: Result<Option<Element>, StanzaError>) -> Self {
        Self {
            before: Vec::new(),
            answer,
            reads_archive: false,
        }
    }
}

type Answering<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// One feature.
pub(crate) struct Module {
    /// Name and specification.
    pub(crate) name: &'static str,
    /// What discovery of the server says (XEP-0030).
    pub(crate) server_features: &'static [&'static str],
    /// What discovery of an account says.
    pub(crate) account_features: &'static [&'static str],
    /// Name and name space of the payloads it answers.
    pub(crate) payloads: &'static [(&'static str, &'static str)],
    /// Answers one.
    pub(crate) handle: for<'a> fn(&'a Request<'a>) -> Answering<'a>,
}

/// All of them.
pub(crate) const MODULES: &[Module] = &[
    archive::MODULE,
    carbons::MODULE,
    disco::INFO,
    disco::ITEMS,
    password::MODULE,
    ping::MODULE,
    roster::MODULE,
    session::MODULE,
    time::MODULE,
    version::MODULE,
];

/// Lets the module answer that knows the payload.
pub(crate) async fn handle(request: &Request<'_>) -> Outcome {
    let payload = request.payload;
    let known = MODULES.iter().find(|module| {
        module
            .payloads
            .iter()
            .any(|(name, namespace)| payload.is(*name, *namespace))
    });
    match known {
        Some(module) => {
            tracing::trace!(module = module.name, "request");
            (module.handle)(request).await
        }
        None => Err(Condition::ServiceUnavailable.into()).into(),
    }
}

/// Wraps an answer that waits for nothing.
fn ready<'a>(answer: Result<Option<Element>, StanzaError>) -> Answering<'a> {
    Box::pin(std::future::ready(answer.into()))
}

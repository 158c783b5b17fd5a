//! The features of the protocol, in one list: what a client can ask, what
//! service discovery says, and what the documentation lists come from it, so
//! that a feature cannot be half there.

pub(crate) mod archive;
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
use crate::store::accounts;

/// Where a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The domain.
    Server,
    /// The account of who asks; a request without an address goes there too.
    Own,
    /// The account of a colleague.
    Others,
}

/// A request that the server answers.
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
    pub(crate) place: Place,
    /// Localpart of the account that is asked, where an account is.
    pub(crate) asked: &'a str,
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
    /// Where it answers them.
    pub(crate) places: &'static [Place],
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
        module.places.contains(&request.place)
            && module
                .payloads
                .iter()
                .any(|(name, namespace)| payload.is(*name, *namespace))
    });
    if request.place == Place::Others && !asked_exists(request).await {
        // As if nobody answered: who has an account is not for guessing.
        return Err(Condition::ServiceUnavailable.into()).into();
    }
    match known {
        Some(module) => {
            tracing::trace!(module = module.name, "request");
            (module.handle)(request).await
        }
        None => Err(Condition::ServiceUnavailable.into()).into(),
    }
}

async fn asked_exists(request: &Request<'_>) -> bool {
    let asked = request.asked.to_owned();
    let exists = request
        .server
        .store
        .read(move |db| accounts::exists(db, &asked));
    exists.await.unwrap_or(false)
}

/// Wraps an answer that waits for nothing.
fn ready<'a>(answer: Result<Option<Element>, StanzaError>) -> Answering<'a> {
    Box::pin(std::future::ready(answer.into()))
}

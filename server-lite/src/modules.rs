//! The features of the protocol, in one list: what a client can ask, what
//! service discovery says, and what the documentation lists come from it, so
//! that a feature cannot be half there.

pub(crate) mod archive;
mod blocking;
pub(crate) mod caps;
mod carbons;
pub(crate) mod clients;
mod commands;
mod contact;
mod disco;
mod external;
pub(crate) mod fulltext;
mod last_activity;
mod pep;
mod ping;
mod preferences;
mod private;
mod push;
mod register;
mod rooms;
pub(crate) mod roster;
pub(crate) mod search;
mod session;
mod streams;
mod table;
mod time;
mod upload;
mod vcard;
mod version;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jid::FullJid;
use xmpp_core::Element;
use xmpp_core::stanza_error::{Condition, StanzaError};

pub use self::table::protocol_document;
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
    /// The service for files (`services.rs`).
    Upload,
    /// The service for notifications to web addresses.
    Push,
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
    /// Stanzas that come before the answer, as text.
    pub(crate) before: Vec<String>,
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

/// A specification, and how much of it is there.
pub(crate) struct Spec {
    /// `XEP-0199`, `RFC 6121`.
    pub(crate) number: &'static str,
    pub(crate) title: &'static str,
    /// What is left out, or done in another way; empty if nothing is.
    pub(crate) note: &'static str,
}

/// A specification that is there as it stands.
pub(crate) const fn whole(number: &'static str, title: &'static str) -> Spec {
    in_part(number, title, "")
}

/// A specification of which something is left out, or done in another way.
pub(crate) const fn in_part(number: &'static str, title: &'static str, note: &'static str) -> Spec {
    Spec {
        number,
        title,
        note,
    }
}

/// One feature: answers to requests, or something that happens elsewhere
/// (in streams, in routing) and is only listed here.
pub(crate) struct Module {
    /// What it follows; the table in `docs/protocol.md` is made of these.
    pub(crate) specs: &'static [Spec],
    /// What discovery of the server says (XEP-0030).
    pub(crate) server_features: &'static [&'static str],
    /// What discovery of an account says.
    pub(crate) account_features: &'static [&'static str],
    /// Whether it is switched on; one that is off is neither said nor answered.
    pub(crate) enabled: fn(&Server) -> bool,
    /// Forms in discovery of the server (XEP-0128).
    pub(crate) forms: fn(&Server) -> Vec<Element>,
    /// Name and name space of the payloads it answers.
    pub(crate) payloads: &'static [(&'static str, &'static str)],
    /// Where it answers them.
    pub(crate) places: &'static [Place],
    /// Answers one.
    pub(crate) handle: for<'a> fn(&'a Request<'a>) -> Answering<'a>,
}

impl Module {
    /// Nothing at all, to be filled in.
    pub(crate) const NONE: Self = Self {
        specs: &[],
        server_features: &[],
        account_features: &[],
        enabled: |_| true,
        forms: |_| Vec::new(),
        payloads: &[],
        places: &[],
        handle: |_| ready(Err(Condition::ServiceUnavailable.into())),
    };
}

/// All of them.
pub(crate) const MODULES: &[Module] = &[
    archive::MODULE,
    archive::MESSAGES,
    blocking::MODULE,
    caps::MODULE,
    carbons::MODULE,
    clients::MODULE,
    commands::MODULE,
    contact::MODULE,
    disco::INFO,
    disco::ITEMS,
    external::MODULE,
    fulltext::MODULE,
    last_activity::MODULE,
    pep::MODULE,
    ping::MODULE,
    private::MODULE,
    push::MODULE,
    register::MODULE,
    rooms::MODULE,
    preferences::MODULE,
    roster::MODULE,
    search::MODULE,
    session::MODULE,
    streams::CORE,
    streams::SECURITY,
    streams::RELIABILITY,
    time::MODULE,
    vcard::MODULE,
    upload::MODULE,
    version::MODULE,
];

/// Those that are switched on.
pub(crate) fn enabled(server: &Server) -> impl Iterator<Item = &'static Module> {
    MODULES.iter().filter(|module| (module.enabled)(server))
}

/// Lets the module answer that knows the payload.
pub(crate) async fn handle(request: &Request<'_>) -> Outcome {
    let payload = request.payload;
    let known = enabled(request.server).find(|module| {
        module.places.contains(&request.place)
            && module
                .payloads
                .iter()
                .any(|(name, namespace)| payload.is(*name, *namespace))
    });
    let is_blocked = || {
        let asks = request.address.as_str();
        request.server.blocks(request.asked, asks)
    };
    if request.place == Place::Others && (is_blocked() || !asked_exists(request).await) {
        // As if nobody answered: who has an account is not for guessing.
        return Err(Condition::ServiceUnavailable.into()).into();
    }
    match known {
        Some(module) => {
            tracing::trace!(payload = payload.name(), "request");
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

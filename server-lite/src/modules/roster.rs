//! The roster (RFC 6121, section 2): shared, so that a team sees itself without
//! asking.

use xmpp_core::element::build;
use xmpp_core::ns;
use xmpp_core::stanza_error::{Condition, StanzaError};

use super::{Module, Outcome, Place, Request, in_part};

pub(crate) const MODULE: Module = Module {
    specs: &[in_part(
        "RFC 6121",
        "XMPP: Instant Messaging",
        "the roster is shared",
    )],
    server_features: &[ns::ROSTER],
    account_features: &[],
    payloads: &[("query", ns::ROSTER)],
    places: &[Place::Own],
    handle: |request| Box::pin(handle(request)),
    ..Module::NONE
};

async fn handle(request: &Request<'_>) -> Outcome {
    if request.is_set {
        // The team is the roster; there is nothing of one's own to keep in it.
        let refused = StanzaError::from(Condition::NotAllowed).with_text("the roster is shared");
        return Err(refused).into();
    }
    // First the wish to hear of changes, then the list: nobody is missed.
    request
        .server
        .router
        .update(request.user, request.number, |entry| {
            entry.wants_roster = true;
        });
    match request.server.accounts().await {
        Ok(accounts) => {
            let items = accounts
                .iter()
                .filter(|account| account.localpart != request.user)
                .map(|account| request.server.roster_item(account));
            Ok(Some(build("query", ns::ROSTER).children(items).done())).into()
        }
        Err(error) => {
            tracing::error!(%error, "roster not read");
            Err(Condition::InternalServerError.into()).into()
        }
    }
}

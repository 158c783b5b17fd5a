//! XEP-0012: since when somebody is away, and since when the server runs.

use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::{Module, Place, Request, whole};
use crate::clock;
use crate::store::activity;

pub(crate) const MODULE: Module = Module {
    specs: &[whole("XEP-0012", "Last activity")],
    server_features: &[ns::LAST_ACTIVITY],
    account_features: &[ns::LAST_ACTIVITY],
    payloads: &[("query", ns::LAST_ACTIVITY)],
    places: &[Place::Server, Place::Own, Place::Others],
    handle: |request| Box::pin(async move { answer(request).await.into() }),
    ..Module::NONE
};

async fn answer(request: &Request<'_>) -> Result<Option<Element>, StanzaError> {
    if request.is_set {
        return Err(Condition::NotAllowed.into());
    }
    let server = request.server;
    if request.place == Place::Server {
        return Ok(Some(query(server.started.elapsed().as_secs(), "")));
    }
    if !server.may_see_presence(request.asked, request.user) {
        return Err(Condition::Forbidden.into());
    }
    if server.router.is_available(request.asked) {
        return Ok(Some(query(0, "")));
    }
    let seen = match server.rosters.last_seen(request.asked) {
        Some(seen) => seen,
        None => {
            let user = request.asked.to_owned();
            let read = server.store.read(move |db| activity::get(db, &user)).await;
            read.map_err(|error| {
                tracing::error!(%error, "last activity not read");
                StanzaError::from(Condition::InternalServerError)
            })?
            .ok_or(Condition::ServiceUnavailable)?
        }
    };
    let away_ms = clock::now_ms().saturating_sub(seen.time_ms);
    let seconds = u64::try_from(away_ms / 1000).unwrap_or(0);
    Ok(Some(query(seconds, &seen.status)))
}

fn query(seconds: u64, status: &str) -> Element {
    let query = build("query", ns::LAST_ACTIVITY).attr("seconds", seconds.to_string());
    match status {
        "" => query.done(),
        status => query.text(status).done(),
    }
}

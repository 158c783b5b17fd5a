//! XEP-0441: which messages an account wants archived.

use std::sync::Arc;

use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::{Module, Place, Request, in_part};
use crate::archiving::Preferences;
use crate::store::preferences;

pub(crate) const MODULE: Module = Module {
    specs: &[in_part(
        "XEP-0441",
        "Archive preferences",
        "what the sender does not archive is not recognised when it is sent again",
    )],
    payloads: &[("prefs", ns::MAM)],
    places: &[Place::Own],
    handle: |request| Box::pin(async move { answer(request).await.into() }),
    ..Module::NONE
};

async fn answer(request: &Request<'_>) -> Result<Option<Element>, StanzaError> {
    let archiving = &request.server.archiving;
    if !request.is_set {
        let preferences = archiving.of(request.user);
        return Ok(Some(preferences.unwrap_or_default().to_element()));
    }
    let preferences = Preferences::from_element(request.payload)?;
    let (archiving, owner) = (Arc::clone(archiving), request.user.to_owned());
    let row = preferences.to_row(request.user);
    let set = request.server.store.write_then(
        move |tx| preferences::set(tx, &row),
        move |()| {
            let answer = preferences.to_element();
            archiving.set(&owner, Some(preferences));
            answer
        },
    );
    match set.await {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => {
            tracing::error!(%error, "preferences not written");
            Err(Condition::InternalServerError.into())
        }
    }
}

//! XEP-0441: which messages an account wants archived.

use std::sync::Arc;

use jid::Jid;
use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::{Module, Place, Request, in_part};
use crate::archiving::{Preferences, Standard};
use crate::store::preferences;

/// Most addresses in one list.
const MAX_ADDRESSES: usize = 500;

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
        return Ok(Some(written(&preferences.unwrap_or_default())));
    }
    let preferences = read(request.payload)?;
    let (archiving, owner) = (Arc::clone(archiving), request.user.to_owned());
    let row = preferences.to_row(request.user);
    let set = request.server.store.write_then(
        move |tx| preferences::set(tx, &row),
        move |()| {
            let answer = written(&preferences);
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

fn read(prefs: &Element) -> Result<Preferences, StanzaError> {
    let standard = prefs
        .attr("default")
        .and_then(Standard::from_name)
        .ok_or(Condition::BadRequest)?;
    Ok(Preferences {
        standard,
        always: addresses(prefs, "always")?,
        never: addresses(prefs, "never")?,
    })
}

fn addresses(prefs: &Element, name: &str) -> Result<Vec<String>, StanzaError> {
    let mut all = Vec::new();
    let lists = prefs.children().filter(|child| child.is(name, ns::MAM));
    for item in lists.flat_map(Element::children) {
        if !item.is("jid", ns::MAM) {
            return Err(Condition::BadRequest.into());
        }
        let address = Jid::new(item.text().trim())
            .map_err(|_| StanzaError::from(Condition::JidMalformed))?
            .to_string();
        if !all.contains(&address) {
            all.push(address);
        }
        if all.len() > MAX_ADDRESSES {
            return Err(StanzaError::from(Condition::NotAcceptable).with_text("too many addresses"));
        }
    }
    Ok(all)
}

fn written(preferences: &Preferences) -> Element {
    let list = |name: &str, addresses: &[String]| {
        let items = addresses
            .iter()
            .map(|address| build("jid", ns::MAM).text(address));
        build(name, ns::MAM).children(items)
    };
    build("prefs", ns::MAM)
        .attr("default", preferences.standard.as_str())
        .child(list("always", &preferences.always))
        .child(list("never", &preferences.never))
        .done()
}

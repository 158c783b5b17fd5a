//! Requests for the roster (RFC 6121, section 2).

use std::collections::HashMap;

use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::{Module, Outcome, Place, Request, in_part, whole};
use crate::roster::{self, DELIMITER, Wish};
use crate::store::{directory, roster as rows};

pub(crate) const MODULE: Module = Module {
    specs: &[
        in_part(
            "RFC 6121",
            "XMPP: Instant Messaging",
            "one domain; a changed roster is sent whole, or item by item to who is there",
        ),
        whole("XEP-0083", "Nested groups"),
        whole("XEP-0237", "Roster versioning"),
    ],
    server_features: &[ns::ROSTER],
    account_features: &[],
    payloads: &[("query", ns::ROSTER)],
    places: &[Place::Own],
    handle: |request| Box::pin(handle(request)),
    ..Module::NONE
};

/// What stands between a group and one inside it, for who has stored nothing
/// else (XEP-0083): the payload of private storage.
pub(crate) fn delimiter() -> Element {
    build("roster", ns::ROSTER_DELIMITER).text(DELIMITER).done()
}

async fn handle(request: &Request<'_>) -> Outcome {
    let answer = if request.is_set {
        set(request).await.map(|()| None)
    } else {
        get(request).await
    };
    answer.into()
}

async fn set(request: &Request<'_>) -> Result<(), StanzaError> {
    let wish = Wish::read(request.payload)?;
    if wish.remove {
        return roster::remove(request.server, request.user, wish.contact).await;
    }
    roster::set(request.server, request.user, wish).await
}

/// The whole roster, or nothing if the client has it (section 2.6.3).
async fn get(request: &Request<'_>) -> Result<Option<Element>, StanzaError> {
    let server = request.server;
    // First the wish to hear of changes, then the list: nobody is missed.
    server.router.update(request.user, request.number, |entry| {
        entry.wants_roster = true;
    });
    let known = request.payload.attr("ver").map(str::to_owned);
    let (user, shared) = (request.user.to_owned(), server.rosters.shared);
    let read = server.store.read(move |db| {
        let version = rows::version(db, &user)?;
        if known.is_some_and(|known| known == version.to_string()) {
            return Ok(None);
        }
        let mut people = if shared {
            directory::all(db)?
        } else {
            Vec::new()
        };
        people.retain(|person| person.localpart != user);
        Ok(Some((version, people, rows::items(db, &user)?)))
    });
    let found = read.await.map_err(|error| {
        tracing::error!(%error, "roster not read");
        StanzaError::from(Condition::InternalServerError)
    })?;
    let Some((version, people, items)) = found else {
        return Ok(None);
    };
    let mut own: HashMap<String, _> = items
        .into_iter()
        .map(|item| (item.contact.clone(), item))
        .collect();
    let mut all = Vec::with_capacity(people.len() + own.len());
    for person in &people {
        let item = own.remove(&server.bare(&person.localpart));
        all.extend(server.rosters.element(item.as_ref(), Some(person)));
    }
    let mut others: Vec<_> = own.into_values().collect();
    others.sort_by(|one, other| one.contact.cmp(&other.contact));
    all.extend(
        others
            .iter()
            .filter_map(|item| server.rosters.element(Some(item), None)),
    );
    Ok(Some(roster::query(version, all)))
}

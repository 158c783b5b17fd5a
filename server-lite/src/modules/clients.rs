//! The clients of one's own account, in the protocol of Prosody's
//! `mod_client_management`: those that have access, and how one of them loses it.

use xmpp_core::element::{Build, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, datetime, ns};

use super::{Module, Place, Request, in_part};
use crate::StoreError;
use crate::clients::{self, Access, Ended};

pub(crate) const MODULE: Module = Module {
    specs: &[in_part(
        "mod_client_management",
        "Clients of one's own account (Prosody 13)",
        "says more: which one asks, the resource and the address of a session \
         (`urn:startalk:session:0`); who signs in by SASL 2 and is ended is refused the next time, \
         the password being right or not",
    )],
    server_features: &[],
    account_features: &[ns::CLIENTS],
    payloads: &[("list", ns::CLIENTS), ("revoke", ns::CLIENTS)],
    places: &[Place::Own],
    handle: |request| Box::pin(async move { answer(request).await.into() }),
    ..Module::NONE
};

fn failed(error: StoreError) -> StanzaError {
    tracing::error!(%error, "clients");
    Condition::InternalServerError.into()
}

async fn answer(request: &Request<'_>) -> Result<Option<Element>, StanzaError> {
    match (request.payload.name(), request.is_set) {
        ("list", false) => list(request).await.map(Some),
        ("revoke", true) => revoke(request).await.map(|()| None),
        _ => Err(Condition::BadRequest.into()),
    }
}

async fn list(request: &Request<'_>) -> Result<Element, StanzaError> {
    let all = clients::list(request.server, request.user)
        .await
        .map_err(failed)?;
    let shown = all.iter().map(|access| show(access, request.number));
    Ok(build("clients", ns::CLIENTS).children(shown).done())
}

fn show(access: &Access, asking: u64) -> Build {
    let text = |name, text: &str| build(name, ns::CLIENTS).text(text);
    let said = |name, said: &str| (!said.is_empty()).then(|| text(name, said));
    let auth = build("auth", ns::CLIENTS)
        .child(build("password", ns::CLIENTS))
        .children(access.has_token.then(|| build("fast", ns::CLIENTS)));
    let agent = build("user-agent", ns::CLIENTS)
        .children(said("software", &access.software))
        .children(said("device", &access.device));
    let is_this = (access.session.as_ref()).is_some_and(|(number, _)| *number == asking);
    let session = build("session", ns::OWN_SESSION)
        .attr("address", &access.address)
        .attr_opt("resource", access.session.as_ref().map(|(_, name)| name))
        .attr_opt("this", is_this.then_some("true"));
    let connected = if access.session.is_some() {
        "true"
    } else {
        "false"
    };
    build("client", ns::CLIENTS)
        .attr("id", &access.id)
        .attr("type", "session")
        .attr("connected", connected)
        .child(text("first-seen", &datetime::format_ms(access.first_ms)))
        .child(text("last-seen", &datetime::format_ms(access.last_ms)))
        .child(auth)
        .child(agent)
        .child(session)
}

async fn revoke(request: &Request<'_>) -> Result<(), StanzaError> {
    let id = request.payload.attr("id").ok_or(Condition::BadRequest)?;
    let ended = clients::end(request.server, request.user, id).await;
    match ended.map_err(failed)? {
        Ended::Out => Ok(()),
        Ended::Unknown => Err(Condition::ItemNotFound.into()),
        Ended::MayComeBack => {
            let reset = build("password-reset-required", ns::CLIENTS);
            Err(StanzaError::from(Condition::ServiceUnavailable).with_detail(reset))
        }
    }
}

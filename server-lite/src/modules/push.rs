//! XEP-0357: who wants to be told of messages while somebody is away.

use jid::Jid;
use xmpp_core::element;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::{Module, Outcome, Place, Request, in_part};
use crate::form::Filled;
use crate::server::Server;
use crate::store::{accounts, push as rows};
use crate::{push, services};

/// Longest name of a node, and longest form of options as XML.
const MAX_NODE: usize = 1024;
const MAX_OPTIONS: usize = 8 * 1024;

pub(crate) const MODULE: Module = Module {
    specs: &[in_part(
        "XEP-0357",
        "Push notifications",
        "an app server is an account of this server, or a web address: as `push.` and the domain, \
         with the address as node, where the configuration allows it; of rooms only sessions hear \
         that wait to be resumed",
    )],
    account_features: &[ns::PUSH],
    payloads: &[("enable", ns::PUSH), ("disable", ns::PUSH)],
    places: &[Place::Own],
    handle: |request| Box::pin(handle(request)),
    ..Module::NONE
};

async fn handle(request: &Request<'_>) -> Outcome {
    if !request.is_set {
        return Err(Condition::BadRequest.into()).into();
    }
    let done = match request.payload.name() {
        "enable" => enable(request).await,
        _ => disable(request).await,
    };
    done.map(|()| None).into()
}

fn address(request: &Request<'_>) -> Result<Jid, StanzaError> {
    let jid = request.payload.attr("jid").ok_or(Condition::BadRequest)?;
    Jid::new(jid).map_err(|_| Condition::JidMalformed.into())
}

async fn enable(request: &Request<'_>) -> Result<(), StanzaError> {
    let server = request.server;
    let jid = address(request)?;
    let node = request.payload.attr("node").unwrap_or_default().to_owned();
    if node.len() > MAX_NODE {
        return Err(Condition::NotAcceptable.into());
    }
    let options = options(request.payload)?;
    check(server, &jid, &node).await?;
    let owner = request.user.to_owned();
    let enabled = server
        .store
        .write(move |tx| rows::enable(tx, &owner, jid.as_str(), &node, options.as_deref()))
        .await
        .map_err(internal)?;
    match enabled {
        true => Ok(()),
        false => Err(Condition::ResourceConstraint.into()),
    }
}

/// Whether that is an app server that can be told.
async fn check(server: &Server, jid: &Jid, node: &str) -> Result<(), StanzaError> {
    if let Some(service) = services::at(server, jid) {
        let plain = jid.node().is_none() && jid.resource().is_none();
        if service.place != Place::Push || !plain {
            return Err(Condition::ServiceUnavailable.into());
        }
        let allowed = push::allowed(server, node).is_some();
        return allowed.then_some(()).ok_or_else(|| {
            StanzaError::from(Condition::NotAllowed).with_text("this web address is not allowed")
        });
    }
    if jid.domain().as_str() != server.domain() {
        return Err(Condition::RemoteServerNotFound.into());
    }
    let app_server = server.localpart(&jid.to_bare());
    let app_server = app_server.ok_or(Condition::ServiceUnavailable)?;
    let exists = server
        .store
        .read(move |db| accounts::exists(db, &app_server))
        .await
        .map_err(internal)?;
    exists
        .then_some(())
        .ok_or_else(|| Condition::ServiceUnavailable.into())
}

/// The form that the app server wants to see again, as XML.
fn options(payload: &Element) -> Result<Option<String>, StanzaError> {
    let Some(form) = payload.get_child("x", ns::DATA_FORMS) else {
        return Ok(None);
    };
    if !Filled::read(form).is_of_type(ns::PUBSUB_PUBLISH_OPTIONS) {
        return Err(Condition::BadRequest.into());
    }
    let xml = element::write(form).map_err(|_| Condition::BadRequest)?;
    if xml.len() > MAX_OPTIONS {
        return Err(Condition::NotAcceptable.into());
    }
    Ok(Some(xml))
}

async fn disable(request: &Request<'_>) -> Result<(), StanzaError> {
    let jid = address(request)?;
    let node = request.payload.attr("node").map(str::to_owned);
    let owner = request.user.to_owned();
    request
        .server
        .store
        .write(move |tx| rows::disable(tx, &owner, jid.as_str(), node.as_deref()))
        .await
        .map_err(internal)
}

fn internal(error: crate::StoreError) -> StanzaError {
    tracing::error!(%error, "notification not set");
    Condition::InternalServerError.into()
}

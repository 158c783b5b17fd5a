//! XEP-0077 for who has signed in: a change of password (section 3.3) and, where
//! the configuration allows it, the end of one's own account (section 3.2).

use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, names, ns};

use super::{Module, Place, Request, whole};
use crate::accounts::AccountError;
use crate::form::Filled;
use crate::people;

pub(crate) const MODULE: Module = Module {
    specs: &[whole("XEP-0077", "In-band registration")],
    server_features: &[ns::REGISTER],
    account_features: &[],
    payloads: &[("query", ns::REGISTER)],
    places: &[Place::Own, Place::Server],
    handle: |request| Box::pin(async move { handle(request).await.into() }),
    ..Module::NONE
};

async fn handle(request: &Request<'_>) -> Result<Option<Element>, StanzaError> {
    let payload = request.payload;
    if !request.is_set {
        let query = build("query", ns::REGISTER)
            .child(build("registered", ns::REGISTER))
            .child(build("username", ns::REGISTER).text(request.user))
            .child(build("password", ns::REGISTER));
        return Ok(Some(query.done()));
    }
    if payload.has_child("remove", ns::REGISTER) {
        return remove(request).await;
    }
    let form = payload.get_child("x", ns::DATA_FORMS).map(Filled::read);
    let field = |name: &str| match &form {
        Some(form) => form.first(name).map(str::to_owned),
        None => payload.get_child(name, ns::REGISTER).map(Element::text),
    };
    let (Some(username), Some(password)) = (field("username"), field("password")) else {
        return Err(Condition::BadRequest.into());
    };
    if names::normal_localpart(&username).as_deref() != Some(request.user) {
        return Err(Condition::NotAllowed.into());
    }
    match people::set_password(request.server, request.user, &password, request.number).await {
        Ok(()) => Ok(None),
        Err(AccountError::PasswordTooWeak) => Err(Condition::NotAcceptable.into()),
        Err(error) => Err(internal(&error)),
    }
}

/// The answer goes out before the session hears that it has to end.
async fn remove(request: &Request<'_>) -> Result<Option<Element>, StanzaError> {
    if request.payload.children().count() != 1 {
        return Err(Condition::BadRequest.into());
    }
    if !request.server.config.allow_account_removal {
        return Err(StanzaError::from(Condition::NotAllowed)
            .with_text("accounts are removed by their administrator"));
    }
    match people::remove(request.server, request.user).await {
        Ok(()) => {
            tracing::info!(user = request.user, "account removed by its owner");
            Ok(None)
        }
        Err(error) => Err(internal(&error)),
    }
}

fn internal(error: &AccountError) -> StanzaError {
    tracing::error!(%error, "account not changed");
    Condition::InternalServerError.into()
}

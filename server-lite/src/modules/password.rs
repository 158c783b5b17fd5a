//! XEP-0077, section 3.3: a change of password by who has signed in.

use xmpp_core::element::build;
use xmpp_core::stanza_error::Condition;
use xmpp_core::{Element, names, ns};

use super::{Module, Outcome, Place, Request, in_part};
use crate::accounts::{self, AccountError};

pub(crate) const MODULE: Module = Module {
    specs: &[in_part(
        "XEP-0077",
        "In-band registration",
        "accounts are removed by their administrator",
    )],
    server_features: &[],
    account_features: &[],
    payloads: &[("query", ns::REGISTER)],
    places: &[Place::Own, Place::Server],
    handle: |request| Box::pin(handle(request)),
    ..Module::NONE
};

async fn handle(request: &Request<'_>) -> Outcome {
    let field = |name: &str| {
        request
            .payload
            .get_child(name, ns::REGISTER)
            .map(Element::text)
    };
    if !request.is_set {
        let query = build("query", ns::REGISTER)
            .child(build("registered", ns::REGISTER))
            .child(build("username", ns::REGISTER).text(request.user));
        return Ok(Some(query.done())).into();
    }
    let (Some(username), Some(password)) = (field("username"), field("password")) else {
        // `<remove/>` too: accounts end by their administrator.
        return Err(Condition::NotAllowed.into()).into();
    };
    if names::normal_localpart(&username).as_deref() != Some(request.user) {
        return Err(Condition::NotAllowed.into()).into();
    }
    match accounts::set_password(&request.server.store, request.user, &password).await {
        Ok(()) => Ok(None).into(),
        Err(AccountError::PasswordTooWeak) => Err(Condition::NotAcceptable.into()).into(),
        Err(error) => {
            tracing::error!(%error, "password not changed");
            Err(Condition::InternalServerError.into()).into()
        }
    }
}

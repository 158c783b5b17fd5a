//! Making an account before signing in (XEP-0077), with an invite (XEP-0445).

use std::net::IpAddr;
use std::time::Instant;

use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use crate::accounts::{self, AccountError};
use crate::clock;
use crate::config::Registration;
use crate::server::Server;
use crate::store::invites;

/// What a connection has shown so far.
#[derive(Default)]
pub(super) struct PreAuth {
    token: Option<String>,
}

impl PreAuth {
    /// Answers a request of a client that has not signed in.
    pub(super) async fn handle(&mut self, server: &Server, iq: &Element, peer: IpAddr) -> Element {
        let answer = self.answer(server, iq, peer).await;
        reply(iq, answer)
    }

    async fn answer(
        &mut self,
        server: &Server,
        iq: &Element,
        peer: IpAddr,
    ) -> Result<Option<Element>, StanzaError> {
        if let (Some("set"), Some(preauth)) =
            (iq.attr("type"), iq.get_child("preauth", ns::PREAUTH))
        {
            return self
                .pre_authenticate(server, preauth, peer)
                .await
                .map(|()| None);
        }
        let Some(query) = iq.get_child("query", ns::REGISTER) else {
            return Err(StanzaError {
                kind: xmpp_core::stanza_error::ErrorType::Auth,
                condition: Condition::NotAuthorized,
                text: Some("sign in first".to_owned()),
                detail: None,
            });
        };
        if server.config.registration == Registration::Closed {
            return Err(Condition::NotAllowed.into());
        }
        match iq.attr("type") {
            Some("get") => Ok(Some(form())),
            Some("set") => self.register(server, query, peer).await.map(|()| None),
            _ => Err(Condition::BadRequest.into()),
        }
    }

    async fn pre_authenticate(
        &mut self,
        server: &Server,
        preauth: &Element,
        peer: IpAddr,
    ) -> Result<(), StanzaError> {
        check_rate(server, peer)?;
        let token = preauth.attr("token").unwrap_or_default().to_owned();
        let asked = token.clone();
        let valid = server
            .store
            .read(move |db| invites::is_valid(db, &asked, clock::now_ms()))
            .await
            .map_err(internal)?;
        if !valid {
            server.limiter.failed(peer, Instant::now());
            return Err(StanzaError::from(Condition::ItemNotFound)
                .with_text("the invite is not valid (any more)"));
        }
        self.token = Some(token);
        Ok(())
    }

    async fn register(
        &mut self,
        server: &Server,
        query: &Element,
        peer: IpAddr,
    ) -> Result<(), StanzaError> {
        check_rate(server, peer)?;
        if server.config.registration == Registration::Invite && self.token.is_none() {
            return Err(StanzaError::from(Condition::Forbidden).with_text("an invite is needed"));
        }
        let field = |name: &str| {
            query
                .get_child(name, ns::REGISTER)
                .map(Element::text)
                .unwrap_or_default()
        };
        let (username, name, password) = (field("username"), field("name"), field("password"));
        let shown = if name.trim().is_empty() {
            &username
        } else {
            &name
        };
        let account = accounts::new_account(Some(&username), shown).map_err(account_error)?;
        let account = accounts::create(&server.store, account, &password, self.token.clone())
            .await
            .map_err(account_error)?;
        tracing::info!(user = account.localpart, "account made by registration");
        self.token = None;
        server.announce(&account.localpart).await;
        Ok(())
    }
}

fn check_rate(server: &Server, peer: IpAddr) -> Result<(), StanzaError> {
    let limit = server.config.limits.failures_per_minute;
    if server.limiter.may_try(peer, limit, Instant::now()) {
        Ok(())
    } else {
        Err(Condition::ResourceConstraint.into())
    }
}

fn form() -> Element {
    build("query", ns::REGISTER)
        .child(build("instructions", ns::REGISTER).text("Choose a user name and a password."))
        .children(["username", "password", "name"].map(|name| build(name, ns::REGISTER)))
        .done()
}

pub(super) fn account_error(error: AccountError) -> StanzaError {
    match error {
        AccountError::NameTaken => Condition::Conflict.into(),
        AccountError::NameInvalid => {
            StanzaError::from(Condition::JidMalformed).with_text("the name cannot be used")
        }
        AccountError::PasswordTooWeak => StanzaError::from(Condition::NotAcceptable)
            .with_text("the password needs at least eight characters"),
        AccountError::InviteNotValid => StanzaError::from(Condition::ItemNotFound)
            .with_text("the invite is not valid (any more)"),
        AccountError::NotFound => Condition::ItemNotFound.into(),
        AccountError::Random(error) => internal(error),
        AccountError::Store(error) => internal(error),
    }
}

/// A fault of ours: the log knows more than the client.
pub(super) fn internal(error: impl std::fmt::Display) -> StanzaError {
    tracing::error!(%error, "request failed");
    Condition::InternalServerError.into()
}

/// The result or error that answers a request.
pub(crate) fn reply(iq: &Element, answer: Result<Option<Element>, StanzaError>) -> Element {
    let result = build("iq", ns::CLIENT)
        .attr_opt("id", iq.attr("id"))
        .attr_opt("to", iq.attr("from"))
        .attr_opt("from", iq.attr("to"));
    match answer {
        Ok(None) => result.attr("type", "result").done(),
        Ok(Some(payload)) => result.attr("type", "result").child(payload).done(),
        Err(error) => result
            .attr("type", "error")
            .child(error.to_element())
            .done(),
    }
}

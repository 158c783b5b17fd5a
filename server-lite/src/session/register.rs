//! Making an account before signing in (XEP-0077), with an invite (XEP-0445).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use crate::accounts::{self, AccountError};
use crate::clock;
use crate::config::Registration;
use crate::form::{Filled, Form};
use crate::people;
use crate::server::Server;
use crate::store::invites::{self, Purpose};

/// What a connection has shown so far.
#[derive(Default)]
pub(super) struct PreAuth {
    token: Option<String>,
    /// What its invite is for.
    purpose: Purpose,
    /// Whether a person has the form before them.
    fills_in: bool,
}

impl PreAuth {
    /// Whether the connection waits for a person who may make an account: they
    /// type, and think of a password.
    pub(super) fn fills_in(&self) -> bool {
        self.fills_in
    }

    /// Answers a request of a client that has not signed in.
    pub(super) async fn handle(
        &mut self,
        server: &Arc<Server>,
        iq: &Element,
        peer: IpAddr,
    ) -> Element {
        let answer = self.answer(server, iq, peer).await;
        reply(iq, answer)
    }

    async fn answer(
        &mut self,
        server: &Arc<Server>,
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
            return Err(StanzaError::from(Condition::NotAuthorized).with_text("sign in first"));
        };
        if server.config.registration == Registration::Closed {
            return Err(Condition::NotAllowed.into());
        }
        match iq.attr("type") {
            Some("get") => {
                self.fills_in |= server.config.registration == Registration::Open;
                Ok(Some(form(self.purpose.localpart.as_deref())))
            }
            Some("set") => self.register(server, query, peer).await.map(|()| None),
            _ => Err(Condition::BadRequest.into()),
        }
    }

    async fn pre_authenticate(
        &mut self,
        server: &Arc<Server>,
        preauth: &Element,
        peer: IpAddr,
    ) -> Result<(), StanzaError> {
        check_rate(server, peer)?;
        let token = preauth.attr("token").unwrap_or_default().to_owned();
        let asked = token.clone();
        let purpose = server
            .store
            .read(
                move |db| match invites::is_valid(db, &asked, clock::now_ms())? {
                    true => invites::purpose(db, &asked),
                    false => Ok(None),
                },
            )
            .await
            .map_err(internal)?;
        let Some(purpose) = purpose else {
            server.limiter.failed(peer, Instant::now());
            return Err(StanzaError::from(Condition::ItemNotFound)
                .with_text("the invite is not valid (any more)"));
        };
        self.token = Some(token);
        self.purpose = purpose;
        self.fills_in = true;
        Ok(())
    }

    async fn register(
        &mut self,
        server: &Arc<Server>,
        query: &Element,
        peer: IpAddr,
    ) -> Result<(), StanzaError> {
        check_rate(server, peer)?;
        if server.config.registration == Registration::Invite && self.token.is_none() {
            return Err(StanzaError::from(Condition::Forbidden).with_text("an invite is needed"));
        }
        let wish = Wish::read(query)?;
        let is_invited = self.token.is_some();
        let max = server.config.limits.registrations_per_hour;
        if !is_invited && !server.limiter.may_register(peer, max, Instant::now()) {
            return Err(Condition::ResourceConstraint.into());
        }
        let made = self.make(server, &wish).await;
        if made.is_err() {
            // Asking for names costs the server something, and tells who is here.
            server.limiter.failed(peer, Instant::now());
            if !is_invited {
                server.limiter.not_registered(peer);
            }
        }
        let user = made.map_err(account_error)?;
        tracing::info!(user, "account made by registration");
        self.token = None;
        server.announce(&user).await;
        if let Some(inviter) = std::mem::take(&mut self.purpose).inviter {
            people::acquaint(server, &inviter, &user).await;
        }
        Ok(())
    }

    async fn make(&self, server: &Server, wish: &Wish) -> Result<String, AccountError> {
        let account = accounts::new_account(Some(&wish.username), &wish.shown)?;
        // A name that an administrator has chosen needs no further opinion.
        if self.purpose.localpart.is_none() {
            accounts::check_name(&server.store, &account.localpart).await?;
        }
        let token = self.token.clone();
        let account = accounts::create(&server.store, account, &wish.password, token).await?;
        Ok(account.localpart)
    }
}

/// What somebody has filled in, as fields or as a form (XEP-0077, sections 3.1
/// and 4).
struct Wish {
    username: String,
    password: String,
    /// Name for the others.
    shown: String,
}

impl Wish {
    fn read(query: &Element) -> Result<Self, StanzaError> {
        let form = query.get_child("x", ns::DATA_FORMS).map(Filled::read);
        if form
            .as_ref()
            .is_some_and(|form| !form.is_of_type(ns::REGISTER))
        {
            return Err(Condition::BadRequest.into());
        }
        let field = |name: &str| {
            let text = match &form {
                Some(form) => form.first(name).map(str::to_owned),
                None => query.get_child(name, ns::REGISTER).map(Element::text),
            };
            text.unwrap_or_default()
        };
        let (username, name, password) = (field("username"), field("name"), field("password"));
        if username.is_empty() || password.is_empty() {
            return Err(StanzaError::from(Condition::NotAcceptable)
                .with_text("a user name and a password are needed"));
        }
        let shown = match name.trim() {
            "" => username.clone(),
            _ => name,
        };
        Ok(Self {
            username,
            password,
            shown,
        })
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

fn form(username: Option<&str>) -> Element {
    let text = "Choose a user name and a password.";
    let field = |name: &str| build(name, ns::REGISTER);
    let kept = match username {
        Some(username) => field("username").text(username),
        None => field("username"),
    };
    let none: [&str; 0] = [];
    let form = Form::new("form", ns::REGISTER)
        .title("A new account")
        .instructions(text);
    let form = match username {
        Some(name) => form.field("username", "text-single", Some("User name"), [name]),
        None => form.required("username", "text-single", "User name"),
    };
    let form = form.required("password", "text-private", "Password").field(
        "name",
        "text-single",
        Some("Your name"),
        none,
    );
    build("query", ns::REGISTER)
        .child(field("instructions").text(text))
        .child(kept)
        .children(["password", "name"].map(field))
        .child(form.done())
        .done()
}

pub(super) fn account_error(error: AccountError) -> StanzaError {
    match error {
        AccountError::NameTaken => Condition::Conflict.into(),
        AccountError::NameLooksAlike => StanzaError::from(Condition::Conflict)
            .with_text("the name looks like that of somebody else"),
        AccountError::NameReserved => {
            StanzaError::from(Condition::Conflict).with_text("the name is reserved")
        }
        AccountError::NameInvalid => {
            StanzaError::from(Condition::JidMalformed).with_text("the name cannot be used")
        }
        AccountError::PasswordTooWeak => StanzaError::from(Condition::NotAcceptable)
            .with_text("the password needs at least eight characters"),
        AccountError::InviteNotValid => StanzaError::from(Condition::ItemNotFound)
            .with_text("the invite is not valid (any more)"),
        AccountError::NotFound => Condition::ItemNotFound.into(),
        AccountError::LedInCircle => Condition::BadRequest.into(),
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

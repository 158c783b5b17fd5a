//! Making an account with an invite (XEP-0077, XEP-0445).

use std::sync::atomic::{AtomicBool, Ordering};

use navigation::ServerTarget;
use tokio::time::{Instant, timeout_at};
use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::{ConnectError, Connector, Transport, dial, portal};

/// Makes an account on a connection of its own. `asked` becomes true when the server is
/// asked for it: from then on it may be there, whatever the answer is.
pub(crate) async fn register(
    connector: &Connector,
    target: &ServerTarget,
    username: &str,
    display_name: &str,
    password: &str,
    token: &str,
    asked: &AtomicBool,
) -> Result<(), ConnectError> {
    let deadline = Instant::now() + connector.timeouts.connect;
    let opened = Box::pin(dial(connector, target, None, deadline)).await;
    let mut transport = match opened {
        Ok(opened) => opened.transport,
        Err(error) => return Err(Box::pin(portal::explain(connector, target, error)).await),
    };
    let exchange = exchange(
        &mut transport,
        &target.domain,
        username,
        display_name,
        password,
        token,
        asked,
    );
    let made = timeout_at(deadline, exchange).await;
    transport.close().await;
    made.unwrap_or(Err(ConnectError::TimedOut))
}

async fn exchange(
    transport: &mut Transport,
    domain: &str,
    username: &str,
    display_name: &str,
    password: &str,
    token: &str,
    asked: &AtomicBool,
) -> Result<(), ConnectError> {
    let preauth = build("preauth", ns::PREAUTH).attr("token", token);
    if let Err(error) = ask(transport, domain, "preauth", preauth.done()).await? {
        return Err(match error.condition {
            Condition::ResourceConstraint => ConnectError::AccountDisabled("too many tries".into()),
            Condition::NotAllowed | Condition::ServiceUnavailable => {
                ConnectError::RegistrationClosed
            }
            _ => ConnectError::InviteNotValid,
        });
    }
    let field = |name: &str, value: &str| build(name, ns::REGISTER).text(value);
    let query = build("query", ns::REGISTER)
        .child(field("username", username))
        .child(field("password", password))
        .child(field("name", display_name));
    asked.store(true, Ordering::Relaxed);
    match ask(transport, domain, "register", query.done()).await? {
        Ok(()) => Ok(()),
        Err(error) => Err(match error.condition {
            Condition::Conflict => ConnectError::NameTaken,
            Condition::JidMalformed => ConnectError::NameInvalid,
            Condition::NotAcceptable => ConnectError::PasswordTooWeak,
            Condition::ItemNotFound | Condition::Forbidden => ConnectError::InviteNotValid,
            Condition::NotAllowed | Condition::ServiceUnavailable => {
                ConnectError::RegistrationClosed
            }
            _ => ConnectError::AccountDisabled(error.to_string()),
        }),
    }
}

async fn ask(
    transport: &mut Transport,
    domain: &str,
    id: &str,
    payload: Element,
) -> Result<Result<(), StanzaError>, ConnectError> {
    let iq = build("iq", ns::CLIENT)
        .attr("type", "set")
        .attr("id", id)
        .attr("to", domain)
        .child(payload);
    transport.send(&iq.done()).await?;
    loop {
        let answer = transport.next_element().await?;
        if !answer.is("iq", ns::CLIENT) || answer.attr("id") != Some(id) {
            continue;
        }
        return Ok(match answer.attr("type") {
            Some("result") => Ok(()),
            _ => Err(StanzaError::from_stanza(&answer)),
        });
    }
}

//! From the first stream header to a bound or resumed session
//! (RFC 6120, sections 4.3, 5, 6 and 7).

use std::sync::Arc;

use jid::BareJid;
use xmpp_core::element::build;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::stream::{self, StreamCondition, StreamHeader};
use xmpp_core::{Element, ns};

use super::auth::Account;
use super::bound::Session;
use super::bound::acknowledgement::out_of_turn;
use super::bound::binding::resource;
use super::offer::{self, Offer};
use super::patience::Patience;
use super::register::PreAuth;
use super::sasl2::{self, Outcome, SignedIn};
use super::{ResumeRequest, auth, refuse};
use crate::mailbox::{NotSent, Sender};
use crate::server::Server;
use crate::transport::{Incoming, Transport, TransportError};

/// Sign-ins that one connection may try.
const MAX_TRIES: u32 = 5;

/// Who has signed in, by which profile of SASL.
enum By {
    Sasl(Account),
    Sasl2(Box<SignedIn>),
}

/// Negotiates; `None` if the connection now belongs to a session that resumed,
/// or was closed in good order.
pub(super) async fn run(
    server: &Arc<Server>,
    mut transport: Transport,
    patience: &Patience,
) -> Result<Option<Session>, TransportError> {
    let signed_in = match sign_in(server, &mut transport, patience).await {
        Ok(Some(signed_in)) => signed_in,
        Ok(None) => {
            transport.close(None).await;
            return Ok(None);
        }
        Err(error) => return Err(refuse(server, transport, error).await),
    };
    transport.trust();
    match signed_in {
        By::Sasl(account) => {
            transport.restart();
            match open(server, &mut transport, &offer::unbound(server)).await {
                Ok(Some(_)) => bind_or_resume(server, transport, account).await,
                Ok(None) => {
                    transport.close(None).await;
                    Ok(None)
                }
                Err(error) => Err(refuse(server, transport, error).await),
            }
        }
        // The stream goes on (XEP-0388, section 2.6.1).
        By::Sasl2(signed_in) => match sasl2::establish(server, transport, *signed_in).await? {
            Outcome::Bound(session) => Ok(Some(*session)),
            Outcome::Gone => Ok(None),
            Outcome::Unbound(transport, account) => {
                bind_or_resume(server, *transport, account).await
            }
        },
    }
}

/// Answers a stream header and says what can be done next; `None` if the client
/// ends instead.
async fn open(
    server: &Server,
    transport: &mut Transport,
    features: &[Element],
) -> Result<Option<StreamHeader>, TransportError> {
    let header = match transport.next().await? {
        Incoming::Open(header) => header,
        Incoming::Close => return Ok(None),
        Incoming::Element(_) => {
            return Err(TransportError::Bad(StreamCondition::NotAuthorized.into()));
        }
    };
    transport.open(&server.header()).await?;
    let fault = if header
        .to
        .as_ref()
        .is_some_and(|to| !to.eq_ignore_ascii_case(server.domain()))
    {
        Some(StreamCondition::HostUnknown)
    } else if header
        .version
        .as_deref()
        .is_none_or(|version| !version.starts_with("1."))
    {
        Some(StreamCondition::UnsupportedVersion)
    } else if header
        .from
        .as_deref()
        .and_then(|from| BareJid::new(from).ok())
        .is_some_and(|from| from.domain().as_str() != server.domain())
    {
        // RFC 6120, section 4.9.3.9; XEP-0388, section 2.1.
        Some(StreamCondition::InvalidFrom)
    } else {
        None
    };
    if let Some(fault) = fault {
        return Err(TransportError::Bad(fault.into()));
    }
    transport.send(&stream::features(features)?).await?;
    Ok(Some(header))
}

async fn sign_in(
    server: &Arc<Server>,
    transport: &mut Transport,
    patience: &Patience,
) -> Result<Option<By>, TransportError> {
    let mut pre_auth = PreAuth::default();
    let mut tries = 0;
    // Once in clear, perhaps, and once encrypted.
    loop {
        let offer = Offer::of(server, transport);
        let Some(header) = open(server, transport, &offer.features(server)).await? else {
            return Ok(None);
        };
        let from = header.from.and_then(|from| BareJid::new(&from).ok());
        let from = from.as_ref().map(|from| from.as_str());
        loop {
            let element = match transport.next().await? {
                Incoming::Close => return Ok(None),
                Incoming::Open(_) => {
                    return Err(TransportError::Bad(StreamCondition::BadFormat.into()));
                }
                Incoming::Element(element) => element,
            };
            if offer.starttls && element.is("starttls", ns::TLS) {
                transport.start_tls(server).await?;
                break;
            }
            if offer.only_starttls() {
                return Err(TransportError::Bad(StreamCondition::PolicyViolation.into()));
            }
            let signed_in = if element.is("auth", ns::SASL) {
                let account = auth::sasl(server, transport, &offer, element).await?;
                account.map(By::Sasl)
            } else if offer.sasl2 && element.is("authenticate", ns::SASL2) {
                let done = sasl2::authenticate(server, transport, &offer, from, element);
                let done = done.await?;
                done.map(Box::new).map(By::Sasl2)
            } else if element.is("iq", ns::CLIENT) {
                // Answers are not answered (RFC 6120, section 8.2.3).
                if !matches!(element.attr("type"), Some("result" | "error")) {
                    let answer = pre_auth.handle(server, &element, transport.peer).await;
                    if pre_auth.fills_in() {
                        patience.allow(server.config.limits.registration);
                    }
                    transport.send_element(&answer).await?;
                }
                continue;
            } else {
                return Err(TransportError::Bad(StreamCondition::NotAuthorized.into()));
            };
            if signed_in.is_some() {
                return Ok(signed_in);
            }
            tries += 1;
            if tries >= MAX_TRIES {
                return Err(TransportError::Bad(StreamCondition::PolicyViolation.into()));
            }
        }
    }
}

/// The part between the sign-in and a resource.
async fn bind_or_resume(
    server: &Arc<Server>,
    mut transport: Transport,
    account: Account,
) -> Result<Option<Session>, TransportError> {
    loop {
        let element = match transport.next().await {
            Ok(Incoming::Element(element)) => element,
            Ok(Incoming::Close) => {
                transport.close(None).await;
                return Ok(None);
            }
            Ok(Incoming::Open(_)) => {
                let error = TransportError::Bad(StreamCondition::BadFormat.into());
                return Err(refuse(server, transport, error).await);
            }
            Err(error) => return Err(refuse(server, transport, error).await),
        };
        if element.is("resume", ns::SM) {
            let Some(back) = resume(server, transport, &account, &element).await? else {
                return Ok(None);
            };
            transport = back;
            continue;
        }
        if element.is("enable", ns::SM) {
            transport.send_element(&out_of_turn()).await?;
            continue;
        }
        let bind = element.get_child("bind", ns::BIND);
        let (Some(bind), "iq", Some("set")) = (bind, element.name(), element.attr("type")) else {
            let error = TransportError::Bad(StreamCondition::NotAuthorized.into());
            return Err(refuse(server, transport, error).await);
        };
        let wanted = bind.get_child("resource", ns::BIND).map(Element::text);
        let Some(resource) = resource(wanted.as_deref()) else {
            let error = StanzaError::from(Condition::BadRequest);
            if let Some(reply) = error.reply_to(&element) {
                transport.send_element(&reply).await?;
            }
            continue;
        };
        return Ok(Session::bind(server, transport, account, resource, &element).await);
    }
}

/// Hands the connection to the session it names (XEP-0198, section 5). Gives it
/// back if there is none.
async fn resume(
    server: &Arc<Server>,
    mut transport: Transport,
    account: &Account,
    element: &Element,
) -> Result<Option<Transport>, TransportError> {
    if let Some((session, h)) = session_to_resume(server, account, element) {
        let request = ResumeRequest {
            transport,
            h,
            success: None,
        };
        match session.send(Box::new(request)) {
            Ok(()) => return Ok(None),
            // It ended in this very moment, or many want it at once.
            Err(NotSent::Full(back) | NotSent::Closed(back)) => transport = back.transport,
        }
    }
    transport.send_element(&not_resumed()).await?;
    Ok(Some(transport))
}

/// The session that a `<resume/>` names, and how much of it the client has seen.
pub(super) fn session_to_resume(
    server: &Server,
    account: &Account,
    resume: &Element,
) -> Option<(Sender<Box<ResumeRequest>>, u32)> {
    let h = resume.attr("h")?.parse().ok()?;
    let session = server.router.resumable(account, resume.attr("previd")?)?;
    Some((session, h))
}

/// Why a `<resume/>` led to nothing.
pub(super) fn not_resumed() -> Element {
    build("failed", ns::SM)
        .child(build("item-not-found", ns::STANZA_ERRORS))
        .done()
}

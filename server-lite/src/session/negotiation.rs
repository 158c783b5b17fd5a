//! From the first stream header to a bound or resumed session
//! (RFC 6120, sections 4.3, 6 and 7).

use std::sync::Arc;

use xmpp_core::element::build;
use xmpp_core::sasl::Mechanism;
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::stream::{self, StreamCondition};
use xmpp_core::{Element, ns};

use super::bound::Session;
use super::bound::acknowledgement::out_of_turn;
use super::register::PreAuth;
use super::{ResumeRequest, auth, refuse};
use crate::config::Registration;
use crate::server::Server;
use crate::transport::{Incoming, Transport, TransportError};
use crate::{clock, modules};

/// Sign-ins that one connection may try.
const MAX_TRIES: u32 = 5;

/// Negotiates; `None` if the connection now belongs to a session that resumed,
/// or was closed in good order.
pub(super) async fn run(
    server: &Arc<Server>,
    mut transport: Transport,
) -> Result<Option<Session>, TransportError> {
    let signed_in = match sign_in(server, &mut transport).await {
        Ok(Some(user)) => user,
        Ok(None) => {
            transport.close(None).await;
            return Ok(None);
        }
        Err(error) => return Err(refuse(server, transport, error).await),
    };
    transport.restart();
    bind_or_resume(server, transport, signed_in).await
}

/// Answers a stream header and says what can be done next.
async fn open(
    server: &Server,
    transport: &mut Transport,
    features: &[Element],
) -> Result<bool, TransportError> {
    let header = match transport.next().await? {
        Incoming::Open(header) => header,
        Incoming::Close => return Ok(false),
        Incoming::Element(_) => {
            return Err(TransportError::Bad(StreamCondition::NotAuthorized.into()));
        }
    };
    transport.open(&server.header()).await?;
    if header
        .to
        .is_some_and(|to| !to.eq_ignore_ascii_case(server.domain()))
    {
        return Err(TransportError::Bad(StreamCondition::HostUnknown.into()));
    }
    if header
        .version
        .as_deref()
        .is_none_or(|version| !version.starts_with("1."))
    {
        return Err(TransportError::Bad(
            StreamCondition::UnsupportedVersion.into(),
        ));
    }
    transport.send(&stream::features(features)?).await?;
    Ok(true)
}

/// What an unknown client may do (RFC 6120, 6.4.1; XEP-0440, XEP-0077, XEP-0445).
fn features_before(server: &Server, transport: &Transport) -> Vec<Element> {
    let binding = &transport.binding;
    let mechanisms = Mechanism::ALL
        .into_iter()
        .filter(|mechanism| !mechanism.is_plus() || binding.is_available())
        .map(|mechanism| build("mechanism", ns::SASL).text(mechanism.as_str()));
    let mut features = vec![build("mechanisms", ns::SASL).children(mechanisms).done()];
    if binding.is_available() {
        let names = binding.names();
        let types = names
            .iter()
            .map(|name| build("channel-binding", ns::SASL_CB).attr("type", *name));
        features.push(
            build("sasl-channel-binding", ns::SASL_CB)
                .children(types)
                .done(),
        );
    }
    match server.config.registration {
        Registration::Open => {
            features.push(build("register", ns::IBR_TOKEN).done());
            features.push(build("register", ns::REGISTER_FEATURE).done());
        }
        Registration::Invite => features.push(build("register", ns::IBR_TOKEN).done()),
        Registration::Closed => {}
    }
    features
}

/// What a client may do that has signed in.
fn features_after(server: &Server) -> Vec<Element> {
    vec![
        build("bind", ns::BIND).done(),
        build("session", ns::SESSION)
            .child(build("optional", ns::SESSION))
            .done(),
        build("sm", ns::SM).done(),
        build("csi", ns::CSI).done(),
        // RFC 6121, sections 2.6.1 and 3.4.1.
        build("ver", ns::ROSTER_VERSIONING).done(),
        build("sub", ns::PRE_APPROVAL).done(),
        modules::caps::element(server),
    ]
}

async fn sign_in(
    server: &Arc<Server>,
    transport: &mut Transport,
) -> Result<Option<String>, TransportError> {
    let features = features_before(server, transport);
    if !open(server, transport, &features).await? {
        return Ok(None);
    }
    let mut pre_auth = PreAuth::default();
    let mut tries = 0;
    loop {
        match transport.next().await? {
            Incoming::Close => return Ok(None),
            Incoming::Open(_) => {
                return Err(TransportError::Bad(StreamCondition::BadFormat.into()));
            }
            Incoming::Element(element) if element.is("auth", ns::SASL) => {
                if let Some(user) = auth::exchange(server, transport, &element).await? {
                    return Ok(Some(user));
                }
                tries += 1;
                if tries >= MAX_TRIES {
                    return Err(TransportError::Bad(StreamCondition::PolicyViolation.into()));
                }
            }
            Incoming::Element(element) if element.is("iq", ns::CLIENT) => {
                // Answers are not answered (RFC 6120, section 8.2.3).
                if !matches!(element.attr("type"), Some("result" | "error")) {
                    let answer = pre_auth.handle(server, &element, transport.peer).await;
                    transport.send_element(&answer).await?;
                }
            }
            Incoming::Element(_) => {
                return Err(TransportError::Bad(StreamCondition::NotAuthorized.into()));
            }
        }
    }
}

async fn bind_or_resume(
    server: &Arc<Server>,
    mut transport: Transport,
    user: String,
) -> Result<Option<Session>, TransportError> {
    match open(server, &mut transport, &features_after(server)).await {
        Ok(true) => {}
        Ok(false) => {
            transport.close(None).await;
            return Ok(None);
        }
        Err(error) => return Err(refuse(server, transport, error).await),
    }
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
            let Some(back) = resume(server, transport, &user, &element).await? else {
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
        return Ok(Session::bind(server, transport, user, resource, &element).await);
    }
}

/// The resource that was asked for, or one of our own (RFC 6120, 7.6 and 7.7).
fn resource(wanted: Option<&str>) -> Option<String> {
    match wanted {
        Some(wanted) if !wanted.is_empty() => jid::ResourcePart::new(wanted)
            .ok()
            .map(|part| part.as_str().to_owned()),
        _ => clock::random_id().ok(),
    }
}

/// Hands the connection to the session it names (XEP-0198, section 5). Gives it
/// back if there is none.
async fn resume(
    server: &Arc<Server>,
    mut transport: Transport,
    user: &str,
    element: &Element,
) -> Result<Option<Transport>, TransportError> {
    let h = element.attr("h").and_then(|h| h.parse().ok());
    let session = element
        .attr("previd")
        .and_then(|id| server.router.resumable(user, id));
    if let (Some(h), Some(session)) = (h, session) {
        match session.send(ResumeRequest { transport, h }).await {
            Ok(()) => return Ok(None),
            // It ended in this very moment.
            Err(back) => transport = back.0.transport,
        }
    }
    let failed = build("failed", ns::SM).child(build("item-not-found", ns::STANZA_ERRORS));
    transport.send_element(&failed.done()).await?;
    Ok(Some(transport))
}

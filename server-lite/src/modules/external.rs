//! XEP-0215: servers for calls and the like, and what they want to know of who
//! uses them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use xmpp_core::element::{Build, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, datetime, ns};

use super::{Module, Place, Request, in_part, ready};
use crate::clock;
use crate::config::{Credentials, ExternalService};

pub(crate) const MODULE: Module = Module {
    specs: &[in_part(
        "XEP-0215",
        "External services",
        "as configured; changes are not pushed",
    )],
    server_features: &[ns::EXTERNAL_SERVICES],
    enabled: |server| !server.config.external_services.is_empty(),
    payloads: &[
        ("services", ns::EXTERNAL_SERVICES),
        ("credentials", ns::EXTERNAL_SERVICES),
    ],
    places: &[Place::Server],
    handle: |request| ready(handle(request)),
    ..Module::NONE
};

fn handle(request: &Request<'_>) -> Result<Option<Element>, StanzaError> {
    if request.is_set {
        return Err(Condition::BadRequest.into());
    }
    let all = &request.server.config.external_services;
    let now_ms = clock::now_ms();
    let shown = |service: &ExternalService| shown(service, request.user, now_ms);
    let answer = build(request.payload.name(), ns::EXTERNAL_SERVICES);
    if request.payload.name() == "services" {
        let kind = request.payload.attr("type");
        let fitting = all
            .iter()
            .filter(|one| kind.is_none_or(|kind| kind == one.kind));
        return Ok(Some(
            answer
                .attr_opt("type", kind)
                .children(fitting.map(shown))
                .done(),
        ));
    }
    let asked = request.payload.get_child("service", ns::EXTERNAL_SERVICES);
    let asked = asked.ok_or(Condition::BadRequest)?;
    let (Some(host), Some(kind)) = (asked.attr("host"), asked.attr("type")) else {
        return Err(Condition::BadRequest.into());
    };
    let port = asked.attr("port");
    let fitting = |one: &&ExternalService| {
        one.host == host
            && one.kind == kind
            && port.is_none_or(|port| port == one.port.to_string())
            && one.credentials != Credentials::None
    };
    let fitting: Vec<_> = all.iter().filter(fitting).map(shown).collect();
    if fitting.is_empty() {
        return Err(Condition::ItemNotFound.into());
    }
    Ok(Some(answer.children(fitting).done()))
}

fn shown(service: &ExternalService, user: &str, now_ms: i64) -> Build {
    let plain = build("service", ns::EXTERNAL_SERVICES)
        .attr("type", &service.kind)
        .attr("host", &service.host)
        .attr("port", service.port.to_string())
        .attr_opt("transport", service.transport.as_ref())
        .attr_opt("name", service.name.as_ref());
    match &service.credentials {
        Credentials::None => plain,
        Credentials::Static { username, password } => plain
            .attr("restricted", "1")
            .attr("username", username)
            .attr("password", password.reveal()),
        Credentials::Shared { secret, seconds } => {
            let until_ms = now_ms.saturating_add(i64::from(*seconds) * 1000);
            let (username, password) = made(secret.reveal(), until_ms, user);
            plain
                .attr("restricted", "1")
                .attr("username", username)
                .attr("password", password)
                .attr("expires", datetime::format_ms(until_ms))
        }
    }
}

/// Name and password by the REST convention of TURN servers: the end in seconds
/// and the person, signed.
fn made(secret: &str, until_ms: i64, user: &str) -> (String, String) {
    let username = format!("{}:{user}", until_ms / 1000);
    // HMAC takes keys of any length.
    let signed = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).map(|mut hmac| {
        hmac.update(username.as_bytes());
        STANDARD.encode(hmac.finalize().into_bytes())
    });
    (username, signed.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reckoned with another implementation:
    /// `printf 1700000000:rosa | openssl dgst -sha1 -hmac north -binary | base64`.
    #[test]
    fn credentials_are_signed_as_turn_servers_expect() {
        let (username, password) = made("north", 1_700_000_000_999, "rosa");
        assert_eq!(username, "1700000000:rosa");
        assert_eq!(password, "7oodKOsd+ahDzeQGB+zS90NU8u0=");
    }
}

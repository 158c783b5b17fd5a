//! Signing in (RFC 6120, section 6): the strongest mechanism that both ends know.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use navigation::ServerTarget;
use tokio::time::timeout;
use xmpp_core::element::build;
use xmpp_core::sasl::{ClientBinding, Mechanism, ScramClient, plain};
use xmpp_core::{Element, ns};
use zeroize::Zeroizing;

use super::{ConnectError, Connector, Transport, dial};
use crate::clock;

/// A stream on which the account is signed in.
pub(crate) struct SignedIn {
    pub(crate) transport: Transport,
    /// What can be done now: bind, resume.
    pub(crate) features: Element,
}

/// Reaches a server and signs in.
pub(crate) async fn connect(
    connector: &Connector,
    target: &ServerTarget,
    username: &str,
    password: &str,
) -> Result<SignedIn, ConnectError> {
    let transport = dial(connector, target).await?;
    let signed_in = sign_in(transport, &target.domain, username, password);
    timeout(connector.timeouts.connect, signed_in)
        .await
        .unwrap_or(Err(ConnectError::TimedOut))
}

/// Opens a stream and signs in.
async fn sign_in(
    mut transport: Transport,
    domain: &str,
    username: &str,
    password: &str,
) -> Result<SignedIn, ConnectError> {
    let features = transport.open(domain).await?;
    authenticate(&mut transport, &features, username, password).await?;
    let features = transport.open(domain).await?;
    Ok(SignedIn {
        transport,
        features,
    })
}

/// Signs in on a stream whose features are known.
async fn authenticate(
    transport: &mut Transport,
    features: &Element,
    username: &str,
    password: &str,
) -> Result<(), ConnectError> {
    let offered: Vec<String> = features
        .get_child("mechanisms", ns::SASL)
        .map(|mechanisms| {
            mechanisms
                .children()
                .filter(|child| child.is("mechanism", ns::SASL))
                .map(|child| child.text().trim().to_owned())
                .collect()
        })
        .unwrap_or_default();
    // XEP-0440: which bindings the server has. Without that word, the exporter
    // is what RFC 9266 makes the default of TLS 1.3.
    let exporter_offered = features
        .get_child("sasl-channel-binding", ns::SASL_CB)
        .is_none_or(|bindings| {
            bindings
                .children()
                .any(|child| child.attr("type") == Some("tls-exporter"))
        });
    let exporter = transport
        .binding
        .tls_exporter
        .clone()
        .filter(|_| exporter_offered);
    let usable = |mechanism: &Mechanism| {
        offered.iter().any(|name| name == mechanism.as_str())
            && (!mechanism.is_plus() || exporter.is_some())
    };
    let mechanism = Mechanism::ALL
        .into_iter()
        .find(usable)
        .ok_or_else(|| ConnectError::NoMechanism(offered.join(", ")))?;
    let Some(hash) = mechanism.scram_hash() else {
        let response = plain::initial_response(username, password);
        let auth = auth(mechanism, &response);
        transport.send(&auth).await?;
        return match transport.next_element().await? {
            element if element.is("success", ns::SASL) => Ok(()),
            element => Err(refusal(&element)),
        };
    };
    let plus_offered = offered.iter().any(|name| name.ends_with("-PLUS"));
    let binding = match (mechanism.is_plus(), exporter) {
        (true, Some(material)) => ClientBinding::TlsExporter(material),
        // "We could, you did not offer" is only true if neither was offered.
        (_, Some(_)) if !plus_offered => ClientBinding::NotOffered,
        _ => ClientBinding::Unsupported,
    };
    let nonce = clock::random_id().map_err(|error| ConnectError::Internal(error.detail))?;
    let mut scram = ScramClient::new(hash, username, password, &nonce, binding)?;
    transport
        .send(&auth(mechanism, scram.initial().as_bytes()))
        .await?;
    let challenge = match transport.next_element().await? {
        element if element.is("challenge", ns::SASL) => decode(&element)?,
        element => return Err(refusal(&element)),
    };
    // Thousands of hashes: not on a thread that serves others.
    let (answer, scram) = tokio::task::spawn_blocking(move || {
        let answer = scram.respond(&challenge);
        (answer, scram)
    })
    .await
    .map_err(|error| ConnectError::Internal(error.to_string()))?;
    let response = build("response", ns::SASL).text(STANDARD.encode(answer?));
    transport.send(&response.done()).await?;
    match transport.next_element().await? {
        element if element.is("success", ns::SASL) => Ok(scram.verify(&decode(&element)?)?),
        // RFC 5802 as a challenge of its own, which some servers prefer.
        element if element.is("challenge", ns::SASL) => {
            scram.verify(&decode(&element)?)?;
            transport.send(&build("response", ns::SASL).done()).await?;
            match transport.next_element().await? {
                element if element.is("success", ns::SASL) => Ok(()),
                element => Err(refusal(&element)),
            }
        }
        element => Err(refusal(&element)),
    }
}

fn auth(mechanism: Mechanism, initial: &[u8]) -> Element {
    let encoded = Zeroizing::new(STANDARD.encode(initial));
    build("auth", ns::SASL)
        .attr("mechanism", mechanism.as_str())
        .text(encoded.as_str())
        .done()
}

fn decode(element: &Element) -> Result<Vec<u8>, ConnectError> {
    STANDARD
        .decode(element.text().trim())
        .map_err(|_| ConnectError::NotXmpp("SASL data is not base64".to_owned()))
}

/// RFC 6120, section 6.5.
fn refusal(element: &Element) -> ConnectError {
    if !element.is("failure", ns::SASL) {
        return ConnectError::NotXmpp(format!("{} instead of an answer", element.name()));
    }
    let condition = element
        .children()
        .find(|child| child.has_ns(ns::SASL) && child.name() != "text")
        .map_or("unknown", |child| child.name());
    match condition {
        "not-authorized" | "malformed-request" => ConnectError::WrongPassword,
        "account-disabled" | "credentials-expired" | "temporary-auth-failure" => {
            ConnectError::AccountDisabled(condition.to_owned())
        }
        other => ConnectError::NoMechanism(other.to_owned()),
    }
}

//! One SASL exchange (RFC 6120, section 6.4).

use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use xmpp_core::element::build;
use xmpp_core::sasl::{Mechanism, ScramError, ScramHash, ScramServer, ScramVerifier, plain};
use xmpp_core::stream::StreamCondition;
use xmpp_core::{Element, names, ns};

use crate::accounts::ITERATIONS;
use crate::clock;
use crate::server::Server;
use crate::store::accounts;
use crate::transport::{Incoming, Transport, TransportError};

/// Why an exchange fails, by the names of RFC 6120, section 6.5.
enum Failure {
    Aborted,
    IncorrectEncoding,
    InvalidAuthzid,
    InvalidMechanism,
    MalformedRequest,
    NotAuthorized,
    Temporary,
    Transport(TransportError),
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl From<ScramError> for Failure {
    fn from(error: ScramError) -> Self {
        match error {
            ScramError::Malformed | ScramError::MandatoryExtension => Self::MalformedRequest,
            // Which of them it was is nobody's business but the log's.
            _ => Self::NotAuthorized,
        }
    }
}

/// Runs an exchange that `auth` begins; the localpart of who has signed in, or
/// `None` after a `<failure/>` was sent.
pub(super) async fn exchange(
    server: &Server,
    transport: &mut Transport,
    auth: &Element,
) -> Result<Option<String>, TransportError> {
    let peer = transport.peer;
    let limit = server.config.limits.failures_per_minute;
    let allowed = server.limiter.may_try(peer, limit, Instant::now());
    let result = if allowed {
        run(server, transport, auth).await
    } else {
        Err(Failure::Temporary)
    };
    let condition = match result {
        Ok(user) => {
            server.metrics.sign_ins.increment();
            tracing::info!(%peer, user, "signed in");
            return Ok(Some(user));
        }
        Err(Failure::Transport(error)) => return Err(error),
        Err(Failure::Aborted) => "aborted",
        Err(Failure::IncorrectEncoding) => "incorrect-encoding",
        Err(Failure::InvalidAuthzid) => "invalid-authzid",
        Err(Failure::InvalidMechanism) => "invalid-mechanism",
        Err(Failure::MalformedRequest) => "malformed-request",
        Err(Failure::NotAuthorized) => {
            server.limiter.failed(peer, Instant::now());
            server.metrics.sign_ins_failed.increment();
            "not-authorized"
        }
        Err(Failure::Temporary) => "temporary-auth-failure",
    };
    tracing::info!(%peer, condition, "sign-in refused");
    let failure = build("failure", ns::SASL)
        .child(build(condition, ns::SASL))
        .done();
    transport.send_element(&failure).await?;
    Ok(None)
}

async fn run(
    server: &Server,
    transport: &mut Transport,
    auth: &Element,
) -> Result<String, Failure> {
    let mechanism = auth.attr("mechanism").and_then(Mechanism::from_name);
    let mechanism = mechanism.ok_or(Failure::InvalidMechanism)?;
    if mechanism.is_plus() && !transport.binding.is_available() {
        return Err(Failure::InvalidMechanism);
    }
    let mut initial = decode(&auth.text())?;
    if initial.is_empty() {
        // No initial response: ask for it (RFC 6120, section 6.4.2).
        initial = challenge(transport, b"").await?;
    }
    match mechanism.scram_hash() {
        Some(hash) => scram(server, transport, mechanism, hash, &initial).await,
        None => plain(server, transport, &initial).await,
    }
}

async fn scram(
    server: &Server,
    transport: &mut Transport,
    mechanism: Mechanism,
    hash: ScramHash,
    initial: &[u8],
) -> Result<String, Failure> {
    let nonce = clock::random_secret().map_err(|_| Failure::Temporary)?;
    let mut scram = ScramServer::start(mechanism, initial, &nonce, &transport.binding)?;
    let user = names::normal_localpart(scram.username());
    let verifier = match &user {
        Some(user) => verifier(server, user, hash).await?,
        None => None,
    };
    let known = verifier.is_some();
    let name = user.clone().unwrap_or_else(|| scram.username().to_owned());
    let first = scram.challenge(verifier.unwrap_or_else(|| made_up(server, &name, hash)));
    let last = challenge(transport, first.as_bytes()).await?;
    let signature = scram.finish(&last)?;
    let (Some(user), true) = (user, known) else {
        return Err(Failure::NotAuthorized);
    };
    check_authzid(server, scram.authzid(), &user)?;
    succeed(transport, signature.as_bytes()).await?;
    Ok(user)
}

async fn plain(
    server: &Server,
    transport: &mut Transport,
    initial: &[u8],
) -> Result<String, Failure> {
    let credentials = plain::parse(initial).ok_or(Failure::MalformedRequest)?;
    let user = names::normal_localpart(&credentials.username).ok_or(Failure::NotAuthorized)?;
    let verifier = verifier(server, &user, ScramHash::Sha256).await?;
    let known = verifier.is_some();
    // An unknown name takes as long as a known one.
    let verifier = verifier.unwrap_or_else(|| made_up(server, &user, ScramHash::Sha256));
    let password = credentials.password;
    let fits = tokio::task::spawn_blocking(move || verifier.matches(&password))
        .await
        .map_err(|_| Failure::Temporary)?;
    if !fits || !known {
        return Err(Failure::NotAuthorized);
    }
    check_authzid(server, credentials.authzid.as_deref(), &user)?;
    succeed(transport, b"").await?;
    Ok(user)
}

async fn verifier(
    server: &Server,
    user: &str,
    hash: ScramHash,
) -> Result<Option<ScramVerifier>, Failure> {
    let user = user.to_owned();
    server
        .store
        .read(move |db| accounts::verifier(db, &user, hash))
        .await
        .map_err(|error| {
            tracing::error!(%error, "verifier not read");
            Failure::Temporary
        })
}

/// For a name that is not there: always the same salt, so that nobody can tell
/// it from one that is.
fn made_up(server: &Server, user: &str, hash: ScramHash) -> ScramVerifier {
    let secret = &server.identity.salt_secret;
    let salt = Sha256::digest(format!("{secret}\0{hash:?}\0{user}"));
    ScramVerifier {
        hash,
        salt: salt.iter().take(16).copied().collect(),
        iterations: ITERATIONS,
        stored_key: vec![0; hash.len()],
        server_key: vec![0; hash.len()],
    }
}

/// Acting for somebody else is for nobody. Only who has proven the password
/// learns that.
fn check_authzid(server: &Server, authzid: Option<&str>, user: &str) -> Result<(), Failure> {
    match authzid {
        None => Ok(()),
        Some(authzid) if authzid == user || authzid == server.bare(user) => Ok(()),
        Some(_) => Err(Failure::InvalidAuthzid),
    }
}

async fn challenge(transport: &mut Transport, data: &[u8]) -> Result<Vec<u8>, Failure> {
    let challenge = build("challenge", ns::SASL)
        .text(STANDARD.encode(data))
        .done();
    transport.send_element(&challenge).await?;
    match transport.next().await? {
        Incoming::Element(element) if element.is("response", ns::SASL) => decode(&element.text()),
        Incoming::Element(element) if element.is("abort", ns::SASL) => Err(Failure::Aborted),
        Incoming::Close => Err(TransportError::Lost("closed while signing in".to_owned()).into()),
        _ => Err(TransportError::Bad(StreamCondition::NotAuthorized.into()).into()),
    }
}

async fn succeed(transport: &mut Transport, data: &[u8]) -> Result<(), Failure> {
    let mut success = build("success", ns::SASL);
    if !data.is_empty() {
        success = success.text(STANDARD.encode(data));
    }
    Ok(transport.send_element(&success.done()).await?)
}

/// `=` stands for an empty response (RFC 6120, section 6.4.2).
fn decode(text: &str) -> Result<Vec<u8>, Failure> {
    let text = text.trim();
    if text == "=" {
        return Ok(Vec::new());
    }
    STANDARD
        .decode(text)
        .map_err(|_| Failure::IncorrectEncoding)
}

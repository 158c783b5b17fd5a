//! One SASL exchange, in either profile (RFC 6120, section 6.4; XEP-0388).

use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use xmpp_core::element::build;
use xmpp_core::sasl::{Mechanism, ScramError, ScramHash, ScramServer, ScramVerifier, plain};
use xmpp_core::stream::StreamCondition;
use xmpp_core::{Element, names, ns};

use super::offer::Offer;
use crate::accounts::ITERATIONS;
use crate::clock;
use crate::server::Server;
use crate::store::accounts;
use crate::store::generations::{self, Standing};
use crate::transport::{Incoming, Transport, TransportError};

/// Why an exchange fails, by the names of RFC 6120, section 6.5.
pub(super) enum Failure {
    Aborted,
    /// Only for who has proven to be its owner: all others guess.
    AccountDisabled,
    Expired,
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

/// An account, as it was when its owner signed in.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// Localpart.
    pub(crate) user: String,
    /// Number of its last change by then.
    pub(crate) generation: i64,
}

/// Who has signed in.
pub(super) struct Proof {
    pub(super) account: Account,
    /// What the mechanism says at its end.
    pub(super) data: Option<Vec<u8>>,
}

/// Which of the two profiles: they differ in their name space, and in how an
/// exchange begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    /// RFC 6120.
    Sasl,
    /// XEP-0388.
    Sasl2,
}

impl Profile {
    fn namespace(self) -> &'static str {
        match self {
            Self::Sasl => ns::SASL,
            Self::Sasl2 => ns::SASL2,
        }
    }
}

/// What an exchange has to do with.
pub(super) struct Exchange<'a> {
    pub(super) server: &'a Server,
    pub(super) transport: &'a mut Transport,
    pub(super) offer: &'a Offer,
    pub(super) profile: Profile,
    /// Who the client said it is in its stream header.
    pub(super) from: Option<&'a str>,
}

/// What an attempt comes to; after a failure the client is told, and may try again.
pub(super) async fn conclude<T>(
    server: &Server,
    transport: &mut Transport,
    profile: Profile,
    result: Result<T, Failure>,
) -> Result<Option<T>, TransportError> {
    let peer = transport.peer;
    let condition = match result {
        Ok(done) => {
            server.metrics.sign_ins.increment();
            return Ok(Some(done));
        }
        Err(Failure::Transport(error)) => return Err(error),
        Err(Failure::Aborted) => "aborted",
        Err(Failure::AccountDisabled) => "account-disabled",
        Err(Failure::Expired) => "credentials-expired",
        Err(Failure::IncorrectEncoding) => "incorrect-encoding",
        Err(Failure::InvalidAuthzid) => "invalid-authzid",
        Err(Failure::InvalidMechanism) => "invalid-mechanism",
        Err(Failure::MalformedRequest) => "malformed-request",
        Err(Failure::NotAuthorized) => {
            server.metrics.sign_ins_failed.increment();
            "not-authorized"
        }
        Err(Failure::Temporary) => "temporary-auth-failure",
    };
    tracing::info!(%peer, condition, "sign-in refused");
    let failure = build("failure", profile.namespace()).child(build(condition, ns::SASL));
    transport.send_element(&failure.done()).await?;
    Ok(None)
}

/// The exchange that `<auth/>` begins; the account of who has signed in, or
/// `None` after a `<failure/>` was sent.
pub(super) async fn sasl(
    server: &Server,
    transport: &mut Transport,
    offer: &Offer,
    auth: Element,
) -> Result<Option<Account>, TransportError> {
    let profile = Profile::Sasl;
    let exchange = Exchange {
        server,
        transport: &mut *transport,
        offer,
        profile,
        from: None,
    };
    let text = auth.text();
    let initial = Some(text.as_str()).filter(|text| !text.trim().is_empty());
    let name = auth.attr("mechanism").unwrap_or_default().to_owned();
    // The client takes its time for what follows: nothing of this is kept for it.
    drop(auth);
    let result = exchange.run(&name, initial).await;
    let Some(proof) = conclude(server, transport, profile, result).await? else {
        return Ok(None);
    };
    let mut success = build("success", ns::SASL);
    if let Some(data) = proof.data {
        success = success.text(STANDARD.encode(data));
    }
    transport.send_element(&success.done()).await?;
    tracing::info!(peer = %transport.peer, user = proof.account.user, "signed in");
    Ok(Some(proof.account))
}

impl Exchange<'_> {
    /// Runs it with a mechanism that takes a password.
    pub(super) async fn run(mut self, name: &str, initial: Option<&str>) -> Result<Proof, Failure> {
        let mechanism = self.offer.mechanism(name);
        let mechanism = mechanism.ok_or(Failure::InvalidMechanism)?;
        let mut initial = match initial {
            Some(initial) => decode(initial)?,
            None => Vec::new(),
        };
        if initial.is_empty() {
            // No initial response: ask for it (RFC 6120, section 6.4.2).
            initial = self.challenge(b"").await?;
        }
        match mechanism.scram_hash() {
            Some(hash) => self.scram(mechanism, hash, &initial).await,
            None => self.plain(&initial).await,
        }
    }

    /// Whether a password for an account is looked at now, or for something that
    /// cannot be the name of one.
    fn may_guess(&self, user: Option<&str>) -> Result<(), Failure> {
        let Server {
            limiter, config, ..
        } = self.server;
        let (peer, limits, now) = (self.transport.peer, &config.limits, Instant::now());
        let may = match user {
            Some(user) => limiter.may_guess(user, peer, limits, now),
            None => limiter.may_try(peer, limits.failures_per_minute, now),
        };
        match may {
            true => Ok(()),
            false => Err(Failure::Temporary),
        }
    }

    /// Notes whether a password was right. Many may have begun before the first of
    /// them failed: how each ended counts only while one may still try.
    fn note<T>(&self, user: Option<&str>, result: Result<T, Failure>) -> Result<T, Failure> {
        let (limiter, peer, now) = (&self.server.limiter, self.transport.peer, Instant::now());
        match (&result, user) {
            (Ok(_), Some(user)) => {
                self.may_guess(Some(user))?;
                limiter.guesses.succeeded(user, peer, now);
            }
            (Err(Failure::NotAuthorized), Some(user)) => {
                self.may_guess(Some(user))?;
                limiter.guessed_wrong(user, peer, now);
            }
            (Err(Failure::NotAuthorized), None) => {
                self.may_guess(None)?;
                limiter.failed(peer, now);
            }
            _ => {}
        }
        result
    }

    async fn scram(
        &mut self,
        mechanism: Mechanism,
        hash: ScramHash,
        initial: &[u8],
    ) -> Result<Proof, Failure> {
        let nonce = clock::random_secret().map_err(|_| Failure::Temporary)?;
        let binding = &self.transport.channel.binding;
        let mut scram = ScramServer::start(mechanism, initial, &nonce, binding)?
            .with_offer(&self.offer.mechanisms, &self.offer.bindings);
        let user = names::normal_localpart(scram.username());
        self.may_guess(user.as_deref())?;
        let (standing, verifier) = match &user {
            Some(user) => (
                standing(self.server, user).await?,
                verifier(self.server, user, hash).await?,
            ),
            None => (None, None),
        };
        let known = verifier.is_some();
        let name = user.clone().unwrap_or_else(|| scram.username().to_owned());
        let verifier = verifier.unwrap_or_else(|| made_up(self.server, &name, hash));
        let first = scram.challenge(verifier);
        let last = self.challenge(first.as_bytes()).await?;
        let signature = scram.finish(&last).map_err(Failure::from);
        let proven = match (signature, known) {
            (Ok(_), false) => Err(Failure::NotAuthorized),
            (signature, _) => signature,
        };
        let signature = self.note(user.as_deref(), proven)?;
        let user = user.ok_or(Failure::NotAuthorized)?;
        self.check_authzid(scram.authzid(), &user)?;
        let generation = may_sign_in(standing)?;
        Ok(Proof {
            account: Account { user, generation },
            data: Some(signature.into_bytes()),
        })
    }

    async fn plain(&mut self, initial: &[u8]) -> Result<Proof, Failure> {
        let credentials = plain::parse(initial).ok_or(Failure::MalformedRequest)?;
        let Some(user) = names::normal_localpart(&credentials.username) else {
            return self.note(None, Err(Failure::NotAuthorized));
        };
        self.may_guess(Some(&user))?;
        let standing = standing(self.server, &user).await?;
        let verifier = strongest(self.server, &user).await?;
        let known = verifier.is_some();
        // An unknown name takes as long as a known one.
        let verifier = verifier.unwrap_or_else(|| made_up(self.server, &user, ScramHash::Sha256));
        let is_weak = verifier.hash != ScramHash::Sha256;
        let password = credentials.password.clone();
        let fits = tokio::task::spawn_blocking(move || verifier.matches(&password))
            .await
            .map_err(|_| Failure::Temporary)?;
        let proven = match fits && known {
            true => Ok(()),
            false => Err(Failure::NotAuthorized),
        };
        self.note(Some(&user), proven)?;
        let generation = may_sign_in(standing)?;
        if is_weak {
            let (store, password) = (&self.server.store, &credentials.password);
            crate::accounts::strengthen(store, &user, password, generation).await;
        }
        self.check_authzid(credentials.authzid.as_deref(), &user)?;
        let account = Account { user, generation };
        Ok(Proof {
            account,
            data: None,
        })
    }

    /// Acting for somebody else is for nobody. Only who has proven the password
    /// learns that. The stream's `from` must not say another one than the
    /// authzid (XEP-0388, section 2.3).
    fn check_authzid(&self, authzid: Option<&str>, user: &str) -> Result<(), Failure> {
        let Some(authzid) = authzid else {
            return Ok(());
        };
        let own = self.server.bare(user);
        let fits = authzid == user || authzid == own;
        if fits && self.from.is_none_or(|from| from == own) {
            Ok(())
        } else {
            Err(Failure::InvalidAuthzid)
        }
    }

    async fn challenge(&mut self, data: &[u8]) -> Result<Vec<u8>, Failure> {
        let namespace = self.profile.namespace();
        let challenge = build("challenge", namespace).text(STANDARD.encode(data));
        self.transport.send_element(&challenge.done()).await?;
        match self.transport.next().await? {
            Incoming::Element(element) if element.is("response", namespace) => {
                decode(&element.text())
            }
            Incoming::Element(element) if element.is("abort", namespace) => Err(Failure::Aborted),
            Incoming::Close => {
                Err(TransportError::Lost("closed while signing in".to_owned()).into())
            }
            _ => Err(TransportError::Bad(StreamCondition::NotAuthorized.into()).into()),
        }
    }
}

/// What an account is. It is read before the verifier: a change between the two
/// must not go unnoticed.
async fn standing(server: &Server, user: &str) -> Result<Option<Standing>, Failure> {
    let owner = user.to_owned();
    let read = server
        .store
        .read(move |db| generations::standings(db, Some(&owner)));
    let mut read = read.await.map_err(|error| {
        tracing::error!(%error, "standing not read");
        Failure::Temporary
    })?;
    Ok(read.remove(user))
}

/// The generation of an account whose owner may sign in.
fn may_sign_in(standing: Option<Standing>) -> Result<i64, Failure> {
    match standing {
        Some(Standing { disabled: true, .. }) => Err(Failure::AccountDisabled),
        Some(standing) => Ok(standing.generation),
        // It was made since; whoever was looked for was not there.
        None => Err(Failure::NotAuthorized),
    }
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

/// The best verifier that there is. An account that came from another server
/// may have none but that of SHA-1.
async fn strongest(server: &Server, user: &str) -> Result<Option<ScramVerifier>, Failure> {
    match verifier(server, user, ScramHash::Sha256).await? {
        None => verifier(server, user, ScramHash::Sha1).await,
        found => Ok(found),
    }
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

/// `=` stands for an empty response (RFC 6120, section 6.4.2).
pub(super) fn decode(text: &str) -> Result<Vec<u8>, Failure> {
    let text = text.trim();
    if text == "=" {
        return Ok(Vec::new());
    }
    STANDARD
        .decode(text)
        .map_err(|_| Failure::IncorrectEncoding)
}

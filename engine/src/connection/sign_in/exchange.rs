//! One mechanism at work, whatever profile of SASL carries it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use xmpp_core::sasl::{Mechanism, ScramClient, ScramError, hashed_token, plain};
use xmpp_core::{Element, ns};
use zeroize::Zeroizing;

use super::super::error::CertificateProblem;
use super::super::{ConnectError, Connector};
use super::memory::Token;
use super::offer::Offer;
use crate::clock;

pub(super) struct Exchange {
    name: &'static str,
    state: State,
}

enum State {
    Plain(Zeroizing<Vec<u8>>),
    Scram {
        /// Gone while it computes.
        client: Option<ScramClient>,
        answered: bool,
        /// The server has proven that it knows the account.
        proven: bool,
    },
    Token {
        initial: Vec<u8>,
        token: Token,
        binding: Vec<u8>,
    },
}

impl Exchange {
    /// With the password.
    pub(super) fn password(
        mechanism: Mechanism,
        offer: &Offer,
        username: &str,
        password: &str,
    ) -> Result<Self, ConnectError> {
        let state = match mechanism.scram_hash() {
            None => State::Plain(plain::initial_response(username, password)),
            Some(hash) => {
                let nonce =
                    clock::random_id().map_err(|error| ConnectError::Internal(error.detail))?;
                let binding = offer.client_binding(mechanism);
                let mechanisms: Vec<&str> = offer.mechanisms.iter().map(String::as_str).collect();
                let bindings = offer.bindings.as_deref().unwrap_or_default();
                let bindings: Vec<&str> = bindings.iter().map(String::as_str).collect();
                let client = ScramClient::new(hash, username, password, &nonce, binding)?
                    .with_offer(&mechanisms, &bindings);
                State::Scram {
                    client: Some(client),
                    answered: false,
                    proven: false,
                }
            }
        };
        Ok(Self {
            name: mechanism.as_str(),
            state,
        })
    }

    /// With a token; nothing if it does not fit the offer.
    pub(super) fn token(token: Token, offer: &Offer, username: &str) -> Option<Self> {
        let mechanism = token.mechanism()?;
        let binding = offer.token_binding(mechanism)?;
        Some(Self {
            name: mechanism.as_str(),
            state: State::Token {
                initial: hashed_token::initial_response(username, token.secret(), &binding),
                token,
                binding,
            },
        })
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn is_scram(&self) -> bool {
        matches!(self.state, State::Scram { .. })
    }

    /// The first message, in base64.
    pub(super) fn initial(&self) -> Zeroizing<String> {
        Zeroizing::new(match &self.state {
            State::Plain(response) => STANDARD.encode(response),
            State::Scram { client, .. } => client
                .as_ref()
                .map_or_else(String::new, |client| STANDARD.encode(client.initial())),
            State::Token { initial, .. } => STANDARD.encode(initial),
        })
    }

    /// Answers a challenge, in base64.
    pub(super) async fn answer(
        &mut self,
        connector: &Connector,
        challenge: &Element,
    ) -> Result<String, ConnectError> {
        let challenge = decode(&challenge.text())?;
        let State::Scram {
            client,
            answered,
            proven,
        } = &mut self.state
        else {
            return Err(ConnectError::NotXmpp("unexpected challenge".to_owned()));
        };
        let mut scram = client.take().ok_or(ScramError::Malformed)?;
        if !*answered {
            *answered = true;
            // Thousands of hashes: not on a thread that serves others.
            let compute = connector.blocking(move || {
                let answer = scram.respond(&challenge);
                (answer, scram)
            });
            let (answer, scram) = compute.await?;
            *client = Some(scram);
            return Ok(STANDARD.encode(answer?));
        }
        // The last message of RFC 5802 as a challenge of its own, which some
        // servers prefer.
        if *proven {
            return Err(ScramError::Malformed.into());
        }
        scram.verify(&challenge)?;
        *proven = true;
        *client = Some(scram);
        Ok(String::new())
    }

    /// Whether the server has said all that it has to, with this last message.
    /// Without its proof there is no success.
    pub(super) fn finish(&mut self, data: Option<&str>) -> Result<(), ConnectError> {
        let data = data
            .map(decode)
            .transpose()?
            .filter(|data| !data.is_empty());
        let imposter = || {
            let why = "the server does not prove that it knows the account".to_owned();
            ConnectError::Certificate(CertificateProblem::Imposter, why, None)
        };
        match (&mut self.state, data) {
            (State::Plain(_), _) => Ok(()),
            (State::Scram { proven: true, .. }, None) => Ok(()),
            (
                State::Scram {
                    client: Some(client),
                    ..
                },
                Some(data),
            ) => Ok(client.verify(&data)?),
            (State::Token { token, binding, .. }, Some(data))
                if hashed_token::is_response(&data, token.secret(), binding) =>
            {
                Ok(())
            }
            _ => Err(imposter()),
        }
    }
}

fn decode(text: &str) -> Result<Vec<u8>, ConnectError> {
    match text.trim() {
        // Nothing, but said (RFC 6120, section 6.4.2).
        "=" => Ok(Vec::new()),
        text => STANDARD
            .decode(text)
            .map_err(|_| ConnectError::NotXmpp("SASL data is not base64".to_owned())),
    }
}

/// RFC 6120, section 6.5; the conditions are the same in XEP-0388.
pub(super) fn refusal(failure: &Element) -> ConnectError {
    let condition = failure
        .children()
        .find(|child| child.has_ns(ns::SASL) && child.name() != "text")
        .map_or("unknown", |child| child.name());
    match condition {
        "not-authorized" | "malformed-request" => ConnectError::WrongPassword,
        "account-disabled" => ConnectError::AccountDisabled(condition.to_owned()),
        "credentials-expired" => ConnectError::Expired,
        "temporary-auth-failure" => ConnectError::Busy(condition.to_owned()),
        other => ConnectError::NoMechanism(other.to_owned()),
    }
}

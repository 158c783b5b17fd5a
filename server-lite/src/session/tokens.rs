//! Signing in with a token instead of the password (FAST, XEP-0484).
//!
//! A token is `HMAC-SHA-256(key, account, client, seed)`. The seed is random and
//! stands in the database; the key lies in a file of its own beside it. The
//! mechanisms need the token itself, so a mere hash of it could not be kept:
//! this way a stolen database (or a backup of it) is worth nothing, and with the
//! key file, too, it lets the thief in until the tokens expire or the passwords
//! change. Losing the key file only means that everybody types the password once.

use std::net::IpAddr;
use std::path::Path;
use std::time::Instant;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use xmpp_core::element::build;
use xmpp_core::sasl::{TokenMechanism, hashed_token};
use xmpp_core::{Element, datetime, names, ns};

use super::auth::{Account, Failure, Proof};
use crate::data_dir::write_private;
use crate::server::Server;
use crate::store::tokens::{self, TokenRow};
use crate::store::{clients, generations};
use crate::{StartError, clock};

/// The file's name in the folder of keys.
const FILE: &str = "tokens.key";

/// A client by the id that it gives itself (XEP-0388), which nobody else learns.
pub(crate) type ClientId = [u8; 32];

/// What tokens are made with.
#[derive(Clone)]
pub(crate) struct TokenKey([u8; 32]);

impl TokenKey {
    /// Reads or makes the key.
    pub(crate) fn open(keys: &Path) -> Result<Self, StartError> {
        let path = keys.join(FILE);
        let failed = |source| StartError::DataFolder {
            path: path.clone(),
            source,
        };
        match std::fs::read(&path) {
            Ok(bytes) => match bytes.try_into() {
                Ok(key) => Ok(Self(key)),
                Err(_) => Err(StartError::Key {
                    path,
                    reason: "not 32 bytes long".to_owned(),
                }),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = clock::random()?;
                write_private(&path, &key).map_err(failed)?;
                Ok(Self(key))
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn keyed(&self, parts: &[&[u8]]) -> Vec<u8> {
        // HMAC takes keys of every length, so the error never happens.
        <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0).map_or_else(
            |_| Vec::new(),
            |mut mac| {
                for part in parts {
                    // With its length, so that two lists never read alike.
                    mac.update(&(part.len() as u64).to_be_bytes());
                    mac.update(part);
                }
                mac.finalize().into_bytes().to_vec()
            },
        )
    }

    fn token(&self, user: &str, client: &ClientId, seed: &[u8]) -> String {
        let made = self.keyed(&[b"token", user.as_bytes(), client, seed]);
        BASE32_NOPAD.encode(&made).to_lowercase()
    }

    /// What names a client to others than itself: its id cannot be found from it.
    pub(crate) fn reference(&self, user: &str, client: &[u8]) -> String {
        let made = self.keyed(&[b"client", user.as_bytes(), client]);
        let text = BASE32_NOPAD.encode(&made).to_lowercase();
        text.chars().take(20).collect()
    }

    /// The part of a resource that stays the same for one client (XEP-0386),
    /// and from which its id cannot be found.
    pub(super) fn resource(&self, user: &str, client: &ClientId, tag: &str) -> String {
        let made = self.keyed(&[b"resource", user.as_bytes(), client, tag.as_bytes()]);
        let text = BASE32_NOPAD.encode(&made).to_lowercase();
        text.chars().take(12).collect()
    }
}

/// The `id` of a `<user-agent/>`, as it is kept.
pub(super) fn client_id(agent: &Element) -> Option<ClientId> {
    let id = agent.attr("id").filter(|id| !id.trim().is_empty())?;
    Some(Sha256::digest(id.as_bytes()).into())
}

/// How a client signs in with a token.
pub(super) struct Attempt<'a> {
    pub(super) mechanism: TokenMechanism,
    pub(super) binding: Vec<u8>,
    pub(super) message: &'a [u8],
    pub(super) client: Option<ClientId>,
    pub(super) peer: IpAddr,
    /// The `<fast/>`.
    pub(super) fast: &'a Element,
}

/// What the proof of a token leads to.
pub(super) struct Proven {
    pub(super) proof: Proof,
    /// The token is due to be replaced.
    pub(super) is_due: bool,
}

enum Outcome {
    Unknown,
    Expired,
    Repeated,
    Fits {
        token: String,
        is_due: bool,
        generation: i64,
    },
}

/// Checks a token and notes its use.
pub(super) async fn prove(server: &Server, attempt: Attempt<'_>) -> Result<Proven, Failure> {
    let (name, proof) = hashed_token::parse(attempt.message).ok_or(Failure::MalformedRequest)?;
    let count = match attempt.fast.attr("count").map(str::parse::<i64>) {
        None => None,
        Some(Ok(count)) if count >= 0 => Some(count),
        Some(_) => return Err(Failure::MalformedRequest),
    };
    let ends = matches!(attempt.fast.attr("invalidate"), Some("true" | "1"));
    let user = names::normal_localpart(name).ok_or(Failure::NotAuthorized)?;
    let client = attempt.client.ok_or(Failure::NotAuthorized)?;
    let Attempt {
        mechanism,
        binding,
        peer,
        ..
    } = attempt;
    let (guesses, now) = (&server.limiter.guesses, Instant::now());
    let max = server.config.limits.failures_per_minute;
    if !guesses.may_try_token(&user, peer, max, now) {
        return Err(Failure::Temporary);
    }
    let key = server.token_key.clone();
    let half_ms = millis(server.config.limits.token_life / 2);
    let (owner, bound, proof) = (user.clone(), binding.clone(), proof.to_vec());
    let checked = server.store.write(move |tx| {
        let now_ms = clock::now_ms();
        for row in tokens::of_client(tx, &owner, &client)? {
            let token = key.token(&owner, &client, &row.seed);
            // A token is good for the mechanism that it was asked for, and for
            // none that is weaker.
            if row.mechanism != mechanism.as_str()
                || !hashed_token::is_proof(&proof, &token, &bound)
            {
                continue;
            }
            if row.expires_ms <= now_ms {
                return Ok(Outcome::Expired);
            }
            if count.is_some_and(|count| count <= row.count) {
                return Ok(Outcome::Repeated);
            }
            if ends {
                tokens::forget(tx, &owner, &client)?;
            } else {
                tokens::used(tx, &owner, &client, &row, count)?;
            }
            let is_due = !ends && row.expires_ms - now_ms < half_ms;
            let generation = generations::of(tx, &owner)?;
            return Ok(Outcome::Fits {
                token,
                is_due,
                generation,
            });
        }
        Ok(Outcome::Unknown)
    });
    let checked = checked.await.map_err(|error| {
        tracing::error!(%error, "token not checked");
        Failure::Temporary
    })?;
    match checked {
        Outcome::Fits {
            token,
            is_due,
            generation,
        } => {
            guesses.succeeded(&user, peer, now);
            let data = hashed_token::response(&token, &binding);
            let proof = Proof {
                account: Account { user, generation },
                data: Some(data),
            };
            Ok(Proven { proof, is_due })
        }
        Outcome::Expired => Err(Failure::Expired),
        Outcome::Repeated | Outcome::Unknown => {
            guesses.token_failed(&user, peer, now);
            Err(Failure::NotAuthorized)
        }
    }
}

/// Gives out a new token. `None`, with a word in the log, if that fails: the
/// client has signed in all the same. Nor is there one for who has signed in
/// with a password that was changed meanwhile, or was signed out.
pub(super) async fn issue(
    server: &Server,
    account: &Account,
    client: ClientId,
    mechanism: TokenMechanism,
) -> Option<Element> {
    let seed: [u8; 32] = clock::random().ok()?;
    let limits = &server.config.limits;
    let max = limits.tokens_per_account;
    let expires_ms = clock::now_ms().saturating_add(millis(limits.token_life));
    let row = TokenRow {
        is_new: true,
        mechanism: mechanism.as_str().to_owned(),
        seed: seed.to_vec(),
        expires_ms,
        count: 0,
    };
    let Account { user, generation } = account.clone();
    let kept = server.store.write(move |tx| {
        let is_current = generations::is_current(tx, &user, generation)?
            && !clients::is_ended(tx, &user, &client)?;
        if is_current {
            tokens::issue(tx, &user, &client, &row, max)?;
        }
        Ok(is_current)
    });
    match kept.await {
        Ok(true) => {}
        Ok(false) => return None,
        Err(error) => {
            tracing::error!(%error, "token not kept");
            return None;
        }
    }
    let token = server.token_key.token(&account.user, &client, &seed);
    let token = build("token", ns::FAST)
        .attr("token", token)
        .attr("expiry", datetime::format_ms(expires_ms));
    Some(token.done())
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stays_and_tokens_are_everybodys_own() {
        let folder = tempfile::tempdir().unwrap();
        let key = TokenKey::open(folder.path()).unwrap();
        let again = TokenKey::open(folder.path()).unwrap();
        let token = key.token("rosa", &[1; 32], b"seed");
        assert_eq!(again.token("rosa", &[1; 32], b"seed"), token);
        assert_ne!(key.token("bob", &[1; 32], b"seed"), token);
        assert_ne!(key.token("rosa", &[2; 32], b"seed"), token);
        assert_ne!(key.token("rosa", &[1; 32], b"deed"), token);
        let other = tempfile::tempdir().unwrap();
        let other = TokenKey::open(other.path()).unwrap();
        assert_ne!(other.token("rosa", &[1; 32], b"seed"), token);
    }

    #[test]
    fn a_damaged_key_is_an_error_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "short").unwrap();
        assert!(matches!(
            TokenKey::open(folder.path()),
            Err(StartError::Key { .. })
        ));
    }
}

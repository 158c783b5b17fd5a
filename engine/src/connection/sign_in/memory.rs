//! What is remembered from one sign-in to the next: the token (XEP-0484), and
//! that the server knew SCRAM.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use xmpp_core::sasl::TokenMechanism;
use xmpp_core::{Element, ns};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::super::Connector;
use super::exchange::Exchange;
use super::offer::Offer;
use crate::secrets::{SecretKind, Secrets};

/// Longest token that is kept.
const MAX_TOKEN: usize = 4 * 1024;
/// Longest wait for a keyring: it may itself wait for a person, and goes on by
/// itself then.
const PATIENCE: Duration = Duration::from_secs(1);

/// A token to sign in with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Token {
    mechanism: String,
    token: String,
}

impl Token {
    pub(super) fn mechanism(&self) -> Option<TokenMechanism> {
        TokenMechanism::from_name(&self.mechanism)
    }

    pub(super) fn secret(&self) -> &str {
        &self.token
    }

    /// The new token that a success brings, if it does. It is for the mechanism
    /// that was asked for or, unasked, for the one that was used.
    pub(super) fn from_success(success: &Element, used: &Exchange, offer: &Offer) -> Option<Self> {
        let element = success.get_child("token", ns::FAST)?;
        let token = element.attr("token")?;
        let mechanism = TokenMechanism::from_name(used.name()).or_else(|| offer.token())?;
        (!token.is_empty() && token.len() <= MAX_TOKEN).then(|| Self {
            mechanism: mechanism.as_str().to_owned(),
            token: token.to_owned(),
        })
    }
}

/// What is no secret, in a file.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct Known {
    /// The server has proven with SCRAM that it knows the account.
    #[serde(default)]
    scram: bool,
}

/// The memory of one account. The token is where secrets are, or nowhere: then
/// it lives as long as the program.
pub(crate) struct Memory {
    account: String,
    secrets: Arc<dyn Secrets>,
    file: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: Known,
    token: Option<Token>,
}

impl Memory {
    /// Reads what is remembered of an account. Blocks, on a keyring even: who
    /// has none gives [`NoSecrets`](crate::NoSecrets).
    pub(crate) fn open(account: &str, secrets: Arc<dyn Secrets>, file: &Path) -> Self {
        let known = std::fs::read(file)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let token = match secrets.get(account, SecretKind::Token) {
            Ok(secret) => secret.and_then(|bytes| serde_json::from_slice(&bytes).ok()),
            Err(error) => {
                tracing::debug!(%error, "no token");
                None
            }
        };
        Self {
            account: account.to_owned(),
            secrets,
            file: file.to_owned(),
            state: Mutex::new(State { known, token }),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn token(&self) -> Option<Token> {
        self.state().token.clone()
    }

    pub(super) fn knew_scram(&self) -> bool {
        self.state().known.scram
    }

    pub(super) async fn learn_scram(&self, connector: &Connector) {
        if !self.knew_scram() {
            self.set_known(connector, Known { scram: true }).await;
        }
    }

    /// Another password was typed: what was learnt with the one before counts no
    /// more.
    pub(crate) async fn forget(&self, connector: &Connector) {
        self.keep_token(connector, None).await;
        if self.knew_scram() {
            self.set_known(connector, Known::default()).await;
        }
    }

    /// The password was changed from here: a token of the one before may count no more.
    pub(crate) async fn forget_token(&self, connector: &Connector) {
        self.keep_token(connector, None).await;
    }

    /// This device was signed out: what it could come back with goes, also from
    /// where secrets are.
    pub(crate) async fn forget_password(&self, connector: &Connector) {
        self.keep_token(connector, None).await;
        let (secrets, account) = (Arc::clone(&self.secrets), self.account.clone());
        let gone = connector.blocking(move || secrets.delete(&account, SecretKind::Password));
        match tokio::time::timeout(PATIENCE, gone).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "password not forgotten"),
            _ => tracing::warn!("password not forgotten"),
        }
    }

    async fn set_known(&self, connector: &Connector, known: Known) {
        self.state().known = known.clone();
        let file = self.file.clone();
        let written = connector.blocking(move || write(&file, &known)).await;
        if !matches!(written, Ok(Ok(()))) {
            tracing::warn!("what was learnt of the server is not kept");
        }
    }

    /// Puts a token in the place of the one before. Once the server has seen the
    /// new one, the old one is worth nothing, so it is kept before it is used.
    pub(super) async fn keep_token(&self, connector: &Connector, token: Option<Token>) {
        let before = std::mem::replace(&mut self.state().token, token.clone());
        if before == token {
            return;
        }
        let (secrets, account) = (Arc::clone(&self.secrets), self.account.clone());
        let kept = connector.blocking(move || match token {
            Some(token) => {
                let text = Zeroizing::new(serde_json::to_vec(&token).unwrap_or_default());
                secrets.set(&account, SecretKind::Token, &text)
            }
            None => secrets.delete(&account, SecretKind::Token),
        });
        match tokio::time::timeout(PATIENCE, kept).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::debug!(%error, "token not kept"),
            _ => tracing::debug!("token not kept"),
        }
    }
}

/// By a rename: there is the old file or the new one.
fn write(file: &Path, known: &Known) -> std::io::Result<()> {
    let fresh = file.with_extension("new");
    std::fs::write(&fresh, serde_json::to_vec(known)?)?;
    std::fs::rename(fresh, file)
}

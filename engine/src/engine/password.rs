//! Changing the password of an account: at its server, and in what this device keeps
//! under it.
//!
//! Whenever the program ends over it, the password that counts then opens the cache.
//! Where the key is in the keyring that is so by itself. Where it is wrapped with the
//! password, a second wrapping lies beside the first before the server is asked, and
//! takes its place once the server has said yes. As long as it is not known what the
//! server has done both stay, and both open it; the next proof of a password decides.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use xmpp_core::sasl::{is_same_password, normal_password};
use zeroize::Zeroizing;

use super::Engine;
use super::keys::wrap_key;
use crate::account::{Account, NotChanged, Shared};
use crate::api::{ApiError, ConnectionView, ErrorCode, Event, Response};
use crate::connection::ConnectError;
use crate::profile::SecretsPlace;
use crate::secrets::SecretKind;

/// Beside `cache.key`: the same key, wrapped with the password that may count next.
const NEXT_KEY: &str = "cache.key-next";

impl Engine {
    /// Gives an account another password, and whether this device has kept it as it kept
    /// the one before.
    pub(super) async fn new_password(
        &self,
        id: &str,
        current: String,
        new: String,
    ) -> Result<Response, ApiError> {
        let (current, new) = (Zeroizing::new(current), Zeroizing::new(new));
        let _changing = self.inner.changing.lock().await;
        let account = self.account(id)?;
        account.shared.handle()?;
        self.check_current(&account, &current).await?;
        if normal_password(&new).is_err() {
            return Err(ErrorCode::PasswordTooWeak.into());
        }
        let key = self.with(|state| state.keys.get(id).cloned());
        let key = key.ok_or(ErrorCode::Locked)?;
        if self.is_undecided(id) {
            // The server has just decided about the change before this one.
            self.keep_secrets(id, &key, &current).await?;
        }
        let saved = self.saved(id)?;
        let (file, next) = (self.account_file(id, "cache.key")?, self.next_key(id)?);
        if saved.secrets == SecretsPlace::AskEachTime {
            wrap_key(next.clone(), &key, &new).await?;
        }
        match account.ask_for_password(&new).await {
            Ok(()) => {}
            Err(NotChanged::Refused(error)) => {
                self.drop_next_key(id).await;
                return Err(error);
            }
            // It may have ended the session by doing it. That it takes the new one proves
            // it; that it does not proves nothing, for what was not acknowledged goes out
            // again when the session is resumed (XEP-0198, section 5).
            Err(NotChanged::Unanswered(error)) => {
                if self.sign_in_once(&saved, &new).await.is_err() {
                    return Err(error);
                }
            }
        }
        // A server may end all sessions and tokens of the old one.
        account.change_way(|way| way.password.clone_from(&new));
        account
            .shared
            .memory
            .forget_token(&self.inner.connector)
            .await;
        let is_kept = match saved.secrets {
            SecretsPlace::Keyring => self.keep(id, SecretKind::Password, new.as_bytes()).await,
            SecretsPlace::AskEachTime => {
                if let Err(error) = tokio::fs::rename(next, file).await {
                    // Both are there, and each opens it.
                    tracing::warn!(%error, "key file not replaced");
                }
                true
            }
        };
        Ok(Response::PasswordChanged(is_kept))
    }

    /// Whoever sits at an open window need not be its owner.
    async fn check_current(&self, account: &Account, current: &str) -> Result<(), ApiError> {
        let id = &account.shared.id;
        let kept = password_of(&account.shared);
        if current.is_empty() {
            return Err(ErrorCode::WrongPassword.into());
        }
        if !kept.is_empty() && !self.is_undecided(id) {
            return match is_same_password(&kept, current) {
                true => Ok(()),
                false => Err(ErrorCode::WrongPassword.into()),
            };
        }
        // Signed in with a token, or by one of two: only the server knows.
        match self.sign_in_once(&self.saved(id)?, current).await {
            Ok(()) => Ok(()),
            Err(ConnectError::WrongPassword) => Err(ErrorCode::WrongPassword.into()),
            Err(error) => Err(ApiError::new(ErrorCode::NotConnected).detail(error)),
        }
    }

    /// Where the wrapping is that may count next.
    pub(super) fn next_key(&self, id: &str) -> Result<PathBuf, ApiError> {
        self.account_file(id, NEXT_KEY)
    }

    /// It counts no more, or it does and is in its place.
    pub(super) async fn drop_next_key(&self, id: &str) {
        if let Ok(path) = self.next_key(id)
            && path.exists()
            && let Err(error) = tokio::fs::remove_file(path).await
        {
            tracing::warn!(%error, "second key file not removed");
        }
    }

    /// Whether it is not known which of two passwords the server has.
    pub(super) fn is_undecided(&self, id: &str) -> bool {
        self.next_key(id).is_ok_and(|path| path.exists())
    }

    /// Once the account is connected, the password that it was opened with can be proven.
    pub(super) fn decide_later(&self, id: &str) {
        let Ok(account) = self.account(id) else {
            return;
        };
        let (shared, inner) = (Arc::clone(&account.shared), Arc::downgrade(&self.inner));
        tokio::spawn(async move {
            let mut connection = shared.connection.subscribe();
            let online = async {
                let online = connection.wait_for(|view| *view == ConnectionView::Online);
                online.await.is_ok()
            };
            tokio::select! {
                biased;
                () = shared.cancel.cancelled() => return,
                is_online = online => if !is_online { return },
            }
            if let Some(inner) = inner.upgrade() {
                Box::pin(decide(&Engine { inner }, &shared)).await;
            }
        });
    }
}

/// Keeps the one password that the server is known to take.
async fn decide(engine: &Engine, shared: &Shared) {
    let id = &shared.id;
    let password = password_of(shared);
    let Ok(saved) = engine.saved(id) else { return };
    if let Err(error) = engine.sign_in_once(&saved, &password).await {
        tracing::info!(%error, "still two passwords that open the cache");
        return;
    }
    let _changing = engine.inner.changing.lock().await;
    // Meanwhile somebody may have typed another, signed out or ended the program.
    if shared.cancel.is_cancelled() || password_of(shared) != password {
        return;
    }
    let Some(key) = engine.with(|state| state.keys.get(id).cloned()) else {
        return;
    };
    if let Err(error) = engine.keep_secrets(id, &key, &password).await {
        tracing::warn!(%error, "still two passwords that open the cache");
    }
    engine.inner.events.publish(Event::AccountsChanged);
}

fn password_of(shared: &Shared) -> Zeroizing<String> {
    let way = shared.way.lock().unwrap_or_else(PoisonError::into_inner);
    way.password.clone()
}

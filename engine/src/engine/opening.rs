//! Opening accounts that need nobody to type a password, and looking again at those
//! that could not be opened: because the keyring is locked or waits for somebody, or
//! because the disk is full or does not give what lies on it.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::{Engine, Inner};
use crate::api::{ApiError, ErrorCode, Event, Notice};
use crate::profile::{SavedAccount, SecretsPlace};
use crate::secrets::SecretKind;

/// The wait between two looks doubles up to so many times the first one: a keyring may
/// show a dialog each time, which somebody has closed before.
const SLOWER: u32 = 16;

/// Looks again as long as anything is not open, and the engine is there and open.
async fn run(engine: Weak<Inner>, answered: Arc<Notify>, first: Duration) {
    let mut wait = first;
    loop {
        // Who has found the dialog of the keyring is not kept waiting.
        let unasked = tokio::time::timeout(wait, answered.notified()).await;
        if unasked.is_err() {
            wait = wait.saturating_mul(2).min(first.saturating_mul(SLOWER));
        }
        let Some(inner) = engine.upgrade().map(|inner| Engine { inner }) else {
            return;
        };
        if inner.with(|state| state.profile.is_none()) || !inner.look_again().await {
            return;
        }
    }
}

impl Engine {
    /// Opens those of these accounts whose secrets are in the keyring.
    pub(super) async fn open_accounts(&self, accounts: Vec<SavedAccount>) {
        let mut silent: Option<ApiError> = None;
        for saved in accounts {
            if saved.secrets != SecretsPlace::Keyring {
                continue;
            }
            // One that is locked is so for all of them, and may show a dialog each time.
            let opened = match silent.clone() {
                Some(error) => Err(error),
                None => self.open_with_keyring(&saved.id).await,
            };
            if let Err(error) = opened {
                tracing::error!(%error, account = saved.id, "account not opened");
                if error.code == ErrorCode::KeyringUnavailable {
                    silent = Some(error.clone());
                }
                self.stays_shut(&saved.id, error);
            }
        }
    }

    /// Looks again later, if there is a reason to.
    pub(super) fn open_later(&self) {
        if self.is_all_open() {
            return;
        }
        let answered = self.inner.keyring.answered();
        let first = self.inner.config.timeouts.max_backoff / 2;
        tokio::spawn(run(Arc::downgrade(&self.inner), answered, first));
    }

    /// Somebody does not want to wait until the next look.
    pub(super) async fn open_now(&self, id: &str) -> Result<(), ApiError> {
        let saved = self.saved(id)?;
        if self.why_shut(id).is_none() {
            // Only a password helps.
            return Err(ErrorCode::WrongPassword.into());
        }
        self.look_for_keyring().await;
        self.open_accounts(vec![saved]).await;
        match self.why_shut(id) {
            Some(error) => Err(error),
            // It may wait for a password by now.
            None => self.account(id).map(drop),
        }
    }

    /// Why an account could not be opened.
    fn why_shut(&self, id: &str) -> Option<ApiError> {
        self.with(|state| state.shut.get(id).cloned())
    }

    /// Tries what could not be opened. Whether there is a reason to look again.
    async fn look_again(&self) -> bool {
        let was_there = self.inner.keyring.is_available();
        self.look_for_keyring().await;
        if self.inner.keyring.is_available() != was_there {
            self.inner.events.publish(Event::AccountsChanged);
        }
        let accounts: Vec<_> = self.with(|state| {
            let (shut, all) = (&mut state.shut, &state.accounts.saved);
            // Some may have been signed out of.
            shut.retain(|id, _| all.iter().any(|saved| saved.id == *id));
            let waiting = all.iter().filter(|saved| shut.contains_key(&saved.id));
            waiting.cloned().collect()
        });
        self.open_accounts(accounts).await;
        !self.is_all_open()
    }

    /// Whether nothing waits for the keyring or the disk.
    fn is_all_open(&self) -> bool {
        self.with(|state| state.shut.is_empty()) && !self.inner.keyring.is_silent()
    }

    /// Opens an account with what the keyring has for it.
    async fn open_with_keyring(&self, id: &str) -> Result<(), ApiError> {
        let Some(key) = self.secret(id, SecretKind::CacheKey).await? else {
            self.with(|state| state.shut.remove(id));
            self.notice(Notice::SecretMissing {
                account: id.to_owned(),
            });
            return Ok(());
        };
        let password = self.secret(id, SecretKind::Password).await?;
        let text = password.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
        // Without a password there is the history still, and somebody to ask.
        let password = Zeroizing::new(text.unwrap_or_default());
        let _changing = self.inner.changing.lock().await;
        // Meanwhile somebody may have opened it, signed out of it or ended the program.
        let is_settled = self.with(|state| state.profile.is_none() || state.open.contains_key(id));
        match self.saved(id) {
            Ok(saved) if !is_settled => self.open_account(&saved, &key, password).await,
            _ => Ok(()),
        }
    }

    /// Remembers why an account is not open, for the interface and the next look.
    fn stays_shut(&self, id: &str, error: ApiError) {
        let is_news = self.with(|state| {
            let is_there = state.accounts.saved.iter().any(|saved| saved.id == id);
            if !is_there || state.open.contains_key(id) {
                return false;
            }
            let before = state.shut.insert(id.to_owned(), error.clone());
            before.is_none_or(|before| before != error)
        });
        if is_news {
            self.inner.events.publish(Event::AccountsChanged);
        }
    }
}

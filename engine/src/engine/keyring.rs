//! Asking the keyring, which may wait for a person at a dialog of the system.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::Engine;
use crate::api::{ApiError, ErrorCode};
use crate::secrets::{Secret, SecretKind};

/// At the start the window waits, too: it is shown before somebody has found the dialog.
const AT_START: Duration = Duration::from_secs(3);

/// What is known of the keyring.
#[derive(Default)]
pub(super) struct Keyring {
    /// Whether there is one; looked at again with each unlocking.
    is_available: AtomicBool,
    /// The profile is open.
    is_started: AtomicBool,
    /// A question that it has not answered in time.
    unanswered: Mutex<Weak<Question>>,
    /// Told when such a question is answered after all.
    answered: Arc<Notify>,
}

/// Gone once it is answered.
struct Question {
    given_up: AtomicBool,
    answered: Arc<Notify>,
}

impl Drop for Question {
    fn drop(&mut self) {
        if self.given_up.load(Ordering::Relaxed) {
            self.answered.notify_one();
        }
    }
}

impl Keyring {
    /// Whether secrets can be kept in it.
    pub(super) fn is_available(&self) -> bool {
        self.is_available.load(Ordering::Relaxed)
    }

    /// Whether it still owes an answer. Each further question would keep a thread
    /// waiting as well.
    pub(super) fn is_silent(&self) -> bool {
        self.unanswered().strong_count() > 0
    }

    /// Nobody waits for a window any more.
    pub(super) fn started(&self) {
        self.is_started.store(true, Ordering::Relaxed);
    }

    /// Told when a question is answered that was given up.
    pub(super) fn answered(&self) -> Arc<Notify> {
        Arc::clone(&self.answered)
    }

    fn unanswered(&self) -> std::sync::MutexGuard<'_, Weak<Question>> {
        self.unanswered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn give_up(&self, question: &Arc<Question>) {
        question.given_up.store(true, Ordering::Relaxed);
        *self.unanswered() = Arc::downgrade(question);
    }
}

impl Engine {
    /// Asks the keyring, and waits for so long at most. It may wait for a person
    /// at a dialog; the thread that waits for it is given up then, and nothing else is
    /// asked until it is through.
    pub(super) async fn ask_keyring<T: Send + 'static>(
        &self,
        act: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let keyring = &self.inner.keyring;
        if keyring.is_silent() {
            return None;
        }
        let longest = self.inner.config.timeouts.keyring;
        let limit = match keyring.is_started.load(Ordering::Relaxed) {
            true => longest,
            false => longest.min(AT_START),
        };
        let question = Arc::new(Question {
            given_up: AtomicBool::new(false),
            answered: keyring.answered(),
        });
        let open = Arc::clone(&question);
        let asked = self.inner.config.store.block(move || {
            let answer = act();
            drop(open);
            answer
        });
        match tokio::time::timeout(limit, asked).await {
            Ok(answer) => answer.ok(),
            Err(_) => {
                keyring.give_up(&question);
                None
            }
        }
    }

    /// Looks whether there is a keyring, unless one was found already.
    pub(super) async fn look_for_keyring(&self) {
        if self.inner.keyring.is_available() {
            return;
        }
        let secrets = Arc::clone(&self.inner.config.secrets);
        let found = self.ask_keyring(move || secrets.is_available()).await;
        let found = found.unwrap_or(false);
        let known = &self.inner.keyring.is_available;
        known.store(found, Ordering::Relaxed);
    }

    /// Reads a secret: `None` if the keyring says that it is not there. That it
    /// says nothing (locked, not running) is an error, and something else
    /// altogether: the secret may well be there.
    pub(super) async fn secret(
        &self,
        account: &str,
        kind: SecretKind,
    ) -> Result<Option<Secret>, ApiError> {
        let secrets = Arc::clone(&self.inner.config.secrets);
        let account = account.to_owned();
        let unavailable = |why: &dyn std::fmt::Display| {
            tracing::warn!(error = %why, "secret not read");
            ApiError::new(ErrorCode::KeyringUnavailable).detail(why)
        };
        match self.ask_keyring(move || secrets.get(&account, kind)).await {
            Some(Ok(secret)) => Ok(secret),
            Some(Err(error)) => Err(unavailable(&error)),
            None => Err(unavailable(&"no answer in time")),
        }
    }

    /// Keeps a secret; whether it is kept now.
    pub(super) async fn keep(&self, account: &str, kind: SecretKind, secret: &[u8]) -> bool {
        if !self.inner.keyring.is_available() {
            return false;
        }
        let secrets = Arc::clone(&self.inner.config.secrets);
        let (account, secret) = (account.to_owned(), Zeroizing::new(secret.to_vec()));
        match self
            .ask_keyring(move || secrets.set(&account, kind, &secret))
            .await
        {
            Some(Ok(())) => true,
            Some(Err(error)) => {
                tracing::warn!(%error, "secret not kept");
                false
            }
            None => false,
        }
    }

    pub(super) async fn forget_secrets(&self, account: &str, cache_too: bool) {
        let secrets = Arc::clone(&self.inner.config.secrets);
        let account = account.to_owned();
        let forget = move || {
            secrets.delete(&account, SecretKind::Token)?;
            secrets.delete(&account, SecretKind::Password)?;
            // The key opens the history that the user wants to keep.
            if cache_too {
                secrets.delete(&account, SecretKind::CacheKey)
            } else {
                Ok(())
            }
        };
        if self.inner.keyring.is_silent() {
            // Nobody asks again for an account that is gone: this waits by itself.
            drop(tokio::task::spawn_blocking(forget));
            tracing::warn!("secrets are removed once the keyring answers");
            return;
        }
        if !matches!(self.ask_keyring(forget).await, Some(Ok(()))) {
            tracing::warn!("secrets not removed from the keyring");
        }
    }
}

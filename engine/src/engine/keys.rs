//! Opening caches: with the keyring, or with the password where there is none.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use zeroize::Zeroizing;

use super::{Engine, address};
use crate::account::{Account, AccountConfig, Managed};
use crate::api::{ApiError, ConnectionView, ErrorCode, Event, Notice};
use crate::clock;
use crate::connection::{Login, Memory, Purpose, connect};
use crate::profile::{SavedAccount, SecretsPlace, set_aside};
use crate::secrets::{NoSecrets, Secret, SecretKind, Secrets, WrapError, WrappedKey};
use crate::store::{SetAside, Store, contacts};
use crate::vault::Vault;

impl Engine {
    /// Asks the keyring, and waits for so long at most. It may wait for a person
    /// at a dialog; the thread that waits for it is given up then.
    pub(super) async fn ask_keyring<T: Send + 'static>(
        &self,
        act: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let limit = self.inner.config.timeouts.keyring;
        let asked = self.inner.config.store.block(act);
        match tokio::time::timeout(limit, asked).await {
            Ok(Ok(value)) => Some(value),
            _ => None,
        }
    }

    /// Looks whether there is a keyring, unless one was found already.
    pub(super) async fn look_for_keyring(&self) {
        if self.inner.secrets_available.load(Ordering::Relaxed) {
            return;
        }
        let secrets = Arc::clone(&self.inner.config.secrets);
        let found = self.ask_keyring(move || secrets.is_available()).await;
        let found = found.unwrap_or(false);
        self.inner.secrets_available.store(found, Ordering::Relaxed);
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
        if !self.inner.secrets_available.load(Ordering::Relaxed) {
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
        let forgotten = self.ask_keyring(move || {
            secrets.delete(&account, SecretKind::Token)?;
            secrets.delete(&account, SecretKind::Password)?;
            // The key opens the history that the user wants to keep.
            if cache_too {
                secrets.delete(&account, SecretKind::CacheKey)
            } else {
                Ok(())
            }
        });
        if !matches!(forgotten.await, Some(Ok(()))) {
            tracing::warn!("secrets not removed from the keyring");
        }
    }

    /// Opens an account at the start, if its secrets are at hand.
    pub(super) async fn open_from_keyring(&self, saved: SavedAccount) {
        if saved.secrets == SecretsPlace::AskEachTime {
            return;
        }
        let key = self.secret(&saved.id, SecretKind::CacheKey).await;
        let password = self.secret(&saved.id, SecretKind::Password).await;
        let (Ok(key), Ok(password)) = (key, password) else {
            // Locked until the keyring is back; nothing is lost.
            return;
        };
        let text = password.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
        // Without a password there is the history still, and somebody to ask.
        let password = Zeroizing::new(text.unwrap_or_default());
        let Some(key) = key else {
            self.notice(Notice::SecretMissing { account: saved.id });
            return;
        };
        if let Err(error) = self.open_account(&saved, &key, password).await {
            tracing::error!(%error, account = saved.id, "account not opened");
        }
    }

    /// Opens the cache and starts the account's task.
    pub(super) async fn open_account(
        &self,
        saved: &SavedAccount,
        key: &Secret,
        password: Zeroizing<String>,
    ) -> Result<(), ApiError> {
        let failed =
            |error: &dyn std::fmt::Display| ApiError::new(ErrorCode::CacheFailed).detail(error);
        let path = self.account_file(&saved.id, "cache.db")?;
        let (key, kept) = (key.clone(), key.clone());
        let mode = self.inner.config.store;
        let memory_file = self.account_file(&saved.id, "sign-in.json")?;
        let id = saved.id.clone();
        // Where there is no keyring, asking it could only take time.
        let secrets: Arc<dyn Secrets> = match self.inner.secrets_available.load(Ordering::Relaxed) {
            true => Arc::clone(&self.inner.config.secrets),
            false => Arc::new(NoSecrets),
        };
        let opened = mode.block(move || {
            let memory = Memory::open(&id, secrets, &memory_file);
            (Store::open(&path, &key, mode), memory)
        });
        let (opened, memory) = opened.await.map_err(|error| failed(&error))?;
        let (store, aside) = opened.map_err(|error| failed(&error))?;
        let own = address(saved)?;
        let (whose, name) = (own.to_string(), saved.display_name.clone());
        let (known_whose, known_name) = (whose.clone(), name.clone());
        let is_known = store
            .read(move |db| Ok(contacts::name(db, &known_whose)? == known_name))
            .await
            .map_err(|error| failed(&error))?;
        // A start that changes nothing waits for no disk.
        if !is_known {
            store
                .write(move |tx| contacts::set_own_name(tx, &whose, &name))
                .await
                .map_err(|error| failed(&error))?;
        }
        let config = AccountConfig {
            id: saved.id.clone(),
            address: own,
            username: saved.username.clone(),
            display_name: saved.display_name.clone(),
            resource: saved.resource.clone(),
            target: saved.target.clone(),
            password,
            clock: self.inner.config.clock.clone(),
            connector: self.inner.connector.clone(),
            memory,
            managed: Managed {
                retention: self.inner.config.retention.and(saved.retention),
                preview: saved.preview,
            },
            vault: Vault::new(self.account_file(&saved.id, "cache.db-files")?, mode),
            file_cache_bytes: self.inner.config.file_cache_bytes,
            surroundings: self.inner.surroundings.clone(),
        };
        let account = Account::start(config, store, self.inner.events.clone());
        self.with(|state| {
            state.keys.insert(saved.id.clone(), kept);
            state.open.insert(saved.id.clone(), Arc::new(account))
        });
        let shown = |path: std::path::PathBuf| path.display().to_string();
        match aside {
            None => {}
            Some(SetAside::Damaged(path)) => self.notice(Notice::CacheSetAside {
                account: saved.id.clone(),
                path: shown(path),
            }),
            Some(SetAside::Newer(path)) => self.notice(Notice::CacheFromNewerVersion {
                account: saved.id.clone(),
                path: shown(path),
            }),
        }
        self.inner.events.publish(Event::AccountsChanged);
        Ok(())
    }

    pub(super) fn account_file(
        &self,
        id: &str,
        name: &str,
    ) -> Result<std::path::PathBuf, ApiError> {
        let folder = self
            .with(|state| {
                state
                    .profile
                    .as_ref()
                    .map(|profile| profile.account_folder(id))
            })
            .ok_or(ErrorCode::Internal)?;
        std::fs::create_dir_all(&folder)
            .map_err(|error| ApiError::new(ErrorCode::CacheFailed).detail(error))?;
        Ok(folder.join(name))
    }

    /// Keeps the secrets of an account that is in the list, and notes there
    /// where they are.
    async fn keep_secrets(&self, id: &str, key: &Secret, password: &str) -> Result<(), ApiError> {
        let place = self.place_secrets(id, key, password).await?;
        self.save(|accounts| {
            for account in accounts.iter_mut().filter(|account| account.id == id) {
                account.secrets = place;
            }
        })
        .await?;
        self.drop_other_key(id, place).await
    }

    /// Only once the list says where the key is, the other place is of no use. In the
    /// other order a crash in between would leave a cache that nothing opens.
    pub(super) async fn drop_other_key(
        &self,
        id: &str,
        place: SecretsPlace,
    ) -> Result<(), ApiError> {
        if place == SecretsPlace::Keyring {
            let path = self.account_file(id, "cache.key")?;
            if path.exists()
                && let Err(error) = tokio::fs::remove_file(path).await
            {
                tracing::warn!(%error, "key file not removed");
            }
        }
        Ok(())
    }

    /// Puts the secrets of an account where they belong: both into the keyring,
    /// or the key, wrapped under the password, into a file.
    pub(super) async fn place_secrets(
        &self,
        id: &str,
        key: &Secret,
        password: &str,
    ) -> Result<SecretsPlace, ApiError> {
        if self.keep(id, SecretKind::CacheKey, key).await
            && self
                .keep(id, SecretKind::Password, password.as_bytes())
                .await
        {
            return Ok(SecretsPlace::Keyring);
        }
        let path = self.account_file(id, "cache.key")?;
        let (salt, nonce) = (clock::random()?, clock::random()?);
        let (key, password) = (key.clone(), Zeroizing::new(password.to_owned()));
        let failed =
            |error: &dyn std::fmt::Display| ApiError::new(ErrorCode::CacheFailed).detail(error);
        tokio::task::spawn_blocking(move || {
            WrappedKey::wrap(&key, &password, salt, nonce)?.store(&path)
        })
        .await
        .map_err(|error| failed(&error))?
        .map_err(|error| failed(&error))?;
        Ok(SecretsPlace::AskEachTime)
    }

    /// Opens a locked account with its password, or gives an open one another
    /// password.
    pub(super) async fn unlock(
        &self,
        id: &str,
        password: Zeroizing<String>,
    ) -> Result<(), ApiError> {
        let _changing = self.inner.changing.lock().await;
        let saved = self.saved(id)?;
        if password.is_empty() {
            return Err(ErrorCode::WrongPassword.into());
        }
        if let Ok(account) = self.account(id) {
            return self.change_password(&saved, &account, password).await;
        }
        self.look_for_keyring().await;
        let key = match saved.secrets {
            SecretsPlace::AskEachTime => self.unwrap_key(&saved, &password).await?,
            // The keyring lost the password, perhaps not the key.
            SecretsPlace::Keyring => match self.secret(id, SecretKind::CacheKey).await? {
                Some(key) => {
                    self.check_sign_in(&saved, &password).await?;
                    key
                }
                None => self.replace_key(&saved, &password).await?,
            },
        };
        // A keyring may have appeared, or gone.
        self.keep_secrets(id, &key, &password).await?;
        self.with(|state| {
            state.notices.retain(
                |notice| !matches!(notice, Notice::SecretMissing { account } if account == id),
            );
        });
        self.open_account(&saved, &key, password).await
    }

    async fn unwrap_key(
        &self,
        saved: &SavedAccount,
        password: &Zeroizing<String>,
    ) -> Result<Secret, ApiError> {
        match self.wrapped_key(&saved.id, password).await? {
            Ok(key) => Ok(key),
            // Either it is wrong, or it was changed on the server: then nobody
            // can open the old cache any more.
            Err(WrapError::WrongPassword) => match self.replace_key(saved, password).await {
                Ok(key) => Ok(key),
                Err(_) => Err(ErrorCode::WrongPassword.into()),
            },
            Err(error) => {
                tracing::error!(%error, "key file");
                self.replace_key(saved, password).await
            }
        }
    }

    /// The key that lies beside a cache.
    pub(super) async fn wrapped_key(
        &self,
        id: &str,
        password: &Zeroizing<String>,
    ) -> Result<Result<Secret, WrapError>, ApiError> {
        let path = self.account_file(id, "cache.key")?;
        let typed = password.clone();
        tokio::task::spawn_blocking(move || WrappedKey::load(&path)?.unwrap_key(&typed))
            .await
            .map_err(|error| ApiError::new(ErrorCode::Internal).detail(error))
    }

    /// A new key for an account whose old one is lost, once the server has
    /// confirmed the password. The old cache is set aside.
    async fn replace_key(&self, saved: &SavedAccount, password: &str) -> Result<Secret, ApiError> {
        self.check_sign_in(saved, password).await?;
        self.set_cache_aside(&saved.id)?;
        fresh_key()
    }

    /// Nobody can open this cache any more.
    pub(super) fn set_cache_aside(&self, id: &str) -> Result<(), ApiError> {
        let path = self.account_file(id, "cache.db")?;
        if path.exists() {
            let aside = set_aside(&path, "locked")
                .map_err(|error| ApiError::new(ErrorCode::CacheFailed).detail(error))?;
            self.notice(Notice::CacheSetAside {
                account: id.to_owned(),
                path: aside.display().to_string(),
            });
        }
        Ok(())
    }

    /// Asks the server whether a password is right.
    async fn check_sign_in(&self, saved: &SavedAccount, password: &str) -> Result<(), ApiError> {
        let login = proof(saved, password);
        let connector = &self.inner.connector;
        let signed_in = connect(connector, &saved.target, login, Purpose::Prove)
            .await
            .map_err(|error| error.to_api(&saved.target.domain))?;
        signed_in.transport.close().await;
        Ok(())
    }

    async fn change_password(
        &self,
        saved: &SavedAccount,
        account: &Account,
        password: Zeroizing<String>,
    ) -> Result<(), ApiError> {
        self.check_sign_in(saved, &password).await?;
        // The key stays; what it is found by follows the password.
        let key = self.with(|state| state.keys.get(&saved.id).cloned());
        if let Some(key) = key {
            self.keep_secrets(&saved.id, &key, &password).await?;
        }
        // A token of the old password, and what was learnt with it.
        account.shared.memory.forget(&self.inner.connector).await;
        account.change_way(|way| way.password = password);
        if matches!(
            *account.shared.connection.borrow(),
            ConnectionView::Offline { .. }
        ) {
            account.shared.wake.notify_one();
        }
        Ok(())
    }
}

/// A key for a new cache.
pub(super) fn fresh_key() -> Result<Secret, ApiError> {
    Ok(Zeroizing::new(clock::random::<32>()?.to_vec()))
}

/// To see whether a server accepts a password.
pub(super) fn proof<'a>(saved: &'a SavedAccount, password: &'a str) -> Login<'a> {
    Login {
        username: &saved.username,
        password,
        device: &saved.resource,
        memory: None,
    }
}

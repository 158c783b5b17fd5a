//! Opening caches: with the keyring, or with the password where there is none.

use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::saving::{not_opened, on_disk};
use super::{Engine, address};
use crate::account::{Account, AccountConfig, Managed};
use crate::api::{ApiError, ConnectionView, ErrorCode, Event, Notice};
use crate::clock;
use crate::connection::{Login, Memory, Purpose, connect};
use crate::profile::{SavedAccount, SecretsPlace, set_locked_aside};
use crate::secrets::{NoSecrets, Secret, SecretKind, WrapError, WrappedKey};
use crate::store::{SetAside, Store, contacts};
use crate::vault::Vault;

impl Engine {
    /// Opens the cache and starts the account's task.
    pub(super) async fn open_account(
        &self,
        saved: &SavedAccount,
        key: &Secret,
        password: Zeroizing<String>,
    ) -> Result<(), ApiError> {
        let path = self.account_file(&saved.id, "cache.db")?;
        let (key, kept) = (key.clone(), key.clone());
        let mode = self.inner.config.store;
        let memory = self.memory(&saved.id).await?;
        let (store, aside) = mode
            .block(move || Store::open(&path, &key, mode))
            .await
            .map_err(|error| ApiError::new(ErrorCode::CacheFailed).detail(error))?
            .map_err(|error| not_opened(&error))?;
        let own = address(saved)?;
        let (whose, name) = (own.to_string(), saved.display_name.clone());
        let (known_whose, known_name) = (whose.clone(), name.clone());
        let is_known = store
            .read(move |db| Ok(contacts::name(db, &known_whose)? == known_name))
            .await
            .map_err(|error| not_opened(&error))?;
        // A start that changes nothing waits for no disk.
        if !is_known {
            store
                .write(move |tx| contacts::set_own_name(tx, &whose, &name))
                .await
                .map_err(|error| not_opened(&error))?;
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
            state.shut.remove(&saved.id);
            state.keys.insert(saved.id.clone(), kept);
            state.open.insert(saved.id.clone(), Arc::new(account))
        });
        let shown = |path: PathBuf| path.display().to_string();
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

    /// What is remembered from one sign-in to the next.
    async fn memory(&self, id: &str) -> Result<Memory, ApiError> {
        let file = self.account_file(id, "sign-in.json")?;
        // Where there is no keyring, asking it could only take time.
        if self.inner.keyring.is_available() {
            let secrets = Arc::clone(&self.inner.config.secrets);
            let (account, file) = (id.to_owned(), file.clone());
            let asked = self.ask_keyring(move || Memory::open(&account, secrets, &file));
            if let Some(memory) = asked.await {
                return Ok(memory);
            }
        }
        // A token that it has stays there; the password signs in as well.
        let account = id.to_owned();
        let mode = self.inner.config.store;
        mode.block(move || Memory::open(&account, Arc::new(NoSecrets), &file))
            .await
            .map_err(|error| ApiError::new(ErrorCode::Internal).detail(error))
    }

    pub(super) fn account_file(&self, id: &str, name: &str) -> Result<PathBuf, ApiError> {
        let folder = self
            .with(|state| {
                state
                    .profile
                    .as_ref()
                    .map(|profile| profile.account_folder(id))
            })
            .ok_or(ErrorCode::Internal)?;
        std::fs::create_dir_all(&folder).map_err(|error| on_disk(&error))?;
        Ok(folder.join(name))
    }

    /// Keeps the secrets of an account that is in the list, and notes there
    /// where they are.
    pub(super) async fn keep_secrets(
        &self,
        id: &str,
        key: &Secret,
        password: &str,
    ) -> Result<(), ApiError> {
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
        self.drop_next_key(id).await;
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
        wrap_key(self.account_file(id, "cache.key")?, key, password).await?;
        Ok(SecretsPlace::AskEachTime)
    }

    /// Opens a locked account with its password, or gives an open one another
    /// password. An empty one tries again what needs none.
    pub(super) async fn unlock(
        &self,
        id: &str,
        password: Zeroizing<String>,
    ) -> Result<(), ApiError> {
        if password.is_empty() {
            return self.open_now(id).await;
        }
        let _changing = self.inner.changing.lock().await;
        let saved = self.saved(id)?;
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
        // Whatever opened it, another password may be the one that counts.
        let is_undecided = self.is_undecided(id);
        if !is_undecided {
            // A keyring may have appeared, or gone.
            self.keep_secrets(id, &key, &password).await?;
        }
        self.with(|state| {
            state.shut.remove(id);
            state.notices.retain(
                |notice| !matches!(notice, Notice::SecretMissing { account } if account == id),
            );
        });
        self.open_account(&saved, &key, password).await?;
        if is_undecided {
            self.decide_later(id);
        }
        Ok(())
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

    /// The key that lies beside a cache. That the file cannot be read now does not mean
    /// that the key is lost.
    pub(super) async fn wrapped_key(
        &self,
        id: &str,
        password: &Zeroizing<String>,
    ) -> Result<Result<Secret, WrapError>, ApiError> {
        let path = self.account_file(id, "cache.key")?;
        let next = self.next_key(id)?;
        let typed = password.clone();
        let unwrap = move || WrappedKey::open(&path, &next, &typed);
        match tokio::task::spawn_blocking(unwrap).await {
            Ok(Err(error @ WrapError::Read(_))) => {
                tracing::error!(%error, "key file");
                Err(ApiError::new(ErrorCode::CacheFailed).detail(error))
            }
            Ok(key) => Ok(key),
            Err(error) => Err(ApiError::new(ErrorCode::Internal).detail(error)),
        }
    }

    /// A new key for an account whose old one is lost, once the server has
    /// confirmed the password. The old cache is set aside.
    async fn replace_key(&self, saved: &SavedAccount, password: &str) -> Result<Secret, ApiError> {
        self.check_sign_in(saved, password).await?;
        // It is of the cache that goes: with another it would open nothing.
        self.drop_next_key(&saved.id).await;
        self.set_cache_aside(&saved.id)?;
        fresh_key()
    }

    /// Nobody can open this cache any more, or only who knows the password of before:
    /// so the key that lies beside it goes with it.
    pub(super) fn set_cache_aside(&self, id: &str) -> Result<(), ApiError> {
        let path = self.account_file(id, "cache.db")?;
        let key = self.account_file(id, "cache.key")?;
        let aside = set_locked_aside(&path, &key).map_err(|error| on_disk(&error))?;
        if let Some(aside) = aside {
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

/// Writes the key of a cache, wrapped with a password, into a file.
pub(super) async fn wrap_key(path: PathBuf, key: &Secret, password: &str) -> Result<(), ApiError> {
    let (salt, nonce) = (clock::random()?, clock::random()?);
    let (key, password) = (key.clone(), Zeroizing::new(password.to_owned()));
    tokio::task::spawn_blocking(move || {
        WrappedKey::wrap(&key, &password, salt, nonce)?.store(&path)
    })
    .await
    .map_err(|error| ApiError::new(ErrorCode::CacheFailed).detail(error))?
    .map_err(|error| match error {
        WrapError::Write(error) => on_disk(&error),
        error => ApiError::new(ErrorCode::CacheFailed).detail(error),
    })
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

//! Accounts that were signed out of while their data stays: whoever signs in to one of
//! them again finds it as it was, with what waits to be sent.

use jid::BareJid;
use zeroize::Zeroizing;

use super::Engine;
use crate::api::ApiError;
use crate::profile::{KeptAccount, SecretsPlace};
use crate::secrets::{Secret, SecretKind};

use super::keys::fresh_key;

impl Engine {
    /// What is kept of an account, the last first.
    fn kept(&self, own: &BareJid) -> Vec<KeptAccount> {
        self.with(|state| {
            let all = state.accounts.kept.iter().rev();
            all.filter(|kept| kept.is_of(own)).cloned().collect()
        })
    }

    /// What this device was called when it was signed in to that account.
    pub(super) fn kept_resource(&self, own: &BareJid) -> Option<String> {
        let last = self.kept(own).into_iter().next();
        last.map(|kept| kept.resource)
    }

    /// Finds what is kept of an account whose server has accepted the password: its id,
    /// and the key of its cache. Where that is lost, the cache is set aside.
    pub(super) async fn take_up(
        &self,
        own: &BareJid,
        password: &Zeroizing<String>,
    ) -> Result<Option<(String, Secret)>, ApiError> {
        for kept in self.kept(own) {
            let key = match kept.secrets {
                SecretsPlace::Keyring => {
                    self.look_for_keyring().await;
                    match self.secret(&kept.id, SecretKind::CacheKey).await {
                        Ok(key) => key,
                        // It may well be there: it stays for another time.
                        Err(_) => continue,
                    }
                }
                SecretsPlace::AskEachTime => match self.wrapped_key(&kept.id, password).await? {
                    Ok(key) => Some(key),
                    Err(error) => {
                        tracing::error!(%error, "key file of what was kept");
                        None
                    }
                },
            };
            let key = match key {
                Some(key) => key,
                None => {
                    self.drop_next_key(&kept.id).await;
                    self.set_cache_aside(&kept.id)?;
                    fresh_key()?
                }
            };
            return Ok(Some((kept.id, key)));
        }
        Ok(None)
    }

    /// Removes all that is on this device of an account with these ids.
    pub(super) async fn wipe(&self, ids: &[String]) {
        for id in ids {
            self.forget_secrets(id, true).await;
            let folder = self.with(|state| {
                let profile = state.profile.as_ref()?;
                Some(profile.account_folder(id))
            });
            if let Some(folder) = folder
                && let Err(error) = tokio::fs::remove_dir_all(&folder).await
            {
                tracing::warn!(%error, "cache not removed");
            }
        }
    }
}

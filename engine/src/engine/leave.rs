//! Signing out.

use std::sync::PoisonError;

use super::Engine;
use crate::account::Account;
use crate::api::{ApiError, Event};
use crate::connection::revoke;

impl Engine {
    /// Makes what else can sign in worthless. Without a connection it is only
    /// forgotten.
    async fn revoke(&self, account: &Account) {
        let target = {
            let way = account.shared.way.lock();
            let way = way.unwrap_or_else(PoisonError::into_inner);
            way.target.clone()
        };
        let login = account.shared.login("");
        if let Err(error) = revoke(&self.inner.connector, &target, login).await {
            tracing::info!(%error, "token not revoked");
        }
    }

    pub(super) async fn sign_out(&self, id: &str, wipe: bool) -> Result<(), ApiError> {
        let _changing = self.inner.changing.lock().await;
        let saved = self.saved(id)?;
        let open = self.with(|state| {
            state.keys.remove(id);
            state.open.remove(id)
        });
        if let Some(account) = open {
            account.stop().await;
            self.revoke(&account).await;
        }
        self.save(|accounts| accounts.retain(|account| account.id != saved.id))
            .await?;
        self.forget_secrets(id, wipe).await;
        if wipe {
            let folder = self.with(|state| {
                state
                    .profile
                    .as_ref()
                    .map(|profile| profile.account_folder(id))
            });
            if let Some(folder) = folder
                && let Err(error) = tokio::fs::remove_dir_all(&folder).await
            {
                tracing::warn!(%error, "cache not removed");
            }
        }
        self.inner.events.publish(Event::AccountsChanged);
        Ok(())
    }
}

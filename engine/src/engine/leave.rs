//! Signing out.

use std::sync::PoisonError;

use super::{Engine, address};
use crate::account::Account;
use crate::api::{ApiError, Event};
use crate::connection::revoke;
use crate::profile::KeptAccount;

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
        let own = address(&saved)?;
        let mut gone = vec![saved.id.clone()];
        self.save_all(|accounts| {
            accounts.saved.retain(|account| account.id != saved.id);
            if wipe {
                // What was kept of the same account before goes as well.
                let kept = accounts.kept.extract_if(.., |kept| kept.is_of(&own));
                gone.extend(kept.map(|kept| kept.id));
            } else {
                accounts.kept.push(KeptAccount {
                    id: saved.id,
                    address: own.to_string(),
                    resource: saved.resource,
                    secrets: saved.secrets,
                });
            }
        })
        .await?;
        match wipe {
            true => self.wipe(&gone).await,
            false => self.forget_secrets(id, false).await,
        }
        self.inner.events.publish(Event::AccountsChanged);
        Ok(())
    }
}

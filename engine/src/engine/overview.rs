//! What an interface needs first: the accounts, and what there is to tell.

use super::Engine;
use crate::api::{AccountView, ConnectionView, Notice, Overview, SecretsState};

impl Engine {
    pub(super) async fn overview(&self) -> Overview {
        let (saved, open, mut shut, mut notices, clock_told) = self.with(|state| {
            (
                state.accounts.saved.clone(),
                state.open.clone(),
                state.shut.clone(),
                state.notices.clone(),
                state.clock_told,
            )
        });
        // One clock for all accounts: the first that says so is enough.
        let wrong = saved.iter().filter(|_| !clock_told).find_map(|account| {
            let minutes = open.get(&account.id)?.minutes_ahead()?;
            let account = account.id.clone();
            Some(Notice::ClockWrong { account, minutes })
        });
        notices.extend(wrong);
        let mut accounts = Vec::with_capacity(saved.len());
        for account in saved {
            let server_name = account
                .target
                .name
                .clone()
                .unwrap_or_else(|| account.target.domain.clone());
            accounts.push(match open.get(&account.id) {
                Some(open) => open.view(&account.display_name, &server_name).await,
                None => AccountView {
                    address: format!("{}@{}", account.username, account.target.domain),
                    connection: ConnectionView::Offline {
                        error: shut.remove(&account.id),
                    },
                    id: account.id,
                    display_name: account.display_name,
                    server_name,
                    unlocked: false,
                    unread: 0,
                    preview_limit: account.preview,
                },
            });
        }
        let secrets = if self.inner.keyring.is_available() {
            SecretsState::Keyring
        } else {
            SecretsState::AskEachTime
        };
        Overview {
            accounts,
            secrets,
            notices,
        }
    }
}

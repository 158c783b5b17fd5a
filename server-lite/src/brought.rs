//! Taking in what another process (an import) has brought: a running server
//! keeps rooms, who sees whom, whom people block and what they want archived
//! in memory.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::roster::Rosters;
use crate::server::Server;
use crate::store::{accounts, blocked, preferences};
use crate::{StoreError, rooms};

/// What an import changes at its end (in the table `meta`).
pub(crate) const MARK: &str = "brought";

impl Server {
    /// Takes in what was brought, if the mark is another than before; gives the
    /// mark that stands.
    pub(crate) async fn brought(&self, before: Option<Option<String>>) -> Option<String> {
        let found = self.store.read(|db| accounts::meta(db, MARK)).await;
        let Ok(mark) = found else {
            return before.flatten();
        };
        if before.is_some_and(|before| before != mark)
            && let Err(error) = self.take_brought().await
        {
            tracing::error!(%error, "what was brought is not seen before the next start");
        }
        mark
    }

    async fn take_brought(&self) -> Result<(), StoreError> {
        self.look_for_weak_accounts().await?;
        rooms::take_brought(self).await?;
        Rosters::take_brought(self).await?;
        self.take_choices().await
    }

    /// A job of the writer, so that it comes in its place among changes.
    async fn take_choices(&self) -> Result<(), StoreError> {
        let (blocking, archiving) = (Arc::clone(&self.blocking), Arc::clone(&self.archiving));
        let take = move |(lists, preferences): (Vec<_>, Vec<_>)| {
            blocking.replace(lists);
            archiving.replace(&preferences);
        };
        self.store
            .write_then(|tx| Ok((blocked::all(tx)?, preferences::all(tx)?)), take)
            .await
    }

    /// Accounts that came from another server with SHA-1 alone decide what can
    /// be offered to all: a client that takes SCRAM-SHA-256 does not try
    /// anything else when it fails.
    pub(crate) async fn look_for_weak_accounts(&self) -> Result<(), StoreError> {
        let found = self.store.read(accounts::any_weak).await?;
        self.has_weak_accounts.store(found, Ordering::Relaxed);
        Ok(())
    }
}

//! Taking in what another process (an import) has brought: a running server
//! keeps rooms, and who sees whom, in memory.

use crate::roster::Rosters;
use crate::server::Server;
use crate::store::accounts;
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
        rooms::take_brought(self).await?;
        Rosters::take_brought(self).await
    }
}

//! XEP-0431: full-text search in archives. The words are indexed in the
//! background, and what is left of that before somebody searches.

use std::sync::Arc;
use std::time::Duration;

use xmpp_core::ns;
use xmpp_core::stanza_error::{Condition, StanzaError};

use super::{Module, in_part};
use crate::StoreError;
use crate::server::Server;
use crate::store::Store;
use crate::store::archive;

/// Rows that are indexed in one transaction: nobody waits long for it.
const ROWS: usize = 500;
/// How often new messages are indexed.
const EVERY: Duration = Duration::from_secs(10);

pub(crate) const MODULE: Module = Module {
    specs: &[in_part(
        "XEP-0431",
        "Full-text search in archives",
        "all words have to be there; what is typed without spaces is a phrase; a last word may go on",
    )],
    account_features: &[ns::FULLTEXT],
    ..Module::NONE
};

/// What somebody searches for; `None` if they search for nothing.
pub(super) fn phrases(text: &str) -> Result<Option<Vec<String>>, StanzaError> {
    if text.chars().count() > archive::MAX_QUERY_CHARS {
        let error = StanzaError::from(Condition::NotAcceptable);
        return Err(error.with_text("the text to search for is too long"));
    }
    Ok((!text.trim().is_empty()).then(|| archive::phrases(text)))
}

/// Indexes everything that is on disk by now.
pub(super) async fn catch_up(store: &Store) -> Result<(), StoreError> {
    while store.write(|tx| archive::index_some(tx, ROWS)).await? {}
    Ok(())
}

/// Indexes what comes, for as long as the server runs.
pub(crate) async fn keep_index(server: Arc<Server>) {
    loop {
        tokio::select! {
            () = server.stopping.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        if let Err(error) = catch_up(&server.store).await {
            tracing::warn!(%error, "words of messages not indexed");
        }
    }
}

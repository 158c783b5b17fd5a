//! Going to a place in a conversation that may not be on this device.

use super::failed;
use crate::account::{Account, sync};
use crate::api::{ApiError, ErrorCode, MessagePlace};
use crate::store::locate::{self, Located, Target};

/// Most pages of the archive that are fetched to get somewhere. What is further
/// away is reached in several goes.
const MAX_PAGES: usize = 200;

impl Account {
    /// The message at a place of a conversation.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::NotConnected`] if it would have to be
    /// fetched, [`ErrorCode::TimedOut`] if it is too far away or the archive does
    /// not answer, [`ErrorCode::CacheFailed`].
    pub(super) async fn locate(
        &self,
        conversation: &str,
        place: MessagePlace,
    ) -> Result<i64, ApiError> {
        let (target, takes_nearest) = match place {
            MessagePlace::Archived { id, time_ms } => (Target::Archived { id, time_ms }, false),
            MessagePlace::From { time_ms } => (Target::From(time_ms), true),
        };
        let mut near = None;
        for _ in 0..MAX_PAGES {
            let (of, wanted) = (conversation.to_owned(), target.clone());
            let found = self
                .shared
                .store
                .read(move |db| locate::locate(db, &of, &wanted));
            let (below, nearest) = match found.await.map_err(failed)? {
                Located::Here(message) => return Ok(message),
                Located::Nowhere => return Err(ErrorCode::NotFound.into()),
                Located::Missing { below, nearest } => (below, nearest),
            };
            near = nearest.filter(|_| takes_nearest);
            let handle = match self.shared.handle() {
                Ok(handle) => handle,
                Err(error) => return near.ok_or(error),
            };
            let filled = sync::archive::fill_towards(&self.shared, &handle, conversation, below);
            match filled.await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::info!(%error, "a place in the archive");
                    break;
                }
            }
        }
        near.ok_or_else(|| ErrorCode::TimedOut.into())
    }
}

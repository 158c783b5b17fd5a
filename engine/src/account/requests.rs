//! What the user interface asks of one account, by topic.

mod conversations;
mod locate;
mod messages;
pub(super) mod view;

use jid::Jid;

use super::{Account, Shared};
use crate::api::{ApiError, DeliveryState, ErrorCode};
use crate::store::messages::State;
use crate::store::{StoreError, rooms};

/// Longest text of a message, in bytes.
const MAX_TEXT: usize = 64 * 1024;

pub(super) fn failed(error: StoreError) -> ApiError {
    Shared::cache_failed(&error)
}

/// Conversations are named by bare addresses, normalised; those with somebody in a
/// room by the room's with the nickname.
pub(super) fn conversation_id(text: &str) -> Result<String, ApiError> {
    Jid::new(text)
        .ok()
        .filter(|address| address.node().is_some())
        .map(|address| address.to_string())
        .ok_or_else(|| ApiError::new(ErrorCode::NotFound).detail("not an address"))
}

impl Account {
    /// The id of a conversation that may begin with this: behind an address stands a
    /// nickname, or nothing.
    pub(super) async fn conversation_with(&self, text: &str) -> Result<String, ApiError> {
        let id = conversation_id(text)?;
        if let Some(room) = rooms::of_private(&id).map(str::to_owned) {
            let known = self.shared.store.read(move |db| rooms::is_there(db, &room));
            if !known.await.map_err(failed)? {
                return Err(ApiError::new(ErrorCode::NotFound).detail("no room of ours"));
            }
        }
        Ok(id)
    }
}

pub(super) fn delivery(state: &State) -> DeliveryState {
    match state {
        State::Waiting => DeliveryState::Waiting,
        State::Sent => DeliveryState::Sent,
        State::Delivered => DeliveryState::Delivered,
        State::Read => DeliveryState::Read,
        State::Failed(code) => DeliveryState::Failed {
            code: serde_json::from_value(code.as_str().into())
                .unwrap_or(ErrorCode::MessageRejected),
        },
    }
}

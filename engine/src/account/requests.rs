//! What the user interface asks of one account, by topic.

mod conversations;
mod messages;
pub(super) mod view;

use jid::BareJid;

use super::Shared;
use crate::api::{ApiError, DeliveryState, ErrorCode};
use crate::store::StoreError;
use crate::store::messages::State;

/// Longest text of a message, in bytes.
const MAX_TEXT: usize = 64 * 1024;

pub(super) fn failed(error: StoreError) -> ApiError {
    Shared::cache_failed(&error)
}

/// Conversations are named by bare addresses, normalised.
pub(super) fn conversation_id(text: &str) -> Result<String, ApiError> {
    BareJid::new(text)
        .ok()
        .filter(|address| address.node().is_some())
        .map(|address| address.to_string())
        .ok_or_else(|| ApiError::new(ErrorCode::NotFound).detail("not an address"))
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

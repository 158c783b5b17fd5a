//! What the user interface asks of one account.

use jid::BareJid;
use std::sync::Arc;

use tokio::time::Instant;
use xmpp_core::element::clean_text;

use super::handle::Handle;
use super::{Account, Shared, sync};
use crate::api::{
    AccountView, ApiError, ContactView, ConversationKind, ConversationView, DeliveryState,
    Direction, ErrorCode, MessageView, MessageWindow, WindowAnchor,
};
use crate::store::conversations::{self, Conversation};
use crate::store::messages::{self, Message, State};
use crate::store::{StoreError, contacts};

/// Longest text of a message, in bytes.
const MAX_TEXT: usize = 64 * 1024;
/// Most messages of a window.
const MAX_WINDOW: u32 = 200;
/// Longest preview of the newest message, in characters.
const PREVIEW_CHARS: usize = 120;

fn failed(error: StoreError) -> ApiError {
    Shared::cache_failed(&error)
}

impl Account {
    pub(crate) async fn view(&self, display_name: &str, server_name: &str) -> AccountView {
        let shared = &self.shared;
        let unread = shared
            .store
            .read(conversations::unread)
            .await
            .unwrap_or_else(|error| {
                tracing::error!(%error, "unread count");
                0
            });
        AccountView {
            id: shared.id.clone(),
            address: shared.address.to_string(),
            display_name: display_name.to_owned(),
            server_name: server_name.to_owned(),
            unlocked: true,
            connection: shared.connection.borrow().clone(),
            unread,
        }
    }

    pub(crate) async fn conversations(&self) -> Result<Vec<ConversationView>, ApiError> {
        let all = self
            .shared
            .store
            .read(conversations::all)
            .await
            .map_err(failed)?;
        Ok(all
            .into_iter()
            .map(|conversation| self.conversation_view(conversation))
            .collect())
    }

    fn conversation_view(&self, conversation: Conversation) -> ConversationView {
        let live = &self.shared.live;
        let last = conversation.last;
        let preview = last.as_ref().map_or_else(String::new, |last| {
            let line = last.text.split_whitespace().collect::<Vec<_>>().join(" ");
            line.chars().take(PREVIEW_CHARS).collect()
        });
        ConversationView {
            kind: ConversationKind::Direct,
            name: conversation.name,
            presence: live.presence(&conversation.id),
            preview,
            preview_is_mine: last.as_ref().is_some_and(|last| last.outgoing),
            last_activity_ms: last.as_ref().map(|last| last.time_ms),
            last_state: last
                .filter(|last| last.outgoing)
                .map(|last| delivery(&last.state)),
            unread: conversation.unread,
            draft: conversation.draft,
            typing: live.is_typing(&conversation.id, Instant::now()),
            id: conversation.id,
        }
    }

    pub(crate) async fn contacts(&self) -> Result<Vec<ContactView>, ApiError> {
        let all = self
            .shared
            .store
            .read(contacts::all)
            .await
            .map_err(failed)?;
        Ok(all
            .into_iter()
            .map(|contact| ContactView {
                presence: self.shared.live.presence(&contact.address),
                address: contact.address,
                name: contact.name,
            })
            .collect())
    }

    pub(crate) async fn start_conversation(&self, contact: &str) -> Result<String, ApiError> {
        let id = conversation_id(contact)?;
        let made = id.clone();
        self.shared
            .store
            .write(move |tx| conversations::ensure(tx, &made))
            .await
            .map_err(failed)?;
        self.shared.conversations_changed();
        Ok(id)
    }

    pub(crate) async fn messages(
        &self,
        conversation: String,
        anchor: WindowAnchor,
        limit: u32,
    ) -> Result<MessageWindow, ApiError> {
        let limit = limit.clamp(1, MAX_WINDOW);
        let of = conversation.clone();
        let read = move || {
            let of = of.clone();
            self.shared
                .store
                .read(move |db| messages::window(db, &of, anchor, limit))
        };
        let mut window = read().await.map_err(failed)?;
        if let Some(handle) = self.gap_to_fill(&window) {
            let below = window
                .messages
                .last()
                .map_or(i64::MAX, |last| last.position);
            let shared = Arc::clone(&self.shared);
            let of = conversation.clone();
            let filled = async move {
                let filled = sync::archive::fill_conversation(&shared, &handle, &of, below).await;
                if let Err(error) = filled {
                    tracing::info!(%error, "missing messages");
                }
            };
            if matches!(anchor, WindowAnchor::Before { .. }) {
                // Somebody scrolls there and has nothing else to see.
                filled.await;
                window = read().await.map_err(failed)?;
            } else {
                tokio::spawn(filled);
            }
        }
        Ok(MessageWindow {
            messages: window.messages.into_iter().map(message_view).collect(),
            has_older: window.has_older,
            first_unread: window.first_unread,
            gaps: window.gaps,
        })
    }

    fn gap_to_fill(&self, window: &messages::Window) -> Option<Handle> {
        if window.is_whole {
            return None;
        }
        self.shared.handle().ok()
    }

    pub(crate) async fn send_message(
        &self,
        conversation: &str,
        text: &str,
    ) -> Result<i64, ApiError> {
        let text = clean_text(text);
        let trimmed = text.trim_matches('\n');
        if trimmed.trim().is_empty() || text.len() > MAX_TEXT {
            return Err(ApiError::new(ErrorCode::MessageTooLong).value("limit", MAX_TEXT));
        }
        let id = conversation_id(conversation)?;
        let (text, author) = (trimmed.to_owned(), self.shared.address.to_string());
        let origin_id = self.shared.clock.random_id();
        let to = id.clone();
        let now_ms = self.shared.clock.now_ms();
        let message = self
            .shared
            .store
            .write(move |tx| messages::compose(tx, &to, &author, &text, &origin_id, now_ms))
            .await
            .map_err(failed)?;
        self.shared.outbox_bell.notify_one();
        self.shared.messages_changed(&id);
        Ok(message)
    }

    pub(crate) async fn retry_message(&self, message: i64) -> Result<(), ApiError> {
        let origin_id = self.shared.clock.random_id();
        let conversation = self
            .shared
            .store
            .write(move |tx| messages::retry(tx, message, &origin_id))
            .await
            .map_err(failed)?
            .ok_or(ErrorCode::NotFound)?;
        self.shared.outbox_bell.notify_one();
        self.shared.messages_changed(&conversation);
        Ok(())
    }

    pub(crate) async fn delete_message(&self, message: i64) -> Result<(), ApiError> {
        let conversation = self
            .shared
            .store
            .write(move |tx| messages::delete_failed(tx, message))
            .await
            .map_err(failed)?
            .ok_or(ErrorCode::NotFound)?;
        self.shared.messages_changed(&conversation);
        Ok(())
    }

    pub(crate) async fn set_draft(&self, conversation: &str, text: &str) -> Result<(), ApiError> {
        if text.len() > MAX_TEXT {
            return Err(ApiError::new(ErrorCode::MessageTooLong).value("limit", MAX_TEXT));
        }
        let (id, text) = (conversation_id(conversation)?, text.to_owned());
        self.shared
            .store
            .write(move |tx| conversations::set_draft(tx, &id, &text))
            .await
            .map_err(failed)?;
        self.shared.conversations_changed();
        Ok(())
    }

    pub(crate) fn set_typing(&self, conversation: &str, typing: bool) -> Result<(), ApiError> {
        let id = conversation_id(conversation)?;
        // Full means that older news are still on their way; this one may go.
        drop(self.shared.typing.try_send((id, typing)));
        Ok(())
    }

    pub(crate) async fn mark_displayed(
        &self,
        conversation: String,
        message: i64,
    ) -> Result<(), ApiError> {
        let moved = self
            .shared
            .store
            .write(move |tx| messages::mark_displayed(tx, &conversation, message))
            .await
            .map_err(failed)?;
        if moved {
            self.shared.outbox_bell.notify_one();
            self.shared.conversations_changed();
        }
        Ok(())
    }
}

/// Conversations are named by bare addresses, normalised.
fn conversation_id(text: &str) -> Result<String, ApiError> {
    BareJid::new(text)
        .ok()
        .filter(|address| address.node().is_some())
        .map(|address| address.to_string())
        .ok_or_else(|| ApiError::new(ErrorCode::NotFound).detail("not an address"))
}

fn delivery(state: &State) -> DeliveryState {
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

fn message_view(message: Message) -> MessageView {
    MessageView {
        id: message.id,
        position: message.position,
        direction: if message.outgoing {
            Direction::Outgoing
        } else {
            Direction::Incoming
        },
        author: message.author,
        author_name: message.author_name,
        text: message.text,
        time_ms: message.time_ms,
        delivery: message.outgoing.then(|| delivery(&message.state)),
    }
}

//! Conversations and contacts, as a user interface shows them.

use super::{MAX_TEXT, conversation_id, failed};
use crate::account::Account;
use crate::api::{AccountView, ApiError, ContactView, ErrorCode};
use crate::store::contacts;
use crate::store::conversations;

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
            .write(move |tx| conversations::show(tx, &made))
            .await
            .map_err(failed)?;
        self.shared.conversations_changed();
        Ok(id)
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
}

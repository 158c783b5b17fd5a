//! Conversations and contacts, as a user interface shows them.

use super::{MAX_TEXT, conversation_id, failed};
use crate::account::{Account, sync};
use crate::api::{AccountView, ApiError, ContactView, ErrorCode, PresenceShow};
use crate::store::contacts;
use crate::store::conversations;

impl Account {
    pub(crate) async fn view(&self, display_name: &str, server_name: &str) -> AccountView {
        let shared = &self.shared;
        let now_ms = shared.clock.now_ms();
        let unread = shared
            .store
            .read(move |db| conversations::unread(db, now_ms))
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
            preview_limit: shared.managed().preview,
        }
    }

    pub(crate) async fn contacts(&self) -> Result<Vec<ContactView>, ApiError> {
        let (all, delimiter) = self
            .shared
            .store
            .read(|db| Ok((contacts::all(db)?, sync::roster::delimiter(db)?)))
            .await
            .map_err(failed)?;
        Ok(all
            .into_iter()
            .map(|contact| {
                let device = self.shared.live.device(&contact.item.address);
                let levels = |group: &String| {
                    let levels = group.split(delimiter.as_str()).map(str::trim);
                    let levels = levels.filter(|level| !level.is_empty());
                    levels.map(str::to_owned).collect()
                };
                ContactView {
                    name: contact.name,
                    presence: device
                        .as_ref()
                        .map_or(PresenceShow::Offline, |device| device.show),
                    idle_since_ms: device.as_ref().and_then(|device| device.idle_since_ms),
                    status: device.map(|device| device.status).unwrap_or_default(),
                    departments: contact.item.groups.iter().map(levels).collect(),
                    groups: contact.item.groups,
                    subscription: contact.item.subscription,
                    asked: contact.item.ask,
                    avatar: contact.avatar,
                    blocked: contact.blocked,
                    address: contact.item.address,
                }
            })
            .collect())
    }

    pub(crate) async fn start_conversation(&self, contact: &str) -> Result<String, ApiError> {
        let id = self.conversation_with(contact).await?;
        let made = id.clone();
        self.shared
            .store
            .write(move |tx| conversations::show(tx, &made))
            .await
            .map_err(failed)?;
        self.shared.conversation_changed(&id);
        Ok(id)
    }

    pub(crate) async fn set_draft(&self, conversation: &str, text: &str) -> Result<(), ApiError> {
        if text.len() > MAX_TEXT {
            return Err(ApiError::new(ErrorCode::MessageTooLong).value("limit", MAX_TEXT));
        }
        let (id, text) = (self.conversation_with(conversation).await?, text.to_owned());
        let of = id.clone();
        self.shared
            .store
            .write(move |tx| conversations::set_draft(tx, &of, &text))
            .await
            .map_err(failed)?;
        self.shared.conversation_changed(&id);
        Ok(())
    }

    pub(crate) fn set_typing(&self, conversation: &str, typing: bool) -> Result<(), ApiError> {
        let id = conversation_id(conversation)?;
        // Full means that older news are still on their way; this one may go.
        drop(self.shared.typing.try_send((id, typing)));
        Ok(())
    }
}

//! Messages: to read, to write, to change.

use std::sync::Arc;

use jid::Jid;
use xmpp_core::element::clean_text;

use super::{MAX_TEXT, failed, view};
use crate::account::files::Prepared;
use crate::account::handle::Handle;
use crate::account::{Account, sync};
use crate::api::{
    ApiError, DeliveryView, ErrorCode, MentionInput, MessageDetails, MessageRequest, MessageWindow,
    Response, VersionView, WindowAnchor,
};
use crate::store::messages::{self, Change, Composed, Extras, Kind, Mention, Reply};
use crate::store::outbox;

/// Most messages of a window.
const MAX_WINDOW: u32 = 200;
/// Most people whom one message names.
const MAX_MENTIONS: usize = 100;

impl Account {
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
            messages: window.messages.into_iter().map(view::message).collect(),
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

    pub(crate) async fn about_message(
        &self,
        request: MessageRequest,
    ) -> Result<Response, ApiError> {
        Ok(match request {
            MessageRequest::Send {
                conversation,
                text,
                reply_to,
                mentions,
                ..
            } => Response::Message(
                self.write(&conversation, &text, reply_to, &mentions)
                    .await?,
            ),
            MessageRequest::Edit {
                message,
                text,
                mentions,
                ..
            } => {
                self.edit_message(message, &text, &mentions).await?;
                Response::Done
            }
            MessageRequest::React {
                message, emojis, ..
            } => {
                self.react(message, emojis).await?;
                Response::Done
            }
            MessageRequest::Retract { message, .. } => {
                self.retract_message(message).await?;
                Response::Done
            }
            MessageRequest::Forward {
                message,
                conversation,
                ..
            } => Response::Message(self.forward(message, &conversation).await?),
            MessageRequest::Details { message, .. } => {
                Response::MessageDetails(Box::new(self.details(message).await?))
            }
            MessageRequest::Locate {
                conversation,
                place,
                ..
            } => Response::Message(self.locate(&conversation, place).await?),
        })
    }

    pub(crate) async fn send_message(
        &self,
        conversation: &str,
        text: &str,
    ) -> Result<i64, ApiError> {
        self.write(conversation, text, None, &[]).await
    }

    async fn write(
        &self,
        conversation: &str,
        text: &str,
        reply_to: Option<i64>,
        mentions: &[MentionInput],
    ) -> Result<i64, ApiError> {
        let (text, mentions) = checked(text, mentions)?;
        let composed = Composed {
            conversation: self.conversation_with(conversation).await?,
            text,
            extras: Extras {
                mentions,
                ..Extras::default()
            },
            ..self.composed()
        };
        self.send(composed, reply_to, None).await
    }

    /// A message with a file that has to reach the server before it.
    pub(in crate::account) async fn write_file(
        &self,
        conversation: &str,
        caption: &str,
        reply_to: Option<i64>,
        mentions: &[MentionInput],
        file: Prepared,
    ) -> Result<i64, ApiError> {
        let (text, mentions) = if caption.trim().is_empty() {
            (String::new(), Vec::new())
        } else {
            checked(caption, mentions)?
        };
        let composed = Composed {
            conversation: self.conversation_with(conversation).await?,
            text,
            extras: Extras {
                kind: Kind::File,
                mentions,
                attachments: vec![file.attachment.clone()],
                ..Extras::default()
            },
            ..self.composed()
        };
        let message = self.send(composed, reply_to, Some(file)).await?;
        self.shared.files.bell.notify_one();
        self.shared.transfers_changed();
        Ok(message)
    }

    /// A message of ours without content.
    fn composed(&self) -> Composed {
        Composed {
            author: self.shared.address.to_string(),
            origin_id: self.shared.clock.random_id(),
            now_ms: self.shared.clock.now_ms(),
            ..Composed::default()
        }
    }

    async fn send(
        &self,
        mut composed: Composed,
        reply_to: Option<i64>,
        file: Option<Prepared>,
    ) -> Result<i64, ApiError> {
        let conversation = composed.conversation.clone();
        let message = self
            .shared
            .store
            .write(move |tx| {
                if let Some(answered) = reply_to {
                    // What is gone meanwhile cannot be answered; the words count.
                    composed.extras.reply = match messages::get(tx, answered)? {
                        Some(answered) => reply(tx, &composed.conversation, answered)?,
                        None => None,
                    };
                }
                let message = messages::send(tx, &composed)?;
                if let Some(file) = &file {
                    file.attach(tx, message, composed.now_ms)?;
                }
                Ok(message)
            })
            .await
            .map_err(failed)?;
        self.shared.outbox_bell.notify_one();
        // Whoever answers has read what is above.
        self.shared.people.displayed_bell.notify_one();
        self.shared.messages_changed(&conversation);
        Ok(message)
    }

    async fn edit_message(
        &self,
        message: i64,
        text: &str,
        mentions: &[MentionInput],
    ) -> Result<(), ApiError> {
        let (text, mentions) = checked(text, mentions)?;
        let (id, now_ms) = (self.shared.clock.random_id(), self.shared.clock.now_ms());
        self.change(move |tx| messages::edit(tx, message, &text, &mentions, &id, now_ms))
            .await
    }

    async fn react(&self, message: i64, emojis: Vec<String>) -> Result<(), ApiError> {
        let emojis = messages::tidy_reactions(emojis.iter().map(|emoji| clean_text(emoji)));
        let own = self.shared.address.to_string();
        let (id, now_ms) = (self.shared.clock.random_id(), self.shared.clock.now_ms());
        self.change(move |tx| messages::react(tx, message, &own, &emojis, &id, now_ms))
            .await
    }

    async fn retract_message(&self, message: i64) -> Result<(), ApiError> {
        let (id, now_ms) = (self.shared.clock.random_id(), self.shared.clock.now_ms());
        self.change(move |tx| messages::retract(tx, message, &id, now_ms))
            .await
    }

    /// Changes a message, and tells who has to know.
    async fn change(
        &self,
        change: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<Change> + Send + 'static,
    ) -> Result<(), ApiError> {
        match self.shared.store.write(change).await.map_err(failed)? {
            Change::Done(conversation) => {
                self.shared.outbox_bell.notify_one();
                // It may be gone, with a file that was on its way.
                self.shared.files.bell.notify_one();
                self.shared.messages_changed(&conversation);
                Ok(())
            }
            Change::NotFound => Err(ErrorCode::NotFound.into()),
            Change::NotAllowed => Err(ErrorCode::NotAllowed.into()),
        }
    }

    async fn forward(&self, message: i64, conversation: &str) -> Result<i64, ApiError> {
        let conversation = self.conversation_with(conversation).await?;
        let original = self
            .shared
            .store
            .read(move |db| messages::get(db, message))
            .await
            .map_err(failed)?
            .ok_or(ErrorCode::NotFound)?;
        let mut attachments = original.extras.attachments;
        attachments.retain(|file| file.url.is_some());
        if original.text.is_empty() && attachments.is_empty() {
            return Err(ErrorCode::NotAllowed.into());
        }
        // What others send may be longer than what we do.
        if original.text.len() > MAX_TEXT {
            return Err(too_long());
        }
        let composed = Composed {
            conversation,
            text: original.text,
            extras: Extras {
                kind: original.extras.kind,
                attachments,
                unstyled: original.extras.unstyled,
                ..Extras::default()
            },
            ..self.composed()
        };
        self.send(composed, None, None).await
    }

    async fn details(&self, message: i64) -> Result<MessageDetails, ApiError> {
        let found = self
            .shared
            .store
            .read(move |db| {
                let Some(full) = messages::full(db, message)? else {
                    return Ok(None);
                };
                let deliveries = messages::deliveries(db, message)?;
                let versions = messages::versions(db, message)?;
                let waits = outbox::concerns(db, message)?;
                Ok(Some((full, deliveries, versions, waits)))
            })
            .await
            .map_err(failed)?;
        let (message, deliveries, versions, waits) = found.ok_or(ErrorCode::NotFound)?;
        Ok(MessageDetails {
            message: view::message(message),
            waits,
            deliveries: deliveries
                .into_iter()
                .map(|delivery| DeliveryView {
                    name: delivery.name,
                    address: delivery.address,
                    delivered_ms: delivery.delivered_ms,
                    read_ms: delivery.read_ms,
                })
                .collect(),
            versions: versions
                .into_iter()
                .map(|version| VersionView {
                    text: version.text,
                    time_ms: version.time_ms,
                })
                .collect(),
        })
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
        self.shared.files.bell.notify_one();
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

    pub(crate) async fn mark_displayed(
        &self,
        conversation: String,
        message: i64,
    ) -> Result<(), ApiError> {
        let of = conversation.clone();
        let moved = self
            .shared
            .store
            .write(move |tx| messages::mark_displayed(tx, &of, message))
            .await
            .map_err(failed)?;
        if moved {
            self.shared.outbox_bell.notify_one();
            self.shared.people.displayed_bell.notify_one();
            self.shared.conversation_changed(&conversation);
        }
        Ok(())
    }
}

/// What a message answers, with an excerpt for programs that know no replies.
fn reply(
    tx: &rusqlite::Transaction<'_>,
    conversation: &str,
    answered: messages::Message,
) -> rusqlite::Result<Option<Reply>> {
    if answered.conversation != conversation || answered.retracted.is_some() {
        return Ok(None);
    }
    let excerpt = if answered.text.is_empty() {
        let files = answered.extras.attachments.iter();
        files
            .filter_map(|file| file.name.clone())
            .collect::<Vec<_>>()
            .join(", ")
    } else {
        view::excerpt(&answered.text)
    };
    Ok(messages::reference(tx, &answered)?.map(|id| Reply {
        id,
        author: Some(answered.author),
        excerpt: Some(excerpt),
    }))
}

fn too_long() -> ApiError {
    ApiError::new(ErrorCode::MessageTooLong).value("limit", MAX_TEXT)
}

/// A text as it can be sent, and whom it names. The ranges are those of the text
/// as it was given; what does not fit is left out.
fn checked(text: &str, mentions: &[MentionInput]) -> Result<(String, Vec<Mention>), ApiError> {
    let clean = clean_text(text);
    let trimmed = clean.trim_matches('\n');
    if trimmed.trim().is_empty() || clean.len() > MAX_TEXT {
        return Err(too_long());
    }
    let cut = clean.len() - clean.trim_start_matches('\n').len();
    let mut found: Vec<Mention> = mentions
        .iter()
        .take(MAX_MENTIONS)
        // Where something was cleaned away the ranges mean nothing any more.
        .filter(|_| clean == text)
        .filter_map(|mention| {
            let (begin, end) = messages::from_utf16(text, mention.start, mention.end)?;
            let address = Jid::new(&mention.address).ok()?.to_string();
            let begin = begin.checked_sub(cut)?;
            let end = end.checked_sub(cut)?;
            (end <= trimmed.chars().count()).then_some(Mention {
                begin,
                end,
                address,
                me: false,
            })
        })
        .collect();
    found.sort_by_key(|mention| mention.begin);
    Ok((trimmed.to_owned(), found))
}

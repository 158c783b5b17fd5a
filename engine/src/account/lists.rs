//! The list of conversations, and what the user decides about one.

use rusqlite::Transaction;
use tokio::time::Instant;

use super::decisions::{self, Decided, ToNote};
use super::requests::{conversation_id, delivery, failed};
use super::{Account, Shared, upkeep};
use crate::api::{
    ApiError, ConversationFilter, ConversationKind, ConversationPage, ConversationRequest,
    ConversationView, ErrorCode, FirstUnreadView, NotifyLevel, Response, StorageView,
};
use crate::store::StoreError;
use crate::store::conversations::{self, Conversation, Notify, Quiet, Which};
use crate::store::rooms;
use crate::store::trim::{self, Keep};

/// Longest preview of the newest message, in characters.
const PREVIEW_CHARS: usize = 120;
/// Most rows of a page.
const MAX_PAGE: u32 = 1_000;
/// Most rows that are asked for by name.
const MAX_NAMED: usize = 200;
/// Messages that are removed in one transaction: others may write in between.
const AT_ONCE: u32 = 500;

impl Account {
    /// The whole list.
    pub(crate) async fn conversations(&self) -> Result<Vec<ConversationView>, ApiError> {
        let all = self
            .shared
            .store
            .read(conversations::all)
            .await
            .map_err(failed)?;
        Ok(self.views(all))
    }

    fn views(&self, rows: Vec<Conversation>) -> Vec<ConversationView> {
        let now_ms = self.shared.clock.now_ms();
        rows.into_iter()
            .map(|row| view(&self.shared, row, now_ms))
            .collect()
    }

    /// Answers a request about a conversation.
    pub(crate) async fn about_conversation(
        &self,
        request: ConversationRequest,
    ) -> Result<Response, ApiError> {
        use ConversationRequest as Ask;
        match request {
            Ask::Page {
                which, skip, limit, ..
            } => self.page(which, skip, limit).await,
            Ask::Rows { conversations, .. } => self.rows(conversations).await,
            Ask::SetNotify {
                conversation,
                notify,
                until_ms,
                ..
            } => {
                let notify = match notify {
                    NotifyLevel::All => Notify::All,
                    NotifyLevel::Mentions => Notify::Mentions,
                    NotifyLevel::None => Notify::None,
                };
                let quiet = Quiet { notify, until_ms };
                self.set_notify(&conversation, quiet).await
            }
            Ask::Pin {
                conversation,
                place,
                ..
            } => {
                let act = move |tx: &Transaction<'_>, id: &str| conversations::pin(tx, id, place);
                self.decide_for_all(&conversation, act, |decided| decided.pinned = true)
                    .await
            }
            Ask::Unpin { conversation, .. } => {
                let change = |decided: &mut Decided| decided.pinned = false;
                self.decide_for_all(&conversation, conversations::unpin, change)
                    .await
            }
            Ask::Archive {
                conversation,
                archived,
                ..
            } => {
                self.decide(&conversation, move |tx, id| {
                    conversations::set_archived(tx, id, archived)
                })
                .await
            }
            Ask::MarkUnread {
                conversation, from, ..
            } => {
                self.decide(&conversation, move |tx, id| match from {
                    Some(message) => conversations::mark_unread_from(tx, id, message),
                    None => conversations::mark_unread(tx, id),
                })
                .await
            }
            Ask::Remove { conversation, .. } => self.remove(&conversation).await,
            Ask::ClearCache { conversation, .. } => {
                let id = conversation_id(&conversation)?;
                self.trim(&id, true).await?;
                Ok(Response::Done)
            }
            Ask::FirstUnread { conversation, .. } => self.first_unread(&conversation).await,
            Ask::Storage { .. } => self.storage().await,
            Ask::Export {
                conversation,
                format,
                path,
                labels,
                ..
            } => {
                let id = conversation_id(&conversation)?;
                let exported = super::export::run(&self.shared, id, format, path, labels).await?;
                Ok(Response::Exported(exported))
            }
        }
    }

    async fn page(
        &self,
        which: ConversationFilter,
        skip: u32,
        limit: u32,
    ) -> Result<Response, ApiError> {
        let which = match which {
            ConversationFilter::All => Which::All,
            ConversationFilter::Active => Which::Active,
            ConversationFilter::Archived => Which::Archived,
            ConversationFilter::Unread => Which::Unread,
        };
        let limit = limit.clamp(1, MAX_PAGE);
        let (rows, total) = self
            .shared
            .store
            .read(move |db| {
                Ok((
                    conversations::page(db, which, skip, limit)?,
                    conversations::count(db, which)?,
                ))
            })
            .await
            .map_err(failed)?;
        Ok(Response::ConversationPage(ConversationPage {
            rows: self.views(rows),
            total,
        }))
    }

    async fn rows(&self, mut ids: Vec<String>) -> Result<Response, ApiError> {
        ids.truncate(MAX_NAMED);
        let (rows, total) = self
            .shared
            .store
            .read(move |db| {
                Ok((
                    conversations::named(db, &ids)?,
                    conversations::count(db, Which::All)?,
                ))
            })
            .await
            .map_err(failed)?;
        Ok(Response::ConversationPage(ConversationPage {
            rows: self.views(rows),
            total,
        }))
    }

    /// Writes what the user decided; the conversation has to be there.
    async fn decide(
        &self,
        conversation: &str,
        act: impl FnOnce(&Transaction<'_>, &str) -> rusqlite::Result<bool> + Send + 'static,
    ) -> Result<Response, ApiError> {
        let id = conversation_id(conversation)?;
        let of = id.clone();
        let is_there = self
            .shared
            .store
            .write(move |tx| act(tx, &of))
            .await
            .map_err(failed)?;
        if !is_there {
            return Err(ErrorCode::NotFound.into());
        }
        self.shared.conversation_changed(&id);
        Ok(Response::Done)
    }

    /// The same, for what is to hold on all devices of the user.
    async fn decide_for_all(
        &self,
        conversation: &str,
        act: impl FnOnce(&Transaction<'_>, &str) -> rusqlite::Result<bool> + Send + 'static,
        change: impl Fn(&mut Decided) + Send + 'static,
    ) -> Result<Response, ApiError> {
        let id = conversation_id(conversation)?;
        let of = id.clone();
        let decided = self.shared.store.write(move |tx| {
            let is_there = act(tx, &of)?;
            let to_note = match is_there {
                true => decisions::decided(tx, &of, change)?,
                false => ToNote::Nowhere,
            };
            Ok((is_there, to_note))
        });
        let (is_there, to_note) = decided.await.map_err(failed)?;
        if !is_there {
            return Err(ErrorCode::NotFound.into());
        }
        match to_note {
            ToNote::Nowhere => {}
            ToNote::Bookmark => self.shared.rooms.note(&id),
            ToNote::Node => self.shared.people.decided_bell.notify_one(),
        }
        self.shared.conversations_changed();
        Ok(Response::Done)
    }

    async fn set_notify(&self, conversation: &str, quiet: Quiet) -> Result<Response, ApiError> {
        let act = move |tx: &Transaction<'_>, id: &str| conversations::set_notify(tx, id, quiet);
        if quiet.until_ms.is_some() {
            let decided = self.decide(conversation, act).await;
            self.shared.mutes_bell.notify_one();
            return decided;
        }
        self.decide_for_all(conversation, act, move |decided| {
            decided.notify = quiet.notify;
        })
        .await
    }

    async fn remove(&self, conversation: &str) -> Result<Response, ApiError> {
        let id = conversation_id(conversation)?;
        let seen = id.clone();
        self.shared
            .store
            .write(move |tx| trim::see_all(tx, &seen))
            .await
            .map_err(failed)?;
        self.trim(&id, false).await?;
        let change = |decided: &mut Decided| decided.pinned = false;
        self.decide_for_all(&id, trim::remove, change).await?;
        self.shared.messages_changed(&id);
        Ok(Response::Done)
    }

    /// Takes all that was read (or all) of a conversation from this device.
    async fn trim(&self, id: &str, unread_stays: bool) -> Result<(), ApiError> {
        let keep = Keep {
            from_ms: None,
            unread: unread_stays,
        };
        let store = &self.shared.store;
        upkeep::in_steps(&self.shared.trimming, (), |()| async move {
            let of = id.to_owned();
            let gone = store.write(move |tx| trim::trim(tx, &of, keep, AT_ONCE));
            Ok::<_, StoreError>((gone.await? > 0).then_some(()))
        })
        .await
        .map_err(failed)?;
        self.shared.messages_changed(id);
        Ok(())
    }

    async fn first_unread(&self, conversation: &str) -> Result<Response, ApiError> {
        let id = conversation_id(conversation)?;
        let first = self
            .shared
            .store
            .read(move |db| conversations::first_unread(db, &id))
            .await
            .map_err(failed)?
            .ok_or(ErrorCode::NotFound)?;
        Ok(Response::FirstUnread(FirstUnreadView {
            message: first.message,
            count: first.count,
        }))
    }

    async fn storage(&self) -> Result<Response, ApiError> {
        let holds = self.shared.store.read(trim::holds).await.map_err(failed)?;
        let limits = self.shared.managed().retention;
        Ok(Response::Storage(StorageView {
            cache_bytes: self.shared.store.bytes_on_disk(),
            used_bytes: holds.used_bytes,
            messages: holds.messages,
            conversations: holds.conversations,
            files: holds.files,
            file_bytes: holds.file_bytes,
            limit_days: limits.days,
            limit_bytes: limits.bytes,
        }))
    }
}

fn view(shared: &Shared, conversation: Conversation, now_ms: i64) -> ConversationView {
    let last = conversation.last;
    let preview = last.as_ref().map_or_else(String::new, |last| {
        let line = last.text.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().take(PREVIEW_CHARS).collect()
    });
    let quiet = conversation.quiet.now(now_ms);
    ConversationView {
        kind: if conversation.is_room {
            ConversationKind::Room
        } else {
            ConversationKind::Direct
        },
        name: conversation.name,
        in_room: conversation.in_room,
        avatar: Some(conversation.avatar).filter(|hash| !hash.is_empty()),
        presence: match rooms::of_private(&conversation.id) {
            Some(_) => shared.rooms.presence_of(&conversation.id),
            None => shared.live.presence(&conversation.id),
        },
        preview,
        preview_media: last.as_ref().and_then(|last| last.media_type.clone()),
        preview_is_mine: last.as_ref().is_some_and(|last| last.outgoing),
        preview_author: last
            .as_ref()
            .map_or_else(String::new, |last| last.author_name.clone()),
        last_activity_ms: last.as_ref().map(|last| last.time_ms),
        last_state: last
            .filter(|last| last.outgoing)
            .map(|last| delivery(&last.state)),
        unread: conversation.unread,
        unread_mentions: conversation.unread_mentions,
        marked_unread: conversation.marked_unread,
        notify: match quiet.notify {
            Notify::Usual if conversation.is_room => NotifyLevel::Mentions,
            Notify::Usual | Notify::All => NotifyLevel::All,
            Notify::Mentions => NotifyLevel::Mentions,
            Notify::None => NotifyLevel::None,
        },
        muted_until_ms: quiet.until_ms,
        pinned: conversation.pinned,
        archived: conversation.archived,
        draft: conversation.draft,
        typing: shared.live.is_typing(&conversation.id, Instant::now()),
        id: conversation.id,
    }
}

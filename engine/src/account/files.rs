//! Files of an account: on their way to the server and from it, and kept sealed on
//! this device (XEP-0363, XEP-0447).

mod copy;
mod fetch;
mod list;
mod policy;
mod put;
mod read;
mod save;
mod send;
mod service;
mod transfers;
mod trouble;
pub(super) mod uploads;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Account, Shared};
use crate::api::{ApiError, ErrorCode, Event, FileRequest, Response};
use crate::store::files as rows;
use crate::store::messages::Attachment;
use crate::store::{StoreError, messages, uploads as waiting};
use crate::vault::Vault;
use fetch::Fetching;
use service::Known;
use transfers::Transfers;

pub use copy::StagedFile;
pub use read::FilePart;
pub(super) use send::Prepared;

/// What goes on with files while the account is open.
pub(crate) struct Files {
    pub(super) vault: Vault,
    /// What fetched files may take up.
    most_bytes: u64,
    /// Rings when something about uploads has changed.
    pub(super) bell: Notify,
    transfers: Transfers,
    service: Mutex<Known>,
    /// Files that are being fetched, by address.
    fetches: Mutex<HashMap<String, Fetching>>,
}

impl Files {
    pub(crate) fn new(vault: Vault, most_bytes: u64) -> Self {
        Self {
            vault,
            most_bytes,
            bell: Notify::new(),
            transfers: Transfers::default(),
            service: Mutex::default(),
            fetches: Mutex::default(),
        }
    }

    fn service(&self) -> MutexGuard<'_, Known> {
        self.service.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fetches(&self) -> MutexGuard<'_, HashMap<String, Fetching>> {
        self.fetches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    pub(super) fn transfers_changed(&self) {
        self.events.publish(Event::TransfersChanged {
            account: self.id.clone(),
        });
    }
}

fn failed(error: StoreError) -> ApiError {
    Shared::cache_failed(&error)
}

/// What the disk refuses of the files that are kept here.
fn on_disk(error: &std::io::Error) -> ApiError {
    ApiError::of_disk(error, ErrorCode::CacheFailed)
}

impl Account {
    pub(crate) async fn about_files(&self, request: FileRequest) -> Result<Response, ApiError> {
        let shared = &self.shared;
        match request {
            FileRequest::Send {
                conversation,
                source,
                name,
                media_type,
                width,
                height,
                caption,
                reply_to,
                mentions,
                ..
            } => {
                let given = send::Given {
                    name,
                    media_type,
                    size: width.zip(height),
                };
                let file = send::prepare(shared, source, given).await?;
                let message = self
                    .write_file(&conversation, &caption, reply_to, &mentions, file)
                    .await?;
                Ok(Response::Message(message))
            }
            FileRequest::Pause { message, .. } => self.pause(message, true).await,
            FileRequest::Resume { message, .. } => self.pause(message, false).await,
            FileRequest::Cancel { message, .. } => {
                let gone = shared.store.write(move |tx| waiting::cancel(tx, message));
                self.uploads_changed(gone.await.map_err(failed)?)
            }
            FileRequest::RetryAll { .. } => {
                self.retry_all().await?;
                Ok(Response::Done)
            }
            FileRequest::Transfers { .. } => {
                Ok(Response::Transfers(transfers::views(shared).await?))
            }
            FileRequest::Limits { .. } => Ok(Response::FileLimits(shared.files.service().limits())),
            FileRequest::Fetch {
                message,
                index,
                automatic,
                ..
            } => {
                fetch::file(shared, (message, index), automatic).await?;
                Ok(Response::Done)
            }
            FileRequest::StopFetch { message, index, .. } => {
                fetch::stop(shared, (message, index)).await?;
                Ok(Response::Done)
            }
            FileRequest::Save {
                message, index, to, ..
            } => Ok(Response::Saved(
                save::file(shared, (message, index), to).await?,
            )),
            FileRequest::List {
                conversation,
                kind,
                text,
                before,
                limit,
                ..
            } => {
                let ask = list::Ask {
                    conversation,
                    kind,
                    text,
                    before,
                    limit,
                };
                Ok(Response::FilePage(list::page(shared, ask).await?))
            }
            FileRequest::Clear { .. } => {
                let fetching = fetch::addresses(shared);
                let cleared = shared.store.write(move |tx| rows::clear(tx, &fetching));
                let names = cleared.await.map_err(failed)?;
                shared.files.vault.remove(names).await;
                Ok(Response::Done)
            }
        }
    }

    async fn pause(&self, message: i64, paused: bool) -> Result<Response, ApiError> {
        let changed = self
            .shared
            .store
            .write(move |tx| waiting::pause(tx, message, paused));
        self.uploads_changed(changed.await.map_err(failed)?)
    }

    fn uploads_changed(&self, conversation: Option<String>) -> Result<Response, ApiError> {
        let conversation = conversation.ok_or(ErrorCode::NotFound)?;
        self.shared.files.bell.notify_one();
        // What waited behind it may go now.
        self.shared.outbox_bell.notify_one();
        self.shared.messages_changed(&conversation);
        self.shared.transfers_changed();
        Ok(Response::Done)
    }

    async fn retry_all(&self) -> Result<(), ApiError> {
        let failed_ones = self.shared.store.read(messages::failed_ones);
        for message in failed_ones.await.map_err(failed)? {
            match self.retry_message(message).await {
                // Somebody else was quicker.
                Err(error) if error.code == ErrorCode::NotFound => {}
                other => other?,
            }
        }
        Ok(())
    }
}

/// Which file of which message.
type Place = (i64, u32);

/// A file of a message, with who wrote that and where.
struct Found {
    conversation: String,
    author: String,
    outgoing: bool,
    file: Attachment,
}

async fn find(shared: &Shared, place: Place) -> Result<Found, ApiError> {
    let (message, index) = place;
    let found = shared
        .store
        .read(move |db| messages::get(db, message))
        .await
        .map_err(failed)?;
    let found = found
        .filter(|message| message.retracted.is_none())
        .ok_or(ErrorCode::NotFound)?;
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let file = found.extras.attachments.into_iter().nth(index);
    Ok(Found {
        conversation: found.conversation,
        author: found.author,
        outgoing: found.outgoing,
        file: file.ok_or(ErrorCode::NotFound)?,
    })
}

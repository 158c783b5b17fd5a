//! One account: its cache, and the task that keeps it in step with its server.

mod apply;
mod decisions;
mod devices;
mod export;
pub(crate) mod files;
mod handle;
mod identity;
mod lists;
mod live;
mod mutes;
mod outgoing;
mod password;
mod people;
mod refusal;
mod requests;
mod rooms;
mod search;
mod session;
mod status;
mod supervisor;
mod sync;
mod upkeep;

use std::sync::{Arc, Mutex, PoisonError};

use jid::BareJid;
use navigation::{ServerTarget, Trust};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::api::{ApiError, ConnectionView, ErrorCode, Event, PreviewLimit};
use crate::clock::Clock;
use crate::config::{Retention, Timeouts};
use crate::connection::{Connector, Login, Memory};
use crate::events::Events;
use crate::store::Store;
use crate::surroundings::Surroundings;
use crate::vault::Vault;
use files::Files;
use handle::Handle;
use live::Live;
pub(crate) use password::NotChanged;
use people::People;
use rooms::LiveRooms;
use status::Status;

/// Chat states that wait to be sent: only the newest matter.
const TYPING_QUEUE: usize = 8;

/// What an account needs to run.
pub(crate) struct AccountConfig {
    pub(crate) id: String,
    pub(crate) address: BareJid,
    pub(crate) username: String,
    /// What the person is called.
    pub(crate) display_name: String,
    pub(crate) resource: String,
    pub(crate) target: ServerTarget,
    pub(crate) password: Zeroizing<String>,
    pub(crate) clock: Clock,
    pub(crate) connector: Connector,
    pub(crate) memory: Memory,
    pub(crate) managed: Managed,
    /// Where files lie sealed.
    pub(crate) vault: Vault,
    /// What fetched files may take up.
    pub(crate) file_cache_bytes: u64,
    pub(crate) surroundings: Surroundings,
}

/// An account with an open cache.
pub(crate) struct Account {
    pub(crate) shared: Arc<Shared>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// What the account's task and its callers share.
pub(crate) struct Shared {
    pub(crate) id: String,
    pub(crate) address: BareJid,
    pub(crate) username: String,
    pub(crate) display_name: String,
    pub(crate) resource: String,
    pub(crate) timeouts: Timeouts,
    pub(crate) clock: Clock,
    pub(crate) connector: Connector,
    pub(crate) memory: Memory,
    pub(crate) store: Store,
    pub(crate) events: Events,
    pub(crate) live: Live,
    pub(crate) rooms: LiveRooms,
    pub(crate) people: People,
    pub(crate) files: Files,
    pub(crate) surroundings: Surroundings,
    managed: Mutex<Managed>,
    /// Rings when something else stays on this device.
    pub(crate) upkeep_bell: Notify,
    /// Rings when a conversation is muted for a while.
    pub(crate) mutes_bell: Notify,
    pub(crate) status: Status,
    pub(crate) connection: watch::Sender<ConnectionView>,
    /// Minutes that our clock is ahead of the server's, if that is worth a word.
    pub(crate) clock_wrong: Mutex<Option<i64>>,
    /// The way to ask the server, while there is a session.
    pub(crate) session: Mutex<Option<Handle>>,
    /// Held while a gap is filled.
    pub(crate) filling: tokio::sync::Mutex<()>,
    /// Held while some messages are removed from this device, or fetched again.
    pub(crate) trimming: tokio::sync::Mutex<()>,
    /// Where to connect, and with what; both can change.
    pub(crate) way: Mutex<Way>,
    /// Rings when the outbox has something new.
    pub(crate) outbox_bell: Notify,
    /// Row of the outbox over which the server may have ended the last stream.
    pub(crate) suspect: Mutex<Option<i64>>,
    /// Rings when waiting should end.
    pub(crate) wake: Notify,
    pub(crate) typing: mpsc::Sender<(String, bool)>,
    pub(crate) cancel: CancellationToken,
}

/// What whoever runs the server asks of this device, as far as it concerns the account
/// while it is open. A newer navigation may say something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Managed {
    /// What stays on this device.
    pub(crate) retention: Retention,
    /// Most that notifications may show.
    pub(crate) preview: PreviewLimit,
}

/// Where to connect, and with what.
pub(crate) struct Way {
    pub(crate) target: ServerTarget,
    pub(crate) password: Zeroizing<String>,
}

impl Account {
    /// Starts the task of an account.
    pub(crate) fn start(config: AccountConfig, store: Store, events: Events) -> Self {
        let (typing, typing_queue) = mpsc::channel(TYPING_QUEUE);
        let shared = Arc::new(Shared {
            id: config.id,
            address: config.address,
            username: config.username,
            display_name: config.display_name,
            resource: config.resource,
            timeouts: config.connector.timeouts,
            clock: config.clock,
            connector: config.connector,
            memory: config.memory,
            store,
            events,
            live: Live::default(),
            rooms: LiveRooms::default(),
            people: People::default(),
            files: Files::new(config.vault, config.file_cache_bytes),
            surroundings: config.surroundings,
            managed: Mutex::new(config.managed),
            upkeep_bell: Notify::new(),
            mutes_bell: Notify::new(),
            status: Status::default(),
            connection: watch::Sender::new(ConnectionView::Connecting),
            clock_wrong: Mutex::new(None),
            session: Mutex::new(None),
            filling: tokio::sync::Mutex::default(),
            trimming: tokio::sync::Mutex::default(),
            way: Mutex::new(Way {
                target: config.target,
                password: config.password,
            }),
            outbox_bell: Notify::new(),
            suspect: Mutex::new(None),
            wake: Notify::new(),
            typing,
            cancel: CancellationToken::new(),
        });
        tokio::spawn(upkeep::run(Arc::clone(&shared)));
        tokio::spawn(mutes::run(Arc::clone(&shared)));
        let tasks = vec![
            tokio::spawn(supervisor::run(Arc::clone(&shared), typing_queue)),
            tokio::spawn(files::uploads::run(Arc::clone(&shared))),
        ];
        Self {
            shared,
            tasks: Mutex::new(tasks),
        }
    }

    /// Ends the tasks in good order and closes the cache.
    pub(crate) async fn stop(&self) {
        self.shared.cancel.cancel();
        for task in self.take_tasks() {
            if let Err(error) = task.await {
                tracing::error!(account = self.shared.id, %error, "account task ended badly");
            }
        }
        self.shared.store.close().await;
    }

    /// Ends the tasks wherever they are.
    pub(crate) async fn abandon(&self) {
        for task in self.take_tasks() {
            task.abort();
            // That it was ended is what was wanted.
            drop(task.await);
        }
        self.shared.cancel.cancel();
        self.shared.store.close().await;
    }

    fn take_tasks(&self) -> Vec<JoinHandle<()>> {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *tasks)
    }

    /// How far the clock of this computer is ahead of the server's, if that is worth
    /// a word.
    pub(crate) fn minutes_ahead(&self) -> Option<i64> {
        let wrong = self.shared.clock_wrong.lock();
        *wrong.unwrap_or_else(PoisonError::into_inner)
    }

    /// Another address of the same server, or another password; used from the
    /// next connection on.
    pub(crate) fn change_way(&self, change: impl FnOnce(&mut Way)) {
        change(
            &mut self
                .shared
                .way
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        self.shared.wake.notify_one();
    }
}

impl Shared {
    pub(crate) fn managed(&self) -> Managed {
        *self.managed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_managed(&self, managed: Managed) {
        *self.managed.lock().unwrap_or_else(PoisonError::into_inner) = managed;
        self.upkeep_bell.notify_one();
    }

    /// How this account signs in.
    pub(crate) fn login<'a>(&'a self, password: &'a str) -> Login<'a> {
        Login {
            username: &self.username,
            password,
            device: &self.resource,
            memory: Some(&self.memory),
        }
    }

    /// By what servers of this account prove themselves.
    pub(crate) fn trust(&self) -> Trust {
        let way = self.way.lock().unwrap_or_else(PoisonError::into_inner);
        way.target.trust.clone()
    }

    /// The way to ask the server.
    ///
    /// # Errors
    /// [`ErrorCode::NotConnected`].
    pub(crate) fn handle(&self) -> Result<Handle, ApiError> {
        self.session
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or_else(|| ErrorCode::NotConnected.into())
    }

    fn set_handle(&self, handle: Option<Handle>) {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = handle;
    }

    pub(crate) fn set_connection(&self, view: ConnectionView) {
        self.status.changed(&view, self.clock.now_ms());
        let changed = self.connection.send_if_modified(|current| {
            let changed = *current != view;
            if changed {
                current.clone_from(&view);
            }
            changed
        });
        if changed {
            tracing::info!(account = self.id, state = ?view, "connection");
            self.events.publish(Event::ConnectionChanged {
                account: self.id.clone(),
                connection: view,
            });
        }
    }

    pub(crate) fn messages_changed(&self, conversation: &str) {
        self.events.publish(Event::MessagesChanged {
            account: self.id.clone(),
            conversation: conversation.to_owned(),
        });
        self.conversation_changed(conversation);
    }

    /// One row of the list.
    pub(crate) fn conversation_changed(&self, conversation: &str) {
        self.events.publish(Event::ConversationChanged {
            account: self.id.clone(),
            conversation: conversation.to_owned(),
        });
    }

    /// Any of the rows, and their order.
    pub(crate) fn conversations_changed(&self) {
        self.events.publish(Event::ConversationsChanged {
            account: self.id.clone(),
        });
    }

    pub(crate) fn contacts_changed(&self) {
        self.events.publish(Event::ContactsChanged {
            account: self.id.clone(),
        });
    }

    pub(crate) fn profile_changed(&self, address: &str) {
        self.events.publish(Event::ProfileChanged {
            account: self.id.clone(),
            address: address.to_owned(),
        });
        self.contacts_changed();
        self.conversation_changed(address);
    }

    pub(crate) fn requests_changed(&self) {
        self.events.publish(Event::SubscriptionRequestsChanged {
            account: self.id.clone(),
        });
    }

    pub(crate) fn blocked_changed(&self) {
        self.events.publish(Event::BlockedChanged {
            account: self.id.clone(),
        });
        self.contacts_changed();
        self.conversations_changed();
    }

    pub(crate) fn cache_failed(error: &crate::store::StoreError) -> ApiError {
        let full = matches!(error, crate::store::StoreError::Sqlite(sqlite)
            if sqlite.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull));
        let code = if full {
            ErrorCode::DiskFull
        } else {
            ErrorCode::CacheFailed
        };
        ApiError::new(code).detail(error)
    }
}

//! The engine: a profile with its accounts.

mod check;
mod files;
mod join;
mod kept;
mod keyring;
mod keys;
mod leave;
mod managed;
mod messages;
mod network;
mod opening;
mod overview;
mod password;
mod refresh;
mod saving;
mod search;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jid::BareJid;
use navigation::ServerTarget;
use zeroize::Zeroizing;

use crate::account::Account;
use crate::api::{ApiError, ErrorCode, Event, Notice, Request, Response};
use crate::config::EngineConfig;
use crate::connection::Connector;
use crate::events::{EventStream, Events};
use crate::profile::{Accounts, Network, Profile, ProfileError, SavedAccount};
use crate::secrets::Secret;
use crate::surroundings::Surroundings;

/// Why a profile cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process uses the profile.
    #[error("another process uses this profile")]
    ProfileInUse,
    /// The folder cannot be read or written.
    #[error("profile: {0}")]
    ProfileFolder(#[from] std::io::Error),
}

impl From<ProfileError> for OpenError {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::InUse => Self::ProfileInUse,
            ProfileError::Folder(error) => Self::ProfileFolder(error),
        }
    }
}

/// An account to be added.
pub struct NewAccount {
    /// Its server.
    pub target: ServerTarget,
    /// Who.
    pub user: NewUser,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// Who an account is.
pub enum NewUser {
    /// An account that exists on the server.
    Existing {
        /// User name.
        username: String,
        /// Name to show for it.
        display_name: Option<String>,
    },
    /// An account that is made with an invite.
    Register {
        /// Name that others see.
        display_name: String,
        /// Token of the invite.
        token: String,
    },
}

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    config: EngineConfig,
    connector: Connector,
    events: Events,
    surroundings: Surroundings,
    keyring: keyring::Keyring,
    state: Mutex<State>,
    /// Held while the set of accounts changes: adding, unlocking, removing.
    changing: tokio::sync::Mutex<()>,
}

struct State {
    /// Gone once the engine is closed; with it the lock.
    profile: Option<Arc<Profile>>,
    accounts: Accounts,
    network: Network,
    open: HashMap<String, Arc<Account>>,
    /// Why accounts that need no password to be typed could not be opened.
    shut: HashMap<String, ApiError>,
    /// Keys of the open caches, to be kept anew when a password changes.
    keys: HashMap<String, Secret>,
    notices: Vec<Notice>,
    /// That the clock is wrong has been read: in this run it is not said again.
    clock_told: bool,
    /// The account whose making was last begun in this run, if it may be made by now.
    half_made: Option<BareJid>,
}

impl Engine {
    /// Opens a profile and starts its accounts. Reads the disk and the keyring
    /// only; never waits for a network, and only a moment for a keyring that does not
    /// answer: accounts that it would open are opened once it does.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(config: EngineConfig) -> Result<Self, OpenError> {
        let folder = config.profile_dir.clone();
        let opened = config.store.block(move || {
            let profile = Profile::open(&folder)?;
            let accounts = profile.accounts().map_err(ProfileError::Folder)?;
            let network = profile.network().map_err(ProfileError::Folder)?;
            Ok::<_, ProfileError>((profile, accounts, network))
        });
        let (profile, accounts, network) = opened.await.map_err(std::io::Error::other)??;
        let saved = accounts.saved.clone();
        let state = State {
            profile: Some(Arc::new(profile)),
            accounts,
            network: network.clone(),
            open: HashMap::new(),
            shut: HashMap::new(),
            keys: HashMap::new(),
            notices: Vec::new(),
            clock_told: false,
            half_made: None,
        };
        let connector = Connector::new(&config);
        connector.set_proxy(&config.proxy, &network.proxy);
        connector.set_proxy_password(network::without_one(&network));
        let surroundings = Surroundings::default();
        // A simulation has its own network.
        let interfaces = config.dialer.is_none();
        tokio::spawn(surroundings.clone().watch(config.clock.clone(), interfaces));
        let engine = Self {
            inner: Arc::new(Inner {
                connector,
                config,
                events: Events::default(),
                surroundings,
                keyring: keyring::Keyring::default(),
                state: Mutex::new(state),
                changing: tokio::sync::Mutex::new(()),
            }),
        };
        if interfaces {
            tokio::spawn(refresh::run(Arc::downgrade(&engine.inner)));
        }
        engine.look_for_keyring().await;
        engine.open_accounts(saved).await;
        engine.inner.keyring.started();
        engine.open_later();
        Ok(engine)
    }

    /// Listens to what changes from now on.
    #[must_use]
    pub fn subscribe(&self) -> EventStream {
        self.inner.events.subscribe()
    }

    /// Ends everything in good order and lets another process use the profile.
    pub async fn close(&self) {
        let _changing = self.inner.changing.lock().await;
        let open: Vec<_> = self.with(|state| state.open.drain().map(|(_, a)| a).collect());
        for account in open {
            account.stop().await;
        }
        self.with(|state| {
            state.keys.clear();
            state.profile = None;
        });
    }

    /// Ends everything at once, as if the process had died: nothing is finished,
    /// nobody is told. For simulations.
    pub async fn abandon(self) {
        let open: Vec<_> = self.with(|state| state.open.drain().map(|(_, a)| a).collect());
        for account in open {
            account.abandon().await;
        }
        self.with(|state| state.profile = None);
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self
            .inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner))
    }

    fn account(&self, id: &str) -> Result<Arc<Account>, ApiError> {
        self.with(|state| {
            if let Some(account) = state.open.get(id) {
                return Ok(Arc::clone(account));
            }
            let known = state.accounts.saved.iter().any(|saved| saved.id == id);
            Err(if known {
                ErrorCode::Locked.into()
            } else {
                ErrorCode::NotFound.into()
            })
        })
    }

    fn saved(&self, id: &str) -> Result<SavedAccount, ApiError> {
        self.with(|state| {
            let mut all = state.accounts.saved.iter();
            all.find(|saved| saved.id == id).cloned()
        })
        .ok_or_else(|| ErrorCode::NotFound.into())
    }

    fn notice(&self, notice: Notice) {
        self.with(|state| {
            if !state.notices.contains(&notice) {
                state.notices.push(notice);
            }
        });
        self.inner.events.publish(Event::AccountsChanged);
    }

    /// Answers a request of a user interface.
    ///
    /// # Errors
    /// [`ApiError`], with the code that the interface has a sentence for.
    pub async fn handle(&self, request: Request) -> Result<Response, ApiError> {
        tracing::debug!(?request, "request");
        Ok(match request {
            Request::Overview => Response::Overview(self.overview().await),
            Request::DismissNotices => {
                self.with(|state| {
                    state.notices.clear();
                    state.clock_told = true;
                });
                Response::Done
            }
            Request::PreviewJoin { input } => {
                Response::JoinPreview(self.preview_join(&input).await?)
            }
            Request::Join {
                input,
                name,
                password,
            } => Response::Account(self.join(&input, &name, password).await?),
            Request::Unlock { account, password } => {
                self.unlock(&account, Zeroizing::new(password)).await?;
                Response::Done
            }
            Request::ChangePassword {
                account,
                current,
                new,
            } => Box::pin(self.new_password(&account, current, new)).await?,
            Request::SignOut { account, wipe } => {
                self.sign_out(&account, wipe).await?;
                Response::Done
            }
            Request::ReconnectNow { account } => {
                self.account(&account)?.shared.wake.notify_one();
                Response::Done
            }
            Request::People(request) => {
                let (_, account) = request.summary();
                self.account(account)?.people(request).await?
            }
            Request::Attention {
                active,
                idle_since_ms,
            } => {
                let now_ms = self.inner.config.clock.now_ms();
                self.inner
                    .surroundings
                    .attend(active, idle_since_ms, now_ms);
                Response::Done
            }
            Request::NetworkChanged => {
                self.inner.surroundings.network_changed();
                Response::Done
            }
            Request::Conversations { account } => {
                Response::Conversations(self.account(&account)?.conversations().await?)
            }
            Request::Contacts { account } => {
                Response::Contacts(self.account(&account)?.contacts().await?)
            }
            Request::StartConversation { account, contact } => {
                Response::Conversation(self.account(&account)?.start_conversation(&contact).await?)
            }
            Request::Messages {
                account,
                conversation,
                anchor,
                limit,
            } => Response::Messages(
                self.account(&account)?
                    .messages(conversation, anchor, limit)
                    .await?,
            ),
            Request::SendMessage {
                account,
                conversation,
                text,
            } => Response::Message(
                self.account(&account)?
                    .send_message(&conversation, &text)
                    .await?,
            ),
            Request::RetryMessage { account, message } => {
                self.account(&account)?.retry_message(message).await?;
                Response::Done
            }
            Request::DeleteMessage { account, message } => {
                self.account(&account)?.delete_message(message).await?;
                Response::Done
            }
            Request::SetDraft {
                account,
                conversation,
                text,
            } => {
                self.account(&account)?
                    .set_draft(&conversation, &text)
                    .await?;
                Response::Done
            }
            Request::SetTyping {
                account,
                conversation,
                typing,
            } => {
                self.account(&account)?.set_typing(&conversation, typing)?;
                Response::Done
            }
            Request::MarkDisplayed {
                account,
                conversation,
                message,
            } => {
                self.account(&account)?
                    .mark_displayed(conversation, message)
                    .await?;
                Response::Done
            }
            Request::Connection(request) => self.about_connection(request).await?,
            Request::Devices(request) => {
                let (_, account) = request.summary();
                self.account(account)?.about_devices(request).await?
            }
            Request::Search(request) => self.search(request).await?,
            Request::Message(request) => self.about_messages(request).await?,
            Request::Conversation(request) => {
                self.account(request.account())?
                    .about_conversation(request)
                    .await?
            }
            Request::Files(request) => {
                let account = self.account(request.summary().1)?;
                Box::pin(account.about_files(request)).await?
            }
            Request::Rooms(request) => {
                let account = self.account(request.account())?;
                Box::pin(account.about_rooms(request)).await?
            }
        })
    }
}

/// The bare address of a saved account.
fn address(saved: &SavedAccount) -> Result<BareJid, ApiError> {
    BareJid::new(&format!("{}@{}", saved.username, saved.target.domain))
        .map_err(|error| ApiError::new(ErrorCode::NameInvalid).detail(error))
}

//! One device: an engine with a folder of its own, which can be killed and
//! opened again.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use engine::api::{
    ConnectionView, ConversationView, DeliveryState, Direction, MessageView, Overview, Request,
    Response, WindowAnchor,
};
use engine::secrets::SecretKind;
use engine::{
    Clock, Engine, EngineConfig, MemorySecrets, NewAccount, NewUser, Secrets, StoreMode, TimeSource,
};
use navigation::ServerTarget;
use tokio::time::Instant;

use crate::dice::Dice;
use crate::judge::Seen;
use crate::plan::account_of;
use crate::server::{DOMAIN, PASSWORD};
use crate::template::Template;
use crate::world::{DeviceDialer, World};

/// Messages that are asked for at once.
const WINDOW: u32 = 100;

/// Windows that are looked at above the newest.
const PAGES: usize = 300;

/// The clock of a device, which may be wrong, and its chance.
struct DeviceClock {
    world: World,
    wrong_by_ms: AtomicI64,
    dice: Mutex<Dice>,
}

impl TimeSource for DeviceClock {
    fn now_ms(&self) -> i64 {
        self.world
            .now_ms()
            .saturating_add(self.wrong_by_ms.load(Ordering::Relaxed))
    }

    fn fill(&self, bytes: &mut [u8]) {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in bytes {
            *byte = dice.bits().to_le_bytes()[0];
        }
    }
}

/// A device.
pub(crate) struct Device {
    pub(crate) name: String,
    /// The name of its account.
    pub(crate) account: String,
    world: World,
    folder: PathBuf,
    secrets: Arc<MemorySecrets>,
    clock: Arc<DeviceClock>,
    engine: Option<Engine>,
    /// Whether it was added when its account had been in use.
    pub(crate) came_later: bool,
    /// When it is started again.
    pub(crate) back_at: Option<Instant>,
}

/// A message as a device shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) id: i64,
    pub(crate) incoming: bool,
    pub(crate) author: String,
    pub(crate) text: String,
    pub(crate) delivery: Option<DeliveryState>,
}

impl From<MessageView> for Shown {
    fn from(view: MessageView) -> Self {
        Self {
            id: view.id,
            incoming: view.direction == Direction::Incoming,
            author: view.author,
            text: view.text,
            delivery: view.delivery,
        }
    }
}

impl Device {
    pub(crate) fn new(name: &str, seed: u64, world: &World, folder: &Path) -> Result<Self> {
        let folder = folder.join(name);
        std::fs::create_dir(&folder)?;
        Ok(Self {
            name: name.to_owned(),
            account: account_of(name).to_owned(),
            world: world.clone(),
            folder,
            secrets: Arc::new(MemorySecrets::default()),
            clock: Arc::new(DeviceClock {
                world: world.clone(),
                wrong_by_ms: AtomicI64::new(0),
                dice: Mutex::new(Dice::of(seed, name, 0)),
            }),
            engine: None,
            came_later: false,
            back_at: None,
        })
    }

    pub(crate) fn is_running(&self) -> bool {
        self.engine.is_some()
    }

    /// Starts the program; what is in its folder is all that it knows.
    pub(crate) async fn start(&mut self) -> Result<()> {
        self.back_at = None;
        if self.engine.is_some() {
            return Ok(());
        }
        let mut config = EngineConfig::new(self.folder.clone());
        config.secrets = self.secrets.clone();
        config.clock = Clock::new(self.clock.clone());
        config.store = StoreMode::Inline;
        config.dialer = Some(Arc::new(DeviceDialer {
            world: self.world.clone(),
            device: self.name.clone(),
        }));
        let engine = Engine::open(config).await?;
        self.engine = Some(engine);
        Ok(())
    }

    /// Puts an account that was added long ago into the folder.
    pub(crate) fn set_up(&self) -> Result<()> {
        let mut id = [0; 9];
        self.clock.fill(&mut id);
        let id = id.map(|byte| char::from(b'a' + byte % 26));
        let id: String = id.iter().collect();
        Template::get()?.copy(&self.folder, &*self.secrets, &id, &self.account)
    }

    /// Adds the account, if that is not done; false if the server cannot be
    /// reached now.
    pub(crate) async fn sign_in(&mut self) -> Result<bool> {
        let Some(engine) = self.engine.clone() else {
            return Ok(false);
        };
        if !self.overview().await?.accounts.is_empty() {
            return Ok(true);
        }
        let new = NewAccount {
            target: ServerTarget::for_server(DOMAIN, None),
            user: NewUser::Existing {
                username: self.account.clone(),
                display_name: None,
            },
            password: PASSWORD.to_owned(),
        };
        Ok(engine.add_account(new).await.is_ok())
    }

    /// A secret that the engine has kept.
    pub(crate) fn secret(&self, id: &str, kind: SecretKind) -> Result<Vec<u8>> {
        let secret = self.secrets.get(id, kind)?;
        Ok(secret.context("not kept")?.to_vec())
    }

    /// Ends the program in the midst of whatever it does.
    pub(crate) async fn kill(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.abandon().await;
        }
    }

    /// Ends the program in good order.
    pub(crate) async fn close(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.close().await;
        }
    }

    /// Sets the clock.
    pub(crate) fn set_clock(&self, by_ms: i64) {
        self.clock.wrong_by_ms.fetch_add(by_ms, Ordering::Relaxed);
    }

    async fn ask(&self, request: Request) -> Result<Response> {
        let engine = self.engine.as_ref().context("not running")?;
        Ok(engine.handle(request).await?)
    }

    pub(crate) async fn overview(&self) -> Result<Overview> {
        match self.ask(Request::Overview).await? {
            Response::Overview(overview) => Ok(overview),
            other => bail!("{other:?}"),
        }
    }

    /// The id of its account; `None` before it is signed in.
    pub(crate) async fn id(&self) -> Option<String> {
        let overview = self.overview().await.ok()?;
        Some(overview.accounts.first()?.id.clone())
    }

    pub(crate) async fn is_online(&self) -> bool {
        let overview = self.overview().await.ok();
        let account = overview.and_then(|overview| overview.accounts.into_iter().next());
        account.is_some_and(|account| account.connection == ConnectionView::Online)
    }

    pub(crate) async fn send(&self, conversation: &str, text: &str) -> Result<()> {
        let account = self.id().await.context("not signed in")?;
        let request = Request::SendMessage {
            account,
            conversation: conversation.to_owned(),
            text: text.to_owned(),
        };
        self.ask(request).await.map(drop)
    }

    /// The newest message of the other side that a conversation shows.
    pub(crate) async fn newest_incoming(&self, conversation: &str) -> Result<Option<String>> {
        let account = self.id().await.context("not signed in")?;
        let shown = self
            .window(&account, conversation, WindowAnchor::Latest)
            .await?;
        let newest = shown.0.into_iter().rev().find(|message| message.incoming);
        Ok(newest.map(|message| message.text))
    }

    /// What the record says of it that its user has seen a message.
    pub(crate) fn saw(&self, with: &str, text: String) -> Seen {
        Seen {
            by: self.account.clone(),
            with: with.to_owned(),
            text,
            told: !self.came_later,
        }
    }

    /// The user sees the newest message of a conversation.
    pub(crate) async fn read(&self, conversation: &str) -> Result<()> {
        let account = self.id().await.context("not signed in")?;
        let shown = self
            .window(&account, conversation, WindowAnchor::Latest)
            .await?;
        let Some(newest) = shown.0.last() else {
            return Ok(());
        };
        let request = Request::MarkDisplayed {
            account,
            conversation: conversation.to_owned(),
            message: newest.id,
        };
        self.ask(request).await.map(drop)
    }

    pub(crate) async fn set_typing(&self, conversation: &str) -> Result<()> {
        let account = self.id().await.context("not signed in")?;
        let request = Request::SetTyping {
            account,
            conversation: conversation.to_owned(),
            typing: true,
        };
        self.ask(request).await.map(drop)
    }

    /// The system has told that the network is another one.
    pub(crate) async fn network_changed(&self) {
        if let Some(account) = self.id().await {
            // Not running any more is fine.
            drop(self.ask(Request::ReconnectNow { account }).await);
        }
    }

    async fn window(
        &self,
        account: &str,
        conversation: &str,
        anchor: WindowAnchor,
    ) -> Result<(Vec<Shown>, bool)> {
        let request = Request::Messages {
            account: account.to_owned(),
            conversation: conversation.to_owned(),
            anchor,
            limit: WINDOW,
        };
        match self.ask(request).await? {
            Response::Messages(window) => Ok((
                window.messages.into_iter().map(Shown::from).collect(),
                window.has_older,
            )),
            other => bail!("{other:?}"),
        }
    }

    /// Everything that a conversation shows, oldest first.
    pub(crate) async fn conversation(&self, conversation: &str) -> Result<Vec<Shown>> {
        let account = self.id().await.context("not signed in")?;
        let (mut all, mut has_older) = self
            .window(&account, conversation, WindowAnchor::Latest)
            .await?;
        // A page of the archive may hold nothing that is shown.
        for _ in 0..PAGES {
            let Some(first) = all.first().filter(|_| has_older) else {
                break;
            };
            let anchor = WindowAnchor::Before { message: first.id };
            let (older, more) = self.window(&account, conversation, anchor).await?;
            all.splice(0..0, older);
            has_older = more;
        }
        Ok(all)
    }

    pub(crate) async fn conversations(&self) -> Result<Vec<ConversationView>> {
        let account = self.id().await.context("not signed in")?;
        match self.ask(Request::Conversations { account }).await? {
            Response::Conversations(conversations) => Ok(conversations),
            other => bail!("{other:?}"),
        }
    }

    /// Unread messages as the account's badge counts them.
    pub(crate) async fn badge(&self) -> Result<u32> {
        let overview = self.overview().await?;
        Ok(overview.accounts.first().context("not signed in")?.unread)
    }
}

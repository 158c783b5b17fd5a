//! One device: an engine with a folder of its own, which can be killed and
//! opened again.

mod acts;
mod shows;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use engine::api::{ConnectionView, Overview, Request, Response};
use engine::secrets::SecretKind;
use engine::{
    Clock, Engine, EngineConfig, MemorySecrets, NewAccount, NewUser, Secrets, StoreMode, TimeSource,
};
use navigation::ServerTarget;
use tokio::time::Instant;

use crate::dice::Dice;
use crate::plan::account_of;
use crate::server::{DOMAIN, PASSWORD};
use crate::template::Template;
use crate::world::{DeviceDialer, World};
pub(crate) use shows::{Looked, Row, Shown, key};

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

    /// Asks for something that takes its time; whether it is done is seen
    /// elsewhere.
    fn ask_meanwhile(&self, request: Request) {
        if let Some(engine) = self.engine.clone() {
            tokio::spawn(async move { engine.handle(request).await });
        }
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
}

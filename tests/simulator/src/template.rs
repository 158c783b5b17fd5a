//! A profile with an account and an empty cache, made by the engine itself once:
//! making the tables anew for each device would be a good part of all work.

use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context, Result};
use engine::Secrets;
use engine::secrets::SecretKind;

use crate::device::Device;
use crate::flavour::Flavour;
use crate::server::PASSWORD;
use crate::world::{Trace, World};

/// The account that the engine has added, and its name.
const NAME: &str = "template1";
const ACCOUNT: &str = "template";

/// What a profile has on disk.
#[derive(Debug)]
pub(crate) struct Template {
    id: String,
    key: Vec<u8>,
    accounts: String,
    cache: Vec<u8>,
}

impl Template {
    /// Makes it, or gives the one that was made.
    pub(crate) fn get() -> Result<&'static Self> {
        static MADE: OnceLock<Result<Template, String>> = OnceLock::new();
        let made = MADE.get_or_init(|| {
            // A run waits for this one, and may not have a runtime inside its own.
            let made = std::thread::spawn(|| Self::make().map_err(|error| format!("{error:#}")));
            made.join().unwrap_or_else(|_| Err("panicked".to_owned()))
        });
        made.as_ref().map_err(|error| anyhow::anyhow!("{error}"))
    }

    fn make() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        let folder = tempfile::tempdir()?;
        runtime.block_on(async {
            let accounts = [ACCOUNT.to_owned()];
            let world = World::new(0, Flavour::default(), accounts, Trace::default());
            let mut device = Device::new(NAME, 0, &world, folder.path())?;
            device.start().await?;
            device.sign_in().await?;
            let id = device.id().await.context("no account")?;
            // Before it has done anything.
            device.kill().await;
            let key = device.secret(&id, SecretKind::CacheKey)?;
            let folder = folder.path().join(NAME);
            Ok(Self {
                key,
                accounts: std::fs::read_to_string(folder.join("accounts.json"))?,
                cache: std::fs::read(folder.join("accounts").join(&id).join("cache.db"))?,
                id,
            })
        })
    }

    /// Puts a copy with another id, for another account, into a folder.
    pub(crate) fn copy(
        &self,
        folder: &Path,
        secrets: &dyn Secrets,
        id: &str,
        account: &str,
    ) -> Result<()> {
        let accounts = self.accounts.replace(&self.id, id);
        std::fs::write(
            folder.join("accounts.json"),
            accounts.replace(&format!("\"{ACCOUNT}\""), &format!("\"{account}\"")),
        )?;
        let folder = folder.join("accounts").join(id);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("cache.db"), &self.cache)?;
        secrets.set(id, SecretKind::CacheKey, &self.key)?;
        secrets.set(id, SecretKind::Password, PASSWORD.as_bytes())?;
        Ok(())
    }
}

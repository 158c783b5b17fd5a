//! An engine on a profile, with secrets that every process of the bench knows.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use engine::api::{Request, Response};
use engine::secrets::{Secret, SecretKind, SecretsError};
use engine::{Clock, Dialer, Engine, EngineConfig, NewAccount, NewUser, Secrets, SecureStream};
use server_tests::startalk::{PASSWORD, Startalk};

/// The key of every cache here.
pub(crate) const KEY: [u8; 32] = [7; 32];
/// Who owns it.
pub(crate) const USER: &str = "rosa";

struct Known;

impl Secrets for Known {
    fn get(&self, _: &str, kind: SecretKind) -> Result<Option<Secret>, SecretsError> {
        Ok(match kind {
            SecretKind::Password => Some(Secret::new(PASSWORD.as_bytes().to_vec())),
            SecretKind::CacheKey => Some(Secret::new(KEY.to_vec())),
            SecretKind::Token | SecretKind::ProxyPassword => None,
        })
    }

    fn set(&self, _: &str, _: SecretKind, _: &[u8]) -> Result<(), SecretsError> {
        Ok(())
    }

    fn delete(&self, _: &str, _: SecretKind) -> Result<(), SecretsError> {
        Ok(())
    }

    fn is_available(&self) -> bool {
        true
    }
}

/// Opens the engine of a profile.
pub(crate) async fn engine(profile: &Path) -> Result<Engine> {
    let config = EngineConfig {
        secrets: Arc::new(Known),
        ..EngineConfig::new(profile.to_owned())
    };
    Ok(Engine::open(config).await?)
}

/// What comes of dialling.
pub(crate) type Dialing<'a> =
    std::pin::Pin<Box<dyn Future<Output = std::io::Result<SecureStream>> + Send + 'a>>;

/// The same, that reaches its servers another way.
pub(crate) async fn engine_over(profile: &Path, dialer: Arc<dyn Dialer>) -> Result<Engine> {
    let config = EngineConfig {
        secrets: Arc::new(Known),
        dialer: Some(dialer),
        ..EngineConfig::new(profile.to_owned())
    };
    Ok(Engine::open(config).await?)
}

/// A profile with an account that has signed in once. The engine chose a key of
/// its own, which the next start would not know: so the cache goes.
pub(crate) async fn profile(folder: &Path, server: &Startalk) -> Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let engine = engine(folder).await?;
    let account = engine
        .add_account(NewAccount {
            target: server.target().for_engine()?,
            user: NewUser::Existing {
                username: USER.to_owned(),
                display_name: None,
            },
            password: PASSWORD.to_owned(),
        })
        .await?;
    engine.close().await;
    let cache = folder.join("accounts").join(account).join("cache.db");
    std::fs::remove_file(&cache)?;
    Ok(cache)
}

/// A profile whose server is gone: what is measured is this device alone.
pub(crate) async fn bare_profile(folder: &Path) -> Result<PathBuf> {
    let server = tokio::task::spawn_blocking(|| Startalk::with(&[USER])).await?;
    profile(folder, &server).await
}

/// The cache of a profile that is there.
pub(crate) fn cache_of(folder: &Path) -> Result<PathBuf> {
    let account = std::fs::read_dir(folder.join("accounts"))?
        .next()
        .context("no account")??;
    Ok(account.path().join("cache.db"))
}

/// The one account.
pub(crate) async fn account(engine: &Engine) -> Result<String> {
    match engine.handle(Request::Overview).await? {
        Response::Overview(overview) => {
            let account = overview.accounts.into_iter().next();
            Ok(account.context("no account")?.id)
        }
        other => bail!("{other:?}"),
    }
}

/// Unread messages of the account.
pub(crate) async fn unread(engine: &Engine) -> Result<u32> {
    match engine.handle(Request::Overview).await? {
        Response::Overview(overview) => {
            Ok(overview.accounts.iter().map(|account| account.unread).sum())
        }
        other => bail!("{other:?}"),
    }
}

/// Now, in milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> i64 {
    Clock::default().now_ms()
}

/// Longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// Waits until so many are unread; looks again at each event.
pub(crate) async fn until_unread(engine: &Engine, wanted: u32) -> Result<()> {
    let waiting = async {
        let mut events = engine.subscribe();
        while unread(engine).await? < wanted {
            events.next().await.context("closed")?;
        }
        anyhow::Ok(())
    };
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(done) => done,
        Err(_) => bail!("{} of {wanted} came", unread(engine).await?),
    }
}

//! A profile for the desktop app: an account that has signed in, its secrets in the
//! keyring of the session, and a cache as large as is wanted.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use engine::api::{AccountView, ConnectionView, Request, Response, RoomRequest};
use engine::bench::Cache;
use engine::secrets::{KeyringSecrets, SecretKind};
use engine::{Engine, EngineConfig, Secrets};
use server_tests::startalk::PASSWORD;

use crate::device;

/// Words: profile, link to the server, users with commas, room to be in, messages,
/// conversations. The first user has the cache; the others are accounts of the same
/// profile.
pub(crate) async fn child(words: &[String]) -> Result<()> {
    let [profile, link, users, room, messages, conversations] = words else {
        bail!("six words are needed");
    };
    let profile = Path::new(profile);
    std::fs::create_dir_all(profile)?;
    let engine = Engine::open(EngineConfig::new(profile.to_owned())).await?;
    let mut accounts = Vec::new();
    for user in users.split(',') {
        let join = Request::Join {
            input: link.clone(),
            name: user.to_owned(),
            password: PASSWORD.to_owned(),
        };
        let Response::Account(account) = engine.handle(join).await? else {
            bail!("no account")
        };
        accounts.push(account);
        wait_online(&engine, accounts.len()).await?;
    }
    let account = accounts.swap_remove(0);
    engine
        .handle(Request::Rooms(RoomRequest::Join {
            account: account.clone(),
            room: room.clone(),
            nick: None,
            password: None,
        }))
        .await?;
    engine.close().await;

    let key = KeyringSecrets::for_profile(profile)
        .get(&account, SecretKind::CacheKey)?
        .context("no key in the keyring")?;
    let file = profile.join("accounts").join(account).join("cache.db");
    let mut cache = Cache::open(&file, &key).await.map_err(anyhow::Error::msg)?;
    let filled = cache
        .fill(messages.parse()?, conversations.parse()?, device::now_ms())
        .await
        .map_err(anyhow::Error::msg)?;
    ensure!(filled > 0, "nothing is unread");
    cache.close().await;
    Ok(())
}

async fn wait_online(engine: &Engine, accounts: usize) -> Result<()> {
    let mut events = engine.subscribe();
    loop {
        let Response::Overview(overview) = engine.handle(Request::Overview).await? else {
            bail!("no overview")
        };
        let online = |account: &AccountView| account.connection == ConnectionView::Online;
        if overview
            .accounts
            .iter()
            .filter(|account| online(account))
            .count()
            == accounts
        {
            return Ok(());
        }
        events.next().await.context("the engine has ended")?;
    }
}

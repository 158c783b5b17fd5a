//! The commands of `startalk-cli`: one request of the contract each.

use std::io::BufRead;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Serialize;
use startalk_engine::api::{ApiError, ConnectionView, MessageRequest, Overview, Request, Response};
use startalk_engine::{Engine, EngineConfig, Proxy, SystemProxies};

use crate::args::{Cli, Command};
use crate::conversations;
use crate::messages;
use crate::people;

/// Longest wait for a connection.
const CONNECTING: Duration = Duration::from_secs(30);

pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    std::fs::create_dir_all(&cli.profile).with_context(|| cli.profile.display().to_string())?;
    let config = EngineConfig {
        proxy: Proxy::System(Arc::new(SystemProxies)),
        device_name: startalk_engine::this_device(),
        ..EngineConfig::new(cli.profile.clone())
    };
    let engine = Engine::open(config).await?;
    let done = carry_out(&engine, &cli).await;
    engine.close().await;
    done
}

async fn carry_out(engine: &Engine, cli: &Cli) -> anyhow::Result<()> {
    match &cli.command {
        Command::Preview { input } => {
            let request = Request::PreviewJoin {
                input: input.clone(),
            };
            let Response::JoinPreview(preview) = ask(engine, request).await? else {
                return odd();
            };
            show(cli, &preview, || {
                format!(
                    "{:?}: {} ({})",
                    preview.kind, preview.server_name, preview.domain
                )
            })
        }
        Command::Join { input, name } => {
            let request = Request::Join {
                input: input.clone(),
                name: name.clone(),
                password: password()?,
            };
            let Response::Account(id) = ask(engine, request).await? else {
                return odd();
            };
            show(cli, &id, || format!("joined as account {id}"))
        }
        Command::Accounts => {
            for account in overview(engine).await?.accounts {
                show(cli, &account, || {
                    format!(
                        "{}\t{}\t{}",
                        account.id, account.address, account.server_name
                    )
                })?;
            }
            Ok(())
        }
        Command::Contacts => {
            let account = account(engine, cli).await?;
            let Response::Contacts(contacts) = ask(engine, Request::Contacts { account }).await?
            else {
                return odd();
            };
            contacts.iter().try_for_each(|contact| {
                show(cli, contact, || {
                    format!(
                        "{}\t{}\t{:?}\t{}\t{}",
                        contact.address,
                        contact.name,
                        contact.presence,
                        contact.groups.join(", "),
                        contact.status
                    )
                })
            })
        }
        Command::Conversations => {
            let account = account(engine, cli).await?;
            let Response::Conversations(all) =
                ask(engine, Request::Conversations { account }).await?
            else {
                return odd();
            };
            all.iter().try_for_each(|row| {
                show(cli, row, || {
                    format!(
                        "{}\t{}\t{} unread\t{}",
                        row.id, row.name, row.unread, row.preview
                    )
                })
            })
        }
        Command::Send {
            address,
            text,
            reply_to,
            mentions,
            wait,
        } => {
            let account = account(engine, cli).await?;
            let request = MessageRequest::Send {
                account: account.clone(),
                conversation: address.clone(),
                text: text.clone(),
                reply_to: *reply_to,
                mentions: messages::mentions(text, mentions)?,
            };
            messages::send(engine, cli, &account, Request::Message(request), *wait).await
        }
        Command::Files(command) => crate::files::run(engine, cli, command).await,
        Command::Message(command) => {
            let account = account(engine, cli).await?;
            messages::run(engine, cli, account, command).await
        }
        Command::Read { address, limit } => {
            let account = account(engine, cli).await?;
            for message in messages::newest(engine, &account, address, *limit).await? {
                show(cli, &message, || messages::line(&message))?;
            }
            Ok(())
        }
        Command::Conversation { address, what } => {
            conversations::decide(engine, cli, address, what).await
        }
        Command::Export {
            address,
            file,
            time_zone,
        } => conversations::export(engine, cli, address, file, time_zone).await,
        Command::Storage => conversations::storage(engine, cli).await,
        Command::Proxy(command) => crate::connection::proxy(engine, cli, command).await,
        Command::TrustKey { fingerprint } => {
            crate::connection::trust_key(engine, cli, fingerprint).await
        }
        Command::Sessions { command } => crate::sessions::run(engine, cli, command.as_ref()).await,
        Command::Rooms { command } => crate::rooms::run(engine, cli, command).await,
        Command::People(command) => people::carry_out(engine, cli, command).await,
        Command::Search(search) => crate::search::run(engine, cli, search).await,
        Command::Watch => watch(engine, cli).await,
        #[cfg(debug_assertions)]
        Command::Bridge(bridge) => crate::bridge::run(engine, cli, bridge).await,
        Command::SignOut { wipe } => {
            let account = account_id(engine, cli).await?;
            ask(
                engine,
                Request::SignOut {
                    account,
                    wipe: *wipe,
                },
            )
            .await
            .map(drop)
        }
    }
}

async fn watch(engine: &Engine, cli: &Cli) -> anyhow::Result<()> {
    account(engine, cli).await?;
    let mut events = engine.subscribe();
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(event) => show(cli, &event, || format!("{event:?}"))?,
                None => return Ok(()),
            },
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

async fn overview(engine: &Engine) -> anyhow::Result<Overview> {
    match ask(engine, Request::Overview).await? {
        Response::Overview(overview) => Ok(overview),
        _ => odd(),
    }
}

async fn account_id(engine: &Engine, cli: &Cli) -> anyhow::Result<String> {
    let accounts = overview(engine).await?.accounts;
    match (&cli.account, accounts.as_slice()) {
        (Some(wanted), all) if all.iter().any(|account| account.id == *wanted) => {
            Ok(wanted.clone())
        }
        (Some(wanted), _) => bail!("no account {wanted}"),
        (None, [one]) => Ok(one.id.clone()),
        (None, []) => bail!("no account yet: join first"),
        (None, _) => bail!("several accounts: choose one with --account"),
    }
}

/// The account of the command, unlocked.
pub(crate) async fn account(engine: &Engine, cli: &Cli) -> anyhow::Result<String> {
    let id = account_id(engine, cli).await?;
    let mut all = overview(engine).await?.accounts.into_iter();
    let locked = all.find(|account| account.id == id && !account.unlocked);
    if let Some(locked) = locked {
        if let ConnectionView::Offline { error: Some(error) } = locked.connection {
            bail!("the account could not be opened: {error}");
        }
        if !cli.password_stdin {
            bail!("there is no keyring: give the password with --password-stdin");
        }
        ask(
            engine,
            Request::Unlock {
                account: id.clone(),
                password: password()?,
            },
        )
        .await?;
    }
    Ok(id)
}

pub(crate) async fn ask(engine: &Engine, request: Request) -> anyhow::Result<Response> {
    engine.handle(request).await.map_err(|error: ApiError| {
        let code = serde_json::to_value(error.code).unwrap_or_default();
        anyhow::anyhow!("{}: {}", code.as_str().unwrap_or("error"), error.detail)
    })
}

/// Waits until the account is connected.
pub(crate) async fn online(engine: &Engine, account: &str) -> anyhow::Result<()> {
    match tried(engine, account).await? {
        ConnectionView::Offline { error: Some(error) } => bail!("{error}"),
        _ => Ok(()),
    }
}

/// Waits until the account is connected, or needs somebody to decide.
pub(crate) async fn tried(engine: &Engine, account: &str) -> anyhow::Result<ConnectionView> {
    let mut events = engine.subscribe();
    let tried = async {
        loop {
            let accounts = overview(engine).await?.accounts;
            let state = accounts.into_iter().find(|one| one.id == account);
            let connection = state.map(|account| account.connection);
            if let Some(ended @ (ConnectionView::Online | ConnectionView::Offline { .. })) =
                connection
            {
                return Ok(ended);
            }
            if events.next().await.is_none() {
                bail!("the engine was closed");
            }
        }
    };
    tokio::time::timeout(CONNECTING, tried)
        .await
        .context("no connection")?
}

/// The first line of standard input.
pub(crate) fn password() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("no password on standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

pub(crate) fn show<T: Serialize>(
    cli: &Cli,
    value: &T,
    text: impl FnOnce() -> String,
) -> anyhow::Result<()> {
    if cli.json {
        println!("{}", serde_json::to_string(value)?);
    } else {
        println!("{}", text());
    }
    Ok(())
}

pub(crate) fn odd<T>() -> anyhow::Result<T> {
    bail!("the engine answered something else than was asked")
}

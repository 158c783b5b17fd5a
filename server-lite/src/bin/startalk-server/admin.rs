//! `startalk-server user …` and `startalk-server invite …`.

use std::io::BufRead;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use server_lite::StoreError;
use server_lite::admin::Admin;
use startalk_server_lite as server_lite;

use crate::Failure;
use crate::args::{InviteCommand, UserCommand};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn open(data: &Path) -> Result<Admin, Failure> {
    let data = data.to_owned();
    tokio::task::spawn_blocking(move || Admin::open(&data))
        .await?
        .map_err(|error| match error {
            StoreError::Closed => Failure::Failed(error.into()),
            _ => Failure::Data(error.into()),
        })
}

/// The first line of standard input.
fn password() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("no password on standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

pub(crate) async fn user(command: UserCommand, data: &Path, json: bool) -> Result<(), Failure> {
    let admin = open(data).await?;
    let done = match command {
        UserCommand::Add { name } => match admin.add_user(&name, &password()?).await {
            Ok(account) if json => {
                println!("{}", serde_json::to_string(&account)?);
                Ok(())
            }
            Ok(account) => {
                println!("{} ({})", account.user, account.name);
                Ok(())
            }
            Err(error) => Err(error.into()),
        },
        UserCommand::List => match admin.users().await {
            Ok(users) if json => {
                println!("{}", serde_json::to_string(&users)?);
                Ok(())
            }
            Ok(users) => {
                for account in users {
                    println!("{}\t{}", account.user, account.name);
                }
                Ok(())
            }
            Err(error) => Err(error.into()),
        },
        UserCommand::Passwd { name } => admin
            .set_password(&name, &password()?)
            .await
            .map_err(Failure::from),
        UserCommand::Remove { name } => admin.remove_user(&name).await.map_err(Failure::from),
    };
    admin.close().await;
    done
}

pub(crate) async fn invite(command: InviteCommand, data: &Path, json: bool) -> Result<(), Failure> {
    let admin = open(data).await?;
    let done = match command {
        InviteCommand::Create { once, days, by } => {
            let uses = once.then_some(1);
            match admin
                .create_invite_link(by.as_deref(), DAY * days, uses)
                .await
            {
                Ok(link) if json => {
                    println!("{}", serde_json::json!({ "link": link }));
                    Ok(())
                }
                Ok(link) => {
                    println!("{link}");
                    Ok(())
                }
                Err(error) => Err(error.into()),
            }
        }
        InviteCommand::List => match admin.invites().await {
            Ok(invites) if json => {
                println!("{}", serde_json::to_string(&invites)?);
                Ok(())
            }
            Ok(invites) => {
                for invite in invites {
                    let uses = invite
                        .uses_left
                        .map_or_else(|| "any number".to_owned(), |uses| uses.to_string());
                    let by = invite.inviter.unwrap_or_default();
                    println!("{}\tuses left: {uses}\t{by}", invite.label);
                }
                Ok(())
            }
            Err(error) => Err(error.into()),
        },
        InviteCommand::Revoke { label } => admin.revoke_invite(&label).await.map_err(Failure::from),
    };
    admin.close().await;
    done
}
